//! Descriptors of the library, none of which has the number of a standard one, and what they stand for.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;

/// The same descriptor with a number that is not one of the first three. Where a program has closed its standard
/// descriptors, the system gives their numbers to what is opened next, and what the program prints would be written
/// there.
pub fn beside_standard(opened: OwnedFd) -> io::Result<OwnedFd> {
    match opened.as_raw_fd() {
        // The standard library takes the first free number from 3 on; tests/processes.rs holds it to that.
        0..=2 => opened.try_clone(),
        _ => Ok(opened),
    }
}

/// Opens a file only to look at it, for which nobody needs the right to read it.
#[cfg(target_os = "linux")]
pub fn look_at(path: &str) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path)?;
    beside_standard(file.into()).map(File::from)
}

/// Opens a file only to look at it.
#[cfg(not(target_os = "linux"))]
pub fn look_at(path: &str) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    beside_standard(file.into()).map(File::from)
}

/// Whether nobody can change a file through the mount that it was opened on.
pub fn mount_is_read_only(file: BorrowedFd) -> bool {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut about: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the struct is valid for the call.
    let outcome = unsafe { libc::fstatvfs(file.as_raw_fd(), &mut about) };
    outcome == 0 && about.f_flag & libc::ST_RDONLY != 0
}
