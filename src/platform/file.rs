//! Who else may read a file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use super::process::user;

/// Why a file is not private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to another user, who may read and change it.
    OtherOwner,
    /// Other users may read or change it: the permission bits of its mode.
    OpenTo(u32),
}

/// Why a file is not private to the user of this process; `None`: it is.
pub fn exposure(about: &Metadata) -> Option<Exposure> {
    if about.uid() != user() {
        return Some(Exposure::OtherOwner);
    }
    (about.mode() & 0o077 != 0).then(|| Exposure::OpenTo(about.mode() & 0o777))
}

/// What to run to make a file private.
pub fn how_to_make_private(path: &str, exposure: Exposure) -> String {
    match exposure {
        Exposure::OtherOwner => format!("Run: sudo chown $(id -un) {path} && chmod 600 {path}"),
        Exposure::OpenTo(_) => format!("Run: chmod 600 {path}"),
    }
}
