//! What stands in front of TigerGraph: nginx as TigerGraph ships it, nginx as people change it, HAProxy, Apache, stunnel.

use crate::row::{Play, ROW, Row};

const CLIENT: &[(&str, &str)] = &[("client_cert", "client.pem"), ("client_key", "server.key")];
const STRANGER: &[(&str, &str)] = &[("client_cert", "stranger.pem"), ("client_key", "server.key")];
const CURL_CLIENT: &str = "--cacert ca.pem --cert client.pem --key server.key";
const CURL_STRANGER: &str = "--cacert ca.pem --cert stranger.pem --key server.key";

pub const GROUPS: &[(&str, &[Row])] = &[
    ("nginx as TigerGraph's gateway", TIGERGRAPH),
    ("nginx and certificates of clients", NGINX_CLIENTS),
    ("nginx with something between", NGINX),
    ("HAProxy", HAPROXY),
    ("Apache", APACHE),
    ("stunnel", STUNNEL),
];

const LIFE: Row = Row { play: Play::Life, ..ROW };

const TIGERGRAPH: &[Row] = &[
    Row { what: "3.10, TLS 1.2, life cycle", url: "https://localhost:@port:gate-3@", version: "3", ..LIFE },
    Row {
        what: "3.10, REST++ on its own port, life cycle",
        url: "https://localhost",
        version: "3",
        settings: &[("restpp_port", "@port:restpp-3@"), ("gsql_port", "@port:gate-3@")],
        curl: "--cacert ca.pem --connect-to localhost:443:localhost:@port:gate-3@",
        ..LIFE
    },
    Row {
        what: "3.10, address that ends in /restpp",
        url: "https://localhost:@port:gate-3@/restpp",
        version: "3",
        curl: "--cacert ca.pem",
        curl_says: "403",
        ..ROW
    },
    Row {
        what: "3.10, authentication off",
        url: "https://localhost:@port:gate-3-off@",
        version: "3-off",
        curl_says: "404",
        outcome: "auth.disabled",
        http: 404,
        ..ROW
    },
    Row { what: "4.2, TLS 1.2, life cycle", url: "https://localhost:@port:gate-4@", ..LIFE },
    Row { what: "4.2, TLS 1.3 and HTTP/2, life cycle", url: "https://localhost:@port:gate-4-tls13@", ..LIFE },
    Row { what: "4.2 below a path, life cycle", url: "https://localhost:@port:gate-4-tls13@/database", ..LIFE },
    Row { what: "4.2 by its address 127.0.0.1, life cycle", url: "https://127.0.0.1:@port:gate-4@", ..LIFE },
    Row { what: "`keepalive_requests 3`, life cycle", url: "https://localhost:@port:keepalive@", ..LIFE },
    Row {
        what: "http:// to the TLS port",
        url: "http://localhost:@port:gate-4@",
        curl: "",
        curl_says: "400",
        outcome: "protocol.framing",
        http: 400,
        says: &["https://"],
        ..ROW
    },
    Row {
        what: "nothing listens",
        url: "https://127.0.0.1:@port:nobody@",
        curl_says: "exit 7",
        outcome: "connect.refused",
        ..ROW
    },
];

const NGINX_CLIENTS: &[Row] = &[
    Row {
        what: "`ssl_verify_client on`, TLS 1.2, the right one, life cycle",
        url: "https://localhost:@port:client-12@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "`ssl_verify_client on`, TLS 1.2, none",
        url: "https://localhost:@port:client-12@",
        curl_says: "400",
        outcome: "tls.client_certificate",
        http: 400,
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`ssl_verify_client on`, TLS 1.2, one of another CA",
        url: "https://localhost:@port:client-12@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "400",
        outcome: "tls.client_certificate",
        http: 400,
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`ssl_verify_client on`, TLS 1.3, the right one, life cycle",
        url: "https://localhost:@port:client-13@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "`ssl_verify_client on`, TLS 1.3, none",
        url: "https://localhost:@port:client-13@",
        curl_says: "400",
        outcome: "tls.client_certificate",
        http: 400,
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`ssl_verify_client on`, TLS 1.3, one of another CA",
        url: "https://localhost:@port:client-13@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "400",
        outcome: "tls.client_certificate",
        http: 400,
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "TigerGraph 4.3's recipe, the right one, life cycle",
        url: "https://localhost:@port:client-tigergraph@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "TigerGraph 4.3's recipe, none",
        url: "https://localhost:@port:client-tigergraph@",
        curl_says: "403",
        outcome: "tls.client_certificate",
        http: 403,
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "TigerGraph 4.3's recipe, one of another CA",
        url: "https://localhost:@port:client-tigergraph@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "400",
        outcome: "tls.client_certificate",
        http: 400,
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "the same recipe with JSON, none, and a secret",
        url: "https://localhost:@port:client-json@",
        play: Play::BySecret,
        curl_says: "403",
        outcome: "tls.client_certificate",
        http: 403,
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
];

const NGINX: &[Row] = &[
    Row {
        what: "`auth_basic`, with TigerGraph's password",
        url: "https://localhost:@port:basic@",
        curl_says: "401",
        outcome: "auth.refused",
        http: 401,
        says: &["wants a login of its own", "Nothing secret was sent"],
        ..ROW
    },
    Row {
        what: "`auth_basic`, with a secret",
        url: "https://localhost:@port:basic@",
        play: Play::BySecret,
        curl_says: "401",
        outcome: "auth.refused",
        http: 401,
        says: &["wants a login of its own", "Nothing secret was sent"],
        never: &["The secret"],
        ..ROW
    },
    Row {
        what: "`deny all`",
        url: "https://localhost:@port:denied@",
        curl_says: "403",
        outcome: "protocol.not_json",
        http: 403,
        ..ROW
    },
    Row {
        what: "nothing behind it",
        url: "https://localhost:@port:dead@",
        curl_says: "502",
        outcome: "unavailable.gateway",
        http: 502,
        ..ROW
    },
    Row {
        what: "what is behind it does not answer in `proxy_read_timeout`",
        url: "https://localhost:@port:slow@",
        curl_says: "504",
        outcome: "unavailable.gateway",
        http: 504,
        ..ROW
    },
    Row {
        what: "nothing behind it when a secret is created",
        url: "https://localhost:@port:dead-for-secrets@",
        play: Play::Create,
        outcome: "outcome.unknown",
        http: 502,
        says: &["mine"],
        why: "curl asks for a token, and this row creates a secret",
        ..ROW
    },
    Row {
        what: "no answer in time when a secret is created",
        url: "https://localhost:@port:slow-for-secrets@",
        play: Play::Create,
        outcome: "outcome.unknown",
        http: 504,
        says: &["mine"],
        why: "curl asks for a token, and this row creates a secret",
        ..ROW
    },
    Row {
        what: "`client_max_body_size` too small",
        url: "https://localhost:@port:body-limit@",
        curl_says: "413",
        outcome: "protocol.too_large",
        http: 413,
        says: &["413"],
        ..ROW
    },
    Row {
        what: "`large_client_header_buffers` too small",
        url: "https://localhost:@port:header-limit@",
        play: Play::WithToken,
        settings: &[("server_version", "4.2")],
        outcome: "protocol.too_large",
        http: 400,
        why: "curl sends less",
        ..ROW
    },
    Row {
        what: "`limit_req_status 429`",
        url: "https://localhost:@port:rate-429@",
        curl_says: "404",
        outcome: "unavailable.rate_limited",
        http: 429,
        ..ROW
    },
    Row {
        what: "`limit_req` with its usual 503",
        url: "https://localhost:@port:rate-503@",
        curl_says: "404",
        outcome: "unavailable.gateway",
        http: 503,
        never: &["got no answer"],
        ..ROW
    },
    Row {
        what: "maintenance: 503 and `Retry-After`",
        url: "https://localhost:@port:maintenance@",
        curl_says: "503",
        outcome: "unavailable.gateway",
        http: 503,
        never: &["got no answer"],
        ..ROW
    },
    Row {
        what: "`return 444`: closed without an answer",
        url: "https://localhost:@port:closes@",
        curl_says: "exit 52",
        outcome: "connect.closed",
        ..ROW
    },
    Row {
        what: "redirect from http to https",
        url: "http://localhost:@port:to-https@",
        curl: "",
        curl_says: "301",
        outcome: "protocol.redirect",
        http: 301,
        says: &["https://localhost:@port:gate-4@"],
        ..ROW
    },
    Row {
        what: "redirect to a login page",
        url: "https://localhost:@port:to-login@",
        curl_says: "302",
        outcome: "protocol.redirect",
        http: 302,
        says: &["https://sso.example.com"],
        ..ROW
    },
    Row {
        what: "a login page",
        url: "https://localhost:@port:login-page@",
        outcome: "protocol.not_json",
        http: 200,
        says: &["login page"],
        why: "curl takes the page for an answer",
        ..ROW
    },
    Row {
        what: "no such place",
        url: "https://localhost:@port:no-such-place@",
        curl_says: "404",
        outcome: "missing.endpoint",
        http: 404,
        ..ROW
    },
    Row {
        what: "no such method",
        url: "https://localhost:@port:no-method@",
        curl_says: "405",
        outcome: "missing.endpoint",
        http: 405,
        ..ROW
    },
    Row {
        what: "`ssl_reject_handshake` for this name",
        url: "https://localhost:@port:rejects-name@",
        curl_says: "exit 35",
        outcome: "tls.protocol",
        says: &["no certificate for this host name"],
        ..ROW
    },
    Row {
        what: "`proxy_protocol` expected",
        url: "https://localhost:@port:proxy-protocol@",
        curl_says: "exit 35",
        outcome: "connect.closed or connect.reset",
        ..ROW
    },
];

const HAPROXY: &[Row] = &[
    Row { what: "3.10, life cycle", url: "https://localhost:@port:ha-3@", version: "3", ..LIFE },
    Row { what: "4.2, life cycle", url: "https://localhost:@port:ha-4@", ..LIFE },
    Row { what: "`option httpclose`, life cycle", url: "https://localhost:@port:ha-closing@", ..LIFE },
    Row {
        what: "http:// to the TLS port",
        url: "http://localhost:@port:ha-4@",
        curl: "",
        curl_says: "exit 52",
        outcome: "connect.closed",
        says: &["https://"],
        ..ROW
    },
    Row {
        what: "no servers",
        url: "https://localhost:@port:ha-none@",
        curl_says: "503",
        outcome: "unavailable.gateway",
        http: 503,
        ..ROW
    },
    Row {
        what: "its only server is down",
        url: "https://localhost:@port:ha-dead@",
        curl_says: "503",
        outcome: "unavailable.gateway",
        http: 503,
        ..ROW
    },
    Row {
        what: "its server does not answer in `timeout server`",
        url: "https://localhost:@port:ha-slow@",
        curl_says: "504",
        outcome: "unavailable.gateway",
        http: 504,
        ..ROW
    },
    Row {
        what: "`verify required`, TLS 1.2, the right one, life cycle",
        url: "https://localhost:@port:ha-client-12@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "`verify required`, TLS 1.2, none",
        url: "https://localhost:@port:ha-client-12@",
        curl_says: "exit 35",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`verify required`, TLS 1.2, one of another CA",
        url: "https://localhost:@port:ha-client-12@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "exit 35",
        outcome: "tls.client_certificate",
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`verify required`, TLS 1.3, none",
        url: "https://localhost:@port:ha-client-13@",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`verify required`, TLS 1.3, one of another CA",
        url: "https://localhost:@port:ha-client-13@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`http-request deny`",
        url: "https://localhost:@port:ha-denied@",
        curl_says: "403",
        outcome: "protocol.not_json",
        http: 403,
        ..ROW
    },
    Row {
        what: "`deny_status 429`",
        url: "https://localhost:@port:ha-rate@",
        curl_says: "429",
        outcome: "unavailable.rate_limited",
        http: 429,
        ..ROW
    },
    Row {
        what: "`http-request auth`, with a secret",
        url: "https://localhost:@port:ha-login@",
        play: Play::BySecret,
        curl_says: "401",
        outcome: "auth.refused",
        http: 401,
        says: &["wants a login of its own", "Nothing secret was sent"],
        ..ROW
    },
    Row {
        what: "`strict-sni`, a name that no certificate has",
        url: "https://127.0.0.1:@port:ha-strict@",
        curl_says: "exit 35",
        outcome: "tls.protocol",
        ..ROW
    },
    Row {
        what: "TLS passed through to a server that is down",
        url: "https://localhost:@port:ha-through-dead@",
        curl_says: "exit 35",
        outcome: "connect.closed",
        ..ROW
    },
];

const APACHE: &[Row] = &[
    Row { what: "3.10, life cycle", url: "https://localhost:@port:ap-3@", version: "3", ..LIFE },
    Row { what: "4.2, life cycle", url: "https://localhost:@port:ap-4@", ..LIFE },
    Row {
        what: "http:// to the TLS port",
        url: "http://localhost:@port:ap-4@",
        curl: "",
        curl_says: "400",
        outcome: "protocol.framing",
        http: 400,
        says: &["https://"],
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for a location, TLS 1.2, none",
        url: "https://localhost:@port:ap-client-12@",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["SSLVerifyClient"],
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for a location, TLS 1.2, the right one",
        url: "https://localhost:@port:ap-client-12@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        outcome: "tls.client_certificate",
        says: &["another handshake", "SSLVerifyClient"],
        why: "rustls has no renegotiation",
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for a location, TLS 1.3, none",
        url: "https://localhost:@port:ap-client-13@",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        http: 403,
        says: &["another handshake", "SSLVerifyClient"],
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for a location, TLS 1.3, the right one",
        url: "https://localhost:@port:ap-client-13@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        outcome: "tls.client_certificate",
        http: 403,
        says: &["another handshake", "SSLVerifyClient"],
        why: "rustls has no authentication after the handshake",
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for all, TLS 1.2, the right one, life cycle",
        url: "https://localhost:@port:ap-client-all-12@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "`SSLVerifyClient` for all, TLS 1.2, none",
        url: "https://localhost:@port:ap-client-all-12@",
        curl_says: "exit 35",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for all, TLS 1.3, none",
        url: "https://localhost:@port:ap-client-all-13@",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`SSLVerifyClient` for all, TLS 1.3, one of another CA",
        url: "https://localhost:@port:ap-client-all-13@",
        settings: STRANGER,
        curl: CURL_STRANGER,
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        never: &["set one with tg_config_set_client_cert"],
        ..ROW
    },
    Row {
        what: "`AuthType Basic`, with a secret",
        url: "https://localhost:@port:ap-basic@",
        play: Play::BySecret,
        curl_says: "401",
        outcome: "auth.refused",
        http: 401,
        says: &["wants a login of its own", "Nothing secret was sent"],
        ..ROW
    },
    Row {
        what: "nothing behind it",
        url: "https://localhost:@port:ap-dead@",
        curl_says: "503",
        outcome: "unavailable.gateway",
        http: 503,
        ..ROW
    },
    Row {
        what: "what is behind it does not answer in `ProxyTimeout`",
        url: "https://localhost:@port:ap-slow@",
        curl_says: "502",
        outcome: "unavailable.gateway",
        http: 502,
        ..ROW
    },
    Row {
        what: "`LimitRequestFieldSize` too small",
        url: "https://localhost:@port:ap-header-limit@",
        play: Play::WithToken,
        settings: &[("server_version", "4.2")],
        outcome: "protocol.too_large",
        http: 400,
        why: "curl sends less",
        ..ROW
    },
    Row {
        what: "`Redirect permanent`",
        url: "https://localhost:@port:ap-moved@",
        curl_says: "301",
        outcome: "protocol.redirect",
        http: 301,
        says: &["https://localhost:@port:ap-4@"],
        ..ROW
    },
];

const STUNNEL: &[Row] = &[
    Row { what: "3.10, life cycle", url: "https://localhost:@port:st-3@", version: "3", ..LIFE },
    Row { what: "4.2, life cycle", url: "https://localhost:@port:st-4@", ..LIFE },
    Row {
        what: "http:// to its port",
        url: "http://localhost:@port:st-4@",
        curl: "",
        curl_says: "exit 52 or exit 56",
        outcome: "connect.closed or connect.reset",
        says: &["https://"],
        ..ROW
    },
    Row {
        what: "nothing behind it",
        url: "https://localhost:@port:st-dead@",
        curl_says: "exit 35 or exit 52 or exit 55 or exit 56",
        outcome: "connect.closed or connect.reset",
        ..ROW
    },
    Row {
        what: "`requireCert`, the right one, life cycle",
        url: "https://localhost:@port:st-client@",
        settings: CLIENT,
        curl: CURL_CLIENT,
        ..LIFE
    },
    Row {
        what: "`requireCert`, none",
        url: "https://localhost:@port:st-client@",
        curl_says: "exit 55 or exit 56",
        outcome: "tls.client_certificate",
        says: &["tg_config_set_client_cert"],
        ..ROW
    },
];
