//! Files with credentials: opened without waiting for anybody, and judged by who else may read or change them.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use super::access::{Openness, Remedy};
use super::descriptor::{look_at, mount_is_read_only};
use super::file::{MOST_TRIES, open};
use super::process::user;

pub use super::refusal::{Caution, Refusal, SecretFile};

/// No way to a file leads through more links than this, as in Linux itself.
const MOST_LINKS: usize = 40;

/// Opens a file with a credential. If it may not be used: why, and what can be done.
pub fn open_secret(path: &str) -> Result<SecretFile, (Refusal, Remedy)> {
    for _ in 0..MOST_TRIES {
        let (file, about) = open(path).map_err(|error| (Refusal::Unreadable(error), remedy_of_unreadable(path)))?;
        let read_only = mount_is_read_only(file.as_fd());
        // Files that are replaced by links, as in Kubernetes, may have been replaced just now.
        let Some(way) = way_to(Path::new(path), &about) else { continue };
        let refused = |refusal| match way.is_descriptor || about.uid() == 0 && is_of_system(path) {
            // Its number means another file to another program.
            true => (refusal, Remedy::AnotherFile),
            false => (refusal, remedy(read_only, about.uid())),
        };
        if let Some(link) = &way.foreign_link {
            return Err(refused(Refusal::Link(link.clone())));
        }
        let is_passing = way.is_descriptor || about.file_type().is_fifo();
        if !about.is_file() && !about.file_type().is_fifo() {
            return Err(refused(Refusal::Kind));
        }
        let caution = judge(about.uid(), about.mode(), user(), read_only).map_err(refused)?;
        return Ok(SecretFile { file, is_passing, caution });
    }
    Err((Refusal::Unreadable(io::Error::other("it is being replaced all the time")), Remedy::ChangeOwner))
}

fn remedy(read_only: bool, owner: u32) -> Remedy {
    match read_only {
        true => Remedy::WhereItIsMounted,
        false if user() == 0 || user() == owner => Remedy::ChangeMode,
        false => Remedy::ChangeOwner,
    }
}

/// The same for a file that cannot be opened.
fn remedy_of_unreadable(path: &str) -> Remedy {
    let found = look_at(path).and_then(|file| Ok(remedy(mount_is_read_only(file.as_fd()), file.metadata()?.uid())));
    found.unwrap_or(Remedy::ChangeOwner)
}

/// A regular file that other users may read, but not change; `None` if it is none.
pub fn open_to_readers(path: &str) -> io::Result<Option<File>> {
    let (file, about) = open(path)?;
    Ok((about.is_file() && about.mode() & 0o022 == 0).then_some(file))
}

/// Who may read and change a file: its owner and mode, for this user. An ACL that gives more is in the bits of the group.
fn judge(owner: u32, mode: u32, user: u32, read_only: bool) -> Result<Option<Caution>, Refusal> {
    let mode = mode & 0o777;
    let (is_own, is_roots, is_closed) = (owner == user, owner == 0, mode & 0o077 == 0);
    if mode & 0o022 != 0 {
        Err(Refusal::Writable(Openness(mode)))
    } else if is_own && is_closed {
        Ok(None)
    } else if is_roots && mode & 0o037 == 0 && (!is_own || read_only) {
        // To a group, or to a user by an ACL.
        Ok(None)
    } else if user == 0 && is_closed {
        Ok(Some(Caution::OwnedBy(owner)))
    } else if read_only && (is_own || mode & 0o004 != 0) {
        Ok(Some(Caution::OpenTo(Openness(mode))))
    } else if is_own || is_roots || user == 0 {
        Err(Refusal::OpenTo(Openness(mode)))
    } else {
        Err(Refusal::OtherOwner)
    }
}

/// Whether root's file is there for the system's programs: those that have their own files of root's have folders for
/// them, in /etc, too.
fn is_of_system(path: &str) -> bool {
    let path = fs::canonicalize(path).unwrap_or_default();
    let is_below = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    let is_configuration =
        path.parent().is_some_and(|folder| OF_CONFIGURATION.iter().any(|of| folder == Path::new(of)));
    is_configuration || is_below(&OF_SYSTEM) && !is_below(&OF_ADMINISTRATOR)
}

/// Where files are that all programs read, also on macOS.
const OF_CONFIGURATION: [&str; 2] = ["/etc", "/private/etc"];
const OF_SYSTEM: [&str; 9] = ["/bin", "/boot", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/System", "/usr"];
const OF_ADMINISTRATOR: [&str; 1] = ["/usr/local"];

/// The way to a file.
struct Way {
    /// A link on it that is neither root's nor this user's.
    foreign_link: Option<PathBuf>,
    /// Whether it leads through a descriptor of this process.
    is_descriptor: bool,
}

/// Goes the way to a file that was opened just now, link by link; `None` if it leads to another file by now.
fn way_to(path: &Path, opened: &Metadata) -> Option<Way> {
    // Links of /proc are the kernel's own, and their texts are no paths.
    let proc = fs::metadata("/proc").ok().map(|about| about.dev());
    let mut way = Way { foreign_link: None, is_descriptor: false };
    let (mut done, mut links) = (PathBuf::new(), 0);
    let mut left: Vec<OsString> = parts(path);
    while let Some(part) = left.pop() {
        done.push(part);
        let about = fs::symlink_metadata(&done).ok()?;
        if !about.is_symlink() {
            continue;
        }
        if Some(about.dev()) == proc {
            way.is_descriptor |= done.parent().is_some_and(|folder| folder.ends_with("fd"));
            continue;
        }
        if about.uid() != 0 && about.uid() != user() {
            way.foreign_link.get_or_insert_with(|| done.clone());
        }
        links += 1;
        if links > MOST_LINKS {
            return None;
        }
        left.extend(parts(&fs::read_link(&done).ok()?));
        done.pop();
    }
    let found = fs::metadata(&done).ok()?;
    ((found.dev(), found.ino()) == (opened.dev(), opened.ino())).then_some(way)
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let named = path.components().filter(|part| *part != Component::CurDir);
    let mut parts: Vec<OsString> = named.map(|part| part.as_os_str().to_owned()).collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u32 = 1000;
    const OTHER: u32 = 1001;

    /// What becomes of a file, for the user and for root, on a mount that can be written and on one that cannot:
    /// `y` used, `w` used with a warning, `-` refused.
    const TABLE: [(u32, u32, &str); 26] = [
        // owner, mode, user writable, user read-only, root writable, root read-only
        (OWN, 0o600, "yyww"),
        (OWN, 0o400, "yyww"),
        (OWN, 0o700, "yyww"),
        (OWN, 0o440, "-w--"),
        (OWN, 0o640, "-w--"),
        (OWN, 0o444, "-w-w"),
        (OWN, 0o644, "-w-w"),
        (OWN, 0o620, "----"),
        (OWN, 0o660, "----"),
        (OWN, 0o666, "----"),
        (OWN, 0o602, "----"),
        (0, 0o600, "yyyy"),
        (0, 0o400, "yyyy"),
        (0, 0o440, "yy-y"),
        (0, 0o640, "yy-y"),
        (0, 0o444, "-w-w"),
        (0, 0o644, "-w-w"),
        (0, 0o604, "-w-w"),
        (0, 0o660, "----"),
        (0, 0o646, "----"),
        (OTHER, 0o600, "--ww"),
        (OTHER, 0o400, "--ww"),
        (OTHER, 0o440, "----"),
        (OTHER, 0o640, "----"),
        (OTHER, 0o444, "-w-w"),
        (OTHER, 0o664, "----"),
    ];

    #[test]
    fn who_may_read_and_change_a_file_decides() {
        for (owner, mode, wanted) in TABLE {
            let found: String = [(OWN, false), (OWN, true), (0, false), (0, true)]
                .iter()
                .map(|(user, read_only)| match judge(owner, 0o100_000 | mode, *user, *read_only) {
                    Ok(None) => 'y',
                    Ok(Some(_)) => 'w',
                    Err(_) => '-',
                })
                .collect();
            assert_eq!(found, wanted, "{owner} {mode:04o}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_as_it_is() {
        let found = |owner, mode, user| judge(owner, mode, user, false).unwrap_err();
        for (owner, user) in [(OWN, OWN), (0, OWN), (0, 0), (OTHER, 0)] {
            assert!(matches!(found(owner, 0o644, user), Refusal::OpenTo(Openness(0o644))), "{owner} {user}");
        }
        assert!(matches!(found(OTHER, 0o644, OWN), Refusal::OtherOwner));
        assert!(matches!(found(OTHER, 0o646, OWN), Refusal::Writable(Openness(0o646))));
        let caution = |owner, mode, user, read_only| judge(owner, mode, user, read_only).unwrap().unwrap();
        assert!(matches!(caution(OTHER, 0o600, 0, true), Caution::OwnedBy(OTHER)));
        assert!(matches!(caution(OTHER, 0o644, 0, true), Caution::OpenTo(Openness(0o644))));
    }

    #[test]
    fn a_file_that_others_may_use_is_refused_with_the_command() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("tigergraph-auth-modes-{}", std::process::id()));
        let name = path.to_str().unwrap();
        fs::write(&path, "canarycanary").unwrap();
        for mode in [0o644, 0o640, 0o604, 0o666, 0o620, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let (refusal, remedy) = open_secret(name).unwrap_err();
            let (Refusal::OpenTo(found) | Refusal::Writable(found)) = refusal else { panic!("{refusal:?}") };
            assert_eq!(found.to_string(), format!("its mode is {mode:04o}"));
            assert_eq!(remedy.hint(name), format!("Run: chmod 600 {name}"), "{mode:o}");
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(open_secret(name).is_ok(), "{mode:o}");
        }
        for (mode, serves) in
            [(0o644, true), (0o640, true), (0o604, true), (0o664, false), (0o602, false), (0o620, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(open_to_readers(name).unwrap().is_some(), serves, "{mode:o}");
        }
        assert!(open_to_readers("/").unwrap().is_none());
        fs::remove_file(&path).unwrap();
    }

    /// A descriptor of this process is used up by reading it; what else /proc leads to is a file like any other.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_descriptor_passes_and_a_file_stays() {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = std::env::temp_dir().join(format!("tigergraph-auth-passing-{}", std::process::id()));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        let is_passing = |path: &str| open_secret(path).unwrap().is_passing;
        assert!(!is_passing(path.to_str().unwrap()));
        assert!(is_passing(&format!("/proc/self/fd/{}", file.as_raw_fd())));
        assert!(!is_passing(&format!("/proc/self/root{}", path.display())));
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_parts_of_a_path() {
        assert_eq!(parts(Path::new("/a/./b//../c")), ["c", "..", "b", "a", "/"]);
        assert_eq!(parts(Path::new("..data/x")), ["x", "..data"]);
    }
}
