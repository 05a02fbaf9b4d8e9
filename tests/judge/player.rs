//! The three clients: curl and this library in one program in C, Go in another.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::case::folder;
use crate::common;
use crate::place::Place;

pub const CLIENTS: [&str; 3] = ["curl", "go", "tg"];

/// The variables that name proxies, and that say that a program is CGI.
pub const VARIABLES: [&str; 9] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
];

/// A program that plays cases.
struct Player {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What a client is asked to do.
pub struct Question<'a> {
    pub url: &'a str,
    /// The CA file; `None`: anybody is trusted.
    pub ca: Option<&'a Path>,
    /// The environment's variables for proxies, if they count.
    pub variables: Option<&'a [(String, String)]>,
}

/// What a client makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Accepted { status: u16, body: Vec<u8> },
    Refused(String),
}

pub struct Players {
    c: Player,
    go: Player,
}

/// Builds both programs.
pub fn build() -> (PathBuf, PathBuf) {
    let extra = ["-Wl,--no-as-needed", "-lcurl"];
    let c = common::build(&["tests/judge/client.c"], &extra, &common::library_folder());
    let go = folder().join("client-go");
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&go).arg("client.go");
    command.current_dir(common::root().join("tests/judge")).env("GOCACHE", folder().join("go-cache"));
    command.env("GOENV", "off").env("GOFLAGS", "").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    let built = command.output().expect("go");
    common::succeeded("go build", &built);
    (c, go)
}

impl Player {
    fn start(program: &Path) -> Player {
        let mut command = common::program_command(program);
        for name in VARIABLES.iter().chain(&["SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"]) {
            command.env_remove(name);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let to = child.stdin.take().expect("its input");
        let from = BufReader::new(child.stdout.take().expect("its output"));
        Player { child, to, from }
    }

    fn say(&mut self, fields: &[&str]) {
        let line: Vec<String> = fields.iter().map(|field| utf8_percent_encode(field, ENCODED).to_string()).collect();
        writeln!(self.to, "{}", line.join("\t")).expect("the program runs");
    }

    fn hear(&mut self) -> Told {
        let mut line = String::new();
        let count = self.from.read_line(&mut line).expect("a line");
        assert!(count > 0, "a client has ended: {:?}", self.child.wait());
        let (verdict, rest) = line.trim_end_matches('\n').split_once(' ').expect("two words");
        if verdict == "refuse" {
            return Told::Refused(rest.to_owned());
        }
        let (status, body) = rest.split_once(' ').expect("status and body");
        let byte = |at: usize| u8::from_str_radix(&body[at..at + 2], 16).expect("hexadecimal");
        let body = (0..body.len()).step_by(2).map(byte).collect();
        Told::Accepted { status: status.parse().expect("a status"), body }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What does not stand in a field as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

impl Players {
    pub fn start((c, go): &(PathBuf, PathBuf), place: &Place) -> Players {
        let mut players = Players { c: Player::start(c), go: Player::start(go) };
        let (proxy, server) = (place.proxy_port.to_string(), place.server_port.to_string());
        for player in [&mut players.c, &mut players.go] {
            player.say(&["route", &proxy, &server]);
        }
        players
    }

    /// What one of [`CLIENTS`] makes of a question.
    pub fn ask(&mut self, client: &str, question: &Question) -> Told {
        let player = if client == "go" { &mut self.go } else { &mut self.c };
        if let Some(variables) = question.variables {
            VARIABLES.iter().for_each(|name| player.say(&["unenv", name]));
            variables.iter().for_each(|(name, value)| player.say(&["env", name, value]));
        }
        let ca = question.ca.map_or("-", |ca| ca.to_str().expect("UTF-8"));
        let by_proxy = if question.variables.is_some() { "1" } else { "0" };
        player.say(&["ask", client, question.url, ca, by_proxy]);
        player.hear()
    }
}
