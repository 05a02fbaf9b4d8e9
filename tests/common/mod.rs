//! Other clients as `tests/run` installs them, for the tests that have them as peers.

use std::path::{Path, PathBuf};
use std::process::Command;

pub mod skip;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter of a peer, which is a version of pyTigerGraph or another client, if it is installed. Under CI it has
/// to be.
pub fn python(peer: &str) -> Option<PathBuf> {
    let python = here().join("target/peers").join(peer).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    skip::skip(format_args!("the peer {peer} is not in target/peers, where tests/run installs it"));
    None
}

/// A script of `tests/python`, not started yet. What the machine's owner tells `requests` by variables does
/// not reach it.
pub fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.args(["-W", "ignore"]).arg(here().join("tests/python").join(name));
    command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE").env("NO_PROXY", "*");
    command
}
