//! Answers that look like success and are none, what a call tells of them, and renewals that nobody waits for.

use std::time::{Duration, Instant};

use tigergraph_standin::{Action, Fault, Options, Tls};

use crate::driver::field;
use crate::routes::{World, page, shapes};
use crate::session::{PASSWORD, USER};
use crate::tls::pin_of;

/// JSON that is no object.
const VALUES: [&str; 9] = ["[1,2]", "[]", "[{}]", "5", "-1.5", "\"text\"", "null", "true", " false\n"];

#[test]
fn json_that_is_no_object_is_no_success() {
    for version in ["3.10", "4.2"] {
        let mut world = World::new(Options::new(version));
        world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", version]]);
        assert_eq!(world.call(&["get_token"]).0.outcome(), "OK");
        for value in VALUES {
            world.standin.script(Fault::always("", Action::reply(200, value)));
            for (words, reason) in [
                (&["get_token"][..], "protocol.shape"),
                (&["refresh_token", "-", "-", "60", "4"], "protocol.shape"),
                (&["delete_token", "-", "sometokensometoken", "0"], "protocol.shape"),
                (&["delete_token", "-", "sometokensometoken", "1"], "protocol.shape"),
                (&["check_jwt", "e30.e30.x"], "protocol.shape"),
                (&["get_secrets"], "protocol.shape"),
                (&["drop_secret", "mine", "-", "0"], "protocol.shape"),
                (&["drop_secret", "mine", "-", "1"], "protocol.shape"),
                (&["drop_secrets", "-", "1", "mine", "other"], "protocol.shape"),
                (&["create_secret", "new"], "outcome.unknown"),
                (&["ensure_secret", "mine"], "protocol.shape"),
                (&["server_version"], "protocol.shape"),
            ] {
                if words[0] == "check_jwt" && version == "3.10" {
                    continue;
                }
                let (call, requests) = world.call(words);
                assert_eq!(call.outcome(), reason, "{version} {value:?} {words:?}: {call:?} {requests:?}");
                assert_eq!(requests.len(), 1, "{version} {value:?} {words:?}: {requests:?}");
            }
            world.standin.clear_faults();
        }
        assert_eq!(world.aliases_of(USER).iter().filter(|alias| *alias == "mine").count(), 1);
        world.finish();
    }
}

/// "Valid" and "not valid" are answers; everything else is none.
#[test]
fn a_token_is_valid_only_if_the_server_says_so() {
    let says = |status: u16, body: &str| Action::reply(status, body);
    let refused = r#"{"error":true,"message":"stand-in: token verification failed"}"#;
    let cases = [
        (says(200, r#"{"error":false}"#), "1"),
        (says(200, r#"{"error":"false","message":""}"#), "1"),
        (says(200, r#"{"message":"The token e30.e30.x verification succeed."}"#), "1"),
        (says(201, r#"{"error":false}"#), "1"),
        (says(200, "{}"), "protocol.shape"),
        (says(200, r#"{"message":"hello"}"#), "protocol.shape"),
        (says(200, r#"{"error":null}"#), "protocol.shape"),
        (says(200, r#"{"results":{"valid":true}}"#), "protocol.shape"),
        (says(200, refused), "0"),
        (says(400, refused), "0"),
        (says(401, refused), "0"),
        (says(403, refused), "0"),
        (says(404, refused), "0"),
        (says(400, r#"{"error":true,"code":"GSQL-1","message":"no"}"#), "0"),
        (says(400, r#"{"error":true,"code":"REST-10016","message":"no"}"#), "missing.endpoint"),
        (says(401, ""), "auth.bad_password"),
        (says(403, ""), "auth.refused"),
        (says(401, "forbidden"), "auth.bad_password"),
        (page(401), "auth.bad_password"),
        (page(403), "auth.refused"),
        (page(400), "protocol.not_json"),
        (page(200), "protocol.not_json"),
        (page(404), "missing.endpoint"),
        (says(403, "<html>Client certificate verification failed</html>"), "not valid"),
        (says(403, r#"{"error":true,"message":"Client certificate verification failed"}"#), "not valid"),
    ];
    let mut world = World::new(Options::new("4.2"));
    world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", "4.2"]]);
    for (action, expected) in cases {
        world.standin.script(Fault::always("", action.clone()));
        let (call, requests) = world.call(&["check_jwt", "e30.e30.x"]);
        world.standin.clear_faults();
        let what = format!("{action:?}: {call:?} {requests:?}");
        match expected {
            "0" | "1" => assert_eq!((call.outcome(), call.told.as_str()), ("OK", expected), "{what}"),
            // Which error that is, is a matter of certificates.
            "not valid" => assert_ne!(call.outcome(), "OK", "{what}"),
            reason => assert_eq!(call.outcome(), reason, "{what}"),
        }
    }
    world.finish();
}

/// A new secret that is shown masked is lost.
#[test]
fn a_masked_value_is_no_new_secret() {
    for masked in ["abc****xyz", "********", "abc*xyz"] {
        for version in ["3.10", "4.2"] {
            let mut world = World::new(Options::new(version));
            world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", version]]);
            let answer = match version {
                "4.2" => format!(r#"{{"error":false,"results":{{"alias":"new","value":"{masked}"}}}}"#),
                _ => format!("The secret: {masked} has been created\n__GSQL__RETURN__CODE__,0\n"),
            };
            world.standin.script(Fault::always("", Action::reply(200, &answer)).method("POST"));
            for words in [&["create_secret", "new"][..], &["create_secret", "-"]] {
                let (call, requests) = world.call(words);
                assert_eq!((call.outcome(), requests.len()), ("outcome.unknown", 1), "{version} {masked}: {call:?}");
                let alias = if words[1] == "-" { "AUTO_GENERATED_ALIAS_" } else { "new" };
                assert!(call.message.contains(alias) && !call.message.contains(masked), "{call:?}");
            }
            world.finish();
        }
    }
}

/// What was there before the call is what counts.
#[test]
fn dropped_counts_what_was_there() {
    for version in ["2.6", "3.1.4", "3.4", "3.10", "4.1.0", "4.2"] {
        let mut world = World::new(Options::new(version));
        world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", version]]);
        for (names, ignoring, strict) in [
            (&["mine", "second"][..], "2", Some("2")),
            (&["mine", "mine"], "1", Some("1")),
            (&["mine", "second", "mine", "second"], "2", Some("2")),
            (&["mine", "never", "second"], "2", None),
            (&["never", "mine", "never"], "1", None),
            (&["never", "gone"], "0", None),
            (&["never", "never"], "0", None),
            (&["never"], "0", None),
        ] {
            for flags in ["1", "0"] {
                world.standin.with_state(|state| state.secrets.clear());
                world.add_secret("mine");
                world.add_secret("second");
                let (call, requests) = world.call(&[&["drop_secrets", "-", flags], names].concat());
                let what = format!("{version} {names:?} {flags}: {call:?} {requests:?}");
                match (flags, strict) {
                    ("1", _) => assert_eq!((call.outcome(), call.told.as_str()), ("OK", ignoring), "{what}"),
                    (_, Some(count)) => assert_eq!((call.outcome(), call.told.as_str()), ("OK", count), "{what}"),
                    (_, None) => assert_eq!((call.outcome(), call.told.as_str()), ("missing.secret", "0"), "{what}"),
                }
                if flags == "0" {
                    assert_eq!(requests.len(), 1, "{what}");
                }
                if call.outcome() == "OK" {
                    let left = world.aliases_of(USER);
                    assert!(!names.iter().any(|name| left.iter().any(|alias| alias == name)), "{what}: {left:?}");
                }
            }
        }
        world.finish();
    }
}

/// A server that drops what there is, and then says that something was missing.
#[test]
fn dropped_counts_also_where_the_server_drops_some_and_refuses() {
    let mut world = World::new(Options::new("4.2"));
    world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", "4.2"]]);
    for names in [&["mine", "never", "second"][..], &["second", "mine", "never", "gone"]] {
        world.standin.with_state(|state| state.secrets.clear());
        let value = world.add_secret("mine");
        world.add_secret("second");
        let missing = Action::reply(404, r#"{"error":true,"message":"a secret does not exist"}"#);
        // The first deletion is carried out, and its answer is this.
        world.standin.script(Fault::once("/gsql/v1/secrets", Action::CloseAfterProcessing).method("DELETE"));
        world.standin.script(Fault::once("/gsql/v1/secrets", missing).method("DELETE"));
        let (call, requests) = world.call(&[&["drop_secrets", "-", "1"], names].concat());
        assert_eq!((call.outcome(), call.told.as_str()), ("OK", "2"), "{call:?} {requests:?}");
        assert_eq!(world.aliases_of(USER), Vec::<String>::new());
        // By its value, beside its alias, a secret is one all the same.
        world.standin.with_state(|state| state.secrets.clear());
        let again = world.add_secret("mine");
        assert_ne!(again, value);
        let (call, _) = world.call(&["drop_secrets", "-", "1", "mine", &again]);
        assert_eq!((call.outcome(), call.told.as_str()), ("OK", "1"), "{call:?}");
    }
    world.finish();
}

/// Whoever is accepted with any certificate still has to have the pinned key.
#[test]
fn insecure_does_not_switch_off_a_pin() {
    let tls = Tls::self_signed();
    let right = pin_of(&tls.chain_pem);
    let mut world = World::new(Options::new("4.2").with_tls(tls));
    let ca = field(world.standin.ca_pem().expect("a certificate"));
    let wrong = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let login = ["password", USER, &field(PASSWORD)];
    for insecure in ["0", "1"] {
        for ca in [None, Some(&ca)] {
            for (pin, is_right) in [(wrong, false), (right.as_str(), true)] {
                let mut settings: Vec<&[&str]> = vec![&login, &["server_version", "4.2"]];
                let (insecure_setting, pin_setting) = (["insecure_tls", insecure], ["pin_sha256", pin]);
                settings.extend([&insecure_setting[..], &pin_setting[..]]);
                let ca_setting = ca.map(|ca| ["ca_pem", ca.as_str()]);
                settings.extend(ca_setting.as_ref().map(|setting| &setting[..]));
                world.connect(&settings);
                let (call, requests) = world.call(&["get_token"]);
                let what = format!("insecure {insecure} ca {} {pin}: {call:?}", ca.is_some());
                if is_right {
                    assert_eq!((call.outcome(), requests.len()), ("OK", 1), "{what}");
                } else {
                    assert_eq!((call.outcome(), requests.len()), ("tls.pin_mismatch", 0), "{what}");
                }
            }
        }
    }
    world.finish();
}

const TOKENS: &str = "/gsql/v1/tokens";

/// A renewal that hangs ends with the last caller who waits for it, and leaves no failure behind.
#[test]
fn cancelling_the_last_who_waits_ends_a_renewal() {
    // How many wait, and on which handle: all on the one that is cancelled or freed.
    for (end, threads) in [("cancel", "1"), ("cancel", "2"), ("cancel", "8"), ("free", "1"), ("free", "3")] {
        let mut world = World::new(Options::new("4.2"));
        world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", "4.2"]]);
        world.driver.say(&["clone"]);
        world.standin.script(Fault::once(TOKENS, Action::Hang));
        let calls = match end {
            "cancel" => {
                world.driver.say(&["after", "300", "cancel"]);
                world.driver.calls(&["threads", threads, "authorization"])
            }
            _ => world.driver.calls(&["free_during", threads, "300", "authorization"]),
        };
        assert!(calls.iter().all(|call| call.outcome() == "cancelled"), "{end} {threads}: {calls:?}");
        let began = Instant::now();
        world.driver.say(&["use_clone"]);
        // At once, without waiting for the one that hangs, and twice, without its failure.
        for _ in 0..2 {
            let call = world.driver.call(&["authorization"]);
            assert_eq!(call.outcome(), "OK", "{end} {threads}: {call:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{end} {threads}: {:?}", began.elapsed());
        let requests = shapes(&world.standin.take_requests());
        assert_eq!(requests, ["POST /gsql/v1/tokens", "POST /gsql/v1/tokens"], "{end} {threads}");
        world.finish();
    }
}

/// One who goes does not take it from another who waits.
#[test]
fn cancelling_one_of_two_leaves_the_renewal_to_the_other() {
    let mut world = World::new(Options::new("4.2"));
    world.connect(&[&["password", USER, &field(PASSWORD)], &["server_version", "4.2"]]);
    world.driver.say(&["clone"]);
    world.standin.script(Fault::once(TOKENS, Action::Delay(Duration::from_millis(900))));
    world.driver.say(&["after", "300", "cancel"]);
    let calls = world.driver.calls(&["on_both", "authorization"]);
    let mut outcomes: Vec<&str> = calls.iter().map(|call| call.outcome()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["OK", "cancelled"], "{calls:?}");
    assert_eq!(world.standin.take_requests().len(), 1);
    world.finish();
}
