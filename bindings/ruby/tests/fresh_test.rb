# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # A token that is fresh is handed out at once, without a handle, a thread or a Token of its own.
  class FreshTest < ProviderTestCase
    def test_the_same_token_is_the_same_object
      number = 0
      conn = nowhere(token_provider: ->(_) { "token-number-#{number += 1}" })
      first = conn.authorization
      same = Array.new(3) { conn.authorization }
      assert(same.all? { |token| token.equal?(same.first) })
      assert_equal first.value, same.first.value
      conn.reject_token(first)
      @conns << conn.dup
      assert_equal %w[token-number-2 token-number-2], [conn, @conns.last].map { |one| one.authorization.value }
      conn.close
      assert_equal "token-number-1", same.first.value
      assert_raises(ClosedError) { conn.authorization }
    end

    def test_no_thread_and_no_garbage
      conn = nowhere(api_token: "0123456789")
      conn.authorization
      before = [GC.stat(:total_allocated_objects), Thread.list.size]
      1000.times { conn.authorization }
      assert_operator GC.stat(:total_allocated_objects) - before.first, :<, 100
      assert_equal before.last, Thread.list.size
    end

    # Who gives up ends what was begun for it, and nothing else.
    def test_giving_up_ends_the_request
      asked = Thread::Queue.new
      ended = Thread::Queue.new
      provider = lambda do |request|
        asked << true
        sleep(0.01) until request.cancelled?
        ended << true
        "0123456789"
      end
      { ::Timeout::Error => ->(conn) { ::Timeout.timeout(1) { conn.authorization } },
        Timeout => ->(conn) { conn.authorization(timeout: 1) } }.each do |error, call|
        conn = nowhere(token_provider: provider, timeout: 20)
        assert_raises(error) { call.call(conn) }
        asked.pop
        assert ::Timeout.timeout(SOON) { ended.pop } if error == ::Timeout::Error
        conn.close
      end
    end

    def test_a_bad_time_limit_is_told_although_nobody_waits
      conn = nowhere(api_token: "0123456789")
      conn.authorization
      assert_raises(TypeError) { conn.authorization(timeout: "1") }
      assert_raises(ArgumentError) { conn.authorization(timeout: -1) }
    end

    # Whichever call in C an interrupt comes after, each reference is given back, once.
    def test_interrupts
      conn = nowhere(api_token: "0123456789")
      conn.authorization
      [Fresh.const_get(:READ), :try_authorization_at, :free_token_at].product([1, 2]).each do |method, times|
        left = times
        interrupt = TracePoint.new(:c_return) do |trace|
          raise IOError if trace.method_id == method && (left -= 1) >= 0
        end
        seen = calls_of(%i[try_authorization_at free_token_at]) do
          interrupt.enable { assert_raises(IOError) { conn.authorization } }
          3.times { assert_equal "0123456789", conn.authorization.value }
        end
        assert_operator seen[:try_authorization_at], :>=, 4
        assert_equal seen[:try_authorization_at], seen[:free_token_at], "#{method}, #{times} times"
      end
    end

    def calls_of(methods, &block)
      seen = Hash.new(0)
      TracePoint.new(:c_call) { |trace| seen[trace.method_id] += 1 if methods.include?(trace.method_id) }.enable(&block)
      seen
    end
  end
end
