//! Who may use a file besides its owner, as its mode says, and the commands that close it to others.

use std::borrow::Cow;
use std::fmt;

use crate::error::visible;

/// Others may use a file: its mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openness(pub u32);

impl fmt::Display for Openness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its mode is {:04o}", self.0)
    }
}

impl Openness {
    /// The command that closes a folder of the user's to others.
    pub fn close_folder(&self, path: &str) -> String {
        format!("chmod 700 {}", in_shell(path))
    }
}

/// What can be done about who may use a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing where it is, because its mount is read-only.
    WhereItIsMounted,
    /// Its owner is the user of this process, or this is root.
    ChangeMode,
    /// Its owner, first.
    ChangeOwner,
    /// Nothing, because others need it as it is.
    AnotherFile,
}

impl Remedy {
    /// The same as a hint for the file of this path.
    pub fn hint(&self, path: &str) -> String {
        let path = in_shell(path);
        match self {
            Remedy::WhereItIsMounted => ON_READ_ONLY_MOUNTS.to_owned(),
            Remedy::AnotherFile => A_FILE_OF_ITS_OWN.to_owned(),
            Remedy::ChangeMode => format!("Run: chmod 600 {path}"),
            Remedy::ChangeOwner => format!("Run: sudo chown $(id -un) {path} && chmod 600 {path}"),
        }
    }

    /// What helps a file that cannot be opened at all.
    pub fn hint_for_unreadable(&self, path: &str) -> Option<String> {
        (*self == Remedy::WhereItIsMounted).then(|| self.hint(path))
    }
}

/// What to do about a file that others need.
const A_FILE_OF_ITS_OWN: &str = "Put the credential in a file of its own that nobody but the user of this program can \
    read (chmod 600), and name that file.";

/// What to do about a file whose mode nobody can change where it is.
const ON_READ_ONLY_MOUNTS: &str = "Its mount is read-only, so set who may read it where it is mounted: defaultMode and \
    fsGroup in Kubernetes, uid:, gid: and mode: of a secret in Docker and Podman, LoadCredential= in systemd.";

/// A path as a shell takes it, for commands in hints, and as a program takes it that has options.
pub fn in_shell(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') {
        return in_shell(&format!("./{path}")).into_owned().into();
    }
    if path.contains(char::is_control) {
        let escaped = path.replace('\\', "\\\\").replace('\'', "\\'");
        return format!("$'{}'", visible(escaped.into())).into();
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        path.into()
    } else {
        format!("'{}'", path.replace('\'', "'\\''")).into()
    }
}

/// For tests: from now on these may use the file.
#[cfg(test)]
pub fn let_in(path: &std::path::Path, others: super::planted::Others) {
    use super::planted::Others;
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match others {
        Others::None => 0o600,
        Others::Readers => 0o644,
        Others::Writers => 0o666,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        for (path, wanted) in [
            ("/run/s.txt", "/run/s.txt"),
            ("/a b", "'/a b'"),
            ("it's", "'it'\\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
            ("-dash", "./-dash"),
            ("- dash", "'./- dash'"),
            ("back\\slash", "'back\\slash'"),
            ("a\nb", "$'a\\nb'"),
            ("-\x1b'\\1", "$'./-\\033\\'\\\\1'"),
        ] {
            assert_eq!(in_shell(path), wanted);
        }
    }
}
