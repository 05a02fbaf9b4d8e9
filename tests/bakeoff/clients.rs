//! The clients, each of which takes the same steps.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use tigergraph_auth::{Config, Connection, RefreshOptions, Result, TokenOptions};
use tigergraph_standin::Standin;

use crate::common;

/// A client: its name on the page, and its folder in `target/peers`, if it is not this library.
pub struct Client {
    pub name: &'static str,
    pub folder: Option<&'static str>,
}

pub const CLIENTS: [Client; 5] = [
    Client { name: "this library", folder: None },
    Client { name: "pyTigerGraph 2.0.5", folder: Some("2.0.5") },
    Client { name: "pyTigerGraph 1.8.4", folder: Some("1.8.4") },
    Client { name: "gsql-client", folder: Some("gsql-client") },
    Client { name: "pyTigerDriver", folder: Some("pyTigerDriver") },
];

/// What a client says of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Well(Value),
    /// Its own word for what went wrong.
    Wrong(String),
    /// It has no function for this.
    Absent,
}

/// A client at work.
pub trait Runner {
    fn take(&mut self, step: &Value) -> Said;
}

impl Client {
    /// The client, pointed at a server; `None` if it is not installed.
    pub fn start(&self, server: &Standin) -> Option<Box<dyn Runner>> {
        match self.folder {
            None => Some(Box::new(Ours::new(server))),
            Some(folder) => Some(Box::new(Theirs::start(self.name, folder, server)?)),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------
// The others: `feature.py` in their interpreter.

struct Theirs(Child);

impl Theirs {
    fn start(name: &str, folder: &str, server: &Standin) -> Option<Theirs> {
        let mut command = common::script(&common::python(folder)?, "feature.py");
        command.args([name, &server.gateway_url(), &server.restpp_url()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Some(Theirs(child.expect("python")))
    }
}

impl Runner for Theirs {
    fn take(&mut self, step: &Value) -> Said {
        writeln!(self.0.stdin.as_mut().expect("its input"), "{step}").expect("a step");
        let mut line = Vec::new();
        let output = self.0.stdout.as_mut().expect("its output");
        // A buffer that begins anew for each line loses nothing: there is no second line before the next step.
        BufReader::new(output).read_until(b'\n', &mut line).expect("a line");
        let mut said: Value = serde_json::from_slice(&line).expect("JSON");
        match (said["ok"] == true, said["value"].take()) {
            (true, value) => Said::Well(value),
            (false, Value::String(kind)) => Said::Wrong(kind),
            _ => Said::Absent,
        }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

// ---------------------------------------------------------------------------------------------------------
// This library.

struct Ours {
    config: Config,
    connection: Connection,
    data: String,
}

/// A token beside the connection's own.
const KEEP: TokenOptions = TokenOptions { keep_current: true, global: false };

impl Ours {
    fn new(server: &Standin) -> Ours {
        let mut config = Config::new(server.gateway_url());
        config.set_graph(Some(b"MyGraph")).set_password(Some(b"alice"), Some(b"opensesame"));
        let connection = Connection::new(&config).expect("good settings");
        Ours { config, connection, data: format!("{}/restpp/graph/MyGraph/vertices/x", server.gateway_url()) }
    }

    fn connect(&mut self, config: &Config) {
        self.connection = Connection::new(config).expect("good settings");
    }

    /// Asks for data as the documentation tells programs to; the status of the answer.
    fn data(&self) -> Result<u16> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let ask = |header: &str| {
            agent.get(&self.data).header("Authorization", header).call().expect("an answer").status().as_u16()
        };
        let token = self.connection.authorization()?;
        let status = ask(token.header());
        if status != 401 && status != 403 {
            return Ok(status);
        }
        self.connection.reject_token(&token);
        Ok(ask(self.connection.authorization()?.header()))
    }

    fn step(&mut self, step: &Value) -> Result<Value> {
        let text = |name: &str| step[name].as_str();
        let done = |_: ()| Value::Null;
        let connection = &self.connection;
        match text("step").expect("a step") {
            "connect" => {
                let config = self.config.clone();
                self.connect(&config);
                Ok(Value::Null)
            }
            "certificate" => {
                let mut config = self.config.clone();
                config.set_ca_file(text("ca").map(str::as_bytes));
                config.set_client_cert(text("chain").map(str::as_bytes), text("key").map(str::as_bytes));
                self.connect(&config);
                self.connection.get_token(text("secret"), 0, KEEP).map(|_| Value::Null)
            }
            "create" => connection.create_secret(text("alias"), None, None).map(|_| Value::Null),
            "list" => connection.get_secrets(None).map(|secrets| json!(secrets.len())),
            "drop" => connection.drop_secrets(&[text("alias").expect("an alias")], None, false).map(|_| Value::Null),
            "token" => connection.get_token(text("secret"), 0, KEEP).map(|_| Value::Null),
            "password_token" => connection.get_token(None, 0, KEEP).map(|_| Value::Null),
            "refresh" => {
                let options = RefreshOptions::default();
                connection.refresh_token(text("secret"), text("token"), 0, options).map(|_| Value::Null)
            }
            "delete" => connection.delete_token(text("secret"), text("token"), false).map(done),
            "check" => connection.check_jwt_token(text("token").expect("a token")).map(Value::from),
            "use" => self.data().map(Value::from),
            other => panic!("there is no step {other}"),
        }
    }
}

impl Runner for Ours {
    fn take(&mut self, step: &Value) -> Said {
        match self.step(step) {
            Ok(value) => Said::Well(value),
            Err(error) => Said::Wrong(error.reason().id().to_owned()),
        }
    }
}
