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

/// The program for another system, as `tests/platforms/windows` has it: this variable names what starts it.
const ELSEWHERE: &str = "TEST_TG_AUTH";

/// Whether the program runs on Windows, or what stands for it.
#[allow(dead_code, reason = "most tests do not care")]
pub fn is_on_windows() -> bool {
    std::env::var_os(ELSEWHERE).is_some()
}

/// The program, with the tool of this run.
pub fn build() -> PathBuf {
    if let Some(program) = std::env::var_os(ELSEWHERE) {
        return program.into();
    }
    c::build_sanitized(&sources().iter().map(String::as_str).collect::<Vec<_>>(), &["-std=c11"])
}
