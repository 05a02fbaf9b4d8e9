//! Set-ups that do not work, each diagnosed: every one gets a first line of its own that names the cause and what
//! mends it. The table of them is `docs/diagnosis.md`, written by this test; under CI it has to be the committed one.

#[path = "common/written.rs"]
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tigergraph_auth::{Config, Connection, ProviderRequest, Reason};
use tigergraph_standin::{
    Action, ClosedPort, Fault, LOOPBACK_NAMES, Options, RawAction, RawServer, Standin, TestCa, Tls,
};
use written::settle;

/// What a diagnosis said: the first line, and the reason or "".
struct Said {
    line: String,
    reason: String,
}

/// Diagnoses a connection with these settings; settings that make none say so themselves.
fn diagnose(config: &Config) -> Said {
    let connection = match Connection::new(config) {
        Ok(connection) => connection,
        Err(error) => {
            let line = tigergraph_auth::report::advice(error.message(), error.hint());
            return Said { line, reason: error.reason().id().to_owned() };
        }
    };
    let started = Instant::now();
    let report = connection.diagnose(false).expect("a report");
    assert!(started.elapsed() < Duration::from_secs(5), "{}", report.verdict);
    let (text, json) = (report.text(), report.json());
    assert!(!text.contains("canary") && !json.contains("canary"), "{text}");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let line = text.lines().next().unwrap_or_default().to_owned();
    assert_eq!(json["verdict"], line);
    let reason = json["failure"]["reason"].as_str().unwrap_or_default().to_owned();
    assert_eq!(json["ok"], reason.is_empty());
    Said { line, reason }
}

struct Case {
    what: &'static str,
    said: Said,
}

/// Every set-up of the table, with what is unique to this run replaced in what was said.
#[derive(Default)]
struct Cases {
    cases: Vec<Case>,
}

impl Cases {
    /// A set-up, the reason it must have, and a text that the first line must hold.
    fn case(&mut self, what: &'static str, config: &Config, reason: &str, telling: &str) {
        let mut said = diagnose(config);
        assert_eq!(said.reason, reason, "{what}: {}", said.line);
        assert!(said.line.contains(telling), "{what}: {}", said.line);
        said.line = without_ports(&said.line);
        self.cases.push(Case { what, said });
    }
}

/// Ports, pins and times differ from run to run.
fn without_ports(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let word = match word.rsplit_once("127.0.0.1:") {
            Some((start, rest)) => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                format!("{start}127.0.0.1:PORT{}", &rest[end..])
            }
            None if word.len() == 45 && word.ends_with("=.") => "PIN.".to_owned(),
            None => word.to_owned(),
        };
        words.push(word);
    }
    words.join(" ")
}

fn with_secret(url: &str, secret: &str) -> Config {
    let mut config = Config::new(url);
    config.set_secret(Some(secret.as_bytes())).set_graph(Some(b"MyGraph")).set_timeouts(400, 2000);
    config
}

fn with_password(url: &str, password: &str) -> Config {
    let mut config = Config::new(url);
    config.set_password(Some(b"alice"), Some(password.as_bytes())).set_graph(Some(b"MyGraph")).set_timeouts(400, 2000);
    config
}

fn start(version: &str) -> (Standin, String) {
    let server = Standin::start(Options::new(version)).expect("a stand-in");
    let secret = server.add_secret("alice", "MyGraph", "mine");
    (server, secret)
}

/// Where nobody listens, as long as the port is held.
fn nowhere() -> (ClosedPort, String) {
    let port = ClosedPort::new().expect("a port");
    let address = port.address().to_string();
    (port, address)
}

fn raw(action: RawAction) -> (RawServer, String) {
    let server = RawServer::start(action).expect("a port");
    let address = format!("127.0.0.1:{}", server.port());
    (server, address)
}

fn on_the_way(cases: &mut Cases) {
    let plain = |address: &str| with_secret(&format!("http://{address}"), "canarycanary");
    let encrypted = |address: &str| with_secret(&format!("https://{address}"), "canarycanary");
    let (_closed, nowhere) = nowhere();
    cases.case("nothing listens", &plain(&nowhere), "connect.refused", "nothing listens there");
    cases.case("no such name", &encrypted("db.example.invalid"), "connect.dns", "db.example.invalid");
    let (_silent, address) = raw(RawAction::Silence);
    cases.case("https, and the port is silent", &encrypted(&address), "timeout.tls", "during the TLS handshake");
    cases.case("http, and the port is silent", &plain(&address), "timeout.response", "answer");
    let mut config = encrypted("db.example.com");
    let proxy = format!("http://{nowhere}");
    cases.case(
        "the proxy is not there",
        config.set_proxy(Some(proxy.as_bytes())),
        "connect.proxy",
        "cannot be reached",
    );
    let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n".to_vec();
    let (_proxy, address) = raw(RawAction::Answer(refusal));
    let proxy = format!("http://{address}");
    cases.case(
        "the proxy requires a login",
        config.set_proxy(Some(proxy.as_bytes())),
        "connect.proxy",
        "user:password@",
    );
    proxies_that_refuse(cases);
    cases.case("http to another machine", &plain("db.example.com"), "config.plain_http", "https://");
}

fn proxies_that_refuse(cases: &mut Cases) {
    let refusals = [
        ("the proxy does not take its login", "407 Proxy Authentication Required", "did not accept the login"),
        ("the proxy does not allow the port", "403 Forbidden", "does not allow a connection to db.example.com:14240"),
        ("the proxy is a web server", "405 Not Allowed", "does not take CONNECT"),
        (
            "the proxy does not find the server",
            "503 Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0",
            "cannot find the name",
        ),
        ("the proxy does not reach the server", "503 Service Unavailable", "cannot reach db.example.com:14240"),
    ];
    for (what, status, telling) in refusals {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let (_proxy, address) = raw(RawAction::Answer(answer.into_bytes()));
        let mut config = with_secret("https://db.example.com", "canarycanary");
        config.set_proxy(Some(format!("http://user:canary@{address}").as_bytes()));
        cases.case(what, &config, "connect.proxy", telling);
    }
}

fn in_tls(cases: &mut Cases) {
    let (ca, other) = (TestCa::new("a CA"), TestCa::new("another CA"));
    let serve = |tls: Tls| Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    let trusting = |server: &Standin, ca: &TestCa| {
        let mut config = with_secret(&server.gateway_url(), "canarycanary");
        config.set_ca_pem(Some(ca.pem().as_bytes()));
        config
    };
    let server = serve(ca.tls(&LOOPBACK_NAMES));
    let url = server.gateway_url();
    cases.case("a private CA, not configured", &with_secret(&url, "canarycanary"), "tls.unknown_issuer", "The pin of");
    cases.case("the wrong CA", &trusting(&server, &other), "tls.unknown_issuer", "the CA setting holds \"another CA\"");
    let mut pinned = with_secret(&url, "canarycanary");
    pinned.set_pin_sha256(Some(b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    cases.case("another key than the pinned one", &pinned, "tls.pin_mismatch", "not the pinned one");
    let plain = url.replace("https", "http");
    cases.case("http to a port that speaks TLS", &with_secret(&plain, "canarycanary"), "protocol.framing", "https://");
    let old = serve(ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2020, 2021)));
    cases.case("an expired certificate", &trusting(&old, &ca), "tls.expired", "expired");
    let early = serve(ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2080, 2090)));
    cases.case("a certificate that is not valid yet", &trusting(&early, &ca), "tls.not_yet_valid", "clock");
    let strange = serve(ca.tls(&["db.example.com"]));
    cases.case("a certificate for another host", &trusting(&strange, &ca), "tls.wrong_host", "for db.example.com");
    let nameless = serve(ca.tls_of(ca.leaf_by_common_name("localhost")));
    cases.case("a certificate with a common name alone", &trusting(&nameless, &ca), "tls.no_name", "subjectAltName");
    let (server, secret) = start("4.2");
    let url = server.gateway_url().replace("http", "https");
    cases.case("https to a port without TLS", &with_secret(&url, &secret), "tls.protocol", "does not speak TLS");
}

fn with_several_servers(cases: &mut Cases) {
    let ca = TestCa::new("a CA");
    let (_first, first) = nowhere();
    let (_second, second) = nowhere();
    let dead = [first, second].map(|address| format!("http://{address}"));
    let all = with_secret(&dead.join(","), "canarycanary");
    cases.case("none of several servers is there", &all, "connect.refused", "no connection to");
    let (server, secret) = start("4.2");
    let mut some = dead.to_vec();
    some.push(server.gateway_url());
    cases.case("one of several servers is there", &with_secret(&some.join(","), &secret), "", "2 of the 3 servers");
    let bad = Standin::start(Options::new("4.2").with_tls(ca.tls(&LOOPBACK_NAMES))).expect("a stand-in");
    let good = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let mut config = with_secret(&[bad.gateway_url(), good.gateway_url()].join(","), "canarycanary");
    config.set_ca_pem(Some(good.ca_pem().expect("a CA").as_bytes()));
    cases.case("the first of several has another CA", &config, "tls.unknown_issuer", "(https://127.0.0.1:");
    let nine: Vec<String> = (1..=9).map(|number| format!("https://db{number}.example.com")).collect();
    cases.case("too many servers", &with_secret(&nine.join(","), "canarycanary"), "argument.url", "8 is the limit");
    let mixed = with_secret("http://localhost,https://localhost", "canarycanary");
    cases.case("servers with http and https", &mixed, "argument.url", "same scheme");
}

fn at_the_server(cases: &mut Cases) {
    let (server, secret) = start("4.2");
    let base = format!("{}/base", server.gateway_url());
    cases.case("the wrong base path", &with_secret(&base, &secret), "missing.endpoint", "base path");
    let faults: [(&'static str, Action, &str, &str); 7] = [
        ("the connection is reset", Action::ResetBeforeReply, "connect.reset", "broke"),
        ("a login page", Action::reply(200, "<html>Welcome to our wifi</html>"), "protocol.not_json", "login page"),
        (
            "a sleeping workspace",
            Action::reply(503, "<html><title>Starting workspace</title></html>"),
            "unavailable.starting",
            "workspace is starting",
        ),
        (
            "a gateway without a server",
            Action::reply(502, "<html>Bad gateway</html>"),
            "unavailable.gateway",
            "gateway",
        ),
        (
            "a redirect",
            Action::reply(302, "").header("Location", "https://elsewhere.example.com/x"),
            "protocol.redirect",
            "https://elsewhere.example.com",
        ),
        (
            "a gateway that takes no long requests",
            Action::reply(413, "<html><title>413 Request Entity Too Large</title></html>"),
            "protocol.too_large",
            "client_max_body_size",
        ),
        (
            "too many requests",
            Action::reply(429, "{}").header("Retry-After", "60"),
            "unavailable.rate_limited",
            "limits requests",
        ),
    ];
    for (what, action, reason, telling) in faults {
        server.script(Fault::always("/", action));
        cases.case(what, &with_secret(&server.gateway_url(), &secret), reason, telling);
        server.clear_faults();
    }
    let (_other, address) = raw(RawAction::Answer(not_found_page()));
    let config = with_secret(&format!("http://{address}"), &secret);
    cases.case("another web server's port", &config, "missing.endpoint", "port and base path");
}

fn not_found_page() -> Vec<u8> {
    let page = "<html>404</html>";
    format!("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into()
}

fn with_credentials(cases: &mut Cases) {
    let (old, _) = start("3.10");
    let (new, _) = start("4.2");
    let (at_old, at_new) = (old.gateway_url(), new.gateway_url());
    cases.case("a wrong secret", &with_secret(&at_new, "canarycanarycanary"), "auth.bad_secret", "secret");
    cases.case("a masked secret", &with_secret(&at_old, "can****ary"), "credentials.masked_secret", "masked form");
    cases.case("a wrong password", &with_password(&at_new, "canarycanary"), "auth.bad_password", "password");
    let mut config = with_password(&at_new, "opensesame");
    cases.case("the wrong graph", config.set_graph(Some(b"NoGraph")), "missing.graph", "NoGraph");
    cases.case("no credentials", &Config::new(&at_new), "credentials.none", "no credentials are configured");
    let mut config = Config::new(&at_old);
    config.set_api_token(Some(b"canarycanarycanarycanary"));
    cases.case("a token that the server does not know", &config, "auth.bad_token", "token");
    let expired = "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjEwMDAwMDAwMDAsImV4cCI6MTAwMDAwMzYwMH0.canarycanary";
    let mut config = Config::new(&at_new);
    cases.case("an expired JWT", config.set_jwt(Some(expired.as_bytes())), "auth.token_expired", "new one");
    let mut config = Config::new(&at_new);
    config.set_token_provider(Some(Arc::new(|request: &Arc<ProviderRequest>| {
        request.fail(Reason::AuthBadToken.status() as i32, "the vault is sealed", None).expect("the first answer");
    })));
    cases.case("a token provider that is refused", &config, "provider.refused", "the vault is sealed");
    config.set_token_provider(Some(Arc::new(|_: &Arc<ProviderRequest>| {})));
    cases.case("a token provider without an answer", &config, "provider.unavailable", "without an answer");
    let mut config = with_secret(&at_new, "canarycanary");
    config.set_token_cache(Some(b"/no/such/folder"));
    cases.case("a token cache that cannot be made", &config, "config.file", "no such file");
    let mut config = Config::new(&at_new);
    config.set_jwt(Some(expired.as_bytes())).set_token_cache(Some(b"user"));
    cases.case("a token cache beside a JWT", &config, "config.conflict", "token_cache");
    for _ in 0..6 {
        let connection = Connection::new(&with_password(&at_old, "closesesame")).expect("good settings");
        assert_eq!(connection.get_secrets(None).expect_err("refused").status(), Reason::AuthBadPassword.status());
    }
    cases.case("a user who is locked out", &with_password(&at_old, "opensesame"), "auth.locked_out", "wait before");
    let (server, secret) = start("4.2");
    server.restrict_user("alice", &["OtherGraph"]);
    let config = with_secret(&server.gateway_url(), &secret);
    cases.case("the user may not use the graph", &config, "auth.refused", "no access to graph MyGraph");
}

fn with_oauth2(cases: &mut Cases) {
    let (server, _) = start("4.2");
    let at = |url: &str| {
        let mut config = Config::new(server.gateway_url());
        config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(b"canarycanary")).set_timeouts(400, 2000);
        config
    };
    let (_closed, nowhere) = nowhere();
    let config = at(&format!("http://{nowhere}/token"));
    cases.case("OAuth2: nobody is at the token endpoint", &config, "connect.refused", "authorization server");
    let mut config = at("http://login.example.com/token");
    config.set_allow_http(true);
    cases.case("OAuth2: http to another machine", &config, "config.plain_http", "token endpoint");
    let tls = Tls { ca_pem: String::new(), ..TestCa::new("an authority").tls(&LOOPBACK_NAMES) };
    let private = Standin::start(Options::new("4.2").with_tls(tls)).expect("a stand-in");
    let config = at(&format!("{}/token", private.gateway_url()));
    cases.case("OAuth2: a private CA, not configured", &config, "tls.unknown_issuer", "tg_config_add_ca_file");
    // The same stand-in gives the answers of an authorization server.
    let answers = [
        (
            "OAuth2: the client's secret is wrong",
            Action::reply(401, r#"{"error":"invalid_client"}"#),
            "oauth2.refused",
            "id and secret",
        ),
        (
            "OAuth2: the scope is not allowed",
            Action::reply(400, r#"{"error":"invalid_scope"}"#),
            "oauth2.refused",
            "scope",
        ),
        (
            "OAuth2: the server is busy",
            Action::reply(503, "").header("Retry-After", "60"),
            "oauth2.unavailable",
            "not available",
        ),
        ("OAuth2: a login page", Action::reply(200, "<html>Log in</html>"), "protocol.not_json", "token endpoint"),
        (
            "OAuth2: the wrong address",
            Action::reply(404, "<html>Not found</html>"),
            "protocol.shape",
            "openid-configuration",
        ),
        (
            "OAuth2: TigerGraph does not know the issuer",
            Action::reply(200, r#"{"access_token":"canary-of-nobody-here","token_type":"Bearer"}"#),
            "auth.bad_token",
            "configured to accept tokens of this issuer",
        ),
    ];
    for (what, action, reason, telling) in answers {
        server.script(Fault::always("/oauth2/token", action));
        let config = at(&format!("{}/oauth2/token", server.gateway_url()));
        cases.case(what, &config, reason, telling);
        server.clear_faults();
    }
}

/// What REST++ says where GSQL is not asked in its place.
const NO_REQUESTTOKEN: &str =
    "{\"error\":true,\"code\":\"REST-1000\",\"message\":\"Endpoint is not found from url = /requesttoken\"}";

fn beside_the_point(cases: &mut Cases) {
    let (server, secret) = start("3.10");
    server.set_auth_enabled(false);
    cases.case("authentication is off", &with_secret(&server.gateway_url(), &secret), "", "authentication is off");
    server.set_auth_enabled(true);
    let mut config = with_secret(&server.gateway_url(), &secret);
    config.set_server_version(Some(b"3.1"));
    cases.case("another version than the setting says", &config, "missing.endpoint", "\"server_version\"");
    server.script(Fault::always("/restpp/requesttoken", Action::reply(404, NO_REQUESTTOKEN)));
    let config = with_secret(&server.gateway_url(), &secret);
    cases.case("nothing gives the tokens that REST++ wants", &config, "missing.endpoint", "without one");
    let (server, secret) = start("4.2");
    server.set_clock_offset(86_400);
    cases.case("the clock is a day slow", &with_secret(&server.gateway_url(), &secret), "", "behind the server's");
    server.set_clock_offset(0);
    cases.case("nothing is wrong", &with_secret(&server.gateway_url(), &secret), "", "everything works");
}

fn table(cases: &[Case]) -> String {
    let mut table = String::from(
        "# What a diagnosis says\n\nWritten by `cargo test --test diagnosis`, which makes each of these setups with the \
         stand-in and calls `tg_diagnose`.\n\n| setup | reason | first line of the report |\n|---|---|---|\n",
    );
    for Case { what, said } in cases {
        let reason = if said.reason.is_empty() { "–".to_owned() } else { format!("`{}`", said.reason) };
        table.push_str(&format!("| {what} | {reason} | {} |\n", said.line.replace('|', "\\|")));
    }
    table
}

#[test]
fn each_broken_set_up_has_its_own_first_line() {
    let mut cases = Cases::default();
    for group in
        [on_the_way, in_tls, with_several_servers, at_the_server, with_credentials, with_oauth2, beside_the_point]
    {
        group(&mut cases);
    }
    let mut lines = BTreeMap::new();
    for case in &cases.cases {
        println!("{}: {}", case.what, case.said.line);
    }
    for case in &cases.cases {
        let also = lines.insert(case.said.line.clone(), case.what);
        assert!(also.is_none(), "{:?} and {:?}: {}", also, case.what, case.said.line);
    }
    settle("docs/diagnosis.md", &table(&cases.cases), "cargo test --test diagnosis");
}

/// What a connection knows of a server without authentication is not what a diagnosis says of it.
#[test]
fn authentication_that_is_switched_on_is_seen() {
    let (server, secret) = start("3.10");
    server.set_auth_enabled(false);
    let connection = Connection::new(&with_secret(&server.gateway_url(), &secret)).expect("good settings");
    assert_eq!(connection.authorization().expect("none is needed").value(), "");
    server.set_auth_enabled(true);
    let report = connection.diagnose(false).expect("a report");
    assert!(report.verdict.contains("takes this connection's token"), "{}", report.verdict);
    assert!(!report.text().contains("REST++ authentication: "), "{}", report.text());
}

#[test]
fn one_attempt_with_the_login_and_no_more() {
    for version in ["3.10", "4.2"] {
        let (server, _) = start(version);
        let connection = Connection::new(&with_password(&server.gateway_url(), "canarycanary")).expect("good settings");
        for _ in 0..3 {
            connection.diagnose(false).expect("a report");
        }
        let with_login = |server: &Standin| {
            let carries = |request: &tigergraph_standin::Request| request.header("authorization").is_some();
            server.requests().iter().filter(|request| carries(request)).count()
        };
        assert_eq!(with_login(&server), 1, "{version}");
    }
}

#[test]
fn offline_sends_nothing() {
    let (server, secret) = start("4.2");
    let connection = Connection::new(&with_secret(&server.gateway_url(), &secret)).expect("good settings");
    let report = connection.diagnose(true).expect("a report");
    assert!(report.verdict.starts_with("Nothing was sent") && report.failure.is_none());
    assert_eq!((server.requests().len(), server.connections()), (0, 0));
}

#[test]
fn a_token_beside_a_jwt_is_told_and_which_is_used_first() {
    let told = |api_token: Option<&[u8]>, secret: Option<&[u8]>, jwt: Option<&[u8]>| {
        let mut config = Config::new("http://localhost");
        config.set_api_token(api_token).set_secret(secret).set_jwt(jwt);
        let report = Connection::new(&config).expect("good settings").diagnose(true).expect("a report");
        report.text().matches("an API token and a JWT are set").count()
    };
    let (token, jwt) = (Some(&b"atokenoftg"[..]), Some(&b"ajwtofothers"[..]));
    assert_eq!(told(token, None, jwt), 1);
    assert_eq!([told(token, None, None), told(None, None, jwt), told(token, Some(b"asecretoftg"), None)], [0; 3]);
}

#[test]
fn a_failed_renewal_is_told_also_offline() {
    let (_closed, nowhere) = nowhere();
    let connection = Connection::new(&with_secret(&format!("http://{nowhere}"), "canarycanary")).expect("good");
    connection.authorization().expect_err("nobody is there");
    let report = connection.diagnose(true).expect("a report");
    let warning = report.text().lines().nth(1).unwrap_or_default().to_owned();
    assert!(warning.starts_with("Warning: the last renewal failed 0 s ago"), "{warning}");
    assert!(warning.ends_with("(CONNECT, connect.refused)"), "{warning}");
}

#[test]
fn insecure_tls_is_in_the_first_lines() {
    let server = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let mut config = with_secret(&server.gateway_url(), &server.add_secret("alice", None, "mine"));
    let connection = Connection::new(config.set_insecure_tls(true)).expect("good settings");
    let report = connection.diagnose(false).expect("a report");
    assert!(report.failure.is_none(), "{}", report.text());
    assert!(report.text().lines().nth(1).is_some_and(|line| line.contains("any certificate is accepted")));
}

#[test]
fn a_diagnosis_can_be_cancelled() {
    let (_silent, address) = raw(RawAction::Silence);
    let mut config = Config::new(format!("https://{address}"));
    let connection = Connection::new(config.set_secret(Some(b"canarycanary"))).expect("good settings");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            connection.cancel();
        });
        let started = Instant::now();
        let error = connection.diagnose(false).expect_err("cancelled");
        assert_eq!(error.reason(), Reason::Cancelled);
        assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
    });
}

/// Each of several servers has a step of its own, and one that is not there keeps nobody from working.
#[test]
fn each_of_several_servers_is_connected_to() {
    let (_closed, dead) = nowhere();
    let (first, second) = (format!("http://{dead}"), start("4.2"));
    let third = start("4.2").0;
    let urls = [first.clone(), second.0.gateway_url(), third.gateway_url()];
    let connection = Connection::new(&with_secret(&urls.join(","), &second.1)).expect("good settings");
    let report = connection.diagnose(false).expect("a report");
    let json: Value = serde_json::from_str(&report.json()).expect("JSON");
    let steps = json["steps"].as_array().expect("steps");
    let names: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(names, ["connect", "connect", "connect", "server", "credentials", "database"]);
    let seen: Vec<(&str, &str)> = steps[..3]
        .iter()
        .map(|step| (step["facts"]["server"].as_str().unwrap_or(""), step["outcome"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(seen, [(&*urls[0], "failed"), (&*urls[1], "passed"), (&*urls[2], "passed")]);
    assert_eq!(steps[0]["detail"]["reason"], "connect.refused");
    assert_eq!((&json["ok"], &json["failure"]), (&Value::Bool(true), &Value::Null));
    let warning = json["warnings"][0].as_str().expect("a warning");
    assert_eq!(warning, format!("no connection to {first} (connect.refused); the other servers are used"));
    assert!(report.verdict.contains(&urls[1]), "{}", report.verdict);
    assert_eq!(json["settings"]["host"]["value"], urls.join(","));
    // Connected to, to see that it is there, and nothing sent. The system has accepted the connection before the server does.
    let until = Instant::now() + Duration::from_secs(10);
    while third.connections() == 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!((third.requests().len(), third.connections()), (0, 1));
}
