//! Transport: TLS, redirects, time and size.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use tigergraph_auth::Reason;
use tigergraph_standin::{Action, Fault, Options, Standin, TestCa};

use super::helpers::{MAKE_CURRENT, carrying, connect, reason, secret, shown, standin, told, with_fault, with_login};
use super::peer::Peer;
use super::{Defect, Outcome};

pub const DEFECTS: &[Defect] = defects! {
    "https is not verified" => https_is_verified,
    "a 307 carries the secret to another host" => redirects_are_not_followed,
    "there is no time limit" => calls_end,
    "there is no limit of size" => answers_are_bounded,
    "a compressed answer is unpacked in full" => nothing_is_unpacked,
};

fn https_is_verified(peer: &Peer) -> Outcome {
    let ca = TestCa::new("nobody trusts this CA");
    let server = Standin::start(Options::new("4.2").with_tls(ca.tls(&["db.example.com"]))).expect("a stand-in");
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let given = [("secret", secret.as_str()), ("certPath", "/nowhere/ca.pem")];
        assert_eq!(python.step("token by secret", &server, &given)["value"], true);
        assert_eq!(carrying(&server.take_requests(), &secret).len(), 1);
        "sent the secret to a server with another host's certificate of an unknown CA; certPath is not read"
    });
    for (trusted, expected) in [(None, Reason::TlsUnknownIssuer), (Some(ca.pem()), Reason::TlsWrongHost)] {
        let mut config = with_login(&server);
        config.set_ca_pem(trusted.map(str::as_bytes));
        assert_eq!(reason(connect(&config).get_token(Some(&secret), 0, MAKE_CURRENT)), expected);
    }
    assert_eq!(server.requests().len(), 0);
    (theirs, "tls.unknown_issuer; with the CA trusted, tls.wrong_host; sent nothing")
}

fn redirects_are_not_followed(peer: &Peer) -> Outcome {
    let target = standin("4.2");
    let location = format!("http://localhost:{}/gsql/v1/tokens", target.gateway_port());
    let server = with_fault("4.2", Fault::always("/", Action::reply(307, "").header("location", &location)));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        python.step("token by secret", &server, &[("secret", &secret)]);
        assert!(!carrying(&target.requests(), &secret).is_empty());
        "posted the secret again, to the other host"
    });
    server.take_requests();
    let already = target.connections();
    let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("a redirect");
    assert_eq!(error.reason(), Reason::ProtocolRedirect);
    assert!(shown(&error).contains("http://localhost") && !shown(&error).contains("/tokens"), "{error:?}");
    assert_eq!((server.requests().len(), target.connections()), (1, already));
    (theirs, "protocol.redirect, which names the other host; no connection to it")
}

fn calls_end(peer: &Peer) -> Outcome {
    let server = with_fault("4.2", Fault::always("/", Action::Hang));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let told = python.endless("no limit", &server, &[("secret", &secret)]);
        assert_eq!(told["value"], Value::Null, "a time limit");
        "asked the socket for no time limit, and still waited after 2 s"
    });
    let connection = connect(with_login(&server).set_timeouts(300, 600));
    let started = Instant::now();
    assert_eq!(reason(connection.get_token(Some(&secret), 0, MAKE_CURRENT)), Reason::TimeoutResponse);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    (theirs, "timeout.response at the limit of the call")
}

const MANY: usize = 8 << 20;

/// A token request that is answered by `answer`: what the peer's exception is about, and our error.
fn oversized(peer: &Peer, answer: Action, words: &'static str) -> (String, Reason) {
    let server = with_fault("4.2", Fault::always("/", answer));
    let secret = secret(&server);
    let theirs = peer.did(|python| {
        let outcome = python.step("token by secret", &server, &[("secret", &secret)]);
        let length = outcome["length"].as_u64().expect("an exception");
        assert!(length >= MANY as u64, "{outcome}");
        format!("an exception whose text has more than 8 MiB, {words}")
    });
    let error = told(&server, "4.2").get_token(Some(&secret), 0, MAKE_CURRENT).expect_err("not an answer");
    assert!(shown(&error).len() < 1024);
    (theirs, error.reason())
}

fn answers_are_bounded(peer: &Peer) -> Outcome {
    let (theirs, ours) = oversized(peer, Action::reply(200, &"no JSON ".repeat(MANY / 8)), "all that came");
    assert_eq!(ours, Reason::ProtocolTooLarge);
    (theirs, "protocol.too_large, in less than 1 KiB of text")
}

/// 64 KiB of zeros, as gzip. Such members may follow one another.
const ZEROS: &str = "H4sIAAAAAAACA+3BAQEAAACAkP6v7ggKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAauuOl9cAAAEA";

fn nothing_is_unpacked(peer: &Peer) -> Outcome {
    let bomb = BASE64.decode(ZEROS).expect("Base64").repeat(MANY >> 16);
    let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    let (theirs, ours) = oversized(
        peer,
        Action::Reply { status: 200, headers, body: bomb, content_type: None },
        "from 12 KiB that came",
    );
    assert_eq!(ours, Reason::ProtocolEncoding);
    (theirs, "protocol.encoding, in less than 1 KiB of text")
}
