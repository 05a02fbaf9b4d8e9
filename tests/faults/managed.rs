//! Logins whose tokens come from elsewhere (a token endpoint, a token provider): the calls that need such a token, and
//! what becomes of one that is held while no other can be had.

use std::time::{Duration, Instant};

use tigergraph_standin::{Issuer, Standin, wall_clock};

use crate::driver::Call;
use crate::matrix::Record;
use crate::operations::is_rest;
use crate::session::{Session, USER, assert_in_time};

/// How long the tokens live that are held.
pub const LIFETIME_S: i64 = 100;
/// When so many seconds of them are over they are due for renewal, but good enough that nobody waits for it.
const DUE_S: &str = "85";

/// A call that needs a token.
pub struct NeedsToken {
    pub name: &'static str,
    words: &'static [&'static str],
}

const NEEDS_TOKEN: [NeedsToken; 4] = [
    NeedsToken { name: "authorization", words: &["authorization"] },
    NeedsToken { name: "get_token", words: &["get_token"] },
    NeedsToken { name: "get_secrets", words: &["get_secrets", "-"] },
    NeedsToken { name: "send GET", words: &["send", "GET", "restpp", "/query/MyGraph/q", "-"] },
];

/// Before 4.1 a server takes no token of another issuer: it can be had, and that is all.
pub fn needs_token(version: &str) -> &'static [NeedsToken] {
    &NEEDS_TOKEN[..if is_rest(version) { 4 } else { 2 }]
}

/// An issuer that the server trusts.
pub fn trusted_by(standin: &Standin) -> Issuer {
    let issuer = Issuer::new("https://login.example.com");
    standin.trust_issuer(&issuer);
    issuer
}

impl Session {
    /// A new token of the issuer, which nobody may see.
    pub fn issue(&mut self, issuer: &Issuer) -> String {
        let token = issuer.token(USER, wall_clock(), LIFETIME_S);
        self.canaries.add(&token);
        token
    }

    /// Makes a call, which must come to this.
    pub fn needs(&mut self, record: &Record, call: &NeedsToken, what: &str, expected: &str) -> Call {
        let told = self.driver.call(call.words);
        record.saw(call.name, told.outcome());
        if told.outcome() != expected || told.outcome() != "OK" && told.hint.is_empty() {
            record
                .fail(format!("{} {} after {what}: {expected} and a hint expected: {told:?}", self.version, call.name));
        }
        assert_in_time(&told, self.limits.call);
        told
    }

    /// The handle gets a token as soon as there is one, and with it whatever needs one. What a refusal has stored is
    /// forgotten by a call that asks itself.
    pub fn assert_recovers(&mut self, what: &str) {
        self.driver.say(&["timeout", "5000"]);
        for call in [&NEEDS_TOKEN[1], &NEEDS_TOKEN[0]].into_iter().chain(needs_token(self.version)) {
            let told = self.driver.call(call.words);
            assert_eq!(told.outcome(), "OK", "{} {} after {what}: {told:?}", self.version, call.name);
        }
    }

    /// The token that is held is handed out whatever its renewal meets, which is logged once.
    pub fn assert_held(&mut self, what: &str) {
        let limit = self.limits.call;
        self.driver.say(&["timeout", &limit.to_string()]);
        self.driver.take_spoken();
        self.driver.say(&["clock", "boot", DUE_S]);
        let begun = Instant::now();
        let (mut warnings, mut calls_left) = (0, 20);
        while calls_left > 0 {
            let told = self.driver.call(NEEDS_TOKEN[0].words);
            assert_eq!(told.outcome(), "OK", "{} held after {what}: {told:?}", self.version);
            assert!(told.ms < 300, "{} waits after {what}: {told:?}", self.version);
            let spoken = self.driver.take_spoken();
            self.canaries.assert_absent(what, &spoken);
            warnings += spoken.iter().filter(|line| line.starts_with("log\t2\tno new token (")).count();
            calls_left -= usize::from(warnings > 0);
            let most = Duration::from_millis(limit + 3000);
            assert!(begun.elapsed() < most, "{} no renewal failed after {what}", self.version);
        }
        assert_eq!(warnings, 1, "{} {what}", self.version);
        self.driver.say(&["clock", "boot", "0"]);
    }
}
