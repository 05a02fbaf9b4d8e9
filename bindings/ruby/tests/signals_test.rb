# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # The library's threads block all signals. A process that a logger or a token provider starts must not inherit that.
  class SignalsTest < ProviderTestCase
    # What a process that is started here blocks.
    def blocked
      [`grep SigBlk /proc/self/status`, IO.popen(%w[grep SigBlk /proc/self/status], &:read), forked].map(&:strip).uniq
    end

    def forked
      reader, writer = IO.pipe
      pid = fork { writer.print(File.read("/proc/self/status")[/^SigBlk.*/]) }
      Process.wait(pid)
      writer.close
      reader.read
    end

    def test_processes_of_callbacks_get_signals
      usual = blocked
      assert_match(/\ASigBlk:\s+0+\z/, usual.first)
      seen = Thread::Queue.new
      nowhere(token_provider: ->(_) { (seen << blocked) && "0123456789" }).authorization
      assert_equal usual, seen.pop
      look = -> { seen << blocked }
      logger = Class.new { define_method(:add) { |*| look.call } }.new
      # The request for the token is sent on a thread of the library, and told there.
      Standin.run("4.2") { |standin| standin.connect(logger: logger, &:authorization) }
      assert_operator seen.size, :>=, 3
      assert_equal [usual], Array.new(seen.size) { seen.pop }.uniq
    end
  end
end
