//! Where the credential of a login comes from: given as it is, or in a file that is read again for every call, so
//! that whoever changes the file changes the credential.

use std::fmt;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::checks::TEXT_LIMIT;
use crate::error::{Error, Reason, Result, file_trouble};
use crate::hidden::{Hidden, Wiped};
use crate::platform::access::Remedy;
use crate::platform::file;
use crate::platform::secret_file::{Caution, Refusal, SecretFile, open_secret, open_to_readers};
use crate::platform::swap_cell::SwapCell;

/// Checks whether a text can be this credential. The first argument begins what is said of one that cannot.
pub type Check = fn(&str, &str) -> Result<Hidden>;

/// A credential. Clones share what was read last.
#[derive(Clone)]
pub struct Credential(Arc<Origin>);

enum Origin {
    /// By the program, or by a pipe.
    Given(Held),
    File {
        place: Place,
        check: Check,
        /// What the file held when it could last be read.
        last: SwapCell<Held>,
    },
}

/// A credential, and what is to be told of the file that it was in.
struct Held {
    credential: Arc<Hidden>,
    caution: Option<String>,
}

/// A file, and the setting that names it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    setting: &'static str,
    path: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_file() { "Credential(file)" } else { "Credential(given)" })
    }
}

impl Credential {
    /// One that the program gave.
    pub fn given(credential: Hidden) -> Credential {
        Credential(Arc::new(Origin::Given(Held { credential: Arc::new(credential), caution: None })))
    }

    /// One that is in a file, which is read now and for every call. What comes through a pipe is read now, once, within
    /// this time, and `kept` for other connections of the same settings.
    pub fn in_file(
        setting: &'static str,
        path: &str,
        check: Check,
        limit: Duration,
        kept: &Kept,
    ) -> Result<Credential> {
        let place = Place::new(setting, path);
        if let Some(credential) = kept.find(&place) {
            return Ok(credential);
        }
        let opened = place.open()?;
        let is_passing = opened.is_passing;
        let held = place.held(opened, check, limit)?;
        if is_passing {
            let credential = Credential(Arc::new(Origin::Given(held)));
            kept.add(place, credential.clone());
            return Ok(credential);
        }
        Ok(Credential(Arc::new(Origin::File { place, check, last: SwapCell::new(Arc::new(held)) })))
    }

    /// Whether it may change.
    pub fn is_file(&self) -> bool {
        matches!(*self.0, Origin::File { .. })
    }

    /// What it is now, or why nobody can say.
    pub fn read(&self) -> Result<Arc<Hidden>> {
        match &*self.0 {
            Origin::Given(held) => Ok(held.credential.clone()),
            Origin::File { place, check, last } => {
                let opened = place.open()?;
                if opened.is_passing {
                    return Err(place.refused("is a file no more"));
                }
                let held = place.held(opened, *check, Duration::ZERO)?;
                let credential = held.credential.clone();
                last.store(Arc::new(held));
                Ok(credential)
            }
        }
    }

    /// What it was when it could last be read.
    pub fn held(&self) -> Arc<Hidden> {
        match &*self.0 {
            Origin::Given(held) => held.credential.clone(),
            Origin::File { last, .. } => last.load().credential.clone(),
        }
    }

    /// What needs attention about the file that it was in.
    pub fn caution(&self) -> Option<String> {
        match &*self.0 {
            Origin::Given(held) => held.caution.clone(),
            Origin::File { last, .. } => last.load().caution.clone(),
        }
    }
}

/// What came through pipes, which can be read once only, for all connections of the same settings.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<(Place, Credential)>>>);

impl Kept {
    fn find(&self, place: &Place) -> Option<Credential> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == place).map(|(_, credential)| credential.clone())
    }

    fn add(&self, place: Place, credential: Credential) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((place, credential));
    }
}

impl Place {
    pub(super) fn new(setting: &'static str, path: &str) -> Place {
        Place { setting, path: path.to_owned() }
    }

    pub(super) fn refused(&self, what: impl fmt::Display) -> Error {
        Error::new(Reason::ConfigFile, format!("{} {what}", self.named()))
    }

    fn named(&self) -> String {
        let Place { setting, path } = self;
        format!("the file {path} of the setting \"{setting}\"")
    }

    fn unreadable(&self, error: &std::io::Error) -> Error {
        let hint = "Check that the file exists and may be read by the user that this program runs as.";
        self.refused(format_args!("cannot be read: {}", file_trouble(error))).with_hint(hint)
    }

    /// Opens the file, if nobody else may read or change it.
    fn open(&self) -> Result<SecretFile> {
        self.try_open().map_err(|(refusal, remedy)| self.refusal(&refusal, &remedy))
    }

    /// The same, with the reasons one by one.
    pub(super) fn try_open(&self) -> std::result::Result<SecretFile, (Refusal, Remedy)> {
        open_secret(&self.path)
    }

    /// The error for a file that is not used.
    pub(super) fn refusal(&self, refusal: &Refusal, remedy: &Remedy) -> Error {
        let error = match refusal {
            Refusal::Unreadable(error) => self.unreadable(error),
            Refusal::Kind => self.refused("is neither a regular file nor a pipe"),
            Refusal::Link(link) => {
                self.refused(format_args!("is reached through the link {}, which is another user's", link.display()))
            }
            Refusal::OtherOwner => self.refused("belongs to another user, who may read and change it"),
            Refusal::OpenTo(openness) => self.refused(format_args!("is open to other users ({openness})")),
            Refusal::Writable(openness) => self.refused(format_args!("can be changed by other users ({openness})")),
        };
        match self.hint(refusal, remedy) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// What to do about a file that is not used; `None`: what its error says already.
    fn hint(&self, refusal: &Refusal, remedy: &Remedy) -> Option<String> {
        match refusal {
            Refusal::Kind => None,
            Refusal::Link(_) => {
                Some("Name the file itself, or make the link anew as root or as the user of this program.".to_owned())
            }
            Refusal::Unreadable(error) if error.kind() != std::io::ErrorKind::PermissionDenied => None,
            Refusal::Unreadable(_) => remedy.hint_for_unreadable(&self.path),
            Refusal::OtherOwner | Refusal::OpenTo(_) | Refusal::Writable(_) => Some(remedy.hint(&self.path)),
        }
    }

    /// What the file holds, if it can be this credential.
    fn held(&self, opened: SecretFile, check: Check, limit: Duration) -> Result<Held> {
        let content = self.content(&opened, limit)?;
        // Windows writes a byte order mark, which nobody sees and no credential begins with.
        let text = content.strip_prefix('\u{feff}').unwrap_or(&content);
        let credential = check(&self.named(), text).map_err(|error| match error.reason() {
            // That is not about how it is written.
            Reason::CredentialsMaskedSecret => error,
            _ => error.with_hint(ONE_LINE),
        })?;
        let caution = opened.caution.as_ref().map(|caution| self.caution(caution));
        Ok(Held { credential: Arc::new(credential), caution })
    }

    /// The only line of a file, or of what comes through a pipe within this time.
    pub(super) fn content(&self, opened: &SecretFile, limit: Duration) -> Result<Wiped<String>> {
        self.content_within(&opened.file, if opened.is_passing { limit } else { Duration::ZERO })
    }

    fn content_within(&self, opened: &File, limit: Duration) -> Result<Wiped<String>> {
        let left = if limit.is_zero() { Ok(limit) } else { file::wait_for_content(opened, limit) };
        let content = left.and_then(|left| file::read(opened, TEXT_LIMIT as u64 + 1, left));
        let content = content.map_err(|error| self.unreadable(&error))?;
        if content.len() > TEXT_LIMIT {
            return Err(self.refused("is longer than 64 KiB"));
        }
        let text = std::str::from_utf8(&content).map_err(|_| self.refused("is not UTF-8"))?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        Ok(Wiped::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }

    /// What a regular file holds that other users may read, but not change.
    pub(super) fn content_open_to_readers(&self) -> Result<Wiped<String>> {
        match open_to_readers(&self.path).map_err(|error| self.unreadable(&error))? {
            Some(opened) => self.content_within(&opened, Duration::ZERO),
            None => Err(self.refused("is no regular file that its owner alone can change")),
        }
    }

    pub(super) fn caution(&self, caution: &Caution) -> String {
        let what = match caution {
            Caution::OpenTo(openness) => {
                format!("can be read by other users ({openness}); it is used because its mount is read-only")
            }
            Caution::OwnedBy(owner) => format!(
                "belongs to another user (number {owner}), who can change it; it is used because this program is root's"
            ),
        };
        format!("{} {what}", self.named())
    }
}

/// What to do about a file that holds no such credential.
const ONE_LINE: &str = "Write the value into the file, alone and on one line.";

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    use crate::checks::check_secret;
    use crate::platform::access::let_in;
    use crate::platform::planted::Others;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, content: &str, others: Others) -> Scratch {
            let path = std::env::temp_dir().join(format!("tigergraph-auth-{name}-{}", std::process::id()));
            let scratch = Scratch(path);
            scratch.write(content, others);
            scratch
        }

        fn write(&self, content: &str, others: Others) {
            fs::write(&self.0, content).unwrap();
            let_in(&self.0, others);
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }

        fn load(&self) -> Result<Credential> {
            Credential::in_file("secret_file", self.path(), check_secret, Duration::from_secs(5), &Kept::default())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn only_the_line_counts() {
        for content in ["thesecret", "thesecret\n", "thesecret\r\n", "\u{feff}thesecret\r\n"] {
            let file = Scratch::new("line", content, Others::None);
            assert_eq!(file.load().unwrap().held().reveal(), "thesecret", "{content:?}");
        }
        let refused = |name, content| Scratch::new(name, content, Others::None).load().unwrap_err();
        assert_eq!(refused("lines", "one\ntwo\n").hint(), ONE_LINE);
        let file = Scratch::new("empty", "\n", Others::None);
        let empty = file.load().unwrap_err();
        assert_eq!(empty.hint(), ONE_LINE);
        // Its path begins with a slash or with a drive.
        assert_eq!(empty.message(), format!("the file {} of the setting \"secret_file\" is empty", file.path()));
        let masked = refused("masked", "abc****xyz\n");
        assert_eq!((masked.reason(), masked.hint()), (Reason::CredentialsMaskedSecret, masked.reason().hint()));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_remedy() {
        for (others, wanted) in [
            (Others::Readers, "is open to other users (its "),
            (Others::Writers, "can be changed by other users (its "),
        ] {
            let file = Scratch::new("mode", "canarycanary", others);
            let error = file.load().unwrap_err();
            assert_eq!(error.reason(), Reason::ConfigFile);
            let (refusal, remedy) = Place::new("secret_file", file.path()).try_open().unwrap_err();
            assert!(matches!(refusal, Refusal::OpenTo(_) | Refusal::Writable(_)), "{refusal:?}");
            assert!(error.hint() == remedy.hint(file.path()) && error.hint().contains(file.path()), "{error}");
            assert!(error.message().contains(wanted), "{error}");
        }
        assert!(Scratch::new("closed", "canarycanary", Others::None).load().is_ok());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        for path in ["/nowhere/secret", "/", "/dev/null"] {
            assert_eq!(
                Credential::in_file("secret_file", path, check_secret, Duration::from_secs(5), &Kept::default())
                    .unwrap_err()
                    .reason(),
                Reason::ConfigFile,
                "{path}"
            );
        }
    }

    #[test]
    fn a_changed_file_changes_the_credential() {
        let file = Scratch::new("changed", "firstsecret", Others::None);
        let credential = file.load().unwrap();
        file.write("secondsecret", Others::None);
        assert_eq!(credential.held().reveal(), "firstsecret", "nobody has looked");
        assert_eq!(credential.read().unwrap().reveal(), "secondsecret");
        file.write("thirdsecret", Others::Readers);
        assert_eq!(credential.read().unwrap_err().reason(), Reason::ConfigFile);
        assert_eq!(credential.held().reveal(), "secondsecret", "still to be kept out of errors");
        file.write("thirdsecret", Others::None);
        assert_eq!(credential.read().unwrap().reveal(), "thirdsecret");
    }
}
