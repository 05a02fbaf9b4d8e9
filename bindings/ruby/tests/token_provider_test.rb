# frozen_string_literal: true

require "date"
require_relative "helper"

module TigerGraphAuth
  # Tokens that a Ruby object brings. Calls of the provider and requests of the server are counted.
  class TokenProviderTest < ProviderTestCase
    CANARY = "kanarienvogel"

    # A server, and somebody who issues its tokens.
    def serve
      Standin.run("4.2") do |standin|
        standin.connect do |issuer|
          issue = ->(lifetime = 3600) { issuer.get_token(keep_current: true, lifetime: lifetime).value }
          yield standin, issue
        end
      end
    end

    def connect(standin, provider, **settings, &block)
      Connection.open(standin.url, token_provider: provider, graph: "MyGraph", timeout: 10, **settings, &block)
    end

    # What callers are told if the provider does this.
    def failure(provider, **settings)
      conn = nowhere(token_provider: provider, **settings)
      assert_raises(Error) { conn.authorization }
    end

    def test_its_token_is_used_everywhere
      serve do |standin, issue|
        asked = 0
        connect(standin, ->(_) { (asked += 1) && issue.call }) do |conn|
          assert_equal 0, asked
          token = conn.authorization
          assert_equal 200, conn.get("/graph/MyGraph/vertices/x").http_status
          assert_equal "made", conn.create_secret("made").alias_name
          assert_operator token.expires_at, :>, Time.now + 3500
          assert_equal 1, asked
          conn.reject_token(token)
          refute_equal token.value, conn.authorization.value
          conn.get_token
          assert_equal 3, asked
          assert conn.diagnose.ok?
        end
      end
    end

    def test_what_it_may_return
      ends = Time.at(Time.now.to_i + 1000)
      token = Connection.open("http://127.0.0.1:1", api_token: "from-another-one", &:current_token)
      {
        "opaque-token" => nil, ["opaque-token"] => nil, ["opaque-token", nil] => nil, ["opaque-token", ends] => ends,
        ["opaque-token", ends.to_i] => ends, ["opaque-token", ends.to_f] => ends,
        ["opaque-token", ends.to_datetime] => ends, ["opaque-token".encode("UTF-16LE"), ends] => ends,
        token => nil, [token, ends] => ends
      }.each do |given, expected|
        got = nowhere(token_provider: proc { given }).authorization
        value = Array(given).first.is_a?(Token) ? "from-another-one" : "opaque-token"
        assert_equal [value, expected], [got.value, got.expires_at], given.class
      end
      assert_equal "by-a-method", nowhere(token_provider: method(:bring)).authorization.value
      object = Class.new { def call(_) = "by-an-object" }.new
      assert_equal "by-an-object", nowhere(token_provider: object).authorization.value
    end

    def bring(_request)
      "by-a-method"
    end

    def test_what_is_no_token
      {
        nil => "not nil", 1 => "not Integer", :"#{CANARY}" => "not Symbol", [] => "give a token, or [token, expires_at]",
        ["opaque-token", 1, 2] => "give a token, or [token, expires_at]", "#{CANARY}\0" => "NUL",
        ["opaque-token", CANARY] => "expires_at must be a number, not String",
        ["opaque-token", Float::NAN] => "not finite", ["opaque-token", -1] => "expires_at is negative",
        "#{CANARY}\xff" => "UTF-8", "\xd8".dup.force_encoding("UTF-16LE") => "cannot be encoded"
      }.each do |given, expected|
        error = failure(->(_) { given })
        assert_equal [Unavailable, "provider.unavailable"], [error.class, error.reason], given.inspect
        assert_includes error.message, expected
        refute_includes error.full_message, CANARY
      end
      ["", "short", "with space and more", "Bearer #{CANARY}"].each do |given|
        error = failure(->(_) { given })
        assert_equal [Protocol, "protocol.shape"], [error.class, error.reason], given
        refute_includes error.full_message, CANARY
      end
    end

    def test_failures
      refused = TokenProvider::Refused
      unavailable = TokenProvider::Unavailable
      {
        -> { raise refused, "the vault says no" } =>
          [Unauthenticated, "provider.refused", "the token provider was refused: the vault says no", 30],
        -> { raise refused } => [Unauthenticated, "provider.refused", "the token provider was refused", 30],
        -> { raise refused.new("wait", retry_after: 90.5) } =>
          [Unauthenticated, "provider.refused", "the token provider was refused: wait", 90],
        -> { raise unavailable, "the vault\0 is\xff sealed".b } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: the vault is", 0],
        -> { raise unavailable.new("wait", retry_after: 90.5) } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: wait", 90],
        -> { nowhere.get_token } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: cannot connect", 0],
        -> { raise Forbidden, "not you" } => [Unauthenticated, "provider.refused", "was refused: not you", 30],
        -> { raise Error.new("later", retry_after: 1e12) } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: later", 3600],
        -> { raise KeyError, CANARY } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: KeyError was raised", 0],
        -> { unavailable.new(CANARY, retry_after: -1) } =>
          [Unavailable, "provider.unavailable", "the token provider has no token: ArgumentError was raised", 0]
      }.each_with_index do |(action, (kind, reason, message, wait)), index|
        error = failure(->(_) { action.call })
        assert_equal [kind, reason], [error.class, error.reason], index
        assert_includes error.message, message
        refute_includes error.full_message, CANARY
        assert_in_delta wait, error.retry_after.to_f, 10, index
      end
    end

    # Nothing unwinds the library's frames, and the program goes on.
    def test_an_unruly_provider
      [-> { raise Exception, CANARY }, -> { throw :out }, -> { exit }, -> { Thread.current.kill }, -> { Thread.exit },
       proc { break }, proc { next }, proc { return }, -> { deep }, -> { raise Class.new(StandardError) { def message = raise } },
       -> { Thread.current.raise(IOError) }].each_with_index do |action, index|
        error = catch(:out) { failure(->(_) { action.call }) }
        assert_instance_of Unavailable, error, index
        refute_includes error.full_message, CANARY
      end
    end

    def deep
      deep + 1
    end

    def test_many_threads_ask_once_and_others_run_meanwhile
      asked = 0
      turns = 0
      others = 0
      slow = lambda do |_|
        asked += 1
        sleep(0.3)
        # On a busy machine it takes longer until others have had their turns.
        seen = turns
        500.times { turns > seen + 100 ? break : sleep(0.02) }
        others = turns - seen
        "opaque-token"
      end
      conn = nowhere(token_provider: slow)
      turning = Thread.new { loop { (turns += 1) && Thread.pass } }
      copies = Array.new(8) { conn.dup }
      @conns.concat(copies)
      threads = copies.map { |copy| Thread.new { copy.authorization.value } }
      assert_equal ["opaque-token"] * 8, threads.map(&:value)
      turning.kill
      assert_equal 1, asked
      assert_operator others, :>, 100
    end

    def test_time_left
      left = nil
      provider = lambda do |request|
        left = [request.time_left, request.cancelled?]
        "opaque-token"
      end
      conn = nowhere(token_provider: provider, timeout: 7)
      conn.authorization
      assert_in_delta 4.5, left.first, 2.5
      refute left.last
      conn.get_token(timeout: 2)
      assert_in_delta 1, left.first, 1
    end

    def test_a_request_is_over_with_its_provider
      kept = nil
      conn = nowhere(token_provider: ->(request) { (kept = request) && "opaque-token" })
      conn.authorization
      sleep(0.01) until kept.cancelled?
      assert_equal 0.0, kept.time_left
      assert_equal "#<TigerGraphAuth::TokenProvider::Request>", kept.inspect
      assert_raises(TypeError) { kept.dup }
      assert_raises(TypeError) { Marshal.dump(kept) }
    end

    # The provider is told, and its callers do not wait for it.
    def test_cancellation
      {
        cancel: Cancelled, close: Cancelled
      }.each do |method, expected|
        asked = Thread::Queue.new
        told = Thread::Queue.new
        provider = lambda do |request|
          asked << true
          sleep(0.01) until request.cancelled?
          told << request.time_left
          "opaque-token"
        end
        conn = nowhere(token_provider: provider, timeout: 20)
        calling = Thread.new { assert_raises(Error) { conn.get_token } }
        asked.pop
        assert_soon { [conn.public_send(method), calling.join] }
        assert_instance_of expected, calling.value
        assert_equal 0.0, ::Timeout.timeout(SOON) { told.pop }
      end
    end

    def test_interrupts_of_callers
      conn = nowhere(token_provider: ->(request) { sleep(0.01) until request.cancelled? }, timeout: 20)
      assert_ends_after(0.2, ::Timeout::Error) { ::Timeout.timeout(0.2) { conn.authorization } }
      assert_soon { Thread.new { conn.authorization }.tap { sleep(0.1) }.kill.join }
    end

    def test_interrupts_within_the_provider
      error = failure(->(_) { ::Timeout.timeout(0.05) { sleep } })
      assert_includes error.message, "Timeout::Error was raised"
    end

    def test_a_provider_that_does_not_return
      held = Thread::Queue.new
      conn = nowhere(token_provider: ->(_) { held.pop }, timeout: 0.3)
      assert_kind_of Error, assert_raises(Timeout, Unavailable) { conn.authorization }
      sleep(0.7)
      error = assert_raises(Unavailable) { conn.authorization }
      assert_match(/TokenProvider::Request#time_left tells|did not answer in time/, "#{error.message} #{error.hint}")
    ensure
      held << "opaque-token"
    end

    def test_a_provider_that_asks_its_own_connection
      conn = nil
      errors = []
      provider = lambda do |_|
        own = conn.dup
        %i[authorization get_token secrets].each do |method|
          errors << assert_raises(InvalidArgument) { own.public_send(method) }
        end
        errors << assert_raises(InvalidArgument) { conn.get("/x") }
        assert_raises(NoCredentials) { conn.current_token }
        assert_raises(Connect) { conn.get_token(secret: "a" * 32) }
        own.close
        "opaque-token"
      rescue Minitest::Assertion => e
        errors << e
      end
      conn = nowhere(token_provider: provider)
      assert_operator(seconds { assert_equal "opaque-token", conn.authorization.value }, :<, 5)
      assert_equal ["argument.recursion"] * 4, errors.map(&:reason)
      assert_includes errors.first.hint, "use another connection"
    end

    def test_a_provider_that_uses_another_connection
      serve do |standin, _|
        Connection.open(standin.url, username: "alice", password: "opensesame", graph: "MyGraph") do |other|
          connect(standin, ->(request) { other.get_token(keep_current: true, timeout: request.time_left) }) do |conn|
            assert_equal 200, conn.get("/graph/MyGraph/vertices/x").http_status
          end
        end
      end
    end

    def test_one_login_and_something_that_can_be_called
      error = assert_raises(InvalidArgument) { nowhere(token_provider: proc { "x" }, secret: "x") }
      assert_equal "config.conflict", error.reason
      [1, "text", Object.new, true].each { |value| assert_raises(TypeError) { nowhere(token_provider: value) } }
      assert_raises(NoCredentials) { nowhere(token_provider: nil).authorization }
    end

    def test_it_is_kept_until_it_is_released
      conns = Array.new(20) { nowhere(token_provider: proc { "opaque-token" }) }
      GC.start
      assert_equal ["opaque-token"] * 20, conns.map { |conn| conn.authorization.value }
      copies = conns.map(&:dup)
      conns.each(&:close)
      assert_equal @before + 20, Callbacks.count(:call)
      copies.each(&:close)
      assert_released @before
      assert_raises(InvalidArgument) { nowhere(token_provider: proc {}, jwt: "y") }
      assert_equal @before, Callbacks.count(:call)
    end

    def test_one_that_runs_is_released_when_it_has_returned
      asked = Thread::Queue.new
      held = Thread::Queue.new
      conn = nowhere(token_provider: ->(_) { (asked << 1) && held.pop })
      calling = Thread.new { assert_raises(Cancelled) { conn.authorization } }
      asked.pop
      conn.close
      calling.join
      assert_equal @before + 1, Callbacks.count(:call)
      held << "opaque-token"
      assert_released @before
    end

    # The program does not wait for it, and nothing is called that Ruby has freed. Two requests, because the second
    # provider begins when the first one ends; often, because it is a race.
    def test_the_exit_of_the_program
      program = <<~RUBY
        require "tigergraph_auth"
        conn = TigerGraphAuth::Connection.new("http://127.0.0.1:1", token_provider: ->(_) { sleep }, timeout: 20)
        Thread.new { conn.get_token }
        Thread.new { conn.authorization }
        sleep(0.2)
      RUBY
      20.times { assert_ends_quietly(program) }
    end
  end
end
