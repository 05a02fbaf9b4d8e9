# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # OAuth2 client credentials as the login: a token endpoint that counts what it is asked, and the stand-in.
  class OAuth2Test < TestCase
    SECRET = "kanarienvogel-of.the~client"

    # Answers each request for a token with what a block returns: a status and an object.
    class TokenEndpoint
      # Headers and form of each request, as texts.
      attr_reader :asked

      def self.run(...)
        endpoint = new(...)
        yield endpoint
      ensure
        endpoint&.stop
      end

      def initialize(answer)
        @answer = answer
        @asked = []
        @server = TCPServer.new("127.0.0.1", 0)
        @thread = Thread.new { loop { serve(@server.accept) } }
      end

      def url
        "http://127.0.0.1:#{@server.addr[1]}/token"
      end

      def forms
        asked.map { |_, form| URI.decode_www_form(form).to_h }
      end

      def stop
        @thread.kill.join
        @server.close
      end

      private

      def serve(client)
        # A diagnosis connects, too.
        head = client.gets("\r\n\r\n") or return client.close
        @asked << [head, client.read(head[/^content-length: (\d+)/i, 1].to_i)]
        status, object = @answer.call
        body = JSON.generate(object)
        client.write("HTTP/1.1 #{status} X\r\nContent-Type: application/json\r\nContent-Length: #{body.bytesize}\r\n" \
                     "Connection: close\r\n\r\n#{body}")
        client.close
      end
    end

    def granted(token)
      -> { [200, { access_token: token.respond_to?(:call) ? token.call : token, token_type: "Bearer", expires_in: 600 }] }
    end

    def refused(word)
      -> { [400, { error: word }] }
    end

    def connect(endpoint, url = "http://127.0.0.1:1", **settings, &block)
      login = { oauth2_url: endpoint.url, oauth2_client_id: "reporting", oauth2_client_secret: SECRET }
      Connection.open(url, **login, timeout: 5, **settings, &block)
    end

    def test_its_tokens_are_used_and_renewed
      Standin.run("4.2") do |standin|
        standin.connect do |issuer|
          issue = -> { issuer.get_token(keep_current: true).value }
          TokenEndpoint.run(granted(issue)) do |endpoint|
            connect(endpoint, standin.url, graph: "MyGraph") do |conn|
              assert_empty endpoint.asked
              assert_equal 200, conn.get("/graph/MyGraph/vertices/x").http_status
              assert_equal "made", conn.create_secret("made").alias_name
              token = conn.authorization
              assert_in_delta Time.now + 600, token.expires_at, 20
              assert_equal 1, endpoint.asked.size
              conn.reject_token(token)
              refute_equal token.value, conn.authorization.value
              assert_equal 2, endpoint.asked.size
              assert_predicate conn.diagnose, :ok?
            end
            assert_equal [{ "grant_type" => "client_credentials" }], endpoint.forms.uniq
            basic = ["reporting:#{SECRET}"].pack("m0")
            assert(endpoint.asked.all? { |head, _| head.include?("Basic #{basic}") })
          end
          refute_includes JSON.generate(standin.requests), SECRET
        end
      end
    end

    def test_parameters
      TokenEndpoint.run(granted("token-of-the-server")) do |endpoint|
        parameters = { scope: "a b", "audience" => "tigergraph ü", client_auth: "form", resource: nil, empty: "" }
        connect(endpoint, oauth2_parameters: parameters, &:authorization)
        assert_equal [{ "grant_type" => "client_credentials", "scope" => "a b", "audience" => "tigergraph ü",
                        "client_id" => "reporting", "client_secret" => SECRET }], endpoint.forms
      end
    end

    def test_a_secret_in_a_file
      TokenEndpoint.run(granted("token-of-the-server")) do |endpoint|
        Dir.mktmpdir do |folder|
          file = Pathname(folder) / "secret"
          file.write("first-secret\n", perm: 0o600)
          form = { client_auth: "form" }
          connect(endpoint, oauth2_client_secret: nil, oauth2_client_secret_file: file, oauth2_parameters: form) do |conn|
            conn.get_token
            file.write("second-secret\n")
            conn.get_token
          end
          assert_equal(%w[first-secret second-secret], endpoint.forms.map { |sent| sent["client_secret"] })
        end
      end
    end

    def test_an_assertion_in_place_of_a_secret
      TokenEndpoint.run(granted("token-of-the-server")) do |endpoint|
        connect(endpoint, oauth2_client_secret: nil, oauth2_parameters: { client_assertion: "a.b.c" }, &:authorization)
        assert_equal "a.b.c", endpoint.forms.first["client_assertion"]
        assert_nil endpoint.forms.first["client_secret"]
      end
    end

    def test_refusals
      TokenEndpoint.run(refused("invalid_scope")) do |endpoint|
        connect(endpoint) do |conn|
          2.times do
            error = assert_raises(Unauthenticated) { conn.authorization }
            assert_equal "oauth2.refused", error.reason
            refute_includes error.full_message, SECRET
          end
          assert_equal 1, endpoint.asked.size
        end
      end
      TokenEndpoint.run(-> { [503, { error: "temporarily_unavailable" }] }) do |endpoint|
        connect(endpoint) do |conn|
          assert_equal "oauth2.unavailable", assert_raises(Unavailable) { conn.get_token(timeout: 0.5) }.reason
        end
      end
    end

    def test_settings
      client = { oauth2_url: "https://login.example.com/token", oauth2_client_id: "c", oauth2_client_secret: SECRET }
      {
        { oauth2_client_secret: nil } => "client_assertion", { oauth2_client_secret_file: "/x" } => "",
        { secret: "x" } => "", { oauth2_parameters: { grant_type: SECRET } } => "oauth2_client_secret:",
        { oauth2_url: "http://login.example.com" } => "", { oauth2_url: "ftp://x" } => "",
        { oauth2_client_id: "" } => "", { oauth2_parameters: { client_auth: SECRET } } => "", { oauth2_url: nil } => ""
      }.each do |settings, word|
        error = assert_raises(InvalidArgument, settings.inspect) { nowhere(**client, **settings) }
        refute_includes error.full_message, SECRET
        assert_includes "#{error.message} #{error.hint}", word
        refute_match(/\btg_/, "#{error.message} #{error.hint}")
      end
      ["scope", 1, { scope: 1 }, { 1 => "x" }, { nil => "x" }, { scope: %w[a b] }].each do |value|
        assert_raises(TypeError, value.inspect) { nowhere(**client, oauth2_parameters: value) }
      end
      error = assert_raises(ArgumentError) { nowhere(**client, oauth2_parameters: { scope: "#{SECRET}\0" }) }
      assert_equal "oauth2_parameters scope contains a NUL character", error.message
      [nil, {}].each { |value| nowhere(**client, oauth2_parameters: value).close }
    end
  end
end
