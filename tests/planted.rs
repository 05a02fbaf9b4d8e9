//! Defects are planted, and the tool that watches programs has to catch each: only then does its silence mean
//! anything. `tests/sanitize` runs this for every tool.

#[path = "common/c.rs"]
mod common;

use common::Tool;

/// What the tool says of a defect, in all of these words.
type Said = (&'static str, &'static [&'static str]);

const ADDRESS: [Said; 5] = [
    ("leak", &["LeakSanitizer: detected memory leaks", "40 byte(s) leaked in 1 allocation(s)"]),
    ("lost_connection", &["LeakSanitizer: detected memory leaks"]),
    ("overflow", &["AddressSanitizer: heap-buffer-overflow", "WRITE of size 1"]),
    ("freed_message", &["AddressSanitizer: heap-use-after-free", "freed_message"]),
    ("undefined", &["runtime error: signed integer overflow"]),
];
/// What a sanitizer sees only if it is in the library as well, the last one only if it is in Rust's standard library too.
const ADDRESS_INSIDE: [Said; 3] = [
    ("freed_error_in_the_library", &["AddressSanitizer: heap-use-after-free", "tg_error_http_status"]),
    ("overread_in_the_library", &["AddressSanitizer: heap-buffer-overflow", "tg_drop_secrets"]),
    ("overread_in_std", &["AddressSanitizer: heap-buffer-overflow", "tg_is_token_refused", "in core::str::"]),
];
const THREAD: [Said; 2] = [
    ("race", &["ThreadSanitizer: data race", "planted.c"]),
    ("log_race", &["ThreadSanitizer: data race", "count_line"]),
];
/// What it sees only if it is in the library as well.
const THREAD_INSIDE: [Said; 1] =
    [("config_race_in_the_library", &["ThreadSanitizer: data race", "tg_config_set_timeouts", "set_timeouts_often"])];
/// It begins every line of its own with the number of the process.
const VALGRIND: [Said; 8] = [
    ("leak", &["==", "40 bytes in 1 blocks are definitely lost"]),
    ("lost_connection", &["==", "are definitely lost", "tg_conn_new"]),
    ("overflow", &["==", "Invalid write of size 1"]),
    ("freed_message", &["==", "Invalid read of size 1", "by 0x", "tigergraph_auth::ffi"]),
    ("uninitialized", &["==", "Conditional jump or move depends on uninitialised value(s)"]),
    ("freed_error_in_the_library", &["==", "Invalid read of size", "tg_error_http_status"]),
    ("overread_in_the_library", &["==", "Invalid read of size 8", "ffi::secrets"]),
    ("overread_in_std", &["==", "Invalid read of size 1", "core::str::"]),
];

fn defects() -> Vec<Said> {
    match Tool::chosen() {
        Tool::Address => ADDRESS.to_vec(),
        Tool::AddressInside => [&ADDRESS[..], &ADDRESS_INSIDE].concat(),
        Tool::Thread => THREAD.to_vec(),
        Tool::ThreadInside => [&THREAD[..], &THREAD_INSIDE].concat(),
        Tool::Valgrind => VALGRIND.to_vec(),
    }
}

#[test]
fn every_planted_defect_is_caught_and_nothing_else() {
    let program = common::build_sanitized(&["tests/c/planted.c"], &[]);
    let run = |defect: &str| common::program_command(&program).arg(defect).output().expect("the program");
    let good = run("none");
    common::succeeded("none", &good);
    assert_eq!(common::text(&good), "done\n");
    for (defect, words) in defects() {
        let output = run(defect);
        let said = common::text(&output);
        assert!(!output.status.success(), "{defect} was not caught\n{said}");
        for word in words {
            assert!(said.contains(word), "{defect}: no {word:?} in\n{said}");
        }
        println!("{defect}: caught, {:?}", words[words.len() - 1]);
    }
}
