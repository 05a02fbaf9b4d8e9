//! Rows 69 and 81 to 89: arguments that are refused, and what secrets and tokens come to.

use percent_encoding::percent_decode_str;
use tigergraph_standin::{Action, Fault, Request};

use crate::check::{Class, check_with, reply};
use crate::driver::field;
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS, Operation, by_name, is_rest};
use crate::session::{AMPLE, Limits, MADE_UP, SHORT, Session, on_both};

#[test]
fn row_81_null() {
    let record = Record::of(81);
    on_both(|version| {
        let mut session = Session::start(version);
        // No handle yet.
        session.nothing_reaches_the_server(&record, "argument.null");
        let no_settings = session.driver.call(&["conn_new"]);
        assert_eq!(no_settings.outcome(), "argument.null", "{no_settings:?}");
        session.open();
        for words in [["check_jwt", "-"], ["ensure_secret", "-"], ["drop_secret", "-"]] {
            let call = session.driver.call(&words);
            assert_eq!(call.outcome(), "argument.null", "{call:?}");
            assert!(call.message.contains("NULL"), "{call:?}");
            record.saw(words[0], call.outcome());
        }
        let in_list = session.driver.call(&["drop_secrets", "-", "0", "a1", "-"]);
        assert_eq!(in_list.outcome(), "argument.null", "{in_list:?}");
        assert_eq!(session.standin.take_requests().len(), 0);
        session.finish();
    });
    record.done();
}

/// Calls with a place for a text: `@`.
const TEXT_PLACES: [&[&str]; 14] = [
    &["get_token", "@"],
    &["refresh_token", "@", "sometoken1"],
    &["refresh_token", "-", "@"],
    &["delete_token", "@", "sometoken1"],
    &["delete_token", "-", "@"],
    &["check_jwt", "@"],
    &["get_secrets", "@"],
    &["create_secret", "@"],
    &["create_secret", "a1", "@"],
    &["create_secret", "a1", "-", "@"],
    &["ensure_secret", "@"],
    &["drop_secret", "@"],
    &["drop_secret", "a1", "@"],
    &["drop_secrets", "-", "0", "a1", "@"],
];

/// Settings with a place for a text.
const SETTING_PLACES: [&[&str]; 10] = [
    &["config", "@"],
    &["set", "graph", "@"],
    &["set", "password", "@", "x"],
    &["set", "password", "kathrin", "@"],
    &["set", "password_file", "@", "/no/such/file"],
    &["set", "secret", "@"],
    &["set", "api_token", "@"],
    &["set", "jwt", "@"],
    &["set", "server_version", "@"],
    &["set", "user_agent", "@"],
];

fn with(words: &[&str], text: &str) -> Vec<String> {
    words.iter().map(|word| if *word == "@" { field(text) } else { (*word).to_owned() }).collect()
}

fn as_words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// An alias, a graph and a URL have rules of their own, which refuse line breaks too.
fn reason_for(words: &[&str], usual: &'static str) -> &'static str {
    let alias = matches!(words, ["create_secret" | "ensure_secret" | "drop_secret", "@"] | [_, _, "0", "a1", "@"]);
    match (usual, words) {
        ("argument.control_character", _) if alias => "argument.alias|argument.control_character",
        ("argument.control_character", ["config", _]) => "argument.url",
        ("argument.control_character", ["set", "graph", _]) => "argument.graph",
        ("argument.control_character", ["set", "server_version", _]) => "argument.range",
        _ => usual,
    }
}

#[test]
fn row_82_bad_arguments() {
    let record = Record::of(82);
    let megabyte = "a".repeat(1 << 20);
    let texts = [
        ("%C3%28", "argument.utf8"),
        ("%FFabcdefgh", "argument.utf8"),
        ("abcdefgh%0D%0AX-Evil:%20yes", "argument.control_character"),
        ("abcdefgh%0A", "argument.control_character"),
        ("abcdefgh%7F", "argument.control_character"),
        (megabyte.as_str(), "argument.range"),
    ];
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        for (text, usual) in texts {
            for place in TEXT_PLACES {
                let words: Vec<&str> = place.iter().map(|word| if *word == "@" { text } else { *word }).collect();
                let call = session.driver.call(&words);
                check_call(&record, version, place, reason_for(place, usual), &call);
                record.saw(place[0], call.outcome());
            }
            for place in SETTING_PLACES {
                settings_refuse(&record, &mut session, place, text, reason_for(place, usual));
            }
            session.open();
        }
        assert_eq!(session.standin.take_requests().len(), 0);
        session.finish();
    });
    record.done();
}

fn check_call(record: &Record, version: &str, place: &[&str], expected: &str, call: &crate::driver::Call) {
    if !expected.split('|').any(|expected| expected == call.outcome()) {
        record.fail(format!("{version} {place:?}: expected {expected}: {call:?}"));
    }
}

fn settings_refuse(record: &Record, session: &mut Session, place: &[&str], text: &str, expected: &str) {
    let words: Vec<&str> = place.iter().map(|word| if *word == "@" { text } else { *word }).collect();
    session.driver.say(&["config", "https://db.example.com"]);
    session.driver.say(&words);
    let call = session.driver.call(&["conn_new"]);
    check_call(record, session.version, place, expected, &call);
    record.saw("tg_conn_new", call.outcome());
}

#[test]
fn row_83_bad_urls() {
    const URLS: [&str; 36] = [
        "https://user:password@db.example.com",
        "https://user@db.example.com",
        "https://db.example.com/#x",
        "https://db.example.com?x=y",
        "https://db.example.com/?",
        "https://db.example.com\\path",
        "http:/db.example.com",
        "https:db.example.com/x",
        "//db.example.com",
        "///db.example.com",
        "http://0x7f.1",
        "http://127.1",
        "http://2130706433",
        "http://0177.0.0.1",
        "http://256.0.0.1",
        "http://127.0.0.1.1",
        "http://[fe80::1%25eth0]",
        "http://[fe80::1%eth0]",
        "http://[::1",
        "http://::1",
        "http://[127.0.0.1]",
        "https://db.example.com:0",
        "https://db.example.com:65536",
        "https://db.example.com:99999999999999999999",
        "https://db.example.com:-1",
        "https://db.example.com:14240x",
        "https://db.example.com:",
        "https://",
        "https://:14240",
        "",
        "ftp://db.example.com",
        "https://db example.com",
        "https://d\u{fc}rer.example.com",
        "https://%64b.example.com",
        "https://db.example.com/a/../b",
        "https://db..example.com",
    ];
    let record = Record::of(83);
    on_both(|version| {
        let mut session = Session::start(version);
        for url in URLS {
            session.configure_for(&field(url));
            let call = session.driver.call(&["conn_new"]);
            check_call(&record, version, &[url], "argument.url", &call);
            assert!(!call.message.contains("password"), "{call:?}");
            record.saw("tg_conn_new", call.outcome());
        }
        session.finish();
    });
    record.done();
}

/// Aliases that could reach into the request.
fn evil_aliases() -> Vec<String> {
    let mut aliases = [
        "x/../../v1/tokens?clear=true",
        "../drop-all",
        "..",
        ".",
        "a;DROP",
        "a\nDROP SECRET b",
        "a\r\nDROP SECRET b",
        "%2e%2e",
        "%2e%2e%2fdrop-all",
        "a%0aDROP SECRET b",
        "",
        "a b",
        "a&userName=tigergraph",
        "a?clear=true",
        "a#b",
        "a\\b",
        "a\"b",
        "a'b",
        "\u{1f431}",
        "tok\u{e9}n",
    ]
    .map(str::to_owned)
    .to_vec();
    aliases.extend(["a".repeat(257), "a".repeat(10_240)]);
    aliases
}

#[test]
fn row_84_bad_aliases() {
    let record = Record::of(84);
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        for alias in evil_aliases() {
            for operation in ["create_secret", "ensure_secret", "drop_secret", "drop_secrets"] {
                let words = match operation {
                    "drop_secrets" => with(&[operation, "-", "0", "@"], &alias),
                    _ => with(&[operation, "@"], &alias),
                };
                let call = session.driver.call(&as_words(&words));
                let requests = session.standin.take_requests();
                if call.outcome() == "argument.alias" {
                    assert!(requests.is_empty(), "{alias:?} was refused and sent");
                } else if requests.is_empty() {
                    record.fail(format!("{version} {alias:?}, expected argument.alias: {call:?}"));
                } else {
                    assert!(is_rest(version), "{alias:?}: {call:?}");
                    assert!(requests.iter().all(|request| carries(request, &alias)), "{alias:?}: {requests:?}");
                }
                record.saw(operation, if requests.is_empty() { "argument.alias" } else { "encoded" });
            }
        }
        assert_eq!(session.standin.tripwires(), 0);
        assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
        session.finish();
    });
    record.done();
}

/// Whether a request of 4.1 and later is about secrets, and names this alias if it names any.
fn carries(request: &Request, alias: &str) -> bool {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    let names = match request.path.strip_prefix("/gsql/v1/secrets") {
        Some("") if request.method == "DELETE" => request.json().expect("JSON")["secrets"][0].as_str() == Some(alias),
        Some("") if request.method == "POST" => request.query.as_deref().map(decoded) == Some(format!("alias={alias}")),
        Some("") => request.method == "GET" && request.query.is_none(),
        Some(rest) => rest.strip_prefix('/').map(decoded).as_deref() == Some(alias) && request.method == "GET",
        None => false,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
    names && request.path.bytes().all(plain)
}

/// The operations that create, with what the server holds afterwards.
fn creations(record: &Record, actions: &[(Action, Limits)], created: usize) {
    on_both(|version| {
        let mut session = Session::start(version);
        for (operation, (action, limits)) in
            OPERATIONS.iter().filter(|it| it.creates()).flat_map(|it| actions.iter().map(move |action| (it, action)))
        {
            session.limits = *limits;
            let attempt = session.attempt(operation, action);
            record.saw(operation.name, attempt.call.outcome());
            let seen = (attempt.call.outcome(), attempt.requests.len(), attempt.secrets.len());
            if seen != ("outcome.unknown", 1, created) {
                record.fail(format!("{version} {} after {action:?}: {seen:?} {:?}", operation.name, attempt.call));
            }
        }
        session.finish();
    });
}

#[test]
fn row_85_creation_lost() {
    let record = Record::of(85);
    let carried_out = [Action::CloseAfterProcessing, Action::TruncateBody, Action::TruncateBodyAt(0)];
    creations(&record, &carried_out.map(|action| (action, AMPLE)), 1);
    let not_carried_out = [Action::CloseBeforeReply, Action::ResetBeforeReply, Action::RawBytes(b"HTTP/1.".to_vec())];
    creations(&record, &not_carried_out.map(|action| (action, AMPLE)), 0);
    made_up_alias(&record);
    record.done();
}

/// An alias that the library made up is named as well, so that what was created can be found.
fn made_up_alias(record: &Record) {
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        session.standin.with_state(|state| state.secrets.clear());
        session.standin.script(by_name("create_secret").fault(version, Action::CloseAfterProcessing));
        let call = session.driver.call(&["create_secret", "-", "-", "-"]);
        let alias = session.standin.snapshot().secrets[0].alias.clone();
        assert_eq!(call.outcome(), "outcome.unknown", "{call:?}");
        assert!(alias.starts_with(MADE_UP) && call.message.contains(&alias), "{alias}: {call:?}");
        session.standin.clear_faults();
        assert_eq!(session.driver.call(&["drop_secret", &alias]).outcome(), "OK");
        record.saw("create_secret", call.outcome());
        session.finish();
    });
}

#[test]
fn row_86_creation_and_gateways() {
    let record = Record::of(86);
    let page = "<html><h1>Gateway</h1></html>";
    let gateways = [Action::reply(502, page), Action::reply(504, page), Action::reply(504, "")];
    creations(&record, &gateways.map(|action| (action, AMPLE)), 0);
    creations(&record, &[(Action::Hang, SHORT)], 0);
    let starting = reply(502, "<html><title>Starting workspace</title>", Class::Starting, "unavailable.starting");
    let applies = |operation: &Operation, _: &str| operation.creates();
    check_with(&record, applies, &[starting], |hit, operation, _| hit.expected(operation));
    record.done();
}

/// What a token or a secret is gone from by the first attempt, the second does not find.
#[test]
fn row_87_deletion_lost() {
    let record = Record::of(87);
    on_both(|version| {
        let mut session = Session::start(version);
        for operation in ["delete_token", "drop_secret", "drop_secrets"].map(by_name) {
            session.open();
            let words = session.words(&operation);
            let fault = operation.fault(version, Action::CloseAfterProcessing);
            session.standin.script(fault.times(1));
            let call = session.driver.call(&as_words(&words));
            let sent = session.standin.take_requests().len();
            assert_eq!((call.outcome(), sent), ("OK", 2), "{version} {call:?}");
            record.saw(operation.name, call.outcome());
            assert!(session.aliases_held().is_empty(), "{version} {}", operation.name);
            let tokens = session.standin.snapshot().tokens;
            assert!(operation.kind != Kind::Delete || tokens.is_empty(), "{version}: {}", tokens.len());
            session.end_of_case(operation.name);
        }
        session.finish();
    });
    first_attempt_says_missing(&record);
    record.done();
}

/// Without a lost attempt before it, "unknown" is what it says.
fn first_attempt_says_missing(record: &Record) {
    on_both(|version| {
        let mut session = Session::start(version);
        session.open();
        let secret = session.driver.call(&["drop_secret", "nosuchalias", "-", "0"]);
        assert_eq!((secret.outcome(), session.standin.take_requests().len()), ("missing.secret", 1), "{secret:?}");
        assert_eq!(session.driver.call(&["drop_secret", "nosuchalias", "-", "1"]).outcome(), "OK");
        if !is_rest(version) {
            let token = session.driver.call(&["delete_token", "-", "nosuchtokenatall", "0"]);
            assert_eq!(token.outcome(), "missing.token", "{token:?}");
        }
        record.saw("drop_secret", "OK");
        session.finish();
    });
}

#[test]
fn row_88_refresh_of_a_dead_token() {
    let record = Record::of(88);
    let mut session = Session::start("3.10");
    session.open();
    let unknown = session.driver.call(&["refresh_token", "-", "nosuchtokenatall", "0", "0"]);
    assert_eq!((unknown.outcome(), session.standin.take_requests().len()), ("auth.bad_token", 1), "{unknown:?}");
    let refused = "{\"error\":true,\"message\":\"stand-in: the token has expired\"}";
    session.standin.script(Fault::once("/restpp/requesttoken", Action::reply(200, refused)).method("PUT"));
    let expired = session.driver.call(&["refresh_token", "-", "-", "0", "0"]);
    assert_eq!((expired.outcome(), session.standin.take_requests().len()), ("auth.bad_token", 1), "{expired:?}");
    record.saw("refresh_token", "auth.bad_token");
    assert_eq!(session.driver.call(&["get_token"]).outcome(), "OK");
    session.finish();
    // 4.1 and later have no refresh: nothing is asked.
    let mut session = Session::start("4.2");
    session.open();
    let call = session.driver.call(&["refresh_token", "-", "-", "0", "0"]);
    assert_eq!((call.outcome(), session.standin.take_requests().len()), ("unsupported.refresh", 0), "{call:?}");
    session.finish();
    record.done();
}

#[test]
fn row_89_refresh_gives_another() {
    let record = Record::of(89);
    let mut session = Session::start("3.10");
    session.open();
    let other = session.issue_token();
    let body = format!("{{\"code\":\"REST-0000\",\"error\":false,\"expiration\":1900000000,\"token\":\"{other}\"}}");
    session.standin.script(Fault::once("/restpp/requesttoken", Action::reply(200, &body)).method("PUT"));
    let call = session.driver.call(&["refresh_token", "-", "-", "0", "0"]);
    assert_eq!((call.outcome(), call.told.as_str()), ("OK", "1900000000"), "{call:?}");
    session.standin.take_requests();
    assert_eq!(session.driver.call(&["server_version"]).outcome(), "OK");
    let requests = session.standin.take_requests();
    assert_eq!(requests[0].scheme("Bearer"), Some(other.as_str()), "the token that came back is used");
    record.saw("refresh_token", "OK");
    session.finish();
    record.done();
}
