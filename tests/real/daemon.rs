//! A server of Debian's as a child of this program: in the foreground, on loopback, with files of its own.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// For a server to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Ends when dropped, and with the thread that started it.
pub struct Daemon {
    name: String,
    child: Child,
    said: PathBuf,
    ports: Vec<u16>,
}

/// Whether a program is there.
pub fn is_installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", program]).env("PATH", path()).output();
    found.is_ok_and(|output| output.status.success())
}

/// Debian keeps servers where only root's shell looks.
pub fn path() -> String {
    std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin"
}

/// Whether something listens on this port of 127.0.0.1.
fn listens(port: u16) -> bool {
    // State 0A is LISTEN.
    let row = format!(": 0100007F:{port:04X} 00000000:0000 0A ");
    std::fs::read_to_string("/proc/net/tcp").expect("Linux").contains(&row)
}

impl Daemon {
    /// Starts a server that will listen on these ports; `ready` waits for it.
    pub fn start(folder: &Path, name: &str, program: &str, arguments: &[&str], ports: Vec<u16>) -> Daemon {
        let said = folder.join(format!("{name}.out"));
        let output = File::create(&said).expect("a file");
        // SIGTERM when this program dies, whatever it dies of.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--", program])
            .args(arguments)
            .env_clear()
            .env("PATH", path())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a descriptor"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Daemon { name: name.to_owned(), child, said, ports }
    }

    /// Waits until it listens everywhere. It is not asked: some end, or do no more, after a connection without a word.
    pub fn ready(&mut self) {
        let begun = Instant::now();
        while !self.ports.iter().all(|port| listens(*port)) {
            let ended = self.child.try_wait().expect("a child");
            let waited = begun.elapsed();
            assert!(
                ended.is_none() && waited < PATIENCE,
                "{} does not listen on {:?} after {waited:?}: {ended:?}\n{}",
                self.name,
                self.ports,
                self.words()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn words(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    fn signal(&self, signal: &str, process: &str) {
        let _ = Command::new("kill").args([signal, "--", process]).stderr(Stdio::null()).status();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let id = self.child.id();
        self.signal("-TERM", &id.to_string());
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // What it has left behind, if it has.
        self.signal("-KILL", &format!("-{id}"));
        let _ = self.child.wait();
    }
}
