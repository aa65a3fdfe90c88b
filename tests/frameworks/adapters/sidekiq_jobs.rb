# SPDX-License-Identifier: MIT
#
# The jobs that the Sidekiq worker and its producer share.
require "sidekiq"
require "sidekiq-cron"
require_relative "adapter"

# How often due jobs are looked for; five seconds by default, and thirty for those that come again and again.
Sidekiq.options[:poll_interval_average] = 0.5
Sidekiq.options[:cron_poll_interval] = 0.5

class Job
  include Sidekiq::Worker
  sidekiq_options retry: 2
  sidekiq_retry_in { 1 } # Sidekiq adds up to ten seconds of its own, and more each time

  def perform(id, kind)
    Adapter.work(id, kind)
  end
end
