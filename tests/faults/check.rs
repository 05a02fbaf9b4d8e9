//! What is common to rows that are about the answer: a fault hits every operation that it applies to, on
//! both versions, and each call comes to what the table of retries and reasons says.

use std::ops::RangeInclusive;

use tigergraph_standin::Action;

use crate::common;
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS, Operation, is_rest};
use crate::session::{AMPLE, Attempt, Limits, SHORT, Session, assert_in_time, on_both};

/// How a good answer begins.
pub const OK: &str = "HTTP/1.1 200 OK\r\n";

/// How a request fails, as far as trying again is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No complete answer.
    Mid,
    /// None until the time is over.
    Stuck,
    /// An answer that is none; asking again would not help.
    Final,
    Redirect,
    /// 408.
    GaveUp,
    /// 429 or 503.
    Throttled,
    /// 502, 504 or 500 without a code.
    Gateway,
    /// The same, with a page that says that nothing was done.
    Starting,
    /// An answer that refuses.
    Refusal,
}

/// What a call must come to.
#[derive(Clone, Debug)]
pub struct Expected {
    pub outcome: &'static str,
    pub requests: RangeInclusive<usize>,
}

impl Class {
    pub fn requests(self, operation: &Operation) -> RangeInclusive<usize> {
        match self {
            Class::Mid => operation.most.mid..=operation.most.mid,
            Class::Gateway | Class::Starting => operation.most.gateway..=operation.most.gateway,
            // How many fit into the time is a matter of luck.
            Class::GaveUp | Class::Throttled => 1..=operation.most.throttled,
            Class::Stuck | Class::Final | Class::Redirect | Class::Refusal => 1..=1,
        }
    }

    /// Whether a creation may have been carried out.
    fn leaves_open(self) -> bool {
        matches!(self, Class::Mid | Class::Stuck | Class::Final | Class::GaveUp | Class::Gateway)
    }

    pub fn limits(self) -> Limits {
        match self {
            Class::Stuck | Class::GaveUp | Class::Throttled => SHORT,
            _ => AMPLE,
        }
    }
}

/// A fault, and what it comes to.
pub struct Fault {
    pub what: String,
    pub action: Action,
    pub class: Class,
    pub reason: &'static str,
    /// The status of the answer; 0: no answer, or none that has a status.
    pub http: u16,
}

pub fn fault(what: &str, action: Action, class: Class, reason: &'static str) -> Fault {
    Fault { what: what.to_owned(), action, class, reason, http: 0 }
}

/// Whether this can be told. Under wine a reset is told as such or as a close, as it happens: when wine's server notices
/// the error before the program reads, it takes the error from the socket, and a read finds the end.
pub fn can_be_told(reason: &str) -> bool {
    !common::is_windows() || reason != "connect.reset"
}

/// Bytes instead of an answer.
pub fn raw(bytes: impl AsRef<[u8]>, class: Class, reason: &'static str) -> Fault {
    let bytes = bytes.as_ref();
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    fault(&start, Action::RawBytes(bytes.to_vec()), class, reason)
}

/// Another answer.
pub fn reply(status: u16, body: &str, class: Class, reason: &'static str) -> Fault {
    let what = format!("{status} {}", body.chars().take(80).collect::<String>());
    Fault { http: status, ..fault(&what, Action::reply(status, body), class, reason) }
}

pub type Filter = fn(&Operation, &str) -> bool;

pub fn all(_: &Operation, _: &str) -> bool {
    true
}

/// Detection takes any JSON for an answer of 4.1 or later.
pub fn json(operation: &Operation, version: &str) -> bool {
    operation.answers_json(version) && operation.kind != Kind::Detect
}

pub fn tokens(operation: &Operation, _: &str) -> bool {
    operation.gives_token()
}

pub fn lists(operation: &Operation, version: &str) -> bool {
    is_rest(version) && matches!(operation.kind, Kind::List | Kind::Find | Kind::Create | Kind::CreateMissing)
}

impl Fault {
    pub fn expected(&self, operation: &Operation) -> Expected {
        let open = operation.creates() && self.class.leaves_open();
        let outcome = if open { "outcome.unknown" } else { self.reason };
        Expected { outcome, requests: self.class.requests(operation) }
    }
}

/// How many requests a refusal without a known meaning costs: where REST tells about secrets, a refused
/// creation is followed by a look at the list, and a look-up that is refused by the creation.
pub fn after_refusal(operation: &Operation, version: &str) -> RangeInclusive<usize> {
    match operation.kind {
        Kind::Create | Kind::CreateMissing if is_rest(version) => 1..=2,
        Kind::Find if is_rest(version) => 1..=3,
        _ => 1..=1,
    }
}

/// Whether this refusal makes the library ask for another token with the login, and repeat the request with that. Here
/// the login is refused in the same words.
pub fn replaces_token(operation: &Operation, reason: &str) -> bool {
    operation.kind == Kind::Version && matches!(reason, "auth.bad_token" | "auth.token_expired")
}

/// A row: each of the faults, for every operation that it applies to, on both versions.
pub fn check(number: u32, applies: Filter, faults: &[Fault]) {
    let record = Record::of(number);
    check_with(&record, applies, faults, |fault, operation, _| fault.expected(operation));
    record.done();
}

pub fn check_with(
    record: &Record,
    applies: Filter,
    faults: &[Fault],
    expected: impl Fn(&Fault, &Operation, &str) -> Expected + Sync,
) {
    on_both(|version| {
        let mut session = Session::start(version);
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(version) && applies(operation, version)) {
            for fault in faults.iter().filter(|fault| can_be_told(fault.reason)) {
                let expected = expected(fault, operation, version);
                session.limits = fault.class.limits();
                let attempt = session.attempt(operation, &fault.action);
                check_call(record, &session, operation, fault, &expected, &attempt);
            }
        }
        session.finish();
    });
}

fn check_call(
    record: &Record,
    session: &Session,
    operation: &Operation,
    fault: &Fault,
    expected: &Expected,
    attempt: &Attempt,
) {
    let (call, sent) = (&attempt.call, attempt.requests.len());
    record.saw(operation.name, call.outcome());
    if call.outcome() != expected.outcome || !expected.requests.contains(&sent) {
        record.fail(format!(
            "{} {} after {:?}: {} with {sent} requests instead of {} with {:?}: {call:?}",
            session.version,
            operation.name,
            fault.what,
            call.outcome(),
            expected.outcome,
            expected.requests,
        ));
    }
    if call.outcome() != "OK" && (call.hint.is_empty() || fault.http != 0 && call.http != fault.http) {
        record
            .fail(format!("{} after {:?}: no hint, or not HTTP {}: {call:?}", operation.name, fault.what, fault.http));
    }
    assert_in_time(call, session.limits.call);
    if fault.class == Class::Stuck && call.outcome() != "OK" && call.ms + 20 < session.limits.call {
        record.fail(format!("{} after {:?} gave up early: {call:?}", operation.name, fault.what));
    }
}
