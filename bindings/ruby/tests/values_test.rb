# frozen_string_literal: true

require "pp"
require "yaml"
require_relative "helper"

module TigerGraphAuth
  # Tokens, secrets and connections as objects, and what they never show.
  class ValuesTest < TestCase
    def with_values
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          secret = conn.create_secret("s1")
          yield conn, secret, conn.get_token(secret: secret)
        end
      end
    end

    def test_no_credential_is_shown
      with_values do |conn, secret, token|
        shown = [conn, secret, token, [token], { "t" => token }, conn.secrets].flat_map do |object|
          [object.inspect, object.to_s, "#{object}", PP.pp(object, +""), format("%p %s", object, object),
           object.instance_variables.map { |name| object.instance_variable_get(name).inspect }.join, object.to_json]
        end
        error = assert_raises(NoMethodError) { token.no_such_method }
        shown.push(error.message, error.full_message)
        shown.each do |text|
          [secret.value, token.value, "opensesame"].each { |credential| refute_includes text, credential }
        end
        assert_match(/\A#<TigerGraphAuth::Token expires_at=\d{4}-/, token.inspect)
        assert_equal '#<TigerGraphAuth::Secret alias_name="s1" graph=nil masked=false>', secret.to_s
        assert_equal "#<TigerGraphAuth::Connection open>", conn.to_s
      end
    end

    def test_nothing_is_serialized
      with_values do |conn, secret, token|
        [conn, secret, token].each do |object|
          assert_raises(TypeError) { Marshal.dump(object) }
          assert_raises(TypeError) { Marshal.dump([object]) }
        end
        [secret, token].each { |object| assert_raises(TypeError) { YAML.dump(object) } }
      end
    end

    def test_values_are_immutable
      with_values do |_, secret, token|
        [secret, token].each do |value|
          assert_predicate value, :frozen?
          assert_raises(FrozenError) { value.instance_variable_set(:@pointer, nil) }
          before = value.value
          value.value << "x"
          assert_equal before, value.value
        end
      end
    end

    def test_texts_are_utf8
      with_values do |_, secret, token|
        [secret.value, secret.alias_name, token.value, token.header, secret.inspect, token.inspect].each do |text|
          assert_equal [Encoding::UTF_8, true], [text.encoding, text.valid_encoding?]
        end
      end
    end

    def test_values_outlive_their_connection
      token = secrets = nil
      with_values { |conn, _, current| token, secrets = current, conn.secrets }
      GC.start
      assert_match(/\ABearer ey/, token.header)
      assert_equal 32, secrets.first.value.size
    end

    def test_expiry
      with_values do |conn, _, _|
        token = conn.get_token(lifetime: 1, keep_current: true)
        assert_equal "UTC", token.expires_at.zone
        sleep(0.1) until token.expired?
        assert_operator token.expires_at, :<=, Time.now
      end
      nowhere(api_token: "x") { nil }
      assert_nil nowhere(api_token: "x").current_token.expires_at
    end

    def test_what_was_never_initialized_does_no_harm
      assert_equal ["", "", nil], [Token.allocate.value, Token.allocate.header, Token.allocate.expires_at]
      assert_raises(TypeError) { Secret.allocate.value }
      assert_predicate Connection.allocate, :closed?
      assert_raises(NoMethodError) { Connection.allocate.authorization }
    end

    def test_an_error_can_be_made_and_dumped
      error = Error.new("no", status: :x, retry_after: 1.5)
      assert_equal ["no", :x, 1.5], [error.message, error.status, error.retry_after]
      refused = assert_raises(Connect) { nowhere.get_token }
      copy = Marshal.load(Marshal.dump(refused))
      assert_equal [refused.message, refused.reason, refused.class], [copy.message, copy.reason, copy.class]
    end
  end
end
