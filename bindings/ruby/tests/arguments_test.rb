# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Bad input: an exception of Ruby's own kind or the library's, without the value.
  class ArgumentsTest < TestCase
    CANARY = "kanarienvogel"

    TEXTS = %i[graph username password secret api_token jwt password_file secret_file jwt_file server_version
               ca_file ca_pem client_cert client_key pin_sha256 proxy user_agent oauth2_url oauth2_client_id
               oauth2_client_secret oauth2_client_secret_file token_cache].freeze
    NUMBERS = %i[restpp_port gsql_port connect_timeout timeout lifetime renew_before].freeze

    def open(**settings)
      Connection.open("http://127.0.0.1:1", **settings) { nil }
    end

    def test_texts_must_be_strings
      TEXTS.each do |name|
        [1, :symbol, ["x"], Object.new, true].each do |value|
          error = assert_raises(TypeError, name) { open(name => value) }
          assert_includes error.message, name.to_s
        end
        assert_raises(ArgumentError) { open(name => "#{CANARY}\0x") }.tap do |error|
          assert_equal "#{name} contains a NUL character", error.message
        end
      end
      assert_raises(TypeError) { Connection.new(1) }
      assert_raises(ArgumentError) { Connection.new("x\0") }
    end

    def test_numbers_must_be_numbers
      NUMBERS.each do |name|
        ["1", :one, [1], true].each { |value| assert_raises(TypeError, name) { open(name => value) } }
        assert_raises(ArgumentError, name) { open(name => 2**70) }
      end
      %i[connect_timeout timeout lifetime renew_before].each do |name|
        [Float::NAN, Float::INFINITY].each { |value| assert_raises(ArgumentError, name) { open(name => value) } }
      end
      %i[restpp_port gsql_port connect_timeout timeout].each do |name|
        assert_raises(ArgumentError, name) { open(name => -1) }
      end
      assert_raises(ArgumentError) { open(restpp_port: 65_536) }
      assert_equal "argument.range", assert_raises(InvalidArgument) { open(lifetime: -1) }.reason
    end

    def test_time_limits_are_rounded_up_because_0_is_the_default
      given = [0.0001, 0.001, 0.0011, 1.5, 0, nil]
      assert_equal([1, 1, 2, 1500, 0, 0], given.map { |seconds| Arguments.milliseconds(seconds, "s") })
      assert_equal 1500, Arguments.milliseconds(3/2r, "s")
    end

    def test_what_is_not_0_does_not_become_0_which_is_the_default
      given = [0.5, 1/3r, 1, 59.01, 0, nil, -0.5, -1]
      assert_equal([1, 1, 1, 60, 0, 0, -1, -1], given.map { |seconds| Arguments.seconds(seconds, "s") })
      [{ lifetime: -0.5 }, { renew_before: -0.1 }].each do |settings|
        assert_equal "argument.range", assert_raises(InvalidArgument) { open(**settings) }.reason
      end
      assert_raises(ArgumentError) { open(timeout: -0.0001) }
    end

    def test_times_are_not_later_than_they_are
      given = [0, nil, 1_700_000_000.9, 1, 0.5, Time.at(1_700_000_000), Time.at(0), Time.at(-5), -0.5]
      assert_equal([0, 0, 1_700_000_000, 1, 1, 1_700_000_000, 1, 1, -1], given.map { |time| Arguments.time(time, "t") })
    end

    def test_unknown_keywords_and_levels
      assert_equal "unknown keyword: :passwort", assert_raises(ArgumentError) { open(passwort: CANARY) }.message
      assert_raises(ArgumentError) { open(logger: Struct.new(:x) { def add(*) = nil }.new, log_level: :loud) }
      assert_raises(TypeError) { open(logger: Object.new) }
    end

    def test_arguments_of_calls
      conn = nowhere
      bad = {
        secrets: [{ user: 1 }], create_secret: [1, { value: 1 }, { user: 1 }], ensure_secret: [1],
        drop_secret: [1, ["a", 1]], get_token: [{ secret: 1 }, { lifetime: "1" }, { timeout: "1" }],
        refresh_token: [1, { secret: 1 }], delete_token: [1, { secret: 1 }], check_jwt_token: [1],
        reject_token: ["text"], authorization: [{ timeout: "1" }], server_version: [{ timeout: [] }],
        get_secret: [1], check_token: ["text"], uri: [1],
        diagnose: [{ timeout: :x }]
      }
      bad.each do |method, list|
        list.each do |argument|
          assert_raises(TypeError, "#{method} #{argument}") do
            argument.is_a?(Hash) ? conn.public_send(method, **argument) : conn.public_send(method, argument)
          end
        end
      end
      assert_raises(TypeError) { conn.get_secret("a", user: 1) }
      assert_raises(ArgumentError) { conn.create_secret("a\0b") }
      assert_raises(ArgumentError) { conn.drop_secret("a", "a\0b") }
      assert_raises(ArgumentError) { conn.authorization(timeout: -1) }
      assert_nil conn.reject_token(nil)
    end

    def test_arguments_of_requests
      conn = nowhere
      [[1, "/x"], [:get, 1], [:get, "/x", { body: 1 }], [:get, "/x", { content_type: 1 }],
       [:get, "/x", { headers: { 1 => "x" } }], [:get, "/x", { headers: { "X-A" => 1.5 } }],
       [:get, "/x", { response_limit: "1" }], [:get, "/x", { timeout: "1" }]].each do |method, path, options|
        assert_raises(TypeError, options.to_s) { conn.request(method, path, **options.to_h) }
      end
      [{ server: :gsql }, { server: nil }, { response_limit: -1 }, { response_limit: 2**64 }, { content_type: "a\0" },
       { headers: { "X-A\0" => "x" } }, { headers: { "X-A" => "#{CANARY}\0" } }].each do |options|
        error = assert_raises(ArgumentError, options.to_s) { conn.get("/x", **options) }
        refute_includes error.message, CANARY
      end
    end

    def test_more_ca_files
      [1, [1], ["a", :b]].each { |value| assert_raises(TypeError) { open(added_ca_files: value) } }
      error = assert_raises(InvalidArgument) { open(secret: "x", added_ca_files: "/nonexistent/more.pem") }
      assert_equal "config.file", error.reason
      assert_includes error.message, "/nonexistent/more.pem"
      [nil, [], [nil]].each { |value| open(secret: "x", added_ca_files: value) }
    end

    def test_nil_where_it_means_nothing
      conn = nowhere
      [-> { conn.ensure_secret(nil) }, -> { conn.drop_secret(nil) }, -> { conn.drop_secret(["a", nil]) },
       -> { conn.check_jwt_token(nil) }, -> { Connection.new(nil) }].each do |call|
        assert_equal "argument.null", assert_raises(InvalidArgument, &call).reason
      end
    end

    def test_invalid_utf8_is_for_the_library_to_judge
      [+"\xff\xfe", "\xff".b, "\xe4".dup.force_encoding("US-ASCII")].each do |bytes|
        assert_equal "argument.utf8", assert_raises(InvalidArgument) { nowhere.get_token(secret: bytes) }.reason
      end
      TEXTS.each do |name|
        others = [{ username: "u", password: "p" }, { username: "u", password_file: nil },
                  { oauth2_url: "https://x", oauth2_client_id: "c", oauth2_client_secret: "s" },
                  { oauth2_url: "https://x", oauth2_client_id: "c", oauth2_client_secret_file: nil }]
        settings = { **others.find { |given| given.key?(name) }.to_h, name => "\xff" }
        assert_equal "argument.utf8", assert_raises(InvalidArgument, name) { open(**settings) }.reason
      end
    end

    def test_other_encodings_become_utf8
      ["UTF-16LE", "UTF-32BE", "ISO-8859-1", "Windows-1252", "UTF-8", "Shift_JIS"].each do |encoding|
        text = encoding == "Shift_JIS" ? "日本" : "Größe"
        given = text.encode(encoding)
        got = Arguments.text(given, "x")
        assert_equal [text, Encoding::UTF_8, true], [got, got.encoding, got.frozen?]
        assert_equal Encoding.find(encoding), given.encoding
      end
      assert_equal "ä", Arguments.text("ä".b, "x")
    end

    def test_what_cannot_be_encoded_is_not_shown
      broken = "\x00\xd8a\x00".dup.force_encoding("UTF-16LE")
      error = assert_raises(ArgumentError) { open(secret: broken) }
      assert_equal ["secret cannot be encoded as UTF-8", nil], [error.message, error.cause]
      assert_raises(ArgumentError) { open(secret: "abc".dup.force_encoding("UTF-7")) }
    end

    def test_a_string_that_changes_during_the_call_does_no_harm
      text = +"x" * 100
      copy = Arguments.text(text, "x")
      text.replace("y" * 1_000_000)
      assert_equal "x" * 100, copy
    end

    def test_paths
      %i[secret_file jwt_file].each do |name|
        error = assert_raises(InvalidArgument) { open(name => Pathname("/nonexistent/credential")) }
        assert_includes error.message, name.to_s
      end
      error = assert_raises(InvalidArgument) { open(ca_file: Pathname("/nonexistent/ca.pem")) }
      assert_equal "config.file", error.reason
    end

    def test_settings_are_judged_by_the_library
      error = assert_raises(InvalidArgument) { open(secret: CANARY, jwt: CANARY) }
      assert_equal ["config.conflict", :invalid_argument], [error.reason, error.status]
      refute_includes error.full_message, CANARY
      error = assert_raises(InvalidArgument) { Connection.new(nil) }
      assert_match(/\AGive the server's address to Connection\.new, or set TG_HOST/, error.hint)
      {
        server_version: "x", proxy: "socks://x", pin_sha256: "x", ca_pem: "x", client_cert: "/nonexistent",
        user_agent: "a\nb", graph: "a/b\n"
      }.each { |name, value| assert_raises(InvalidArgument, name) { open(name => value) } }
    end
  end
end
