//! Plays the scenarios of `tests/scenarios`, each on a stand-in of its own: through the core in Rust, and
//! through C by `tests/c/scenario.c`. Both must give the same results and cause the same requests.
//!
//! A file says what is given (versions of the server, settings) and then, step by step, what is done, what
//! that gives ("token 2": the second one that was ever seen; "no token"; "OK"; or the reason of an error) and
//! which requests reach the server during the step. A step that names no requests must cause none.

#[path = "common/c.rs"]
mod common;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tigergraph_auth::Token;
use tigergraph_auth::{Config, Connection, Error, TokenOptions};
use tigergraph_standin::{Options, Standin};

/// For a request that is sent beside a call, and for the answer to it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What plays a scenario.
trait Player {
    fn connect(&mut self, url: &str, settings: &[Vec<String>]);
    /// The result in the words of the scenarios.
    fn call(&mut self, call: &[String]) -> String;
    fn finish(self: Box<Self>);
}

fn in_words(number: usize) -> String {
    if number == 0 { "no token".to_owned() } else { format!("token {number}") }
}

// ---------------------------------------------------------------------------------------------------------
// The core.

#[derive(Default)]
struct Core {
    connection: Option<Connection>,
    /// By number, the object that came last for each value; first the one that stands for none.
    tokens: Vec<Arc<Token>>,
}

impl Core {
    fn remember(&mut self, token: Arc<Token>) -> String {
        if self.tokens.is_empty() {
            self.tokens.push(Arc::new(Token::not_needed()));
        }
        let number = self.tokens.iter().position(|known| known.value() == token.value()).unwrap_or(self.tokens.len());
        if number < self.tokens.len() {
            self.tokens[number] = token;
        } else {
            self.tokens.push(token);
        }
        in_words(number)
    }

    fn carry_out(&mut self, call: &[&str]) -> Result<String, Error> {
        let connection = self.connection.as_ref().expect("a connection");
        let given = |text: &'_ str| (text != "-").then(|| text.to_owned());
        let token = match *call {
            ["authorization"] => connection.authorization()?,
            ["current_token"] => connection.current_token()?,
            ["get_token", secret, lifetime, flags] => {
                let options = TokenOptions { keep_current: flags == "1", global: false };
                connection.get_token(given(secret).as_deref(), lifetime.parse().expect("seconds"), options)?
            }
            ["reject_token", number] => {
                connection.reject_token(&self.tokens[number.parse::<usize>().expect("a number")]);
                return Ok("OK".to_owned());
            }
            ["delete_token", secret, token, _] => {
                connection.delete_token(given(secret).as_deref(), given(token).as_deref(), false)?;
                return Ok("OK".to_owned());
            }
            _ => panic!("no call {call:?}"),
        };
        Ok(self.remember(token))
    }
}

impl Player for Core {
    fn connect(&mut self, url: &str, settings: &[Vec<String>]) {
        let mut config = Config::new(url);
        for setting in settings {
            let words: Vec<&str> = setting.iter().map(String::as_str).collect();
            match *words {
                ["graph", value] => config.set_graph(Some(value.as_bytes())),
                ["secret", value] => config.set_secret(Some(value.as_bytes())),
                ["api_token", value] => config.set_api_token(Some(value.as_bytes())),
                ["jwt", value] => config.set_jwt(Some(value.as_bytes())),
                ["server_version", value] => config.set_server_version(Some(value.as_bytes())),
                ["token_lifetime", lifetime, before] => {
                    config.set_token_lifetime(lifetime.parse().expect("seconds"), before.parse().expect("seconds"))
                }
                _ => panic!("no setting {setting:?}"),
            };
        }
        self.connection = Some(Connection::new(&config).expect("good settings"));
    }

    fn call(&mut self, call: &[String]) -> String {
        let words: Vec<&str> = call.iter().map(String::as_str).collect();
        self.carry_out(&words).unwrap_or_else(|error| error.reason().id().to_owned())
    }

    fn finish(self: Box<Self>) {}
}

// ---------------------------------------------------------------------------------------------------------
// C.

struct C {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl C {
    fn start(program: &Path) -> C {
        let mut command = common::program_command(program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let output = BufReader::new(child.stdout.take().expect("its output")).lines();
        C { input: child.stdin.take(), child, output }
    }

    /// Gives a command; the lines of its answer.
    fn say(&mut self, fields: &[&str]) -> Vec<String> {
        let input = self.input.as_mut().expect("its input");
        writeln!(input, "{}", fields.join("\t")).expect("it listens");
        let lines = self.output.by_ref().map(|line| line.expect("a line"));
        let answer: Vec<String> = lines.take_while(|line| line != "ready").collect();
        assert!(!answer.iter().any(|line| line.starts_with("BROKEN")), "{fields:?}: {answer:?}");
        answer
    }
}

impl Player for C {
    fn connect(&mut self, url: &str, settings: &[Vec<String>]) {
        self.say(&["config", url]);
        for setting in settings {
            let fields: Vec<&str> = ["set"].into_iter().chain(setting.iter().map(String::as_str)).collect();
            self.say(&fields);
        }
        assert_eq!(self.call(&["conn_new".to_owned()]), "OK");
    }

    fn call(&mut self, call: &[String]) -> String {
        let fields: Vec<&str> = ["call"].into_iter().chain(call.iter().map(String::as_str)).collect();
        let answer = self.say(&fields);
        let [line] = &answer[..] else { panic!("{call:?}: {answer:?}") };
        let fields: Vec<&str> = line.split('\t').collect();
        let ["call", _, status, reason, .., told] = fields[..] else { panic!("{line}") };
        match (status, told) {
            ("OK", "") => status.to_owned(),
            ("OK", number) => in_words(number.parse().expect("a number")),
            _ => reason.to_owned(),
        }
    }

    fn finish(mut self: Box<Self>) {
        drop(self.input.take());
        let last: Vec<String> = self.output.by_ref().map(|line| line.expect("a line")).collect();
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "{status}: {last:?}");
    }
}

// ---------------------------------------------------------------------------------------------------------
// The scenarios.

struct Stage {
    server: Standin,
    secret: String,
    version: String,
}

impl Stage {
    fn set_up(version: &str) -> Stage {
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let secret = server.add_secret("alice", "MyGraph", "mine");
        Stage { server, secret, version: version.to_owned() }
    }

    /// A text of a scenario, with what only this server knows.
    fn fill(&self, text: &Value) -> String {
        let text = text.as_str().expect("a text");
        let lifetime = text.strip_prefix("{token of ").and_then(|rest| rest.strip_suffix(" s}"));
        match lifetime {
            Some(seconds) => self.token(seconds.parse().expect("seconds")),
            None => text.replace("{secret}", &self.secret),
        }
    }

    fn fill_all(&self, texts: &Value) -> Vec<String> {
        texts.as_array().expect("a list").iter().map(|text| self.fill(text)).collect()
    }

    /// A token that somebody else got.
    fn token(&self, lifetime_s: u64) -> String {
        let mut config = Config::new(self.server.gateway_url());
        config.set_secret(Some(self.secret.as_bytes())).set_graph(Some(b"MyGraph"));
        let connection = Connection::new(&config).expect("good settings");
        let token = connection.get_token(None, lifetime_s, TokenOptions::default()).expect("a token");
        self.server.clear_requests();
        token.value().to_owned()
    }

    fn does(&self, what: &str) {
        match what {
            "expire tokens" => self.server.expire_tokens(),
            "authentication on" => self.server.set_auth_enabled(true),
            "authentication off" => self.server.set_auth_enabled(false),
            _ => panic!("no server does {what:?}"),
        }
    }

    /// What reached the server since the last look; waits for as many answered requests as there shall be.
    fn requests(&self, expected: usize) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        let are_there = || self.server.requests().iter().filter(|request| request.status != 0).count() >= expected;
        while !are_there() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let requests = self.server.take_requests();
        requests.into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn step(&self, player: &mut dyn Player, step: &Value, place: &str) {
        if let Some(ms) = step["wait_ms"].as_u64() {
            std::thread::sleep(Duration::from_millis(ms));
        } else if let Some(what) = step["server"].as_str() {
            self.does(what);
        } else {
            let gave = player.call(&self.fill_all(&step["call"]));
            assert_eq!(gave, step["gives"].as_str().expect("a result"), "{place}");
        }
        let expected = step["requests"].get(&self.version).map(|requests| self.fill_all(requests)).unwrap_or_default();
        assert_eq!(self.requests(expected.len()), expected, "{place}");
    }
}

fn play(name: &str, scenario: &Value, version: &str, mut player: Box<dyn Player>) {
    let stage = Stage::set_up(version);
    let settings = scenario["given"]["settings"].as_array().expect("settings");
    let mut settings: Vec<Vec<String>> = settings.iter().map(|setting| stage.fill_all(setting)).collect();
    settings.push(vec!["server_version".to_owned(), version.to_owned()]);
    player.connect(&stage.server.gateway_url(), &settings);
    for (number, step) in scenario["steps"].as_array().expect("steps").iter().enumerate() {
        stage.step(&mut *player, step, &format!("{name}, {version}, step {}: {step}", number + 1));
    }
    player.finish();
}

/// Every scenario by its name.
fn scenarios() -> Vec<(String, Value)> {
    let folder = common::root().join("tests/scenarios");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a text");
        (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
    };
    files.into_iter().map(read).collect()
}

/// All at once, because some mostly wait.
fn play_all(player: impl Fn() -> Box<dyn Player> + Sync) {
    let scenarios = scenarios();
    assert!(!scenarios.is_empty());
    let player = &player;
    std::thread::scope(|scope| {
        for (name, scenario) in &scenarios {
            for version in scenario["given"]["versions"].as_array().expect("versions") {
                let version = version.as_str().expect("a version");
                scope.spawn(move || play(name, scenario, version, player()));
            }
        }
    });
}

#[test]
fn through_the_core() {
    play_all(|| Box::new(Core::default()));
}

#[test]
fn through_c() {
    let program = common::build_sanitized(&["tests/c/scenario.c"], &[]);
    play_all(|| Box::new(C::start(&program)));
}
