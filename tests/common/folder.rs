//! Empty folders outside of the repository, in which tests build programs as a user of the library would.

use std::path::{Path, PathBuf};
use std::process::Command;

use tigergraph_standin::{Options, Standin};

use crate::skip;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether this can be done here. What cannot is skipped, but not under CI.
pub fn can(script: &str, otherwise: &str) -> bool {
    let done = Command::new("sh").args(["-c", script]).output().is_ok_and(|output| output.status.success());
    if !done {
        skip::skip(otherwise);
    }
    done
}

/// An empty folder outside of the repository, gone after the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tigergraph-auth-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("an empty folder");
        Self(folder)
    }

    /// With the example of the README and what CMake builds it with, as packaging/README.md says.
    pub fn with_example(name: &str) -> Self {
        let folder = Self::new(name);
        std::fs::copy(root().join("examples-c/get_token.c"), folder.0.join("get_token.c")).expect("the example");
        std::fs::write(folder.0.join("CMakeLists.txt"), block("cmake", 0)).expect("a file");
        folder
    }

    /// What bash prints in this folder; `$R` is the repository, `$P` what is installed in `prefix`. It must succeed.
    pub fn sh(&self, prefix: &Path, script: &str) -> String {
        self.command(prefix, script, &[])
    }

    /// The same for a program that is to print the header with a token.
    pub fn gets_a_token(&self, prefix: &Path, script: &str) {
        let server = Standin::start(Options::new("4.2")).expect("a stand-in");
        let secret = server.add_secret("alice", None, "install");
        let printed = self.command(prefix, script, &[("TG_HOST", &server.gateway_url()), ("TG_SECRET", &secret)]);
        assert!(printed.starts_with("Authorization: Bearer eyJ"), "{script}: no token");
        assert!(!server.requests().is_empty(), "{script}: no request");
    }

    /// The same with these variables.
    pub fn command(&self, prefix: &Path, script: &str, environment: &[(&str, &str)]) -> String {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(&self.0);
        command.env("R", root()).env("P", prefix).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
        // Cargo's own path for libraries leads to another build of ours.
        command.env_remove("LD_LIBRARY_PATH").envs(environment.iter().copied());
        let output = command.output().expect("bash");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{script}: {}\n{printed}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        printed
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A block of code of packaging/README.md.
pub fn block(language: &str, index: usize) -> String {
    let readme = read("packaging/README.md");
    let opening = format!("```{language}\n");
    let rest = readme.split(&opening).nth(index + 1).expect("a block of code");
    rest.split("```").next().unwrap_or_default().to_owned()
}
