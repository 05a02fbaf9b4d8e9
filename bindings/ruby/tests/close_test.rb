# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # The life of a connection.
  class CloseTest < TestCase
    CALLS = {
      secrets: [], show_secrets: [], create_secret: [], ensure_secret: ["x"], drop_secret: ["x"], get_token: [],
      refresh_token: [], delete_token: [], check_jwt_token: ["x"], authorization: [], current_token: [],
      reject_token: [nil], server_version: [], diagnose: [], dup: [], clone: [],
      get_secret: ["x"], check_token: [nil], request: [:get, "/x"], get: ["/x"], post: ["/x"], put: ["/x"],
      delete: ["/x"], url: [], uri: [], ca_pem: [], http: [], faraday: []
    }.freeze

    def test_use_after_close
      conn = nowhere
      refute_predicate conn, :closed?
      2.times { assert_nil conn.close }
      assert_predicate conn, :closed?
      assert_equal "#<TigerGraphAuth::Connection closed>", conn.inspect
      CALLS.each do |method, arguments|
        next if method == :show_secrets # It warns, and has a test of its own.

        error = assert_raises(ClosedError, method) { conn.public_send(method, *arguments) }
        assert_equal "the connection is closed", error.message
        assert_kind_of Error, error
      end
      assert_nil conn.cancel
    end

    def test_every_public_method_is_tried_after_close
      others = %i[close closed? cancel inspect to_s marshal_dump log_debug]
      assert_equal (Connection.public_instance_methods(false) - others).sort, (CALLS.keys - %i[dup clone]).sort
    end

    def test_open_closes_whatever_happens
      kept = nil
      assert_equal :result, Connection.open("http://127.0.0.1:1", secret: "x") { |conn| kept = conn and :result }
      assert_predicate kept, :closed?
      assert_raises(IOError) do
        Connection.open("http://127.0.0.1:1", secret: "x") { |conn| raise IOError if (kept = conn) }
      end
      assert_predicate kept, :closed?
      Connection.open("http://127.0.0.1:1", secret: "x").close
    end

    def test_a_dup_has_a_life_of_its_own
      conn = nowhere(api_token: "abc")
      copies = [conn.dup, conn.clone]
      conn.close
      copies.each { |copy| assert_equal "abc", copy.authorization.value }
      copies.each(&:close)
      assert copies.all?(&:closed?)
    end

    # Whoever closes between the making of a call and the noting of it waits, and then finds the call.
    def test_closing_stops_a_call_that_is_being_made
      SilentServer.run do |server|
        conn = Connection.new("http://127.0.0.1:#{server.port}", secret: "a" * 32, timeout: 20)
        closing = nil
        made = Call.method(:new)
        late = lambda do |*arguments|
          closing = Thread.new { conn.close }
          sleep 0.2
          made.call(*arguments)
        end
        assert_soon { Call.stub(:new, late) { assert_raises(Cancelled) { conn.get_token } } }
        closing.join
      end
    end

    def test_closing_stops_calls
      SilentServer.run do |server|
        conn = Connection.new("http://127.0.0.1:#{server.port}", secret: "a" * 32, timeout: 20)
        calling = Thread.new { assert_raises(Cancelled) { conn.get_token } }
        server.wait_for_client
        assert_soon { [conn.close, calling.join] }
        assert_instance_of Cancelled, calling.value
      end
    end

    def test_closing_under_way_is_no_danger
      Standin.run("4.2") do |standin|
        20.times do
          conn = standin.connect.tap(&:authorization)
          threads = Array.new(4) do |number|
            Thread.new do
              loop { number.even? ? conn.authorization.header : conn.get_token(keep_current: true) }
            rescue ClosedError, Cancelled => e
              e
            end
          end
          sleep(0.005)
          conn.close
          assert(threads.all? { |thread| thread.value.is_a?(Error) })
        end
      end
    end

    def test_objects_that_nobody_closes
      Standin.run("4.2") do |standin|
        200.times { assert_raises(NoCredentials) { standin.connect.current_token } }
        conn = standin.connect
        200.times { [conn.dup, conn.authorization, conn.secrets] }
        GC.start
        refute_empty conn.authorization.value
      end
    end
  end
end
