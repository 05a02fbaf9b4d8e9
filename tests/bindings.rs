//! Runs the tests that each package brings with it, with the library as it is installed and with the stand-in.
//! `CONTRIBUTING.md` says what such a test covers.

#[path = "common/install.rs"]
mod install;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/standin.rs"]
mod standin;
#[path = "common/tools.rs"]
mod tools;

use std::sync::{Mutex, PoisonError};

/// Three packages at a time are tested: they measure times, and each is busy on several threads.
static TURNS: [Mutex<()>; 3] = [const { Mutex::new(()) }; 3];

/// `bindings/<package>/test`, which prints what it does, when it is its turn.
fn test(package: &str, turn: usize) {
    let _turn = TURNS[turn].lock().unwrap_or_else(PoisonError::into_inner);
    let (Some(prefix), Some(standin)) = (install::prefix(), standin::program()) else { return };
    if !tools::has_tools(package) {
        return;
    }
    let mut command = install::script(&format!("bindings/{package}/test"), &prefix);
    let output = command.env("TIGERGRAPH_STANDIN", standin).output().expect("bash");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{package}: {}\n{said}", output.status);
    println!("{said}");
}

#[test]
fn cpp() {
    test("cpp", 0);
}

#[test]
fn go() {
    test("go", 1);
}

#[test]
fn ruby() {
    test("ruby", 0);
}

#[test]
fn dotnet() {
    test("dotnet", 2);
}
