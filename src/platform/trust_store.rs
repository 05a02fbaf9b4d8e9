//! Where the system has the certificates of those whom it trusts.

use std::path::{Path, PathBuf};

/// What to do where it has none.
pub const REMEDY: &str = "Install the package ca-certificates, or name a CA with tg_config_set_ca_file.";

/// Whether they are in files; otherwise the system gives them on request.
pub const IS_IN_FILES: bool = !cfg!(target_os = "macos");

/// The file and the folders. What the environment says is not asked: it was empty, or this program has more rights than
/// its user.
pub fn usual() -> (Option<PathBuf>, Vec<PathBuf>) {
    if !IS_IN_FILES {
        return (None, Vec::new());
    }
    let of_environment = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let file = openssl_probe::probe().cert_file.filter(|file| Some(file) != of_environment.as_ref());
    (file, openssl_probe::candidate_cert_dirs().map(Path::to_owned).collect())
}
