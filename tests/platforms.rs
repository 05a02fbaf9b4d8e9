//! The page of platforms, `docs/platforms.md`, and the table in the README: made of what runs have written into
//! `tests/platforms/results`. Under CI both have to be the committed ones.
//!
//! A result is a JSON file: `kind` ("run", "built" if nothing of it was run, or "package"), Rust's `target` or the
//! `package`, what the `library` weighs and needs, `where` the programs ran, `date`, `command` and `result`.

#[path = "common/written.rs"]
mod written;

use std::path::Path;

use serde_json::Value;
use written::settle;

/// What writes both.
const COMMAND: &str = "cargo test --test platforms";

/// What nobody has tried, and why.
const NOT_TRIED: [(&str, &str); 5] = [
    ("Windows as Microsoft makes it", "there is none where this is developed"),
    ("macOS", "there is none where this is developed; see what was only built, and packaging/README.md"),
    ("packages on Windows, .NET with musl, Ruby with musl on arm64", "nothing here runs them"),
    ("a real arm64 machine, and forks on arm64", "qemu-user itself ends when threads fork"),
    ("32-bit systems, other processors, FreeBSD, Android", "never built"),
];

/// What is known not to work, and what was seen of it.
const KNOWN: [(&str, &str); 1] = [(
    "forks of a busy process, in static programs for musl that Zig 0.17.1 links",
    "A child can wait for ever in `malloc`, without this library too: Zig puts its own in the place of musl's, and its \
     locks do not survive a fork (`findings/zig-malloc-after-fork.sh`). In static programs with musl's own `malloc`, \
     by musl-gcc, it was not seen",
)];

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The results by their names.
fn results() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(path("tests/platforms/results")).expect("the results");
    let mut results: Vec<(String, Value)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a result");
            let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (file.file_stem().expect("a name").to_string_lossy().into_owned(), value)
        })
        .collect();
    results.sort_by(|one, other| one.0.cmp(&other.0));
    results
}

fn field<'a>(name: &str, result: &'a Value, key: &str) -> &'a str {
    result[key].as_str().unwrap_or_else(|| panic!("{name} has no {key}"))
}

fn table(kind: &str, keys: &[&str]) -> String {
    let mut table = format!("| {} |\n|{}\n", keys.join(" | "), "---|".repeat(keys.len()));
    for (name, result) in results().iter().filter(|(name, result)| field(name, result, "kind") == kind) {
        let cells = keys.iter().map(|key| match *key {
            "target" | "command" => format!("`{}`", field(name, result, key)),
            key => field(name, result, key).to_owned(),
        });
        table.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    table
}

fn page() -> String {
    let rows =
        |rows: &[(&str, &str)]| rows.iter().map(|(what, why)| format!("| {what} | {why} |\n")).collect::<String>();
    let (not_tried, known) = (rows(&NOT_TRIED), rows(&KNOWN));
    format!(
        "# Platforms\n\nWritten by `cargo test --test platforms` from the results of the runs, \
         `tests/platforms/results`. Everything else in this repository is tested on Linux x86-64 (Debian 12, glibc \
         2.36).\n\n## What was run\n\nThe C programs of `tests/c` and `examples-c`, and every scenario of \
         `tests/conformance` in C, with the libraries that `packaging/prebuilt` makes. The server, a stand-in, is on \
         the machine itself. `tests/platforms/skip` says which tests are left out, and why.\n\n{}\n\
         ## Packages\n\nWhat `packaging/packages` makes, installed in an empty place without Rust and without the \
         headers. The time is that from the first command of the installation to the token.\n\n{}\n\
         ## What does not work\n\n| what | what was seen |\n|---|---|\n{known}\n\
         ## What was only built\n\n{}\n## What was not tried\n\n| what | why |\n|---|---|\n{not_tried}",
        table("run", &["target", "where", "library", "result", "date", "command"]),
        table("package", &["package", "where", "result", "date", "command"]),
        table("built", &["target", "library", "result", "date", "command"]),
    )
}

#[test]
fn the_page_is_made_of_the_results() {
    settle("docs/platforms.md", &page(), COMMAND);
}

#[test]
fn the_readme_has_the_same_table() {
    let readme = read("README.md");
    let (before, rest) = readme.split_once("## Platforms\n\n").expect("a section");
    let start = rest.find("\n|").expect("a table") + 1;
    let end = start + rest[start..].find("\n\n").expect("its end") + 1;
    let text =
        format!("{before}## Platforms\n\n{}{}{}", &rest[..start], table("run", &["target", "where"]), &rest[end..]);
    settle("README.md", &text, COMMAND);
}

/// A result says when it was made and how, and nothing that failed is among them.
#[test]
fn every_result_says_how_it_was_made() {
    let results = results();
    assert!(!results.is_empty());
    for (name, result) in &results {
        assert!(["run", "built", "package"].contains(&field(name, result, "kind")), "{name}");
        assert_eq!(field(name, result, "date").len(), "2026-11-30".len(), "{name}");
        let command = field(name, result, "command").split(' ').next().expect("a command").to_owned();
        assert!(path(&command).is_file(), "{name}: {command}");
        assert!(!field(name, result, "result").contains("fail"), "{name}");
    }
}
