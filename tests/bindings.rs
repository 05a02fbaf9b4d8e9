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

use std::sync::{Condvar, Mutex, PoisonError};

/// How many more packages may be tested now, at most two at a time: they measure times, and each is busy on several threads.
static TURNS: (Mutex<usize>, Condvar) = (Mutex::new(2), Condvar::new());

/// A turn, until it is dropped.
struct Turn;

impl Turn {
    fn wait() -> Turn {
        let free = TURNS.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = TURNS.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        TURNS.1.notify_one();
    }
}

/// `bindings/<package>/test`, which prints what it does, when it is its turn.
fn test(package: &str) {
    let _turn = Turn::wait();
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
    test("cpp");
}

#[test]
fn go() {
    test("go");
}

#[test]
fn ruby() {
    test("ruby");
}

#[test]
fn dotnet() {
    test("dotnet");
}
