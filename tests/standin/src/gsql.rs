//! GSQL text: the statements about secrets, and the transports that carry them.

use std::fmt::Write as _;

use crate::login::Caller;
use crate::options::Generation;
use crate::reply::{Reply, Request, decode};
use crate::secret::{SecretError, mask};
use crate::state::State;
use crate::switches::ControlLinesOnC;
use crate::token::plain_date;

/// Exit codes of the GSQL client.
mod code {
    pub const OK: u32 = 0;
    pub const UNKNOWN_GRAPH: u32 = 41;
    pub const SYNTAX: u32 = 211;
    pub const RUNTIME: u32 = 212;
    pub const NO_GRAPH: u32 = 213;
}

/// `POST /gsqlserver/gsql/file` and `/command`: GSQL text, URL-encoded as a whole without a key.
pub(crate) fn file(state: &mut State, request: &Request) -> Reply {
    let caller = match state.gsql_caller(request) {
        Ok(caller) => caller,
        Err(error) => return state.gsql_refusal(error),
    };
    let text = decode(&request.text().replace('+', " "));
    let graph = caller.graph.clone().or_else(|| cookie_graph(request));
    let (mut output, code) = run(state, &caller, graph, &text);
    control_lines(&mut output, code);
    Reply::text(200, output)
}

/// `POST /gsql/v1/statements`: plain GSQL text.
pub(crate) fn statements(state: &mut State, request: &Request) -> Reply {
    let caller = match state.gsql_caller(request) {
        Ok(caller) => caller,
        Err(error) => return state.gsql_refusal(error),
    };
    let text = request.text();
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")) {
        let name = decode(text.split(['=', '&']).next().unwrap_or_default());
        let message = format!("The request was rejected because the parameter name \"{name}\" is not allowed.");
        return Reply::refusal(400, &message);
    }
    let (mut output, code) = run(state, &caller, None, &text);
    // Row 45.
    if state.options.switches.control_lines_on_c == ControlLinesOnC::Present {
        control_lines(&mut output, code);
    }
    Reply::text(200, output)
}

/// The graph of a session cookie, which is a JSON object.
fn cookie_graph(request: &Request) -> Option<String> {
    let cookie: serde_json::Value = serde_json::from_str(request.header("cookie")?).ok()?;
    cookie["graph"].as_str().filter(|graph| !graph.is_empty()).map(str::to_owned)
}

fn control_lines(output: &mut String, code: u32) {
    let _ = writeln!(output, "__GSQL__COOKIES__,{{\"fromGsqlClient\":true,\"session\":\"stand-in\"}}");
    let _ = writeln!(output, "__GSQL__RETURN__CODE__,{code}");
}

/// One script: who runs it, on which graph, and what it said.
struct Script<'a> {
    state: &'a mut State,
    user: &'a str,
    graph: Option<String>,
    output: String,
    code: u32,
}

/// Runs a script: its output and the exit code of the last statement that failed.
fn run(state: &mut State, caller: &Caller, graph: Option<String>, text: &str) -> (String, u32) {
    let mut script = Script { state, user: &caller.user, graph, output: String::new(), code: code::OK };
    for statement in text.split(['\n', ';']).map(str::trim).filter(|statement| !statement.is_empty()) {
        script.statement(statement);
    }
    (script.output, script.code)
}

impl Script<'_> {
    fn statement(&mut self, statement: &str) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match (upper.as_slice(), words.as_slice()) {
            (["USE", "GLOBAL"], _) => {
                self.graph = None;
                self.say("stand-in: using the global scope");
            }
            (["USE", "GRAPH", _], [.., graph]) => self.use_graph(graph),
            (["CREATE", "SECRET"], _) => self.create(None),
            (["CREATE", "SECRET", _], [.., alias]) => self.create(Some(unquoted(alias))),
            (["SHOW", "SECRET"], _) => self.show(),
            (["DROP", "SECRET", _, ..], [_, _, names @ ..]) => self.drop(&names.join(" ")),
            (["LS"] | ["HELP"], _) => self.list(),
            _ => self.fail(code::SYNTAX, "stand-in: this statement is not known here"),
        }
    }

    fn say(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
    }

    fn fail(&mut self, code: u32, line: &str) {
        self.code = code;
        self.say(line);
    }

    fn use_graph(&mut self, graph: &str) {
        if self.state.graphs.contains(graph) && self.state.may_use(self.user, graph) {
            self.graph = Some(graph.to_owned());
            self.say(&format!("stand-in: using graph {graph}"));
        } else {
            self.fail(code::UNKNOWN_GRAPH, &format!("stand-in: graph {graph} not found"));
        }
    }

    /// The graph that secrets belong to: none from 4.1 on, otherwise the one in use.
    fn scope(&mut self) -> Option<Option<String>> {
        if self.state.generation() == Generation::V41 {
            return Some(None);
        }
        if self.graph.is_none() {
            self.fail(code::NO_GRAPH, "stand-in: no graph in use");
            return None;
        }
        Some(self.graph.clone())
    }

    fn create(&mut self, alias: Option<&str>) {
        let Some(graph) = self.scope() else { return };
        match self.state.create_secret(self.user, graph.as_deref(), alias, None) {
            // Row 27.
            Ok(secret) => self.say(&format!("The secret: {} stand-in tail", secret.value)),
            // Row 31.
            Err(SecretError::Exists) => self.fail(code::RUNTIME, "stand-in: a secret of this alias already exists"),
            // Row 32.
            Err(SecretError::Alias | SecretError::Value) => {
                self.fail(code::SYNTAX, "stand-in: this alias is not acceptable");
            }
        }
    }

    /// All secrets of the user, whatever graph is in use (row 28).
    fn show(&mut self) {
        let secrets: Vec<_> = self.state.secrets.iter().filter(|secret| secret.user == self.user).cloned().collect();
        // Row 29.
        let masked = self.state.options.since(3, 1, 0);
        for secret in secrets {
            let shown = if masked { mask(&secret.value) } else { secret.value.clone() };
            self.say(&format!("    - Secret: {shown}"));
            if !secret.alias.is_empty() {
                self.say(&format!("      - Alias: {}", secret.alias));
            }
            if let Some(graph) = &secret.graph {
                self.say(&format!("      - GraphName: {graph}"));
            }
            if !masked {
                self.show_tokens(&secret.value);
            }
        }
    }

    fn show_tokens(&mut self, secret: &str) {
        let tokens = self.state.tokens.iter().filter(|token| token.secret.as_deref() == Some(secret));
        let lines: Vec<String> = tokens
            .map(|token| format!("      - Token: {} expire at: {}", token.value, plain_date(token.expires_at)))
            .collect();
        lines.iter().for_each(|line| self.say(line));
    }

    /// One or several names; a bad one does not stop the rest (row 30).
    fn drop(&mut self, names: &str) {
        let Some(graph) = self.scope() else { return };
        for name in names.split([',', ' ']).filter(|name| !name.is_empty()) {
            if self.state.drop_secret(self.user, graph.as_deref(), unquoted(name)) {
                self.say("Successfully dropped secrets stand-in tail");
            } else {
                self.fail(code::RUNTIME, "Failed to drop secrets stand-in tail");
            }
        }
    }

    fn list(&mut self) {
        self.say("---- Global vertices, edges, and all graphs");
        self.say("Vertex Types:");
        self.say("Edge Types:");
        self.say("Graphs:");
        let graphs: Vec<String> = self.state.graphs.iter().map(|graph| format!("  - Graph {graph}()")).collect();
        graphs.iter().for_each(|graph| self.say(graph));
    }
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}
