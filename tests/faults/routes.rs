//! What a server is, and the way that a request takes to it: found without a credential, which is then sent once, in
//! one form, by one route, and never to what is not TigerGraph.

use tigergraph_standin::{Action, Fault, Options, Request, Standin};

use crate::driver::{self, Call, Driver, field};
use crate::operations::is_rest;
use crate::session::{PASSWORD, USER};

const BOB: &str = "bob";

/// A stand-in with two users, and a program that talks to it.
pub struct World {
    pub standin: Standin,
    pub driver: Driver,
    /// Of the user that the tests log in as.
    secret: String,
    /// Of all secrets, before 4.1.
    graph: Option<&'static str>,
}

impl World {
    pub fn new(options: Options) -> World {
        let graph = (options.generation() != tigergraph_standin::Generation::V41).then_some("MyGraph");
        let standin = Standin::start(options).expect("a stand-in");
        standin.add_user(USER, PASSWORD, true);
        standin.add_user(BOB, "bobspassword", false);
        let secret = standin.add_secret(USER, graph, "mine");
        standin.add_secret(BOB, graph, "mine");
        World { standin, driver: Driver::start(driver::sanitized(), &[]), secret, graph }
    }

    /// A new handle, with settings beside address and limits.
    fn connect_to(&mut self, url: &str, settings: &[&[&str]]) {
        self.driver.say(&["config", url]);
        self.driver.say(&["set", "graph", "MyGraph"]);
        self.driver.say(&["set", "timeouts", "5000", "10000"]);
        for setting in settings {
            self.driver.say(&[&["set"], *setting].concat());
        }
        assert_eq!(self.driver.call(&["conn_new"]).outcome(), "OK");
        self.standin.take_requests();
    }

    pub fn connect(&mut self, settings: &[&[&str]]) {
        self.connect_to(&self.standin.gateway_url(), settings);
    }

    /// A new handle that logs in with a password.
    fn log_in(&mut self) {
        self.connect(&[&["password", USER, &field(PASSWORD)]]);
    }

    pub fn call(&mut self, words: &[&str]) -> (Call, Vec<String>) {
        let call = self.driver.call(words);
        let requests = self.standin.take_requests();
        (call, shapes(&requests))
    }

    /// Another secret of the user that the tests log in as.
    pub fn add_secret(&self, alias: &str) -> String {
        self.standin.add_secret(USER, self.graph, alias)
    }

    /// Aliases that a user has.
    pub fn aliases_of(&self, user: &str) -> Vec<String> {
        let secrets = self.standin.snapshot().secrets.into_iter().filter(|secret| secret.user == user);
        secrets.map(|secret| secret.alias).collect()
    }

    pub fn finish(self) {
        self.driver.finish();
    }
}

pub fn page(status: u16) -> Action {
    Action::reply(status, &format!("<html><center><h1>{status}</h1></center></html>"))
}

const NO_ENDPOINT: &str = r#"{"error":true,"code":"REST-1000","message":"Endpoint is not found from url = /gsql/v1/secrets, please use GET"}"#;

const SECRETS: &str = "/gsql/v1/secrets";

/// Everything that says that REST does not manage secrets.
fn absences() -> Vec<Action> {
    vec![page(404), page(405), Action::reply(404, ""), Action::reply(404, NO_ENDPOINT), Action::reply(200, NO_ENDPOINT)]
}

/// `user` and `value` are for REST alone: no other route may take them.
#[test]
fn another_users_secrets_are_never_ones_own() {
    for options in [
        Options::new("4.2"),
        Options::new("4.1.0"),
        Options::new("4.0").switch("version-4.0", "c"),
        Options::new("4.0").switch("version-4.0", "b"),
        Options::new("3.10"),
        Options::new("3.4"),
    ] {
        let version = options.version.to_string();
        let mut world = World::new(options.switch("gsqlserver-on-c", "works"));
        for action in absences() {
            // Known: before the endpoint goes; not known: the answer is the first one.
            for known in [true, false] {
                world.log_in();
                if known {
                    assert_eq!(world.call(&["get_secrets"]).0.outcome(), "OK", "{version}");
                }
                world.standin.script(Fault::always(SECRETS, action.clone()));
                for words in [
                    &["drop_secret", "mine", BOB, "0"][..],
                    &["drop_secret", "mine", BOB, "1"],
                    &["drop_secrets", BOB, "1", "mine", "other"],
                    &["get_secrets", BOB],
                    &["create_secret", "new", "-", BOB],
                    &["create_secret", "new", "a-value-of-my-own", "-"],
                    &["create_secret", "new", "a-value-of-my-own", BOB],
                ] {
                    let (call, requests) = world.call(words);
                    let what = format!("{version} {action:?} known: {known} {words:?}: {call:?} {requests:?}");
                    let refused = ["unsupported.user", "unsupported.value", "missing.endpoint"];
                    assert!(refused.contains(&call.outcome()), "{what}");
                    assert!(!requests.iter().any(|request| request.contains("statements")), "{what}");
                    assert!(!requests.iter().any(|request| request.contains("gsql/file")), "{what}");
                }
                world.standin.clear_faults();
                assert_eq!(world.aliases_of(USER), ["mine"], "{version}");
                assert_eq!(world.aliases_of(BOB), ["mine"], "{version}");
            }
        }
        world.finish();
    }
}

/// Only the first answer leads to another route, and only where the list of secrets is not there either.
#[test]
fn a_missing_page_does_not_mask_a_connection() {
    let mut world = World::new(Options::new("4.2"));
    let plain = "1 mine".to_owned();
    for action in absences() {
        // The first answer of all: the list is looked for once more.
        world.log_in();
        world.standin.script(Fault::once(SECRETS, action.clone()));
        let (call, requests) = world.call(&["get_secrets"]);
        assert_eq!((call.outcome(), &call.told), ("OK", &plain), "{action:?}: {call:?}");
        assert_eq!(requests, ["POST /gsql/v1/tokens/check", "GET /gsql/v1/secrets", "GET /gsql/v1/secrets"]);
        // A later one is an error, and nothing is learned from it.
        for words in
            [&["get_secrets"][..], &["ensure_secret", "mine"], &["drop_secret", "mine"], &["create_secret", "n"]]
        {
            world.standin.script(Fault::once(SECRETS, action.clone()));
            let (call, requests) = world.call(words);
            assert_eq!(call.outcome(), "missing.endpoint", "{action:?} {words:?}: {call:?}");
            let routes = requests.iter().filter(|request| !request.ends_with("/tokens/check")).count();
            assert_eq!(routes, 1, "{action:?} {words:?}: {requests:?}");
        }
        let (call, requests) = world.call(&["get_secrets"]);
        assert_eq!((call.outcome(), &call.told), ("OK", &plain), "{action:?}: {call:?}");
        assert_eq!(requests.last().map(String::as_str), Some("GET /gsql/v1/secrets"));
        // A method that a gateway does not let through does not hide the list.
        world.log_in();
        world.standin.script(Fault::once(SECRETS, action.clone()).method("DELETE"));
        assert_eq!(world.call(&["drop_secret", "mine"]).0.outcome(), "missing.endpoint", "{action:?}");
        assert_eq!(world.call(&["get_secrets"]).1, ["GET /gsql/v1/secrets"], "{action:?}");
    }
    assert_eq!(world.aliases_of(USER), ["mine"]);
    world.finish();
}

/// 4.0 may have no endpoint for secrets: found out once, by what reads or drops.
#[test]
fn without_an_endpoint_for_secrets_gsql_is_asked() {
    let mut world = World::new(Options::new("4.0").switch("version-4.0", "c"));
    world.log_in();
    let (call, requests) = world.call(&["create_secret", "new"]);
    assert_eq!((call.outcome(), requests.len()), ("missing.endpoint", 2), "a creation has one route: {requests:?}");
    assert_eq!(world.call(&["drop_secret", "mine"]).0.outcome(), "OK");
    for words in [&["create_secret", "new"][..], &["get_secrets"], &["drop_secret", "new"]] {
        let (call, requests) = world.call(words);
        assert_eq!((call.outcome(), requests), ("OK", vec!["POST /gsql/v1/statements".to_owned()]), "{call:?}");
    }
    world.finish();
}

/// Requests that carry the secret or the password, by where: "body", "url" or "header".
fn carriers(requests: &[Request], secret: &str) -> Vec<&'static str> {
    let place = |request: &Request| {
        if request.header("authorization").is_some() {
            Some("header")
        } else if request.text().contains(secret) {
            Some("body")
        } else {
            request.query.as_ref().is_some_and(|query| query.contains(secret)).then_some("url")
        }
    };
    requests.iter().filter_map(place).collect()
}

/// Requests without what they hold.
pub fn shapes(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// 2.6 and 3.1 read a secret in the URL only, which must not be tried while POST may do.
fn reads_post(version: &str) -> bool {
    !matches!(version, "2.6" | "3.0" | "3.1" | "3.1.4")
}

const VERSIONS: [&str; 21] = [
    "2.6", "3.0", "3.1", "3.1.4", "3.2", "3.3", "3.4", "3.5", "3.6", "3.6.3", "3.7", "3.8", "3.9", "3.9.3", "3.10",
    "3.10.1", "3.11", "4.0", "4.1.0", "4.1.2", "4.2",
];

#[test]
fn the_form_of_requesttoken_is_found_before_a_credential_is_sent() {
    for (index, version) in VERSIONS.into_iter().enumerate() {
        for switch in [["404", "200"][index % 2]] {
            let mut world = World::new(Options::new(version).switch("no-endpoint", switch));
            let secret = world.secret.clone();
            for setting in [&["secret", &secret][..], &["password", USER, &field(PASSWORD)]] {
                let by_secret = setting[0] == "secret";
                // Tokens for user and password came with 3.1.4.
                let (good, outcome) = match by_secret || !matches!(version, "2.6" | "3.0" | "3.1") {
                    true => (true, "OK"),
                    false => (false, "auth.refused"),
                };
                world.connect(&[setting]);
                let call = world.driver.call(&["get_token"]);
                let requests = world.standin.take_requests();
                assert_eq!(call.outcome(), outcome, "{version} {setting:?}: {call:?}");
                let more = usize::from(by_secret && !reads_post(version));
                let most = if is_rest(version) && version != "4.0" { 2 } else { 3 + more };
                let place = if !by_secret { "header" } else { "body" };
                let expected = if more == 1 { vec!["body", "url"] } else { vec![place] };
                assert_eq!(carriers(&requests, &secret), expected, "{version} {setting:?}: {:?}", shapes(&requests));
                assert_eq!(requests.len(), most, "{version} {setting:?}: {:?}", shapes(&requests));
                let calls = [world.driver.call(&["get_token"]), world.driver.call(&["get_token"])];
                assert!(calls.iter().all(|call| call.outcome() == outcome), "{version}: {calls:?}");
                assert_eq!(world.standin.take_requests().len(), 2, "{version} {setting:?} learned: {good}");
            }
            world.finish();
        }
    }
}

/// A refusal teaches as well as a success: accounts lock after five wrong logins.
#[test]
fn a_refused_login_is_sent_once_for_each_call() {
    for version in ["2.6", "3.1.4", "3.4", "3.5", "3.11", "4.2"] {
        let mut world = World::new(Options::new(version));
        for setting in [&["secret", "wrongsecretwrongsecret"][..], &["password", USER, "wrong"]] {
            let by_secret = setting[0] == "secret";
            for first in ["get_token", "refresh_token", "delete_token"] {
                world.connect(&[setting]);
                let words = match first {
                    "refresh_token" => vec![first, "-", "sometokensometoken", "60", "4"],
                    "delete_token" => vec![first, "-", "sometokensometoken", "0"],
                    _ => vec![first],
                };
                for _ in 0..3 {
                    let call = world.driver.call(&words);
                    assert_ne!(call.outcome(), "OK", "{version}");
                }
                let requests = world.standin.take_requests();
                let sent = carriers(&requests, "wrongsecretwrongsecret").len();
                let posted_in_vain = by_secret && first == "get_token" && !reads_post(version);
                assert_eq!(
                    sent,
                    3 + usize::from(posted_in_vain),
                    "{version} {setting:?} {words:?}: {:?}",
                    shapes(&requests)
                );
            }
        }
        world.finish();
    }
}

/// What may come instead of an answer to the bare `GET`, and what it means.
#[test]
fn the_answer_to_the_bare_get_tells_the_form() {
    let refusal = r#"{"error":true,"message":"no"}"#;
    let cases = [
        (page(404), "POST"),
        (page(405), "POST"),
        (Action::reply(404, ""), "POST"),
        (Action::reply(404, r#"{"error":true,"code":"REST-1000","message":"no"}"#), "POST"),
        (Action::reply(200, r#"{"error":true,"code":"REST-1000","message":"no"}"#), "POST"),
        (Action::reply(403, r#"{"error":true,"code":"REST-10016","message":"no"}"#), "POST"),
        (Action::reply(200, r#"{"error":false,"message":"hello"}"#), "POST"),
        (Action::reply(200, "hello"), "POST"),
        (Action::reply(401, ""), "POST"),
        (Action::reply(200, refusal), "old POST"),
        (Action::reply(400, refusal), "old POST"),
        (Action::reply(401, refusal), "old POST"),
        (Action::reply(403, refusal), "old POST"),
        (Action::reply(404, refusal), "old POST"),
        (Action::reply(500, refusal), "server.error"),
        (page(200), "protocol.not_json"),
        (page(403), "protocol.not_json"),
        (page(401), "protocol.not_json"),
        (page(500), "server.error"),
        (page(502), "unavailable.gateway"),
        (Action::reply(302, "").header("location", "https://elsewhere/"), "protocol.redirect"),
        (page(401).header("WWW-Authenticate", "Basic realm=\"x\""), "auth.refused"),
        (Action::reply(200, "[1,2]"), "protocol.shape"),
        (Action::reply(200, "{\"error\":1}"), "protocol.shape"),
    ];
    let mut world = World::new(Options::new("3.10"));
    let secret = world.secret.clone();
    for (action, expected) in cases {
        world.connect(&[&["secret", &secret]]);
        world.standin.script(Fault::always("/restpp/requesttoken", action.clone()).method("GET"));
        let call = world.driver.call(&["get_token"]);
        let requests = world.standin.take_requests();
        world.standin.clear_faults();
        let what = format!("{action:?}: {call:?} {:?}", shapes(&requests));
        let carriers = carriers(&requests, &secret);
        assert!(!carriers.contains(&"url"), "{what}");
        match expected {
            "POST" => {
                assert_eq!((call.outcome(), carriers.len()), ("OK", 1), "{what}");
                assert!(requests.last().is_some_and(|last| last.text().starts_with('{')), "{what}");
            }
            "old POST" => {
                assert_eq!(carriers.len(), 1, "{what}");
                assert_eq!(requests.last().map(Request::text), Some(secret.clone()), "{what}");
            }
            reason => assert_eq!((call.outcome(), carriers.len()), (reason, 0), "{what}"),
        }
    }
    world.finish();
}

/// REST++ authentication that is off says nothing about the form, and a secret never gets into a URL by it.
#[test]
fn without_authentication_no_form_is_learned() {
    for version in ["2.6", "3.1", "3.4", "3.10"] {
        let mut world = World::new(Options::new(version).auth(false));
        let secret = world.secret.clone();
        world.connect(&[&["secret", &secret]]);
        for _ in 0..2 {
            let call = world.driver.call(&["get_token"]);
            assert_eq!(call.outcome(), "auth.disabled", "{version}: {call:?}");
        }
        assert!(!carriers(&world.standin.take_requests(), &secret).contains(&"url"), "{version}");
        world.standin.set_auth_enabled(true);
        let call = world.driver.call(&["get_token"]);
        assert_eq!(call.outcome(), "OK", "{version}: {call:?}");
        world.standin.set_auth_enabled(false);
        world.standin.take_requests();
        assert_eq!(world.driver.call(&["get_token"]).outcome(), "auth.disabled", "{version}");
        if reads_post(version) {
            assert!(!carriers(&world.standin.take_requests(), &secret).contains(&"url"), "{version}");
        }
        world.finish();
    }
}

/// What is no answer of TigerGraph's ends the search, and nothing secret is sent into it.
#[test]
fn nothing_secret_is_sent_to_what_is_not_tigergraph() {
    let scheme = |scheme: &str| Action::reply(401, "").header("WWW-Authenticate", scheme);
    let json = r#"{"error":true,"message":"no"}"#;
    let cases = [
        (page(200), "protocol.not_json"),
        (page(400), "protocol.not_json"),
        (page(401), "protocol.not_json"),
        (page(403), "protocol.not_json"),
        (page(500), "server.error"),
        (page(502), "unavailable.gateway"),
        (page(503), "unavailable.gateway"),
        (Action::reply(200, "sign in"), "protocol.not_json"),
        (Action::reply(401, ""), "protocol.not_json"),
        (Action::reply(403, "forbidden"), "protocol.not_json"),
        (scheme("Basic realm=\"portal\""), "auth.refused"),
        (scheme("Digest realm=\"portal\""), "auth.refused"),
        (scheme("Negotiate"), "auth.refused"),
        (scheme("Bearer error=\"invalid_token\""), "auth.refused"),
        (page(401).header("WWW-Authenticate", "Basic realm=\"portal\""), "auth.refused"),
        (Action::reply(401, json).header("WWW-Authenticate", "Basic realm=\"portal\""), "auth.refused"),
        (Action::reply(200, "[]"), "protocol.shape"),
        (Action::reply(200, "null"), "protocol.shape"),
        (Action::reply(404, "[1,2]"), "protocol.shape"),
    ];
    for version in ["3.10", "4.2"] {
        let mut world = World::new(Options::new(version));
        let secret = world.secret.clone();
        for (action, reason) in &cases {
            for setting in [&["secret", &secret][..], &["password", USER, &field(PASSWORD)]] {
                world.connect(&[setting]);
                world.standin.script(Fault::always("", action.clone()));
                for words in [&["get_token"][..], &["get_secrets"], &["create_secret", "new"], &["drop_secret", "mine"]]
                {
                    let call = world.driver.call(words);
                    let requests = world.standin.take_requests();
                    let what = format!("{version} {action:?} {words:?}: {call:?}");
                    assert_eq!(call.outcome(), *reason, "{what}");
                    assert_eq!(carriers(&requests, &secret), Vec::<&str>::new(), "{what}");
                    assert!(requests.iter().all(|request| request.path == "/gsql/v1/tokens/check"), "{what}");
                }
                world.standin.clear_faults();
                assert_eq!(world.driver.call(&["get_token"]).outcome(), "OK", "{version} {action:?}");
            }
        }
        world.finish();
    }
}

/// A server behind an address that is that of REST++ alone, by its port or by its path.
#[test]
fn an_address_of_restpp_is_mended_or_named() {
    for version in ["3.1.4", "3.4", "3.10", "3.11", "4.1.0", "4.2"] {
        for (auth, switch) in [(true, "404"), (true, "200"), (false, "404"), (false, "200")] {
            let options = Options::new(version).auth(auth).switch("no-endpoint", switch);
            let mut world = World::new(options.switch("port-9000-on-c", "open"));
            let secret = world.secret.clone();
            let (own, below) = (world.standin.restpp_url(), format!("{}/restpp", world.standin.gateway_url()));
            for told in [false, true] {
                let version_setting = ["server_version", if told { version } else { "-" }];
                for url in [&below, &format!("{below}/"), &own] {
                    world.connect_to(url, &[&["secret", &secret], &version_setting]);
                    let call = world.driver.call(&["get_token"]);
                    let what = format!("{version} auth {auth} {switch} told {told} {url}: {call:?}");
                    let expected = match (auth, is_rest(version)) {
                        _ if *url == own && told && is_rest(version) => "missing.endpoint",
                        // 4.1 and later make tokens whether they are wanted or not, but not on that port.
                        (_, true) if *url != own => "OK",
                        (true, _) => "OK",
                        (false, _) => "auth.disabled",
                    };
                    assert_eq!(call.outcome(), expected, "{what}");
                    let (call, requests) = world.call(&["get_secrets"]);
                    let what = format!("{what} {call:?} {requests:?}");
                    if *url == own {
                        assert_eq!(call.outcome(), "missing.endpoint", "{what}");
                        assert!(call.hint.contains("gateway") && call.hint.contains("14240"), "{what}");
                    } else {
                        assert_eq!(call.outcome(), "OK", "{what}");
                    }
                }
            }
            world.finish();
        }
    }
}

/// "Authentication is off" is said of exactly `/requesttoken`.
#[test]
fn authentication_is_off_only_where_requesttoken_is_missing() {
    let mut world = World::new(Options::new("3.10"));
    let secret = world.secret.clone();
    let urls = [
        ("/requesttoken", "auth.disabled"),
        ("/requesttoken?lifetime=1", "auth.disabled"),
        ("/restpp/requesttoken", "missing.endpoint"),
        ("/tg/requesttoken", "missing.endpoint"),
        ("/requesttoken/", "missing.endpoint"),
    ];
    for (url, reason) in urls {
        for status in [200, 404] {
            world.connect(&[&["secret", &secret], &["server_version", "3.10"]]);
            let message = format!("Endpoint is not found from url = {url}, please use GET /endpoints to list all");
            let body = format!(r#"{{"error":true,"code":"REST-1000","message":"{message}"}}"#);
            world.standin.script(Fault::always("", Action::reply(status, &body)));
            let call = world.driver.call(&["get_token"]);
            assert_eq!(call.outcome(), reason, "{url} {status}: {call:?}");
            world.standin.clear_faults();
        }
    }
    world.finish();
}
