//! The commands in hints about files and folders that are open to others: each does what it says, whatever the name is,
//! and none is given where it would break something else. A program of its own, because it goes into a folder.

#[path = "common/skip.rs"]
mod skip;

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use tigergraph_auth::{Config, Connection, Error, Reason};

/// Names that a shell, a program or a terminal may take for something else.
const NAMES: [&str; 18] = [
    "plain",
    "-dash",
    "--",
    "a b",
    "it's",
    "\"quoted\"",
    "$HOME",
    "`id`",
    "~",
    "*",
    "# no comment",
    "a;b&c|d",
    "back\\slash",
    "\u{e4}\u{1f42f}",
    "new\nline",
    "-\x1b[31mred\t\\'9",
    "\x01\x7f1",
    "\u{85}\u{9b}31m",
];

/// A folder in which the test is, gone with all that is in it.
struct Sandbox(PathBuf);

impl Sandbox {
    fn new() -> Sandbox {
        let path = std::env::temp_dir().join(format!("tigergraph-auth-hints-{}", std::process::id()));
        fs::create_dir(&path).expect("an empty folder");
        std::env::set_current_dir(&path).expect("a folder to be in");
        Sandbox(path)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a connection says with this secret's file, or this cache.
fn connect(secret_file: Option<&str>, cache: Option<&str>) -> Result<(), Error> {
    let mut config = Config::new("http://127.0.0.1:14240");
    match secret_file {
        Some(file) => config.set_secret_file(Some(file.as_bytes())),
        None => config.set_secret(Some(b"a placeholder")),
    };
    config.set_token_cache(cache.map(str::as_bytes));
    Connection::new(&config).map(drop)
}

fn refused(secret_file: Option<&str>, cache: Option<&str>) -> Error {
    let error = connect(secret_file, cache).expect_err("open to others");
    assert_eq!(error.reason(), Reason::ConfigFile, "{error}");
    for text in [error.message(), error.hint()] {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    error
}

/// Does what the hint says, in the folder.
fn follow(error: &Error) {
    let command = error.hint().strip_prefix("Run: ").unwrap_or_else(|| panic!("{error}: {}", error.hint()));
    let done = Command::new("bash").args(["-euc", command]).output().expect("bash");
    assert!(done.status.success() && done.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

/// It gives no command, but this advice.
fn advises(error: &Error, advice: &str) {
    assert!(error.hint().contains(advice) && !error.hint().contains("Run: "), "{error}: {}", error.hint());
}

fn make_folder(name: &str, mode: u32) {
    fs::DirBuilder::new().mode(0o700).create(name).expect("a folder");
    fs::set_permissions(name, Permissions::from_mode(mode)).expect("its mode");
}

/// The command of each name is followed, and then it works.
fn commands_work() {
    for name in NAMES {
        fs::write(name, "a placeholder\n").expect("a file");
        fs::set_permissions(name, Permissions::from_mode(0o644)).expect("its mode");
        follow(&refused(Some(name), None));
        connect(Some(name), None).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        fs::remove_file(name).expect("the file");

        make_folder(name, 0o755);
        for own in ["salt", "salt.passing.0a", "0a1b.token", "0a1b.lock", "0a1b.passing.0a"] {
            fs::write(PathBuf::from(name).join(own), "").expect("a file of the cache's");
        }
        follow(&refused(None, Some(name)));
        connect(None, Some(name)).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        fs::remove_dir_all(name).expect("the folder");
    }
}

/// Folders that are not the cache's alone stay as they are.
fn folders_of_others_are_left_alone() {
    make_folder("sticky", 0o1777);
    for (folder, held) in [("data", "salt.txt"), ("home", ".profile"), ("web", "index.token"), ("deep", "0a.tokens")] {
        make_folder(folder, 0o755);
        fs::write(PathBuf::from(folder).join(held), "").expect("a file");
        advises(&refused(None, Some(folder)), "Name a folder of its own");
    }
    advises(&refused(None, Some("sticky")), "Name a folder of its own");
    // Another user's, for whoever is not root.
    for folder in ["/", "//", "/.", "/usr/..", "/tmp", "/etc"] {
        advises(&refused(None, Some(folder)), "Name a folder of ");
    }
}

/// Files that other programs read stay as they are.
fn files_of_the_system_are_left_alone() {
    symlink("/etc/passwd", "link").expect("a link");
    for file in ["/etc/passwd", "/etc/../etc/group", "link", "/proc/version", "/usr/bin/env"] {
        if !fs::metadata(file).is_ok_and(|about| about.uid() == 0) {
            skip::skip(format_args!("{file} is not the system's here"));
            continue;
        }
        advises(&refused(Some(file), None), "Put the credential in a file of its own");
    }
    for device in ["/dev/null", "/dev/zero"] {
        assert!(!refused(Some(device), None).hint().contains("chmod"), "{device}");
    }
    // A number means another file in another program.
    fs::write("opened", "a placeholder\n").expect("a file");
    let opened = fs::File::open("opened").expect("the file");
    let number = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened));
    advises(&refused(Some(&number), None), "Put the credential in a file of its own");
}

#[test]
fn what_a_hint_says_can_be_done_and_does_no_harm() {
    let _sandbox = Sandbox::new();
    commands_work();
    folders_of_others_are_left_alone();
    files_of_the_system_are_left_alone();
}
