//! The reference: its tables say what the library has, its links lead somewhere, its code is compiled and run. Lists
//! and the README of the tests name what is there.
//!
//! `docs/reasons.md` is written by this test; under CI it has to be the committed one.

#[path = "reference/causes.rs"]
mod causes;
#[path = "reference/findings.rs"]
mod findings;
#[expect(dead_code, reason = "what is run here is no shell script")]
#[path = "common/install.rs"]
mod install;
#[path = "reference/lists.rs"]
mod lists;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/standin.rs"]
mod standin;
#[path = "common/written.rs"]
mod written;

use std::path::Path;
use std::process::Command;

use causes::CAUSES;
use tigergraph_auth::Status;
use tigergraph_auth::unversioned::error::REASONS;
use tigergraph_auth::unversioned::settings::{SETTINGS, Setting};
use written::settle;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs a command, which must succeed, and prints what it prints.
fn succeeds(command: &mut Command) {
    let output = command.current_dir(root()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    println!("{said}");
}

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(root().join(script));
    command
}

/// Reasons that begin with the same word are a group.
fn group(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}

fn title(group: &str) -> String {
    let mut letters = group.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    match group {
        "tls" => "TLS".to_owned(),
        "oauth2" => "OAuth2".to_owned(),
        _ => first.into_iter().chain(letters).collect(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn reasons() -> String {
    let mut page = String::from(
        "# Reasons\n\nThe values of `tg_error_reason`, which say exactly what happened. Written by `cargo test --test \
         reference` from the library's own table.\n\nThe remedy is the usual hint; an error can have a more \
         specific one. The status says what a program can do, see [Errors](errors.md#statuses).\n",
    );
    let rows: Vec<_> = REASONS.iter().zip(CAUSES).map(|(row, (_, cause))| (group(row.id), row, cause)).collect();
    let mut groups: Vec<&str> = Vec::new();
    for (group, ..) in &rows {
        if !groups.contains(group) {
            groups.push(group);
        }
    }
    for name in groups {
        let head = "| reason | status | cause | remedy |\n|---|---|---|---|";
        page.push_str(&format!("\n## {}\n\n{head}\n", title(name)));
        for (_, row, cause) in rows.iter().filter(|row| row.0 == name) {
            let (cause, remedy) = (cell(cause), cell(row.hint));
            page.push_str(&format!("| `{}` | {} | {cause} | {remedy} |\n", row.id, row.status.name()));
        }
    }
    page
}

#[test]
fn every_reason_has_its_cause_and_remedy() {
    let ours: Vec<&str> = REASONS.iter().map(|row| row.id).collect();
    let told: Vec<&str> = CAUSES.iter().map(|row| row.0).collect();
    assert_eq!(ours, told, "tests/reference/causes.rs has a row for every reason, in the order of REASONS");
    assert!(CAUSES.iter().all(|(_, cause)| cause.len() > 10 && cause.ends_with('.')));
    settle("docs/reasons.md", &reasons(), "cargo test --test reference");
}

#[test]
fn every_status_is_told() {
    let page = read("docs/errors.md");
    for status in Status::ALL {
        let row = format!("\n| {} | {} | ", status as i32, status.name());
        assert!(page.contains(&row), "docs/errors.md has no row {row:?}");
    }
}

/// The words of a text that begin so.
fn words<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found: Vec<&str> = text.split(|c| !is_name(c)).filter(|word| word.starts_with(start)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn every_setting_is_told() {
    let (header, page) = (read("include/tigergraph_auth.h"), read("docs/settings.md"));
    let setters = words(&header, "tg_config_set_");
    assert!(setters.len() > 15, "{setters:?}");
    for setter in setters {
        assert!(page.contains(&format!("| `{setter}` |")), "docs/settings.md has no row for {setter}");
    }
    let comment = header.split("tg_config_load_env(").next().unwrap_or_default();
    let comment = comment.rsplit("/**").next().unwrap_or_default();
    let variables = words(comment, "TG_");
    assert!(variables.len() > 10, "{variables:?}");
    for variable in variables {
        assert!(page.contains(&format!("`{variable}")), "docs/settings.md does not tell of {variable}");
    }
}

#[test]
fn the_page_of_settings_has_a_row_for_each_row_of_the_table() {
    let page = read("docs/settings.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    for Setting { name, function, variables, .. } in &SETTINGS {
        let tells = |row: &&&str| {
            row.contains(&format!("| `{function}` |"))
                && variables.iter().all(|variable| row.contains(&format!("`{variable}`")))
        };
        assert!(rows.iter().any(|row| tells(&row)), "docs/settings.md has no row for {name}: {function} {variables:?}");
    }
    let known = |variable: &str| SETTINGS.iter().any(|setting| setting.variables.contains(&variable));
    for variable in rows.iter().flat_map(|row| words(row, "TG_")) {
        assert!(known(variable), "docs/settings.md names {variable}, which the table does not have");
    }
}

/// The programs of a page that begin with the name of their file.
fn programs(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let is_program = |block: &&str| {
        let mut lines = block.lines();
        let (language, name) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        ["c", "cpp", "go", "ruby", "csharp"].contains(&language) && name.contains('.')
    };
    blocks.filter(is_program).map(|block| block.split_once('\n').unwrap_or_default().1).collect()
}

/// That its blocks lead to an answer is tested with those of all pages, below.
#[test]
fn every_start_page_has_a_short_program_and_is_played_again() {
    for language in ["c", "cpp", "go", "ruby", "dotnet", "command-line"] {
        let name = format!("docs/start-{language}.md");
        let page = read(&name);
        assert!(page.contains("<!-- run: tls again -->"), "{name}: nothing is run again after the tokens have expired");
        let length = |text: &&str| text.lines().filter(|line| !line.is_empty()).count();
        let lengths: Vec<usize> = programs(&page).iter().map(length).collect();
        let wanted = usize::from(language != "command-line");
        assert!(lengths.len() == wanted && lengths.iter().all(|&lines| lines <= 20), "{name}: {lengths:?} lines");
    }
}

/// What the READMEs of the packages are divided into.
const HEADINGS: [&str; 11] = [
    "Install",
    "Ten lines",
    "Requests to the database",
    "Logins from elsewhere",
    "Tokens for many processes",
    "Errors",
    "Threads",
    "Logging",
    "Limits",
    "Never tested",
    "Tests",
];

/// The blocks of code of a page, without the line with its name.
fn code(page: &str) -> Vec<String> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let is_name = |line: &&str| ["// ", "# "].iter().any(|start| line.starts_with(start) && line.contains('.'));
    let unnamed = |block: &str| block.lines().skip(1).skip_while(is_name).map(|line| line.to_owned() + "\n").collect();
    blocks.map(unnamed).collect()
}

#[test]
fn the_packages_tell_the_same_in_the_same_order() {
    for package in ["cpp", "go", "ruby", "dotnet"] {
        let name = format!("bindings/{package}/README.md");
        let page = read(&name);
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{name}");
        let start = format!("docs/start-{package}.md");
        for link in [&start[..], "docs/containers.md", "docs/settings.md"] {
            assert!(page.contains(&format!("](../../{link}")), "{name} does not link to {link}");
        }
        let (start, lines) = (read(&start), page.split("\n## Ten lines\n").nth(1).unwrap_or_default().to_owned());
        let first = code(&lines).first().cloned().unwrap_or_default();
        assert!(code(&start).contains(&first), "{name}: the first program is not that of the start page:\n{first}");
    }
}

#[test]
fn no_link_is_dead() {
    succeeds(python("tests/reference/links.py").arg("--markdown"));
}

#[test]
fn no_link_of_the_site_is_dead() {
    if let Some(tool) =
        ["doxygen", "go", "yard"].iter().find(|tool| Command::new(tool).arg("version").output().is_err())
    {
        return skip::skip(format_args!("{tool} is missing"));
    }
    succeeds(Command::new("make").args(["--no-print-directory", "reference"]));
    succeeds(python("tests/reference/links.py").arg("--site"));
}

#[test]
fn every_block_of_code_works() {
    let (Some(prefix), Some(standin)) = (install::prefix(), standin::program()) else { return };
    let mut command = python("tests/reference/snippets.py");
    command.env("TIGERGRAPH_AUTH_PREFIX", prefix).env("TIGERGRAPH_STANDIN", standin);
    command.env("TIGERGRAPH_AUTH_BUILD", root().join("target/bindings"));
    let own = std::env::current_exe().expect("this program");
    command.env("TIGERGRAPH_RLIB", own.parent().expect("a folder"));
    let peer = root().join("target/peers/2.0.5/bin/python");
    if peer.exists() {
        command.env("TIGERGRAPH_PEER", peer);
    }
    succeeds(&mut command);
}
