//! The C program that makes the calls, and what it tells of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::common;

/// Nothing that a test asks for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
const SOURCES: [&str; 3] = ["tests/c/driver.c", "tests/c/network.c", "tests/c/system.c"];
const WINDOWS: [&str; 3] = ["tests/c/driver.c", "tests/c/network.c", "tests/c/system_windows.c"];

static SANITIZED: LazyLock<PathBuf> = LazyLock::new(|| common::build_sanitized(sources(), &[exported()]));
static PLAIN: LazyLock<PathBuf> =
    LazyLock::new(|| common::build(sources(), &[exported(), "-O1"], &common::library_folder()));

fn sources() -> &'static [&'static str] {
    if common::is_windows() { &WINDOWS } else { &SOURCES }
}

/// Its own definitions of system calls must be seen by the library. On Windows no library looks for them.
fn exported() -> &'static str {
    if common::is_windows() { "-g" } else { "-rdynamic" }
}

/// The driver with both sanitizers, for all but what they would change.
pub fn sanitized() -> &'static Path {
    &SANITIZED
}

/// The driver without sanitizers, where memory and stacks are as they are.
pub fn plain() -> &'static Path {
    &PLAIN
}

/// The driver with the library of a folder, optimized as that is.
pub fn with_library(folder: &Path) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    common::build(sources(), &[exported(), "-O2"], folder)
}

/// A field that may hold anything.
pub fn field(value: impl AsRef<[u8]>) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    let value = value.as_ref();
    if value == b"-" {
        return "%2D".to_owned();
    }
    value.iter().map(|&b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What a call came to.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub operation: String,
    pub status: String,
    pub reason: String,
    pub http: u16,
    pub code: String,
    pub retry_after_ms: i64,
    pub ms: u64,
    pub message: String,
    pub hint: String,
    /// The result, without any credential.
    pub told: String,
}

impl Call {
    fn read(line: &str) -> Option<Call> {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["call", operation, status, reason, http, code, retry_after_ms, ms, message, hint, told] = fields[..]
        else {
            return None;
        };
        Some(Call {
            operation: operation.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            http: http.parse().ok()?,
            code: code.to_owned(),
            retry_after_ms: retry_after_ms.parse().ok()?,
            ms: ms.parse().ok()?,
            message: message.to_owned(),
            hint: hint.to_owned(),
            told: told.to_owned(),
        })
    }

    /// "OK", or the reason.
    pub fn outcome(&self) -> &str {
        if self.status == "OK" { "OK" } else { &self.reason }
    }
}

/// A running driver.
pub struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    /// Everything it said since somebody last looked.
    spoken: Vec<String>,
}

impl Driver {
    pub fn start(program: &Path, environment: &[(&str, &str)]) -> Driver {
        let mut command = common::program_command(program);
        command.envs(environment.iter().copied());
        Driver::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Driver {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the driver");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let mut errors = child.stderr.take().expect("its errors");
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).expect("its errors");
            String::from_utf8_lossy(&text).into_owned()
        });
        let input = child.stdin.take();
        Driver { child, input, lines, errors: Some(errors), spoken: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives a command and waits for the whole answer.
    pub fn say(&mut self, fields: &[&str]) -> Vec<String> {
        self.tell(fields);
        let mut answer = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line == "ready" => break,
                Ok(line) => answer.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("{fields:?} does not end; so far: {answer:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the driver died of {fields:?}: {}", self.last_words()),
            }
        }
        self.spoken.extend(answer.iter().cloned());
        let broken: Vec<_> = answer.iter().filter(|line| line.starts_with("BROKEN")).collect();
        assert!(broken.is_empty(), "{fields:?}: {broken:#?}");
        answer
    }

    fn tell(&mut self, fields: &[&str]) {
        let line = fields.join("\t") + "\n";
        assert!(!fields.iter().any(|field| field.contains(['\t', '\n'])), "{fields:?}");
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(line.as_bytes()).and_then(|()| input.flush()).expect("the driver listens");
    }

    /// Makes a call: operation and arguments.
    pub fn call(&mut self, fields: &[&str]) -> Call {
        let mut calls = self.calls(&[&["call"], fields].concat());
        assert_eq!(calls.len(), 1, "{calls:?}");
        let call = calls.remove(0);
        assert_eq!(call.operation, fields[0]);
        call
    }

    /// Gives a command that makes calls.
    pub fn calls(&mut self, fields: &[&str]) -> Vec<Call> {
        self.say(fields).iter().filter_map(|line| Call::read(line)).collect()
    }

    /// What the driver counted since it was last asked.
    pub fn counts(&mut self) -> Counts {
        Counts { lines: self.say(&["counts"]) }
    }

    /// Everything it said since somebody last looked.
    pub fn take_spoken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.spoken)
    }

    fn last_words(&mut self) -> String {
        self.errors.take().map(|errors| errors.join().expect("its errors")).unwrap_or_default()
    }

    /// Ends it: everything is freed, nothing was leaked (its sanitizer would say so), nothing was printed.
    pub fn finish(mut self) {
        self.tell(&["exit"]);
        drop(self.input.take());
        let status = self.child.wait().expect("its end");
        let errors = self.last_words();
        assert!(status.success() && errors.is_empty(), "the driver ended with {status}: {errors}");
    }

    /// Gives a command that ends it, and tells how.
    pub fn ends_of(mut self, fields: &[&str]) -> (ExitStatus, String) {
        self.tell(fields);
        drop(self.input.take());
        let status = self.child.wait().expect("its end");
        let said: Vec<String> = self.lines.iter().collect();
        (status, said.join("\n") + &self.last_words())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // After a failed test; one that has ended already is as it shall be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the driver counted.
pub struct Counts {
    lines: Vec<String>,
}

impl Counts {
    /// How often something happened.
    pub fn of(&self, name: &str) -> i64 {
        let prefix = format!("count\t{name}\t");
        let found = self.lines.iter().find_map(|line| line.strip_prefix(&prefix));
        found.unwrap_or_else(|| panic!("{name} is not counted")).parse().expect("a number")
    }

    /// Where connections were begun to: address and port.
    pub fn connects(&self) -> Vec<(String, u16)> {
        let connects = self.lines.iter().filter_map(|line| line.strip_prefix("connect\t")?.split_once('\t'));
        connects.map(|(address, port)| (address.to_owned(), port.parse().expect("a port"))).collect()
    }
}
