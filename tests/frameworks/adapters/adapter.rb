# SPDX-License-Identifier: MIT
#
# What the adapters in Ruby share; play.py says what is agreed on.
require "json"

module Adapter
  DIRECTORY = ENV.fetch("PLAY_DIRECTORY")
  JOURNAL = File.join(DIRECTORY, "journal")
  RELEASE = File.join(DIRECTORY, "release")
  LOOK_SECONDS = 0.02

  JobFailed = Class.new(StandardError)

  module_function

  def note(what, id)
    line = JSON.generate({what: what, id: id, at: (Time.now.to_f * 1000).to_i, pid: Process.pid})
    File.open(JOURNAL, "a") { |file| file.syswrite("#{line}\n") }
  end

  def notes(what)
    File.readlines(JOURNAL).select { |line| line.end_with?("\n") }.map { |line| JSON.parse(line) }
        .select { |one| one["what"] == what }
  end

  # The driver bounds how long it waits for an answer.
  def wait_until
    sleep LOOK_SECONDS until yield
  end

  def done?(id)
    notes("done").any? { |one| one["id"] == id }
  end

  def work(id, kind)
    note("start", id)
    wait_until { File.exist?(RELEASE) } if kind == "hold"
    starts = notes("start").count { |one| one["id"] == id }
    raise JobFailed, "#{id} fails" if kind == "poison" || (kind == "flaky" && starts < 3)
    note("done", id)
  end

  # Answers requests until there are no more. One at a time, in order.
  def serve(requests)
    output = $stdout.dup
    $stdout.reopen($stderr) # what a library prints is no answer
    $stdin.each_line do |line|
      words = JSON.parse(line)
      begin
        answer = {got: requests.fetch(words.delete("do").to_sym).call(words)}
      rescue => fault
        answer = {error: fault.full_message(highlight: false)}
      end
      output.puts(JSON.generate(answer))
      output.flush
    end
  end
end
