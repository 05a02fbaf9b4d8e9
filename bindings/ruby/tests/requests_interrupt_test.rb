# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Requests that have arrived at the database, which says nothing.
  class RequestsInterruptTest < TestCase
    QUERY = "/query/MyGraph/q"

    def on_both
      VERSIONS.each do |version|
        Standin.run(version) do |standin|
          standin.post("faults", path_prefix: "/restpp/query", action: "Hang")
          standin.connect(server_version: version, timeout: 20) do |conn|
            conn.authorization
            yield conn, standin
          end
        end
      end
    end

    def wait_for_request(standin)
      sleep(0.01) until standin.requests.any? { |request| request["path"].start_with?("/restpp/query") }
    end

    # Yields while another thread waits for an answer.
    def during(standin)
      standin.forget_requests
      calling = Thread.new do
        yield
      rescue Error => e
        e
      end
      wait_for_request(standin)
      calling
    end

    def test_timeout
      on_both do |conn, _|
        %i[get post].each do |method|
          assert_ends_after(0.3, ::Timeout::Error) { ::Timeout.timeout(0.3) { conn.public_send(method, QUERY) } }
        end
        assert_equal 200, conn.get("/echo").http_status
      end
    end

    def test_the_limit_of_a_call
      on_both do |conn, _|
        assert_ends_after(0.3, Timeout) { conn.get(QUERY, timeout: 0.3) }
        assert_raises(UnknownOutcome) { conn.post(QUERY, "{}", timeout: 0.3) }
      end
    end

    def test_ctrl_c
      # A shell without job control lets what it starts in the background ignore it.
      before = trap("INT", "DEFAULT")
      on_both do |conn, standin|
        interrupting = Thread.new do
          wait_for_request(standin)
          Process.kill("INT", Process.pid)
          Process.clock_gettime(Process::CLOCK_MONOTONIC)
        end
        assert_raises(Interrupt) { conn.post(QUERY, "{}") }
        assert_operator Process.clock_gettime(Process::CLOCK_MONOTONIC) - interrupting.value, :<, SOON
        assert_equal 200, conn.get("/echo").http_status
      end
    ensure
      trap("INT", before)
    end

    def test_cancel
      on_both do |conn, standin|
        calling = during(standin) { conn.get(QUERY) }
        assert_soon { [conn.cancel, calling.join] }
        assert_instance_of Cancelled, calling.value
      end
    end

    def test_cancel_when_it_may_have_been_carried_out
      on_both do |conn, standin|
        calling = during(standin) { conn.post(QUERY, "{}") }
        assert_soon { [conn.cancel, calling.join] }
        assert_instance_of UnknownOutcome, calling.value
      end
    end

    def test_close_and_kill
      on_both do |conn, standin|
        calling = during(standin) { conn.get(QUERY) }
        assert_soon { calling.kill.join }
        calling = during(standin) { conn.get(QUERY) }
        conn.close
        assert calling.join(SOON)
        assert_instance_of Cancelled, calling.value
      end
    end

    def test_other_threads_send_meanwhile
      on_both do |conn, standin|
        calling = during(standin) { conn.get(QUERY) }
        assert_equal([200] * 4, Array.new(4) { Thread.new { conn.get("/echo").http_status } }.map(&:value))
        assert_predicate calling, :alive?
        conn.cancel
        calling.join
      end
    end
  end
end
