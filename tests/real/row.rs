//! A row: a server, what a program sets, and what has to come of it, with this library and with curl.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::common;
use crate::daemon::path;
use crate::place::Place;
use crate::program::{Answer, Program, escape};

const GRAPH: &str = "MyGraph";
/// Of the secret that a row creates.
const ALIAS: &str = "mine";

/// What is done.
#[derive(Clone, Copy, PartialEq)]
pub enum Play {
    /// Ask for a token with user and password.
    Token,
    /// The same with a secret.
    BySecret,
    /// Create a secret with user and password.
    Create,
    /// List the secrets: begins with a GET where the version is configured.
    List,
    /// Use a token as it is, for a list of secrets.
    WithToken,
    /// Everything from the secret to the end of its token.
    Life,
}

/// One row. Texts may have `@…@`, see `Place::fill`.
#[derive(Clone, Copy)]
pub struct Row {
    pub what: &'static str,
    pub url: &'static str,
    /// Version of the stand-in behind it: "3", "3-off" or "4".
    pub version: &'static str,
    /// Settings besides the login; `ca_file` is the CA if it is not here.
    pub settings: &'static [(&'static str, &'static str)],
    /// The proxy that both are told, if any.
    pub proxy: &'static str,
    pub play: Play,
    /// Variables of both.
    pub env: &'static [(&'static str, &'static str)],
    /// curl's arguments for the same, besides the request itself.
    pub curl: &'static str,
    /// "200", or "exit 60", or "exit 56, 407 of the proxy".
    pub curl_says: &'static str,
    /// "OK", or the reason.
    pub outcome: &'static str,
    /// The status that the error tells.
    pub http: i64,
    /// What message and hint must say, and must not.
    pub says: &'static [&'static str],
    pub never: &'static [&'static str],
    /// Why curl may do what this library does not.
    pub why: &'static str,
}

/// The usual row: curl and this library are told the CA, and both work.
pub const ROW: Row = Row {
    what: "",
    url: "",
    version: "4",
    settings: &[],
    proxy: "",
    play: Play::Token,
    env: &[],
    curl: "--cacert ca.pem",
    curl_says: "200",
    outcome: "OK",
    http: 0,
    says: &[],
    never: &[],
    why: "",
};

/// What came of a row.
pub struct Result {
    pub curl: String,
    pub outcome: String,
    pub http: i64,
    pub message: String,
    pub hint: String,
}

impl Row {
    /// Plays it; `number` is its own.
    pub fn play(&self, place: &Place, number: usize) -> Result {
        let user = format!("user{number}");
        let password = format!("opensesame{number}");
        let standin = place.standin(self.version);
        standin.add_user(&user, &password, false);
        let curl = self.ask_curl(place, &user, &password);
        let mut player = Player { row: self, place, user, password, program: Program::start(self.program(place)) };
        let answer = player.play();
        player.program.finish();
        let text = |name: &str| if answer.word == "ok" { String::new() } else { answer.text(name).to_owned() };
        Result {
            curl,
            outcome: if answer.word == "ok" { "OK".to_owned() } else { text("reason") },
            http: if answer.word == "ok" { 0 } else { answer.number("http_status") },
            message: text("message"),
            hint: text("hint"),
        }
    }

    /// What is not as it should be.
    pub fn complaints(&self, place: &Place, result: &Result) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut same = |what: &str, wanted: &str, got: &str| {
            if !wanted.split(" or ").any(|wanted| wanted == got) {
                complaints.push(format!("{what}: {got:?} instead of {wanted:?}"));
            }
        };
        same("curl", self.curl_says, &result.curl);
        same("outcome", self.outcome, &result.outcome);
        same("HTTP status", &self.http.to_string(), &result.http.to_string());
        let said = format!("{}. {}", result.message, result.hint);
        let is_said = |word: &&&str| said.contains(&place.fill(word));
        complaints.extend(self.says.iter().filter(|word| !is_said(word)).map(|word| format!("not said: {word}")));
        complaints.extend(self.never.iter().filter(is_said).map(|word| format!("said: {word}")));
        let curl_works = self.curl_says == "200" && !self.curl.split(' ').any(|argument| argument == "--insecure");
        if curl_works && self.outcome != "OK" && self.why.is_empty() {
            complaints.push("curl works and this library does not, and the row does not say why".to_owned());
        }
        complaints
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        self.env.iter().map(|(name, value)| (*name, place.fill(value))).collect()
    }

    fn program(&self, place: &Place) -> Command {
        let mut command = common::program_command(c_program());
        command.env_clear().envs(self.variables(place));
        command
    }

    /// curl's own outcome for a request for a token with user and password.
    fn ask_curl(&self, place: &Place, user: &str, password: &str) -> String {
        let mut command = Command::new("curl");
        command.current_dir(place.folder()).env_clear().env("PATH", path()).envs(self.variables(place));
        command.args(["-q", "--silent", "--output", "/dev/null", "--max-time", "20"]);
        command.args(["--write-out", "%{http_code} %{http_connect}"]);
        command.args(place.fill(self.curl).split_whitespace());
        if !self.proxy.is_empty() {
            command.args(["--proxy", &place.fill(self.proxy)]);
        }
        if !self.curl.contains("--get") {
            command.args(["--user", &format!("{user}:{password}"), "--header", "Content-Type: application/json"]);
            command.args(["--data", &format!("{{\"graph\":\"{GRAPH}\"}}")]);
        }
        let path = if self.version == "4" { "/gsql/v1/tokens" } else { "/restpp/requesttoken" };
        let output = command.arg(place.fill(self.url) + path).output().expect("curl");
        let codes = String::from_utf8_lossy(&output.stdout).into_owned();
        let (code, connect) = codes.split_once(' ').unwrap_or((&codes, "000"));
        match (output.status.code(), connect) {
            (Some(0), _) => code.to_owned(),
            (Some(exit), "000" | "200") => format!("exit {exit}"),
            (Some(exit), connect) => format!("exit {exit}, {connect} of the proxy"),
            (None, _) => format!("{}", output.status),
        }
    }
}

/// Whether the secret of the row is in a list. There are others: of a token that was asked for with a password.
fn has_alias(secrets: &Answer) -> bool {
    secrets.fields.iter().any(|(name, value)| name == "alias" && value == ALIAS)
}

/// The program of `tests/conformance` in C.
fn c_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let extra = ["-DTIGERGRAPH_AUTH_ALLOW_DEPRECATED"];
    let build = || common::build_sanitized(&["tests/conformance/conformance.c"], &extra);
    PROGRAM.get_or_init(build)
}

/// A row that is being played.
struct Player<'a> {
    row: &'a Row,
    place: &'a Place,
    user: String,
    password: String,
    program: Program,
}

impl Player<'_> {
    /// The answer to the last call, or to the first that failed.
    fn play(&mut self) -> Answer {
        self.try_play().unwrap_or_else(|failure| failure)
    }

    fn try_play(&mut self) -> std::result::Result<Answer, Answer> {
        let secret = |player: &Player| player.place.standin(player.row.version).add_secret(&player.user, GRAPH, "s1");
        match self.row.play {
            Play::Token => {
                self.log_in()?;
                self.ask("get_token", &[])
            }
            Play::BySecret => {
                let secret = secret(self);
                self.connect(&[("secret", &secret)])?;
                self.ask("get_token", &[])
            }
            Play::Create => {
                self.log_in()?;
                self.ask("create_secret", &[("alias", ALIAS)])
            }
            Play::List => {
                self.log_in()?;
                self.ask("get_secrets", &[])
            }
            Play::WithToken => {
                let secret = secret(self);
                self.connect(&[("secret", &secret)])?;
                let token = self.ask("get_token", &[])?.text("value").to_owned();
                self.connect(&[("api_token", &token), ("user_agent", &"long ".repeat(200))])?;
                self.ask("get_secrets", &[])
            }
            Play::Life => self.live(),
        }
    }

    fn ask(&mut self, word: &str, fields: &[(&str, &str)]) -> std::result::Result<Answer, Answer> {
        let mut line = word.to_owned();
        for (name, value) in fields {
            line.push_str(&format!("\t{name}={}", escape(value)));
        }
        let answer = self.program.ask(&line);
        if answer.word == "ok" { Ok(answer) } else { Err(answer) }
    }

    fn log_in(&mut self) -> std::result::Result<Answer, Answer> {
        let (user, password) = (self.user.clone(), self.password.clone());
        self.connect(&[("username", &user), ("password", &password)])
    }

    fn connect(&mut self, login: &[(&str, &str)]) -> std::result::Result<Answer, Answer> {
        let url = self.place.fill(self.row.url);
        let folder = self.place.folder();
        let mut fields = vec![("host", url.clone()), ("graph", GRAPH.to_owned()), ("total_ms", "10000".to_owned())];
        fields.extend(login.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let is_set = |name: &str| self.row.settings.iter().any(|(setting, _)| *setting == name);
        if url.starts_with("https") && !is_set("ca_file") {
            fields.push(("ca_file", "ca.pem".to_owned()));
        }
        fields.extend(self.row.settings.iter().map(|(name, value)| (*name, self.place.fill(value))));
        fields.push(("proxy", self.place.fill(self.row.proxy)));
        fields.retain(|(_, value)| !value.is_empty());
        for (name, value) in &mut fields {
            if ["ca_file", "client_cert", "client_key"].contains(name) {
                *value = folder.join(&*value).display().to_string();
            }
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.ask("connect", &fields)
    }

    /// From the first secret to the end of its token.
    fn live(&mut self) -> std::result::Result<Answer, Answer> {
        let is_3 = self.row.version.starts_with('3');
        self.log_in()?;
        self.ask("server_version", &[])?;
        let created = self.ask("create_secret", &[("alias", ALIAS)])?;
        let secret = created.text("value").to_owned();
        let listed = self.ask("get_secrets", &[])?;
        assert!(has_alias(&listed), "{}", self.row.what);
        self.connect(&[("secret", &secret)])?;
        let first = self.ask("authorization", &[])?.text("value").to_owned();
        self.ask("reject_token", &[("value", &first)])?;
        let second = self.ask("authorization", &[])?.text("value").to_owned();
        assert_ne!(first, second, "{}", self.row.what);
        let refreshed = self.ask("refresh_token", &[("or_new", "1")])?.text("value").to_owned();
        assert_eq!(refreshed == second, is_3, "{}", self.row.what);
        if !is_3 {
            let checked = self.ask("check_jwt_token", &[("jwt", &refreshed)])?;
            assert_eq!(checked.text("valid"), "1", "{}", self.row.what);
        }
        self.log_in()?;
        self.ask("delete_token", &[("token", &refreshed)])?;
        self.ask("drop_secret", &[("alias", ALIAS)])?;
        let left = self.ask("get_secrets", &[])?;
        assert!(!has_alias(&left), "{}", self.row.what);
        Ok(left)
    }
}
