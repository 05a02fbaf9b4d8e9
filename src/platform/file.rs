//! Files: opened without waiting, and read within a time.

use crate::hidden::Wiped;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::clock::boot_clock;
use super::descriptor::beside_standard;
use super::socket::{Readiness, wait_one};

/// How often a file is looked for that may have been replaced just then.
pub const MOST_TRIES: usize = 8;

/// What a file or folder was when it was looked at: its device, number, size and last change.
pub type Stamp = Option<[i64; 5]>;

/// That of this path.
pub fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    let number = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    Some([number(about.dev()), number(about.ino()), number(about.size()), about.mtime(), about.mtime_nsec()])
}

/// Opens a file for reading without waiting for anybody, as a pipe or a terminal of that name would, and tells what
/// it is. What is no regular file must not be read: it may have no end.
///
/// Where a link on the way is replaced, and what it led to is removed, as in Kubernetes, the way that was begun before
/// leads to nothing, and the next one to the new file.
pub fn open(path: &str) -> io::Result<(File, Metadata)> {
    let try_once = || OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let is_missing = |file: &io::Result<File>| matches!(file, Err(error) if error.kind() == io::ErrorKind::NotFound);
    let mut file = try_once();
    for _ in 1..MOST_TRIES {
        if !is_missing(&file) {
            break;
        }
        file = try_once();
    }
    let file = File::from(beside_standard(file?.into())?);
    let about = file.metadata()?;
    Ok((file, about))
}

/// Waits for what comes first through a pipe, also for somebody who opens it to write, but not longer than `limit`.
/// The time that is left.
pub fn wait_for_content(file: &File, limit: Duration) -> io::Result<Duration> {
    let end = boot_clock() + limit;
    loop {
        let left = end.saturating_sub(boot_clock());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if wait_one(file, Readiness::Read, left)? {
            return Ok(left);
        }
    }
}

/// At most so many bytes of a file. A pipe is waited for, but not longer than `limit`.
pub fn read(file: &File, most: u64, limit: Duration) -> io::Result<Wiped<Vec<u8>>> {
    // In one piece, which leaves no copies; a pipe tells no length.
    let length = file.metadata().map_or(0, |about| about.len().min(most));
    let mut content = Wiped::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_cannot_be_read_and_is_told_as_one() {
        let (folder, about) = open("/").unwrap();
        assert!(about.is_dir());
        assert_eq!(read(&folder, 100, Duration::ZERO).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
