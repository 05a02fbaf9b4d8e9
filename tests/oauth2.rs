//! OAuth2 client credentials as the login, over real sockets: a token endpoint that answers as it is told, and the
//! stand-in, which accepts the tokens of its issuer. Both count what they are asked.

#[path = "common/token_endpoint.rs"]
mod token_endpoint;
#[path = "common/tunnel.rs"]
mod tunnel;

use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, RefreshOptions, TokenOptions};
use tigergraph_standin::{Issuer, Options, RawAction, RawServer, Standin, TestCa, wall_clock};
use token_endpoint::{Asked, TokenEndpoint, answer, granted, json, refused};

const SECRET: &str = "canary-secret.of_the~client";
/// What servers disagree about.
const ODD_ID: &str = "id+1/ 2%41:3";
const ODD_SECRET: &str = "canary+/ %2B:secret";

fn config(endpoint: &TokenEndpoint) -> Config {
    let mut config = Config::new("http://127.0.0.1:1");
    config.set_oauth2(Some(endpoint.url().as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
    config.set_timeouts(1000, 3000).set_server_version(Some(b"4.2"));
    config
}

fn connect(config: &Config) -> Connection {
    Connection::new(config).expect("good settings")
}

fn parameter(config: &mut Config, name: &str, value: &str) {
    config.set_oauth2_parameter(Some(name.as_bytes()), Some(value.as_bytes()));
}

/// Nobody must ever see the client's secret, nor a parameter's value.
fn fails(connection: &Connection, expected: Reason) -> Error {
    let error = connection.authorization().expect_err("no token");
    assert_eq!(error.reason(), expected, "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    error
}

fn ways(endpoint: &TokenEndpoint) -> Vec<&'static str> {
    endpoint.asked().iter().map(Asked::way).collect()
}

// How the client proves who it is.

/// A server that knows this client, in some ways, with some idea of how the header is decoded.
fn server_for(id: &str, secret: &str, takes: &'static [&'static str], decodes: fn(&str) -> String) -> TokenEndpoint {
    let (id, secret) = (id.to_owned(), secret.to_owned());
    TokenEndpoint::start(None, move |asked| {
        let given = match asked.basic() {
            Some(login) => login.split_once(':').map(|(id, secret)| (decodes(id), decodes(secret))),
            None => asked.member("client_id").zip(asked.member("client_secret")),
        };
        let is_known = given == Some((id.clone(), secret.clone()));
        if is_known && takes.contains(&asked.way()) {
            granted("token-of-the-server", 3600)
        } else {
            refused("invalid_client")
        }
    })
}

fn as_it_is(text: &str) -> String {
    text.to_owned()
}

fn percent(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn percent_and_plus(text: &str) -> String {
    percent(&text.replace('+', " "))
}

const BOTH: &[&str] = &["header", "form"];

#[test]
fn the_secret_is_sent_in_one_way_after_the_other_and_what_worked_is_remembered() {
    type Row = (&'static str, &'static str, &'static [&'static str], fn(&str) -> String, &'static [&'static str]);
    let rows: [Row; 9] = [
        ("client", SECRET, BOTH, percent, &["header"]),
        ("client", SECRET, BOTH, as_it_is, &["header"]),
        ("client", SECRET, &["form"], percent, &["header", "form"]),
        (ODD_ID, ODD_SECRET, BOTH, as_it_is, &["form"]),
        (ODD_ID, "plain", BOTH, percent, &["form"]),
        ("plain", ODD_SECRET, BOTH, percent_and_plus, &["form"]),
        (ODD_ID, ODD_SECRET, &["header"], percent, &["form", "header"]),
        (ODD_ID, ODD_SECRET, &["header"], percent_and_plus, &["form", "header"]),
        ("\u{fc}", "\u{e9}", &["header"], percent, &["form", "header"]),
    ];
    for (id, secret, takes, decodes, expected) in rows {
        let endpoint = server_for(id, secret, takes, decodes);
        let mut config = config(&endpoint);
        config.set_oauth2(Some(endpoint.url().as_bytes()), Some(id.as_bytes()), Some(secret.as_bytes()));
        let connection = connect(&config);
        assert_eq!(connection.authorization().expect("a token").value(), "token-of-the-server", "{id} {takes:?}");
        assert_eq!(ways(&endpoint), expected, "{id} {takes:?}");
        connection.get_token(None, 0, TokenOptions::default()).expect("another");
        assert_eq!(ways(&endpoint)[expected.len()..], expected[expected.len() - 1..], "{id} {takes:?}");
    }
}

#[test]
fn a_client_that_is_refused_in_both_ways_is_asked_for_once_in_each() {
    for (id, expected) in [("client", ["header", "form"]), (ODD_ID, ["form", "header"])] {
        let endpoint = TokenEndpoint::start(None, |_| refused("invalid_client"));
        let mut config = config(&endpoint);
        config.set_oauth2(Some(endpoint.url().as_bytes()), Some(id.as_bytes()), Some(SECRET.as_bytes()));
        let connection = connect(&config);
        let error = fails(&connection, Reason::Oauth2Refused);
        assert_eq!((error.server_code(), error.http_status()), ("invalid_client", 401));
        // Whoever asks again hears the same, and the server nothing.
        for _ in 0..50 {
            let error = fails(&connection, Reason::Oauth2Refused);
            assert!(error.retry_after_ms().is_some_and(|wait| wait > 20_000), "{error:?}");
        }
        assert_eq!(ways(&endpoint), expected);
    }
}

#[test]
fn another_refusal_than_of_the_client_is_the_last_word() {
    for code in ["invalid_scope", "unauthorized_client", "access_denied", "invalid_grant", "invalid_request"] {
        let endpoint = TokenEndpoint::start(None, move |_| refused(code));
        let error = fails(&connect(&config(&endpoint)), Reason::Oauth2Refused);
        assert_eq!(error.server_code(), code);
        assert_eq!(ways(&endpoint), ["header"], "{code}");
    }
}

#[test]
fn the_parameter_client_auth_fixes_the_way() {
    let rows = [("basic", "header", "id%2B1%2F%202%2541%3A3:canary%2B%2F%20%252B%3Asecret"), ("form", "form", "")];
    for (way, place, header) in rows {
        let endpoint = TokenEndpoint::start(None, |_| refused("invalid_client"));
        let mut config = config(&endpoint);
        config.set_oauth2(Some(endpoint.url().as_bytes()), Some(ODD_ID.as_bytes()), Some(ODD_SECRET.as_bytes()));
        parameter(&mut config, "client_auth", way);
        fails(&connect(&config), Reason::Oauth2Refused);
        assert_eq!(ways(&endpoint), [place], "{way}");
        assert_eq!(endpoint.asked()[0].basic().unwrap_or_default(), header);
        assert_eq!(endpoint.asked()[0].member("client_auth"), None, "it is not sent");
    }
    // For servers that do not decode.
    let endpoint = server_for("id+1%41", ODD_SECRET, &["header"], as_it_is);
    let mut config = config(&endpoint);
    config.set_oauth2(Some(endpoint.url().as_bytes()), Some(b"id+1%41"), Some(ODD_SECRET.as_bytes()));
    parameter(&mut config, "client_auth", "basic_raw");
    connect(&config).authorization().expect("a token");
    assert_eq!(ways(&endpoint), ["header"]);
}

#[test]
fn an_assertion_stands_in_place_of_a_secret() {
    let endpoint = TokenEndpoint::start(None, |_| granted("token-of-the-server", 60));
    let mut config = config(&endpoint);
    config.set_oauth2(Some(endpoint.url().as_bytes()), Some(b"client"), None);
    parameter(&mut config, "client_assertion", "canary.of.mine");
    connect(&config).authorization().expect("a token");
    let asked = endpoint.asked();
    assert_eq!((asked.len(), asked[0].way()), (1, "neither"));
    assert_eq!(asked[0].member("client_id").as_deref(), Some("client"));
    assert_eq!(asked[0].member("client_assertion").as_deref(), Some("canary.of.mine"));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(asked[0].member("client_assertion_type").as_deref(), Some(kind));
}

#[test]
fn a_request_is_a_form_with_the_parameters_that_have_a_value() {
    let endpoint = TokenEndpoint::start(None, |_| granted("token-of-the-server", 60));
    let mut config = config(&endpoint);
    let url = format!("{}?tenant=a%2Fb", endpoint.url());
    config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
    for (name, value) in [("scope", ""), ("audience", "a+b c&d=%41"), ("na me", "\u{fc}")] {
        parameter(&mut config, name, value);
    }
    connect(&config).authorization().expect("a token");
    let asked = &endpoint.asked()[0];
    assert_eq!(asked.target, "POST /oauth2/token?tenant=a%2Fb");
    assert_eq!(asked.field("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.field("accept"), Some("application/json"));
    assert!(!asked.body.contains('+'), "some servers do not decode it: {}", asked.body);
    let sent = [("grant_type", "client_credentials"), ("audience", "a+b c&d=%41"), ("na me", "\u{fc}")];
    assert_eq!(asked.form(), sent.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_file_with_the_secret_is_read_for_every_request() {
    use std::os::unix::fs::PermissionsExt as _;
    let endpoint = TokenEndpoint::start(None, |_| granted("token-of-the-server", 60));
    let path = std::env::temp_dir().join(format!("tigergraph-auth-oauth2-{}", std::process::id()));
    let write = |secret: &str, mode| {
        std::fs::write(&path, secret).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    write("first-canary\n", 0o600);
    let mut config = config(&endpoint);
    config.set_oauth2(Some(endpoint.url().as_bytes()), Some(b"client"), None);
    config.set_oauth2_secret_file(Some(path.to_str().expect("UTF-8").as_bytes()));
    let connection = connect(&config);
    let new_token = || connection.get_token(None, 0, TokenOptions::default());
    new_token().expect("a token");
    write("second+canary\n", 0o600);
    new_token().expect("a token");
    write("third-canary\n", 0o644);
    let error = new_token().expect_err("everybody can read it");
    assert_eq!(error.reason(), Reason::ConfigFile, "{error}");
    std::fs::remove_file(&path).expect("it is there");
    let sent: Vec<_> = endpoint.asked().iter().map(|asked| (asked.basic(), asked.member("client_secret"))).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].0.as_deref(), Some("client:first-canary"));
    // What worked goes first, also for a secret for which it would not have.
    assert_eq!(sent[1].0.as_deref(), Some("client:second%2Bcanary"));
}

// What the server answers.

#[test]
fn every_kind_of_failure_has_its_reason_and_number_of_requests() {
    let page = answer(200, "Content-Type: text/html\r\n", "<html>Log in, canary</html>");
    let rows = [
        (page, Reason::ProtocolNotJson, 1),
        (json(200, "{}"), Reason::ProtocolShape, 1),
        (json(200, r#"{"access_token":"x"}"#), Reason::ProtocolShape, 1),
        (json(200, r#"{"access_token":"bad token","token_type":"bearer"}"#), Reason::ProtocolShape, 1),
        (json(200, r#"{"access_token":"token-of-the-server","token_type":"DPoP"}"#), Reason::ProtocolShape, 1),
        (answer(404, "", "<html>canary</html>"), Reason::ProtocolShape, 1),
        (answer(302, "Location: https://elsewhere.example.com/canary\r\n", ""), Reason::ProtocolRedirect, 1),
        (answer(401, "WWW-Authenticate: Basic\r\n", ""), Reason::Oauth2Refused, 1),
        (answer(403, "", "<html>canary</html>"), Reason::Oauth2Refused, 1),
        (answer(503, "Retry-After: 0\r\n", ""), Reason::Oauth2Unavailable, 3),
        (answer(429, "Retry-After: 0\r\n", "{}"), Reason::Oauth2Unavailable, 3),
        (answer(429, "Retry-After: 3000\r\n", "{}"), Reason::Oauth2Unavailable, 1),
        (answer(500, "", "<html>canary</html>"), Reason::Oauth2Unavailable, 2),
        (json(400, r#"{"error":"temporarily_unavailable"}"#), Reason::Oauth2Unavailable, 2),
        (json(500, r#"{"error":"invalid_client"}"#), Reason::Oauth2Unavailable, 2),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(), Reason::ConnectClosed, 2),
        ("SSH-2.0-canary\r\n\r\n".to_owned(), Reason::ProtocolFraming, 1),
        (json(200, &format!("{{\"x\":\"{}\"}}", "y".repeat(70_000))), Reason::ProtocolTooLarge, 1),
    ];
    for (answer, expected, requests) in rows {
        let first_line = answer.lines().next().unwrap_or_default().to_owned();
        let endpoint = TokenEndpoint::start(None, move |_| answer.clone());
        let error = fails(&connect(&config(&endpoint)), expected);
        assert_eq!(endpoint.asked().len(), requests, "{first_line}: {error}");
        if first_line.contains("429") && requests == 1 {
            assert!(error.retry_after_ms().is_some_and(|wait| wait > 2_000_000), "{error:?}");
        }
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let other = TokenEndpoint::start(None, |_| granted("token-of-the-other", 60));
    let location = format!("Location: {}\r\n", other.url());
    for status in [301, 302, 303, 307, 308] {
        let location = location.clone();
        let endpoint = TokenEndpoint::start(None, move |_| answer(status, &location, ""));
        let error = fails(&connect(&config(&endpoint)), Reason::ProtocolRedirect);
        assert!(error.message().contains(&format!("http://127.0.0.1:{}", other.port())), "{error}");
    }
    assert!(other.asked().is_empty());
}

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    let count = AtomicUsize::new(0);
    let endpoint = TokenEndpoint::start(None, move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer(503, "Retry-After: 0\r\n", ""),
        _ => granted("token-of-the-server", 60),
    });
    assert_eq!(connect(&config(&endpoint)).authorization().expect("a token").value(), "token-of-the-server");
    assert_eq!(endpoint.asked().len(), 2);
}

#[test]
fn what_a_server_says_of_the_secret_is_not_shown() {
    let endpoint = TokenEndpoint::start(None, |asked| {
        let header = asked.field("authorization").unwrap_or_default();
        let (login, audience) = (asked.basic().unwrap_or_default(), asked.member("audience").unwrap_or_default());
        let description = format!("{header} and {login} may not ask for {audience}");
        json(400, &serde_json::json!({"error": "invalid_scope", "error_description": description}).to_string())
    });
    let mut config = config(&endpoint);
    parameter(&mut config, "audience", "canary of a parameter");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    config.set_log(Some(Logger::new(
        4,
        Arc::new(move |_: Level, line: &str| log.lock().expect("a log").push(line.to_owned())),
    )));
    let error = fails(&connect(&config), Reason::Oauth2Refused);
    let shown = "Basic <redacted:48> and client:<redacted:27> may not ask for <redacted:21> (HTTP 400)";
    assert!(error.message().ends_with(shown), "{error}");
    let lines = lines.lock().expect("a log").join("\n");
    assert!(lines.contains("token endpoint") && !lines.contains("canary"), "{lines}");
}

// Who is asked.

fn tls_config(endpoint: &TokenEndpoint, ca: Option<&TestCa>) -> Config {
    let mut config = config(endpoint);
    config.set_ca_pem(ca.map(|ca| ca.pem().as_bytes()));
    config
}

#[test]
fn a_ca_of_the_settings_is_trusted_beside_the_systems_and_nothing_else_of_them_counts() {
    let ca = TestCa::new("the authority of the authorization server");
    let tls = ca.tls(&tigergraph_standin::LOOPBACK_NAMES);
    let good = TokenEndpoint::start(Some(&tls), |_| granted("token-of-the-server", 60));
    connect(&tls_config(&good, Some(&ca))).authorization().expect("a token");
    assert_eq!(good.asked().len(), 1);
    // Added files count as well.
    let path = std::env::temp_dir().join(format!("tigergraph-auth-oauth2-ca-{}.pem", std::process::id()));
    std::fs::write(&path, ca.pem()).expect("a file");
    let mut added = tls_config(&good, None);
    added.add_ca_file(Some(path.to_str().expect("UTF-8").as_bytes()));
    connect(&added).authorization().expect("a token");
    assert_eq!(good.asked().len(), 2);
    std::fs::remove_file(&path).expect("it is there");
    // Nobody vouches for it.
    let error = fails(&connect(&tls_config(&good, None)), Reason::TlsUnknownIssuer);
    assert!(!error.hint().contains("pin_sha256") && error.hint().contains("tg_config_add_ca_file"), "{}", error.hint());
    let other = TestCa::new("another authority");
    fails(&connect(&tls_config(&good, Some(&other))), Reason::TlsUnknownIssuer);
    // What is said of TigerGraph's server holds for that one alone.
    let mut insecure = tls_config(&good, None);
    insecure.set_insecure_tls(true);
    fails(&connect(&insecure), Reason::TlsUnknownIssuer);
    let mut pinned = tls_config(&good, Some(&ca));
    pinned.set_pin_sha256(Some(b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    connect(&pinned).authorization().expect("the pin is another server's");
    assert_eq!(good.asked().len(), 3, "refused before anything was sent");
}

/// The system's trust store is what `SSL_CERT_FILE` names, beside the CA setting too.
#[test]
fn the_systems_trust_store_counts_beside_a_ca_of_the_settings() {
    let name = "the_systems_trust_store_counts_beside_a_ca_of_the_settings";
    let path = std::env::temp_dir().join(format!("tigergraph-auth-oauth2-store-{}.pem", std::process::id()));
    if std::env::var_os("OAUTH2_CHILD").is_none() {
        let ca = TestCa::new("an authority of the system");
        let endpoint = TokenEndpoint::start(Some(&ca.tls(&tigergraph_standin::LOOPBACK_NAMES)), |_| {
            granted("token-of-the-server", 60)
        });
        std::fs::write(&path, ca.pem()).expect("a file");
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", name, "--nocapture"]).env("SSL_CERT_FILE", &path).env_remove("SSL_CERT_DIR");
        let output = child.env("OAUTH2_CHILD", endpoint.url()).output().expect("itself");
        std::fs::remove_file(&path).expect("it is there");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        assert_eq!(endpoint.asked().len(), 2, "{said}");
        return;
    }
    let url = std::env::var("OAUTH2_CHILD").expect("an address");
    let other = TestCa::new("the authority of TigerGraph's server");
    for ca in [None, Some(other.pem().as_bytes())] {
        let mut config = Config::new("https://127.0.0.1:1");
        config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(SECRET.as_bytes())).set_ca_pem(ca);
        connect(&config).authorization().expect("a token");
    }
}

#[test]
fn neither_a_certificate_in_the_ca_setting_nor_a_common_name_vouches_for_a_token_endpoint() {
    let ca = TestCa::new("the authority of the authorization server");
    let itself = ca.leaf(&["127.0.0.1"]);
    let pem = itself.chain_pem.clone();
    let endpoint = TokenEndpoint::start(Some(&ca.tls_of(itself)), |_| granted("token-of-the-server", 60));
    let mut config = tls_config(&endpoint, None);
    config.set_ca_pem(Some(pem.as_bytes()));
    fails(&connect(&config), Reason::TlsUnknownIssuer);
    assert!(endpoint.asked().is_empty());
    let by_name = ca.tls_of(ca.leaf_by_common_name("127.0.0.1"));
    let endpoint = TokenEndpoint::start(Some(&by_name), |_| granted("token-of-the-server", 60));
    fails(&connect(&tls_config(&endpoint, Some(&ca))), Reason::TlsNoName);
    assert!(endpoint.asked().is_empty());
}

#[test]
fn the_client_certificate_is_not_shown_to_a_token_endpoint() {
    let ca = TestCa::new("an authority");
    let tls = ca.tls(&tigergraph_standin::LOOPBACK_NAMES).require_client(&ca);
    let endpoint = TokenEndpoint::start(Some(&tls), |_| granted("token-of-the-server", 60));
    let leaf = ca.leaf(&["client"]);
    let base = std::env::temp_dir().join(format!("tigergraph-auth-oauth2-client-{}", std::process::id()));
    let (cert, key) = (base.with_extension("crt"), base.with_extension("key"));
    std::fs::write(&cert, leaf.chain_pem).expect("a file");
    std::fs::write(&key, leaf.key_pem).expect("a file");
    let mut config = tls_config(&endpoint, Some(&ca));
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").as_bytes().to_vec();
    config.set_client_cert(Some(&path(&cert)), Some(&path(&key)));
    let error = fails(&connect(&config), Reason::TlsClientCertificate);
    assert!(!error.hint().contains("tg_config_set_client_cert"), "{}", error.hint());
    assert!(endpoint.asked().is_empty());
    for path in [cert, key] {
        std::fs::remove_file(path).expect("it is there");
    }
}

#[test]
fn failures_on_the_way_keep_their_reasons_and_name_the_endpoint() {
    let nobody = tigergraph_standin::ClosedPort::new().expect("a port");
    let at = |url: &str| {
        let mut config = Config::new("http://127.0.0.1:1");
        config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
        config.set_timeouts(300, 3000);
        connect(&config)
    };
    let url = format!("http://127.0.0.1:{}/token", nobody.port());
    let error = fails(&at(&format!("{url}?key=canary")), Reason::ConnectRefused);
    assert!(error.message().contains(&url) && !error.hint().contains("14240"), "{error} {}", error.hint());
    fails(&at("https://no-such-host.invalid/token"), Reason::ConnectDns);
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its address").port();
    fails(&at(&format!("https://127.0.0.1:{port}/token")), Reason::TimeoutTls);
    let plain = RawServer::start(RawAction::Answer(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).expect("a port");
    fails(&at(&format!("https://127.0.0.1:{}/token", plain.port())), Reason::TlsProtocol);
    fails(&at(&TokenEndpoint::start(None, |_| String::new()).url()), Reason::TimeoutResponse);
}

#[test]
fn a_cancelled_call_ends_at_once() {
    let endpoint = TokenEndpoint::start(None, |_| String::new());
    let mut config = config(&endpoint);
    config.set_timeouts(1000, 30_000);
    let connection = Arc::new(connect(&config));
    for renews in [true, false] {
        let caller = std::thread::spawn({
            let connection = connection.clone();
            move || match renews {
                true => connection.authorization().map(drop),
                false => connection.get_token(None, 0, TokenOptions::default()).map(drop),
            }
        });
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        connection.cancel();
        let error = caller.join().expect("no panic").expect_err("it was cancelled");
        assert_eq!(error.reason(), Reason::Cancelled, "{error}");
        assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    }
}

#[test]
fn the_proxy_leads_to_the_token_endpoint_as_well() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("its address"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let log = log.clone();
            std::thread::spawn(move || {
                let Some(head) = tunnel::read_head(&mut client, |_| ()) else { return };
                log.lock().expect("a log").push(head.clone());
                std::io::Write::write_all(&mut client, b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .expect("a client");
                tunnel::join(client, &head);
            });
        }
    });
    let endpoint = TokenEndpoint::start(None, |_| granted("token-of-the-server", 60));
    let mut config = config(&endpoint);
    config.set_proxy(Some(proxy.as_bytes()));
    connect(&config).authorization().expect("a token");
    let heard = heard.lock().expect("a log").concat();
    assert!(heard.starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", endpoint.port())), "{heard}");
    assert!(!heard.contains("canary") && !heard.contains("Y2Fu"), "{heard}");
}

// The tokens.

#[test]
fn a_token_lives_as_long_as_the_answer_says_or_else_as_it_says_itself() {
    let issuer = Issuer::new("https://login.example.com");
    let jwt = issuer.token("alice", wall_clock(), 600);
    let body = |more: &str| format!(r#"{{"access_token":"{jwt}","token_type":"bearer"{more}}}"#);
    let rows = [
        (body(r#","expires_in":120"#), 120),
        (body(r#","expires_in":"120""#), 120),
        (body(""), 600),
        (body(r#","expires_in":"soon""#), 600),
        (body(r#","expires_in":null"#), 600),
        (body(r#","expires_in":119.5"#), 119),
    ];
    for (body, lifetime) in rows {
        let shown = body.split("bearer").nth(1).unwrap_or_default().to_owned();
        let endpoint = TokenEndpoint::start(None, move |_| json(200, &body));
        let token = connect(&config(&endpoint)).authorization().expect("a token");
        let left = token.expires_at() - wall_clock();
        assert!((lifetime - 3..=lifetime + 1).contains(&left), "{left} {shown}");
    }
    let endpoint =
        TokenEndpoint::start(None, |_| json(200, r#"{"access_token":"nobody-knows-it","token_type":"bearer"}"#));
    let token = connect(&config(&endpoint)).authorization().expect("a token");
    assert_eq!((token.expires_at(), token.expiration()), (0, ""));
    // By the clock of the server, the token is dead already.
    let dead = issuer.token("alice", wall_clock() - 900, 600);
    let endpoint = TokenEndpoint::start(None, move |_| {
        let body = format!(r#"{{"access_token":"{dead}","token_type":"bearer"}}"#);
        answer(200, &format!("Date: {}\r\n", http_date(wall_clock())), &body)
    });
    let error = connect(&config(&endpoint)).authorization().expect_err("it is over");
    assert_eq!(error.reason(), Reason::ProtocolShape);
    assert!(error.message().contains("the token endpoint gave has expired"), "{error}");
    assert!(error.hint().contains("authorization server"), "{}", error.hint());
}

fn http_date(time: i64) -> String {
    let time = jiff::Timestamp::from_second(time).expect("a time");
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// TigerGraph, an authorization server that it trusts, and a client of both.
struct World {
    standin: Arc<Standin>,
    issuer: Arc<Mutex<Issuer>>,
    endpoint: TokenEndpoint,
    lifetime_s: Arc<AtomicI64>,
}

impl World {
    fn start(version: &str) -> World {
        let standin = Arc::new(Standin::start(Options::new(version)).expect("a stand-in"));
        standin.add_user("alice", "password", false);
        let issuer = Issuer::new("https://login.example.com");
        standin.trust_issuer(&issuer);
        let (issuer, lifetime_s) = (Arc::new(Mutex::new(issuer)), Arc::new(AtomicI64::new(3600)));
        let (signs, lives) = (issuer.clone(), lifetime_s.clone());
        let endpoint = TokenEndpoint::start(None, move |_| {
            let lifetime_s = lives.load(Ordering::SeqCst);
            granted(&signs.lock().expect("a key").token("alice", wall_clock(), lifetime_s), lifetime_s)
        });
        World { standin, issuer, endpoint, lifetime_s }
    }

    fn config(&self) -> Config {
        let mut config = config(&self.endpoint);
        let mut own = Config::new(self.standin.gateway_url());
        std::mem::swap(&mut config, &mut own);
        config.set_oauth2(Some(self.endpoint.url().as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
        config.set_timeouts(1000, 5000);
        config
    }

    fn connect(&self) -> Connection {
        connect(&self.config())
    }

    fn tokens(&self) -> usize {
        self.endpoint.asked().len()
    }

    /// The issuer signs with another key from now on, and tokens of the old one are refused.
    fn rotate(&self) {
        let issuer = Issuer::new("https://login.example.com");
        self.standin.trust_issuer(&issuer);
        *self.issuer.lock().expect("a key") = issuer;
    }
}

#[test]
fn one_token_serves_the_database_and_the_gateway() {
    let world = World::start("4.2");
    let connection = world.connect();
    assert!(connection.server_version().is_ok());
    connection.create_secret(Some("s1"), None, None).expect("a secret");
    let secrets = connection.get_secrets(None).expect("secrets");
    assert_eq!(secrets.iter().map(|secret| secret.alias.as_str()).collect::<Vec<_>>(), ["s1"]);
    let token = connection.authorization().expect("a token");
    assert!(connection.check_token(&token).expect("an answer"));
    assert_eq!(world.tokens(), 1, "one token for all of it");
    let sent = world.standin.requests();
    let logins: Vec<&str> = sent.iter().filter_map(|request| request.header("authorization")).collect();
    assert!(logins.len() >= 3 && logins.iter().all(|login| *login == token.header()), "{logins:?}");
    assert!(sent.iter().all(|request| !request.text().contains("canary")), "the client's secret goes nowhere else");
}

/// Connections find each other's tokens in the cache, if all that says what these are for is the same.
#[test]
fn clients_share_their_tokens_by_the_cache() {
    let world = World::start("4.2");
    let folder = std::env::temp_dir().join(format!("tigergraph-auth-oauth2-cache-{}", std::process::id()));
    let url = world.endpoint.url();
    let token = |id: &str, secret: &str, scope: &str| {
        let mut config = world.config();
        config.set_oauth2(Some(url.as_bytes()), Some(id.as_bytes()), Some(secret.as_bytes()));
        parameter(&mut config, "scope", scope);
        config.set_token_cache(Some(folder.as_os_str().as_encoded_bytes()));
        let token = connect(&config).authorization().expect("a token");
        (token.value().to_owned(), world.tokens())
    };
    let (first, _) = token("client", SECRET, "read");
    assert_eq!(token("client", SECRET, "read"), (first, 1));
    for (asked, (id, secret, scope)) in
        [("other", SECRET, "read"), ("client", "canary-of-somebody-else", "read"), ("client", SECRET, "write")]
            .into_iter()
            .enumerate()
    {
        assert_eq!(token(id, secret, scope).1, asked + 2, "{id} {scope}");
    }
    assert_eq!(token("client", SECRET, "read").1, 4, "the first is still there");
    std::fs::remove_dir_all(&folder).expect("a folder");
}

#[test]
fn what_the_token_endpoint_was_asked_is_counted() {
    let world = World::start("4.2");
    let connection = world.connect();
    connection.authorization().expect("a token");
    connection.get_token(None, 0, TokenOptions::default()).expect("another");
    let report = connection.diagnose(true).expect("a report").json();
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let counts = ["requests", "tokens", "renewals"].map(|name| report["counters"][name].as_u64());
    assert_eq!(counts, [Some(2), Some(2), Some(1)], "{report}");
}

/// It is the same for all of them, and its failures say nothing about any.
#[test]
fn a_token_endpoint_that_is_not_there_leads_to_no_other_server() {
    let nobody = tigergraph_standin::ClosedPort::new().expect("a port");
    let standins = [(); 2].map(|()| Standin::start(Options::new("4.2")).expect("a stand-in"));
    let mut config = Config::new(standins.each_ref().map(|standin| standin.gateway_url()).join(","));
    let url = format!("http://127.0.0.1:{}/token", nobody.port());
    config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
    config.set_timeouts(1000, 5000).set_server_version(Some(b"4.2"));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    config.set_log(Some(Logger::new(
        Level::Info as i32,
        Arc::new(move |_, line: &str| log.lock().expect("a log").push(line.to_owned())),
    )));
    let connection = connect(&config);
    let error = connection.get_secrets(None).expect_err("no token");
    assert_eq!(error.reason(), Reason::ConnectRefused, "{error}");
    assert!(error.message().contains(&url) && !error.message().contains("tried before"), "{error}");
    assert_eq!(standins.each_ref().map(|standin| standin.requests().len()), [0, 0]);
    // There is no other one of those, so it is tried again, as with one server.
    let lines = lines.lock().expect("a log").clone();
    assert!(lines.iter().any(|line| line.contains("connect.refused") && line.contains("trying again")), "{lines:?}");
    // Neither is left alone for it.
    assert_eq!(
        connection.urls().get(tigergraph_auth::unversioned::endpoint::Server::Gateway),
        standins[0].gateway_url()
    );
}

#[test]
fn a_token_that_a_server_refuses_is_replaced_once() {
    type Ask = fn(&Connection) -> Result<(), Error>;
    let database: Ask = |connection| connection.server_version().map(drop);
    let gateway: Ask = |connection| connection.get_secrets(None).map(drop);
    for ask in [database, gateway] {
        let world = World::start("4.2");
        let connection = world.connect();
        ask(&connection).expect("an answer");
        let first = connection.authorization().expect("a token");
        world.rotate();
        ask(&connection).expect("an answer to another token");
        assert_ne!(connection.authorization().expect("a token").value(), first.value());
        assert_eq!(world.tokens(), 2);
    }
    // The program's own rejection.
    let world = World::start("4.2");
    let connection = world.connect();
    connection.reject_token(&connection.authorization().expect("a token"));
    connection.authorization().expect("another");
    assert_eq!(world.tokens(), 2);
}

#[test]
fn a_token_is_renewed_in_time_by_one_request_however_many_ask() {
    let world = World::start("4.2");
    world.lifetime_s.store(4, Ordering::SeqCst);
    let connection = Arc::new(world.connect());
    let began = Instant::now();
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let connection = connection.clone();
            std::thread::spawn(move || {
                while began.elapsed() < Duration::from_secs(7) {
                    let token = connection.authorization().expect("a token");
                    assert!(token.expires_at() >= wall_clock(), "one that had ended was handed out");
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        })
        .collect();
    callers.into_iter().for_each(|caller| caller.join().expect("no panic"));
    assert!((2..=4).contains(&world.tokens()), "{} tokens in 7 s", world.tokens());
}

#[test]
fn what_such_a_login_cannot_do_is_refused_before_anything_is_sent() {
    let world = World::start("4.2");
    let connection = world.connect();
    let reason = |outcome: Result<Arc<tigergraph_auth::Token>, Error>| outcome.expect_err("no token").reason();
    let get =
        |lifetime_s, global| connection.get_token(None, lifetime_s, TokenOptions { global, ..TokenOptions::default() });
    assert_eq!(reason(get(60, false)), Reason::ArgumentRange);
    assert_eq!(reason(get(0, true)), Reason::ArgumentFlags);
    let refresh =
        |or_new| connection.refresh_token(None, None, 0, RefreshOptions { or_new, ..RefreshOptions::default() });
    assert_eq!(reason(refresh(false)), Reason::UnsupportedRefresh);
    assert_eq!((world.tokens(), world.standin.requests().len()), (0, 0));
    let token = refresh(true).expect("a new one");
    assert_eq!(world.tokens(), 1);
    assert_ne!(get(0, false).expect("a new one").value(), token.value());
    assert_eq!(world.tokens(), 2);
}

#[test]
fn a_diagnosis_looks_at_the_token_endpoint() {
    let world = World::start("4.2");
    let report = world.connect().diagnose(false).expect("a report");
    let told: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
    let step = |told: &serde_json::Value, name: &str| {
        let steps = told["steps"].as_array().expect("steps").clone();
        steps.into_iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name}: {told}"))
    };
    assert_eq!(step(&told, "token_endpoint")["outcome"], "passed", "{told}");
    assert!(report.text().contains("everything works"), "{}", report.text());
    assert!(report.text().contains(&world.endpoint.url()), "{}", report.text());
    assert!(!report.text().contains("canary") && !report.json().contains("canary"));
    // Nobody is there.
    let nobody = tigergraph_standin::ClosedPort::new().expect("a port");
    let mut config = world.config();
    let url = format!("http://127.0.0.1:{}/token", nobody.port());
    config.set_oauth2(Some(url.as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
    let connection = connect(&config);
    let report = connection.diagnose(false).expect("a report");
    let verdict = report.text().lines().next().unwrap_or_default().to_owned();
    assert!(verdict.contains(&url), "{verdict}");
    let told: serde_json::Value = serde_json::from_str(&report.json()).expect("JSON");
    assert_eq!(step(&told, "token_endpoint")["detail"]["reason"], "connect.refused", "{told}");
    assert_eq!(step(&told, "credentials")["outcome"], "skipped", "{told}");
    let offline = connection.diagnose(true).expect("a report");
    assert!(offline.json().contains("token_endpoint"), "{}", offline.json());
}

/// What TigerGraph's server shows says nothing about the authorization server.
#[test]
fn a_diagnosis_shows_no_pin_of_another_server() {
    let (own, other) = (TestCa::new("the authority of TigerGraph"), TestCa::new("another authority"));
    let tls = |ca: &TestCa| ca.tls(&tigergraph_standin::LOOPBACK_NAMES);
    let standin = Standin::start(Options::new("4.2").with_tls(tls(&own))).expect("a stand-in");
    let endpoint = TokenEndpoint::start(Some(&tls(&other)), |_| granted("token-of-the-server", 60));
    let mut config = Config::new(standin.gateway_url());
    config.set_oauth2(Some(endpoint.url().as_bytes()), Some(b"client"), Some(SECRET.as_bytes()));
    config.set_ca_pem(Some(own.pem().as_bytes())).set_timeouts(1000, 5000);
    let report = connect(&config).diagnose(false).expect("a report").text();
    let verdict = report.lines().next().unwrap_or_default();
    assert!(verdict.contains(&endpoint.url()) && verdict.contains("another authority"), "{verdict}");
    assert!(!verdict.contains("pin of the key"), "{verdict}");
    // TigerGraph's own is shown where it is what is wrong.
    config.set_ca_pem(Some(other.pem().as_bytes()));
    let report = connect(&config).diagnose(false).expect("a report").text();
    let verdict = report.lines().next().unwrap_or_default();
    assert!(verdict.contains("the authority of TigerGraph") && verdict.contains("The pin of the key"), "{verdict}");
}

#[test]
fn servers_before_4_1_take_no_such_token() {
    let world = World::start("3.10");
    let error = world.connect().get_secrets(None).expect_err("no such login");
    assert_eq!(error.reason(), Reason::UnsupportedServer, "{error}");
    // The database may have been told to trust the authorization server.
    assert!(world.connect().authorization().is_ok_and(|token| token.header().starts_with("Bearer ")));
}
