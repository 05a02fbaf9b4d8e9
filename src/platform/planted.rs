//! For tests: files and folders of theirs, and who may use them.

use std::fs;
use std::path::PathBuf;

/// Who may use a file besides its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Nobody.
    None,
    /// Everybody may read it.
    Readers,
    /// Everybody may read and change it.
    Writers,
}

/// The path of a folder that is gone after the test.
pub struct ScratchFolder(pub PathBuf);

impl ScratchFolder {
    /// There is nothing there yet.
    pub fn new(name: &str) -> ScratchFolder {
        let path = std::env::temp_dir().join(format!("tigergraph-auth-folder-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        ScratchFolder(path)
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
