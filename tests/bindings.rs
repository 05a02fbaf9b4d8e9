//! Runs the tests that each package brings with it, with the library as it is installed and with the stand-in.
//! `CONTRIBUTING.md` says what such a test covers.

#[path = "common/install.rs"]
mod install;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/standin.rs"]
mod standin;

/// `bindings/<package>/test`, which prints what it does.
fn test(package: &str) {
    let (Some(prefix), Some(standin)) = (install::prefix(), standin::program()) else { return };
    if !install::has_tools(package) {
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
