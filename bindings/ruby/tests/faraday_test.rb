# frozen_string_literal: true

require_relative "helper"

module TigerGraphAuth
  # The middleware for Faraday. Most of it needs no server: Faraday's own adapter for tests answers.
  class FaradayTest < ProviderTestCase
    # A database that answers as it is told, and then with "data". It remembers what it was sent.
    class Database
      attr_reader :headers, :bodies

      def initialize(*answers)
        @answers = answers
        @headers = []
        @bodies = []
      end

      def call(env)
        @headers << env.request_headers["Authorization"]
        @bodies << (env.body.respond_to?(:read) ? env.body.read : env.body)
        status, body = @answers.shift || [200, "data"]
        [status, {}, body]
      end

      def adapter
        stubs = ::Faraday::Adapter::Test::Stubs.new
        # Several times, because each is taken once.
        %i[get post].each { |method| 4.times { stubs.public_send(method, /./) { |env| call(env) } } }
        stubs
      end
    end

    def refusal(code = "REST-10016")
      JSON.generate(error: true, message: "no", code: code)
    end

    # A connection whose tokens are token-number-1, token-number-2 and so on.
    def connection(host = "https://db.example.com", **settings)
      number = 0
      settings = { token_provider: ->(_) { "token-number-#{number += 1}" } } if settings.empty?
      Connection.new(host, **settings).tap { |conn| @conns << conn }
    end

    def client(conn, database, **options)
      conn.faraday(**options) do |builder|
        yield builder if block_given?
        builder.adapter(:test, database.adapter)
      end
    end

    def test_expired_tokens_are_replaced
      { "3.10" => "refusals=403-401", "4.2" => "refusals=401-403" }.each do |version, switches|
        Standin.run(version, "--tls", "--switch", switches) do |standin|
          standin.connect(ca_file: standin.ca_file) do |conn|
            client = conn.faraday
            conn.get_token
            [1, 3, 1].each do |requests|
              standin.post("expire-tokens") if requests == 3
              standin.forget_requests
              response = client.get(conn.uri("/graph/MyGraph/vertices/Person"))
              assert_equal [200, requests], [response.status, standin.requests.size], version
              assert_includes response.body, "results"
            end
          end
        end
      end
    end

    def test_a_refused_request_is_sent_once_more
      [401, 403].product(%w[REST-10016 REST-10019]).each do |status, code|
        answers = [[status, refusal(code)]] * 2
        database = Database.new(answers.first)
        response = client(connection, database).post("https://db.example.com:14240/x", "query")
        assert_equal [200, "data"], [response.status, response.body]
        assert_equal ["Bearer token-number-1", "Bearer token-number-2"], database.headers
        assert_equal %w[query query], database.bodies
        database = Database.new(*answers)
        response = client(connection, database).get("https://db.example.com/x")
        assert_equal [status, refusal(code), 2], [response.status, response.body, database.headers.size]
      end
    end

    def test_other_answers_are_handed_on
      [[403, refusal("REST-10018")], [401, "<html>login</html>"], [401, ""], [401, nil], [500, refusal], [200, refusal],
       [401, "[\"REST-10016\"]"]].each do |status, body|
        database = Database.new([status, body])
        response = client(connection, database).get("https://db.example.com/x")
        assert_equal [status, body.to_s, 1], [response.status, response.body.to_s, database.headers.size], body
      end
    end

    # The token is replaced for the next request.
    def test_a_body_that_is_no_text_is_sent_once
      database = Database.new([401, refusal])
      client = client(connection, database)
      response = client.post("https://db.example.com/x", StringIO.new("query"))
      assert_equal [401, refusal, ["query"]], [response.status, response.body, database.bodies]
      client.get("https://db.example.com/x")
      assert_equal ["Bearer token-number-1", "Bearer token-number-2"], database.headers
    end

    def test_without_another_token_the_refusal_is_the_answer
      database = Database.new([403, refusal])
      conn = connection(api_token: "0123456789")
      client = client(conn, database)
      response = client.get("https://db.example.com/x")
      assert_equal [403, refusal, 1], [response.status, response.body, database.headers.size]
      assert_raises(Error) { client.get("https://db.example.com/x") }
      conn.close
      assert_raises(ClosedError) { client.get("https://db.example.com/x") }
    end

    # Such a middleware raises before this one sees the answer, and another may have parsed it.
    def test_beside_other_middleware
      parser = Class.new(::Faraday::Response::Middleware) do
        define_method(:parse) { |body| body.start_with?("{") ? JSON.parse(body) : body }
      end
      [[:raise_error], [parser], [:raise_error, parser]].each do |others|
        database = Database.new([401, refusal])
        client = client(connection, database) { |builder| others.each { |other| builder.use(*lookup(other)) } }
        response = client.post("https://db.example.com/x", "query")
        assert_equal [200, "data", %w[query query]], [response.status, response.body, database.bodies]
      end
      database = Database.new([401, refusal], [403, refusal("REST-10018")])
      client = client(connection, database) { |builder| builder.response(:raise_error) }
      error = assert_raises(::Faraday::ForbiddenError) { client.get("https://db.example.com/x") }
      assert_equal refusal("REST-10018"), error.response[:body]
      refute_includes error.inspect + error.response.inspect, "token-number"
    end

    def lookup(middleware)
      middleware == :raise_error ? ::Faraday::Response::RaiseError : middleware
    end

    def test_the_request_stays_as_it_was
      database = Database.new([401, refusal])
      client = client(connection, database)
      response = client.get("https://db.example.com/x", nil, { "X-A" => "b" })
      assert_equal %w[User-Agent X-A], response.env.request_headers.keys.sort
      database = Database.new([401, refusal])
      response = client(connection, database).get("https://db.example.com/x", nil, { "authorization" => "Basic own" })
      assert_equal [401, ["Basic own"]], [response.status, database.headers]
    end

    # host, hosts:, other settings, address, whether it gets the token
    TRUST = [
      ["db.example.com", [], {}, "https://db.example.com/x", true],
      ["db.example.com", [], {}, "https://db.example.com:14240/x", true],
      ["db.example.com", [], {}, "https://DB.example.com:9000/x", true],
      ["db.example.com", [], {}, "https://db.example.com:9001/x", false],
      ["db.example.com", [], {}, "http://db.example.com:14240/x", false],
      ["db.example.com", [], {}, "https://example.com/x", false],
      ["db.example.com", [], {}, "https://db.example.com.evil.example/x", false],
      ["db.example.com", [], {}, "https://db.example.com@evil.example/x", false],
      ["https://DB.example.com:8443/base", [], { restpp_port: 9001 }, "https://db.example.com:8443/x", true],
      ["https://DB.example.com:8443/base", [], { restpp_port: 9001 }, "https://db.example.com:9001/x", true],
      ["https://DB.example.com:8443/base", [], { restpp_port: 9001 }, "https://db.example.com/x", false],
      ["https://a.example.com, https://b.example.com:8443", [], {}, "https://a.example.com:14240/x", true],
      ["https://a.example.com, https://b.example.com:8443", [], {}, "https://b.example.com:8443/x", true],
      ["https://a.example.com, https://b.example.com:8443", [], {}, "https://b.example.com:14240/x", false],
      ["https://a.example.com, https://b.example.com:8443", [], {}, "https://a.example.com:8443/x", false],
      ["db.example.com", %w[db2.example.com Db3.example.com:9000], {}, "https://db2.example.com/x", true],
      ["db.example.com", %w[db2.example.com Db3.example.com:9000], {}, "https://db2.example.com:14240/x", false],
      ["db.example.com", %w[db2.example.com Db3.example.com:9000], {}, "https://db3.example.com:9000/x", true],
      ["db.example.com", %w[db2.example.com Db3.example.com:9000], {}, "https://db3.example.com/x", false],
      ["http://127.0.0.1:14240", ["[::1]:14240"], {}, "http://127.0.0.1:14240/x", true],
      ["http://127.0.0.1:14240", ["[::1]:14240"], {}, "http://[::1]:14240/x", true],
      ["http://127.0.0.1:14240", ["[::1]:14240"], {}, "http://127.0.0.1/x", false],
      ["https://[::1]:8443", [], {}, "https://[::1]:8443/x", true]
    ].freeze

    def test_who_gets_the_token
      TRUST.each do |host, hosts, settings, address, trusted|
        database = Database.new
        client(connection(host, api_token: "0123456789", **settings), database, hosts: hosts).get(address)
        assert_equal [trusted ? "Bearer 0123456789" : nil], database.headers, "#{host} #{hosts} #{address}"
      end
    end

    def test_the_port_of_a_variable_is_the_servers
      Dir.mktmpdir do |folder|
        file = File.join(folder, "env")
        File.write(file, "TG_SSL_PORT=8443\n", perm: 0o600)
        conn = connection("xyz.i.tgcloud.io", api_token: "0123456789", env_file: file)
        database = Database.new
        client(conn, database).get(conn.uri("/x"))
        assert_equal ["https://xyz.i.tgcloud.io:8443/restpp/x", ["Bearer 0123456789"]], [conn.uri("/x").to_s, database.headers]
      end
    end

    def test_who_gets_no_token_is_logged
      lines = []
      add = ->(severity, message) { lines << [severity, message] }
      logger = Class.new { define_method(:add) { |*line| add.call(*line) && raise("in a logger") } }.new
      conn = connection(api_token: "0123456789", logger: logger)
      client(conn, Database.new).get("https://user:canary@other.example.com/canary?canary")
      client(conn, Database.new).get("https://db.example.com/canary")
      client(conn, Database.new).get("http://db.example.com/canary")
      client(conn, Database.new).get("https://db.example.com/x", nil, { "Authorization" => "Basic canary" })
      assert_equal [
        [0, "no token for a request to https://other.example.com:443: it is no server of the connection"],
        [0, "no token for a request to http://db.example.com:80: the connection is over https"],
        [0, "no token for a request to https://db.example.com:443: it has an Authorization header"]
      ], lines
      lines.clear
      conn = connection(api_token: "0123456789", logger: logger, log_level: :info)
      client(conn, Database.new).get("https://other.example.com/")
      assert_empty lines
    end

    def test_where_authentication_is_off
      Standin.run("3.10", "--auth", "off") do |standin|
        secret = standin.connect { |conn| conn.create_secret.value }
        database = Database.new
        client(Connection.new(standin.url, secret: secret), database).get(standin.url)
        assert_equal [nil], database.headers
      end
    end

    # As the library itself, it goes through a proxy only if it is told to.
    def test_proxies
      client = connection.faraday
      assert_nil client.proxy
      assert_equal 3128, connection.faraday(proxy: "http://127.0.0.1:3128").proxy.port
      assert_equal OpenSSL::SSL::VERIFY_NONE, connection.faraday(ssl: { verify_mode: 0 }).ssl.verify_mode
    end

    def test_the_time_limit_of_faraday_counts_for_the_token
      conn = nowhere(token_provider: ->(request) { sleep(0.01) until request.cancelled? })
      client = client(conn, Database.new, request: { timeout: 0.1 })
      assert_ends_after(0.1, Timeout) { client.get("http://127.0.0.1:1/x") }
    end
  end
end
