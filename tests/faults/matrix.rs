//! The rows of the fault matrix, what the tests saw of each, and tests/FAULTS.md, which is made of both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use crate::common::root;
use crate::written::settle;

/// Who shows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// A test of this program.
    By(&'static str),
    /// A test elsewhere, the operations that it is about, and the outcome that it asserts.
    Elsewhere(&'static str, &'static str, &'static str),
    /// By the tests of managed tokens alone.
    RenewalTest,
}

use ShownBy::{By, Elsewhere, RenewalTest};

/// A row of the matrix.
pub struct Row {
    pub number: u32,
    pub fault: &'static str,
    pub shown: ShownBy,
    pub note: &'static str,
}

const fn row(number: u32, fault: &'static str, shown: ShownBy, note: &'static str) -> Row {
    Row { number, fault, shown, note }
}

/// What a row is to a managed token is shown by these tests of `tests/authorization.rs`.
const MANAGED: &[(&[u32], &str)] = &[
    (&[5, 60, 62], "rows_5_60_and_62_a_server_that_is_gone_and_comes_back"),
    (
        &[
            12, 13, 14, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43, 44,
            45, 46, 47, 51, 52, 53, 54, 55, 56, 57,
        ],
        "rows_12_to_57_a_token_is_held_whatever_its_renewal_meets",
    ),
    (&[40], "row_40_tokens_that_have_expired_on_arrival"),
    (&[41], "row_41_a_short_lived_token_is_renewed_in_time_and_never_handed_out_dead"),
    (&[42], "row_42_the_same_token_again_is_asked_for_at_a_measured_pace"),
    (&[47], "row_47_many_threads_share_a_refusal"),
    (&[48], "row_48_fresh_tokens_that_are_all_rejected_end_the_asking"),
    (&[49], "row_49_a_token_that_64_threads_reject_is_replaced_by_one_request"),
    (&[50], "row_50_a_late_rejection_has_no_effect"),
    (&[51], "row_51_no_endpoint"),
    (&[52], "row_52_request_timeout"),
    (&[53], "row_53_a_wait_that_the_server_asks_for"),
    (&[54], "row_54_a_wait_that_is_too_long"),
    (&[55], "row_55_throttled_without_a_wait"),
    (&[56], "row_56_server_errors"),
    (&[57], "row_57_gateways"),
    (&[58], "row_58_half_of_the_requests"),
    (&[59, 60], "rows_59_and_60_an_outage_and_its_end"),
    (&[72], "row_72_a_clock_that_is_set_between_calls"),
    (&[73], "row_73_a_clock_that_is_set_during_a_call"),
    (&[75], "row_75_a_server_whose_clock_is_wrong_by_a_day"),
    (&[78], "row_78_ten_thousand_threads"),
    (&[88], "row_88_a_renewal_of_a_token_that_the_server_does_not_take"),
    (&[89], "row_89_a_refresh_that_gives_another_token"),
    (&[100], "row_100_an_answer_about_the_time_of_the_limit"),
];

/// The rows whose own tests show that: all their calls are of managed tokens.
const MANAGED_BY_ITSELF: [RangeInclusive<u32>; 3] = [115..=123, 125..=127, 129..=131];

/// The tests of what a row is to a managed token.
fn managed(number: u32) -> String {
    if MANAGED_BY_ITSELF.iter().any(|rows| rows.contains(&number)) {
        return "the same test".to_owned();
    }
    let tests = MANAGED.iter().filter(|(rows, _)| rows.contains(&number)).map(|(_, test)| format!("`{test}`"));
    tests.collect::<Vec<_>>().join(", ")
}

#[rustfmt::skip]
pub const ROWS: [Row; 145] = [
    row(1, "DNS: no such name", By("row_01_unknown_name"), ""),
    row(2, "DNS: no answer just now (EAI_AGAIN)", By("row_02_resolver_says_again"), ""),
    row(3, "DNS: hangs", By("row_03_resolver_hangs"), ""),
    row(4, "DNS: no address; 500 addresses", By("row_04_no_address_and_too_many"), ""),
    row(5, "connection refused", By("row_05_refused"), ""),
    row(6, "network or host unreachable on all addresses", By("row_06_unreachable"), ""),
    row(7, "no answer to SYN", By("row_07_no_answer_to_syn"), ""),
    row(8, "IPv6 first and black-holed, IPv4 good", By("row_08_ipv6_black_hole"), ""),
    row(9, "IPv6 refused, IPv4 good", By("row_09_ipv6_refused"), ""),
    row(10, "EMFILE, ENFILE, ENOBUFS, EADDRNOTAVAIL", By("row_10_no_descriptors"), ""),
    row(11, "reset after accept, before TLS", By("row_11_reset_after_accept"), ""),
    row(12, "accepts and never speaks", By("row_12_never_speaks"), ""),
    row(13, "reset in mid request", By("row_13_reset_in_request"), ""),
    row(14, "closed before the answer, fresh connection", By("row_14_closed_before_answer"), ""),
    row(15, "closed before the answer, reused connection", By("row_15_reused_connection_closed"), ""),
    row(16, "idle connection dropped silently", By("row_16_idle_connection_dropped"), "the clock is moved on by a definition of clock_gettime"),
    row(17, "reset or end in the head of the answer", By("row_17_cut_head"), ""),
    row(18, "reset or end in the body of the answer", By("row_18_cut_body"), ""),
    row(19, "chunked: cut, bad size, size 2^63", By("row_19_chunks"), ""),
    row(20, "JSON without length, cut", By("row_20_cut_json"), ""),
    row(21, "Content-Length too long, connection kept open", By("row_21_length_too_long"), ""),
    row(22, "Content-Length too short", By("row_22_length_too_short"), ""),
    row(23, "two lengths; length and Transfer-Encoding", By("row_23_two_lengths"), ""),
    row(24, "Content-Length negative, empty, 2^64", By("row_24_bad_length"), ""),
    row(25, "2 MB of head, 10 000 fields, a field of 1 MB", By("row_25_large_head"), ""),
    row(26, "endless 1xx", By("row_26_endless_interim"), ""),
    row(27, "body of 1 GiB, endless body", By("row_27_large_body"), ""),
    row(28, "gzip bomb, unknown and double Content-Encoding", By("row_28_encodings"), ""),
    row(29, "head at 1 byte per 200 ms", By("row_29_drip_in_head"), ""),
    row(30, "body at 1 byte per 200 ms", By("row_30_drip_in_body"), ""),
    row(31, "endless handshake fragments; flood of tickets", By("row_31_endless_handshake"), ""),
    row(32, "JSON 100 000 deep", By("row_32_deep_json"), ""),
    row(33, "wrong types", By("row_33_wrong_types"), ""),
    row(34, "token missing, empty, 1 MB, with characters that no header carries", By("row_34_bad_tokens"), ""),
    row(35, "expirations that say nothing; that are no time", By("row_35_expirations"), ""),
    row(36, "members twice", By("row_36_duplicate_members"), ""),
    row(37, "not UTF-8, UTF-16, two byte order marks, lone surrogate", By("row_37_not_utf8"), ""),
    row(38, "200 with a login page", By("row_38_page_with_200"), ""),
    row(39, "200 with error:true and a code", By("row_39_error_with_200"), ""),
    row(40, "200 with an expired token", By("row_40_expired_token"), ""),
    row(41, "200 with a token of 2 s", By("row_41_short_lived_token"), ""),
    row(42, "200 with the same token again", By("row_42_same_token_again"), ""),
    row(43, "201, 204, 206, 304", By("row_43_other_2xx_and_304"), ""),
    row(44, "301, 302, 303 on the same host", By("row_44_redirect"), ""),
    row(45, "307, 308 to another host, https to http", By("row_45_redirect_elsewhere"), ""),
    row(46, "400", By("row_46_bad_request"), ""),
    row(47, "401 and 403 for the secret, 64 threads", By("row_47_refused_credentials"), ""),
    row(48, "resource refuses every fresh token", RenewalTest, ""),
    row(49, "64 threads reject the same token", RenewalTest, ""),
    row(50, "late rejection of an old token", RenewalTest, ""),
    row(51, "404 page; REST-1000", By("row_51_no_endpoint"), ""),
    row(52, "408", By("row_52_request_timeout"), ""),
    row(53, "429 with Retry-After 2", By("row_53_retry_after"), ""),
    row(54, "429 with a Retry-After of a day, a date in 2099 and other values", By("row_54_retry_after_too_long"), ""),
    row(55, "429 and 503 without Retry-After", By("row_55_throttled"), ""),
    row(56, "500 with and without a code", By("row_56_server_errors"), ""),
    row(57, "502, 503, 504 with a page", By("row_57_gateways"), ""),
    row(58, "half of the requests fail", By("row_58_half_of_the_requests"), ""),
    row(59, "server down for an hour, 64 threads in a loop", RenewalTest, ""),
    row(60, "server returns", By("row_60_server_returns"), ""),
    row(61, "certificate expired, not yet valid", By("row_61_certificate_dates"), ""),
    row(62, "self-signed, unknown CA, missing intermediate", By("row_62_unknown_issuer"), ""),
    row(63, "wrong host, common name alone, wildcard two levels deep, IP not listed", By("row_63_wrong_host"), ""),
    row(64, "only TLS 1.0, 1.1, SSLv3, RC4, export ciphers", By("row_64_old_tls"), ""),
    row(65, "downgrade; tampered handshake", By("row_65_downgrade_and_tampering"), ""),
    row(66, "plain HTTP on an https port; TLS and SSH on an http port", By("row_66_wrong_protocol"), ""),
    row(67, "pin of another key", By("row_67_pin_mismatch"), ""),
    row(68, "ticket of another trust setting; rotated key", By("row_68_tickets_and_rotated_key"), ""),
    row(69, "CA files that are none; client key of another certificate", By("row_69_ca_files"), ""),
    row(70, "environment variables of proxies, key logs and trust stores", By("row_70_environment"), "what the system's resolver reads itself is not the library's"),
    row(71, "proxy: 407, 502, HTML, hangs", By("row_71_proxy"), ""),
    row(72, "wall clock 10 years off between calls", By("row_72_wall_clock_off"), ""),
    row(73, "wall clock steps during a call", By("row_73_wall_clock_steps"), ""),
    row(74, "suspended for longer than the token lives", Elsewhere("src/token/renewal/tests.rs: a_hundred_thousand_worlds", "all", "renewed"), "an ordinary machine cannot suspend itself: the clock of the simulation jumps"),
    row(75, "server's clock wrong by a day", By("row_75_server_clock"), ""),
    row(76, "fork with 64 busy threads", By("row_76_fork"), "the token held, rejected and renewed in the child: tests/c/fork.c"),
    row(77, "fork and exec", By("row_77_exec"), ""),
    row(78, "10 000 threads on one handle", RenewalTest, ""),
    row(79, "1 000 handles in a process", By("row_79_thousand_handles"), ""),
    row(80, "freed during calls; freed twice; used after free", By("row_80_freed_during_calls"), "the last two are the caller's error"),
    row(81, "NULL handle, argument, output", By("row_81_null"), "NULL outputs and accessors: tests/c/null.c"),
    row(82, "arguments not UTF-8, with CR LF, of 1 MB", By("row_82_bad_arguments"), ""),
    row(83, "URLs that are no server's address", By("row_83_bad_urls"), ""),
    row(84, "aliases that would change the request", By("row_84_bad_aliases"), ""),
    row(85, "create secret: connection lost after the request", By("row_85_creation_lost"), ""),
    row(86, "create secret: 502, 504, time limit", By("row_86_creation_and_gateways"), ""),
    row(87, "delete token: answer lost, second says unknown", By("row_87_deletion_lost"), ""),
    row(88, "refresh: token unknown or expired", By("row_88_refresh_of_a_dead_token"), ""),
    row(89, "refresh gives another token than sent", By("row_89_refresh_gives_another"), ""),
    row(90, "every k-th allocation fails", By("row_90_allocations_fail"), "Rust's own collections end the process; see the test"),
    row(91, "every system call fails once", By("row_91_system_calls_fail"), ""),
    row(92, "no thread can be started", By("row_92_no_threads"), ""),
    row(93, "no random numbers", By("row_93_no_randomness"), ""),
    row(94, "panic at each exported function", Elsewhere("tests/panic.rs: every_function_survives", "all", "`internal.panic`"), ""),
    row(95, "log callback calls the library", By("row_95_log_callback"), "exceptions and longjmp out of it are forbidden in the header"),
    row(96, "1 000 signals a second without SA_RESTART", By("row_96_signal_storm"), ""),
    row(97, "standard descriptors closed, sockets in their place", By("row_97_standard_descriptors"), ""),
    row(98, "thread stack of 64 KiB", By("row_98_small_stack"), "with the library as it ships; the debug build needs more, see the test"),
    row(99, "no memory may be locked", By("row_99_no_locked_memory"), "none is locked, so tg_diagnose has nothing to say"),
    row(100, "answer just before the limit, 64 waiting", RenewalTest, ""),
    row(101, "tg_send: no connection, an unknown CA", By("row_101_send_without_a_connection"), ""),
    row(102, "tg_send: the connection ends in the answer or before it", By("row_102_send_and_the_connection_ends"), ""),
    row(103, "tg_send: no answer in time", By("row_103_send_and_no_answer_in_time"), ""),
    row(104, "tg_send: what is no HTTP", By("row_104_send_and_what_is_no_http"), ""),
    row(105, "tg_send: a redirect", By("row_105_send_and_a_redirect"), ""),
    row(106, "tg_send: a compressed answer", By("row_106_send_and_a_compressed_answer"), ""),
    row(107, "tg_send: an answer over its limit", By("row_107_send_and_an_answer_over_its_limit"), ""),
    row(108, "tg_send: every HTTP status, with a page", By("row_108_send_and_every_http_status"), "the answer is the caller's, and nothing is sent again"),
    row(109, "tg_send: the token is refused once", By("row_109_send_and_a_token_that_is_refused_once"), "a new token, and the request once more"),
    row(110, "tg_send: every token is refused; not allowed", By("row_110_send_and_tokens_that_are_all_refused"), "the second refusal is the answer"),
    row(111, "tg_send: the token is refused, and there is no new one", By("row_111_send_and_no_new_token"), ""),
    row(112, "tg_send: on a connection that the server closes or has closed", By("row_112_send_on_a_connection_that_was_closed"), ""),
    row(113, "tg_send: a path, method or header that is none", By("row_113_send_of_what_is_no_request"), "nothing is sent"),
    row(114, "tg_send: cancelled in the middle of a large answer", By("row_114_send_that_is_cancelled"), ""),
    row(115, "token endpoint: connection refused", By("row_115_token_endpoint_refuses_connections"), ""),
    row(116, "token endpoint: silent, half an answer, slow", By("row_116_token_endpoint_never_answers"), ""),
    row(117, "token endpoint: reset or closed before and in the answer", By("row_117_token_endpoint_resets_or_closes"), ""),
    row(118, "token endpoint: what is no HTTP", By("row_118_token_endpoint_speaks_no_http"), ""),
    row(119, "token endpoint: head or body too large", By("row_119_token_endpoint_says_too_much"), ""),
    row(120, "token endpoint: a redirect", By("row_120_token_endpoint_redirects"), "what it leads to is not connected to"),
    row(121, "token endpoint: 200 with a page, with what is no JSON, compressed", By("row_121_token_endpoint_answers_no_json"), ""),
    row(122, "token endpoint: wrong types; a token that no header carries", By("row_122_token_endpoint_answers_wrong_types"), ""),
    row(123, "token endpoint: a token that has expired", By("row_123_token_endpoint_gives_tokens_that_end"), ""),
    row(124, "token endpoint: a token of 2 s; lifetimes that say nothing", By("row_124_token_endpoint_gives_short_and_unknown_lifetimes"), ""),
    row(125, "token endpoint: 408, 429 and 503 with Retry-After and without, 5xx", By("row_125_token_endpoint_is_not_available"), ""),
    row(126, "token endpoint: refusals of the client, 401 and 403 with a page, 404", By("row_126_token_endpoint_refuses_the_client"), "after invalid_client the secret is sent in the other way"),
    row(127, "token endpoint: bad certificates; no TLS", By("row_127_token_endpoint_has_a_bad_certificate"), ""),
    row(128, "token endpoint: plain http beyond loopback", By("row_128_token_endpoint_without_tls"), "nothing is connected to"),
    row(129, "token provider: refuses, is not available, brings nothing", By("row_129_provider_fails"), ""),
    row(130, "token provider: brings what is no token", By("row_130_provider_brings_no_token"), ""),
    row(131, "token provider: never answers, and overstays", By("row_131_provider_never_answers"), ""),
    row(132, "token provider: is cancelled, and answers after that", By("row_132_provider_is_cancelled"), ""),
    row(133, "token provider: answers twice", By("row_133_provider_answers_twice"), "the first answer counts"),
    row(134, "token provider: asks its own connection for a token", By("row_134_provider_asks_its_own_connection"), "`argument.recursion`, and then it answers"),
    row(135, "cache: a folder open to others, a link, of another user; a file", By("row_135_cache_folder_is_refused"), ""),
    row(136, "cache: an entry that is empty, cut, changed, of another login", By("row_136_cache_entry_is_damaged_or_anothers"), "as if there were none"),
    row(137, "cache: the process that has the lock is stopped", By("row_137_cache_lock_of_a_stopped_process"), "`timeout.response` where the call has less than a second"),
    row(138, "cache: nothing can be written", By("row_138_cache_cannot_be_written"), "a full disk: tests/cache/folders.rs"),
    row(139, "cache: the process that has the lock is killed", Elsewhere("tests/cache/holders.rs: whoever_is_killed_frees_the_lock", "authorization", "OK"), ""),
    row(140, "several servers: the first is dead", By("row_140_first_server_is_dead"), ""),
    row(141, "several servers: the first dies of a request", By("row_141_first_server_dies_of_a_request"), ""),
    row(142, "several servers: the first answers late or never", By("row_142_first_server_is_late"), "the second is not asked"),
    row(143, "several servers: the first has a bad certificate", By("row_143_first_server_has_a_bad_certificate"), "the second is not asked"),
    row(144, "several servers: of different generations", By("row_144_servers_of_different_generations"), ""),
    row(145, "several servers: all are dead", By("row_145_all_servers_are_dead"), "the error names them"),
];

/// What the tests saw of a row: outcomes, each with its operations.
type Seen = BTreeMap<String, BTreeSet<String>>;

static SEEN: Mutex<BTreeMap<u32, Seen>> = Mutex::new(BTreeMap::new());

/// Collects what a test sees of its row.
pub struct Record {
    number: u32,
    seen: Mutex<Seen>,
    failures: Mutex<Vec<String>>,
}

impl Record {
    pub fn of(number: u32) -> Record {
        Record { number, seen: Mutex::default(), failures: Mutex::default() }
    }

    pub fn saw(&self, operation: &str, outcome: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(outcome.to_owned()).or_default().insert(operation.to_owned());
    }

    /// Something is not as it must be; the test goes on, and fails in the end.
    pub fn fail(&self, what: String) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// The end of the row's test. When all rows have come this far, the table is written.
    pub fn done(self) {
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert!(failures.is_empty(), "row {}, {} failures:\n{}", self.number, failures.len(), failures.join("\n"));
        let own = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert!(!own.is_empty(), "row {} saw nothing", self.number);
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(self.number, own);
        if ROWS.iter().all(|row| !matches!(row.shown, By(_)) || seen.contains_key(&row.number)) {
            settle("tests/FAULTS.md", &render(&seen), "cargo test --test faults");
        }
    }
}

const HEAD: &str = "\
# Faults

Written by `cargo test --test faults`. This is the fault matrix: each row is something that can go wrong. Every test
goes through the C interface, with AddressSanitizer and UndefinedBehaviorSanitizer, against a server of generation B
(3.10) and one of generation C (4.2), and asserts besides the outcome: the call ends within its time limit; no more
requests are sent than the table of retries allows; no piece of a credential is printed, logged or told; the same
handle works as soon as the server does. \"Creations\" are `create_secret` and the second request of `ensure_secret`.
Rows 1 to 100 are about tokens and secrets, those from 101 on about requests of the caller's own, `tg_send`; rows 115
to 134 about logins whose tokens come from a token endpoint or a token provider, 135 to 139 about the token cache, and
those from 140 on about a list of servers.

What a fault is to a managed token is in the column \"managed\": tests of `tests/authorization.rs`, or the row's own,
with a good token held and with none. Faults on the way to a server (names, routes, certificates, proxies) end the
same request in the same place as those of rows 5, 12 to 57 and 62.

| row | fault | test | operations | outcome | managed | note |
|---|---|---|---|---|---|---|
";

fn render(seen: &BTreeMap<u32, Seen>) -> String {
    let mut text = HEAD.to_owned();
    for row in &ROWS {
        let (test, operations, outcome) = match row.shown {
            By(test) => {
                let seen = &seen[&row.number];
                (format!("`{test}`"), operations(seen), outcomes(seen))
            }
            Elsewhere(test, operations, outcome) => (test.to_owned(), operations.to_owned(), outcome.to_owned()),
            RenewalTest => ("–".to_owned(), "–".to_owned(), "–".to_owned()),
        };
        let Row { number, fault, note, .. } = row;
        let managed = managed(*number);
        writeln!(text, "| {number} | {fault} | {test} | {operations} | {outcome} | {managed} | {note} |")
            .expect("a text");
    }
    text
}

fn operations(seen: &Seen) -> String {
    let all: BTreeSet<&str> = seen.values().flatten().map(String::as_str).collect();
    let known = crate::operations::OPERATIONS.map(|operation| operation.name);
    if known.iter().all(|name| all.contains(name)) {
        return "all".to_owned();
    }
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// The commonest outcome first; the others with the operations that have them.
fn outcomes(seen: &Seen) -> String {
    let mut by_number: Vec<_> = seen.iter().collect();
    by_number.sort_by_key(|(outcome, operations)| (std::cmp::Reverse(operations.len()), outcome.as_str()));
    let names = |operations: &BTreeSet<String>| operations.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    for (index, (outcome, operations)) in by_number.into_iter().enumerate() {
        let shown = if outcome == "OK" { outcome.clone() } else { format!("`{outcome}`") };
        parts.push(if index == 0 { shown } else { format!("{shown} ({})", names(operations)) });
    }
    parts.join("; ")
}

#[test]
fn every_row_is_there_and_every_test_exists() {
    let list = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--list", "--format", "terse"])
        .output()
        .expect("its list");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    for (index, row) in ROWS.iter().enumerate() {
        assert_eq!(row.number as usize, index + 1);
        if let By(test) = row.shown {
            assert!(test.starts_with(&format!("row_{:02}_", row.number)), "{test}");
            assert!(list.lines().any(|line| line.ends_with(&format!("{test}: test"))), "there is no test {test}");
        }
        if let Elsewhere(test, ..) = row.shown {
            let (file, name) = test.split_once(": ").expect("a file and a test");
            let text = std::fs::read_to_string(root().join(file)).expect(file);
            assert!(text.contains(&format!("fn {name}()")), "there is no test {test}");
        }
        assert!(row.shown != RenewalTest || !managed(row.number).is_empty(), "row {} is shown nowhere", row.number);
    }
    let managed_tests = std::fs::read_to_string(root().join("tests/authorization.rs")).expect("the tests");
    for (_, test) in MANAGED {
        assert!(managed_tests.contains(&format!("\nfn {test}() {{")), "there is no test {test}");
    }
}
