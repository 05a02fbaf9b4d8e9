//! Rows 115 to 128: the token endpoint of an OAuth2 login. A stand-in plays it, at a path of its own, so that it can
//! fail in every way that a TigerGraph server can.

use std::time::Duration;

use tigergraph_standin::{
    Action, ClosedPort, Fault as StandinFault, Issuer, LOOPBACK_NAMES, Options, RawAction, RawServer, TestCa, Tls,
    wall_clock,
};

use crate::check::{Class, Fault, OK, can_be_told, fault, raw, reply};
use crate::connect::refusing_port;
use crate::driver::{self, field};
use crate::managed::{LIFETIME_S, needs_token, trusted_by};
use crate::matrix::Record;
use crate::operations::by_name;
use crate::session::{AMPLE, Limits, Session, USER, on_both};

const PATH: &str = "/oauth2/token";
const CLIENT: &str = "reporting";
/// Of letters for which one way to send it is right for all servers, so that a good endpoint is asked once.
const SECRET: &str = "canary-of.the_client~secret";

/// A driver that logs in at a token endpoint, and the server that takes its tokens.
struct Login {
    session: Session,
    issuer: Issuer,
}

impl Login {
    fn start(version: &'static str) -> Login {
        Login::with(Options::new(version), version)
    }

    fn with(options: Options, version: &'static str) -> Login {
        let mut session = Session::with(options, version, driver::sanitized(), &[]);
        session.canaries.add(SECRET);
        let issuer = trusted_by(&session.standin);
        Login { session, issuer }
    }

    /// A new handle without a token.
    fn open(&mut self) {
        let url = format!("{}{PATH}", self.session.standin.gateway_url());
        self.open_at(&url);
    }

    /// The same for another token endpoint.
    fn open_at(&mut self, token_url: &str) {
        let session = &mut self.session;
        session.configure();
        session.driver.say(&["set", "password", "-", "-"]);
        session.driver.say(&["set", "oauth2", token_url, CLIENT, SECRET]);
        session.connect();
        session.standin.take_requests();
    }

    /// From now on the endpoint answers so. A good answer has another token each time.
    fn answers(&mut self, action: Option<&Action>) {
        self.session.standin.clear_faults();
        if let Some(action) = action {
            return self.session.standin.script(StandinFault::always(PATH, action.clone()));
        }
        for _ in 0..8 {
            let granted = granted(&self.session.issue(&self.issuer), &format!("\"expires_in\":{LIFETIME_S}"));
            self.session.standin.script(StandinFault::once(PATH, Action::reply(200, &granted)));
        }
    }

    /// How often the endpoint was asked since the last look.
    fn asked(&self) -> usize {
        self.session.standin.take_requests().iter().filter(|request| request.path == PATH).count()
    }

    /// Another server where one has stopped.
    fn start_again(&mut self, ports: &[ClosedPort; 2], tls: Option<Tls>) {
        self.session.start_server_at(ports, tls);
        self.issuer = trusted_by(&self.session.standin);
        self.answers(None);
    }

    fn finish(self) {
        self.session.finish();
    }
}

fn granted(token: &str, more: &str) -> String {
    format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",{more}}}")
}

/// Each of these instead of the answer, for every call that needs a token, and for the renewal of one that is held.
/// `more` is how many requests a fault costs besides those of its class.
fn check(number: u32, faults: &[(Fault, usize)]) {
    let record = Record::of(number);
    on_both(|version| {
        let mut login = Login::start(version);
        for (fault, more) in faults.iter().filter(|(fault, _)| can_be_told(fault.reason)) {
            login.session.limits = fault.class.limits();
            let requests = fault.class.requests(&by_name("get_token"));
            let (least, most) = (requests.start() + more, requests.end() + more);
            // Whoever needs a token waits for it in the same way.
            let calls = needs_token(version).iter().take(if fault.class == Class::Stuck { 2 } else { usize::MAX });
            for call in calls {
                login.open();
                login.answers(Some(&fault.action));
                let told = login.session.needs(&record, call, &fault.what, fault.reason);
                let asked = login.asked();
                if !(least..=most).contains(&asked) || fault.http != 0 && told.http != fault.http {
                    record.fail(format!("{version} {} after {}: {asked} requests: {told:?}", call.name, fault.what));
                }
                login.answers(None);
                login.session.assert_recovers(&fault.what);
                login.session.end_of_case(&fault.what);
            }
            login.answers(Some(&fault.action));
            login.session.assert_held(&fault.what);
        }
        login.finish();
    });
    record.done();
}

/// The same with nothing to be counted beside the class.
fn check_each(number: u32, faults: Vec<Fault>) {
    let faults: Vec<(Fault, usize)> = faults.into_iter().map(|fault| (fault, 0)).collect();
    check(number, &faults);
}

#[test]
fn row_115_token_endpoint_refuses_connections() {
    let record = Record::of(115);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        for call in needs_token(version) {
            let nobody = refusing_port();
            login.open_at(&format!("http://{}{PATH}", nobody.address()));
            login.session.driver.counts();
            login.session.needs(&record, call, "a closed port", "connect.refused");
            assert_eq!(login.session.driver.counts().connects().len(), 3, "{version} {}", call.name);
            login.session.end_of_case("a closed port");
        }
        // It goes while a token is held, and comes back.
        login.open();
        login.answers(None);
        login.session.assert_recovers("a start");
        let ports = login.session.stop_server();
        login.session.assert_held("its end");
        login.start_again(&ports, None);
        login.session.assert_recovers("its return");
        login.finish();
    });
    record.done();
}

#[test]
fn row_116_token_endpoint_never_answers() {
    let half = format!("{OK}Content-Length: 10\r\n\r\n12345");
    let drip = |head: &str, rest: &[u8]| {
        Action::DripAfter(head.as_bytes().to_vec(), rest.to_vec(), Duration::from_millis(200))
    };
    let stuck = |what: &str, action| fault(what, action, Class::Stuck, "timeout.response");
    check_each(
        116,
        vec![
            stuck("silence", Action::Hang),
            stuck("half an answer", Action::RawBytesAndHang(half.into_bytes())),
            stuck("a slow head", drip("", OK.as_bytes())),
            stuck("a slow body", drip(&format!("{OK}Content-Length: 100\r\n\r\n"), &[b' '; 100])),
        ],
    );
}

#[test]
fn row_117_token_endpoint_resets_or_closes() {
    let half = format!("{OK}Content-Length: 10\r\n\r\n12345");
    let lost = |what: &str, action, reason| fault(what, action, Class::Mid, reason);
    check_each(
        117,
        vec![
            lost("a close", Action::CloseBeforeReply, "connect.closed"),
            lost("a reset", Action::ResetBeforeReply, "connect.reset"),
            lost("a reset in the head", Action::RawBytesAndReset(OK.as_bytes().to_vec()), "connect.reset"),
            lost("a reset in the body", Action::RawBytesAndReset(half.clone().into_bytes()), "connect.reset"),
            raw(OK, Class::Mid, "connect.closed"),
            raw(half, Class::Mid, "connect.closed"),
            raw(format!("{OK}Transfer-Encoding: chunked\r\n\r\n5\r\n123"), Class::Mid, "connect.closed"),
        ],
    );
}

#[test]
fn row_118_token_endpoint_speaks_no_http() {
    let framing = |bytes: String| raw(bytes, Class::Final, "protocol.framing");
    check_each(
        118,
        vec![
            framing("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
            framing(format!("{OK}Content-Length: -1\r\n\r\n")),
            framing(format!("{OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12")),
            framing(format!("{OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{{}}")),
            framing(format!("{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
            framing("HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)),
        ],
    );
}

#[test]
fn row_119_token_endpoint_says_too_much() {
    let large = |action| fault("too much", action, Class::Final, "protocol.too_large");
    let body = format!("{{\"x\":\"{}\"}}", "y".repeat(65_536));
    check_each(
        119,
        vec![
            raw(format!("{OK}{}\r\n", "X: y\r\n".repeat(10_000)), Class::Final, "protocol.too_large"),
            raw(format!("{OK}Content-Length: 99999999999\r\n\r\n"), Class::Final, "protocol.too_large"),
            reply(200, &body, Class::Final, "protocol.too_large"),
            large(Action::Flood(format!("{OK}\r\n").into_bytes(), vec![b' '; 4096])),
        ],
    );
}

/// What it leads to is connected to by nobody, and of its address nothing is told that a server could have put there.
#[test]
fn row_120_token_endpoint_redirects() {
    let target = RawServer::start(RawAction::Silence).expect("a server");
    let mut faults = Vec::new();
    for (status, scheme) in [(301, "http"), (302, "https"), (303, "http"), (307, "http"), (308, "https")] {
        let location = format!("{scheme}://127.0.0.1:{}/?secret={SECRET}", target.port());
        let action = Action::reply(status, "<html>").header("Location", &location);
        faults.push(Fault { http: status, ..fault(&status.to_string(), action, Class::Redirect, "protocol.redirect") });
    }
    check_each(120, faults);
    assert_eq!(target.connections(), 0, "a redirect was followed");
}

#[test]
fn row_121_token_endpoint_answers_no_json() {
    let page = format!("<html>Log in as {CLIENT} with {SECRET}</html>");
    let encoded = |coding: &str| {
        let action = Action::reply(200, "{}").header("Content-Encoding", coding);
        fault(coding, action, Class::Final, "protocol.encoding")
    };
    let text = |body: &str| reply(200, body, Class::Final, "protocol.not_json");
    check_each(
        121,
        vec![
            text(&page),
            text(""),
            text("no token today"),
            text("access_token=abcdefgh&token_type=bearer"),
            text("{\"access_token\":\"abcdefgh\"} {"),
            raw(
                [OK.as_bytes(), b"Content-Length: 9\r\n\r\n{\"a\":\"\xff\"}"].concat(),
                Class::Final,
                "protocol.encoding",
            ),
            encoded("gzip"),
            encoded("br"),
            encoded("gzip, gzip"),
        ],
    );
}

#[test]
fn row_122_token_endpoint_answers_wrong_types() {
    let deep = format!("{{\"access_token\":{}", "[".repeat(100_000));
    let bodies = [
        "{}",
        "[]",
        "null",
        "7",
        "{\"access_token\":5,\"token_type\":\"bearer\"}",
        "{\"access_token\":null,\"token_type\":\"bearer\"}",
        "{\"access_token\":[\"abcdefgh\"],\"token_type\":\"bearer\"}",
        "{\"access_token\":\"abcdefgh\",\"token_type\":5}",
        "{\"access_token\":\"abcdefgh\",\"token_type\":\"DPoP\"}",
        "{\"access_token\":\"\",\"token_type\":\"bearer\"}",
        "{\"access_token\":\"short\",\"token_type\":\"bearer\"}",
        "{\"access_token\":\"abc,defgh\",\"token_type\":\"bearer\"}",
        "{\"access_token\":\"abc\\r\\nX: defgh\",\"token_type\":\"bearer\"}",
        "{\"access_token\":\"abc\\u0000defgh\",\"token_type\":\"bearer\"}",
        "{\"token\":\"abcdefgh\",\"token_type\":\"bearer\"}",
    ];
    let shape = |body: &str| reply(200, body, Class::Final, "protocol.shape");
    let large = granted(&"a".repeat(8193), "\"expires_in\":60");
    check_each(
        122,
        bodies
            .iter()
            .copied()
            .chain([&*large])
            .map(shape)
            .chain([
                // No deeper than the answer may be long.
                reply(200, &deep[..60_000], Class::Final, "protocol.shape"),
            ])
            .collect(),
    );
}

/// Of a token that has ended by the server's own clock nobody has anything; one that ends soon is used, and replaced in
/// time.
#[test]
fn row_123_token_endpoint_gives_tokens_that_end() {
    let issuer = Issuer::new("https://login.example.com");
    let ended = issuer.token(USER, wall_clock() - 900, 600);
    let dated = |body: &str| Action::reply(200, body).header("Date", "Wed, 21 Oct 2099 07:28:00 GMT");
    let over = |what: &str, action| fault(what, action, Class::Final, "protocol.shape");
    check_each(
        123,
        vec![
            over("a JWT that has ended", dated(&granted(&ended, "\"x\":1"))),
            over("a JWT that has ended by its server's clock alone", {
                dated(&granted(&issuer.token(USER, wall_clock(), 600), "\"x\":1"))
            }),
        ],
    );
}

/// How long a token lives that the endpoint says this of, and for how long nobody asks for another.
#[test]
fn row_124_token_endpoint_gives_short_and_unknown_lifetimes() {
    let record = Record::of(124);
    on_both(|version| {
        let mut login = Login::start(version);
        for (more, known) in [
            ("\"expires_in\":2", true),
            ("\"expires_in\":\"2\"", true),
            ("\"expires_in\":2.9", true),
            ("\"expires_in\":0", false),
            ("\"expires_in\":-7", false),
            ("\"expires_in\":\"soon\"", false),
            ("\"expires_in\":{}", false),
            ("\"x\":1", false),
        ] {
            login.open();
            login.session.standin.clear_faults();
            for _ in 0..2 {
                let opaque = format!("token-{}", login.session.issue(&login.issuer).replace('.', "-"));
                login.session.canaries.add(&opaque);
                login.session.standin.script(StandinFault::once(PATH, Action::reply(200, &granted(&opaque, more))));
            }
            let call = &needs_token(version)[0];
            // Used until it is over, or until one is due whose end nobody knows.
            for (seconds, requests) in [("0", 1), ("1", 0), (if known { "2" } else { "901" }, 1)] {
                login.session.driver.say(&["clock", "boot", seconds]);
                let told = login.session.needs(&record, call, more, "OK");
                let asked = login.asked();
                if asked != requests || (told.told != "0") != known {
                    record.fail(format!("{version} {more} after {seconds} s: {asked} requests, {told:?}"));
                }
            }
            login.session.driver.say(&["clock", "boot", "0"]);
            login.session.end_of_case(more);
        }
        login.finish();
    });
    record.done();
}

#[test]
fn row_125_token_endpoint_is_not_available() {
    let unavailable = |status, body: &str, class| reply(status, body, class, "oauth2.unavailable");
    let after = |status, seconds: &str, class| {
        let action = Action::reply(status, "{}").header("Retry-After", seconds);
        Fault { http: status, ..fault(&format!("{status} {seconds}"), action, class, "oauth2.unavailable") }
    };
    let mut faults = Vec::new();
    for status in [429, 503] {
        faults.push(unavailable(status, "<html>", Class::Throttled));
        faults.push(after(status, "0", Class::Throttled));
        // More time than the call has, and more than any call waits.
        faults.push(after(status, "2", Class::Throttled));
        for seconds in ["3600", "1000000000", "Wed, 21 Oct 2099 07:28:00 GMT"] {
            faults.push(after(status, seconds, Class::Refusal));
        }
    }
    faults.push(unavailable(408, "<html>", Class::GaveUp));
    for status in [500, 502, 504] {
        faults.push(unavailable(status, "<html>", Class::Gateway));
    }
    for (status, code) in [(500, "invalid_client"), (400, "temporarily_unavailable"), (200, "server_error")] {
        faults.push(unavailable(status, &format!("{{\"error\":\"{code}\"}}"), Class::Gateway));
    }
    check_each(125, faults);
}

/// After `invalid_client` the secret is sent once in the other way, and after any other refusal not at all.
#[test]
fn row_126_token_endpoint_refuses_the_client() {
    let refused = |status, code: &str| {
        let body = format!("{{\"error\":\"{code}\",\"error_description\":\"not {CLIENT} with {SECRET}\"}}");
        reply(status, &body, Class::Refusal, "oauth2.refused")
    };
    let mut faults = vec![(refused(401, "invalid_client"), 1), (refused(400, "invalid_client"), 1)];
    for code in ["invalid_request", "invalid_grant", "invalid_scope", "unauthorized_client", "access_denied", SECRET] {
        faults.push((refused(400, code), 0));
    }
    for status in [401, 403] {
        faults.push((reply(status, &format!("<html>{SECRET}</html>"), Class::Refusal, "oauth2.refused"), 0));
    }
    faults.push((reply(404, "<html>", Class::Refusal, "protocol.shape"), 0));
    check(126, &faults);
}

/// Before anything is sent. What is said of the server that takes the tokens, such as its certificate in the CA setting,
/// does not hold for this one.
#[test]
fn row_127_token_endpoint_has_a_bad_certificate() {
    let record = Record::of(127);
    let (ca, other) = (TestCa::new("a CA"), TestCa::new("another CA"));
    let itself = other.leaf(&LOOPBACK_NAMES);
    let rows = [
        (ca.tls_of(other.leaf(&LOOPBACK_NAMES)), "tls.unknown_issuer"),
        (Tls { ca_pem: itself.chain_pem.clone(), ..ca.tls_of(itself) }, "tls.unknown_issuer"),
        (ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2020, 2021)), "tls.expired"),
        (ca.tls_of(ca.leaf_for_years(&LOOPBACK_NAMES, 2080, 2090)), "tls.not_yet_valid"),
        (ca.tls(&["localhost", "127.0.0.2"]), "tls.wrong_host"),
        (ca.tls_of(ca.leaf_by_common_name("127.0.0.1")), "tls.no_name"),
    ];
    on_both(|version| {
        for (bad, reason) in &rows {
            let mut login = Login::with(Options::new(version).with_tls(bad.clone()), version);
            login.open();
            // The CA that vouches for a good one is trusted too.
            let both = bad.ca_pem.clone() + ca.pem();
            login.session.driver.say(&["set", "ca_pem", &field(both)]);
            login.session.connect();
            for call in needs_token(version) {
                login.session.needs(&record, call, "a bad certificate", reason);
            }
            assert_eq!(login.session.standin.take_requests().len(), 0, "{reason}");
            let ports = login.session.stop_server();
            login.start_again(&ports, Some(ca.tls(&LOOPBACK_NAMES)));
            login.session.assert_recovers(reason);
            let ports = login.session.stop_server();
            login.session.start_server_at(&ports, Some(bad.clone()));
            login.session.assert_held(reason);
            assert_eq!(login.asked(), 0, "{reason}");
            login.finish();
        }
        // What does not speak TLS at all.
        let cases = [
            (RawAction::Silence, "timeout.tls"),
            (RawAction::Reset, "connect.reset"),
            (RawAction::Answer(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "tls.protocol"),
        ];
        for (action, reason) in cases.into_iter().filter(|(_, reason)| can_be_told(reason)) {
            let mut login = Login::start(version);
            let server = RawServer::start(action).expect("a server");
            for call in needs_token(version) {
                // All attempts end before the call does.
                login.session.limits = Limits { connect: 100, call: 2000 };
                login.open_at(&format!("https://127.0.0.1:{}{PATH}", server.port()));
                login.session.needs(&record, call, reason, reason);
            }
            login.open();
            login.answers(None);
            login.session.assert_recovers(reason);
            login.finish();
        }
    });
    record.done();
}

/// Nothing is looked up or connected to, whatever is allowed for the server that takes the tokens.
#[test]
fn row_128_token_endpoint_without_tls() {
    let record = Record::of(128);
    on_both(|version| {
        let mut login = Login::start(version);
        for host in ["login.example.com", "192.0.2.1", "127.0.0.1.example.com", "[2001:db8::1]"] {
            login.open();
            login.session.driver.say(&["set", "allow_http", "1"]);
            login.session.driver.say(&["set", "oauth2", &format!("http://{host}{PATH}"), CLIENT, SECRET]);
            login.session.driver.counts();
            let told = login.session.driver.call(&["conn_new"]);
            record.saw("tg_conn_new", told.outcome());
            assert_eq!((told.outcome(), told.hint.is_empty()), ("config.plain_http", false), "{host}: {told:?}");
            assert_eq!(login.session.driver.counts().connects(), [], "{host}");
        }
        login.finish();
    });
    record.done();
}
