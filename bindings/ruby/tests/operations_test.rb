# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Every method, against servers of both kinds.
  class OperationsTest < TestCase
    def on_both(*options, **settings)
      VERSIONS.each do |version|
        Standin.run(version, *options) do |standin|
          standin.connect(**settings) { |conn| yield conn, standin, version == "4.2" }
        end
      end
    end

    def test_secrets
      on_both do |conn, _, new|
        secret = conn.create_secret("s1")
        assert_instance_of Secret, secret
        assert_equal ["s1", false], [secret.alias_name, secret.masked?]
        new ? assert_nil(secret.graph) : assert_equal("MyGraph", secret.graph)
        assert_match(/\A\w{32}\z/, secret.value)
        assert_raises(AlreadyExists) { conn.create_secret("s1") }

        listed = conn.secrets
        assert_predicate listed, :frozen?
        assert_equal [["s1", !new]], (listed.map { |item| [item.alias_name, item.masked?] })
        assert_equal secret.value, listed.first.value if new

        assert_match(/\AAUTO_GENERATED_ALIAS_\w{7}\z/, conn.create_secret.alias_name)
        assert_equal "s2", conn.ensure_secret("s2").alias_name
        new ? conn.ensure_secret("s2") : assert_raises(AlreadyExists) { conn.ensure_secret("s2") }
      end
    end

    def test_dropping
      on_both do |conn, _, _|
        %w[a b c d e].each { |name| conn.create_secret(name) }
        assert_equal 1, conn.drop_secret("a")
        assert_equal 2, conn.drop_secret("b", "c")
        assert_equal 1, conn.drop_secret(%w[d])
        assert_equal 1, conn.drop_secret("e", "x", ignore_missing: true)
        assert_equal 0, conn.drop_secret("e", ignore_missing: true)
        assert_equal 0, conn.drop_secret([])
        error = assert_raises(NotFound) { conn.drop_secret("a") }
        assert_equal [:not_found, "missing.secret"], [error.status, error.reason]
        refute_nil error.hint
      end
    end

    def test_settings_of_newer_servers
      Standin.run("4.2") do |standin|
        standin.connect(username: "tigergraph", password: "tigergraph") do |conn|
          assert_equal "my0own0value", conn.create_secret("own", value: "my0own0value", user: "alice").value
          assert_equal ["own"], conn.secrets(user: "alice").map(&:alias_name)
          assert_equal 1, conn.drop_secret("own", user: "alice")
          assert_raises(NotFound, Server) { conn.secrets(user: "nobody") }
        end
      end
      Standin.run("3.10") do |standin|
        standin.connect do |conn|
          assert_equal "unsupported.value", assert_raises(Unsupported) { conn.create_secret("x", value: "y") }.reason
          assert_equal "unsupported.user", assert_raises(Unsupported) { conn.secrets(user: "bob") }.reason
        end
      end
    end

    def test_tokens
      on_both do |conn, standin, new|
        assert_raises(NoCredentials) { conn.current_token }
        secret = conn.create_secret("s1")
        token = conn.get_token(secret: secret, lifetime: 1000)
        assert_equal "Bearer #{token.value}", token.header
        assert_in_delta 1000, token.expires_at - Time.now, 20
        refute_predicate token, :expired?
        assert_equal token.value, conn.current_token.value
        assert_equal token.value, conn.authorization.value

        other = conn.get_token(secret: secret.value, lifetime: 3000, keep_current: true, global: !new)
        refute_equal token.value, other.value
        assert_equal token.value, conn.current_token.value

        conn.reject_token(other)
        assert_equal token.value, conn.authorization.value
        conn.reject_token(token)
        standin.post("clock", offset: 5)
        refute_equal token.value, conn.authorization.value
        assert_nil conn.delete_token(other, secret: secret)
        assert_nil conn.delete_token("0" * 32, secret: secret, ignore_missing: true) unless new
      end
    end

    def test_refreshing_and_checking
      on_both do |conn, standin, new|
        token = conn.get_token(secret: conn.create_secret("s1"), lifetime: 1000)
        standin.post("clock", offset: 5)
        if new
          assert_raises(Unsupported) { conn.refresh_token }
          refute_equal token.value, conn.refresh_token(or_new: true).value
          assert_equal [true, false], [conn.check_jwt_token(token), conn.check_jwt_token("a.b.c")]
        else
          assert_operator conn.refresh_token(token, lifetime: 5000).expires_at, :>, token.expires_at
          assert_raises(Unsupported) { conn.check_jwt_token(token) }
        end
      end
    end

    def test_the_version_of_the_server
      on_both do |conn, _, new|
        assert_equal Gem::Version.new(new ? "4.2.0" : "3.10.0"), conn.server_version
        assert_operator conn.server_version, :<, Gem::Version.new("5")
      end
    end

    def test_authentication_off
      on_both("--auth", "off") do |conn, _, new|
        next if new # A new server gives a token all the same.

        assert_raises(AuthDisabled) { conn.get_token }
        assert_equal ["", "", nil], [conn.authorization.value, conn.authorization.header, conn.authorization.expires_at]
        refute_predicate conn.authorization, :expired?
      end
    end

    def test_a_token_of_ones_own
      on_both do |conn, standin, _|
        token = conn.get_token
        Connection.open(standin.url, api_token: token) do |other|
          assert_equal [token.value, token.value], [other.authorization.value, other.current_token.value]
          other.reject_token(other.current_token)
          assert_raises(Unauthenticated) { other.authorization }
        end
      end
    end

    def test_tls
      VERSIONS.each do |version|
        Standin.run(version, "--tls") do |standin|
          pem = File.read(standin.ca_file)
          [{ ca_file: standin.ca_file }, { ca_file: Pathname(standin.ca_file) }, { ca_pem: pem },
           { insecure_tls: true }].each do |trust|
            standin.connect(**trust) { |conn| refute_empty conn.authorization.value }
          end
          error = standin.connect { |conn| assert_raises(TLS) { conn.get_token } }
          assert_equal "tls.unknown_issuer", error.reason
        end
      end
    end

    def test_what_an_error_says
      Standin.run("4.2") do |standin|
        standin.post("faults", path_prefix: "/gsql/v1/secrets", times: 9, action: "Reply", status: 503, body: "busy",
                               headers: { "Retry-After" => "7" })
        standin.connect do |conn|
          error = assert_raises(Unavailable) { conn.secrets(timeout: 5) }
          assert_equal [:unavailable, 503, 7.0], [error.status, error.http_status, error.retry_after]
        end
      end
      error = assert_raises(Connect) { nowhere.get_token }
      assert_equal [nil, nil, nil, "connect.refused"],
                   [error.http_status, error.server_code, error.retry_after, error.reason]
      assert_equal Encoding::UTF_8, error.message.encoding
    end

    def test_the_deprecated_name
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          conn.create_secret("s1")
          before = Warning[:deprecated]
          Warning[:deprecated] = true
          _, warning = capture_io { assert_equal ["s1"], conn.show_secrets.map(&:alias_name) }
          assert_match(/operations_test.rb:\d+: warning: show_secrets is deprecated; call secrets/, warning)
        ensure
          Warning[:deprecated] = before
        end
      end
    end

    def test_a_limit_for_one_call
      SilentServer.run do |server|
        conn = Connection.new("http://127.0.0.1:#{server.port}", secret: "a" * 32)
        assert_ends_after(0.3, Timeout) { conn.get_token(timeout: 0.3) }
        assert_ends_after(0.3, Timeout) { conn.authorization(timeout: 0.3) }
      end
    end

    def test_diagnosis
      on_both do |conn, standin, new|
        offline = conn.diagnose(offline: true)
        assert_equal [], (standin.requests.map { |request| request["path"] })
        assert_includes offline.verdict, "Nothing was sent"
        report = conn.diagnose
        assert_predicate report, :ok?
        assert_includes report.verdict, new ? "TigerGraph 4.2.0" : "TigerGraph 3.10.0"
        assert report.to_s.start_with?(report.verdict)
        assert_equal "#<TigerGraphAuth::Report #{report.verdict}>", report.inspect
        assert_equal [true, Encoding::UTF_8], [report.frozen?, report.json.encoding]
        [conn.current_token.value, "opensesame"].each { |word| refute_includes report.text + report.json, word }
      end
      refused = nowhere.diagnose
      refute_predicate refused, :ok?
      assert_equal "connect.refused", refused.to_h["failure"]["reason"]
    end

    def with_environment(variables)
      before = variables.to_h { |name, _| [name, ENV.fetch(name, nil)] }
      ENV.update(variables)
      yield
    ensure
      ENV.update(before)
    end

    def test_settings_from_the_environment
      Standin.run("4.2") do |standin|
        variables = { "TG_HOST" => standin.url, "TG_USERNAME" => "alice", "TG_PASSWORD" => "opensesame" }
        with_environment(variables) do
          assert_match(/\ABearer /, Connection.from_env { |conn| conn.authorization.header })
          conn = Connection.from_env(standin.url, api_token: "given")
          assert_equal "given", conn.authorization.value
          conn.close
          assert_raises(InvalidArgument) { Connection.open(nil) { nil } }
        end
        with_environment(variables.transform_keys { |name| "STAGING_#{name}" }) do
          assert_match(/\ABearer /, Connection.open(nil, profile: "staging") { |conn| conn.authorization.header })
          assert_equal "config.profile", assert_raises(InvalidArgument) { Connection.new(nil, profile: "nobody") }.reason
        end
        Dir.mktmpdir do |folder|
          file = File.join(folder, ".env")
          File.write(file, variables.map { |name, value| "export #{name}='#{value}'\n" }.join, perm: 0o600)
          assert_match(/\ABearer /, Connection.open(nil, env_file: file) { |conn| conn.authorization.header })
          File.chmod(0o644, file)
          assert_equal "config.file", assert_raises(InvalidArgument) { Connection.new(nil, env_file: file) }.reason
        end
        with_environment("TG_RESTPP_PORT" => "no port") do
          assert_includes assert_raises(InvalidArgument) { Connection.from_env(standin.url) }.message, "TG_RESTPP_PORT"
        end
      end
    end
  end
end
