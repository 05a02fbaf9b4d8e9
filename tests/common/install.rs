//! The library as `tests/run` installs it, for what is built on it outside of this tree.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip::skip;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where it is installed, if it is. Under CI it has to be.
pub fn prefix() -> Option<PathBuf> {
    let prefix = here().join("target/prefix");
    if prefix.join("lib/libtigergraph_auth.so").exists() {
        return Some(prefix);
    }
    skip("the library is not in target/prefix, where tests/run installs it");
    None
}

/// A script of a package, not started yet.
pub fn script(path: &str, prefix: &Path) -> Command {
    let mut command = Command::new("bash");
    command.arg(here().join(path)).current_dir(here());
    command.env("TIGERGRAPH_AUTH_PREFIX", prefix).env("TIGERGRAPH_AUTH_BUILD", here().join("target/bindings"));
    // Cargo's own path for libraries would come first, and lead to another library.
    command.env_remove("LD_LIBRARY_PATH");
    command
}
