//! Plays the scenarios of `tests/conformance/scenarios.json` through one program for each language, against the
//! stand-in as 3.10 and as 4.2: what is given back, every error, every request. All programs must give the same
//! answers as the one in C, to the letter but for names: hints of a package name what it has itself.
//! `tests/conformance/README.md` says what such a program does.
//!
//! What differs between the versions stands under the version. In texts, `{name}` is what the scenario gave that
//! name to: `url`, `restpp_url`, `ca_file`, `secret` (one of alice's), and the tokens and secrets that were handed out.

#[path = "common/c.rs"]
mod common;
#[path = "common/install.rs"]
mod install;
#[path = "common/program.rs"]
mod program;
#[path = "common/skip.rs"]
mod skip;
#[path = "common/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use program::{Answer, Program, escape};
use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, Standin, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

/// How much more time calls get than is written: under valgrind they need it.
fn slowness() -> u64 {
    if common::Tool::chosen() == common::Tool::Valgrind { 5 } else { 1 }
}

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
    version: &'static str,
    names: BTreeMap<String, String>,
    /// What was asked and answered, with names instead of what differs from run to run.
    transcript: Vec<String>,
}

impl Stage {
    fn set_up(version: &'static str, scenario: &Value, language: &str) -> Stage {
        let tls = scenario["server"]["tls"].as_bool().unwrap_or(false).then(Tls::self_signed);
        let options = Options::new(scenario["server"]["version"].as_str().unwrap_or(version));
        let switches = scenario["server"]["switches"].as_object().into_iter().flatten();
        let options = switches.fold(options, |options, (name, value)| options.switch(name, text(value)));
        let server = Standin::start(Options { tls, ..options }).expect("a stand-in");
        for (name, password) in scenario["server"]["users"].as_object().into_iter().flatten() {
            server.add_user(name, password.as_str().expect("a password"), false);
        }
        let secret = server.add_secret("alice", "MyGraph", "standing");
        let mut names = BTreeMap::from([("url".to_owned(), server.gateway_url()), ("secret".to_owned(), secret)]);
        names.insert("restpp_url".to_owned(), server.restpp_url());
        names.insert("port".to_owned(), server.gateway_port().to_string());
        names.insert("restpp_port".to_owned(), server.restpp_port().to_string());
        names.insert("version".to_owned(), version.to_owned());
        if let Some(pem) = server.ca_pem() {
            let title = scenario["scenario"].as_str().expect("a title").replace(' ', "-");
            let file = common::scratch(&format!("conformance-{language}-{version}-{title}.pem"));
            std::fs::write(&file, &pem).expect("a file");
            names.insert("ca_file".to_owned(), file.to_str().expect("UTF-8").to_owned());
            names.insert("ca_pem".to_owned(), pem);
        }
        Stage { server, version, names, transcript: Vec::new() }
    }

    fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
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
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
        assert!((ends - now - lifetime).abs() <= 20, "ends in {} s, not {lifetime}", ends - now);
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
        assert_eq!(answer.number("retry_after_ms"), wanted.get(4).and_then(Value::as_i64).unwrap_or(-1));
        assert!(!answer.text("message").is_empty());
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
        } else {
            let wanted: Vec<(String, String)> = match wanted.as_object() {
                Some(fields) => fields.iter().map(|(name, value)| (name.clone(), self.fill(&text_of(value)))).collect(),
                None => Vec::new(),
            };
            assert_eq!(answer.fields, wanted);
        }
    }

    /// No credential is in an error or in a log line.
    fn check_discretion(&self, answer: &Answer) {
        let told = answer.fields.iter().filter(|_| answer.word == "error" || answer.names().contains(&"line"));
        let public = ["url", "restpp_url", "port", "restpp_port", "version", "ca_file", "credential_file", "alias"];
        for (_, value) in told {
            let leaked = |(name, secret): (&String, &String)| !public.contains(&&**name) && value.contains(secret);
            assert!(!self.names.iter().any(leaked) && !value.contains("opensesame"), "{value}");
        }
    }

    /// What reached the server since the last look; waits for as many answered requests as there shall be.
    fn requests(&self, expected: usize) -> Vec<String> {
        let until = Instant::now() + PATIENCE;
        while self.server.requests().len() < expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let requests = self.server.take_requests();
        requests.into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn does(&self, what: &Value) {
        match what.as_str().unwrap_or_default() {
            "expires tokens" => self.server.expire_tokens(),
            "turns authentication off" => self.server.set_auth_enabled(false),
            "stays silent once" => self.server.script(Fault::once("/", Action::Hang)),
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
        let filled = |value: &Value| self.fill(value.as_str().unwrap_or_default());
        let action = match answer["raw"].as_str() {
            Some(raw) => Action::RawBytes(self.fill(raw).into_bytes()),
            None => {
                let status = answer["status"].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"));
                let headers = answer["headers"].as_object().into_iter().flatten();
                let reply = Action::reply(status, &filled(&answer["body"]));
                headers.fold(reply, |reply, (name, value)| reply.header(name, text(value)))
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

    /// Writes a file, beside that of the CA, and gives it a name.
    fn write(&mut self, name: &str, content: &str) {
        let file = common::scratch(&format!("conformance-{}-{}", self.server.gateway_port(), name));
        std::fs::write(&file, self.fill(content)).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        self.names.insert(name.to_owned(), file.to_str().expect("UTF-8").to_owned());
    }

    fn step(&mut self, program: &mut Program, step: &Value) {
        if let Some(name) = step["file"].as_str() {
            return self.write(name, text(&step["holds"]));
        }
        if step["server"].is_string() {
            return self.does(&step["server"]);
        }
        if step["server"].is_object() {
            return self.answers(&step["server"]);
        }
        let line = self.line(step);
        let answer = program.ask(&line);
        self.check(&answer, step);
        self.check_discretion(&answer);
        let wanted: Vec<String> = match on(self.version, &step["requests"]).as_array() {
            Some(requests) => requests.iter().map(|request| self.fill(text(request))).collect(),
            None => Vec::new(),
        };
        assert_eq!(self.requests(wanted.len()), wanted);
        let told = answer.fields.iter().filter(|(name, _)| name != "expires_at" && name != "expiration");
        let told: Vec<String> = told.map(|(name, value)| format!("{name}={}", without_time(value))).collect();
        let told = format!("{} -> {} {}", step["do"], answer.word, told.join(", "));
        self.transcript.push(self.with_names(&told));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
    let file = common::root().join("tests/conformance/scenarios.json");
    let scenarios: Value = serde_json::from_slice(&std::fs::read(file).expect("the scenarios")).expect("JSON");
    scenarios.as_array().expect("a list").clone()
}

/// Plays every scenario; what was asked and answered, by version and title.
fn play_all(language: &str, program: impl Fn() -> Command) -> BTreeMap<String, Vec<String>> {
    let mut transcript = BTreeMap::new();
    for scenario in &scenarios() {
        for version in VERSIONS {
            let place = format!("{language}, {version}, {}", scenario["scenario"]);
            let mut stage = Stage::set_up(version, scenario, language);
            let mut program = Program::start(program());
            for (number, step) in steps(&scenario["steps"]).iter().enumerate() {
                if step.get("only").is_some_and(|only| only != version) {
                    continue;
                }
                let _place = Place(format!("{place}, step {}: {step}", number + 1));
                stage.step(&mut program, step);
            }
            program.finish();
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
    let table = std::fs::read_to_string(common::root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let names: Vec<(String, String)> = table
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
    let program = std::fs::read_to_string(common::root().join("tests/conformance/conformance.c")).expect("the program");
    let words =
        program.split("} commands[] = {").nth(1).and_then(|rest| rest.split("};").next()).expect("its commands");
    for word in words.split('"').skip(1).step_by(2) {
        assert!(transcript.iter().any(|line| line.starts_with(&format!("{word:?} -> ok"))), "{word} is never played");
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
