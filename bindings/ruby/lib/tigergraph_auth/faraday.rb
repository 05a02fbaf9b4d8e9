# frozen_string_literal: true

require "faraday"
require "json"
require_relative "../tigergraph_auth"
require_relative "origin"

module TigerGraphAuth
  # Adds the Authorization header to the requests of Faraday to the database, with a token that is good now. If the
  # database refuses the token all the same, it gets another and sends the request once more, if its body is in memory:
  # a String, a Hash or none, but no file.
  #
  # The token goes to the connection's servers and to `hosts:`, and nowhere else. Requests to others pass unchanged, and
  # so do those that have an Authorization header. The connection's logger gets a line for each of them, as `DEBUG`,
  # with the reason. To follow redirects, put the middleware for that before this one, which then judges each address.
  #
  # {Connection#faraday} is a client that has it. Needs Faraday 1.1 or later.
  #
  # @example
  #   require "tigergraph_auth/faraday"
  #
  #   client = Faraday.new { |builder| builder.request(:tigergraph_auth, conn) }
  #   client.get(conn.uri("/graph/MyGraph/vertices/Person")).body
  class FaradayMiddleware < ::Faraday::Middleware
    REFUSALS = [401, 403].freeze
    private_constant :REFUSALS

    # @param app what sends the request
    # @param connection [Connection] gives the tokens
    # @param hosts [Array<String>] further servers that get the token, as "db2.example.com:9000" or, for the port of the
    #   scheme, "db2.example.com". A server of the connection gets it on the ports of its own address, of
    #   :restpp_port and :gsql_port and of variables such as TG_SSL_PORT, and if the address has no port on 443, 14240
    #   and 9000.
    def initialize(app, connection, hosts: [])
      super(app)
      @connection = connection
      @origin = Origin.new(connection.diagnose(offline: true).to_h.fetch("settings"), hosts)
    end

    # @param env [Faraday::Env]
    # @return [Faraday::Response]
    def call(env)
      reason = refusal(env)
      return pass(env, reason) if reason

      repeatable = !env.body.respond_to?(:read)
      token = ask(env)
      response, error = send_with(token, env)
      return finish(response, error) unless refused?(env, response, error)

      @connection.reject_token(token)
      another = another_token(env) if repeatable
      return finish(response, error) unless another

      env.status = nil # With one, its body is that of the answer.
      finish(*send_with(another, env))
    end

    private

    def refusal(env)
      return "it has an Authorization header" if env.request_headers.key?("Authorization")

      @origin.refusal(env.url)
    end

    def pass(env, reason)
      @connection.log_debug("no token for a request to #{env.url.scheme}://#{env.url.host}:#{env.url.port}: #{reason}")
      @app.call(env)
    end

    def ask(env)
      @connection.authorization(timeout: env.request.timeout)
    end

    # @return [Array(Faraday::Response, Faraday::ClientError)] one of them: a middleware between this one and the server
    #   may raise what an answer says
    def send_with(token, env)
      env.request_headers["Authorization"] = token.header unless token.header.empty?
      [@app.call(env), nil]
    rescue ::Faraday::ClientError => e
      [nil, e]
    ensure
      # A request is often logged when it is over, or becomes part of an error.
      env.request_headers.delete("Authorization")
    end

    # In parallel, there is no answer yet.
    def refused?(env, response, error)
      return false unless REFUSALS.include?(env.status) && (error || response.finished?)

      # Another middleware may have parsed it.
      body = env.body.is_a?(Hash) ? JSON.generate(env.body) : env.body
      TigerGraphAuth.token_refused?(env.status, body.is_a?(String) ? body : nil)
    end

    # @return [Token, nil] nil if there is none: then the answer that is there says what the matter is
    def another_token(env)
      ask(env)
    rescue Error
      nil
    end

    def finish(response, error)
      raise error if error

      response
    end
  end

  class Connection
    # Faraday, ready for requests to the database, with {FaradayMiddleware}, with the {#ca_pem} as all that it trusts,
    # if there is any, and without a proxy, unless one is given. Ask {#uri} for the addresses. Needs
    # `require "tigergraph_auth/faraday"`.
    #
    # @param hosts see {FaradayMiddleware#initialize}
    # @param options as Faraday.new takes them
    # @yieldparam builder [Faraday::Connection] for more middleware, and an adapter; it comes behind the token's
    # @return [Faraday::Connection]
    def faraday(hosts: [], **options)
      trust = http.cert_store
      options[:ssl] = { cert_store: trust, **options[:ssl].to_h } if trust
      client = ::Faraday.new(**options) do |builder|
        builder.request(:tigergraph_auth, self, hosts: hosts)
        yield builder if block_given?
      end
      client.proxy = nil unless options.key?(:proxy)
      client
    end
  end

  ::Faraday::Request.register_middleware(tigergraph_auth: FaradayMiddleware)
end
