//! Files with credentials, judged by who else may read or change them.

use std::fs::File;
use std::io;

use crate::platform::access::{Found, Openness, Remedy, Security, own_account};
use crate::platform::file::open;
pub use crate::platform::refusal::{Caution, Refusal, SecretFile};

/// Opens a file with a credential. If it may not be used: why, and what can be done.
pub fn open_secret(path: &str) -> Result<SecretFile, (Refusal, Remedy)> {
    let unreadable = |error| (Refusal::Unreadable(error), Remedy::none());
    let (file, about) = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Err((Refusal::Kind, Remedy::none())),
        opened => opened.map_err(unreadable)?,
    };
    if !about.is_file() {
        return Err((Refusal::Kind, Remedy::none()));
    }
    let user = own_account().map_err(unreadable)?;
    let security = Security::of(&file).map_err(unreadable)?;
    let with_remedy = |refusal: fn(Openness) -> Refusal, openness: Openness| {
        let remedy = Remedy::close(&user, &openness);
        (refusal(openness), remedy)
    };
    match security.judge(&user, false) {
        Found::Closed => Ok(SecretFile { file, is_passing: false, caution: None }),
        Found::Foreign => Err((Refusal::OtherOwner, Remedy::own(&user))),
        Found::Readable(openness) => Err(with_remedy(Refusal::OpenTo, openness)),
        Found::Writable(openness) => Err(with_remedy(Refusal::Writable, openness)),
    }
}

/// A regular file that other users may read, but not change; `None` if it is none.
pub fn open_to_readers(path: &str) -> io::Result<Option<File>> {
    let (file, about) = open(path)?;
    let found = Security::of(&file)?.judge(&own_account()?, false);
    Ok((about.is_file() && matches!(found, Found::Closed | Found::Readable(_))).then_some(file))
}
