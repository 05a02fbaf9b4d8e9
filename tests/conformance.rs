//! Plays the scenarios of `tests/conformance/scenarios.json` through one program for each language, against the
//! stand-in as 3.10 and as 4.2: what is given back, every error, every request. All programs must give the same
//! answers as the one in C, to the letter but for names: hints of a package name what it has itself.
//! `tests/conformance/README.md` says what such a program does.
//!
//! What differs between the versions stands under the version. In texts, `{name}` is what the scenario gave that
//! name to: `url`, `restpp_url`, `ca_file`, `secret` (one of alice's), and the tokens and secrets that were handed out.

#[path = "common/c.rs"]
mod common;
#[path = "common/header.rs"]
mod header;
#[path = "common/install.rs"]
mod install;
#[path = "conformance/others.rs"]
mod others;
#[path = "common/program.rs"]
mod program;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/token_endpoint.rs"]
mod token_endpoint;
#[path = "common/tools.rs"]
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use others::{AuthorizationServer, Others, line_of};
use program::{Answer, Program, escape};
use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, Standin, Tls, wall_clock};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

/// How much more time calls get than is written: under valgrind they need it.
fn slowness() -> u64 {
    if common::Tool::chosen() == common::Tool::Valgrind { 5 } else { 1 }
}

/// The lifetime in seconds of a token that a scenario waits for the end of.
const SHORT_S: u64 = 2;

/// For a request that is still on its way when the call is over.
const PATIENCE: Duration = Duration::from_secs(5);

/// The lifetime of tokens where nothing is said: the server's.
fn default_lifetime(version: &str) -> i64 {
    if version == "3.10" { 2_592_000 } else { 604_800 }
}

// ---------------------------------------------------------------------------------------------------------
// The scenarios.

/// What a scenario says for this version.
fn on<'a>(version: &str, value: &'a Value) -> &'a Value {
    match value.as_object() {
        Some(object) if object.keys().any(|key| VERSIONS.contains(&key.as_str())) => &value[version],
        _ => value,
    }
}

struct Stage {
    server: Standin,
    others: Others,
    authorization_server: Option<AuthorizationServer>,
    version: &'static str,
    names: BTreeMap<String, String>,
    /// The names of what may stand in an error: addresses, files, aliases.
    public: BTreeSet<String>,
    /// What was asked and answered, with names instead of what differs from run to run.
    transcript: Vec<String>,
}

impl Stage {
    fn set_up(version: &'static str, scenario: &Value, language: &str) -> Stage {
        let tls = scenario["server"]["tls"].as_bool().unwrap_or(false).then(Tls::self_signed);
        let options = Options::new(scenario["server"]["version"].as_str().unwrap_or(version));
        let switches = scenario["server"]["switches"].as_object().into_iter().flatten();
        let options = switches.fold(options, |options, (name, value)| options.switch(name, text(value)));
        let server = Standin::start(Options { tls: tls.clone(), ..options }).expect("a stand-in");
        for (name, password) in scenario["server"]["users"].as_object().into_iter().flatten() {
            server.add_user(name, password.as_str().expect("a password"), false);
        }
        let secret = server.add_secret("alice", "MyGraph", "standing");
        let (others, ports) = Others::start(&scenario["others"], &server, version, tls.as_ref());
        let names = BTreeMap::from([("secret".to_owned(), secret)]);
        let (public, transcript) = (BTreeSet::new(), Vec::new());
        let mut stage = Stage { server, others, authorization_server: None, version, names, public, transcript };
        stage.place("version", version);
        stage.place("library_version", env!("CARGO_PKG_VERSION"));
        stage.place("url", &stage.server.gateway_url());
        stage.place("port", &stage.server.gateway_port().to_string());
        stage.place("restpp_url", &stage.server.restpp_url());
        stage.place("restpp_port", &stage.server.restpp_port().to_string());
        for (name, port) in ports {
            let scheme = if tls.is_some() { "https" } else { "http" };
            stage.place(&name, &format!("{scheme}://127.0.0.1:{port}"));
            stage.place(&format!("{name}_port"), &port.to_string());
        }
        if let Some(client) = scenario["authorization_server"].as_object() {
            stage.start_authorization_server(text(&client["client_id"]), text(&client["client_secret"]), tls.as_ref());
        }
        if let Some(pem) = stage.server.ca_pem() {
            let title = text(&scenario["scenario"]).replace(' ', "-");
            let file = common::scratch(&format!("conformance-{language}-{version}-{title}.pem"));
            std::fs::write(&file, &pem).expect("a file");
            stage.place("ca_file", file.to_str().expect("UTF-8"));
            stage.names.insert("ca_pem".to_owned(), pem);
        }
        stage
    }

    /// The program in the scenario's environment, without settings of whoever runs the test.
    fn with_environment(&self, mut program: Command, environment: &Value) -> Command {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().contains("TG_")) {
            program.env_remove(name);
        }
        let own = environment.as_object().into_iter().flatten();
        program.envs(own.map(|(name, value)| (name, self.fill(text(value)))));
        program
    }

    /// What may stand in an error, by a name.
    fn place(&mut self, name: &str, value: &str) {
        self.names.insert(name.to_owned(), value.to_owned());
        self.public.insert(name.to_owned());
    }

    fn start_authorization_server(&mut self, client_id: &str, client_secret: &str, tls: Option<&Tls>) {
        let started = AuthorizationServer::start(client_id, client_secret, &self.server, tls);
        self.place("token_endpoint", &started.url());
        self.place("token_endpoint_port", &started.port().to_string());
        self.place("client_id", client_id);
        self.names.insert("client_secret".to_owned(), client_secret.to_owned());
        self.authorization_server = Some(started);
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("{short_s}", &(SHORT_S * slowness()).to_string());
        self.names.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The text with names for what they stand for, the longest first.
    fn with_names(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().filter(|(_, value)| !value.is_empty()).collect();
        names.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(value, &format!("{{{name}}}")))
    }

    fn line(&self, step: &Value) -> String {
        let mut line = step["do"].as_str().expect("a command").to_owned();
        for (name, value) in on(self.version, &step["with"]).as_object().into_iter().flatten() {
            let many = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for value in many {
                let text = match &value {
                    Value::String(text) => self.fill(text),
                    Value::Number(ms) if name.ends_with("_ms") => {
                        (ms.as_u64().expect("a time") * slowness()).to_string()
                    }
                    other => other.to_string(),
                };
                line.push_str(&format!("\t{name}={}", escape(&text)));
            }
        }
        line
    }

    /// The value has this name; the first time it is given to it.
    fn is_called(&mut self, name: &str, value: &str) {
        let known = self.names.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        assert!(known == value, "this is not {{{name}}}");
        assert!(!value.is_empty(), "{{{name}}} is empty");
    }

    fn check_token(&mut self, answer: &Answer, wanted: &Value) {
        assert_eq!(answer.names(), ["value", "header", "expires_at", "expiration"]);
        let (value, ends) = (answer.text("value").to_owned(), answer.number("expires_at"));
        let name = wanted["token"].as_str().expect("a name");
        if name.is_empty() {
            let none = ["", "", "0", ""];
            assert_eq!(answer.fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), none);
            return;
        }
        self.is_called(name, &value);
        assert_eq!(answer.text("header"), format!("Bearer {value}"));
        if wanted["lifetime_s"].as_str() == Some("unknown") {
            assert_eq!((ends, answer.text("expiration")), (0, ""));
            return;
        }
        let lifetime = wanted["lifetime_s"].as_i64().unwrap_or_else(|| default_lifetime(self.version));
        let left = ends - wall_clock();
        assert!((left - lifetime).abs() <= 20, "ends in {left} s, not {lifetime}");
        let written: jiff::Timestamp = answer.text("expiration").parse().expect("a date");
        assert_eq!(written.as_second(), ends);
        assert!(answer.text("expiration").ends_with('Z') && answer.text("expiration").len() == 20);
    }

    /// `[alias, value, graph]`; a value is a name, or "masked name".
    fn check_secrets(&mut self, answer: &Answer, wanted: &[Value]) {
        let count = wanted.len().to_string();
        let names = [vec!["count"], ["alias", "value", "graph", "masked"].repeat(wanted.len())].concat();
        assert_eq!((answer.names(), answer.text("count")), (names, &*count));
        for (told, wanted) in answer.fields[1..].chunks(4).zip(wanted) {
            let [(_, alias), (_, value), (_, graph), (_, masked)] = told else { unreachable!() };
            let wanted: Vec<&str> =
                wanted.as_array().expect("a secret").iter().map(|v| v.as_str().expect("text")).collect();
            match wanted[0].strip_prefix("generated ") {
                Some(name) => {
                    let tail = alias.strip_prefix("AUTO_GENERATED_ALIAS_").expect("a generated alias");
                    assert!(tail.len() == 7 && tail.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{alias}");
                    self.is_called(name, alias);
                    self.public.insert(name.to_owned());
                }
                None => assert_eq!(*alias, self.fill(wanted[0])),
            }
            match wanted[1].strip_prefix("masked ") {
                Some(name) => {
                    let whole = &self.names[name];
                    assert_eq!(*value, format!("{}****{}", &whole[..3], &whole[whole.len() - 3..]));
                    self.names.insert(wanted[1].to_owned(), value.clone());
                }
                None => self.is_called(wanted[1], value),
            }
            assert_eq!(masked == "1", wanted[1].starts_with("masked "));
            assert_eq!(graph, wanted[2]);
        }
    }

    fn check_error(&self, answer: &Answer, wanted: &[Value]) {
        let told = ["status", "reason", "message", "hint", "server_code", "http_status", "retry_after_ms"];
        assert_eq!(answer.names(), told);
        assert_eq!((answer.text("status"), answer.text("reason")), (text(&wanted[0]), text(&wanted[1])));
        assert_eq!(answer.number("http_status"), wanted.get(2).and_then(Value::as_i64).unwrap_or(0));
        assert_eq!(answer.text("server_code"), wanted.get(3).and_then(Value::as_str).unwrap_or_default());
        let wait = answer.number("retry_after_ms");
        match wanted.get(4).and_then(Value::as_array).map(Vec::as_slice) {
            Some([least, most]) => {
                let range = least.as_i64().expect("a time")..=most.as_i64().expect("a time");
                assert!(range.contains(&wait), "{wait} is not in {range:?}");
            }
            _ => assert_eq!(wait, wanted.get(4).and_then(Value::as_i64).unwrap_or(-1)),
        }
        assert!(!answer.text("message").is_empty());
    }

    /// A report: whether everything works, and what came of each step.
    fn check_report(&self, answer: &Answer, wanted: &Value) {
        assert_eq!(answer.names(), ["text", "json"]);
        let report: Value = serde_json::from_str(answer.text("json")).expect("JSON");
        let outcome = |step: &Value| format!("{} {}", text(&step["step"]), text(&step["outcome"]));
        let steps: Vec<Value> =
            report["steps"].as_array().expect("steps").iter().map(|step| Value::String(outcome(step))).collect();
        let found = serde_json::json!({"ok": report["ok"], "steps": steps});
        assert_eq!(found, *wanted);
        assert_eq!(answer.text("text").lines().next(), report["verdict"].as_str());
    }

    fn check_log(&self, answer: &Answer, wanted: &[Value]) {
        let lines: Vec<String> = answer.fields.iter().map(|(_, line)| without_time(line)).collect();
        assert_eq!(lines, wanted.iter().map(|line| text(line).to_owned()).collect::<Vec<_>>());
    }

    fn check(&mut self, answer: &Answer, step: &Value) {
        if let Some(wanted) = on(self.version, &step["fails"]).as_array() {
            assert_eq!(answer.word, "error");
            return self.check_error(answer, wanted);
        }
        assert_eq!(answer.word, "ok", "{:?}", answer.fields);
        let wanted = on(self.version, &step["gives"]);
        if wanted.get("token").is_some() {
            self.check_token(answer, wanted);
        } else if let Some(secrets) = wanted["secrets"].as_array() {
            self.check_secrets(answer, secrets);
        } else if let Some(lines) = wanted["lines"].as_array() {
            self.check_log(answer, lines);
        } else if let Some(report) = wanted.get("report") {
            self.check_report(answer, report);
        } else {
            let wanted: Vec<(String, String)> = match wanted.as_object() {
                Some(fields) => fields.iter().map(|(name, value)| (name.clone(), self.fill(&text_of(value)))).collect(),
                None => Vec::new(),
            };
            assert_eq!(answer.fields, wanted);
        }
    }

    /// No credential is in an error, in a log line or in a report.
    fn check_discretion(&self, answer: &Answer) {
        let names = answer.names();
        let is_told = answer.word != "ok" || names.contains(&"line") || names.contains(&"json");
        for (_, value) in answer.fields.iter().filter(|_| is_told) {
            let leaked = |(name, secret): (&String, &String)| !self.public.contains(name) && value.contains(secret);
            assert!(!self.names.iter().any(leaked) && !value.contains("opensesame"), "{value}");
        }
    }

    /// What reached the servers since the last look; waits for as many answered requests as there shall be.
    fn requests(&self, step: &Value, expected: usize) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        while self.server.requests().len() + self.others.count() < expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let own = self.server.take_requests();
        if let Some(user_agent) = step["user_agent"].as_str() {
            assert!(own.iter().all(|request| request.header("user-agent") == Some(user_agent)), "{own:?}");
        }
        own.iter().map(line_of).chain(self.others.take_requests()).collect()
    }

    fn does(&self, what: &Value) {
        match what.as_str().unwrap_or_default() {
            "expires tokens" => self.server.expire_tokens(),
            "turns authentication off" => self.server.set_auth_enabled(false),
            "stays silent once" => self.server.script(Fault::once("/", Action::Hang)),
            "is slow once" => self.server.script(Fault::once("/", Action::Delay(Duration::from_millis(300)))),
            "is busy" => {
                let busy = Action::reply(503, "<html>busy</html>").header("Retry-After", "7");
                self.server.script(Fault::once("/", busy));
            }
            other => panic!("no server does {other:?}"),
        }
    }

    /// What the server answers instead of its own, once or as often as it says. `body` is an HTTP body, `raw` is
    /// everything on the wire.
    fn answers(&self, answer: &Value) {
        let action = match answer["raw"].as_str() {
            Some(raw) => Action::RawBytes(self.fill(raw).into_bytes()),
            None => {
                let (status, headers, body) = self.reply(answer);
                let reply = Action::reply(status, &body);
                headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
            }
        };
        let number = |name: &str, usual| answer[name].as_u64().map_or(usual, |n| u32::try_from(n).expect("a number"));
        let fault = Fault::once(text(on(self.version, &answer["answers"])), action);
        let fault = fault.times(number("times", 1)).skip(number("skip", 0));
        self.server.script(match answer["method"].as_str() {
            Some(method) => fault.method(method),
            None => fault,
        });
    }

    /// Status, headers and body of an answer that a step describes.
    fn reply(&self, answer: &Value) -> (u16, Vec<(String, String)>, String) {
        let status = answer["status"].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"));
        let headers = answer["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.clone(), self.fill(text(value)))).collect();
        (status, headers, self.fill(answer["body"].as_str().unwrap_or_default()))
    }

    /// The authorization server answers so, once or as often as it says.
    fn endpoint_answers(&self, answer: &Value) {
        let (status, headers, body) = self.reply(answer);
        for _ in 0..answer["times"].as_u64().unwrap_or(1) {
            let server = self.authorization_server.as_ref().expect("an authorization server");
            server.will_answer(status, &headers, &body);
        }
    }

    /// A file or folder of this scenario, beside that of the CA.
    fn path(&mut self, name: &str) -> PathBuf {
        let path = common::scratch(&format!("conformance-{}-{name}", self.server.gateway_port()));
        self.place(name, path.to_str().expect("UTF-8"));
        path
    }

    fn write_file(&mut self, name: &str, content: &str) {
        let file = self.path(name);
        std::fs::write(&file, self.fill(content)).expect("a file");
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its mode");
    }

    /// A new and empty folder.
    fn make_folder(&mut self, name: &str, mode: &str) {
        let folder = self.path(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let mode = u32::from_str_radix(mode, 8).expect("a mode");
        std::fs::set_permissions(&folder, Permissions::from_mode(mode)).expect("its mode");
    }

    /// Does what a step says that is no command; whether it was one.
    fn sets_up(&mut self, step: &Value) -> bool {
        let server = &step["server"];
        if let Some(name) = step["file"].as_str() {
            self.write_file(name, text(&step["holds"]));
        } else if let Some(name) = step["folder"].as_str() {
            self.make_folder(name, text(&step["mode"]));
        } else if step["pause"] == "until it ends" {
            std::thread::sleep(Duration::from_secs(SHORT_S * slowness()) + Duration::from_millis(100));
        } else if step["authorization_server"].is_object() {
            self.endpoint_answers(&step["authorization_server"]);
        } else if let Some(name) = server["stops"].as_str() {
            self.others.stop(name, &self.server);
        } else if server.is_string() {
            self.does(server);
        } else if server.is_object() {
            self.answers(server);
        } else {
            return false;
        }
        true
    }

    /// What the step says that reaches somebody.
    fn wanted(&self, step: &Value, name: &str) -> Vec<String> {
        let wanted = on(self.version, &step[name]).as_array().into_iter().flatten();
        wanted.map(|request| self.fill(text(request))).collect()
    }

    fn step(&mut self, program: &mut Program, step: &Value) {
        if self.sets_up(step) {
            return;
        }
        let line = self.line(step);
        let answer = program.ask(&line);
        self.check(&answer, step);
        self.check_discretion(&answer);
        let wanted = self.wanted(step, "requests");
        assert_eq!(self.requests(step, wanted.len()), wanted);
        let wanted = self.wanted(step, "asked");
        let asked = self.authorization_server.as_mut().map(AuthorizationServer::take_requests);
        assert_eq!(asked.unwrap_or_default(), wanted);
        let told: Vec<String> =
            answer.fields.iter().filter_map(|(name, value)| self.shown(step, name, value)).collect();
        let told = format!("{} -> {} {}", step["do"], answer.word, told.join(", "));
        self.transcript.push(self.with_names(&told));
    }

    /// A field of an answer as it stands in the transcript: without what is another one each time.
    fn shown(&self, step: &Value, name: &str, value: &str) -> Option<String> {
        let value = match name {
            "expires_at" | "expiration" => return None,
            // Of a range each is as good as the others.
            "retry_after_ms" if on(self.version, &step["fails"])[4].is_array() => "#".to_owned(),
            "text" => of_every_run(value),
            "json" => text(&serde_json::from_str::<Value>(value).expect("JSON")["verdict"]).to_owned(),
            _ => without_time(value),
        };
        Some(format!("{name}={value}"))
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(common::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What every diagnosis of the same says: the verdict and the settings. Times and counts stand between and below.
fn of_every_run(report: &str) -> String {
    let settings = report.split("\n\n").filter(|part| part.starts_with("Settings\n"));
    report.lines().take(1).chain(settings).collect::<Vec<_>>().join("\n")
}

/// "12 ms" is "# ms".
fn without_time(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for i in 1..words.len() {
        if words[i].starts_with("ms") && words[i - 1].bytes().all(|byte| byte.is_ascii_digit()) {
            words[i - 1] = "#";
        }
    }
    words.join(" ")
}

/// The steps of a scenario: those with `each` are played for all combinations of the values that it names.
fn steps(list: &Value) -> Vec<Value> {
    let list = list.as_array().expect("steps");
    let expanded = list.iter().flat_map(|step| {
        let Some(each) = step["each"].as_object() else { return vec![step.clone()] };
        let mut variants = vec![step["steps"].clone()];
        for (name, values) in each {
            let values = values.as_array().expect("values");
            let with_each =
                |steps: &Value| values.iter().map(|value| with_value(steps, name, value)).collect::<Vec<_>>();
            variants = variants.iter().flat_map(with_each).collect();
        }
        variants.iter().flat_map(steps).collect()
    });
    expanded.collect()
}

/// The same with a value for `{name}`, and with its parts for `{name.0}`, `{name.1}`, …; a text that is nothing else
/// becomes the value, whatever its type.
fn with_value(template: &Value, name: &str, value: &Value) -> Value {
    let parts = value.as_array().into_iter().flatten().enumerate();
    let template =
        parts.fold(template.clone(), |template, (index, part)| with_value(&template, &format!("{name}.{index}"), part));
    let place = format!("{{{name}}}");
    match &template {
        Value::String(text) if *text == place => value.clone(),
        Value::String(text) => Value::String(text.replace(&place, &text_of(value))),
        Value::Array(list) => list.iter().map(|item| with_value(item, name, value)).collect(),
        Value::Object(object) => {
            object.iter().map(|(key, item)| (key.clone(), with_value(item, name, value))).collect()
        }
        other => other.clone(),
    }
}

fn scenarios() -> Vec<Value> {
    let scenarios: Value = serde_json::from_str(&read("tests/conformance/scenarios.json")).expect("JSON");
    scenarios.as_array().expect("a list").clone()
}

/// Plays every scenario; what was asked and answered, by version and title.
fn play_all(language: &str, program: impl Fn() -> Command) -> BTreeMap<String, Vec<String>> {
    let mut transcript = BTreeMap::new();
    for (scenario, version) in scenarios().iter().flat_map(|scenario| VERSIONS.map(|version| (scenario, version))) {
        let place = format!("{language}, {version}, {}", scenario["scenario"]);
        let mut stage = Stage::set_up(version, scenario, language);
        let mut program = Program::start(stage.with_environment(program(), &scenario["environment"]));
        let lack = LACKS.iter().find(|lack| lack.language == language && scenario["needs"] == lack.what);
        for (number, step) in steps(&scenario["steps"]).iter().enumerate() {
            if step.get("only").is_some_and(|only| only != version) {
                continue;
            }
            let _place = Place(format!("{place}, step {}: {step}", number + 1));
            match lack {
                None => stage.step(&mut program, step),
                Some(lack) => lack.step(&stage, &mut program, step),
            }
        }
        program.finish();
        if lack.is_none() {
            let before = transcript.insert(format!("{version}, {}", scenario["scenario"]), stage.transcript);
            assert!(before.is_none(), "two scenarios have the title {}", scenario["scenario"]);
        }
    }
    transcript
}

/// Says where it was, if it ends in a panic.
struct Place(String);

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at {}", self.0);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------
// The languages.

/// What a language does not have, as a scenario `needs` it, and why.
struct Lack {
    language: &'static str,
    what: &'static str,
    why: Why,
}

enum Why {
    /// The table of what the package leaves out, which has this function in it with the reason.
    LeftOut(&'static str, &'static str),
    /// The package refuses this field of `connect`, in these words.
    Refused(&'static str, &'static str),
}

/// Without it, `tg_try_authorization` serves a package at most to hand out a fresh token.
const WAKEUP: &str = "tg_conn_set_wakeup";

const LACKS: [Lack; 5] = [
    Lack { language: "go", what: "wakeups", why: Why::LeftOut("bindings/go/header_test.go", WAKEUP) },
    Lack { language: "ruby", what: "wakeups", why: Why::LeftOut("bindings/ruby/tests/header_test.rb", WAKEUP) },
    Lack {
        language: "dotnet-mono",
        what: "wakeups",
        why: Why::LeftOut("bindings/dotnet/tests/HeaderTests.cs", WAKEUP),
    },
    Lack {
        language: "dotnet-coreclr",
        what: "wakeups",
        why: Why::LeftOut("bindings/dotnet/tests/HeaderTests.cs", WAKEUP),
    },
    // Its collector signals every thread that has entered, and can wait for ever for one of the library's, which
    // take no signals.
    Lack {
        language: "dotnet-mono",
        what: "token providers",
        why: Why::Refused(
            "provider",
            "Mono cannot run a token provider on a thread of the library without danger: use .NET, or a JwtFile.",
        ),
    },
];

impl Lack {
    /// Instead of a step of a scenario that needs it.
    fn step(&self, stage: &Stage, program: &mut Program, step: &Value) {
        match self.why {
            Why::LeftOut(table, function) => assert!(read(table).contains(&format!("\"{function}\"")), "{table}"),
            Why::Refused(field, message) if on(stage.version, &step["with"]).get(field).is_some() => {
                let answer = program.ask(&stage.line(step));
                assert_eq!((&*answer.word, answer.names()), ("unsupported", vec!["message"]));
                assert_eq!(answer.text("message"), message);
                stage.check_discretion(&answer);
            }
            Why::Refused(..) => {}
        }
    }
}

fn c_program() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let extra = ["-DTIGERGRAPH_AUTH_ALLOW_DEPRECATED"];
        common::build_sanitized(&["tests/conformance/conformance.c"], &extra)
    };
    common::program_command(PROGRAM.get_or_init(build))
}

/// What C gives, by which the others are measured.
fn in_c() -> &'static BTreeMap<String, Vec<String>> {
    static TRANSCRIPT: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    TRANSCRIPT.get_or_init(|| play_all("C", c_program))
}

const HEADER: &str = "tigergraph_auth.h";

/// The names of the C interface that texts have, and those of a package, by the table in the package.
fn own_names(package: &str) -> Vec<(String, String)> {
    let file = match package {
        "cpp" => "include/tigergraph_auth.hpp",
        "go" => "bindings/go/words.go",
        "ruby" => "bindings/ruby/lib/tigergraph_auth/words.rb",
        "dotnet" => "bindings/dotnet/src/OwnWords.cs",
        _ => return Vec::new(),
    };
    let names: Vec<(String, String)> = read(file)
        .lines()
        .filter_map(|line| match line.split('"').collect::<Vec<_>>()[..] {
            [_, in_c, _, own, _] if ["tg_", "TG_TOKEN_", HEADER].iter().any(|start| in_c.starts_with(start)) => {
                Some((in_c.to_owned(), own.to_owned()))
            }
            _ => None,
        })
        .collect();
    assert!(names.len() > 25, "{file}: {names:?}");
    names
}

/// A line of the transcript in C, with the names of a package.
fn in_words_of(names: &[(String, String)], line: &str) -> String {
    let header = names.iter().find(|(in_c, _)| in_c == HEADER).map_or(HEADER, |(_, own)| own);
    let (mut own, line) = (String::new(), line.replace(&format!("{HEADER} "), &format!("{header} ")));
    let mut rest = &*line;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_alphanumeric() || letter == '_') {
        let (before, from) = rest.split_at(at);
        let end = from.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(from.len());
        let word = names.iter().find(|(in_c, _)| *in_c == from[..end]).map_or(&from[..end], |(_, own)| own);
        own.extend([before, word]);
        rest = &from[end..];
    }
    own + rest
}

/// The same answers, but that texts name what the package has in place of functions in C.
fn same_as_in_c(language: &str, package: &str, program: impl Fn() -> Command) {
    let names = own_names(package);
    for (place, theirs) in play_all(language, program) {
        let expected: Vec<String> = in_c()[&place].iter().map(|line| in_words_of(&names, line)).collect();
        assert_eq!(theirs, expected, "{language}, {place}");
    }
}

/// With the package in `bindings/<folder>` and the library as it is installed.
fn with_package(folder: &str, variables: &[(&str, &str)]) {
    let Some(prefix) = install::prefix().filter(|_| tools::has_tools(folder)) else { return };
    let command = || {
        let mut command = install::script(&format!("bindings/{folder}/conformance/run"), &prefix);
        command.envs(variables.iter().copied());
        command
    };
    let built = command().arg("--build").output().expect("bash");
    common::succeeded(folder, &built);
    let language = variables.iter().fold(folder.to_owned(), |name, (_, value)| name + "-" + value);
    same_as_in_c(&language, folder, command);
}

#[test]
fn c() {
    let transcript = in_c().values().flatten().cloned().collect::<Vec<_>>();
    if let Some(file) = std::env::var_os("CONFORMANCE_TRANSCRIPT") {
        std::fs::write(file, transcript.join("\n")).expect("a file");
    }
    let program = read("tests/conformance/conformance.c");
    let words =
        program.split("} commands[] = {").nth(1).and_then(|rest| rest.split("};").next()).expect("its commands");
    for word in words.split('"').skip(1).step_by(2) {
        assert!(transcript.iter().any(|line| line.starts_with(&format!("{word:?} -> ok"))), "{word} is never played");
    }
}

#[test]
fn the_program_in_c_calls_every_function_of_the_header() {
    let program = header::code(&read("tests/conformance/conformance.c"));
    let words: BTreeSet<&str> = program.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let functions = header::functions(&read("include/tigergraph_auth.h"));
    assert!(functions.len() > 100, "{}", functions.len());
    let missing: Vec<&String> =
        functions.iter().map(|(name, _)| name).filter(|name| !words.contains(&***name)).collect();
    assert!(missing.is_empty(), "no scenario can play {missing:?}");
}

/// The words and the fields of a scenario's commands, on all versions.
fn vocabulary(scenario: &Value) -> BTreeSet<String> {
    let steps = steps(&scenario["steps"]);
    let commands = steps.iter().filter_map(|step| step["do"].as_str()).map(str::to_owned);
    let with = VERSIONS.iter().flat_map(|version| steps.iter().map(|step| on(version, &step["with"])));
    let fields = with.filter_map(Value::as_object).flat_map(|fields| fields.keys().cloned());
    commands.chain(fields).collect()
}

/// A field that the program in C reads and no scenario has would be tested in no language.
#[test]
fn the_scenarios_have_every_field() {
    let played: BTreeSet<String> = scenarios().iter().flat_map(vocabulary).collect();
    let program = read("tests/conformance/conformance.c");
    let settings = program.split("} text_settings[] = {").nth(1).and_then(|rest| rest.split("};").next());
    let settings = settings.expect("its settings").split('"').skip(1).step_by(2);
    let read_alone = program.split("command, \"").skip(1).filter_map(|rest| rest.split('"').next());
    let read: BTreeSet<&str> = settings.chain(read_alone).collect();
    assert!(read.len() > 50, "{read:?}");
    let missing: Vec<&&str> = read.iter().filter(|field| !played.contains(**field)).collect();
    assert!(missing.is_empty(), "no scenario has {missing:?}");
}

/// What a program does not know it could only pass over, and some settings change no answer.
#[test]
fn every_program_knows_every_command_and_every_field() {
    let programs = [
        ("C", "tests/conformance/conformance.c"),
        ("Python", "tests/conformance/conformance.py"),
        ("cpp", "tests/conformance/conformance.cpp"),
        ("go", "bindings/go/conformance/main.go"),
        ("ruby", "bindings/ruby/conformance/conformance.rb"),
        ("dotnet-coreclr", "bindings/dotnet/conformance/Program.cs"),
    ];
    for (language, file) in programs {
        let program = read(file);
        let known: BTreeSet<&str> = program.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let lacks =
            |scenario: &&Value| LACKS.iter().any(|lack| lack.language == language && scenario["needs"] == lack.what);
        let played =
            scenarios().iter().filter(|scenario| !lacks(scenario)).flat_map(vocabulary).collect::<BTreeSet<_>>();
        let missing: Vec<&String> = played.iter().filter(|word| !known.contains(word.as_str())).collect();
        assert!(missing.is_empty(), "{file} does not know {missing:?}");
    }
}

/// The package's program, built as the one in C is.
#[test]
fn cpp_checked() {
    let program = common::build_sanitized(&["tests/conformance/conformance.cpp"], &[]);
    same_as_in_c("C++ checked", "cpp", || common::program_command(&program));
}

#[test]
fn python() {
    let script = common::root().join("tests/conformance/conformance.py");
    let header = common::root().join("include/tigergraph_auth.h");
    let library = common::library_folder().join("libtigergraph_auth.so");
    same_as_in_c("Python", "none", || {
        let mut command = Command::new("python3");
        command.args::<[&Path; 3], _>([&script, &header, &library]);
        command
    });
}

#[test]
fn cpp() {
    with_package("cpp", &[]);
}

#[test]
fn go() {
    with_package("go", &[]);
}

#[test]
fn ruby() {
    with_package("ruby", &[]);
}

#[test]
fn dotnet_under_mono() {
    with_package("dotnet", &[("TIGERGRAPH_AUTH_DOTNET", "mono")]);
}

#[test]
fn dotnet_under_coreclr() {
    with_package("dotnet", &[("TIGERGRAPH_AUTH_DOTNET", "coreclr")]);
}
