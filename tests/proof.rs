//! The page of proof, `docs/proof.md`: what the README and the header promise, the test that holds it, and when
//! `tests/proof/run` saw it pass. Under CI it has to be the committed one.

#[path = "common/written.rs"]
mod written;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

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

/// In a line, without what Markdown and C's comments have between words.
fn plain(text: &str) -> String {
    text.replace(['*', '`'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A promise as it is written, and the test that holds it.
struct Claim {
    place: String,
    words: String,
    file: String,
    test: String,
}

fn claims() -> Vec<Claim> {
    let claim = |row: Vec<String>| match <[String; 4]>::try_from(row) {
        Ok([place, words, file, test]) => Claim { place, words, file, test },
        Err(row) => panic!("tests/proof/claims.tsv: {row:?}"),
    };
    rows("tests/proof/claims.tsv").into_iter().map(claim).collect()
}

/// What promises: the conventions of the README, one an item, and those of the header, one a paragraph.
fn conventions(place: &str) -> Vec<String> {
    let between = |text: &str, from: &str, to: &str| {
        let rest = text.split_once(from).expect(from).1.to_owned();
        rest.split_once(to).expect(to).0.to_owned()
    };
    match place {
        "README" => {
            let list = between(&read("README.md"), "## Conventions\n", "\n## ");
            list.split("\n* ").skip(1).map(plain).collect()
        }
        "header" => {
            let text = between(&read("include/tigergraph_auth.h"), "are not repeated below\n", "*/");
            text.split("\n *\n").map(plain).filter(|paragraph| !paragraph.is_empty()).collect()
        }
        other => panic!("tests/proof/claims.tsv: {other}"),
    }
}

/// The sources of a file of tests, with those of its folder.
fn sources(file: &str) -> String {
    let mut text = std::fs::read_to_string(path(&format!("tests/{file}.rs"))).unwrap_or_default();
    for entry in std::fs::read_dir(path(&format!("tests/{file}"))).into_iter().flatten() {
        let name = entry.expect("an entry").path();
        if name.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(name).expect("a source"));
        }
    }
    text
}

#[test]
fn every_claim_is_made_and_every_test_exists() {
    for Claim { place, words, file, test } in claims() {
        let is_made = conventions(&place).iter().any(|convention| convention.contains(&words));
        assert!(is_made, "{place} does not say: {words}");
        let exists = file == "-" || sources(&file).contains(&format!("#[test]\nfn {test}()"));
        assert!(exists, "tests/{file}.rs has no test {test}");
    }
}

#[test]
fn every_convention_has_a_claim() {
    let claims = claims();
    for place in ["README", "header"] {
        for convention in conventions(place) {
            let has_one = claims.iter().any(|claim| claim.place == place && convention.contains(&claim.words));
            assert!(has_one, "tests/proof/claims.tsv has no row for {place}: {convention}");
        }
    }
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

fn page() -> String {
    let seen = seen();
    let mut page = String::from(
        "# Proof\n\nWhat the README and the header promise in their conventions, the test that holds it, and the day and \
         the commit on which `tests/proof/run` saw it pass. Written by `cargo test --test proof` from \
         `tests/proof/claims.tsv` and `tests/proof/seen.tsv`. One test alone: `cargo test --test FILE TEST`.\n",
    );
    for (place, title) in [("README", "The README"), ("header", "The header")] {
        page.push_str(&format!("\n## {title}\n\n| promise | file | test | seen |\n|---|---|---|---|\n"));
        for Claim { words, file, test, .. } in claims().into_iter().filter(|claim| claim.place == place) {
            let row = if file == "-" {
                format!("| {words} | none | {test} | |\n")
            } else {
                let when = seen.get(&(file.clone(), test.clone())).map_or("not recorded", String::as_str);
                format!("| {words} | `{file}` | `{test}` | {when} |\n")
            };
            page.push_str(&row);
        }
    }
    page.push_str(
        "\n## What was never tried\n\nA live TigerGraph: [what is not known of it](live-server.md) can be asked. Windows \
         itself, macOS, and what else is listed in [Platforms](platforms.md). `tests/run --long` as one command: its steps \
         were run one by one, and the fuzzing that ends it has not reached its numbers \
         ([fuzz/RUNS.md](../fuzz/RUNS.md)).\n",
    );
    page
}

#[test]
fn the_page_is_made_of_the_tables() {
    settle("docs/proof.md", &page(), "cargo test --test proof");
}
