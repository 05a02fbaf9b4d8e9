//! A folder that nobody but this user can use, and the files in it, which are found by the folder's descriptor: its path
//! is looked at once, when it is opened.

use crate::hidden::Wiped;

use std::ffi::{CStr, CString};
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, IntoRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::access::Openness;
use super::clock::wall_clock;
use super::descriptor::beside_standard;
use super::file;
use super::fork::Owned;
use super::process::{user, variable};

pub use super::refusal::FolderRefusal;

/// A folder that nobody but this user can use.
#[derive(Debug)]
pub struct Folder {
    opened: File,
    path: PathBuf,
}

/// A file that was opened to be read.
const READ: libc::c_int = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
/// The mode of every file.
const PRIVATE: libc::c_uint = 0o600;

/// The folder in which the user's programs keep what they can do without, or why there is none.
pub fn users_folder() -> Result<PathBuf, &'static str> {
    // A folder that depends on where the program was started is none of the user's.
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let found = folder(c"XDG_CACHE_HOME").or_else(|| folder(c"HOME").map(|home| home.join(".cache")));
    found.ok_or("neither XDG_CACHE_HOME nor HOME names the user's folder")
}

/// Whether nobody would miss a folder that is closed to others: it is not the root nor everybody's, as /tmp is, and all
/// that it holds has names of ours.
pub fn may_be_closed(path: &Path, is_ours: impl Fn(&str) -> bool) -> bool {
    let holds_ours = |mut entries: fs::ReadDir| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(&is_ours)))
    };
    let is_root = |about: &fs::Metadata| {
        fs::metadata("/").is_ok_and(|root| (root.dev(), root.ino()) == (about.dev(), about.ino()))
    };
    let is_shared = |about: &fs::Metadata| about.mode() & 0o1000 != 0 || is_root(about);
    fs::metadata(path).is_ok_and(|about| !is_shared(&about)) && fs::read_dir(path).is_ok_and(holds_ours)
}

impl Folder {
    /// Opens a folder, which is made first if it is missing; `with_parents`: those above it, too.
    pub fn open(path: &Path, with_parents: bool) -> Result<Folder, FolderRefusal> {
        // Without a slash at its end, with which a link would be followed.
        let path: PathBuf = path.components().collect();
        let opened = match open_folder(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path, with_parents)
                .and_then(|()| open_folder(&path))
                .map_err(|failure| if failure.kind() == io::ErrorKind::NotFound { error } else { failure }),
            outcome => outcome,
        };
        let opened = opened.map_err(|error| match fs::symlink_metadata(&path) {
            Ok(about) if about.is_symlink() => FolderRefusal::Link,
            _ => FolderRefusal::Unusable(error),
        })?;
        let about = opened.metadata().map_err(FolderRefusal::Unusable)?;
        if about.uid() != user() {
            return Err(FolderRefusal::OtherOwner);
        }
        match about.mode() & 0o777 {
            mode if mode & 0o077 == 0 => Ok(Folder { opened, path }),
            mode => Err(FolderRefusal::OpenTo(Openness(mode))),
        }
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_file(&self, name: &str, flags: libc::c_int) -> io::Result<File> {
        let name = c_name(name)?;
        let flags = flags | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        // SAFETY: the descriptor is open and the name NUL-terminated.
        let fd = done(unsafe { libc::openat(self.opened.as_raw_fd(), name.as_ptr(), flags, PRIVATE) })?;
        // SAFETY: opened just now, and nobody else's.
        beside_standard(unsafe { OwnedFd::from_raw_fd(fd) }).map(File::from)
    }

    /// What a file of this user's holds. What is longer, a link or no file at all is "invalid data".
    pub fn read(&self, name: &str, most: u64) -> io::Result<Wiped<Vec<u8>>> {
        let file = self.open_file(name, READ).map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => io::ErrorKind::InvalidData.into(),
            _ => error,
        })?;
        let about = file.metadata()?;
        if !about.is_file() || about.uid() != user() || about.len() > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        file::read(&file, most, Duration::ZERO)
    }

    /// Writes a file at once, so that nobody ever finds a part of it: whole under the name `passing`, then under its
    /// own. `instead`: whatever has that name already; otherwise that stays, and the writing fails.
    pub fn write(&self, name: &str, content: &[u8], passing: &str, instead: bool) -> io::Result<()> {
        let mut file = self.open_file(passing, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL)?;
        let written = file.write_all(content).and_then(|()| self.rename(passing, name, instead));
        if written.is_err() || !instead {
            let removed = self.remove(passing);
            return written.and(removed);
        }
        written
    }

    /// `instead` moves the file; otherwise it gets a second name.
    fn rename(&self, from: &str, to: &str, instead: bool) -> io::Result<()> {
        let (from, to, folder) = (c_name(from)?, c_name(to)?, self.opened.as_raw_fd());
        // SAFETY: the descriptor is open and the names are NUL-terminated.
        let outcome = unsafe {
            match instead {
                true => libc::renameat(folder, from.as_ptr(), folder, to.as_ptr()),
                false => libc::linkat(folder, from.as_ptr(), folder, to.as_ptr(), 0),
            }
        };
        done(outcome).map(drop)
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let name = c_name(name)?;
        // SAFETY: the descriptor is open and the name NUL-terminated.
        match done(unsafe { libc::unlinkat(self.opened.as_raw_fd(), name.as_ptr(), 0) }) {
            // Another process may have done the same.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The names of all files in it.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let folder = self.open_file(".", libc::O_RDONLY | libc::O_DIRECTORY)?.into_raw_fd();
        // SAFETY: a folder that was opened just now, and is given away.
        let list = unsafe { libc::fdopendir(folder) };
        if list.is_null() {
            let error = io::Error::last_os_error();
            // SAFETY: it was not taken.
            unsafe { libc::close(folder) };
            return Err(error);
        }
        let mut names = Vec::new();
        loop {
            // SAFETY: opened above, and used by this thread alone.
            let entry = unsafe { libc::readdir(list) };
            if entry.is_null() {
                break;
            }
            // SAFETY: an entry has a NUL-terminated name until the next one is read.
            let name = unsafe { CStr::from_ptr((*entry).d_name.as_ptr()) };
            names.extend(name.to_str().map(str::to_owned));
        }
        // SAFETY: opened above, and not used any more.
        unsafe { libc::closedir(list) };
        Ok(names)
    }

    /// How many seconds ago a file was written or touched, by the wall clock.
    pub fn age(&self, name: &str) -> io::Result<i64> {
        let changed = self.open_file(name, READ)?.metadata()?.mtime();
        Ok(wall_clock().saturating_sub(changed))
    }

    /// The lock of this name, which is made if it is missing. It is not taken yet.
    pub fn lock(&self, name: &str) -> io::Result<Lock> {
        let open = || self.open_file(name, libc::O_RDWR | libc::O_CREAT | libc::O_NONBLOCK | libc::O_NOCTTY);
        Owned::open(open).map(Lock)
    }
}

/// A lock that processes share, in a file that is never replaced: where a file is renamed over a locked one, a second
/// process gets the lock at once.
///
/// It is one of `flock`, taken for writing from the start: a change from reading to writing may lose it. Locks of
/// `fcntl` would not do: they belong to the process, which loses them when any of its threads closes the file, and those
/// that belong to the open file (OFD) exist on Linux alone. All of them end with the process, also if it is killed. A
/// child that was forked meanwhile would keep it, and closes it for that reason.
#[derive(Debug)]
pub struct Lock(Owned<File>);

/// When a lock was touched last; to be compared, and nothing else.
pub type Touched = (i64, i64);

impl Lock {
    fn own(&self) -> io::Result<&File> {
        self.0.get().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Takes it if nobody has it; whether it was taken. Never waits.
    pub fn try_take(&self) -> io::Result<bool> {
        // SAFETY: the descriptor is open.
        match done(unsafe { libc::flock(self.own()?.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Shows others that whoever has it goes on.
    pub fn touch(&self) -> io::Result<()> {
        self.own()?.set_times(FileTimes::new().set_modified(SystemTime::now()))
    }

    /// When it was touched last.
    pub fn touched(&self) -> io::Result<Touched> {
        let about = self.own()?.metadata()?;
        Ok((about.mtime(), about.mtime_nsec()))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Ok(file) = self.own() {
            // Also where a child has not closed it yet.
            // SAFETY: the descriptor is open.
            unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
        }
    }
}

fn open_folder(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW).open(path)?;
    beside_standard(opened.into()).map(File::from)
}

fn make(path: &Path, with_parents: bool) -> io::Result<()> {
    // One that is there is made by nobody; above it there is none that is missing.
    if let Some(parent) = path.parent().filter(|parent| with_parents && !parent.exists()) {
        make(parent, true)?;
    }
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is NUL-terminated.
    match done(unsafe { libc::mkdir(path.as_ptr(), 0o700) }) {
        // Another process was faster.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn c_name(name: &str) -> io::Result<CString> {
    CString::new(name).map_err(io::Error::from)
}

fn done(outcome: libc::c_int) -> io::Result<libc::c_int> {
    if outcome == -1 { Err(io::Error::last_os_error()) } else { Ok(outcome) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use crate::platform::planted::ScratchFolder;

    fn made(name: &str) -> ScratchFolder {
        let scratch = ScratchFolder::new(name);
        make(&scratch.0, false).unwrap();
        scratch
    }

    fn opened(scratch: &ScratchFolder) -> Folder {
        Folder::open(&scratch.0, false).unwrap()
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_folder_of_others_a_link_and_a_file_are_refused() {
        let scratch = made("judged");
        for mode in [0o755, 0o750, 0o705, 0o711, 0o770, 0o701] {
            fs::set_permissions(&scratch.0, fs::Permissions::from_mode(mode)).unwrap();
            let refused = Folder::open(&scratch.0, false).unwrap_err();
            assert!(matches!(refused, FolderRefusal::OpenTo(Openness(found)) if found == mode), "{refused:?}");
        }
        fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o700)).unwrap();
        let link = scratch.0.join("link");
        symlink(&scratch.0, &link).unwrap();
        for name in ["link", "link/", "link/.", "link//"] {
            let refused = Folder::open(&scratch.0.join(name), false).unwrap_err();
            assert!(matches!(refused, FolderRefusal::Link), "{name}: {refused:?}");
        }
        fs::write(scratch.0.join("file"), "").unwrap();
        for name in ["file", "no/where"] {
            let refused = Folder::open(&scratch.0.join(name), false).unwrap_err();
            assert!(matches!(refused, FolderRefusal::Unusable(_)), "{name}: {refused:?}");
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_made_for_this_user_alone() {
        let scratch = made("made");
        assert_eq!(Folder::open(&scratch.0.join("new/"), false).unwrap().path(), scratch.0.join("new"));
        Folder::open(&scratch.0.join("a/b/c"), true).unwrap();
        for name in ["new", "a", "a/b", "a/b/c"] {
            assert_eq!(mode_of(&scratch.0.join(name)), 0o700, "{name}");
        }
    }

    #[test]
    fn files_are_private_whole_and_never_followed() {
        let scratch = made("files");
        let folder = opened(&scratch);
        folder.write("one", b"first", "passing", false).unwrap();
        assert!(folder.write("one", b"second", "passing", false).is_err(), "what is there stays");
        assert_eq!(*folder.read("one", 100).unwrap(), b"first");
        folder.write("one", b"third", "passing", true).unwrap();
        assert_eq!((&**folder.read("one", 5).unwrap(), mode_of(&scratch.0.join("one"))), (&b"third"[..], 0o600));
        assert!(folder.read("one", 4).is_err());
        symlink("one", scratch.0.join("link")).unwrap();
        assert!(folder.read("link", 100).is_err() && folder.lock("link").is_err());
        let mut names = folder.names().unwrap();
        names.sort_unstable();
        assert_eq!(names, [".", "..", "link", "one"], "nothing that passes is left");
        folder.remove("one").unwrap();
        assert!(folder.read("one", 100).is_err());
    }

    #[test]
    fn what_is_no_file_of_this_users_is_not_read() {
        let scratch = made("strange");
        let folder = opened(&scratch);
        fs::create_dir(scratch.0.join("folder")).unwrap();
        fs::write(scratch.0.join("file"), "file").unwrap();
        symlink("file", scratch.0.join("link")).unwrap();
        for name in ["folder", "link", "."] {
            assert_eq!(folder.read(name, 100_000).unwrap_err().kind(), io::ErrorKind::InvalidData, "{name}");
        }
        assert_eq!(folder.read("file", 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(*folder.read("file", 4).unwrap(), b"file");
        // Only root can give a file away.
        if user() == 0 {
            std::os::unix::fs::chown(scratch.0.join("file"), Some(12345), None).unwrap();
            assert_eq!(folder.read("file", 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
            std::os::unix::fs::chown(&scratch.0, Some(12345), None).unwrap();
            assert!(matches!(Folder::open(&scratch.0, false).unwrap_err(), FolderRefusal::OtherOwner));
        }
    }

    #[test]
    fn what_fails_leaves_nothing_and_says_so() {
        let scratch = made("failed");
        let folder = opened(&scratch);
        fs::create_dir(scratch.0.join("folder")).unwrap();
        assert!(folder.write("folder", b"content", "passing", true).is_err());
        assert!(folder.write("folder", b"content", "passing", false).is_err());
        assert!(!folder.names().unwrap().contains(&"passing".to_owned()));
        assert!(folder.remove("folder").is_err());
        folder.remove("missing").unwrap();
        // One that is there is as good as one that was made.
        make(&scratch.0, false).unwrap();
        // Nobody, not even root, makes a folder there.
        if Path::new("/sys/kernel").exists() {
            let refused = Folder::open(Path::new("/sys/kernel/tigergraph-auth"), false).unwrap_err();
            let FolderRefusal::Unusable(error) = refused else { panic!("{refused:?}") };
            assert_ne!(error.kind(), io::ErrorKind::NotFound, "why it cannot be made, not that it is missing");
        }
    }

    #[test]
    fn the_age_of_a_file() {
        let scratch = made("age");
        fs::write(scratch.0.join("file"), "").unwrap();
        let file = File::options().write(true).open(scratch.0.join("file")).unwrap();
        let then = SystemTime::now() - Duration::from_secs(1000);
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
        let age = opened(&scratch).age("file").unwrap();
        assert!((999..1100).contains(&age), "{age}");
    }

    #[test]
    fn the_users_folder_is_that_of_the_environment() {
        let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let wanted = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")));
        assert_eq!(users_folder().ok(), wanted);
    }

    #[test]
    fn a_lock_ends_although_another_has_its_file_open() {
        let scratch = made("forked");
        let folder = opened(&scratch);
        let (one, other) = (folder.lock("lock").unwrap(), folder.lock("lock").unwrap());
        assert!(one.try_take().unwrap());
        // As a child that was forked meanwhile.
        let kept = one.own().unwrap().try_clone().unwrap();
        drop(one);
        assert!(other.try_take().unwrap());
        drop(kept);
    }

    #[test]
    fn a_lock_is_had_by_one_and_shows_that_it_is() {
        let scratch = made("lock");
        let folder = opened(&scratch);
        let (one, other) = (folder.lock("lock").unwrap(), folder.lock("lock").unwrap());
        assert!(one.try_take().unwrap() && !other.try_take().unwrap());
        let before = other.touched().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        one.touch().unwrap();
        assert_ne!(other.touched().unwrap(), before);
        drop(one);
        assert!(other.try_take().unwrap());
    }
}
