//! Rows 129 to 134: a token provider, which the driver plays as it is told (`set provider ACT NUMBER TEXT`).

use std::time::{Duration, Instant};

use tigergraph_standin::Issuer;

use crate::driver::field;
use crate::managed::{needs_token, trusted_by};
use crate::matrix::Record;
use crate::session::{AMPLE, SHORT, Session, on_both};
use crate::threads;

/// A driver whose tokens come from its provider, and the server that takes them.
struct Login {
    session: Session,
    issuer: Issuer,
    /// How often the plan was made.
    turn: u32,
}

impl Login {
    fn start(version: &'static str) -> Login {
        let session = Session::start(version);
        let issuer = trusted_by(&session.standin);
        Login { session, issuer, turn: 0 }
    }

    /// A new handle without a token, whose provider does this.
    fn open(&mut self, act: &str, number: i64, text: &str) {
        self.session.configure();
        self.session.driver.say(&["set", "password", "-", "-"]);
        self.plan(act, number, text);
        self.session.connect();
    }

    /// What the provider of all handles does from now on.
    fn plan(&mut self, act: &str, number: i64, text: &str) {
        self.session.driver.say(&["set", "provider", act, &number.to_string(), &field(text)]);
        self.turn += 1;
    }

    /// The same with a new good token.
    fn plan_token(&mut self, act: &str) {
        let token = self.session.issue(&self.issuer);
        self.plan(act, 0, &token);
    }

    /// What the provider was told about its answers, by the plan before the latest if `before` is 1; as many as these.
    fn is_told(&mut self, before: u32, answers: &[&str]) {
        let begins = format!("provider\t{}\t", self.turn - before);
        let (begun, mut told) = (Instant::now(), Vec::new());
        while told.len() < answers.len() && begun.elapsed() < Duration::from_secs(30) {
            self.session.driver.say(&["counts"]);
            let spoken = self.session.driver.take_spoken();
            self.session.canaries.assert_absent("a provider", &spoken);
            told.extend(spoken.iter().filter_map(|line| line.strip_prefix(&begins)).map(str::to_owned));
        }
        assert_eq!(told, answers, "{}", self.session.version);
    }

    /// Every call that needs a token comes to this, and does not as soon as the provider is good. A token that is held is
    /// kept meanwhile.
    fn check(&mut self, record: &Record, (act, number, text): (&str, i64, &str), expected: &str, answers: &[&str]) {
        let what = format!("{act} {number}");
        for call in needs_token(self.session.version) {
            self.open(act, number, text);
            self.session.needs(record, call, &what, expected);
            self.is_told(0, answers);
            self.recovers(&what);
        }
        self.holds(act, number, text, &what);
        self.session.end_of_case(&what);
    }

    /// The provider that has stayed returns, which takes it a moment.
    fn returns(&mut self) {
        self.plan_token("token");
        self.is_told(1, &["token CANCELLED"]);
        let begun = Instant::now();
        while self.session.driver.call(&["get_token"]).outcome() == "provider.unavailable" {
            assert!(begun.elapsed() < Duration::from_secs(5), "it has returned");
        }
    }

    /// The token that is held is handed out while the provider does this instead of renewing it.
    fn holds(&mut self, act: &str, number: i64, text: &str, what: &str) {
        // A provider that has answered and is about to return would overstay, once the clock is set forward.
        let begun = Instant::now();
        while threads::count(self.session.driver.id(), "tg-provider") > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "a provider has not returned");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.plan(act, number, text);
        self.session.assert_held(what);
    }

    fn recovers(&mut self, what: &str) {
        self.plan_token("token");
        self.session.assert_recovers(what);
    }
}

#[test]
fn row_129_provider_fails() {
    let record = Record::of(129);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        for status in [-1, 0, 3, 6, 7, 12, 18, 99] {
            // What it says may hold what it was refused with.
            let secret = login.session.issue(&login.issuer);
            let words = format!("no token for {secret}\r\ntoday");
            let expected = if matches!(status, 6 | 7) { "provider.refused" } else { "provider.unavailable" };
            login.check(&record, ("fail", status, &words), expected, &["fail OK"]);
        }
        login.check(&record, ("nothing", 0, ""), "provider.unavailable", &["nothing"]);
        login.session.finish();
    });
    record.done();
}

#[test]
fn row_130_provider_brings_no_token() {
    let record = Record::of(130);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        let long = "a".repeat(8193);
        for text in ["", "1234567", "Bearer 12345678", "12345678\r\nX: y", "1234,5678", "t\u{f6}ken-of-8", &long] {
            login.check(&record, ("token", 0, text), "protocol.shape", &["token PROTOCOL"]);
        }
        login.check(&record, ("token", -1, "12345678"), "provider.unavailable", &["token INVALID_ARGUMENT"]);
        login.session.finish();
    });
    record.done();
}

/// It is asked once, and what it says in the end is nobody's. Whoever asks meanwhile hears that it has not returned.
#[test]
fn row_131_provider_never_answers() {
    let record = Record::of(131);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = SHORT;
        // Every call, once it overstays; the others wait in the same way as these.
        for call in &needs_token(version)[..2] {
            login.open("stay", 0, "a-token-that-comes-too-late");
            login.session.needs(&record, call, "silence", "timeout.response");
            // A second after the end of its time it overstays.
            std::thread::sleep(Duration::from_millis(1100));
            for call in needs_token(version) {
                login.session.needs(&record, call, "a provider that overstays", "provider.unavailable");
            }
            login.returns();
            login.recovers("silence");
        }
        login.holds("stay", 0, "a-token-that-comes-too-late", "silence");
        login.returns();
        login.recovers("silence");
        login.session.finish();
    });
    record.done();
}

#[test]
fn row_132_provider_is_cancelled() {
    let record = Record::of(132);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        for call in needs_token(version) {
            login.open("late", 0, "a-token-after-the-cancellation");
            login.session.driver.say(&["after", "200", "cancel"]);
            let begun = Instant::now();
            login.session.needs(&record, call, "a cancellation", "cancelled");
            assert!(begun.elapsed() < Duration::from_millis(200 + 100 + 100), "{version} {:?}", begun.elapsed());
            login.is_told(0, &["token CANCELLED"]);
            login.recovers("a cancellation");
        }
        login.session.finish();
    });
    record.done();
}

#[test]
fn row_133_provider_answers_twice() {
    let record = Record::of(133);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        for call in needs_token(version) {
            let first = login.session.issue(&login.issuer);
            login.open("twice", 0, &first);
            // The server takes the first one alone.
            login.session.needs(&record, call, "two answers", "OK");
            login.is_told(0, &["token OK", "token INVALID_ARGUMENT", "fail INVALID_ARGUMENT"]);
            login.recovers("two answers");
        }
        login.session.finish();
    });
    record.done();
}

#[test]
fn row_134_provider_asks_its_own_connection() {
    let record = Record::of(134);
    on_both(|version| {
        let mut login = Login::start(version);
        login.session.limits = AMPLE;
        for call in needs_token(version) {
            login.open("nothing", 0, "");
            login.plan_token("recurse");
            login.session.needs(&record, call, "a question of its own", "OK");
            login.is_told(0, &["recurse argument.recursion", "token OK"]);
            login.recovers("a question of its own");
        }
        login.session.finish();
    });
    record.done();
}
