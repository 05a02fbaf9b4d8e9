//! The committed corpora of `fuzz/`, whole and cut off, through the functions that are fuzzed.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

/// Each input is also tried cut off in so many places.
const CUTS: usize = 8;

/// What a target runs.
fn function(target: &str) -> fn(&[u8]) {
    match target {
        "exchange" => fuzz::exchange,
        "abi" => fuzz::abi,
        "framing" => fuzz::framing,
        "json" => fuzz::json,
        "texts" => fuzz::texts,
        "settings" => fuzz::settings,
        "program" => fuzz::program,
        _ => panic!("fuzz/targets has {target:?}, which is not replayed here"),
    }
}

/// Every input of a target's corpus.
fn replay(target: &str) {
    let run = function(target);
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus")).join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        let path = file.expect("a file").path();
        let input = std::fs::read(&path).expect("an input");
        println!("{}", path.display());
        (0..=CUTS).for_each(|part| run(&input[..input.len() * part / CUTS]));
        count += 1;
    }
    assert!(count >= 12, "{target} has {count} inputs");
}

/// One test, and the only one of this program: there is one world in a process, and one heap that is counted.
#[test]
fn every_input_keeps_what_is_promised() {
    let targets = include_str!("../fuzz/targets").lines().filter(|line| !line.starts_with('#'));
    targets.for_each(replay);
}
