//! GSQL text: CREATE, SHOW and DROP SECRET, with their outputs and control lines.

use crate::options::Generation;
use crate::reply::{Reply, Request, decode};
use crate::restpp::shown;
use crate::state::{LoginError, State};

const NO_GRAPH: i32 = 213;
const RUNTIME: i32 = 212;
const SYNTAX: i32 = 211;
const LOGIN: i32 = 41;

/// `POST /gsqlserver/gsql/file`, before 4.1: the text is form-encoded as a whole, the login is Basic.
pub(crate) fn file(state: &mut State, request: &Request) -> Reply {
    let login = request.basic().map(|(user, password)| match user.as_str() {
        "__GSQL__secret" => state.secret(&password).map(|secret| secret.user.clone()).ok_or(LoginError::Wrong),
        _ => state.login(&user, &password),
    });
    // Row 39: an empty body.
    let Some(Ok(user)) = login else {
        return Reply::new(401, "", "");
    };
    let script = decode(&request.text().replace('+', " "));
    Reply::text(run(state, &user, &script, true))
}

/// `POST /gsql/v1/statements`, from 4.1 on: the text as it is, and only as text/plain.
pub(crate) fn statements(state: &mut State, request: &Request, user: &str) -> Reply {
    let script = request.text();
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")) {
        let message = format!("The request was rejected because the parameter name \"{script}\" is not allowed.");
        return Reply::error(400, message);
    }
    let controls = state.options.switches.control_lines_on_c == "present";
    Reply::text(run(state, user, &script, controls))
}

/// Runs a script and gives its output.
fn run(state: &mut State, user: &str, script: &str, controls: bool) -> String {
    let mut session = Session { state, user, graph: None, code: 0, out: String::new() };
    script.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| session.statement(line));
    let (mut out, code) = (session.out, session.code);
    if controls {
        out.push_str("__GSQL__COOKIES__,{\"session\":\"stand-in\"}\n");
        out.push_str(&format!("__GSQL__RETURN__CODE__,{code}\n"));
    }
    out
}

struct Session<'a> {
    state: &'a mut State,
    user: &'a str,
    graph: Option<String>,
    code: i32,
    out: String,
}

impl Session<'_> {
    fn say(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    fn fail(&mut self, code: i32, line: impl AsRef<str>) {
        self.code = code;
        self.say(line);
    }

    fn statement(&mut self, line: &str) {
        let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match (&upper[..], &words[..]) {
            (["USE", "GRAPH", _], [_, _, graph]) => self.use_graph(graph),
            (["SHOW", "SECRET"], _) => self.show(),
            (["CREATE", "SECRET"], _) => self.create(None),
            (["CREATE", "SECRET", _], [_, _, alias]) => self.create(Some(alias)),
            (["DROP", "SECRET", _, ..], [_, _, names @ ..]) => self.drop_all(names),
            (["LS", ..], _) => {
                self.say("---- Global vertices, edges, and all graphs\nVertex Types:\nEdge Types:\n\nGraphs:")
            }
            _ => self.fail(SYNTAX, format!("stand-in: syntax error: {}", words.first().unwrap_or(&""))),
        }
    }

    fn use_graph(&mut self, graph: &str) {
        if !self.state.graphs.contains(graph) {
            return self.fail(LOGIN, format!("Graph {graph} does not exist."));
        }
        self.graph = Some(graph.to_owned());
        self.say(format!("Using graph '{graph}'"));
    }

    fn is_rest(&self) -> bool {
        self.state.generation() == Generation::C
    }

    /// The graph in use; before 4.1 a secret needs one.
    fn scope(&mut self) -> Result<Option<String>, ()> {
        if self.is_rest() {
            return Ok(None);
        }
        if self.graph.is_none() {
            self.fail(NO_GRAPH, "stand-in: No graph in use error");
            return Err(());
        }
        Ok(self.graph.clone())
    }

    fn create(&mut self, alias: Option<&str>) {
        let Ok(graph) = self.scope() else { return };
        if alias.is_some_and(|alias| !State::is_alias(alias)) {
            return self.fail(SYNTAX, "stand-in: alias not accepted");
        }
        match self.state.create_secret(self.user, graph.as_deref(), alias, None) {
            Some(secret) => self.say(format!("The secret: {} stand-in tail", secret.value)),
            // Row 31.
            None => self.fail(RUNTIME, "stand-in: the alias already exists"),
        }
    }

    /// Row 28: all of the user's secrets, whatever graph is in use.
    fn show(&mut self) {
        let mine: Vec<_> = self.state.secrets.iter().filter(|secret| secret.user == self.user).cloned().collect();
        for secret in mine {
            let value =
                if self.is_rest() { crate::state::mask(&secret.value) } else { shown(self.state, &secret.value) };
            self.say(format!("    - Secret: {value}\n      - Alias: {}", secret.alias));
            if let Some(graph) = secret.graph {
                self.say(format!("      - GraphName: {graph}"));
            }
        }
    }

    /// Row 30: a bad name does not stop the rest.
    fn drop_all(&mut self, names: &[&str]) {
        let Ok(graph) = self.scope() else { return };
        for name in names.iter().flat_map(|name| name.split(',')).filter(|name| !name.is_empty()) {
            if self.state.drop_secret(self.user, graph.as_deref(), name) {
                self.say("Successfully dropped secrets stand-in tail");
            } else {
                self.fail(RUNTIME, "Failed to drop secrets stand-in tail");
            }
        }
    }
}
