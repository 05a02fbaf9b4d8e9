//! What is fuzzed: for each target a function that takes any bytes and panics if a property does not hold.
//!
//! The programs in `fuzz_targets` run them; `tests/corpus.rs` includes this file and replays the committed corpora.
//! Both use the library with its feature `test-fuzz`.

mod abi;
mod cached;
mod canary;
mod exchange;
mod framing;
mod replies;
mod requests;
mod script;
mod settings;
mod shapes;

use std::sync::LazyLock;

use peak_alloc::PeakAlloc;

/// Counts what is allocated, so that a target can say how much its input made the library take.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Reads a text as one kind of reply or setting.
pub type Parser = (&'static str, fn(&[u8]));

/// Replies that are JSON.
const JSON: [Parser; 5] = [
    ("json", replies::json),
    ("token", replies::token),
    ("secrets", replies::secrets),
    ("refusal", replies::refusal),
    ("oauth2", replies::oauth2),
];

/// Everything else that a server says.
const TEXTS: [Parser; 6] = [
    ("gsql", replies::gsql),
    ("expiration", replies::expiration),
    ("claims", replies::claims),
    ("retry-after", replies::retry_after),
    ("version", replies::version),
    ("message", replies::message),
];

/// What the program and its files say.
const SETTINGS: [Parser; 8] = [
    ("address", settings::address),
    ("names", settings::names),
    ("proxy", settings::proxy),
    ("certificates", settings::certificates),
    ("cache", cached::file),
    ("env-file", settings::env_file),
    ("no-proxy", settings::no_proxy),
    ("pem", shapes::certificates),
];

/// What needs most of the library. A target of its own: after each execution libFuzzer looks at all that a program is
/// linked with, which takes longer than most parsers.
const PROGRAM: [Parser; 2] = [("environment", settings::environment), ("request", requests::any)];

/// Bytes of an answer, in pieces of any size: the framing's own reading of them.
pub fn framing(data: &[u8]) {
    framing::any(data);
}

/// Calls of the C interface in any order.
pub fn abi(data: &[u8]) {
    abi::calls(data);
}

/// A whole operation, from the bytes that a server sends to its result.
pub fn exchange(data: &[u8]) {
    exchange::any(data);
}

/// Any reply that is JSON; the first byte chooses which.
pub fn json(data: &[u8]) {
    choose(&JSON, data);
}

/// Any other text of a server's; the first byte chooses which.
pub fn texts(data: &[u8]) {
    choose(&TEXTS, data);
}

/// Any setting; the first byte chooses which.
pub fn settings(data: &[u8]) {
    choose(&SETTINGS, data);
}

/// The environment, or a request; the first byte chooses which.
pub fn program(data: &[u8]) {
    choose(&PROGRAM, data);
}

/// Runs the parser that the first byte chooses, as `a` the first. Where `FUZZ_PARSER` names one it is always
/// that one, so that its executions can be counted.
fn choose(parsers: &[Parser], data: &[u8]) {
    static ONLY: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("FUZZ_PARSER").ok());
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let chosen = match &*ONLY {
        Some(only) => parsers.iter().position(|(name, _)| name == only).expect("FUZZ_PARSER names one of these"),
        None => usize::from(first.wrapping_sub(b'a')) % parsers.len(),
    };
    parsers[chosen].1(rest);
}

/// Runs `body` and tells how many bytes of heap it held at its peak, beyond those before it.
fn heap<T>(body: impl FnOnce() -> T) -> (T, usize) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let result = body();
    (result, HEAP.peak_usage().saturating_sub(before))
}
