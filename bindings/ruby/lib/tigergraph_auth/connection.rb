# frozen_string_literal: true

module TigerGraphAuth
  # A connection to one server: its settings, its login, its current token. For any number of threads at
  # once, and usable in forked children.
  #
  # Every method that can send takes `timeout:`, a limit in seconds for that call alone, and raises an
  # {Error} of the class that fits, or {ClosedError}. While it waits, other threads run, and Ctrl-C,
  # Thread#kill and Timeout take effect at once.
  class Connection
    # Opens a connection and, with a block, closes it afterwards.
    #
    # @param host see {#initialize}
    # @param settings see {#initialize}
    # @yieldparam conn [Connection]
    # @return what the block returns, or the connection
    def self.open(host, **settings)
      conn = new(host, **settings)
      return conn unless block_given?

      begin
        yield conn
      ensure
        conn.close
      end
    end

    # The same as {open}, with the environment for what is not given: TG_HOST, TG_GRAPHNAME, TG_SECRET,
    # TG_CERT_PATH and the others that the C header lists at tg_config_load_env; with TG_DEFAULT_PROFILE=x or
    # TG_PROFILE=x, X_TG_HOST and so on come first.
    #
    # @param host [String, nil] nil: that of TG_HOST
    # @param settings see {#initialize}
    # @yieldparam conn [Connection]
    # @return what the block returns, or the connection
    def self.from_env(host = nil, **settings, &block)
      open(host, from_env: true, **settings, &block)
    end

    # Checks the settings. Sends nothing. nil always means the default.
    #
    # @param host [String] such as "https://db.example.com[:port][/base]" or "xyz.i.tgcloud.io", or several
    #   servers of one cluster with commas between them: the next one is asked if there is no connection to one
    # @param settings [Hash] the keywords below; a connection has at most one login: a password, a secret, a JWT, an
    #   OAuth2 client or a token provider
    # @option settings [String] :graph the graph that tokens are for and, before 4.1, that secrets belong to
    # @option settings [String] :username the user to log in as, with :password or :password_file
    # @option settings [String] :password
    # @option settings [String, Pathname] :password_file a file whose only line is the password; it is read for every
    #   call that logs in
    # @option settings [String, Secret] :secret the secret to log in with
    # @option settings [String, Pathname] :secret_file the same in a file
    # @option settings [String, Token] :api_token a token to begin with; the login gets the next one
    # @option settings [String, Token] :jwt a JWT that another system issued, to log in with; never renewed
    # @option settings [String, Pathname] :jwt_file the same in a file, which is read again when another is wanted
    # @option settings [String] :oauth2_url the token endpoint of an authorization server whose tokens the server takes
    #   (4.1 and later): OAuth2 client credentials. They are used as a JWT is, but renewed
    # @option settings [String] :oauth2_client_id the client's id there
    # @option settings [String] :oauth2_client_secret the client's secret, which is sent to the token endpoint alone
    # @option settings [String, Pathname] :oauth2_client_secret_file the same in a file, which is read for every request
    # @option settings [Hash{Symbol, String => String}] :oauth2_parameters what the token endpoint wants besides, such as
    #   `{ scope: "tigergraph" }`, audience or resource; client_auth ("basic", "basic_raw" or "form") is not sent, but
    #   says how the secret is; client_assertion stands in place of a secret
    # @option settings [#call] :token_provider brings the tokens: see {TokenProvider}
    # @option settings [Integer] :restpp_port the port of REST++, if it is not that of the address
    # @option settings [Integer] :gsql_port the port of the gateway, if it is not that of the address
    # @option settings [Boolean] :tgcloud whether the server is in TigerGraph Cloud; nil: by the host name
    # @option settings [String] :server_version such as "3.10"; with it the server is not asked what it is
    # @option settings [String, Pathname] :ca_file the CA certificates to trust, in PEM
    # @option settings [String, Pathname, Array] :added_ca_files one or several more files with CA certificates, to
    #   trust beside those, or beside the system's
    # @option settings [String] :ca_pem the same as :ca_file, as text
    # @option settings [String, Pathname] :client_cert the certificate chain to show to the server, in PEM
    # @option settings [String, Pathname] :client_key its private key, in PEM
    # @option settings [String] :pin_sha256 the SHA-256 of the server's public key in Base64: only this one
    # @option settings [Boolean] :insecure_tls accept any certificate, only for tests
    # @option settings [Boolean] :allow_http allow plain http beyond this machine
    # @option settings [Numeric] :connect_timeout seconds for one attempt to connect (5)
    # @option settings [Numeric] :timeout seconds for a whole call (30); 0 means the default as well
    # @option settings [String] :proxy such as "http://proxy:3128", or "env"
    # @option settings [String] :user_agent the value of the User-Agent header
    # @option settings [Numeric] :lifetime the seconds that tokens are to live
    # @option settings [Numeric] :renew_before how many seconds before it expires a token is renewed
    # @option settings [String, Pathname] :token_cache a folder in which processes of the same user share tokens,
    #   encrypted; "user": one in the user's cache folder; "none": no cache, whatever the environment says
    # @option settings [#add] :logger takes log lines, as `add(severity, message)` of Ruby's Logger does
    # @option settings [Symbol] :log_level the least that is logged: :error, :warn, :info or :debug (the default)
    # @option settings [Boolean] :from_env see {from_env}
    # @option settings [String] :profile the same with this profile, whatever TG_DEFAULT_PROFILE and TG_PROFILE say
    # @option settings [String, Pathname] :env_file a file of variables (.env) for what is neither given nor in the
    #   environment; with a credential in it the file must be private
    # @raise [InvalidArgument] if the library refuses a setting; it names the setting
    # @raise [ArgumentError, TypeError] if a value is none that a setting can have
    def initialize(host, **settings)
      @lock = Mutex.new
      @calls = {}.compare_by_identity
      @logger = settings[:logger] if settings.fetch(:log_level, :debug) == :debug
      Thread.handle_interrupt(Call::UNINTERRUPTED) do
        @handle, @callback_process, @provider = Config.connect(host, **settings)
        @fresh = Fresh.new(@handle)
      end
    end

    # A dup or a clone is another handle to the same connection: same login, token and sockets, but
    # {#cancel} and {#close} of one do not touch the calls of the other.
    def initialize_copy(original)
      super
      @lock = Mutex.new
      @calls = {}.compare_by_identity
      @handle = original.another_handle
      @fresh = Fresh.new(@handle)
    end

    # All secrets of the connection's user.
    #
    # @param user [String, nil] another user (4.1 and later, superusers only)
    # @return [Array<Secret>] frozen
    def secrets(user: nil, timeout: nil)
      user = Arguments.text(user, "user")
      list_of_secrets(timeout) { |conn, list, error| Native.tg_get_secrets(conn, user, list, error) }
    end

    # The same as {#secrets}, under the name that pyTigerGraph once used.
    #
    # @deprecated
    def show_secrets(**options)
      warn("show_secrets is deprecated; call secrets", uplevel: 1, category: :deprecated)
      secrets(**options)
    end

    # The secret with this alias.
    #
    # @param alias_name [String]
    # @param user [String, nil] another user (4.1 and later, superusers only)
    # @return [Secret] masked before 4.1
    # @raise [NotFound] if there is none
    def get_secret(alias_name, user: nil, timeout: nil)
      alias_name = Arguments.text(alias_name, "alias_name")
      user = Arguments.text(user, "user")
      list_of_secrets(timeout) { |conn, list, error| Native.tg_get_secret(conn, alias_name, user, list, error) }.first
    end

    # Creates a secret. Never repeated: if the answer does not come, {UnknownOutcome} names the alias.
    #
    # @param alias_name [String, nil] nil: one is made up
    # @param value [String, nil] a value of your own (4.1 and later); better let the server choose
    # @param user [String, nil] another user (4.1 and later)
    # @return [Secret]
    def create_secret(alias_name = nil, value: nil, user: nil, timeout: nil)
      alias_name = Arguments.text(alias_name, "alias_name")
      value = Arguments.credential(value, "value")
      user = Arguments.text(user, "user")
      list_of_secrets(timeout) do |conn, list, error|
        Native.tg_create_secret(conn, alias_name, value, user, list, error)
      end.first
    end

    # The secret with this alias, created if there is none.
    #
    # @param alias_name [String]
    # @return [Secret]
    # @raise [AlreadyExists] before 4.1, where the value of an existing secret is not shown
    def ensure_secret(alias_name, timeout: nil)
      alias_name = Arguments.text(alias_name, "alias_name")
      list_of_secrets(timeout) { |conn, list, error| Native.tg_ensure_secret(conn, alias_name, list, error) }.first
    end

    # Drops secrets by their aliases, with one request. With ignore_missing and more than one alias, from 4.1 on, there
    # is one more request before: the list, which tells what is there to drop.
    #
    # @param aliases [Array<String>] one or several, or an Array of them
    # @param user [String, nil] another user (4.1 and later)
    # @param ignore_missing [Boolean] whether an alias that does not exist is no error
    # @return [Integer] how many there were; a name that is given twice counts once
    # @raise [NotFound] if one does not exist; before 4.1 the others are still dropped
    def drop_secret(*aliases, user: nil, ignore_missing: false, timeout: nil)
      user = Arguments.text(user, "user")
      # Only the call for a list tells how many of those that may be missing there were.
      if aliases.size != 1 || aliases.first.is_a?(Array) || ignore_missing
        return drop_secrets(aliases.flatten, user, ignore_missing, timeout)
      end

      alias_name = Arguments.text(aliases.first, "alias_name")
      ask(timeout) { |conn, error| Native.tg_drop_secret(conn, alias_name, user, 0, error) }
      1
    end

    # Requests a new token, which becomes the connection's own unless told otherwise.
    #
    # @param secret [String, Secret, nil] nil: the connection's own login
    # @param lifetime [Numeric, nil] in seconds; nil: as configured, else the server's default
    # @param keep_current [Boolean] leave the connection as it is
    # @param global [Boolean] for all graphs, whatever graph is configured
    # @return [Token]
    def get_token(secret: nil, lifetime: nil, keep_current: false, global: false, timeout: nil)
      secret = Arguments.credential(secret, "secret")
      lifetime = Arguments.seconds(lifetime, "lifetime")
      flags = token_flags(keep_current, global)
      wait_for(timeout, own_login: secret.nil?) do |conn|
        new_token { |token, error| Native.tg_get_token(conn, secret, lifetime, flags, token, error) }
      end
    end

    # Extends the lifetime of a token (before 4.1).
    #
    # @param token [String, Token, nil] nil: the connection's own
    # @param secret see {#get_token}
    # @param lifetime see {#get_token}
    # @param keep_current see {#get_token}
    # @param global see {#get_token}
    # @param or_new [Boolean] on servers that cannot refresh, request a new token instead
    # @return [Token]
    # @raise [Unsupported] on 4.1 and later, unless or_new
    def refresh_token(token = nil, secret: nil, lifetime: nil, keep_current: false, global: false, or_new: false,
                      timeout: nil)
      old = Arguments.credential(token, "token")
      secret = Arguments.credential(secret, "secret")
      lifetime = Arguments.seconds(lifetime, "lifetime")
      flags = token_flags(keep_current, global, or_new)
      wait_for(timeout, own_login: secret.nil?) do |conn|
        new_token { |out, error| Native.tg_refresh_token(conn, secret, old, lifetime, flags, out, error) }
      end
    end

    # Deletes a token.
    #
    # @param token [String, Token, nil] nil: the connection's own
    # @param secret see {#get_token}
    # @param ignore_missing [Boolean] whether a token that does not exist is no error
    # @return [nil]
    def delete_token(token = nil, secret: nil, ignore_missing: false, timeout: nil)
      token = Arguments.credential(token, "token")
      secret = Arguments.credential(secret, "secret")
      flags = Arguments.flags(Native::IGNORE_MISSING => ignore_missing)
      ask(timeout) { |conn, error| Native.tg_delete_token(conn, secret, token, flags, error) }
    end

    # Asks the server whether it accepts this JWT (4.1 and later).
    #
    # @param jwt [String, Token]
    # @return [Boolean]
    def check_jwt_token(jwt, timeout: nil)
      jwt = Arguments.credential(jwt, "jwt")
      answer_of_check(timeout) { |conn, valid, error| Native.tg_check_jwt_token(conn, jwt, valid, error) }
    end

    # The same for a token of this library.
    #
    # @param token [Token]
    # @return [Boolean]
    # @raise [AuthDisabled] if it is the empty one of a server that needs none
    def check_token(token, timeout: nil)
      pointer = token_pointer(token)
      answer_of_check(timeout) { |conn, valid, error| Native.tg_check_token(conn, pointer, valid, error) }
    end

    # Sends a request to the database with the connection's token, and waits for the whole answer. If the server
    # refuses the token, the request is sent once more with a new one.
    #
    # Nothing else is repeated once the server may have begun with it: if no complete answer comes then, this raises
    # {UnknownOutcome}, for :get and :head the failure itself. If an interrupt ends the call (Ctrl-C, Timeout), the
    # server may have carried the request out, too.
    #
    # @example
    #   conn.request(:get, "/graph/MyGraph/vertices/Person?limit=3").body
    #
    # @param method [Symbol, String] such as :get or "GET"
    # @param path [String] percent-encoded, from "/" on, maybe with a query: "/query/MyGraph/my_query?vertex=5". What
    #   stands before it, "/restpp" included, comes from the connection.
    # @param server [Symbol] :restpp (queries, graph data, loading jobs) or :gateway (GSQL)
    # @param headers [Hash{String => String, Integer}] such as `{ "GSQL-TIMEOUT" => 60_000 }`; not those that are the
    #   library's: Authorization, Host, Content-Type and so on
    # @param body [String, nil] sent as it is, whatever its encoding
    # @param content_type [String, nil] what the body is, such as "application/json"
    # @param response_limit [Integer, nil] the longest body that an answer may have, in bytes; nil: 64 MiB
    # @return [Response] whatever its HTTP status
    # @raise [Protocol] for an answer that is too long, compressed, or a redirect
    def request(method, path, server: :restpp, headers: nil, body: nil, content_type: nil, response_limit: nil,
                timeout: nil)
      request = Request.make(method, path, server: server, headers: headers, body: body, content_type: content_type,
                                           response_limit: response_limit)
      wait_for(timeout) do |conn|
        native_call = ->(response, error) { Native.tg_send(conn, request, response, error) }
        Native.result(Native::ResponsePointer, native_call) { |pointer| Response.new(pointer) }
      ensure
        # Now, and not when the garbage collector comes, which does not know how large it is.
        request.free
      end
    end

    # The same as {#request} with the method GET.
    #
    # @return [Response]
    def get(path, **options)
      request(:get, path, **options)
    end

    # The same as {#request} with the method POST.
    #
    # @return [Response]
    def post(path, body = nil, **options)
      request(:post, path, body: body, **options)
    end

    # The same as {#request} with the method PUT.
    #
    # @return [Response]
    def put(path, body = nil, **options)
      request(:put, path, body: body, **options)
    end

    # The same as {#request} with the method DELETE.
    #
    # @return [Response]
    def delete(path, **options)
      request(:delete, path, **options)
    end

    # The address that requests to a part of TigerGraph begin with, such as "https://db.example.com:14240/restpp".
    # Sends nothing. After a request it may be another one, if the library has found the server elsewhere: ask
    # again for each request, or take {Token#url}.
    #
    # @param server see {#request}
    # @return [String] without a slash at its end
    def url(server: :restpp)
      number = Arguments.server(server)
      with_call(nil) { |call| call.at_once { |conn| Native.text(Native.tg_conn_url(conn, number)) } }
    end

    # The address of a request, for an HTTP client of your own. Sends nothing.
    #
    # @param path [String] as for {#request}
    # @param server see {#request}
    # @return [URI::HTTP]
    def uri(path = "", server: :restpp)
      path = Arguments.text(path, "path").to_s
      raise ArgumentError, "path must begin with /" unless path.empty? || path.start_with?("/")

      URI.parse(url(server: server) + path)
    end

    # The CA certificates of the CA setting and of added files, for an HTTP client of your own.
    #
    # @return [String, nil] in PEM; nil if the system's, a pin alone or :insecure_tls decides, or for plain http
    def ca_pem
      with_call(nil) { |call| call.at_once { |conn| Native.text_or_nil(Native.tg_conn_ca_pem(conn)) } }
    end

    # Ruby's own HTTP client, ready for requests to REST++ and not started: with host, port and TLS, and with the
    # {#ca_pem} as all that it trusts, if there is any. It has no proxy, no client certificate and no pin. With
    # :added_ca_files alone, `http.cert_store.set_default_paths` adds the system's certificates, which count as well.
    #
    # @return [Net::HTTP]
    def http
      Http.client(uri, ca_pem)
    end

    # A valid token, for the Authorization header of a request to the database: the connection's own while
    # it is fresh, renewed in time. Call this before every request; while it is fresh nothing is sent.
    #
    # If the database refuses it ({TigerGraphAuth.token_refused?}), call {#reject_token} and ask once more.
    #
    # @return [Token] one whose header is "" if REST++ authentication is off
    def authorization(timeout: nil)
      refuse_recursion if @provider
      Arguments.milliseconds(timeout, "timeout") if timeout
      fresh_token || awaited_token(timeout)
    end

    # The connection's own token as it is, fresh or not. Sends nothing.
    #
    # @return [Token]
    # @raise [NoCredentials] if there is none
    def current_token
      with_call(nil) do |call|
        call.at_once { |conn| new_token { |token, error| Native.tg_current_token(conn, token, error) } }
      end
    end

    # Tells the connection that the database refused this token: it is not returned again. Sends nothing,
    # and does nothing if the connection has another one already.
    #
    # @param token [Token, nil] the one that {#authorization} gave; nil does nothing
    # @return [nil]
    def reject_token(token)
      pointer = token_pointer(token)
      with_call(nil) { |call| call.at_once { |conn| Native.tg_reject_token(conn, pointer) } }
    end

    # The server's version.
    #
    # @return [Gem::Version] which compares, as in `conn.server_version >= Gem::Version.new("4.1")`
    def server_version(timeout: nil)
      parts = FFI::MemoryPointer.new(:int32, 3)
      ask(timeout) { |conn, error| Native.tg_server_version(conn, parts, parts + 4, parts + 8, error) }
      Gem::Version.new(parts.read_array_of_int32(3).join("."))
    end

    # Finds out whether this connection can work and, if not, why, and how to fix it. A failure that was
    # found is no exception.
    #
    # @param offline [Boolean] say what is known, send nothing
    # @return [Report]
    def diagnose(offline: false, timeout: nil)
      flags = Arguments.flags(Native::REPORT_OFFLINE => offline)
      wait_for(timeout) do |conn|
        native_call = ->(report, error) { Native.tg_diagnose(conn, flags, report, error) }
        Native.result(Native::ReportPointer, native_call) { |pointer| Report.copy(pointer) }
      end
    end

    # Stops the calls that are running on this object, on any thread: they raise {Cancelled}, or
    # {UnknownOutcome} if the creation of a secret has begun, or a request other than :get and :head. Does
    # not wait for them. Later calls, and those on a dup, are unaffected. May be called in a signal handler.
    #
    # @return [nil]
    def cancel
      @calls.keys.each(&:cancel) # rubocop:disable Style/HashEachMethods -- others may add calls meanwhile
      nil
    end

    # Frees the connection, whose credentials are wiped with its last handle. Sends nothing, never waits.
    # Calls that are running are stopped as by {#cancel}; later ones raise {ClosedError}.
    #
    # @return [nil]
    def close
      @lock.synchronize do
        @handle&.free
        @handle = nil
        @fresh = nil
      end
      cancel
    end

    # @return [Boolean]
    def closed?
      @handle.nil?
    end

    # @return [String] the class and whether it is open
    def inspect
      "#<#{self.class} #{closed? ? "closed" : "open"}>"
    end
    alias to_s inspect

    # @api private
    # @param message [String] a line of this package's own, for the logger
    # @return [nil]
    def log_debug(message)
      Log.debug(@logger, message) if @logger
    end

    # @raise [TypeError] always: a connection belongs to a process and its children
    def marshal_dump
      raise TypeError, "#{self.class} is not serialized"
    end

    protected

    # A handle that stays valid whatever happens to this object. A block gets it before {#close} can come between.
    def another_handle
      @lock.synchronize do
        check_open
        handle = Native::ConnPointer.new(Native.tg_conn_clone(@handle))
        block_given? ? yield(handle) : handle
      end
    end

    private

    # Under the lock, so that {#close} cannot come between.
    def check_open
      raise ClosedError unless @handle

      Callbacks.follow(@callback_process) if @callback_process
    end

    # The connection's token while nobody has to wait for it, else nil. Nothing has to be stopped here, so it needs no
    # handle and no thread of its own.
    def fresh_token
      @lock.synchronize do
        check_open
        @fresh.ask
      end
    end

    def awaited_token(timeout)
      token = wait_for(timeout) do |conn|
        new_token { |out, error| Native.tg_authorization(conn, out, error) }
      end
    ensure
      # {#fresh_token} has begun it, on a handle that goes on waiting if this call has given up.
      @lock.synchronize { Native.tg_conn_cancel(@handle) unless closed? } unless token
    end

    # Yields a call of its own, and raises the error it returns.
    def with_call(timeout)
      limit = Arguments.milliseconds(timeout, "timeout")
      call = nil
      Thread.handle_interrupt(Call::UNINTERRUPTED) do
        # Noted under the lock of close, which therefore either refuses the call or finds and stops it.
        another_handle { |handle| @calls[call = Call.new(handle, limit)] = true }
      end
      result = yield call
      raise result if result.is_a?(Exception)

      result
    ensure
      @calls.delete(call)
      call&.finish
    end

    # Runs a block that takes a native handle, and waits for what it returns.
    def wait_for(timeout, own_login: true, &native_call)
      refuse_recursion if @provider && own_login
      with_call(timeout) { |call| call.run(&native_call) }
    end

    # Runs a native call without a result.
    def ask(timeout)
      wait_for(timeout) { |conn| Native.outcome { |error| yield conn, error } }
    end

    def refuse_recursion
      return unless TokenProvider.running?(@provider)

      raise InvalidArgument.new(
        "the token provider asks its own connection for a token", status: :invalid_argument,
        reason: "argument.recursion",
        hint: "A token provider that asks its own connection for a token asks itself: use another connection, or what " \
              "the provider has."
      )
    end

    def answer_of_check(timeout)
      valid = FFI::MemoryPointer.new(:int32)
      ask(timeout) { |conn, error| yield conn, valid, error }
      valid.read_int32 == 1
    end

    def token_pointer(token)
      raise TypeError, "token must be a Token, not #{token.class}" unless token.nil? || token.is_a?(Token)

      token&.pointer
    end

    def new_token(&native_call)
      Native.result(Native::TokenPointer, native_call) { |pointer| Token.new(pointer) }
    end

    def list_of_secrets(timeout)
      wait_for(timeout) do |conn|
        native_call = ->(list, error) { yield conn, list, error }
        Native.result(Native::SecretsPointer, native_call) { |pointer| Secret.all(pointer) }
      end
    end

    def drop_secrets(aliases, user, ignore_missing, timeout)
      # These own the texts that the array points to.
      texts = aliases.map { |name| name && FFI::MemoryPointer.from_string(Arguments.text(name, "alias_name")) }
      array = FFI::MemoryPointer.new(:pointer, [texts.size, 1].max).write_array_of_pointer(texts)
      flags = Arguments.flags(Native::IGNORE_MISSING => ignore_missing)
      dropped = FFI::MemoryPointer.new(:size_t)
      ask(timeout) { |conn, error| Native.tg_drop_secrets(conn, array, texts.size, user, flags, dropped, error) }
      dropped.get(:size_t, 0)
    end

    def token_flags(keep_current, global, or_new = false)
      Arguments.flags(
        Native::TOKEN_KEEP_CURRENT => keep_current, Native::TOKEN_GLOBAL => global, Native::TOKEN_OR_NEW => or_new
      )
    end
  end
end
