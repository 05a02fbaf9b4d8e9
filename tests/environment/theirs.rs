//! TigerGraph's own tools, and what they make of the environments.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::all_rows;
use crate::common;
use crate::ours::Place;
use crate::rows::Row;
use crate::seen::Seen;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// tigergraph-mcp.
    Mcp,
    /// pytigergraph-mcp.
    OldMcp,
    /// TigerGraphX.
    X,
}

/// How one of them is asked.
pub struct Peer {
    pub peer: Tool,
    /// Its name, and that of its folder in `target/peers`.
    pub package: &'static str,
    script: &'static str,
}

/// All of them, in the order of the page.
pub const PEERS: &[Peer] = &[
    Peer { peer: Tool::Mcp, package: "tigergraph-mcp", script: "of_mcp.py" },
    Peer { peer: Tool::OldMcp, package: "pytigergraph-mcp", script: "of_mcp.py" },
    Peer { peer: Tool::X, package: "tigergraphx", script: "of_tigergraphx.py" },
];

/// What one of them makes of every environment.
pub fn observe(peer: &Peer, place: &Place) -> Option<Vec<Seen>> {
    let python = common::python(peer.package)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/environment").join(peer.script);
    let mut child = Command::new(python)
        .args(["-B", "-W", "ignore"])
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    let given: Vec<Value> = all_rows().map(|row| given(row, place)).collect();
    let text = serde_json::to_vec(&given).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&text).expect("written");
    let output = child.wait_with_output().expect("python");
    assert!(output.status.success(), "{}: {}", peer.package, String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let seen: Vec<Seen> = lines.lines().map(|line| seen(&serde_json::from_str(line).expect(line), place)).collect();
    assert_eq!(seen.len(), given.len());
    Some(seen)
}

fn given(row: &Row, place: &Place) -> Value {
    let variables: BTreeMap<&str, String> =
        row.variables.iter().map(|(name, value)| (*name, place.filled(value))).collect();
    let file = row.file.as_ref().map(|file| file.text);
    json!({"variables": variables, "file": file, "credentials": place.credentials(row)})
}

fn seen(value: &Value, place: &Place) -> Seen {
    let text = |name: &str| value[name].as_str().map(|text| place.without_paths(text));
    let list = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().expect("a text").to_owned()).collect()
    };
    let pair = |pair: &Value| {
        let [name, server] = &list(pair)[..] else { panic!("{pair}") };
        (name.clone(), server.clone())
    };
    Seen {
        error: text("error"),
        restpp: text("restpp").unwrap_or_default(),
        gsql: text("gsql").unwrap_or_default(),
        base: text("base").unwrap_or_default(),
        first: list(&value["credentials"]),
        sent: value["sent"].as_array().into_iter().flatten().map(pair).collect(),
        graph: text("graph"),
        trust: text("trust"),
        proxy: text("proxy"),
    }
}
