//! This library beside the other clients for TigerGraph that the registries have, unmodified, against the stand-in.
//! The page of what came of it is `docs/bakeoff.md`, written by this test; under CI it has to be the committed one.

mod clients;
#[path = "../common/mod.rs"]
mod common;
mod defects;
mod features;
#[path = "../common/written.rs"]
mod written;

use clients::CLIENTS;
use written::settle;

const HEAD: &str = "# Bake-off

Written by `cargo test --test bakeoff`, which makes this library and the other clients for TigerGraph do the same against
the [stand-in](../tests/standin/README.md). Numbers and kinds of errors are what that run saw, as far as possible on the
server's side; the words for a defect stand in its test, and get here only if what they say was found in that run. The
stand-in is not TigerGraph, but it is the same for all.

The others are those that PyPI had in November 2026 with functions of their own for secrets or tokens: pyTigerGraph 2.0.5
and 1.8.4 (the newest of their lines), gsql-client 0.1.6 and pyTigerDriver 1.0.15. Looked at and not run: pyTigerGraphBeta
0.0.9.9.2, which is an early copy of pyTigerGraph, and pyTigerGraph-mcp and tg-migrator, which require
pyTigerGraph. A list of npm's packages has none by the name of TigerGraph; crates.io was not searched.
";

/// A row of a table in Markdown.
fn line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.as_ref().replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
fn head(cells: &[&str]) -> String {
    format!("\n{}|{}\n", line(cells), "---|".repeat(cells.len()))
}

fn with_clients(first: &str) -> String {
    let mut cells = vec![first];
    cells.extend(CLIENTS.iter().map(|client| client.name));
    head(&cells)
}

fn feature_tables() -> String {
    let mut page = String::from(
        "\n## What works, and what it costs\n\nEach operation twice on a connection just made: the requests of the first, \
         then those of the second. A failure is named by the client's own word for it. Shown by \
         [`features.rs`](../tests/bakeoff/features.rs), with [`feature.py`](../tests/python/feature.py).\n",
    );
    let lives = features::lives();
    for (version, rows) in &lives {
        page.push_str(&format!("\n### On {version}\n{}", with_clients("operation")));
        rows.iter().for_each(|(what, cells)| {
            page.push_str(&line([*what].into_iter().chain(cells.iter().map(String::as_str))))
        });
    }
    page.push_str("\n### Beside the operations\n");
    page.push_str(&with_clients("what"));
    for (what, cells) in features::others() {
        page.push_str(&line([what].into_iter().chain(cells.iter().map(String::as_str))));
    }
    page
}

fn defect_tables() -> String {
    let mut page = String::from(
        "\n## Defects of pyTigerGraph\n\nEach is a situation in which 2.0.5 must still do what the table says, and in which \
         this library must not. \"Not shown in this way\": 1.8.4 did something else there, well or wrong. Shown by the \
         function named, in [`tests/bakeoff/defects`](../tests/bakeoff/defects), with \
         [`defect.py`](../tests/python/defect.py). What 64 threads make of an expired token is in [`expiry.rs`](../tests/expiry.rs), \
         what each leaves on the server in [`peers.rs`](../tests/peers.rs).\n",
    );
    let mut kind = "";
    for row in defects::rows() {
        if row.kind != kind {
            kind = row.kind;
            let title = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
            page.push_str(&format!("\n### {title}\n"));
            page.push_str(&head(&["defect", "this library", "pyTigerGraph 2.0.5", "pyTigerGraph 1.8.4", "shown by"]));
        }
        let [newer, older] = &row.theirs;
        page.push_str(&line([row.what, row.ours, newer, older, &format!("`{}`", row.evidence)]));
    }
    page
}

#[test]
fn the_page_is_what_this_run_saw() {
    let is_here = |client: &clients::Client| client.folder.is_none_or(|folder| common::python(folder).is_some());
    let whole = CLIENTS.iter().filter(|client| is_here(client)).count() == CLIENTS.len();
    let written = HEAD.to_owned() + &feature_tables() + &defect_tables();
    println!("{written}");
    if whole {
        settle("docs/bakeoff.md", &written, "cargo test --test bakeoff");
    }
}
