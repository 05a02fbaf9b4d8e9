//! Where the credential of a login comes from: given as it is, or in a file that is read again for every call, so
//! that whoever changes the file changes the credential.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::checks::TEXT_LIMIT;
use crate::error::{Error, Reason, Result, file_trouble};
use crate::hidden::Hidden;
use crate::platform::file::{self, Exposure};

/// Checks whether a text can be this credential.
pub type Check = fn(&str) -> Result<Hidden>;

/// A credential. Clones share what was read last.
#[derive(Clone)]
pub struct Credential(Arc<Origin>);

enum Origin {
    Given(Arc<Hidden>),
    File {
        path: String,
        check: Check,
        /// What the file held when it could last be read.
        last: ArcSwap<Hidden>,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_file() { "Credential(file)" } else { "Credential(given)" })
    }
}

impl Credential {
    /// One that the program gave.
    pub fn given(credential: Hidden) -> Credential {
        Credential(Arc::new(Origin::Given(Arc::new(credential))))
    }

    /// One that is in a file, which is read now and for every call.
    pub fn in_file(path: &str, check: Check) -> Result<Credential> {
        let last = content(path, check)?;
        Ok(Credential(Arc::new(Origin::File { path: path.to_owned(), check, last: ArcSwap::from_pointee(last) })))
    }

    /// Whether it may change.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Origin::File { .. })
    }

    /// What it is now, or why nobody can say.
    pub fn read(&self) -> Result<Arc<Hidden>> {
        match &*self.0 {
            Origin::Given(credential) => Ok(credential.clone()),
            Origin::File { path, check, last } => {
                let credential = Arc::new(content(path, *check)?);
                last.store(credential.clone());
                Ok(credential)
            }
        }
    }

    /// What it was when it could last be read.
    pub fn held(&self) -> Arc<Hidden> {
        match &*self.0 {
            Origin::Given(credential) => credential.clone(),
            Origin::File { last, .. } => last.load_full(),
        }
    }
}

fn refused(path: &str, what: impl fmt::Display) -> Error {
    Error::new(Reason::ConfigFile, format!("the file {path} {what}"))
}

/// What the file holds, if it can be this credential.
fn content(path: &str, check: Check) -> Result<Hidden> {
    check(&read(path)?).map_err(|error| {
        let message = format!("{} (in the file {path})", error.message());
        error.with_message(message)
    })
}

/// The only line of a file that nobody else may read.
fn read(path: &str) -> Result<Zeroizing<String>> {
    let unreadable = |error: std::io::Error| {
        let hint = "Check that the file exists and may be read by the user that this program runs as.";
        refused(path, format_args!("cannot be read: {}", file_trouble(&error))).with_hint(hint)
    };
    let (opened, about) = file::open(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(refused(path, "is no regular file"));
    }
    if let Some(exposure) = file::exposure(&about) {
        let error = match exposure {
            Exposure::OtherOwner => refused(path, "belongs to another user, who may read and change it"),
            Exposure::OpenTo(mode) => refused(path, format_args!("is open to other users (its mode is {mode:04o})")),
        };
        return Err(error.with_hint(file::how_to_make_private(path, exposure)));
    }
    let content = file::read(&opened, TEXT_LIMIT as u64 + 1, Duration::ZERO).map_err(unreadable)?;
    if content.len() > TEXT_LIMIT {
        return Err(refused(path, "is longer than 64 KiB"));
    }
    let text = std::str::from_utf8(&content).map_err(|_| refused(path, "is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use crate::checks::check_secret;

    fn check(text: &str) -> Result<Hidden> {
        check_secret("the secret", text)
    }

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, content: &str, mode: u32) -> Scratch {
            let path = std::env::temp_dir().join(format!("tigergraph-auth-{name}-{}", std::process::id()));
            let scratch = Scratch(path);
            scratch.write(content, mode);
            scratch
        }

        fn write(&self, content: &str, mode: u32) {
            fs::write(&self.0, content).unwrap();
            fs::set_permissions(&self.0, fs::Permissions::from_mode(mode)).unwrap();
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }

        fn load(&self) -> Result<Credential> {
            Credential::in_file(self.path(), check)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn only_the_line_counts() {
        for content in ["thesecret", "thesecret\n", "thesecret\r\n"] {
            let file = Scratch::new("line", content, 0o600);
            assert_eq!(file.load().unwrap().held().reveal(), "thesecret", "{content:?}");
        }
        assert!(Scratch::new("lines", "one\ntwo\n", 0o600).load().is_err());
        assert!(Scratch::new("empty", "\n", 0o600).load().is_err());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_remedy() {
        for mode in [0o644, 0o640, 0o604, 0o666, 0o620, 0o610] {
            let file = Scratch::new("mode", "canarycanary", mode);
            let error = file.load().unwrap_err();
            assert_eq!(error.reason(), Reason::ConfigFile);
            assert_eq!(error.hint(), format!("Run: chmod 600 {}", file.path()), "{mode:o}");
            assert!(error.message().contains(&format!("{mode:04o}")), "{error}");
        }
        for mode in [0o600, 0o400] {
            assert!(Scratch::new("closed", "canarycanary", mode).load().is_ok());
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        for path in ["/nowhere/secret", "/", "/dev/null"] {
            assert_eq!(Credential::in_file(path, check).unwrap_err().reason(), Reason::ConfigFile, "{path}");
        }
    }

    #[test]
    fn a_changed_file_changes_the_credential() {
        let file = Scratch::new("changed", "firstsecret", 0o600);
        let credential = file.load().unwrap();
        file.write("secondsecret", 0o600);
        assert_eq!(credential.held().reveal(), "firstsecret", "nobody has looked");
        assert_eq!(credential.read().unwrap().reveal(), "secondsecret");
        file.write("thirdsecret", 0o644);
        assert_eq!(credential.read().unwrap_err().reason(), Reason::ConfigFile);
        assert_eq!(credential.held().reveal(), "secondsecret", "still to be kept out of errors");
        file.write("thirdsecret", 0o600);
        assert_eq!(credential.read().unwrap().reveal(), "thirdsecret");
    }
}
