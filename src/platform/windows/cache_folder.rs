//! A folder that nobody but this user can use, and the files in it. As long as it is open nobody can rename or remove it, so
//! that its path, which is looked at once, goes on to lead to it.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write as _};
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::windows::io::AsRawHandle as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION};
use windows_sys::Win32::Storage::FileSystem as of;
use windows_sys::Win32::System::IO::OVERLAPPED;

use crate::hidden::Wiped;
use crate::platform::access::{Found, Security, done, own_account, with_security};
use crate::platform::clock::wall_clock;
use crate::platform::file;
use crate::platform::process::variable;
pub use crate::platform::refusal::FolderRefusal;

/// A folder that nobody but this user can use.
#[derive(Debug)]
pub struct Folder {
    _opened: File,
    /// As it was given.
    path: PathBuf,
    /// The same, wherever the program goes.
    absolute: PathBuf,
}

/// A file of another process's that is in the way is there for a moment.
const MOST_TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(2);

/// The folder in which the user's programs keep what they can do without, or why there is none.
pub fn users_folder() -> Result<PathBuf, &'static str> {
    let found = variable(c"LOCALAPPDATA").map(PathBuf::from).filter(|path| path.is_absolute());
    found.ok_or("LOCALAPPDATA does not name the user's folder")
}

/// Whether nobody would miss a folder that is closed to others: it is not the root of a drive, and all that it holds has
/// names of ours.
pub fn may_be_closed(path: &Path, is_ours: impl Fn(&str) -> bool) -> bool {
    let holds_ours = |mut entries: fs::ReadDir| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(&is_ours)))
    };
    fs::canonicalize(path).is_ok_and(|path| path.parent().is_some()) && fs::read_dir(path).is_ok_and(holds_ours)
}

impl Folder {
    /// Opens a folder, which is made first if it is missing; `with_parents`: those above it, too.
    pub fn open(path: &Path, with_parents: bool) -> Result<Folder, FolderRefusal> {
        let path: PathBuf = path.components().collect();
        let absolute = std::path::absolute(&path).map_err(FolderRefusal::Unusable)?;
        let opened = match open_folder(&absolute) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&absolute, with_parents)
                .and_then(|()| open_folder(&absolute))
                .map_err(|failure| if failure.kind() == io::ErrorKind::NotFound { error } else { failure }),
            outcome => outcome,
        };
        let opened = opened.map_err(FolderRefusal::Unusable)?;
        let about = opened.metadata().map_err(FolderRefusal::Unusable)?;
        if about.file_attributes() & of::FILE_ATTRIBUTE_REPARSE_POINT != 0 {
            return Err(FolderRefusal::Link);
        }
        if !about.is_dir() {
            return Err(FolderRefusal::Unusable(io::ErrorKind::NotADirectory.into()));
        }
        let user = own_account().map_err(FolderRefusal::Unusable)?;
        match Security::of(&opened).map_err(FolderRefusal::Unusable)?.judge(&user, true) {
            Found::Closed => Ok(Folder { _opened: opened, path, absolute }),
            Found::Foreign => Err(FolderRefusal::OtherOwner),
            Found::Readable(openness) | Found::Writable(openness) => Err(FolderRefusal::OpenTo(openness)),
        }
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file of this user's, and no link.
    fn open_file(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        let file = options.custom_flags(of::FILE_FLAG_OPEN_REPARSE_POINT).open(self.absolute.join(name))?;
        match file.metadata()?.file_attributes() & of::FILE_ATTRIBUTE_REPARSE_POINT {
            0 => Ok(file),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// What a file of this user's holds. What is longer, a link or no file at all is "invalid data".
    pub fn read(&self, name: &str, most: u64) -> io::Result<Wiped<Vec<u8>>> {
        let file = self.open_file(name, OpenOptions::new().read(true)).map_err(|error| match error.kind() {
            // As a folder of that name is.
            io::ErrorKind::PermissionDenied if self.absolute.join(name).is_dir() => io::ErrorKind::InvalidData.into(),
            _ => error,
        })?;
        let about = file.metadata()?;
        let is_foreign = Security::of(&file)?.judge(&own_account()?, false) == Found::Foreign;
        if !about.is_file() || is_foreign || about.len() > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        file::read(&file, most, Duration::ZERO)
    }

    /// Writes a file at once, so that nobody ever finds a part of it: whole under the name `passing`, then under its
    /// own. `instead`: whatever has that name already; otherwise that stays, and the writing fails.
    pub fn write(&self, name: &str, content: &[u8], passing: &str, instead: bool) -> io::Result<()> {
        let mut file = self.open_file(passing, OpenOptions::new().write(true).create_new(true))?;
        let written = file.write_all(content);
        drop(file);
        let written = written.and_then(|()| self.rename(passing, name, instead));
        if written.is_err() {
            let removed = self.remove(passing);
            return written.and(removed);
        }
        written
    }

    fn rename(&self, from: &str, to: &str, instead: bool) -> io::Result<()> {
        let (from, to) = (self.absolute.join(from), self.absolute.join(to));
        if instead {
            return insist(|| fs::rename(&from, &to));
        }
        let (from, to) = (wide(&from)?, wide(&to)?);
        // SAFETY: both paths end with NUL.
        done(unsafe { of::MoveFileExW(from.as_ptr(), to.as_ptr(), 0) })
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match insist(|| fs::remove_file(self.absolute.join(name))) {
            // Another process may have done the same.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The names of all files in it.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.absolute)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(io::Result::transpose).collect()
    }

    /// How many seconds ago a file was written or touched, by the wall clock.
    pub fn age(&self, name: &str) -> io::Result<i64> {
        let changed = self.open_file(name, OpenOptions::new().read(true))?.metadata()?.modified()?;
        let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Ok(wall_clock().saturating_sub(i64::try_from(changed).unwrap_or(i64::MAX)))
    }

    /// The lock of this name, which is made if it is missing. It is not taken yet.
    pub fn lock(&self, name: &str) -> io::Result<Lock> {
        self.open_file(name, OpenOptions::new().read(true).write(true).create(true).truncate(false)).map(Lock)
    }
}

/// Tries again where another process has the file open just now.
fn insist(mut act: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let is_in_the_way = |error: &io::Error| {
        let is_shared = error.raw_os_error() == Some(ERROR_SHARING_VIOLATION as i32);
        is_shared || error.kind() == io::ErrorKind::PermissionDenied
    };
    for _ in 1..MOST_TRIES {
        match act() {
            Err(error) if is_in_the_way(&error) => std::thread::sleep(PAUSE),
            outcome => return outcome,
        }
    }
    act()
}

/// A lock that processes share, in a file that is never replaced: where a file is renamed over a locked one, a second
/// process gets the lock at once. It belongs to this open file alone, ends with the process, also if it is killed, and
/// no child inherits it. What is locked is a byte far behind the end of the file, which stays empty.
#[derive(Debug)]
pub struct Lock(File);

/// When a lock was touched last; to be compared, and nothing else.
pub type Touched = (i64, i64);

/// The byte that is locked.
const PLACE: u32 = 1 << 30;

impl Lock {
    /// Takes it if nobody has it; whether it was taken. Never waits.
    pub fn try_take(&self) -> io::Result<bool> {
        let flags = of::LOCKFILE_EXCLUSIVE_LOCK | of::LOCKFILE_FAIL_IMMEDIATELY;
        let (handle, mut place) = (self.0.as_raw_handle(), place());
        // SAFETY: the handle is open, and the place is valid for the call, which is over when it returns.
        match done(unsafe { of::LockFileEx(handle, flags, 0, 1, 0, &mut place) }) {
            Ok(()) => Ok(true),
            Err(error) => match error.raw_os_error().and_then(|code| u32::try_from(code).ok()) {
                Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING) => Ok(false),
                _ => Err(error),
            },
        }
    }

    /// Shows others that whoever has it goes on.
    pub fn touch(&self) -> io::Result<()> {
        self.0.set_times(FileTimes::new().set_modified(SystemTime::now()))
    }

    /// When it was touched last.
    pub fn touched(&self) -> io::Result<Touched> {
        let steps = self.0.metadata()?.last_write_time();
        Ok((i64::from_ne_bytes(steps.to_ne_bytes()), 0))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The system does so too, but says not when.
        // SAFETY: the handle is open, and the place is valid for the call.
        unsafe { of::UnlockFileEx(self.0.as_raw_handle(), 0, 1, 0, &mut place()) };
    }
}

fn place() -> OVERLAPPED {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut place: OVERLAPPED = unsafe { std::mem::zeroed() };
    place.Anonymous.Anonymous.OffsetHigh = PLACE;
    place
}

/// Opened so that nobody can rename or remove it meanwhile.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = of::FILE_FLAG_BACKUP_SEMANTICS | of::FILE_FLAG_OPEN_REPARSE_POINT;
    let shared = of::FILE_SHARE_READ | of::FILE_SHARE_WRITE;
    OpenOptions::new().read(true).share_mode(shared).custom_flags(flags).open(path)
}

fn make(path: &Path, with_parents: bool) -> io::Result<()> {
    // One that is there is made by nobody; above it there is none that is missing.
    if let Some(parent) = path.parent().filter(|parent| with_parents && !parent.exists()) {
        make(parent, true)?;
    }
    let (path, user) = (wide(path)?, own_account()?);
    // The user's and closed, and so is what will be made in it.
    let closed = format!("O:{user}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;{user})");
    let made = with_security(&closed, |security| {
        // SAFETY: the path ends with NUL, and the security is valid for the call.
        done(unsafe { of::CreateDirectoryW(path.as_ptr(), security) })
    });
    match made {
        // Another process was faster.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// An absolute path as the system takes it, whatever its length.
fn wide(path: &Path) -> io::Result<Vec<u16>> {
    let mut text: Vec<u16> = path.as_os_str().encode_wide().collect();
    if text.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let is_on_drive = text.get(1..3) == Some(&[u16::from(b':'), u16::from(b'\\')]);
    if is_on_drive {
        text.splice(..0, r"\\?\".encode_utf16());
    }
    text.push(0);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::access::let_in;
    use crate::platform::planted::{Others, ScratchFolder};

    fn made(name: &str) -> ScratchFolder {
        let scratch = ScratchFolder::new(name);
        make(&scratch.0, false).unwrap();
        scratch
    }

    fn opened(scratch: &ScratchFolder) -> Folder {
        Folder::open(&scratch.0, false).unwrap()
    }

    #[test]
    fn a_folder_that_is_open_to_others_and_a_file_are_refused() {
        let scratch = made("judged");
        for others in [Others::Readers, Others::Writers] {
            let_in(&scratch.0, others);
            let refused = Folder::open(&scratch.0, false).unwrap_err();
            assert!(matches!(refused, FolderRefusal::OpenTo(_)), "{refused:?}");
        }
        let_in(&scratch.0, Others::None);
        drop(opened(&scratch));
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
            drop(Folder::open(&scratch.0.join(name), false).unwrap_or_else(|refused| panic!("{name}: {refused:?}")));
        }
    }

    #[test]
    fn files_are_whole_and_stay_or_are_replaced_at_once() {
        let scratch = made("files");
        let folder = opened(&scratch);
        folder.write("one", b"first", "passing", false).unwrap();
        let kept = folder.write("one", b"second", "passing", false).unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::AlreadyExists, "what is there stays");
        assert_eq!(*folder.read("one", 100).unwrap(), b"first");
        let reader = folder.open_file("one", OpenOptions::new().read(true)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(PAUSE * 3);
                drop(reader);
            });
            folder.write("one", b"third", "passing", true).unwrap();
        });
        assert_eq!(*folder.read("one", 5).unwrap(), b"third");
        assert!(folder.read("one", 4).is_err());
        assert_eq!(folder.names().unwrap(), ["one"], "nothing that passes is left");
        assert!((0..=2).contains(&folder.age("one").unwrap()));
        folder.remove("one").unwrap();
        folder.remove("one").unwrap();
        assert_eq!(folder.read("one", 100).unwrap_err().kind(), io::ErrorKind::NotFound);
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
