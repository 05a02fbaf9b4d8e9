# frozen_string_literal: true

require "logger"
require "stringio"
require_relative "helper"

module TigerGraphAuth
  # Log lines on their way to Ruby.
  class LogTest < TestCase
    # Keeps what it gets.
    class Kept
      attr_reader :lines

      def initialize
        @lines = Thread::Queue.new
      end

      def add(severity, message)
        @lines << [severity, message]
      end

      def take
        Array.new(@lines.size) { @lines.pop }
      end
    end

    # Does with each line what a block says.
    class Unruly
      attr_reader :count

      def initialize(&block)
        @block = block
        @count = 0
      end

      def add(*)
        @count += 1
        @block.call
      end
    end

    def test_lines
      Standin.run("4.2") do |standin|
        kept = Kept.new
        standin.connect(logger: kept) do |conn|
          conn.get_token
          conn.authorization
        end
        lines = kept.take
        assert_includes lines.map(&:first), Logger::DEBUG
        assert_includes lines.map(&:first), Logger::INFO
        assert(lines.any? { |_, message| message.start_with?("POST /gsql/v1/tokens 200") })
        assert(lines.all? { |_, message| message.encoding == Encoding::UTF_8 && !message.end_with?("\n") })
      end
    end

    def test_rubys_own_logger
      Standin.run("3.10") do |standin|
        text = StringIO.new
        standin.connect(logger: Logger.new(text), &:get_token)
        assert_match(/DEBUG -- : POST .*requesttoken 200/, text.string)
        quiet = StringIO.new
        standin.connect(logger: Logger.new(quiet, level: :fatal), &:get_token)
        assert_empty quiet.string
      end
    end

    def test_levels
      Standin.run("4.2") do |standin|
        { error: [], warn: [2], info: [1, 2], debug: [0, 1, 2] }.each do |level, severities|
          kept = Kept.new
          standin.connect(logger: kept, log_level: level, insecure_tls: true, &:get_token)
          # Plain http: the warning about TLS is not due.
          assert_equal severities - [2], kept.take.map(&:first).uniq.sort, level
        end
      end
    end

    def test_a_warning_while_the_connection_is_made
      kept = Kept.new
      Connection.open("https://127.0.0.1:1", secret: "x", insecure_tls: true, logger: kept) { nil }
      assert_equal [Logger::WARN], kept.take.map(&:first)
    end

    def test_lines_of_renewals_which_come_from_other_threads
      Standin.run("4.2") do |standin|
        kept = Kept.new
        standin.connect(logger: kept, &:authorization)
        assert(kept.take.any? { |_, message| message.include?("POST /gsql/v1/tokens 200") })
      end
    end

    def test_an_unruly_logger
      Standin.run("4.2") do |standin|
        [-> { raise "no" }, -> { raise Exception, "no" }, -> { throw :out }, -> { Thread.current.kill },
         -> { exit }].each do |action|
          logger = Unruly.new(&action)
          standin.connect(logger: logger) do |conn|
            done = false
            catch(:out) do
              conn.get_token
              conn.authorization
              conn.reject_token(conn.current_token)
              conn.authorization
              done = true
            end
            assert done
          end
          assert_operator logger.count, :>, 0
        end
      end
    end

    def test_a_logger_that_uses_the_connection
      Standin.run("4.2") do |standin|
        conn = nil
        logger = Unruly.new { conn&.current_token }
        conn = standin.connect(logger: logger)
        conn.get_token
        assert_operator logger.count, :>, 0
      end
    end

    def test_a_logger_is_kept_until_it_is_released
      before = Callbacks.count(:add)
      conns = Array.new(20) { nowhere(secret: "x", logger: Kept.new) }
      copies = conns.map(&:dup)
      assert_equal before + 20, Callbacks.count(:add)
      conns.each(&:close)
      assert_equal before + 20, Callbacks.count(:add)
      copies.each(&:close)
      assert_equal before, Callbacks.count(:add)
    end

    def test_a_logger_is_released_if_no_connection_is_made
      before = Callbacks.count(:add)
      assert_raises(InvalidArgument) { nowhere(secret: "x", jwt: "y", logger: Kept.new) }
      assert_equal before, Callbacks.count(:add)
    end

    def test_a_logger_is_released_by_the_collector
      before = Callbacks.count(:add)
      200.times { nowhere(secret: "x", logger: Kept.new) }
      20.times { GC.start && Callbacks.count(:add) }
      assert_operator Callbacks.count(:add), :<, before + 200
    end

    def test_no_credential_in_a_line
      VERSIONS.each do |version|
        Standin.run(version) do |standin|
          kept = Kept.new
          standin.connect(logger: kept) do |conn|
            secret = conn.create_secret("s1")
            token = conn.get_token(secret: secret)
            assert_raises(Error) { conn.get_token(secret: "kanarienvogel") }
            lines = kept.take.map(&:last).join("\n")
            refute_empty lines
            [secret.value, token.value, "opensesame", "kanarienvogel"].each { |word| refute_includes lines, word }
          end
        end
      end
    end
  end
end
