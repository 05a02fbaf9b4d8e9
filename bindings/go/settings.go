package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"math"
	"time"
)

// An Option is a setting of a connection, for [New]. New checks all settings, and its error
// names the wrong one, but never shows a secret value.
type Option func(*settings)

// settings are what New has collected.
type settings struct {
	config      *C.tg_config
	args        texts
	environment bool
	profile     *C.char
	files       []*C.char
	log         *logger
}

// load fills what no option has set: from the environment first, because it takes precedence over files.
func (s *settings) load() {
	if s.profile != nil {
		C.tg_config_load_profile(s.config, s.profile)
	} else if s.environment {
		C.tg_config_load_env(s.config)
	}
	for _, file := range s.files {
		C.tg_config_load_env_file(s.config, file)
	}
}

func (s *settings) free() {
	C.tg_config_free(s.config)
	s.args.free()
}

// text copies a setting, which is named for the error.
func (s *settings) text(name, value string) *C.char {
	return s.args.add("the setting \""+name+"\"", value)
}

// WithEnvironment fills what no other option sets from the environment: TG_GRAPHNAME, TG_USERNAME, TG_PASSWORD,
// TG_SECRET, TG_API_TOKEN (or TG_TOKEN), TG_JWT_TOKEN, TG_RESTPP_PORT, TG_GS_PORT (or TG_GSQL_PORT), TG_TGCLOUD
// ("true", or "false", which leaves it to the host name), TG_CERT_PATH (a file with CA certificates), and, for
// [WithOAuth2], TG_OAUTH2_URL, TG_OAUTH2_CLIENT_ID, TG_OAUTH2_CLIENT_SECRET and TG_OAUTH2_SCOPE.
// TG_TOKEN_CACHE is as [WithTokenCache] takes it.
//
// With TG_DEFAULT_PROFILE=x or TG_PROFILE=x the variables X_TG_SECRET and so on take precedence; a profile for which
// none is set is an error. Login and token come from one place: if the program set one of them, or the profile has
// one, no other is searched for. An empty variable counts as not set. New reports a wrong value, with the name of the
// variable. The header of the C library has the other variables, and tells more, at tg_config_load_env.
//
// C code reads the variables: os.Setenv in a program with cgo changes those as well.
func WithEnvironment() Option {
	return func(s *settings) { s.environment = true }
}

// WithProfile is [WithEnvironment] with the profile of this name, whatever TG_DEFAULT_PROFILE and TG_PROFILE say:
// the variables NAME_TG_HOST and so on take precedence. "default" is the variables without prefix; any other profile
// without variables is an error.
func WithProfile(name string) Option {
	return func(s *settings) { s.profile = s.text("profile", name) }
}

// WithEnvironmentFile fills what no other option and no variable of [WithEnvironment] sets from a file of
// variables (.env), which New reads. With a credential in it the file must be private. How it is read: see
// tg_config_load_env_file in the header of the C library.
func WithEnvironmentFile(path string) Option {
	return func(s *settings) { s.files = append(s.files, s.text("env_file", path)) }
}

// WithGraph sets the graph that tokens are for and, before 4.1, that secrets belong to. Default: none.
func WithGraph(graph string) Option {
	return func(s *settings) { C.tg_config_set_graph(s.config, s.text("graph", graph)) }
}

// WithPassword logs in with user name and password. A connection has at most one login: this, or one of
// [WithSecret], [WithJWT], [WithOAuth2] and [WithTokenProvider].
func WithPassword(username, password string) Option {
	return func(s *settings) {
		C.tg_config_set_password(s.config, s.text("username", username), s.text("password", password))
	}
}

// WithPasswordFile logs in with user name and the password in a file, whose only line it is. The file is read for
// every call that logs in. Who may be able to read or change it: see tg_config_set_password_file in the header of the C
// library.
func WithPasswordFile(username, path string) Option {
	return func(s *settings) {
		C.tg_config_set_password_file(s.config, s.text("username", username), s.text("password_file", path))
	}
}

// WithSecret logs in with a secret.
func WithSecret(secret string) Option {
	return func(s *settings) { C.tg_config_set_secret(s.config, s.text("secret", secret)) }
}

// WithSecretFile logs in with the secret in a file, as [WithPasswordFile] does with a password.
func WithSecretFile(path string) Option {
	return func(s *settings) { C.tg_config_set_secret_file(s.config, s.text("secret_file", path)) }
}

// WithAPIToken sets a token to begin with. It may stand beside a login, which then gets the next one; alone it
// is never renewed.
func WithAPIToken(token string) Option {
	return func(s *settings) { C.tg_config_set_api_token(s.config, s.text("api_token", token)) }
}

// WithJWT logs in with a JWT that another system issued. It is never renewed.
func WithJWT(jwt string) Option {
	return func(s *settings) { C.tg_config_set_jwt(s.config, s.text("jwt", jwt)) }
}

// WithJWTFile logs in with the JWT in a file, as [WithPasswordFile] does with a password. The file is read again
// shortly before the JWT expires, when it has expired, and after a server has refused it.
func WithJWTFile(path string) Option {
	return func(s *settings) { C.tg_config_set_jwt_file(s.config, s.text("jwt_file", path)) }
}

// WithOAuth2 logs in with tokens that an authorization server gives to this client: OAuth2 client credentials (RFC
// 6749, section 4.4). The server is TigerGraph 4.1 or later and must be configured to accept the tokens of this
// authorization server. They are used as a JWT of [WithJWT] is, but renewed: in time, by one request however many
// goroutines ask.
//
// tokenURL is the address of the token endpoint, "https://login.example.com/oauth2/token", with a query if it needs
// one; plain http only on this machine. The client's id and secret are sent there alone. clientSecret "": none, which
// needs [WithOAuth2SecretFile] or the parameter "client_assertion" of [WithOAuth2Parameter].
//
// The token endpoint is trusted if the system's trust store or a CA of [WithCAFile], [WithCAPEM] or
// [WithAddedCAFile] says so. Pin, client certificate and insecure TLS are for TigerGraph's server alone; proxy and
// time limits apply to both. Redirects are not followed.
//
// What goes wrong there has the reason "oauth2.refused" if the authorization server refuses the client or what it
// asks for, with the server's code in ServerCode, "oauth2.unavailable" if it is busy, and those of connections, time
// limits and TLS as for TigerGraph's server. After a refusal it is not asked again for 30 s, then longer.
func WithOAuth2(tokenURL, clientID, clientSecret string) Option {
	return func(s *settings) {
		url, id := s.text("oauth2_url", tokenURL), s.text("oauth2_client_id", clientID)
		var secret *C.char
		if clientSecret != "" {
			secret = s.text("oauth2_client_secret", clientSecret)
		}
		C.tg_config_set_oauth2(s.config, url, id, secret)
	}
}

// WithOAuth2SecretFile names a file with the client's secret, in place of the clientSecret of [WithOAuth2]. It is
// judged as that of [WithPasswordFile] is, and read for every request to the token endpoint.
func WithOAuth2SecretFile(path string) Option {
	return func(s *settings) {
		C.tg_config_set_oauth2_secret_file(s.config, s.text("oauth2_client_secret_file", path))
	}
}

// WithOAuth2Parameter adds a parameter to the requests of [WithOAuth2], such as "scope", "audience" or "resource".
// The same name once more replaces the value. A parameter with the value "" is not sent. No value is ever shown.
//
// "client_auth" is not sent: it says how the client's secret is, "basic" (in the header, percent-encoded, as RFC
// 6749 has it), "basic_raw" (in the header as it is) or "form", and nothing else is tried then. Without it, the
// library tries the header and the form, and remembers what worked.
//
// "client_assertion" stands in place of a secret (RFC 7523), with "client_assertion_type" if it is another kind than
// a JWT. "grant_type", "client_id" and "client_secret" are refused.
func WithOAuth2Parameter(name, value string) Option {
	return func(s *settings) {
		C.tg_config_set_oauth2_parameter(s.config, s.text("oauth2_parameter", name), s.text("oauth2_parameter", value))
	}
}

// WithPorts sets the ports of REST++ (9000 before 4.1) and of the gateway (14240). 0: the port of the address.
// If both are the same, REST++ requests go to paths below /restpp.
func WithPorts(restpp, gateway uint16) Option {
	return func(s *settings) {
		C.tg_config_set_ports(s.config, C.uint16_t(restpp), C.uint16_t(gateway))
	}
}

// WithTGCloud says whether the server is in TigerGraph Cloud. Default: by the host name.
func WithTGCloud(isCloud bool) Option {
	return func(s *settings) {
		if isCloud {
			C.tg_config_set_tgcloud(s.config, 1)
		} else {
			C.tg_config_set_tgcloud(s.config, -1)
		}
	}
}

// WithServerVersion tells the server's version, such as "3.10" or "4.1.2", so that the server is never asked
// what it is.
func WithServerVersion(version string) Option {
	return func(s *settings) { C.tg_config_set_server_version(s.config, s.text("server_version", version)) }
}

// WithCAFile names a file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust
// store, which SSL_CERT_FILE and SSL_CERT_DIR can replace; with a CA setting these two count for the token endpoint of
// [WithOAuth2] alone.
func WithCAFile(path string) Option {
	return func(s *settings) { C.tg_config_set_ca_file(s.config, s.text("ca_file", path)) }
}

// WithAddedCAFile names a file with CA certificates that are trusted beside the system's trust store, or beside
// those of the CA setting. May be given several times.
func WithAddedCAFile(path string) Option {
	return func(s *settings) { C.tg_config_add_ca_file(s.config, s.text("added_ca_file", path)) }
}

// WithCAPEM gives the CA certificates to trust, as PEM text, instead of a file.
func WithCAPEM(pem string) Option {
	return func(s *settings) { C.tg_config_set_ca_pem(s.config, s.text("ca_pem", pem)) }
}

// WithClientCert names files with the certificate chain and the private key to show to servers that ask for
// them, in PEM.
func WithClientCert(certPath, keyPath string) Option {
	return func(s *settings) {
		C.tg_config_set_client_cert(s.config, s.text("client_cert", certPath), s.text("client_key", keyPath))
	}
}

// WithPinSHA256 gives the SHA-256 of the server's SubjectPublicKeyInfo, in Base64: only this key is accepted.
// Without a CA setting it replaces the check of the chain, but not that of host name and dates; together with
// a CA setting, both must match.
func WithPinSHA256(base64SPKI string) Option {
	return func(s *settings) { C.tg_config_set_pin_sha256(s.config, s.text("pin_sha256", base64SPKI)) }
}

// WithInsecureTLS accepts any certificate, so anybody between client and server can read everything. Only
// for tests. Logs one warning.
func WithInsecureTLS() Option {
	return func(s *settings) { C.tg_config_set_insecure_tls(s.config, 1) }
}

// WithAllowHTTP allows plain http to other machines; anybody in between can read the credentials.
func WithAllowHTTP() Option {
	return func(s *settings) { C.tg_config_set_allow_http(s.config, 1) }
}

// WithTimeouts sets the limits for one attempt to connect (name lookup, TCP and TLS; default 5 s) and for a
// whole call, everything included (default 30 s). 0: the default; there is no "no limit". The context of a
// call can only make its limit shorter.
func WithTimeouts(connect, total time.Duration) Option {
	return func(s *settings) {
		if connect < 0 || total < 0 {
			s.args.refuse("argument.range", "the setting \"timeouts\" is negative", "Use 0 for the default.")
			return
		}
		C.tg_config_set_timeouts(s.config, milliseconds(connect), milliseconds(total))
	}
}

// milliseconds is d for the library; what is longer than it can count, 49 days, is as good as these.
func milliseconds(d time.Duration) C.uint32_t {
	if n := count(d, time.Millisecond); n < math.MaxUint32 {
		return C.uint32_t(n)
	}
	return math.MaxUint32
}

// WithProxy sets an HTTP proxy as "http://proxy:3128", or "env" for the one that the environment sets
// (HTTPS_PROXY, NO_PROXY and so on). Default: none, even if the environment sets one.
func WithProxy(proxy string) Option {
	return func(s *settings) { C.tg_config_set_proxy(s.config, s.text("proxy", proxy)) }
}

// WithUserAgent sets the User-Agent header. Default: "tigergraph-auth/" and the version.
func WithUserAgent(userAgent string) Option {
	return func(s *settings) { C.tg_config_set_user_agent(s.config, s.text("user_agent", userAgent)) }
}

// WithTokenLifetime sets the lifetime of tokens if a call gives none (0: the server's default), and how
// long before it expires a token is renewed (0: a fifth of its lifetime, at most 24 h), in whole seconds.
func WithTokenLifetime(lifetime, renewBefore time.Duration) Option {
	return func(s *settings) {
		C.tg_config_set_token_lifetime(
			s.config, C.int64_t(count(lifetime, time.Second)), C.int64_t(count(renewBefore, time.Second)))
	}
}

// WithTokenCache names a folder in which processes of the same user share the tokens that [Conn.Authorization] returns:
// of 64 processes that need one, one asks the server. "user" is the folder tigergraph-auth in the user's cache folder
// (XDG_CACHE_HOME, else .cache in HOME); "none" is no cache, whatever the environment says. Default: as TG_TOKEN_CACHE
// says, with [WithEnvironment], else none.
//
// It is for [WithSecret], [WithPassword] and their files, and for [WithOAuth2]; with a JWT, an API token or a token
// provider New fails. A folder that is missing is made, with mode 0700; a link, a folder of another user and one
// that is open to other users are refused.
// Tokens are stored encrypted, with a key that can be computed only from the same login, and logins not at all. If the
// cache cannot be used, tokens are requested without it, with a warning in the log. The header of the C library tells
// more, at tg_config_set_token_cache.
func WithTokenCache(directory string) Option {
	return func(s *settings) { C.tg_config_set_token_cache(s.config, s.text("token_cache", directory)) }
}
