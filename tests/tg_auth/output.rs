//! A write that fails is a failure, of every command, and a secret that is lost by it is named.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tigergraph_standin::{Action, Fault};

use crate::{Desk, VERSIONS, c, program};

/// Every command that prints something, in its forms; those with a version only there.
const COMMANDS: [(&str, &str); 30] = [
    ("token", ""),
    ("token get --header", ""),
    ("token --json", ""),
    ("token get --global", "4.2"),
    ("token check", "4.2"),
    ("token check --json", "4.2"),
    ("token refresh", "3.10"),
    ("token refresh --or-new", "4.2"),
    ("token delete --json", ""),
    ("secret list", ""),
    ("secret list --json", ""),
    ("secret show standing", ""),
    ("secret create", ""),
    ("secret create made --json", ""),
    ("secret ensure made", ""),
    ("secret drop standing", ""),
    ("secret drop standing --json", ""),
    ("server", ""),
    ("server --json", ""),
    ("doctor", ""),
    ("doctor --json", ""),
    ("doctor --offline", ""),
    ("version", ""),
    ("--version", ""),
    ("--help", ""),
    ("help secret create", ""),
    ("help --man", ""),
    ("help --completion bash", ""),
    ("help --completion zsh", ""),
    ("help --completion fish", ""),
];

/// Standard output that cannot be written, in the shell's words.
const REDIRECTIONS: [&str; 3] = [">/dev/full", ">&-", "1</dev/null"];

/// A pipe that nobody reads any more, as that of `| true` is.
fn pipe_without_reader() -> OwnedFd {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().expect("true");
    let pipe = reader.stdin.take().expect("its input");
    reader.wait().expect("its end");
    pipe.into()
}

fn socket_without_reader() -> OwnedFd {
    UnixStream::pair().expect("sockets").0.into()
}

fn assert_is_unwritten(output: &Output, what: &str) {
    let said = c::text(output);
    assert_eq!(output.status.code(), Some(74), "{what}: {said}");
    assert!(said.contains("tg-auth: standard output cannot be written: "), "{what}: {said}");
}

/// Before anything is sent.
#[test]
fn what_cannot_be_written_is_a_failure_of_every_command() {
    let desk = Desk::at("4.2");
    for (command, _) in COMMANDS {
        for redirection in REDIRECTIONS {
            let output = desk.shell(&format!("exec \"$0\" {command} {redirection}"));
            assert_is_unwritten(&output, &format!("{command} {redirection}"));
            let names_alias = c::text(&output).contains("No secret was created with the alias made.");
            assert_eq!(names_alias, command.contains(" made"), "{command} {redirection}");
        }
        for descriptor in [pipe_without_reader(), socket_without_reader()] {
            let mut program = desk.command(program(), &command.split(' ').collect::<Vec<_>>());
            let output = program.stdout(descriptor).output().expect("tg-auth");
            assert_is_unwritten(&output, &format!("{command} without a reader"));
        }
    }
    assert!(desk.server.requests().is_empty(), "something was asked for whose result would be lost");
}

/// A file that may not grow: nobody sees it before something is written.
#[test]
fn what_turns_out_not_to_be_written_is_a_failure_too() {
    let file = c::scratch("tg-auth-full");
    for version in VERSIONS {
        for (command, only) in COMMANDS {
            if !only.is_empty() && only != version || command == "secret drop standing" {
                continue;
            }
            let desk = Desk::at(version);
            let desk = if command.starts_with("secret") { desk.with_password("opensesame") } else { desk };
            let desk = if command.starts_with("token ") { desk.with_token() } else { desk };
            std::fs::write(&file, [b'x'; 1024]).expect("a file");
            let output = desk.shell(&format!("ulimit -f 1; exec \"$0\" {command} >>{}", file.display()));
            assert_is_unwritten(&output, &format!("{version}: {command}"));
            assert_eq!(std::fs::metadata(&file).expect("a file").len(), 1024, "{version}: {command}");
        }
    }
}

/// The secret that was made, its alias, and that what was said names the one and not the other.
fn assert_names_the_lost(desk: &Desk, output: &Output, what: &str) {
    let said = c::text(output);
    let secrets = desk.server.snapshot().secrets;
    let made = secrets.iter().find(|secret| secret.alias != "standing").expect("a secret was made");
    assert!(said.contains(&format!("with the alias {}, ", made.alias)), "{what}: {said}");
    assert!(said.contains("tg-auth secret drop"), "{what}: {said}");
    assert!(!said.contains(&made.value), "{what}: the secret is shown");
}

#[test]
fn a_lost_secret_is_named() {
    let file = c::scratch("tg-auth-lost");
    for version in VERSIONS {
        for command in ["secret create made", "secret create", "secret create --json", "secret ensure made"] {
            let desk = Desk::at(version).with_password("opensesame");
            std::fs::write(&file, [b'x'; 1024]).expect("a file");
            let output = desk.shell(&format!("ulimit -f 1; exec \"$0\" {command} >>{}", file.display()));
            assert_is_unwritten(&output, &format!("{version}: {command}"));
            assert_names_the_lost(&desk, &output, &format!("{version}: {command}"));
        }
    }
}

/// The reader is there when the program begins, and is gone when there is something to read.
#[test]
fn a_secret_whose_reader_went_away_is_named() {
    for version in VERSIONS {
        let desk = Desk::at(version).with_password("opensesame");
        desk.server.script(Fault::always("/gsql", Action::Delay(Duration::from_millis(500))));
        let (reader, writer) = UnixStream::pair().expect("sockets");
        let mut program = desk.command(program(), &["secret", "create"]);
        let child = program.stdout(OwnedFd::from(writer)).stderr(Stdio::piped()).spawn().expect("tg-auth");
        drop(program);
        let is_asked = || desk.server.requests().iter().any(|request| request.path.starts_with("/gsql"));
        while !is_asked() {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(reader);
        let output = child.wait_with_output().expect("its end");
        assert_is_unwritten(&output, version);
        assert_names_the_lost(&desk, &output, version);
    }
}

/// The failure of the command is the one that counts, and is told where JSON cannot be.
#[test]
fn a_failure_that_cannot_be_written_as_json_is_told_all_the_same() {
    let desk = Desk::at("4.2");
    let file = c::scratch("tg-auth-failure");
    std::fs::write(&file, [b'x'; 1024]).expect("a file");
    let script = format!("ulimit -f 1; exec \"$0\" --json --graph NoGraph token >>{}", file.display());
    let output = desk.shell(&script);
    assert_eq!(output.status.code(), Some(8), "{}", c::text(&output));
    assert!(c::text(&output).contains("(missing.graph)") && c::text(&output).contains("cannot be written"));
}
