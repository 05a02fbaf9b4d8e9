//! Other languages: readers without a preprocessor load their header as it is installed, and a log function in Node.js
//! does what the header says. The programs of `docs/other-languages.md` are run by `reference.rs`.

#[path = "common/header.rs"]
mod header;
#[expect(dead_code, reason = "what is run here is no shell script")]
#[path = "common/install.rs"]
mod install;
#[path = "common/skip.rs"]
mod skip;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tigergraph_standin::{Options, Standin};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What tests/setup/languages puts there.
fn languages() -> PathBuf {
    root().join("target/languages")
}

/// A program with the library that is installed. None: something is missing here, which is said.
fn program(tool: &Path, script: &str) -> Option<(Command, PathBuf)> {
    let prefix = install::prefix()?;
    if !Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
        && !Command::new(tool).arg("-v").output().is_ok_and(|output| output.status.success())
    {
        skip::skip(format_args!("{} is not here, which tests/setup/install installs", tool.display()));
        return None;
    }
    let mut command = Command::new(tool);
    command.arg(root().join("tests/languages").join(script)).env("LD_LIBRARY_PATH", prefix.join("lib"));
    Some((command, prefix))
}

/// Each constant of the C header with its value, and each function.
fn declared() -> String {
    let text = std::fs::read_to_string(root().join("include/tigergraph_auth.h")).expect("the header");
    let code = header::code(&text);
    let defines = code.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let constants = defines.filter(|(name, _)| !name.contains('('));
    let mut lines: Vec<String> =
        constants.map(|(name, value)| format!("{name} {}\n", value.trim().trim_end_matches('u'))).collect();
    lines.extend(header::functions(&text).into_iter().map(|(name, _)| format!("{name}\n")));
    lines.concat()
}

fn loads(tool: &Path, script: &str) {
    let Some((mut command, prefix)) = program(tool, script) else { return };
    command.arg(prefix.join("include/tigergraph_auth.cdef.h"));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
    let declared = declared();
    child.stdin.take().expect("a pipe").write_all(declared.as_bytes()).expect("a reader");
    let output = child.wait_with_output().expect("its end");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!("{} {}\n", declared.lines().count(), env!("CARGO_PKG_VERSION"));
    assert_eq!(printed, expected, "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn cffi_loads_the_header_as_it_is() {
    loads(&languages().join("python/bin/python"), "load.py");
}

#[test]
fn php_loads_the_header_as_it_is() {
    loads(Path::new("php"), "load.php");
}

#[test]
fn luajit_loads_the_header_as_it_is() {
    loads(Path::new("luajit"), "load.lua");
}

/// How a program with a log function ends.
fn logs_in_node(way: &str) -> Option<String> {
    let (mut command, _) = program(Path::new("node"), "log.js")?;
    let packages = languages().join("node/node_modules");
    if !packages.join("koffi").exists() {
        skip::skip("koffi is not in target/languages, where tests/setup/install puts it");
        return None;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "node");
    command.arg(way).env("NODE_PATH", packages).env("TG_HOST", server.gateway_url()).env("TG_SECRET", secret);
    let output = command.output().expect("node");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn in_node_a_log_function_and_a_call_that_blocks_end_in_a_time_out() {
    let Some(printed) = logs_in_node("blocks") else { return };
    assert!(printed.starts_with("not logged, timeout.response\nThe log function took too long."), "{printed}");
    assert!(printed.contains("an asynchronous call"), "{printed}");
}

#[test]
fn in_node_a_log_function_and_an_asynchronous_call_go_together() {
    let Some(printed) = logs_in_node("async") else { return };
    assert_eq!(printed, "logged, a token\n");
}
