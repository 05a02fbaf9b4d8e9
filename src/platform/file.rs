//! Files: opened without waiting, and who else may read them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::time::Duration;

use zeroize::Zeroizing;

use super::clock::boot_clock;
use super::process::user;
use super::socket::{Readiness, wait_one};

/// Opens a file for reading without waiting for anybody, as a pipe or a terminal of that name would, and tells what
/// it is. What is no regular file must not be read: it may have no end.
pub fn open(path: &str) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let about = file.metadata()?;
    Ok((file, about))
}

/// At most so many bytes of a file. A pipe is waited for, but not longer than `limit`.
pub fn read(file: &File, most: u64, limit: Duration) -> io::Result<Zeroizing<Vec<u8>>> {
    // In one piece, which leaves no copies; a pipe tells no length.
    let length = file.metadata().map_or(0, |about| about.len().min(most));
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    let end = boot_clock() + limit;
    loop {
        let left = most - content.len() as u64;
        match file.take(left).read_to_end(&mut content) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = end.saturating_sub(boot_clock());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                wait_one(file, Readiness::Read, left)?;
            }
            outcome => return outcome.map(|_| content),
        }
    }
}

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
