//! The folder that processes share their tokens in.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::table::Key;
use crate::config::{Config, raw};
use crate::error::{Error, Reason, Result, file_trouble};
use crate::platform::cache_folder::{self, Folder, FolderRefusal};

/// No cache, whatever the environment says.
const NONE: &str = "none";
/// A folder of the library's own below the user's cache folder.
const USER: &str = "user";
const OWN_NAME: &str = "tigergraph-auth";

/// The files in the folder: the salt, and for each login a token and a lock. While one is written its name has more.
pub const SALT: &str = "salt";
/// A token.
pub const TOKEN: &str = "token";
/// A lock.
pub const LOCK: &str = "lock";
/// A file that is being written.
pub const PASSING: &str = "passing";

/// What is no login that tokens are requested with.
const WITHOUT: [Key; 3] = [Key::ApiToken, Key::Jwt, Key::JwtFile];

/// The folder that processes share their tokens in.
#[derive(Debug)]
pub enum TokenCache {
    /// It can be used.
    Opened(Folder),
    /// It cannot, which is nobody's mistake, and tokens are requested without it.
    Unusable(UnusableFolder),
}

/// A folder, and what is the trouble with it.
#[derive(Clone, Debug)]
pub struct UnusableFolder {
    /// Its path.
    pub path: PathBuf,
    /// In plain words.
    pub trouble: String,
}

impl UnusableFolder {
    /// What is to be told of it.
    pub fn caution(&self) -> String {
        format!("the token cache {} cannot be used ({}); going on without it", self.path.display(), self.trouble)
    }
}

impl Config {
    /// The folder that processes share their tokens in: `user` for the user's cache folder, `none`, or a folder; `None`:
    /// as the environment says, else none.
    pub fn set_token_cache(&mut self, directory: Option<&[u8]>) -> &mut Config {
        self.set(Key::TokenCache, raw(directory));
        self
    }

    /// The folder, opened; `None` where no cache is wanted.
    pub(super) fn token_cache(&self) -> Result<Option<TokenCache>> {
        let Some(written) = self.text(Key::TokenCache)?.filter(|written| **written != NONE) else {
            return Ok(None);
        };
        let name = Key::TokenCache.name();
        let other = WITHOUT.into_iter().find(|key| self.is_set(*key)).map(Key::name);
        if let Some(other) = other.or(self.provider.as_ref().map(|_| "token_provider")) {
            let message = format!(
                "the settings \"{name}\" and \"{other}\" do not go together: the cache keeps tokens that are requested with \
                 a secret, a password or as an OAuth2 client"
            );
            let hint = "Leave the token cache out, or log in with a secret, with user name and password, or by OAuth2.";
            return Err(Error::new(Reason::ConfigConflict, message).with_hint(hint));
        }
        let (path, is_users) = match written.as_str() {
            USER => (users_folder()?, true),
            path => (PathBuf::from(path), false),
        };
        let trouble = match Folder::open(&path, is_users) {
            Ok(folder) => return Ok(Some(TokenCache::Opened(folder))),
            Err(FolderRefusal::Unusable(error)) if is_no_mistake(&error, is_users) => file_trouble(&error).into_owned(),
            Err(refusal) => return Err(refused(&path, &refusal)),
        };
        Ok(Some(TokenCache::Unusable(UnusableFolder { path, trouble })))
    }
}

/// Where the user's cache folder has one of ours.
fn users_folder() -> Result<PathBuf> {
    cache_folder::users_folder().map(|folder| folder.join(OWN_NAME)).map_err(|none| {
        let message = format!("the setting \"{}\" is \"{USER}\", but {none}", Key::TokenCache.name());
        Error::new(Reason::ConfigFile, message).with_hint("Name a folder instead.")
    })
}

/// Whether the disk is the cause that a folder cannot be opened or made, as in a container whose root is read-only. Of the
/// user's folder the program says no more than that it wants one.
fn is_no_mistake(error: &io::Error, is_users: bool) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    is_users || matches!(error.kind(), ReadOnlyFilesystem | StorageFull | QuotaExceeded)
}

/// Whether a file has a name that the cache gives.
fn is_own_file(name: &str) -> bool {
    let (login, kind) = name.split_once('.').unwrap_or((name, ""));
    let is_passing = kind.strip_prefix(PASSING).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match login {
        SALT => kind.is_empty() || is_passing,
        _ => login.bytes().all(|byte| byte.is_ascii_hexdigit()) && (kind == TOKEN || kind == LOCK || is_passing),
    }
}

fn refused(path: &Path, refusal: &FolderRefusal) -> Error {
    let (folder, path) = (path, path.to_string_lossy());
    let (what, hint) = match refusal {
        FolderRefusal::Unusable(error) => (
            format!("cannot be used: {}", file_trouble(error)),
            "Name a folder that the user of this program can make or use.".to_owned(),
        ),
        FolderRefusal::Link => ("is a link".to_owned(), "Name the folder itself.".to_owned()),
        FolderRefusal::OtherOwner => (
            "belongs to another user, who could read and change what is in it".to_owned(),
            "Name a folder of the user that this program runs as.".to_owned(),
        ),
        FolderRefusal::OpenTo(openness) => {
            // Others need one that is not the cache's alone: /tmp, the root, somebody's home.
            let hint = match cache_folder::may_be_closed(folder, is_own_file) {
                true => format!("Run: {}", openness.close_folder(&path)),
                false => "Name a folder of its own, which is made if it is missing.".to_owned(),
            };
            (format!("is open to other users ({openness})"), hint)
        }
    };
    let message = format!("the folder {path} of the setting \"{}\" {what}", Key::TokenCache.name());
    Error::new(Reason::ConfigFile, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(config: &Config) -> Error {
        config.validate().unwrap_err()
    }

    fn config(folder: &str) -> Config {
        let mut config = Config::new("http://127.0.0.1:14240");
        config.set_token_cache(Some(folder.as_bytes()));
        config
    }

    #[test]
    fn a_cache_is_for_logins_that_tokens_are_requested_with() {
        // Judged before the folder is looked at.
        let found = error(config("/no/where").set_jwt(Some(b"canarycanary")));
        assert_eq!(found.reason(), Reason::ConfigConflict);
        assert!(found.message().contains("\"token_cache\" and \"jwt\""), "{found}");
        let found = error(config("/no/where").set_secret(Some(b"canarycanary")).set_api_token(Some(b"canarycanary")));
        assert!(found.message().contains("\"token_cache\" and \"api_token\""), "{found}");
        assert!(config("none").set_jwt(Some(b"canarycanary")).validate().unwrap().token_cache.is_none());
    }

    #[test]
    fn a_folder_that_cannot_serve_is_named() {
        for folder in ["", "/no/where", "/dev/null"] {
            let found = error(config(folder).set_secret(Some(b"canarycanary")));
            assert_eq!(found.reason(), Reason::ConfigFile, "{folder:?}");
            assert!(found.message().contains("\"token_cache\""), "{found}");
        }
    }

    #[test]
    fn what_the_disk_does_is_no_mistake_of_the_settings() {
        use io::ErrorKind as Kind;
        for (kind, is_fine, is_fine_for_users) in [
            (Kind::ReadOnlyFilesystem, true, true),
            (Kind::StorageFull, true, true),
            (Kind::QuotaExceeded, true, true),
            (Kind::PermissionDenied, false, true),
            (Kind::NotADirectory, false, true),
            (Kind::NotFound, false, true),
        ] {
            let found = [false, true].map(|is_users| is_no_mistake(&kind.into(), is_users));
            assert_eq!(found, [is_fine, is_fine_for_users], "{kind:?}");
        }
    }

    #[test]
    fn the_caches_own_files_are_told_by_their_names() {
        let own = ["salt", "salt.passing.0a", "0a1b.token", "0a1b.lock", "0a1b.passing", "0a1b.passing.0a"];
        assert!(own.into_iter().all(is_own_file));
        let others = ["", "..", "salt.txt", "salt.token", "index.token", "0a", "0a.tokens", "0a.passings", "a.b.token"];
        assert_eq!(others.into_iter().find(|name| is_own_file(name)), None);
    }

    #[test]
    fn the_program_goes_before_the_environment() {
        let lookup = |name: &str| (name == "TG_TOKEN_CACHE").then(|| b"/no/where".to_vec());
        let found = |written: Option<&[u8]>| {
            let mut config = Config::new("http://127.0.0.1:14240");
            config.set_secret(Some(b"canarycanary")).set_token_cache(written).load_from(&lookup);
            config.validate().map(|settings| settings.token_cache.is_some())
        };
        assert!(!found(Some(b"none")).unwrap());
        assert!(found(None).unwrap_err().message().contains("TG_TOKEN_CACHE"));
    }
}
