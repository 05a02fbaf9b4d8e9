package tigergraphauth

import "regexp"

// inC finds what the library's texts name of the C interface: its functions, flags and header, as whole words.
var inC = regexp.MustCompile(`\b(tg_[a-z0-9_]+|TG_TOKEN_[A-Z_]+|tigergraph_auth\.h)\b`)

// inGo has what a program in Go calls or sets in their place. A test of the library holds it to every hint.
var inGo = map[string]string{
	"TG_TOKEN_OR_NEW":                  "OrNew",
	"tg_config_add_ca_file":            "WithAddedCAFile",
	"tg_config_load_env":               "WithEnvironment",
	"tg_config_new":                    "New",
	"tg_config_set_allow_http":         "WithAllowHTTP",
	"tg_config_set_api_token":          "WithAPIToken",
	"tg_config_set_ca_file":            "WithCAFile",
	"tg_config_set_ca_pem":             "WithCAPEM",
	"tg_config_set_client_cert":        "WithClientCert",
	"tg_config_set_graph":              "WithGraph",
	"tg_config_set_insecure_tls":       "WithInsecureTLS",
	"tg_config_set_jwt":                "WithJWT",
	"tg_config_set_jwt_file":           "WithJWTFile",
	"tg_config_set_oauth2":             "WithOAuth2",
	"tg_config_set_oauth2_parameter":   "WithOAuth2Parameter",
	"tg_config_set_oauth2_secret_file": "WithOAuth2SecretFile",
	"tg_config_set_password":           "WithPassword",
	"tg_config_set_password_file":      "WithPasswordFile",
	"tg_config_set_pin_sha256":         "WithPinSHA256",
	"tg_config_set_ports":              "WithPorts",
	"tg_config_set_proxy":              "WithProxy",
	"tg_config_set_secret":             "WithSecret",
	"tg_config_set_secret_file":        "WithSecretFile",
	"tg_config_set_server_version":     "WithServerVersion",
	"tg_config_set_tgcloud":            "WithTGCloud",
	"tg_config_set_timeouts":           "WithTimeouts",
	"tg_config_set_token_cache":        "WithTokenCache",
	"tg_config_set_token_lifetime":     "WithTokenLifetime",
	"tg_config_set_token_provider":     "WithTokenProvider",
	"tg_config_set_user_agent":         "WithUserAgent",
	"tg_conn_cancel":                   "its context",
	"tg_conn_free":                     "Conn.Close",
	"tg_create_secret":                 "Conn.CreateSecret",
	"tg_diagnose":                      "Conn.Diagnose",
	"tg_error_retry_after_ms":          "Error.RetryAfter",
	"tg_get_secrets":                   "Conn.GetSecrets",
	"tg_provider_request_time_left_ms": "its context",
	"tigergraph_auth.h":                "the documentation of this package",
}

// inOwnWords is a text of the library with the names of this package; what has none stays as it is.
func inOwnWords(text string) string {
	return inC.ReplaceAllStringFunc(text, func(name string) string {
		if own, ok := inGo[name]; ok {
			return own
		}
		return name
	})
}
