//! Where the system has the certificates of those whom it trusts: in its own store, which is no file. Paths such as
//! `/etc/ssl` are below the current drive here, where anybody may make them, and are not looked at.

use std::path::PathBuf;

/// What to do where it has none.
pub const REMEDY: &str =
    "Add the CA to the trusted root certificates of Windows, or name it with tg_config_set_ca_file.";

/// Whether they are in files; otherwise the system gives them on request.
pub const IS_IN_FILES: bool = false;

/// The file and the folders.
pub fn usual() -> (Option<PathBuf>, Vec<PathBuf>) {
    (None, Vec::new())
}
