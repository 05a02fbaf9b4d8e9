//! A driver, a stand-in server for it to talk to, and what is common to all rows.

use std::time::Duration;

use tigergraph_auth::{Config, Connection, TokenOptions};
use tigergraph_standin::{Action, ClosedPort, Options, Request, Standin, Tls};

use crate::canary::Canaries;
use crate::driver::{self, Call, Driver, field};
use crate::matrix::Record;
use crate::operations::{Kind, OPERATIONS, Operation, is_rest};

/// Of the user that the tests log in as; recognisable in every form.
pub const PASSWORD: &str = "Kanarien\"vogel+im/Bergwerk%√ß&=";
pub const USER: &str = "kathrin";
/// How an alias begins that nobody chose.
pub const MADE_UP: &str = "AUTO_GENERATED_ALIAS_";
/// How much longer than its limit a call may take on a machine that does other things too.
pub const TOLERANCE: Duration = Duration::from_millis(250);

/// Limits of a call in milliseconds: connecting, and everything.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connect: u64,
    pub call: u64,
}

/// Enough for everything that ends by itself, retries included.
pub const AMPLE: Limits = Limits { connect: 5000, call: 5000 };
/// For what ends by running out of time.
pub const SHORT: Limits = Limits { connect: 300, call: 400 };

pub struct Session {
    pub driver: Driver,
    pub standin: Standin,
    pub version: &'static str,
    pub canaries: Canaries,
    pub limits: Limits,
    /// The token that the handle was given.
    pub token: String,
    aliases: usize,
}

/// What one operation came to.
pub struct Attempt {
    pub call: Call,
    /// What the server heard, without the requests that come before the one in question.
    pub requests: Vec<Request>,
    /// Aliases of what the server holds afterwards.
    pub secrets: Vec<String>,
}

impl Session {
    pub fn start(version: &'static str) -> Session {
        Session::with(Options::new(version), version, driver::sanitized(), &[])
    }

    /// With a driver whose memory and stacks are not the sanitizer's.
    pub fn plain(version: &'static str) -> Session {
        Session::with(Options::new(version), version, driver::plain(), &[])
    }

    pub fn with(
        options: Options,
        version: &'static str,
        program: &std::path::Path,
        environment: &[(&str, &str)],
    ) -> Session {
        let standin = Standin::start(options).expect("a stand-in");
        standin.add_user(USER, PASSWORD, true);
        let mut canaries = Canaries::default();
        canaries.add(PASSWORD);
        let driver = Driver::start(program, environment);
        Session { driver, standin, version, canaries, limits: AMPLE, token: String::new(), aliases: 0 }
    }

    /// Settings for the stand-in: login, graph, version, limits.
    pub fn configure(&mut self) {
        let url = self.standin.gateway_url();
        self.configure_for(&url);
        if let Some(ca) = self.standin.ca_pem() {
            self.driver.say(&["set", "ca_pem", &field(ca)]);
        }
    }

    /// The same for another address.
    pub fn configure_for(&mut self, url: &str) {
        self.driver.say(&["config", url]);
        self.driver.say(&["set", "password", USER, &field(PASSWORD)]);
        self.driver.say(&["set", "graph", "MyGraph"]);
        self.driver.say(&["set", "server_version", self.version]);
        let Limits { connect, call } = self.limits;
        self.driver.say(&["set", "timeouts", &connect.to_string(), &call.to_string()]);
    }

    /// A handle from the settings.
    pub fn connect(&mut self) {
        let call = self.driver.call(&["conn_new"]);
        assert_eq!(call.outcome(), "OK", "{call:?}");
    }

    /// A new handle that holds a token and has no connection yet.
    pub fn open(&mut self) {
        self.configure();
        self.token = self.issue_token();
        let token = self.token.clone();
        self.driver.say(&["set", "api_token", &token]);
        self.connect();
    }

    /// A new handle for another address than the stand-in's own, holding a token.
    pub fn open_at(&mut self, url: &str) {
        if self.token.is_empty() {
            self.token = self.issue_token();
        }
        self.configure_for(url);
        self.driver.say(&["set", "allow_http", "1"]);
        let token = self.token.clone();
        self.driver.say(&["set", "api_token", &token]);
        self.connect();
    }

    /// Calls every operation on the handle there is; each comes to this outcome, and no request is heard.
    pub fn nothing_reaches_the_server(&mut self, record: &Record, outcome: &'static str) -> Vec<Call> {
        let calls = self.every_operation(record, |_| outcome);
        assert_eq!(self.standin.take_requests().len(), 0);
        calls
    }

    /// Calls every operation on the handle there is, and compares what each comes to.
    pub fn every_operation(&mut self, record: &Record, expected: impl Fn(&Operation) -> &'static str) -> Vec<Call> {
        let mut calls = Vec::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.is_on(self.version)) {
            let (call, expected) = (self.call(operation), expected(operation));
            if call.outcome() != expected {
                record.fail(format!("{} {}: expected {expected}: {call:?}", self.version, operation.name));
            }
            assert_in_time(&call, self.limits.call);
            record.saw(operation.name, call.outcome());
            calls.push(call);
        }
        self.end_of_case("every operation");
        calls
    }

    /// A token for the tests' user, got by the library in this process.
    pub fn issue_token(&mut self) -> String {
        let mut config = Config::new(self.standin.gateway_url());
        config.set_password(Some(USER.as_bytes()), Some(PASSWORD.as_bytes())).set_graph(Some(b"MyGraph"));
        config.set_server_version(Some(self.version.as_bytes()));
        let ca = self.standin.ca_pem();
        config.set_ca_pem(ca.as_deref().map(str::as_bytes));
        let connection = Connection::new(&config).expect("good settings");
        let token = connection.get_token(None, 0, TokenOptions::default()).expect("a token");
        self.canaries.add(token.value());
        self.standin.take_requests();
        token.value().to_owned()
    }

    /// A secret of the tests' user.
    pub fn add_secret(&mut self, alias: &str) -> String {
        let graph = (!is_rest(self.version)).then_some("MyGraph");
        let secret = self.standin.add_secret(USER, graph, alias);
        self.canaries.add(&secret);
        secret
    }

    fn new_alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    /// The driver's words for an operation, with all that it needs on the server.
    pub fn words(&mut self, operation: &Operation) -> Vec<String> {
        let mut words = vec![operation.command.to_owned()];
        match operation.kind {
            Kind::Token | Kind::Detect => {}
            Kind::Refresh => {
                words.extend(["-", "-", "0", if is_rest(self.version) { "4" } else { "0" }].map(Into::into))
            }
            Kind::Delete => words.extend(["-", "-", "0"].map(Into::into)),
            Kind::Check => words.push(self.token.clone()),
            Kind::List => words.push("-".into()),
            Kind::Create | Kind::Find | Kind::CreateMissing => words.push(self.new_alias()),
            Kind::Drop => words.extend([self.new_dropped(), "-".into(), "0".into()]),
            Kind::DropMany => words.extend(["-".into(), "0".into(), self.new_dropped(), self.new_dropped()]),
            Kind::Version => {}
        }
        words
    }

    fn new_dropped(&mut self) -> String {
        let alias = self.new_alias();
        self.add_secret(&alias);
        alias
    }

    /// Calls an operation on the handle there is.
    pub fn call(&mut self, operation: &Operation) -> Call {
        let words = self.words(operation);
        self.say_words(&words)
    }

    fn say_words(&mut self, words: &[String]) -> Call {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.driver.call(&words)
    }

    /// Aliases of what the server holds, without those that it makes up itself when a token is requested.
    pub fn aliases_held(&self) -> Vec<String> {
        let aliases = self.standin.snapshot().secrets.into_iter().map(|secret| secret.alias);
        aliases.filter(|alias| !alias.starts_with(MADE_UP)).collect()
    }

    /// A new handle, the operation with this fault on every request of it, and then proof that the handle
    /// is good as soon as the server is.
    pub fn attempt(&mut self, operation: &Operation, action: &Action) -> Attempt {
        self.open_for(operation);
        let words = self.words(operation);
        self.standin.script(operation.fault(self.version, action.clone()));
        let tokens = self.standin.with_state(|state| state.tokens.len());
        let call = self.say_words(&words);
        self.standin.clear_faults();
        let mut requests = self.standin.take_requests();
        requests.drain(..operation.requests_before().min(requests.len()));
        let secrets = self.aliases_held();
        let issued = self.standin.with_state(|state| state.tokens.len()).saturating_sub(tokens);
        if operation.creates() && call.outcome() == "outcome.unknown" {
            assert!(call.message.contains(&words[1]), "the alias {} is not named: {call:?}", words[1]);
        }
        assert!(issued <= requests.len(), "{issued} tokens for {} requests: {call:?}", requests.len());
        self.assert_usable(operation);
        self.end_of_case(&format!("{} {} {call:?}", self.version, operation.name));
        Attempt { call, requests, secrets }
    }

    /// A handle for an operation; for detection one that does not know what the server is.
    pub fn open_for(&mut self, operation: &Operation) {
        self.open();
        if operation.kind == Kind::Detect {
            self.driver.say(&["set", "server_version", "-"]);
            self.connect();
        }
    }

    /// The same handle gets a token, and can do what has just failed.
    pub fn assert_usable(&mut self, operation: &Operation) {
        self.driver.say(&["timeout", "5000"]);
        let token = self.driver.call(&["get_token"]);
        assert_eq!(token.outcome(), "OK", "after {} on {}: {token:?}", operation.name, self.version);
        let again = self.call(operation);
        assert_eq!(again.outcome(), "OK", "after {} on {}: {again:?}", operation.name, self.version);
        self.standin.take_requests();
    }

    /// The server stops: connections to its ports are refused.
    pub fn stop_server(&mut self) -> [ClosedPort; 2] {
        let other = Standin::start(Options::new(self.version)).expect("a stand-in");
        std::mem::replace(&mut self.standin, other).stop()
    }

    /// Another server where one has stopped.
    pub fn start_server_at(&mut self, ports: &[ClosedPort; 2], tls: Option<Tls>) {
        let [gateway_port, restpp_port] = ports.each_ref().map(ClosedPort::port);
        let options = Options { gateway_port, restpp_port, tls, ..Options::new(self.version) };
        self.standin = Standin::start(options).expect("the same ports");
        self.standin.add_user(USER, PASSWORD, true);
    }

    /// No credential was shown; the server forgets what it holds.
    pub fn end_of_case(&mut self, what: &str) {
        let credentials = self.standin.with_state(|state| {
            let tokens = state.tokens.drain(..).map(|token| token.value);
            let credentials: Vec<String> = tokens.chain(state.secrets.drain(..).map(|secret| secret.value)).collect();
            state.blocked.clear();
            credentials
        });
        credentials.iter().for_each(|credential| self.canaries.add(credential));
        let spoken = self.driver.take_spoken();
        self.canaries.assert_absent(what, &spoken);
    }

    /// Everything is freed and nothing was leaked.
    pub fn finish(mut self) {
        self.end_of_case("the end");
        self.driver.finish();
    }
}

/// The call ended within its limit.
pub fn assert_in_time(call: &Call, limit: u64) {
    let most = limit + u64::try_from(TOLERANCE.as_millis()).expect("a small number");
    assert!(call.ms <= most, "{call:?} took longer than {most} ms");
}

/// Runs a test of both versions at the same time.
pub fn on_both(test: impl Fn(&'static str) + Sync) {
    std::thread::scope(|scope| {
        let threads = crate::operations::VERSIONS.map(|version| {
            let name = format!("{} on {version}", std::thread::current().name().unwrap_or_default());
            std::thread::Builder::new().name(name).spawn_scoped(scope, || test(version)).expect("a thread")
        });
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
