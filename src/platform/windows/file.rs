//! Files: opened without waiting, and read.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_BACKUP_SEMANTICS, SECURITY_ANONYMOUS};

use crate::hidden::Wiped;
use crate::platform::access::is_on_disk;

/// What a file or folder was when it was looked at: its attributes, size, birth and last change.
pub type Stamp = Option<[i64; 4]>;

/// That of this path.
pub fn stamp(path: &Path) -> Stamp {
    let about = fs::metadata(path).ok()?;
    let number = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    let times = [about.file_size(), about.creation_time(), about.last_write_time()].map(number);
    Some([about.file_attributes().into(), times[0], times[1], times[2]])
}

/// Opens a file for reading and tells what it is. What is no regular file must not be read: it may have no end. Pipes and
/// terminals are refused, because nobody can wait for them within a time here.
pub fn open(path: &str) -> io::Result<(File, Metadata)> {
    // A folder is opened too, to be told what it is; and whoever serves a pipe of that name learns nothing of the program.
    let options = OpenOptions::new()
        .read(true)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .security_qos_flags(SECURITY_ANONYMOUS)
        .open(path);
    let file = options?;
    if !is_on_disk(&file) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it is no file on a disk"));
    }
    let about = file.metadata()?;
    Ok((file, about))
}

/// Waits for nothing: what `open` gave has its content. The time that is left.
pub fn wait_for_content(_: &File, limit: Duration) -> io::Result<Duration> {
    Ok(limit)
}

/// At most so many bytes of a file.
pub fn read(file: &File, most: u64, _: Duration) -> io::Result<Wiped<Vec<u8>>> {
    // In one piece, which leaves no copies.
    let length = file.metadata().map_or(0, |about| about.len().min(most));
    let mut content = Wiped::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(most).read_to_end(&mut content)?;
    Ok(content)
}
