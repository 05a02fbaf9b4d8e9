//! Builds the command line, `examples-c/tg_auth`.

use std::path::PathBuf;

use crate::c;

/// Its sources, the one with `main` first.
pub fn sources() -> Vec<String> {
    let folder = "examples-c/tg_auth";
    let found = std::fs::read_dir(c::root().join(folder)).expect(folder);
    let names = found.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    let mut sources: Vec<String> =
        names.filter(|name| name.ends_with(".c")).map(|name| format!("{folder}/{name}")).collect();
    sources.sort_by_key(|name| (!name.ends_with("/main.c"), name.clone()));
    sources
}

/// The program, with the tool of this run.
pub fn build() -> PathBuf {
    c::build_sanitized(&sources().iter().map(String::as_str).collect::<Vec<_>>(), &["-std=c11"])
}
