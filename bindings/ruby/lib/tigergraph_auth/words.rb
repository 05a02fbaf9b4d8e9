# frozen_string_literal: true

module TigerGraphAuth
  # What the library's texts name of the C interface, in the words of this package.
  #
  # @api private
  module Words
    # Functions, flags and the header, as whole words.
    IN_C = /\b(?:tg_[a-z0-9_]+|TG_TOKEN_[A-Z_]+|tigergraph_auth\.h)\b/
    # What a program in Ruby calls or sets in their place. A test of the library holds it to every hint.
    IN_RUBY = {
      "TG_TOKEN_OR_NEW" => "or_new: true",
      "tg_config_add_ca_file" => "added_ca_files:",
      "tg_config_load_env" => "from_env",
      "tg_config_new" => "Connection.new",
      "tg_config_set_allow_http" => "allow_http: true",
      "tg_config_set_api_token" => "api_token:",
      "tg_config_set_ca_file" => "ca_file:",
      "tg_config_set_ca_pem" => "ca_pem:",
      "tg_config_set_client_cert" => "client_cert:",
      "tg_config_set_graph" => "graph:",
      "tg_config_set_insecure_tls" => "insecure_tls:",
      "tg_config_set_jwt" => "jwt:",
      "tg_config_set_jwt_file" => "jwt_file:",
      "tg_config_set_oauth2" => "oauth2_client_id: and oauth2_client_secret:",
      "tg_config_set_oauth2_parameter" => "oauth2_parameters:",
      "tg_config_set_oauth2_secret_file" => "oauth2_client_secret_file:",
      "tg_config_set_password" => "password:",
      "tg_config_set_password_file" => "password_file:",
      "tg_config_set_pin_sha256" => "pin_sha256:",
      "tg_config_set_ports" => "restpp_port:",
      "tg_config_set_proxy" => "proxy:",
      "tg_config_set_secret" => "secret:",
      "tg_config_set_secret_file" => "secret_file:",
      "tg_config_set_server_version" => "server_version:",
      "tg_config_set_tgcloud" => "tgcloud:",
      "tg_config_set_timeouts" => "timeout:",
      "tg_config_set_token_cache" => "token_cache:",
      "tg_config_set_token_lifetime" => "lifetime:",
      "tg_config_set_token_provider" => "token_provider:",
      "tg_config_set_user_agent" => "user_agent:",
      "tg_conn_cancel" => "Connection#cancel",
      "tg_conn_free" => "Connection#close",
      "tg_create_secret" => "Connection#create_secret",
      "tg_diagnose" => "Connection#diagnose",
      "tg_error_retry_after_ms" => "Error#retry_after",
      "tg_get_secrets" => "Connection#secrets",
      "tg_provider_request_is_cancelled" => "TokenProvider::Request#cancelled?",
      "tg_provider_request_time_left_ms" => "TokenProvider::Request#time_left",
      "tigergraph_auth.h" => "the documentation of this package"
    }.freeze

    module_function

    # @param text [String, nil] a text of the library
    # @return [String, nil] the same with the names of this package; what has none stays as it is
    def own(text)
      text&.gsub(IN_C) { |name| IN_RUBY.fetch(name, name) }
    end
  end
end
