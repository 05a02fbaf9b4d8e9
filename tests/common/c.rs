//! Builds C and C++ programs against the shared library of this very build, and runs them.

mod platform;
mod tool;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use platform::Platform;
pub use tool::Tool;

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// Of C and of C++.
const STANDARDS: [&str; 2] = ["-std=c99", "-std=c++17"];
/// What comes last when a program is linked.
const LINK_LAST: &[&str] = &["-pthread", "-ldl"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo test` leaves the shared library beside the test programs. That of another platform is built before.
pub fn library_folder() -> PathBuf {
    if let Some(platform) = Platform::chosen() {
        return platform.library_folder();
    }
    let own = std::env::current_exe().expect("this program");
    own.parent().expect("a folder").to_owned()
}

pub fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Platform::chosen().map_or("c", Platform::name));
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
    if is_windows() {
        // Cargo names this machine's trust store by these, for itself. Under wine a look at a folder of certificates,
        // with every new handle, takes half a second.
        command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    }
    command
}

/// Whether programs are built for another platform than this machine.
#[allow(dead_code, reason = "most programs do not care")]
pub fn is_elsewhere() -> bool {
    Platform::chosen().is_some()
}

/// Whether it is Windows.
#[allow(dead_code, reason = "most programs do not care")]
pub fn is_windows() -> bool {
    Platform::chosen().is_some_and(|platform| platform.name() == "windows")
}

fn compiler(language: usize) -> Command {
    match Platform::chosen() {
        Some(platform) => platform.compiler(),
        None => Command::new(Tool::chosen().compilers()[language]),
    }
}

fn link_shared(library: &Path) -> Vec<String> {
    let folder = library.display();
    vec!["-L".to_owned(), folder.to_string(), format!("-Wl,-rpath,{folder}"), "-ltigergraph_auth".to_owned()]
}

/// Has a file made under another name, which it loses when it is whole: another test may make and use the same one.
fn make_whole(file: &Path, make: impl FnOnce(&Path)) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let passing = file.with_extension(format!("{}-{number}", std::process::id()));
    make(&passing);
    std::fs::rename(&passing, file).expect("a file");
}

/// Writes a shell script that can be started.
fn write_script(script: &Path, line: &str) {
    make_whole(script, |script| {
        let text = script.with_extension("text");
        std::fs::write(&text, format!("#!/bin/sh\n{line}\n")).expect("a file");
        // By another program: a file that this one has open for writing, in whatever child, cannot be started.
        let made = Command::new("install").args(["-m", "755"]).args([&text, script]).status().expect("install");
        assert!(made.success(), "install: {made}");
    });
}

/// Builds a program from these sources, with the library in this folder.
pub fn build(sources: &[&str], extra: &[&str], library: &Path) -> PathBuf {
    // Of many sources the first and the last one are enough of a name.
    let named = if sources.len() > 3 { vec![sources[0], sources[sources.len() - 1]] } else { sources.to_vec() };
    let variant = (named.join("_") + &extra.concat()).replace(['/', '.', '-', ',', '=', '+'], "_");
    let platform = Platform::chosen();
    let program = scratch(&(variant + platform.map_or("", Platform::suffix)));
    let language = usize::from(sources[0].ends_with(".cpp"));
    make_whole(&program, |program| {
        let output = compiler(language)
            .args([STANDARDS[language], "-D_GNU_SOURCE", "-g"])
            .args(STRICT)
            .args(platform.map_or(&[][..], Platform::tolerates))
            .args(extra)
            .arg("-I")
            .arg(root().join("include"))
            .args(sources.iter().map(|source| root().join(source)))
            .arg("-o")
            .arg(program)
            .args(platform.map_or_else(|| link_shared(library), |platform| platform.link(library)))
            .args(platform.map_or(LINK_LAST, Platform::link_last))
            .output()
            .expect("a compiler");
        succeeded(&sources.join(" "), &output);
    });
    platform.map_or_else(|| program.clone(), |platform| platform.started(program.clone()))
}

/// The same with the tool of this run: AddressSanitizer and UndefinedBehaviorSanitizer, unless `tests/sanitize` wants
/// another one. On another platform there is none.
pub fn build_sanitized(sources: &[&str], extra: &[&str]) -> PathBuf {
    let tool = Tool::chosen();
    let library = tool.library_folder().map_or_else(library_folder, |folder| root().join(folder));
    if Platform::chosen().is_some() {
        return build(sources, &[&["-O1"], extra].concat(), &library);
    }
    let program = build(sources, &[tool.flags(), extra].concat(), &library);
    tool.is_in(&program, &library.join("libtigergraph_auth.so"));
    let script = program.with_extension("start");
    if tool.write_start(&program, &script) { script } else { program }
}
