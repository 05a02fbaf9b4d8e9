//! The library as it ships, where `tests/run` builds it too.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Made by one thread, because two that make the same at once break it.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut make = Command::new("make");
    // A run that counts coverage wraps the compiler, and what ships has no counters.
    make.args(["--silent", "CARGO_TARGET_DIR=target/ship"]).current_dir(root).env_remove("RUSTC_WORKSPACE_WRAPPER");
    let made = make.output().expect("make");
    assert!(made.status.success(), "the release library: {}", String::from_utf8_lossy(&made.stderr));
    root.join("target/ship/release/stage")
});

/// The folder with the shared library; it is built if it is not there yet.
pub fn library() -> PathBuf {
    LIBRARY.clone()
}
