# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # One connection, many threads.
  class ThreadsTest < TestCase
    THREADS = 16
    FAILURES = 400

    def test_every_thread_gets_its_own_error
      Standin.run("3.10") do |standin|
        standin.connect do |conn|
          threads = Array.new(THREADS) { |thread| Thread.new { Array.new(FAILURES) { |n| wrong?(conn, thread, n) } } }
          errors = threads.flat_map(&:value)
          assert_equal [THREADS * FAILURES, 0], [errors.size, errors.count(true)]
        end
      end
    end

    # Makes a call that must fail in a way of its own. Whether it failed in another.
    def wrong?(conn, thread, number)
      name = "thread_#{thread}_#{number}"
      case number % 4
      when 0 then conn.drop_secret(name)
      when 1 then conn.get_token(lifetime: -1)
      when 2 then conn.check_jwt_token(name)
      else conn.secrets(user: "x\n")
      end
      true
    rescue NotFound => e
      number % 4 != 0 || !e.message.include?(" #{name} ")
    rescue Unsupported => e
      number % 4 != 2 || e.reason != "unsupported.check"
    rescue InvalidArgument => e
      e.reason != (number % 4 == 1 ? "argument.range" : "argument.control_character")
    end

    def test_many_threads_ask_and_one_request_is_sent
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          values = Array.new(THREADS) { Thread.new { Array.new(50) { conn.authorization.value } } }.flat_map(&:value)
          assert_equal 1, values.uniq.size
          sent = standin.requests.count { |request| request.values_at("method", "path") == ["POST", "/gsql/v1/tokens"] }
          assert_equal 1, sent
        end
      end
    end
  end
end
