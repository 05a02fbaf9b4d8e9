# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # While a call waits, other threads run and interrupts take effect. The server accepts connections and is
  # silent, so that a call waits in the TLS handshake; without an interrupt it would wait for 20 seconds.
  class InterruptTest < TestCase
    CALLS = {
      get_token: [], authorization: [], secrets: [], create_secret: ["x"], drop_secret: ["x"], check_jwt_token: ["x"],
      server_version: [], refresh_token: ["x"], delete_token: ["x"], ensure_secret: ["x"], diagnose: [],
      get_secret: ["x"], check_token: [TestCase.a_token], get: ["/x"], post: ["/x", "{}"]
    }.freeze

    def setup
      @server = SilentServer.new
      @conn = connect
    end

    def connect
      Connection.new("https://127.0.0.1:#{@server.port}", username: "alice", password: "opensesame", graph: "MyGraph",
                                                          timeout: 20, connect_timeout: 20, insecure_tls: true)
    end

    def teardown
      @conn.close
      @server.stop
    end

    # Yields while another thread is in the call.
    def during(method, *arguments, conn: @conn)
      calling = Thread.new do
        conn.public_send(method, *arguments)
      rescue Error => e
        e
      end
      @server.wait_for_client
      yield calling
    end

    def test_other_threads_run
      during(:get_token) do |calling|
        turns = 0
        ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 0.2
        turns += 1 while Process.clock_gettime(Process::CLOCK_MONOTONIC) < ends
        assert_operator turns, :>, 10_000
        assert_predicate calling, :alive?
      end
    end

    def test_cancel_in_every_call
      CALLS.each do |method, arguments|
        conn = connect
        during(method, *arguments, conn: conn) do |calling|
          assert_soon { [conn.cancel, calling.join] }
          assert_instance_of Cancelled, calling.value, method
          assert_equal "cancelled", calling.value.reason
        end
        conn.close
      end
    end

    def test_cancel_spares_later_calls_and_other_objects
      copy = @conn.dup
      @conn.cancel
      during(:get_token, conn: copy) do |calling|
        @conn.cancel
        refute calling.join(0.3)
        copy.cancel
        assert_instance_of Cancelled, calling.value
      end
    end

    def test_cancel_reaches_a_call_that_has_hardly_begun
      50.times do
        calling = Thread.new { assert_raises(Cancelled) { @conn.get_token } }
        Thread.pass until @conn.instance_variable_get(:@calls).any?
        @conn.cancel
        assert calling.join(SOON), "it did not end"
      end
    end

    def test_cancel_in_a_signal_handler
      before = trap("USR1") { @conn.cancel }
      during(:get_token) do |calling|
        Process.kill("USR1", Process.pid)
        assert calling.join(SOON)
        assert_instance_of Cancelled, calling.value
      end
    ensure
      trap("USR1", before)
    end

    def test_timeout
      CALLS.each_key.first(2).each do |method|
        assert_ends_after(0.2, ::Timeout::Error) { ::Timeout.timeout(0.2) { @conn.public_send(method) } }
      end
    end

    def test_kill
      during(:get_token) { |calling| assert_soon { calling.kill.join } }
    end

    def test_raise
      calling = Thread.new { assert_raises(IOError) { @conn.authorization } }
      @server.wait_for_client
      calling.raise(IOError)
      assert calling.join(SOON)
    end

    def test_ctrl_c
      # A shell without job control lets what it starts in the background ignore it.
      before = trap("INT", "DEFAULT")
      pid = Process.pid
      interrupting = Thread.new { @server.wait_for_client && Process.kill("INT", pid) }
      assert_soon { assert_raises(Interrupt) { @conn.get_token } }
      interrupting.join
    ensure
      trap("INT", before)
    end

    def test_an_interrupt_leaves_nothing_behind
      threads = Thread.list
      5.times { assert_raises(::Timeout::Error) { ::Timeout.timeout(0.01) { @conn.get_token } } }
      assert_empty @conn.instance_variable_get(:@calls)
      sleep(0.01) until (Thread.list - threads).none? { |thread| thread.backtrace.to_s.include?("call.rb") }
    end

    def test_the_exit_of_the_program
      program = <<~RUBY
        require "tigergraph_auth"
        conn = TigerGraphAuth::Connection.new("https://127.0.0.1:#{@server.port}", secret: "a" * 32, timeout: 20)
        Thread.new { conn.get_token }
        Thread.new { conn.authorization }
        sleep(0.2)
      RUBY
      assert_ends_quietly(program)
    end
  end
end
