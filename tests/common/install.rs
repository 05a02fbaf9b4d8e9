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

/// What has to be on the machine for a package, beside a C compiler. `tests/run` installs it.
const TOOLS: [(&str, &[&str]); 4] = [
    ("cpp", &["c++", "pkg-config", "valgrind", "doxygen"]),
    ("go", &["go", "pkg-config"]),
    ("ruby", &["ruby"]),
    ("dotnet", &["npm", "pip3", "mono"]),
];

/// Whether the language of a package is here. Under CI it has to be.
pub fn has_tools(package: &str) -> bool {
    let (_, tools) = TOOLS.iter().find(|(name, _)| *name == package).expect("a package");
    let is_missing = |tool: &&&str| {
        let found = Command::new("sh").args(["-c", "command -v \"$0\"", tool]).output();
        !found.is_ok_and(|output| output.status.success())
    };
    let missing: Vec<&&str> = tools.iter().filter(is_missing).collect();
    if !missing.is_empty() {
        skip(format_args!("the package {package} needs {missing:?}, which tests/run installs"));
    }
    missing.is_empty()
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
