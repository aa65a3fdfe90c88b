# SPDX-License-Identifier: MIT
require_relative "sidekiq_jobs"
require "sidekiq/api"

def ids(entries)
  entries.map { |entry| entry.args[0] }.sort
end

def add(words)
  id, kind, delay = words.values_at("id", "kind", "delay")
  return Job.perform_async(id, kind) if delay.zero?

  Job.perform_in(delay / 1000.0, id, kind)
end

# Queues at once what waits for its retry; each has to have waited for at least the second that was asked for. Not by
# #retry, as in the web page: that gives each job one more attempt.
def hasten
  retries = Sidekiq::RetrySet.new
  early = retries.select { |entry| entry.at.to_f - (entry["retried_at"] || entry["failed_at"]) < 1 }
  raise "retried too early: #{ids(early)}" unless early.empty?

  retries.each(&:add_to_queue)
  nil
end

# All that needs no worker.
def management
  queue = Sidekiq::Queue.new("unattended")
  args = (1..5).map { |i| ["m#{i}", "ok"] }
  bulk = Sidekiq::Client.push_bulk("class" => Job, "queue" => "unattended", "args" => args)
  said = {pushed: bulk.size, size: queue.size, latency: queue.latency >= 0, order: queue.map { |job| job.args[0] }}
  queue.find_job(bulk[2]).delete
  said[:deleted] = ids(queue)
  queues = Sidekiq::Stats.new.queues
  said[:queues] = queues.slice("unattended")
  said[:cleared] = queue.clear && [queue.size, Sidekiq::Queue.all.map(&:name).include?("unattended")]

  Job.set(queue: "unattended").perform_in(3600, "tomorrow", "ok")
  Job.set(queue: "unattended").perform_in(7200, "someday", "ok")
  schedule = Sidekiq::ScheduledSet.new
  said[:scheduled] = ids(schedule)
  said[:scanned] = ids(schedule.scan("*tomorrow*"))
  schedule.each { |entry| entry.delete if entry.args[0] == "tomorrow" }
  schedule.first.reschedule(Time.now + 100)
  said[:left] = ids(schedule)
  schedule.first.kill
  said[:killed] = [ids(schedule), ids(Sidekiq::DeadSet.new) - ["poison"]]
  Sidekiq::DeadSet.new.each { |entry| entry.delete if entry.args[0] == "someday" }
  stats = Sidekiq::Stats.new
  said[:stats] = {dead: stats.dead_size, retries: stats.retry_size, enqueued: stats.enqueued}
  said
end

# The last words of a job that failed for good; then it is tried by hand, and comes back.
def dead_set
  entry = Sidekiq::DeadSet.new.first
  said = entry.item.slice("error_class", "error_message", "retry_count", "queue", "args")
  starts = -> { Adapter.notes("start").count { |one| one["id"] == "poison" } }
  before = starts.call
  entry.retry
  Adapter.wait_until { starts.call > before }
  Adapter.wait_until do
    hasten
    ids(Sidekiq::DeadSet.new) == ["poison"]
  end
  said
end

# What the worker tells of itself with its heartbeat.
def heartbeat
  processes = Sidekiq::ProcessSet.new
  Adapter.wait_until { processes.size.positive? && Sidekiq::Stats.new.processed >= 10 }
  process = processes.first
  {concurrency: process["concurrency"], queues: process["queues"], quiet: process.stopping?,
   failed: Sidekiq::Stats.new.failed.positive?}
end

# A job for every second, by sidekiq-cron.
def cron
  Sidekiq::Cron::Job.create(name: "ticker", cron: "* * * * * *", class: "Job", args: ["tick", "ok"])
  said = Sidekiq::Cron::Job.all.map { |job| [job.name, job.cron, job.status] }
  Adapter.wait_until { Adapter.notes("done").count { |one| one["id"] == "tick" } >= 2 }
  job = Sidekiq::Cron::Job.find("ticker")
  job.disable!
  said << Sidekiq::Cron::Job.find("ticker").status << !job.last_enqueue_time.nil?
  Sidekiq::Cron::Job.destroy("ticker")
  said << Sidekiq::Cron::Job.count
end

versions = "#{Sidekiq::VERSION}, sidekiq-cron #{`dpkg-query --show --showformat '${Version}' ruby-sidekiq-cron`}"
Adapter.serve(hello: ->(_) { versions }, add: method(:add), dead: ->(_) { ids(Sidekiq::DeadSet.new) },
              hasten: ->(_) { hasten }, management: ->(_) { management }, dead_set: ->(_) { dead_set },
              heartbeat: ->(_) { heartbeat }, cron: ->(_) { cron })
