//! The page of proof, `docs/proof.md`: what the README and the header promise, the test that holds it, when
//! `tests/proof/run` saw it pass, and how far `tests/run --long` came. Under CI it has to be the committed one.

#[path = "proof/long.rs"]
mod long;
#[path = "proof/sentences.rs"]
mod sentences;
#[path = "common/written.rs"]
mod written;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sentences::{conventions, plain, sentences};
use written::settle;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The rows of a table, without its comments.
fn rows(name: &str) -> Vec<Vec<String>> {
    let rows = read(name);
    rows.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').map(String::from).collect())
        .collect()
}

/// What holds a promise.
#[derive(PartialEq, Eq)]
enum Holder {
    /// A test of a file in `tests`, or of the library itself (`lib`).
    Test { file: String, name: String },
    /// A step of `tests/run`.
    Step(String),
    /// Nothing, for this reason.
    Nothing(String),
    /// There is nothing to hold: the sentence says where to read, what to do or what a word means.
    NoFact,
}

/// A promise as it is written, and what holds it.
struct Claim {
    place: String,
    words: String,
    holder: Holder,
}

impl Claim {
    fn of(row: Vec<String>) -> Claim {
        let Ok([place, words, file, name]) = <[String; 4]>::try_from(row.clone()) else {
            panic!("tests/proof/claims.tsv: {row:?}")
        };
        let holder = match &*file {
            "-" => Holder::Nothing(name),
            "." => Holder::NoFact,
            "step" => Holder::Step(name),
            _ => Holder::Test { file, name },
        };
        Claim { place, words, holder }
    }

    /// What runs the test that holds it.
    fn command(&self) -> Option<String> {
        match &self.holder {
            Holder::Test { file, name } if file == "lib" => Some(format!("cargo test --lib {name}")),
            Holder::Test { file, name } => Some(format!("cargo test --test {file} {name}")),
            Holder::Step(name) => Some(format!("tests/run --step {name}")),
            Holder::Nothing(_) | Holder::NoFact => None,
        }
    }

    /// The first columns of its row in `tests/proof/seen.tsv`.
    fn seen_as(&self) -> (String, String) {
        match &self.holder {
            Holder::Test { file, name } => (file.clone(), name.clone()),
            Holder::Step(name) => ("step".to_owned(), name.clone()),
            Holder::Nothing(_) | Holder::NoFact => Default::default(),
        }
    }
}

fn claims() -> Vec<Claim> {
    rows("tests/proof/claims.tsv").into_iter().map(Claim::of).collect()
}

/// What promises: each sentence of the README, each paragraph of the header's conventions, a page of `docs` as a whole.
fn promises(place: &str) -> Vec<String> {
    match place {
        "README" => sentences(&read("README.md")),
        "header" => conventions(&read("include/tigergraph_auth.h")),
        page => vec![plain(&read(page))],
    }
}

/// The text of all sources of Rust in a folder and the folders in it.
fn sources_in(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.expect("an entry").path();
        if entry.is_dir() {
            text.push_str(&sources_in(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(entry).expect("a source"));
        }
    }
    text
}

/// The sources of a file of tests, with those of its folder; those of the library.
fn sources(file: &str) -> String {
    match file {
        "lib" => sources_in(&path("src")),
        _ => {
            let own = std::fs::read_to_string(path(&format!("tests/{file}.rs"))).unwrap_or_default();
            own + &sources_in(&path(&format!("tests/{file}")))
        }
    }
}

/// Whether the sources have a test of this name.
fn has_test(sources: &str, name: &str) -> bool {
    let lines: Vec<&str> = sources.lines().map(str::trim_start).collect();
    let is_test =
        |at: usize| lines[..at].iter().rev().take_while(|line| line.starts_with('#')).any(|l| *l == "#[test]");
    lines.iter().enumerate().any(|(at, line)| line.starts_with(&format!("fn {name}()")) && is_test(at))
}

#[test]
fn every_claim_is_made_and_every_test_exists() {
    let (mut promised, steps) = (HashMap::new(), read("tests/run"));
    for Claim { place, words, holder } in claims() {
        let promises = promised.entry(place.clone()).or_insert_with(|| promises(&place));
        assert!(promises.iter().any(|promise| promise.contains(&words)), "{place} does not say: {words}");
        match holder {
            Holder::Test { file, name } => {
                assert!(has_test(&sources(&file), &name), "tests/{file}.rs has no test {name}")
            }
            Holder::Step(name) => {
                assert!(steps.contains(&format!("\nstep_{name}() {{")), "tests/run has no step {name}")
            }
            Holder::Nothing(reason) => assert!(reason.len() > 10, "{words}: no test, and no reason"),
            Holder::NoFact => {}
        }
    }
}

#[test]
fn every_sentence_has_a_claim() {
    let claims = claims();
    for place in ["README", "header"] {
        let without: Vec<String> = promises(place)
            .into_iter()
            .filter(|promise| !claims.iter().any(|claim| claim.place == place && promise.contains(&claim.words)))
            .collect();
        assert!(without.is_empty(), "tests/proof/claims.tsv has no row for {place}:\n{}", without.join("\n"));
    }
}

#[test]
fn tests_are_told_from_what_is_none() {
    let sources = "#[test]\n#[ignore = \"long\"]\nfn one() {\n}\n\nfn two() {}\n    #[test]\n    fn three() {\n";
    assert_eq!(["one", "two", "three", "thre"].map(|name| has_test(sources, name)), [true, false, true, false]);
}

/// When a test was seen to pass; nothing that failed is on the page.
fn seen() -> HashMap<(String, String), String> {
    let of = |row: Vec<String>| match <[String; 5]>::try_from(row) {
        Ok([file, test, result, day, commit]) => {
            assert_eq!(result, "passed", "{file}: {test}");
            ((file, test), format!("{day}, {commit}"))
        }
        Err(row) => panic!("tests/proof/seen.tsv: {row:?}"),
    };
    rows("tests/proof/seen.tsv").into_iter().map(of).collect()
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The claims of some places that a test holds, as a table.
fn held(is_of: impl Fn(&str) -> bool) -> String {
    let seen = seen();
    let mut table = String::from("| promise | held by | seen |\n|---|---|---|\n");
    for claim in claims().iter().filter(|claim| is_of(&claim.place)) {
        if let Some(command) = claim.command() {
            let when = seen.get(&claim.seen_as()).map_or("not recorded", String::as_str);
            table.push_str(&format!("| {} | `{command}` | {when} |\n", cell(&claim.words)));
        }
    }
    table
}

/// The claims that no test holds, as a table.
fn not_held() -> String {
    let mut table = String::from("| promise | where | why |\n|---|---|---|\n");
    for Claim { place, words, holder } in claims() {
        if let Holder::Nothing(reason) = holder {
            table.push_str(&format!("| {} | {place} | {} |\n", cell(&words), cell(&reason)));
        }
    }
    table
}

fn page() -> String {
    let is_page = |place: &str| !["README", "header"].contains(&place);
    let (readme, header, pages) = (held(|place| place == "README"), held(|place| place == "header"), held(is_page));
    let (not_held, long) = (not_held(), long::section());
    format!(
        "# Proof\n\nWhat the README and the header promise, the test that holds it, and the day and the commit on which \
         `tests/proof/run` saw it pass. Written by `cargo test --test proof` from the tables in `tests/proof`. Each \
         sentence of the README has a row, unless it only says where to read, what to do or what a word means: \
         `tests/proof/claims.tsv` has those too.\n\n## The README\n\n{readme}\n## The header's conventions\n\n{header}\n\
         ## The first pages of the guides\n\n{pages}\n## What no test holds\n\n{not_held}\n## The long run\n\n{long}\n\
         ## What was never tried\n\nA live TigerGraph: [what is not known of it](live-server.md) can be asked. Windows \
         itself, macOS, and what else is listed in [Platforms](platforms.md). Fuzzing has not reached all of its numbers \
         ([fuzz/RUNS.md](../fuzz/RUNS.md)).\n"
    )
}

#[test]
fn the_page_is_made_of_the_tables() {
    settle("docs/proof.md", &page(), "cargo test --test proof");
}
