//! The tools of other languages.

use std::process::Command;

use crate::skip::skip;

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
