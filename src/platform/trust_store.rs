//! Where the system has the certificates of those whom it trusts.

use std::path::PathBuf;

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
    let of_environment = |variable| std::env::var_os(variable).map(PathBuf::from);
    // Asked once: each of its answers is a look at the disk.
    let found = openssl_probe::probe();
    let file = found.cert_file.filter(|file| Some(file) != of_environment("SSL_CERT_FILE").as_ref());
    // One that the environment names comes before the usual ones, if it is there.
    let is_chosen = |folder: &PathBuf| Some(folder) == of_environment("SSL_CERT_DIR").as_ref();
    let chosen = usize::from(found.cert_dir.first().is_some_and(is_chosen));
    (file, found.cert_dir.into_iter().skip(chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also where the variables are set, as they are on machines that build this.
    #[test]
    fn the_folders_are_the_usual_ones_whatever_the_environment_says() {
        let usual: Vec<PathBuf> =
            openssl_probe::candidate_cert_dirs().filter(|_| IS_IN_FILES).map(PathBuf::from).collect();
        assert_eq!(super::usual().1, usual);
    }
}
