//! The peer: a version of pyTigerGraph, whose steps are in `tests/python/defect.py`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tigergraph_standin::Standin;

use crate::common;

/// A version of pyTigerGraph, if it is installed.
pub struct Peer(pub Option<PathBuf>);

impl Peer {
    /// What it did: `show` proves it and says it.
    pub fn did<Words: Into<String>>(&self, show: impl FnOnce(&Python) -> Words) -> String {
        self.0.clone().map_or("not installed, skipped".to_owned(), |path| show(&Python(path)).into())
    }
}

/// Its interpreter.
pub struct Python(PathBuf);

pub type Names<'a> = &'a [(&'a str, &'a str)];

impl Python {
    fn command(&self, step: &str, server: &Standin, given: Names) -> Command {
        let mut command = common::script(&self.0, "defect.py");
        command.arg(step).arg(server.gateway_url());
        command.args(given.iter().map(|(name, value)| format!("{name}={value}")));
        command
    }

    /// What `defect.py` says about a step.
    pub fn step(&self, step: &str, server: &Standin, given: Names) -> Value {
        said(&self.command(step, server, given).output().expect("python"))
    }

    pub fn step_in(&self, environment: Names, step: &str, server: &Standin, given: Names) -> Value {
        let mut command = self.command(step, server, given);
        said(&command.envs(environment.iter().copied()).output().expect("python"))
    }

    /// A step that says one thing and does not end: it is watched for two seconds, then stopped.
    pub fn endless(&self, step: &str, server: &Standin, given: Names) -> Value {
        let mut child = self.command(step, server, given).stdout(Stdio::piped()).spawn().expect("python");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        std::thread::sleep(Duration::from_secs(2));
        let still_runs = child.try_wait().expect("its state").is_none();
        child.kill().expect("its end");
        child.wait().expect("its end");
        assert!(still_runs, "{line}");
        serde_json::from_str(&line).expect("JSON")
    }
}

fn said(output: &Output) -> Value {
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{shown}"))
}
