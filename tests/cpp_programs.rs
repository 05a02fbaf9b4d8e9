//! Builds the tests of the C++ header against the shared library of this very build, and runs them under the tool of
//! the run. No part of `cargo test`, which runs them with AddressSanitizer in `bindings/cpp/test` already:
//! `tests/sanitize` does it for the other tools.

#[path = "common/c.rs"]
mod common;

use tigergraph_standin::{Options, Standin, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

/// Against both generations, plain and over TLS.
fn everywhere(source: &str, extra: &[&str]) {
    let program = common::build_sanitized(&[source], extra);
    for version in VERSIONS {
        for tls in [None, Some(Tls::self_signed())] {
            let place = format!("{source} {version} {}", if tls.is_some() { "TLS" } else { "plain" });
            let server = Standin::start(Options { tls, control: true, ..Options::new(version) }).expect("a stand-in");
            let mut command = common::program_command(&program);
            command.env("STANDIN_VERSION", version).env("STANDIN_URL", server.gateway_url());
            let control = server.control_url().expect("a control listener");
            command.env("STANDIN_CONTROL_PORT", control.rsplit(':').next().expect("a port"));
            if let Some(pem) = server.ca_pem() {
                let file = common::scratch(&place.replace(['/', ' '], "-"));
                std::fs::write(&file, pem).expect("a file");
                command.env("STANDIN_CA", file);
            }
            common::succeeded(&place, &command.output().expect("the program"));
        }
    }
}

#[test]
fn life_cycle() {
    everywhere("tests/cpp/life_cycle.cpp", &[]);
}

#[test]
fn no_exceptions() {
    everywhere("tests/cpp/no_exceptions.cpp", &["-fno-exceptions", "-fno-rtti"]);
}

#[test]
fn logins() {
    everywhere("tests/cpp/logins.cpp", &[]);
}

#[test]
fn wakeup() {
    everywhere("tests/cpp/wakeup.cpp", &[]);
}

#[test]
fn cancel() {
    everywhere("tests/cpp/cancel.cpp", &[]);
}

#[test]
fn bad_input() {
    let program = common::build_sanitized(&["tests/cpp/bad_input.cpp"], &[]);
    common::succeeded("bad_input", &common::program_command(&program).output().expect("the program"));
}

/// Its errors name the alias before 4.1 alone.
#[test]
fn threads() {
    let program = common::build_sanitized(&["tests/cpp/threads.cpp"], &[]);
    let server = Standin::start(Options::new("3.10")).expect("a stand-in");
    let mut command = common::program_command(&program);
    command.env("STANDIN_VERSION", "3.10").env("STANDIN_URL", server.gateway_url());
    common::succeeded("threads", &command.output().expect("the program"));
}
