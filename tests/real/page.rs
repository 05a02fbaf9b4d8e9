//! `docs/servers.md`: what came of each row.

use std::process::Command;

use crate::common;
use crate::daemon::path;
use crate::place::{PROGRAMS, Place};
use crate::row::{Result, Row};
use crate::written::settle;

const HEAD: &str = "# Real servers

Written by `cargo test --test real`, which starts these servers of Debian 12 on loopback, with the stand-in behind \
or beside them, and does the same with curl and with this library: ask for a token or, where it says \"life cycle\", \
create a secret, get a token with it, reject, renew and delete it, and list and drop the secret.

Unless something else is said, the CA file is that of the authority which issued the server's certificate. Under \
\"curl\" stands the HTTP status that curl got, or the code that it ends with: 35 TLS handshake failed, 52 empty answer, \
56 connection broken or refused by a proxy, 60 certificate not trusted, 77 CA file not usable. `PORT` stands for a \
port where something listens, `NOBODY` for one where nothing does.
";

/// The versions that the page was written for; another one may behave in another way.
fn versions() -> String {
    let mut names = Vec::new();
    for (name, program, arguments, version) in PROGRAMS {
        let output = Command::new(program).args(arguments).env("PATH", path()).output().expect(program);
        let said = common::text(&output);
        assert!(said.contains(version), "{name} is not {version}.x here: look through docs/servers.md, then PROGRAMS");
        if name != "certtool" {
            names.push(format!("{name} {version}"));
        }
    }
    format!("\nVersions: {}.\n", names.join(", "))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}

fn row(place: &Place, row: &Row, result: &Result) -> String {
    // Where one of two may come, the page has both.
    let two = row.outcome.contains(" or ");
    let outcome = match (if two { row.outcome } else { &result.outcome }, result.http) {
        ("OK", _) => "works".to_owned(),
        (reason, 0) => format!("`{}`", reason.replace(" or ", "` or `")),
        (reason, http) => format!("`{reason}`, {http}"),
    };
    let mut said = match result.message.chars().next() {
        Some(_) if two => result.hint.clone(),
        Some(_) => format!("{}. {}", result.message.trim_end_matches('.'), result.hint),
        None => String::new(),
    };
    if !row.why.is_empty() {
        said = format!("{said} *{}*", row.why);
    }
    let said = cell(&place.without_values(&said));
    format!(
        "| {} | {} | {outcome} | {said} |\n",
        cell(row.what),
        if row.curl_says.contains(" or ") { row.curl_says } else { &result.curl }
    )
}

/// Writes the page, or compares it with the committed one under CI.
pub fn write(place: &Place, groups: &[(&str, &[Row])], results: &[Result]) {
    let mut page = HEAD.to_owned() + &versions();
    let mut results = results.iter();
    for (title, rows) in groups {
        page.push_str(&format!(
            "\n## {title}\n\n| server | curl | this library | message and hint |\n|---|---|---|---|\n"
        ));
        for (each, result) in rows.iter().zip(&mut results) {
            page.push_str(&row(place, each, result));
        }
    }
    settle("docs/servers.md", &page, "cargo test --test real");
}
