//! Every operation on every generation, against the stand-in: results, requests, credentials.

use tigergraph_auth::{
    Config, Connection, Reason, RefreshOptions, Result, Server as Part, Status, TokenOptions, is_token_refused,
};
use tigergraph_standin::{Options, Request, Standin, wall_clock};

/// One version of each kind of server.
const VERSIONS: [&str; 7] = ["2.6", "3.1.4", "3.4", "3.10", "4.1.0", "4.2", "5.0"];

/// Those that give tokens for user and password; 2.6 wants a secret.
const PASSWORD_VERSIONS: [&str; 6] = ["3.1.4", "3.4", "3.10", "4.1.0", "4.2", "5.0"];

fn is_rest(version: &str) -> bool {
    version >= "4"
}

struct Server {
    standin: Standin,
    version: &'static str,
}

impl Server {
    fn start(version: &'static str) -> Server {
        Server { standin: Standin::start(Options::new(version)).expect("a stand-in"), version }
    }

    fn with(options: Options, version: &'static str) -> Server {
        Server { standin: Standin::start(options).expect("a stand-in"), version }
    }

    fn config(&self) -> Config {
        let mut config = Config::new(self.standin.gateway_url());
        config.set_graph(Some(b"MyGraph"));
        config
    }

    fn login(&self) -> Config {
        let mut config = self.config();
        config.set_password(Some(b"alice"), Some(b"opensesame"));
        config
    }

    fn connect(&self, config: &Config) -> Connection {
        Connection::new(config).expect("good settings")
    }

    /// A connection that has asked what the server is, and a log that begins after that.
    fn warm(&self, config: &Config) -> Connection {
        let connection = self.connect(config);
        let secret = self.secret("warm");
        connection.get_token(Some(&secret), 0, KEEP).expect("a token");
        self.standin.take_requests();
        connection
    }

    fn secret(&self, alias: &str) -> String {
        let graph = (!is_rest(self.version)).then_some("MyGraph");
        self.standin.add_secret("alice", graph, alias)
    }
}

const KEEP: TokenOptions = TokenOptions { keep_current: true, global: false };
const MAKE_CURRENT: TokenOptions = TokenOptions { keep_current: false, global: false };

fn query(request: &Request) -> &str {
    request.query.as_deref().unwrap_or_default()
}

fn shapes(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// Credentials that a request carries, each with where it is.
fn carried(request: &Request, credentials: &[&str]) -> Vec<&'static str> {
    let mut places = Vec::new();
    if request.header("authorization").is_some() {
        places.push("header");
    }
    if credentials.iter().any(|credential| request.text().contains(credential)) {
        places.push("body");
    }
    if credentials.iter().any(|credential| query(request).contains(credential) || request.path.contains(credential)) {
        places.push("url");
    }
    places
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> Reason {
    result.expect_err("a failure").reason()
}

#[test]
fn a_token_by_secret_takes_one_request_with_one_credential() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.config());
        let secret = server.secret("mine");
        let token = connection.get_token(Some(&secret), 3600, MAKE_CURRENT).expect(version);
        let requests = server.standin.take_requests();
        let expected = match version {
            "2.6" | "3.1.4" => "GET /restpp/requesttoken",
            "3.4" | "3.10" => "POST /restpp/requesttoken",
            _ => "POST /gsql/v1/tokens",
        };
        assert_eq!(shapes(&requests), [expected], "{version}");
        let place = if matches!(version, "2.6" | "3.1.4") { "url" } else { "body" };
        assert_eq!(carried(&requests[0], &[&secret]), [place], "{version}");
        let lifetime = token.expires_at() - wall_clock();
        assert!((3590..=3610).contains(&lifetime), "{version}: {lifetime}");
        assert_eq!(token.header(), format!("Bearer {}", token.value()));
        assert_eq!(connection.current_token().expect("a token").value(), token.value());
    }
}

#[test]
fn finding_the_generation_costs_one_request_without_credential() {
    for version in ["3.10", "4.1.0", "4.2", "5.0"] {
        let server = Server::start(version);
        let secret = server.secret("mine");
        let connection = server.connect(&server.config());
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        let requests = server.standin.take_requests();
        // Before 4.1 a second question tells in which form a token is to be asked for.
        assert_eq!(requests.len(), if is_rest(version) { 2 } else { 3 }, "{version}: {:?}", shapes(&requests));
        for request in &requests[..requests.len() - 1] {
            assert_eq!(carried(request, &[&secret]), Vec::<&str>::new(), "{version}");
        }
        assert_eq!(server.standin.connections(), 1, "{version}");
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        assert_eq!(server.standin.take_requests().len(), 1, "{version}");
    }
}

#[test]
fn older_servers_are_told_apart_once() {
    for version in ["2.6", "3.1.4", "3.4"] {
        let server = Server::start(version);
        let secret = server.secret("mine");
        let connection = server.connect(&server.config());
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        let requests = server.standin.take_requests();
        // Before 3.2 there is no POST, which is tried before the secret goes into a URL.
        let carriers = requests.iter().filter(|request| !carried(request, &[&secret]).is_empty()).count();
        let expected = if version == "3.4" { (3, 1) } else { (4, 2) };
        assert_eq!((requests.len(), carriers), expected, "{version}: {:?}", shapes(&requests));
        connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        assert_eq!(server.standin.take_requests().len(), 1, "{version}");
    }
}

#[test]
fn a_configured_version_is_never_asked_for() {
    for version in VERSIONS {
        let server = Server::start(version);
        let secret = server.secret("mine");
        let mut config = server.config();
        config.set_server_version(Some(version.as_bytes()));
        server.connect(&config).get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        let requests = server.standin.take_requests();
        assert_eq!(requests.len(), 1, "{version}: {:?}", shapes(&requests));
    }
}

/// What the setting may say, in the order of the forms in which these versions are asked for tokens.
const TOLD: [(&str, u8); 7] = [("2.6", 0), ("3.1", 0), ("3.2", 1), ("3.4", 1), ("3.10", 2), ("4.1", 3), ("4.2", 3)];
const REAL: [(&str, u8); 7] = [("2.6", 0), ("3.1.4", 0), ("3.4", 1), ("3.10", 2), ("4.1.0", 3), ("4.2", 3), ("5.0", 3)];

/// An operation that takes nothing, and how long what it gives is.
type Tried = (&'static str, fn(&Connection) -> Result<usize>);

const TRIED: [Tried; 6] = [
    ("authorization", |connection| connection.authorization().map(|token| token.value().len())),
    ("get", |connection| connection.get_token(None, 600, KEEP).map(|token| token.value().len())),
    ("refresh", |connection| {
        let refreshed = connection.refresh_token(None, Some("unknown-token"), 600, RefreshOptions::default());
        refreshed.map(|token| token.value().len())
    }),
    ("delete", |connection| connection.delete_token(None, Some("unknown-token"), false).map(|()| 1)),
    ("check", |connection| connection.check_jwt_token("e30.e30.wrong").map(|_| 1)),
    ("list", |connection| connection.get_secrets(None).map(|secrets| secrets.len())),
];

/// A server with this version in the settings, for a login by secret and one by password.
fn told(real: &'static str, version: &str, auth: bool) -> (Server, [Connection; 2]) {
    let server = Server::with(Options::new(real).auth(auth), real);
    let secret = server.secret("mine");
    let mut by_secret = server.config();
    by_secret.set_secret(Some(secret.as_bytes()));
    let connections = [by_secret, server.login()].map(|mut config| {
        config.set_server_version(Some(version.as_bytes()));
        server.connect(&config)
    });
    (server, connections)
}

/// A setting that is wrong never means that no token is needed.
#[test]
fn a_wrong_version_is_no_lack_of_authentication() {
    for (real, real_form) in REAL {
        for (version, form) in TOLD {
            let (_server, connections) = told(real, version, true);
            for (connection, (what, run)) in connections.iter().flat_map(|c| TRIED.map(|tried| (c, tried))) {
                let what = format!("{real}, told {version}: {what}");
                match run(connection) {
                    Ok(length) => assert!(length > 0, "{what}"),
                    Err(error) => {
                        assert_ne!(error.reason(), Reason::AuthDisabled, "{what}: {error}");
                        // That a token is unknown is true whatever was told.
                        let is_true = form == real_form || error.reason() == Reason::MissingToken;
                        assert!(is_true || error.hint().contains("\"server_version\""), "{what}: {}", error.hint());
                    }
                }
            }
            for connection in connections {
                let verdict = connection.diagnose(false).expect("a report").verdict;
                assert!(!verdict.contains("needs no token"), "{real}, told {version}: {verdict}");
            }
        }
    }
}

/// Where it is off that is believed, and asked for once.
#[test]
fn authentication_that_is_off_is_told_with_a_configured_version() {
    for version in ["3.1.4", "3.4", "3.10"] {
        let (server, connections) = told(version, version, false);
        for connection in connections {
            for _ in 0..2 {
                assert_eq!(connection.authorization().expect(version).value(), "", "{version}");
            }
            let requests = server.standin.take_requests();
            assert_eq!(requests.len(), 2, "{version}: {:?}", shapes(&requests));
            assert_eq!(
                (&*requests[1].path, requests[1].header("authorization")),
                ("/restpp/version", None),
                "{version}"
            );
            assert_eq!(reason(connection.get_token(None, 0, KEEP)), Reason::AuthDisabled, "{version}");
            let verdict = connection.diagnose(false).expect("a report").verdict;
            assert!(verdict.contains("needs no token"), "{version}: {verdict}");
            server.standin.take_requests();
        }
    }
}

#[test]
fn version_4_0_is_taken_for_what_it_answers() {
    for kind in ["b", "c"] {
        let server = Server::with(Options::new("4.0").switch("version-4.0", kind), "4.0");
        let mut config = server.login();
        config.set_server_version(Some(b"4.0"));
        let connection = server.connect(&config);
        assert_eq!(connection.get_secrets(None).expect(kind).len(), 0, "{kind}");
        let secret = connection.create_secret(Some("a"), None, None).expect(kind);
        assert!(connection.get_token(Some(secret.value.reveal()), 0, MAKE_CURRENT).is_ok(), "{kind}");
        assert_eq!(connection.get_secrets(None).expect(kind).len(), 1, "{kind}");
        assert_eq!(connection.drop_secrets(&["a"], None, false).expect(kind), 1, "{kind}");
    }
}

#[test]
fn a_token_by_password_takes_one_request() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let token = connection.get_token(None, 600, MAKE_CURRENT).expect(version);
        let requests = server.standin.take_requests();
        assert_eq!(requests.len(), 1, "{version}: {:?}", shapes(&requests));
        assert_eq!(carried(&requests[0], &["opensesame"]), ["header"], "{version}");
        assert!(token.expires_at() > wall_clock() + 590, "{version}");
    }
}

#[test]
fn before_3_1_4_a_token_wants_a_secret() {
    let server = Server::start("2.6");
    let connection = server.warm(&server.login());
    let error = connection.get_token(None, 600, MAKE_CURRENT).expect_err("no secret");
    assert_eq!(error.reason(), Reason::AuthRefused, "{error}");
    assert!(error.hint().contains("before 3.1.4 gives tokens for a secret only"), "{}", error.hint());
    assert_eq!(server.standin.take_requests().len(), 1);
    // Nobody has judged anything there.
    server.standin.set_auth_enabled(false);
    let error = connection.refresh_token(None, Some("unknown-token"), 0, RefreshOptions::default()).expect_err("off");
    assert_eq!((error.reason(), error.hint()), (Reason::AuthDisabled, Reason::AuthDisabled.hint()));
}

#[test]
fn the_current_token_is_kept_on_request() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let first = connection.get_token(None, 0, MAKE_CURRENT).expect(version);
        let second = connection.get_token(None, 0, KEEP).expect(version);
        assert_ne!(first.value(), second.value(), "{version}");
        assert_eq!(connection.current_token().expect(version).value(), first.value(), "{version}");
    }
}

#[test]
fn refresh_prolongs_before_4_1_and_is_refused_after() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.config());
        let secret = server.secret("mine");
        let old = connection.get_token(Some(&secret), 60, MAKE_CURRENT).expect(version);
        server.standin.take_requests();
        let refreshed = connection.refresh_token(Some(&secret), None, 7200, RefreshOptions::default());
        let requests = server.standin.take_requests();
        if is_rest(version) {
            assert_eq!(reason(refreshed), Reason::UnsupportedRefresh, "{version}");
            assert_eq!(requests.len(), 0, "{version}");
            let or_new = RefreshOptions { or_new: true, ..RefreshOptions::default() };
            let new = connection.refresh_token(Some(&secret), None, 7200, or_new).expect(version);
            assert_ne!(new.value(), old.value(), "{version}");
            assert_eq!(shapes(&server.standin.take_requests()), ["POST /gsql/v1/tokens"], "{version}");
        } else {
            let refreshed = refreshed.expect(version);
            assert_eq!(refreshed.value(), old.value(), "{version}");
            // The documented bug of 3.2 to 3.4 tells the lifetime instead of the time.
            assert!(refreshed.expires_at() > wall_clock() + 7000, "{version}");
            assert_eq!(shapes(&requests), ["PUT /restpp/requesttoken"], "{version}");
            let unknown = connection.refresh_token(Some(&secret), Some("unknown-token"), 0, RefreshOptions::default());
            assert_eq!(reason(unknown), Reason::AuthBadToken, "{version}");
        }
    }
}

#[test]
fn delete_ends_and_forgets_a_token() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.config());
        let secret = server.secret("mine");
        let token = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        server.standin.take_requests();
        connection.delete_token(Some(&secret), Some(token.value()), false).expect(version);
        let requests = server.standin.take_requests();
        assert_eq!(requests.len(), 1, "{version}: {:?}", shapes(&requests));
        assert_eq!(requests[0].method, "DELETE", "{version}");
        assert_eq!(reason(connection.current_token()), Reason::CredentialsNone, "{version}");
        if version >= "3.2" {
            assert!(query(&requests[0]).is_empty() || version == "3.4", "{version}");
        }
        let own = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        connection.delete_token(Some(&secret), None, false).expect(version);
        let gone = server.standin.snapshot().to_string();
        assert_eq!(gone.contains(own.value()), is_rest(version), "{version}");
        assert_eq!(reason(connection.delete_token(Some(&secret), None, false)), Reason::MissingToken, "{version}");
        connection.delete_token(Some(&secret), None, true).expect(version);
    }
}

#[test]
fn deleting_an_unknown_token_is_an_error_unless_it_may_be_missing() {
    for version in ["3.1.4", "3.4", "3.10"] {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let secret = server.secret("mine");
        let delete = |ignore_missing| connection.delete_token(Some(&secret), Some("unknown-token"), ignore_missing);
        assert_eq!(reason(delete(false)), Reason::MissingToken);
        delete(true).expect(version);
        assert_eq!(server.standin.take_requests().len(), 2, "{version}");
    }
}

#[test]
fn up_to_3_4_refresh_and_delete_want_the_secret() {
    let server = Server::start("3.4");
    let connection = server.warm(&server.login());
    connection.get_token(None, 60, MAKE_CURRENT).expect("a token");
    server.standin.take_requests();
    let deleted = connection.delete_token(None, None, false).expect_err("no secret");
    let refreshed = connection.refresh_token(None, None, 60, RefreshOptions::default()).expect_err("no secret");
    for error in [deleted, refreshed] {
        assert!(error.hint().contains("secret"), "{error}: {}", error.hint());
    }
    assert_eq!(server.standin.take_requests().len(), 2);
}

#[test]
fn the_block_list_of_4_1_can_be_full() {
    let server = Server::start("4.2");
    let connection = server.warm(&server.login());
    for _ in 0..20 {
        let token = connection.get_token(None, 0, KEEP).expect("a token");
        connection.delete_token(None, Some(token.value()), false).expect("room");
    }
    let token = connection.get_token(None, 0, KEEP).expect("a token");
    let error = connection.delete_token(None, Some(token.value()), true).expect_err("no room");
    assert_eq!(error.reason(), Reason::ServerRevokeListFull);
}

#[test]
fn a_jwt_is_checked_from_4_1_on() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let token = connection.get_token(None, 0, KEEP).expect(version);
        server.standin.take_requests();
        let checked = connection.check_jwt_token(token.value());
        if is_rest(version) {
            assert!(checked.expect(version), "{version}");
            assert_eq!(shapes(&server.standin.take_requests()), ["POST /gsql/v1/tokens/check"], "{version}");
            assert!(!connection.check_jwt_token("e30.e30.wrong").expect(version), "{version}");
        } else {
            assert_eq!(reason(checked), Reason::UnsupportedCheck, "{version}");
            assert_eq!(server.standin.take_requests().len(), 0, "{version}");
        }
    }
}

#[test]
fn secrets_live_and_die_with_one_request_each() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let transport = if is_rest(version) { "/gsql/v1/secrets" } else { "/gsqlserver/gsql/file" };
        let one_request = |what: &str| {
            let requests = server.standin.take_requests();
            assert_eq!(requests.len(), 1, "{version} {what}: {:?}", shapes(&requests));
            assert_eq!(requests[0].path, transport, "{version} {what}");
        };
        let named = connection.create_secret(Some("first"), None, None).expect(version);
        one_request("create");
        assert_eq!(named.alias, "first");
        let generated = connection.create_secret(None, None, None).expect(version);
        one_request("create without alias");
        assert!(generated.alias.starts_with("AUTO_GENERATED_ALIAS_") && generated.alias.len() == 28);
        assert_ne!(named.value, generated.value);

        let listed = connection.get_secrets(None).expect(version);
        one_request("list");
        let aliases: Vec<&str> = listed.iter().map(|secret| secret.alias.as_str()).collect();
        assert_eq!(aliases, ["warm", "first", &generated.alias], "{version}");
        let masked = !is_rest(version) && version != "2.6";
        assert_eq!(listed[1].is_masked(), masked, "{version}");
        assert_eq!(listed[1].value == named.value, !masked, "{version}");
        assert_eq!(listed[1].graph, if is_rest(version) { "" } else { "MyGraph" }, "{version}");

        assert_eq!(reason(connection.create_secret(Some("first"), None, None)), Reason::ExistsSecret, "{version}");
        server.standin.take_requests();
        assert_eq!(connection.drop_secrets(&["first", &generated.alias], None, false).expect(version), 2, "{version}");
        one_request("drop two");
        assert_eq!(reason(connection.drop_secrets(&["first"], None, false)), Reason::MissingSecret, "{version}");
        one_request("drop a missing one");
        assert_eq!(connection.drop_secrets(&["first"], None, true).expect(version), 0, "{version}");
        one_request("drop a missing one that may be missing");
        assert_eq!(connection.drop_secrets(&["first", "warm"], None, true).expect(version), 1, "{version}");
        assert_eq!(connection.get_secrets(None).expect(version).len(), 0, "{version}");
        assert_eq!(connection.drop_secrets(&[], None, false).expect(version), 0, "{version}");
    }
}

#[test]
fn a_secret_is_ensured() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let made = connection.ensure_secret("mine").expect(version);
        assert_eq!(server.standin.take_requests().len(), 2, "{version}");
        let found = connection.ensure_secret("mine");
        assert_eq!(server.standin.take_requests().len(), 1, "{version}");
        if is_rest(version) || version == "2.6" {
            assert_eq!(found.expect(version).value, made.value, "{version}");
        } else {
            assert_eq!(reason(found), Reason::ExistsSecret, "{version}");
        }
    }
}

#[test]
fn other_users_and_own_values_are_for_4_1() {
    for version in VERSIONS {
        let server = Server::start(version);
        let mut config = server.config();
        config.set_password(Some(b"tigergraph"), Some(b"tigergraph"));
        let connection = server.warm(&config);
        let created = connection.create_secret(Some("theirs"), None, Some("alice"));
        let valued = connection.create_secret(Some("own"), Some("a-value-of-my-own"), None);
        if is_rest(version) {
            assert_eq!(created.expect(version).alias, "theirs");
            assert_eq!(valued.expect(version).value.reveal(), "a-value-of-my-own");
            assert_eq!(connection.get_secrets(Some("alice")).expect(version).len(), 2, "{version}");
            assert_eq!(connection.drop_secrets(&["theirs"], Some("alice"), false).expect(version), 1);
            let alice = server.connect(&server.login());
            assert_eq!(reason(alice.get_secrets(Some("tigergraph"))), Reason::AuthNoPrivilege, "{version}");
            assert_eq!(reason(connection.get_secrets(Some("nobody"))), Reason::MissingUser, "{version}");
        } else {
            assert_eq!(reason(created), Reason::UnsupportedUser, "{version}");
            assert_eq!(reason(valued), Reason::UnsupportedValue, "{version}");
            assert_eq!(reason(connection.get_secrets(Some("alice"))), Reason::UnsupportedUser, "{version}");
            assert_eq!(server.standin.take_requests().len(), 0, "{version}");
        }
    }
}

#[test]
fn a_secret_as_login_manages_secrets_and_tokens() {
    for version in VERSIONS {
        let server = Server::start(version);
        let secret = server.secret("login");
        let mut config = server.config();
        config.set_secret(Some(secret.as_bytes()));
        let connection = server.connect(&config);
        let token = connection.get_token(None, 0, MAKE_CURRENT).expect(version);
        assert_eq!(connection.get_secrets(None).expect(version).len(), 1, "{version}");
        connection.delete_token(None, Some(token.value()), false).expect(version);
        for request in server.standin.take_requests() {
            let places = carried(&request, &[&secret]);
            assert!(places.len() <= 1, "{version} {} {}: {places:?}", request.method, request.path);
        }
    }
}

#[test]
fn refused_credentials_are_sent_once_and_not_replaced() {
    for version in VERSIONS {
        let server = Server::start(version);
        let connection = server.warm(&server.login());
        let error = connection.get_token(Some("wrongsecret"), 0, MAKE_CURRENT).expect_err(version);
        assert_eq!(error.status(), Status::Unauthenticated, "{version}");
        assert_eq!(error.reason(), Reason::AuthBadSecret, "{version}");
        let requests = server.standin.take_requests();
        assert_eq!(requests.len(), 1, "{version}");
        assert_eq!(requests[0].header("authorization"), None, "{version}");
        let mut config = server.config();
        config.set_password(Some(b"alice"), Some(b"wrong password")).set_server_version(Some(version.as_bytes()));
        let connection = server.connect(&config);
        let error = connection.get_token(None, 0, MAKE_CURRENT).expect_err(version);
        let expected = if version == "2.6" { Reason::AuthRefused } else { Reason::AuthBadPassword };
        assert_eq!(error.reason(), expected, "{version}: {error}");
        assert_eq!(server.standin.take_requests().len(), 1, "{version}");
        let error = connection.get_secrets(None).expect_err(version);
        assert_eq!(error.reason(), Reason::AuthBadPassword, "{version}: {error}");
    }
}

#[test]
fn switched_off_authentication_is_no_failure_to_authenticate() {
    for version in VERSIONS {
        let mut options = Options::new(version);
        options.auth_enabled = false;
        let server = Server::with(options, version);
        let secret = server.secret("mine");
        let result = server.connect(&server.config()).get_token(Some(&secret), 0, MAKE_CURRENT);
        if is_rest(version) {
            assert!(result.is_ok(), "{version}");
        } else {
            let error = result.expect_err(version);
            assert_eq!((error.status(), error.server_code()), (Status::AuthDisabled, "REST-1000"), "{version}");
        }
        assert!(server.standin.take_requests().iter().all(|request| !query(request).contains(&secret)), "{version}");
    }
}

#[test]
fn unknown_graphs_are_named() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let mut config = server.login();
        let graph = "NowhereThatAnybodyCouldFind";
        config.set_graph(Some(graph.as_bytes()));
        let connection = server.connect(&config);
        let mut errors = vec![connection.get_token(None, 0, MAKE_CURRENT).expect_err(version)];
        // From 4.1 on secrets belong to none.
        errors.extend((!is_rest(version)).then(|| connection.create_secret(None, None, None).expect_err(version)));
        for error in errors {
            assert_eq!(
                (error.reason(), error.hint()),
                (Reason::MissingGraph, Reason::MissingGraph.hint()),
                "{version}"
            );
            assert!(error.message().contains(graph), "{version}: {error}");
        }
    }
}

/// The server repeats the name of the graph before the list.
#[test]
fn a_graph_may_be_named_after_what_goes_wrong() {
    for version in VERSIONS {
        for graph in ["FailureAnalysis", "Permissions", "graph_not_found", "AccessDenied"] {
            let server = Server::start(version);
            server.standin.add_graph(graph);
            let mut config = server.config();
            config.set_graph(Some(graph.as_bytes())).set_password(Some(b"tigergraph"), Some(b"tigergraph"));
            let connection = server.connect(&config);
            assert_eq!(connection.get_secrets(None).expect(graph).len(), 0, "{version}");
            connection.ensure_secret("graph_reader").expect(graph);
            assert_eq!(connection.get_secret("graph_reader", None).expect(graph).alias, "graph_reader", "{version}");
            assert_eq!(connection.drop_secrets(&["graph_reader"], None, false).expect(graph), 1, "{version}");
        }
    }
}

/// What only looks, sets or forgets: on a new connection, and on one with a token.
#[test]
fn what_sends_nothing() {
    for version in VERSIONS {
        let server = Server::start(version);
        let secret = server.secret("mine");
        let new = server.connect(&server.config());
        assert!(new.urls().get(Part::Restpp).starts_with(&server.standin.gateway_url()) && new.ca_pem().is_empty());
        assert_eq!(reason(new.current_token()), Reason::CredentialsNone, "{version}");
        drop(new);
        assert_eq!((server.standin.take_requests().len(), server.standin.connections()), (0, 0), "{version}");

        let connection = server.connect(&server.config());
        let token = connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect(version);
        server.standin.take_requests();
        let clone = connection.another();
        clone.set_timeout(1000);
        clone.cancel();
        assert_eq!(clone.current_token().expect(version).value(), token.value());
        let refused = br#"{"error":true,"code":"REST-10016","message":"x"}"#;
        assert!(is_token_refused(Part::Restpp, 403, refused) && !is_token_refused(Part::Restpp, 200, b"{}"));
        connection.reject_token(&token);
        drop((clone, connection));
        assert_eq!((server.standin.take_requests().len(), server.standin.connections()), (0, 1), "{version}");
    }
}

#[test]
fn the_version_is_told() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let found = server.connect(&server.login()).server_version().expect(version);
        let asked = server.standin.take_requests();
        assert!(asked.iter().any(|request| (&*request.method, &*request.path) == ("GET", "/restpp/version")));
        let shown = format!("{}.{}.{}", found.major, found.minor, found.patch);
        assert!(shown.starts_with(version), "{shown}");
    }
}

#[test]
fn lifetimes_in_milliseconds_are_noticed_and_corrected_once() {
    let options = Options::new("4.2").switch("lifetime-unit", "milliseconds");
    let server = Server::with(options, "4.2");
    let connection = server.warm(&server.login());
    for requests in [2, 1] {
        let token = connection.get_token(None, 3600, MAKE_CURRENT).expect("a token");
        let lifetime = token.expires_at() - wall_clock();
        assert!((3590..=3610).contains(&lifetime), "{lifetime}");
        assert_eq!(server.standin.take_requests().len(), requests);
    }
}

#[test]
fn every_switch_of_the_unknown_is_tolerated() {
    for (name, _, values) in tigergraph_standin::SWITCHES {
        for value in *values {
            for version in VERSIONS {
                let server = Server::with(Options::new(version).switch(name, value), version);
                let connection = server.connect(&server.login());
                let what = format!("{version} {name}={value}");
                let secret = connection.create_secret(Some("one"), None, None).expect(&what);
                assert_eq!(connection.get_secrets(None).expect(&what).len(), 1, "{what}");
                let token = connection.get_token(Some(secret.value.reveal()), 600, MAKE_CURRENT).expect(&what);
                assert!(token.value().len() >= 32, "{what}");
                if version != "2.6" {
                    connection.get_token(None, 600, KEEP).expect(&what);
                }
                let wrong = connection.get_token(Some("wrongsecret"), 0, KEEP).expect_err(&what);
                assert_eq!(wrong.status(), Status::Unauthenticated, "{what}: {wrong}");
                if is_rest(version) {
                    assert!(!connection.check_jwt_token("e30.e30.wrong").expect(&what), "{what}");
                }
                connection.delete_token(Some(secret.value.reveal()), None, false).expect(&what);
                assert_eq!(connection.drop_secrets(&["one"], None, false).expect(&what), 1, "{what}");
            }
        }
    }
}

#[test]
fn sequential_calls_share_one_connection() {
    for version in PASSWORD_VERSIONS {
        let server = Server::start(version);
        let connection = server.connect(&server.login());
        for _ in 0..5 {
            connection.get_token(None, 0, MAKE_CURRENT).expect(version);
            connection.get_secrets(None).expect(version);
        }
        assert_eq!(server.standin.connections(), 1, "{version}");
    }
}

#[test]
fn rest_tokens_are_found_on_the_old_port_when_the_gateway_is_closed() {
    // Fixed ports, because the rule is about ports that nobody gave.
    let mut options = Options::new("3.10");
    options.restpp_port = 9000;
    let Ok(standin) = Standin::start(options) else {
        return assert!(std::net::TcpListener::bind("127.0.0.1:9000").is_err(), "port 9000 is free, yet no stand-in");
    };
    if std::net::TcpStream::connect("127.0.0.1:14240").is_ok() {
        return;
    }
    let server = Server { standin, version: "3.10" };
    let secret = server.secret("mine");
    let connection = server.connect(&Config::new("http://127.0.0.1"));
    connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    assert_eq!(shapes(&server.standin.take_requests()), ["GET /requesttoken", "POST /requesttoken"]);
    connection.get_token(Some(&secret), 0, MAKE_CURRENT).expect("a token");
    assert_eq!(shapes(&server.standin.take_requests()), ["POST /requesttoken"]);
}
