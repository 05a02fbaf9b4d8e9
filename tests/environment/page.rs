//! `docs/environment.md`.

use crate::Compared;
use crate::explained::EXPLAINED;
use crate::rows::{Row, SECTIONS};
use crate::seen::Seen;
use crate::theirs::{PEERS, Tool};
use crate::written::settle;

const HEAD: &str = "# The environment, beside TigerGraph's other tools

Written by `cargo test --test environment`, which sets these variables for TigerGraph's MCP server (tigergraph-mcp \
1.0.4, and its predecessor pytigergraph-mcp 1.0.1, both with pyTigerGraph 2.0.5), for TigerGraphX (tigergraphx 0.2.15) and for \
this library. Their own code, unmodified, reads the variables and makes requests; only what would send them is \
replaced. The test fails if a credential goes to another server than theirs and no reason below says why.

A cell says which credential goes where, by the name of its variable: first to REST++, then to GSQL if that is another \
server; after \"else\" what is asked if nothing listens there, or an answer says that it is the wrong port. \"Nothing\" is \
a request without a credential. \"The same\" is the same credential to the same server. Numbers lead to the reasons at \
the end.
";

const GENERAL: &str = "
## What is different in every row

";

/// The page as it should be is the one that is there, or is written; under CI it has to be there.
pub fn check(all: &[Compared]) {
    settle("docs/environment.md", &page(all), "cargo test --test environment");
}

fn page(all: &[Compared]) -> String {
    let mut page = HEAD.to_owned() + GENERAL;
    for explained in EXPLAINED.iter().filter(|explained| explained.is_general()) {
        page.push_str(&format!("* {}: {}\n", names(explained.peers), explained.why));
    }
    let packages: Vec<&str> = PEERS.iter().map(|peer| peer.package).collect();
    for (title, rows) in SECTIONS {
        let packages = packages.join(" | ");
        page.push_str(&format!(
            "\n## {title}\n\n| environment | variables | this library | {packages} |\n|---|---|---|---|---|---|\n"
        ));
        let is_of = |one: &&Compared| rows.iter().any(|row| row.name == one.row.name);
        all.iter().filter(is_of).for_each(|one| page.push_str(&line(one)));
    }
    page.push_str("\n## Why\n\n");
    for (number, (why, peers)) in (1..).zip(reasons()) {
        page.push_str(&format!("{number}. {}: {why}\n", names(&peers)));
    }
    page
}

/// The reasons that rows refer to, and for whom they are; the same words are one reason.
fn reasons() -> Vec<(&'static str, Vec<Tool>)> {
    let mut reasons: Vec<(&str, Vec<Tool>)> = Vec::new();
    for explained in EXPLAINED.iter().filter(|explained| !explained.is_general()) {
        match reasons.iter_mut().find(|(why, _)| *why == explained.why) {
            Some((_, peers)) => peers.extend(explained.peers),
            None => reasons.push((explained.why, explained.peers.to_vec())),
        }
    }
    reasons
}

fn names(peers: &[Tool]) -> String {
    let packages = PEERS.iter().filter(|peer| peers.contains(&peer.peer)).map(|peer| peer.package);
    packages.collect::<Vec<_>>().join(", ")
}

fn line(one: &Compared) -> String {
    let ours = text(&one.ours);
    let cells = one.theirs.iter().enumerate().map(|(peer, theirs)| {
        let theirs = text(theirs);
        let said = if theirs == ours { "the same".to_owned() } else { theirs };
        said + &notes(one, peer)
    });
    let cells: Vec<String> = cells.collect();
    format!("| {} | {} | {ours} | {} |\n", one.row.name, variables(one.row), cells.join(" | "))
}

/// The numbers of the reasons for what differs.
fn notes(one: &Compared, peer: usize) -> String {
    let used: Vec<&str> =
        one.explained(peer).iter().flat_map(|(_, numbers)| numbers).map(|number| EXPLAINED[*number].why).collect();
    let reasons = (1..).zip(reasons()).filter(|(_, (why, _))| used.contains(why));
    let numbers: Vec<String> = reasons.map(|(number, _)| number.to_string()).collect();
    if numbers.is_empty() { String::new() } else { format!(" ({})", numbers.join(", ")) }
}

fn variables(row: &Row) -> String {
    let mut parts: Vec<String> = row.variables.iter().map(|(name, value)| code(&format!("{name}={value}"))).collect();
    if let Some(file) = &row.file {
        let lines: Vec<String> = file.text.split_inclusive('\n').map(|line| code(&visible(line))).collect();
        parts.push(format!("file: {}", lines.join(" ")));
    }
    parts.join(" ")
}

/// A line of a file with what is not seen otherwise.
fn visible(line: &str) -> String {
    let line = line.trim_end_matches('\n').replace('\r', "\\r").replace('\u{feff}', "\\ufeff");
    if line.is_empty() { "\\n".to_owned() } else { line }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn text(seen: &Seen) -> String {
    if let Some(error) = &seen.error {
        return format!("error: {}", error.replace('|', "\\|").replace('<', "\\<"));
    }
    let mut credentials = seen.first.clone();
    for (credential, _) in &seen.sent {
        if !credentials.contains(credential) {
            credentials.push(credential.clone());
        }
    }
    let credentials: Vec<String> =
        credentials.iter().map(|name| if name == "nothing" { name.clone() } else { code(name) }).collect();
    let mut said = format!("{} to {}", credentials.join(", then "), servers(seen));
    for (what, value) in [("graph", &seen.graph), ("proxy", &seen.proxy)] {
        if let Some(value) = value {
            said.push_str(&format!("; {what} {}", code(value)));
        }
    }
    match seen.trust.as_deref() {
        Some("ca.pem") => said.push_str("; trusts `ca.pem` alone"),
        Some("a CA file") => said.push_str("; trusts a CA file"),
        _ => {}
    }
    said
}

fn servers(seen: &Seen) -> String {
    let mut said = code(&format!("{}{}", seen.restpp, seen.base));
    if seen.gsql != seen.restpp {
        said.push_str(&format!(", {}", code(&short(&seen.gsql, &seen.restpp))));
    }
    let mut others: Vec<&str> = seen.sent.iter().map(|(_, server)| server.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|server| *server != seen.gsql && *server != seen.restpp);
    for other in others {
        said.push_str(&format!(", else {}", code(&short(other, &seen.restpp))));
    }
    said
}

/// The port alone, if the host is that of the other.
fn short(server: &str, other: &str) -> String {
    let host = |server: &str| server.rsplit_once(':').map(|(host, _)| host.to_owned());
    match server.rfind(':') {
        Some(colon) if host(server) == host(other) => server[colon..].to_owned(),
        _ => server.to_owned(),
    }
}
