# frozen_string_literal: true

module TigerGraphAuth
  # The settings of a connection. The keywords are those of {Connection#initialize}, which documents them.
  #
  # @api private
  module Config
    module_function

    # @return [Array(Native::ConnPointer, Integer, Integer)] a connection with these settings; if it has a logger or a
    #   token provider, the process whose callbacks these have; and the number of the token provider
    def connect(host, logger: nil, log_level: :debug, token_provider: nil, from_env: false, profile: nil,
                env_file: nil, **settings)
      config = Native.tg_config_new(Arguments.text(host, "host"))
      apply(config, **settings)
      load_variables(config, from_env, profile, env_file)
      Log.attach(config, logger, log_level) if logger
      provider = TokenProvider.attach(config, token_provider) if token_provider
      native_call = ->(conn, error) { Native.tg_conn_new(config, conn, error) }
      made = Native.result(Native::ConnPointer, native_call, &:itself)
      raise made if made.is_a?(Error)

      [made, (Process.pid if logger || token_provider), provider]
    ensure
      Native.tg_config_free(config)
    end

    # Fills what is not set, from the environment first, because it takes precedence over a file.
    def load_variables(config, from_env, profile, env_file)
      if profile
        Native.tg_config_load_profile(config, Arguments.text(profile, "profile"))
      elsif from_env
        Native.tg_config_load_env(config)
      end
      Native.tg_config_load_env_file(config, Arguments.path(env_file, "env_file")) if env_file
    end
    private_class_method :load_variables

    # nil is NULL or 0 to the library, which keeps the default.
    def apply(config, graph: nil, server_version: nil, restpp_port: nil, gsql_port: nil, tgcloud: nil,
              user_agent: nil, lifetime: nil, renew_before: nil, token_cache: nil, username: nil, password: nil,
              secret: nil, api_token: nil, jwt: nil, password_file: nil, secret_file: nil, jwt_file: nil, oauth2_url: nil,
              oauth2_client_id: nil, oauth2_client_secret: nil, oauth2_client_secret_file: nil, oauth2_parameters: nil,
              **network)
      Native.tg_config_set_graph(config, Arguments.text(graph, "graph"))
      apply_credentials(config, username, password: password, secret: secret, api_token: api_token, jwt: jwt)
      apply_files(config, username, password_file: password_file, secret_file: secret_file, jwt_file: jwt_file)
      apply_oauth2(config, oauth2_url, oauth2_client_id, oauth2_client_secret, oauth2_client_secret_file,
                   oauth2_parameters)
      Native.tg_config_set_server_version(config, Arguments.text(server_version, "server_version"))
      Native.tg_config_set_ports(
        config, Arguments.port(restpp_port, "restpp_port"), Arguments.port(gsql_port, "gsql_port")
      )
      Native.tg_config_set_tgcloud(config, yes_no_or_default(tgcloud))
      Native.tg_config_set_user_agent(config, Arguments.text(user_agent, "user_agent"))
      Native.tg_config_set_token_lifetime(
        config, Arguments.seconds(lifetime, "lifetime"), Arguments.seconds(renew_before, "renew_before")
      )
      Native.tg_config_set_token_cache(config, Arguments.path(token_cache, "token_cache"))
      apply_network(config, **network)
    end
    private_class_method :apply

    def apply_credentials(config, username, password:, secret:, api_token:, jwt:)
      Native.tg_config_set_password(config, Arguments.text(username, "username"), Arguments.text(password, "password"))
      Native.tg_config_set_secret(config, Arguments.credential(secret, "secret"))
      Native.tg_config_set_api_token(config, Arguments.credential(api_token, "api_token"))
      Native.tg_config_set_jwt(config, Arguments.credential(jwt, "jwt"))
    end
    private_class_method :apply_credentials

    def apply_files(config, username, password_file:, secret_file:, jwt_file:)
      Native.tg_config_set_password_file(
        config, Arguments.text(username, "username"), Arguments.path(password_file, "password_file")
      )
      Native.tg_config_set_secret_file(config, Arguments.path(secret_file, "secret_file"))
      Native.tg_config_set_jwt_file(config, Arguments.path(jwt_file, "jwt_file"))
    end
    private_class_method :apply_files

    def apply_oauth2(config, url, client_id, client_secret, client_secret_file, parameters)
      Native.tg_config_set_oauth2(
        config, Arguments.text(url, "oauth2_url"), Arguments.text(client_id, "oauth2_client_id"),
        Arguments.text(client_secret, "oauth2_client_secret")
      )
      Native.tg_config_set_oauth2_secret_file(
        config, Arguments.path(client_secret_file, "oauth2_client_secret_file")
      )
      Arguments.texts(parameters, "oauth2_parameters").each do |name, value|
        Native.tg_config_set_oauth2_parameter(config, name, value)
      end
    end
    private_class_method :apply_oauth2

    def apply_network(config, allow_http: false, connect_timeout: nil, timeout: nil, proxy: nil, **trust)
      Native.tg_config_set_allow_http(config, allow_http ? 1 : 0)
      Native.tg_config_set_timeouts(
        config, Arguments.milliseconds(connect_timeout, "connect_timeout"), Arguments.milliseconds(timeout, "timeout")
      )
      Native.tg_config_set_proxy(config, Arguments.text(proxy, "proxy"))
      apply_trust(config, **trust)
    end
    private_class_method :apply_network

    def apply_trust(config, ca_file: nil, added_ca_files: nil, ca_pem: nil, client_cert: nil, client_key: nil,
                    pin_sha256: nil, insecure_tls: false)
      Native.tg_config_set_ca_file(config, Arguments.path(ca_file, "ca_file"))
      Arguments.paths(added_ca_files, "added_ca_files").each { |file| Native.tg_config_add_ca_file(config, file) }
      Native.tg_config_set_ca_pem(config, Arguments.text(ca_pem, "ca_pem"))
      Native.tg_config_set_client_cert(
        config, Arguments.path(client_cert, "client_cert"), Arguments.path(client_key, "client_key")
      )
      Native.tg_config_set_pin_sha256(config, Arguments.text(pin_sha256, "pin_sha256"))
      Native.tg_config_set_insecure_tls(config, insecure_tls ? 1 : 0)
    end
    private_class_method :apply_trust

    def yes_no_or_default(value)
      return 0 if value.nil?

      value ? 1 : -1
    end
    private_class_method :yes_no_or_default
  end
end
