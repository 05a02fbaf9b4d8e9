//! Builds C and C++ programs against the shared library of this very build, and runs them.

mod tool;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use tool::Tool;

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// Of C and of C++.
const STANDARDS: [&str; 2] = ["-std=c99", "-std=c++17"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo test` leaves the shared library beside the test programs.
pub fn library_folder() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    own.parent().expect("a folder").to_owned()
}

pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub fn succeeded(what: &str, output: &Output) {
    assert!(output.status.success(), "{what}: {}\n{}", output.status, text(output));
}

/// A program that was built here. Cargo's own path for libraries would come before the program's, and
/// lead to an older library.
pub fn program_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Builds a program from these sources, with the library in this folder.
pub fn build(sources: &[&str], extra: &[&str], library: &Path) -> PathBuf {
    // Of many sources the first and the last one are enough of a name.
    let named = if sources.len() > 3 { vec![sources[0], sources[sources.len() - 1]] } else { sources.to_vec() };
    let variant = (named.join("_") + &extra.concat()).replace(['/', '.', '-', ',', '=', '+'], "_");
    let program = scratch(&variant);
    let language = usize::from(sources[0].ends_with(".cpp"));
    let output = Command::new(Tool::chosen().compilers()[language])
        .args([STANDARDS[language], "-D_GNU_SOURCE", "-g"])
        .args(STRICT)
        .args(extra)
        .arg("-I")
        .arg(root().join("include"))
        .args(sources.iter().map(|source| root().join(source)))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(library)
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .args(["-ltigergraph_auth", "-pthread", "-ldl"])
        .output()
        .expect("a compiler");
    succeeded(&sources.join(" "), &output);
    program
}

/// The same with the tool of this run: AddressSanitizer and UndefinedBehaviorSanitizer, unless `tests/sanitize` wants
/// another one.
pub fn build_sanitized(sources: &[&str], extra: &[&str]) -> PathBuf {
    let (tool, library) = (Tool::chosen(), library_folder());
    let program = build(sources, &[tool.flags(), extra].concat(), &library);
    tool.is_in(&program, &library.join("libtigergraph_auth.so"));
    let script = program.with_extension("start");
    if tool.write_start(&program, &script) { script } else { program }
}
