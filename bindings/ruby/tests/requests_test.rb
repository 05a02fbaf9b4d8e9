# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # Requests to the database, by this library and by other HTTP clients.
  class RequestsTest < TestCase
    QUERY = "/query/MyGraph/q"
    STALE = { error: true, code: "REST-10016", message: "no such token" }.to_json.freeze
    BYTES = (0..255).to_a.pack("C*").freeze

    def on_both(*options, **settings)
      VERSIONS.each do |version|
        Standin.run(version, *options) do |standin|
          standin.connect(server_version: version, **settings) { |conn| yield conn, standin, version == "4.2" }
        end
      end
    end

    # What the database answers to requests below this path.
    def answer(standin, body = "{}", status: 200, type: "application/json", times: 1, path: "/restpp/query", **others)
      standin.post("faults", path_prefix: path, times: times, action: "Reply", status: status, content_type: type,
                             body_base64: [body].pack("m0"), **others)
    end

    def sent(standin)
      standin.requests.select { |request| request["path"].start_with?("/restpp/query") }
    end

    def test_a_request_and_its_answer
      on_both do |conn, standin, _|
        answer(standin, '{"results":["ü"]}', headers: { "X-Told" => "yes", "X-Empty" => "" })
        response = conn.get("#{QUERY}?a=%2F", headers: { "GSQL-TIMEOUT" => 60_000, "X-Asked" => "too" })
        assert_equal [200, { "results" => ["ü"] }], [response.http_status, JSON.parse(response.body)]
        assert_equal %w[application/json yes yes],
                     [response["content-type"], response["X-Told"], response["x-told"]]
        assert_equal [nil, nil], [response["X-None"], response["X-Empty"]]

        request = sent(standin).first
        assert_equal ["GET", "/restpp#{QUERY}", "a=%2F"], request.values_at("method", "path", "query")
        headers = request["headers"].to_h.transform_keys(&:downcase)
        assert_equal ["60000", "too", conn.current_token.header],
                     headers.values_at("gsql-timeout", "x-asked", "authorization")
      end
    end

    def test_every_method
      on_both do |conn, standin, _|
        answer(standin, times: 9)
        [conn.get(QUERY), conn.post(QUERY), conn.post(QUERY, "a"), conn.put(QUERY, "b"), conn.delete(QUERY),
         conn.request(:head, QUERY), conn.request("PATCH", QUERY, body: "c", content_type: "text/csv"),
         conn.request(:post, QUERY, body: "", headers: {})].each do |response|
          assert_equal 200, response.http_status
        end
        asked = sent(standin).map { |request| request.values_at("method", "body") }
        assert_equal [["GET", ""], ["POST", ""], %w[POST a], %w[PUT b], ["DELETE", ""], ["HEAD", ""], %w[PATCH c],
                      ["POST", ""]], asked
        types = sent(standin).map { |request| request["headers"].to_h.transform_keys(&:downcase)["content-type"] }
        assert_equal [nil] * 6 + ["text/csv", nil], types
      end
    end

    def test_a_body_is_sent_and_received_as_it_is
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          answer(standin, BYTES, type: "application/octet-stream", times: 2)
          utf16 = "ü".encode("UTF-16LE")
          assert_equal BYTES, conn.post(QUERY, utf16).body
          conn.post(QUERY, "a\0b")
          assert_equal [utf16.bytesize, 3], (sent(standin).map { |request| length_of(request) })
        end
      end
    end

    def length_of(request)
      request["headers"].to_h.transform_keys(&:downcase)["content-length"].to_i
    end

    def unfreed_requests
      ObjectSpace.each_object(Native::RequestPointer).count(&:autorelease?)
    end

    # The collector does not know how large they are.
    def test_a_request_is_freed_before_the_collector_comes
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          GC.disable
          before = unfreed_requests
          conn.post("/echo", "x" * 1000)
          assert_raises(InvalidArgument) { conn.post("echo", "x" * 1000) }
          assert_equal before, unfreed_requests
        ensure
          GC.enable
        end
      end
    end

    def test_the_encoding_of_a_body
      Standin.run("4.2") do |standin|
        standin.connect do |conn|
          { "application/json" => "UTF-8", "application/problem+json" => "UTF-8", "text/csv; charset=utf-8" => "UTF-8",
            "text/plain" => "ASCII-8BIT", "application/jsonlines" => "ASCII-8BIT",
            "text/csv; charset=latin1" => "ASCII-8BIT" }.each do |type, encoding|
            answer(standin, "ü", type: type)
            body = conn.get(QUERY).body
            assert_equal [encoding, "ü".b, true], [body.encoding.name, body.b, body.frozen?], type
          end
        end
      end
    end

    def test_a_response_is_immutable_and_outlives_its_connection
      response = nil
      on_both do |conn, standin, _|
        answer(standin, conn.authorization.value)
        response = conn.get(QUERY)
        assert_predicate response, :frozen?
        assert_equal "#<TigerGraphAuth::Response http_status=200 bytes=#{response.body.bytesize}>", response.inspect
        assert_equal [response.inspect] * 3, [response.to_s, "#{response}", JSON.parse([response].to_json).first]
        assert_raises(TypeError) { Marshal.dump(response) }
      end
      GC.start
      assert_equal "application/json", response["Content-Type"]
    end

    def test_any_status_is_an_answer
      on_both do |conn, standin, _|
        [404, 500, 503].each do |status|
          answer(standin, "<html>", status: status, type: "text/html")
          response = conn.get(QUERY)
          assert_equal [status, "<html>", "text/html"], [response.http_status, response.body, response["Content-Type"]]
        end
        assert_equal 3, sent(standin).size
      end
    end

    def test_what_is_no_answer
      on_both do |conn, standin, _|
        answer(standin, "x" * 14, times: 2)
        assert_equal "protocol.too_large", assert_raises(Protocol) { conn.get(QUERY, response_limit: 13) }.reason
        assert_equal 14, conn.get(QUERY, response_limit: 14).body.size
        answer(standin, status: 307, headers: { "Location" => "http://db.example.com/" })
        assert_equal "protocol.redirect", assert_raises(Protocol) { conn.post(QUERY) }.reason
        standin.post("faults", path_prefix: "/restpp/query", times: 2, action: "CloseAfterProcessing")
        assert_equal "outcome.unknown", assert_raises(UnknownOutcome) { conn.post(QUERY, "{}") }.reason
        assert_equal "connect.closed", assert_raises(Connect) { conn.get(QUERY) }.reason
      end
    end

    def test_what_the_library_refuses
      conn = nowhere(api_token: "x")
      { [:get, "/a/../b"] => "argument.path", [:get, "echo"] => "argument.path", ["G T", "/echo"] => "argument.method",
        [:connect, "/echo"] => "argument.method", [nil, "/echo"] => "argument.null",
        [:get, nil] => "argument.null" }.each do |arguments, reason|
        assert_equal reason, assert_raises(InvalidArgument) { conn.request(*arguments) }.reason
      end
      [{ "Authorization" => "x" }, { "X-A" => "a\r\nb" }, { "a b" => "c" }].each do |headers|
        assert_equal "argument.header", assert_raises(InvalidArgument) { conn.get("/echo", headers: headers) }.reason
      end
    end

    def test_a_token_that_expired
      on_both do |conn, standin, _|
        first = conn.authorization
        standin.post("expire-tokens")
        answer(standin, STALE, status: 403)
        answer(standin, '{"results":[]}')
        assert_equal '{"results":[]}', conn.post(QUERY, "{}").body
        refute_equal first.value, conn.current_token.value
        assert_equal 2, sent(standin).size
      end
    end

    # The stand-in's own refusal, and not one that a test has made.
    def test_a_token_that_the_server_forgot
      on_both do |conn, standin, _|
        first = conn.authorization.value
        standin.post("expire-tokens")
        assert_equal 200, conn.get("/graph/MyGraph/vertices/Person").http_status
        refute_equal first, conn.current_token.value
      end
    end

    def test_without_a_login_the_refusal_is_the_answer
      on_both do |conn, standin, _|
        Connection.open(standin.url, api_token: conn.authorization) do |other|
          answer(standin, STALE, status: 403)
          response = other.get(QUERY)
          assert_equal 403, response.http_status
          assert TigerGraphAuth.token_refused?(response.http_status, response.body)
        end
      end
    end

    def test_authentication_off
      on_both("--auth", "off") do |conn, standin, new|
        answer(standin)
        assert_equal 200, conn.get(QUERY).http_status
        next if new # A new server gives a token all the same.

        refute_includes sent(standin).first["headers"].to_h.keys.map(&:downcase), "authorization"
        assert_raises(AuthDisabled, Unsupported) { conn.check_token(conn.authorization) }
      end
    end

    def test_the_gateway
      on_both do |conn, standin, _|
        answer(standin, "gsql", path: "/gsql/x")
        assert_equal "gsql", conn.get("/gsql/x", server: :gateway).body
        assert_equal "/gsql/x", standin.requests.last["path"]
      end
    end

    def test_a_private_ca
      on_both("--tls") do |conn, standin, _|
        assert_equal "tls.unknown_issuer", assert_raises(TLS) { conn.get(QUERY) }.reason
        assert_nil conn.ca_pem
        file = standin.ca_file
        [{ ca_file: file }, { ca_pem: File.read(file) }, { added_ca_files: file }, { added_ca_files: Pathname(file) },
         { added_ca_files: [file, Pathname(file), nil] }].each do |trust|
          standin.connect(**trust) do |trusting|
            answer(standin, "private")
            assert_equal "private", trusting.get(QUERY).body, trust.inspect
          end
        end
      end
    end

    def test_rubys_own_client
      [[], ["--tls"]].each do |options|
        on_both(*options) do |_, standin, _|
          trust = options.empty? ? {} : { added_ca_files: standin.ca_file }
          standin.connect(**trust) do |conn|
            token = conn.authorization
            uri = conn.uri("/graph/MyGraph/vertices/Person?limit=3")
            assert_equal "#{token.url}/graph/MyGraph/vertices/Person?limit=3", uri.to_s
            ask = -> { conn.http.start { |http| http.get(uri.request_uri, "Authorization" => token.header) } }
            assert_equal "200", ask.call.code
            standin.post("expire-tokens")
            refused = ask.call
            assert TigerGraphAuth.token_refused?(refused.code, refused.body)
          end
        end
      end
    end

    def test_rubys_own_client_trusts_no_one_else
      Standin.run("4.2", "--tls") do |standin|
        Standin.run("4.2", "--tls") do |other|
          standin.connect(ca_file: other.ca_file) do |conn|
            assert_raises(OpenSSL::SSL::SSLError) { conn.http.start { nil } }
          end
          standin.connect { |conn| assert_raises(OpenSSL::SSL::SSLError) { conn.http.start { nil } } }
        end
        # Not a root's: the server's own certificate.
        standin.connect(ca_pem: certificate_of(standin)) do |conn|
          refute_empty conn.authorization.value
          assert_predicate conn.http.start { |http| http }, :use_ssl?
        end
      end
    end

    def certificate_of(standin)
      http = Net::HTTP.new(URI(standin.url).hostname, URI(standin.url).port)
      http.use_ssl = true
      http.verify_mode = OpenSSL::SSL::VERIFY_NONE
      http.start { http.peer_cert.to_pem }
    end

    def test_rubys_own_client_as_it_is_made
      before = ENV.fetch("http_proxy", nil)
      ENV["http_proxy"] = "http://127.0.0.1:1"
      # The environment's proxy is never for addresses of this machine.
      http = Connection.open("http://db.example.com", secret: "x", allow_http: true, &:http)
      assert_predicate Net::HTTP.new(http.address), :proxy?
      assert_equal ["db.example.com", 14_240, false, false, false],
                   [http.address, http.port, http.use_ssl?, http.started?, http.proxy?]
      assert_equal "::1", Connection.open("http://[::1]/base", secret: "x", &:http).address
    ensure
      ENV["http_proxy"] = before
    end

    def test_addresses
      Connection.open("https://db.example.com/base", secret: "x", added_ca_files: nil) do |conn|
        assert_equal "https://db.example.com:14240/base/restpp", conn.url
        assert_equal ["https://db.example.com:14240/base"] * 2,
                     [conn.url(server: :gateway), conn.uri(server: :gateway).to_s]
        assert_instance_of URI::HTTPS, conn.uri("/x")
        assert_equal [Encoding::UTF_8, nil], [conn.url.encoding, conn.ca_pem]
        ["x", "@evil.example.com"].each { |path| assert_raises(ArgumentError) { conn.uri(path, server: :gateway) } }
        assert_raises(URI::InvalidURIError) { conn.uri("/a b") }
        [conn.method(:url), conn.method(:uri)].each { |call| assert_raises(ArgumentError) { call.call(server: 1) } }
      end
    end

    def test_one_secret
      on_both do |conn, _, new|
        made = conn.create_secret("s1")
        conn.create_secret("s2")
        secret = conn.get_secret("s1")
        assert_equal ["s1", !new], [secret.alias_name, secret.masked?]
        assert_equal made.value, secret.value if new
        assert_equal "missing.secret", assert_raises(NotFound) { conn.get_secret("nobody") }.reason
        assert_equal "argument.null", assert_raises(InvalidArgument) { conn.get_secret(nil) }.reason
      end
    end

    def test_another_users_secret
      Standin.run("4.2") do |standin|
        standin.connect { |conn| conn.create_secret("own") }
        standin.connect(username: "tigergraph", password: "tigergraph") do |conn|
          assert_equal "own", conn.get_secret("own", user: "alice").alias_name
          assert_raises(NotFound) { conn.get_secret("own") }
        end
      end
    end

    def test_checking_a_token
      on_both do |conn, standin, new|
        token = conn.authorization
        next assert_raises(Unsupported) { conn.check_token(token) } unless new

        assert_equal true, conn.check_token(token)
        standin.post("expire-tokens")
        assert_equal false, conn.check_token(token)
        assert_equal "argument.null", assert_raises(InvalidArgument) { conn.check_token(nil) }.reason
      end
    end

    def test_which_answers_refuse_a_token
      refused = ->(*arguments, **options) { TigerGraphAuth.token_refused?(*arguments, **options) }
      assert_equal [true, true, true], [refused.(403, STALE), refused.("403", STALE.b), refused.(200, STALE)]
      assert_equal [false, false, false], [refused.(403, nil), refused.(403, ""), refused.(403, "<html>REST-10016")]
      failed = '{"error":true,"message":"Authentication failed."}'
      assert_equal [true, false], [refused.(401, failed, server: :gateway), refused.(401, failed)]
      assert_equal false, refused.(403, STALE.sub("10016", "10018"))
      [[403, 1], [nil, "x"], [403, :x]].each { |arguments| assert_raises(TypeError) { refused.(*arguments) } }
      assert_raises(ArgumentError) { refused.(2**31, "") }
      assert_raises(ArgumentError) { refused.(403, "", server: :gsql) }
    end
  end
end
