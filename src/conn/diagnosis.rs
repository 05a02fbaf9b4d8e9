//! Diagnosis: goes from the settings to a token that the database takes, step by step, and says where it
//! ends and how to fix it.

use std::sync::Arc;

use crate::config::settings::Login;
use crate::conn::Connection;
use crate::conn::call::{Call, is_absent};
use crate::conn::probing::is_of_several;
use crate::conn::request::Server;
use crate::dates::rfc3339;
use crate::error::{Error, Reason, Result, Status};
use crate::platform::clock::wall_clock;
use crate::protocol::endpoint::path;
use crate::protocol::version::Version;
use crate::report::{Report, advice};
use crate::token::issued::LifetimeUnit;
use crate::token::jwt::claims;
use crate::token::token::Token;
use crate::wire::probe::{Outcome, PIN, Step};

const SERVER: &str = "server";
const PROVIDER: &str = "provider";
const CREDENTIALS: &str = "credentials";
const DATABASE: &str = "database";
/// A clock that is further off than this gets the age of tokens wrong.
const CLOCK_SLACK: i64 = 60;

/// What the steps found, as far as the verdict needs it.
#[derive(Default)]
struct Findings {
    steps: Vec<Step>,
    /// Why no server was reached.
    blocked: Option<Error>,
    /// How many servers were not, beside one that was.
    unreached: usize,
    warnings: Vec<String>,
    version: Option<Version>,
    token: Option<Arc<Token>>,
}

impl Connection {
    /// Finds out whether this connection can work and, if not, why. Offline: only what is known without asking.
    ///
    /// The login is tried once, and only if there is no token yet; a token that this brings is the connection's
    /// own. Fails only if it is cancelled.
    pub fn diagnose(&self, offline: bool) -> Result<Report> {
        let mut findings = Findings::default();
        self.warn(&mut findings);
        if offline {
            findings.steps.extend(self.elsewhere_skipped("offline"));
            findings.steps.push(self.known_credentials());
        } else {
            self.look(&mut findings)?;
        }
        if let Some(cache) = self.cache_step() {
            let is_credentials = |step: &Step| step.name == CREDENTIALS;
            let place = findings.steps.iter().position(is_credentials).unwrap_or(findings.steps.len());
            findings.steps.insert(place, cache);
        }
        Ok(self.conclude(findings, offline))
    }

    /// What can be said without asking anybody.
    fn warn(&self, findings: &mut Findings) {
        let settings = &self.core.settings;
        if settings.trust.as_ref().is_some_and(|trust| trust.insecure) {
            let warning =
                "any certificate is accepted (tg_config_set_insecure_tls), so anybody in between can read along";
            findings.warnings.push(warning.to_owned());
        }
        findings.warnings.extend(self.cautions());
        if settings.api_token.is_some() && matches!(settings.login, Some(Login::Jwt(_))) {
            let warning =
                "an API token and a JWT are set: the token is used until it expires or is refused, then the JWT";
            findings.warnings.push(warning.to_owned());
        }
        if let Some((error, ago)) = self.core.authorization.failed_renewal() {
            let (status, reason, ago) = (error.status().name(), error.reason().id(), ago.as_secs());
            let warning = format!("the last renewal failed {ago} s ago: {} ({status}, {reason})", error.message());
            findings.warnings.push(warning);
        }
    }

    fn look(&self, findings: &mut Findings) -> Result<()> {
        let call = self.call(self.begin(), &[], &[]);
        let way = self.look_at_way(&call);
        (findings.steps, findings.blocked, findings.unreached) = (way.steps, way.blocked, way.warnings.len());
        findings.warnings.extend(way.warnings);
        if findings.blocked.is_some() && !way.may_go_on {
            let why = "the server was not reached";
            findings.steps.push(Step::skipped(SERVER, why));
            self.skip_credentials(findings, why);
            return stop_if_cancelled(&call);
        }
        if findings.blocked.is_none() {
            let mut server = self.look_at_server(&call);
            self.look_for_tls(&call, &mut server);
            let is_strange = server.failure().is_some();
            findings.steps.push(server);
            if is_strange {
                let why = "no credential is shown to a server that does not answer as TigerGraph does";
                self.skip_credentials(findings, why);
                return stop_if_cancelled(&call);
            }
        }
        stop_if_cancelled(&call)?;
        if self.lacks_token_endpoint(&call, findings) {
            return stop_if_cancelled(&call);
        }
        let (steps, token) = self.try_credentials(&call);
        let refused = steps.iter().any(|step| step.failure().is_some());
        findings.steps.extend(steps);
        stop_if_cancelled(&call)?;
        if refused {
            findings.steps.push(Step::skipped(DATABASE, "there is no token to ask it with"));
            return Ok(());
        }
        // A call of its own, which knows the new token and keeps it out of what the server says.
        let begun = self.begin_within(call.deadline.left_in_call(), self.calls.begin());
        let last = self.call(begun, &[], &[]);
        findings.token = token;
        self.look_at_database(&last, findings);
        self.warn_of_clock(&call, &last, findings);
        stop_if_cancelled(&last)
    }

    /// Whether there is no token, and the token endpoint, which could give one, is not there.
    fn lacks_token_endpoint(&self, call: &Call, findings: &mut Findings) -> bool {
        let Some(endpoint) = self.look_at_token_endpoint(call) else {
            return false;
        };
        let lacks = endpoint.failure().is_some() && self.fast_path().is_none();
        findings.steps.push(endpoint);
        if lacks {
            let why = "the token endpoint was not reached";
            findings.steps.extend([CREDENTIALS, DATABASE].map(|name| Step::skipped(name, why)));
        }
        lacks
    }

    /// Where a request without TLS was not answered as it should be: whether the port speaks TLS.
    fn look_for_tls(&self, call: &Call, server: &mut Step) {
        let is_odd = |error: &Error| {
            let reasons = [Reason::ConnectClosed, Reason::ConnectReset, Reason::ProtocolFraming];
            error.http_status() == 0 && reasons.contains(&error.reason())
        };
        let Some(at) =
            call.node().route().gateway.strip_prefix("http://").filter(|_| server.failure().is_some_and(is_odd))
        else {
            return;
        };
        let steps = self.core.http.probe(&format!("https://{at}"), &call.deadline);
        let speaks_tls = steps.last().is_some_and(|step| matches!(step.outcome, Outcome::Passed));
        if let (true, Some(error)) = (speaks_tls, server.failure()) {
            let hint = "The port speaks TLS: write https:// in the server's address.";
            server.outcome = Outcome::Failed(error.clone().with_hint(hint));
            server.facts.push(("the port speaks", "TLS".to_owned()));
        }
    }

    fn look_at_server(&self, call: &Call) -> Step {
        let (known, mut step) = Step::measure(SERVER, || call.on_a_server(&|| call.generation()));
        if let Some((known, found_now)) = known {
            step.facts.push(("generation", call.node().facts().label().to_owned()));
            step.facts.push(("known", if found_now { "by asking" } else { "from before" }.to_owned()));
            let (server, path) = match known.is_rest() {
                true => (Server::Gateway, path::TOKENS),
                false => (Server::Restpp, path::REQUEST_TOKEN),
            };
            step.facts.push(("tokens from", format!("{}{path}", call.node().base(server))));
        }
        step
    }

    /// What is not reached because of what was found before.
    fn skip_credentials(&self, findings: &mut Findings, why: &'static str) {
        findings.steps.extend(self.elsewhere_skipped(why));
        findings.steps.extend([CREDENTIALS, DATABASE].map(|name| Step::skipped(name, why)));
    }

    /// The step in which a login from elsewhere gets its token.
    fn elsewhere(&self) -> Option<&'static str> {
        match self.core.settings.login.as_ref()? {
            Login::Provider(_) => Some(PROVIDER),
            // Its token endpoint has a step, which gets none.
            Login::OAuth2(_) | Login::Password { .. } | Login::Secret(_) | Login::Jwt(_) => None,
        }
    }

    fn elsewhere_skipped(&self, why: &'static str) -> Option<Step> {
        self.elsewhere().map(|name| Step::skipped(name, why)).or_else(|| self.token_endpoint_skipped(why))
    }

    /// One attempt with the login, if there is no token yet.
    fn try_credentials(&self, call: &Call) -> (Vec<Step>, Option<Arc<Token>>) {
        if self.require_login().is_err() {
            return (vec![Step::skipped(CREDENTIALS, "none are configured")], None);
        }
        let mut steps = Vec::with_capacity(2);
        if let Some(name) = self.elsewhere() {
            let is_held = self.fast_path().is_some();
            let (token, mut step) = Step::measure(name, || self.token_for(call));
            if token.is_some() {
                step.facts.push(("token", if is_held { "from before" } else { "brought now" }.to_owned()));
            }
            steps.push(step);
            if token.is_none() {
                steps.push(Step::skipped(CREDENTIALS, "there is no token"));
                return (steps, None);
            }
        }
        let (token, mut step) = Step::measure(CREDENTIALS, || self.token_for(call));
        step.facts.push(("login", self.login_in_words()));
        if let Some(token) = &token {
            step.facts.extend(self.facts_of(token));
        }
        steps.push(step);
        (steps, token)
    }

    /// The same without asking.
    fn known_credentials(&self) -> Step {
        let mut step = Step::skipped(CREDENTIALS, "offline");
        step.facts.push(("login", self.login_in_words()));
        if let Some(token) = self.held() {
            step.facts.extend(self.facts_of(&token));
        }
        step
    }

    fn login_in_words(&self) -> String {
        match &self.core.settings.login {
            Some(Login::Password { username, .. }) => format!("user {username} with a password"),
            Some(Login::Secret(_)) => "a secret".to_owned(),
            Some(Login::Jwt(_)) => "a JWT".to_owned(),
            Some(Login::Provider(_)) => "tokens of the program's provider".to_owned(),
            Some(Login::OAuth2(client)) => format!("OAuth2 client {} at {}", client.id, client.url.shown()),
            None if self.core.settings.api_token.is_some() => "none but a token, which is never renewed".to_owned(),
            None => "none".to_owned(),
        }
    }

    fn facts_of(&self, token: &Token) -> Vec<(&'static str, String)> {
        if token.value().is_empty() {
            return vec![("token", "none is needed: REST++ authentication is off".to_owned())];
        }
        let mut facts = vec![("token", if token.value().contains('.') { "a JWT" } else { "opaque" }.to_owned())];
        if token.expires_at() != 0 {
            facts.push(("expires", format!("{}, in {} s", token.expiration(), token.expires_at() - wall_clock())));
        }
        if let Some(issued_at) = claims(token.value()).and_then(|claims| claims.issued_at) {
            facts.push(("issued", rfc3339(issued_at)));
        }
        match self.facts().unit {
            LifetimeUnit::Unknown => {}
            LifetimeUnit::Seconds => facts.push(("lifetimes are in", "seconds".to_owned())),
            LifetimeUnit::Milliseconds => facts.push(("lifetimes are in", "milliseconds".to_owned())),
        }
        facts
    }

    /// Asks REST++ for its version with the token; without one it tells whether authentication is on.
    fn look_at_database(&self, call: &Call, findings: &mut Findings) {
        let token = findings.token.take();
        let mut is_on = false;
        let ask = || match call.version_with(token.clone()) {
            Err(error) if matches!(error.status(), Status::Unauthenticated | Status::Forbidden) => {
                is_on = true;
                match &token {
                    // Without credentials a refusal is what is to be expected.
                    None => Ok(None),
                    Some(token) => Err(if self.gives_none(token, &error) { contradictory(&error) } else { error }),
                }
            }
            other => other.map(Some),
        };
        let (answer, mut step) = Step::measure(DATABASE, ask);
        findings.version = answer.flatten();
        // In the place of one that is not needed there may be one now.
        findings.token = token.map(|token| self.fast_path().filter(|_| token.value().is_empty()).unwrap_or(token));
        let has_none = findings.token.as_ref().is_none_or(|token| token.value().is_empty());
        step.facts.extend(findings.version.map(|version| ("version", version.to_string())));
        if is_on || findings.version.is_some() && has_none {
            step.facts.push(("REST++ authentication", if is_on { "on" } else { "off" }.to_owned()));
        }
        findings.steps.push(step);
    }

    /// Whether the server gave no token because none is needed, and REST++ says that one is.
    fn gives_none(&self, token: &Token, error: &Error) -> bool {
        let wants_one = matches!(error.reason(), Reason::AuthBadToken | Reason::AuthTokenExpired);
        token.value().is_empty() && wants_one && self.fast_path().is_none()
    }

    fn warn_of_clock(&self, call: &Call, last: &Call, findings: &mut Findings) {
        let Some(clock_skew) = last.clock_skew().or(call.clock_skew()) else {
            return;
        };
        if clock_skew.abs() > CLOCK_SLACK {
            let where_to = if clock_skew > 0 { "ahead of" } else { "behind" };
            let off = clock_skew.unsigned_abs();
            let warning = format!("this machine's clock is {off} s {where_to} the server's: synchronize both with NTP");
            findings.warnings.push(warning);
        }
        if let Some(server) = findings.steps.iter_mut().find(|step| step.name == DATABASE) {
            server.facts.push(("this clock minus the server's", format!("{clock_skew} s")));
        }
    }

    fn conclude(&self, findings: Findings, offline: bool) -> Report {
        // One of several servers that is not there keeps nobody from working.
        let in_steps = || findings.steps.iter().filter(|step| !is_of_several(step)).find_map(Step::failure);
        let failed = findings.blocked.as_ref().filter(|error| !was_passed(error, &findings)).or_else(in_steps);
        let failed = failed.filter(|error| !was_passed(error, &findings));
        let failure = failed.cloned().or_else(|| self.lack_of_credentials(&findings, offline));
        let verdict = match &failure {
            Some(error) => advice(error.message(), &remedy(error, &findings.steps)),
            None if offline => "Nothing was sent: these are the settings, and what is known without asking.".to_owned(),
            None => self.success(&findings),
        };
        let settings = self.core.settings.shown.clone();
        let counters = self.core.counters.now();
        Report { verdict, failure, warnings: findings.warnings, settings, steps: findings.steps, counters }
    }

    /// A server that answers, but lets nobody in without a token, and no way to get one.
    fn lack_of_credentials(&self, findings: &Findings, offline: bool) -> Option<Error> {
        let lacks = !offline && findings.token.is_none() && findings.version.is_none();
        let message = format!("the server at {} answers, but no credentials are configured", self.gateway());
        lacks.then(|| Error::new(Reason::CredentialsNone, message))
    }

    fn gateway(&self) -> &str {
        &self.node_in_use().route().gateway
    }

    fn success(&self, findings: &Findings) -> String {
        let server = match findings.version {
            Some(version) => format!("TigerGraph {version} at {}", self.gateway()),
            None => format!("the server at {}", self.gateway()),
        };
        let clock_warning = findings.warnings.iter().find(|warning| warning.starts_with("this machine's clock"));
        match (&findings.token, clock_warning) {
            (Some(token), _) if token.value().is_empty() => {
                advice(&format!("{server} needs no token: REST++ authentication is off"), Reason::AuthDisabled.hint())
            }
            (Some(_), Some(warning)) => format!("{server} takes this connection's token, but {warning}"),
            (Some(_), None) if findings.unreached > 0 => {
                let all = self.core.nodes.all().len();
                let beside = format!("no connection to {} of the {all} servers is possible", findings.unreached);
                format!("{server} takes this connection's token, but {beside}: see the warnings.")
            }
            (Some(_), None) => format!("{server} takes this connection's token: everything works."),
            (None, _) => {
                format!("{server} needs no token: REST++ authentication is off, and no credentials are configured.")
            }
        }
    }
}

/// The error for a server that contradicts itself.
fn contradictory(error: &Error) -> Error {
    let message = "the server has nothing that gives tokens, as if REST++ authentication were off, but REST++ refuses \
                   requests without one";
    let hint = "Check that host, port and base path are those of the gateway, not of REST++ alone, and the setting \
                \"server_version\" (TG_SERVER_VERSION) if there is one.";
    Error::new(Reason::MissingEndpoint, message).with_hint(hint).with_http_status(error.http_status())
}

/// Whether the way round an absent gateway, over the old port of REST++, led to the database.
fn was_passed(error: &Error, findings: &Findings) -> bool {
    is_absent(error) && findings.version.is_some()
}

fn stop_if_cancelled(call: &Call) -> Result<()> {
    match call.deadline.next_wait() {
        Err(error) if error.reason() == Reason::Cancelled => Err(error),
        _ => Ok(()),
    }
}

/// How to fix a failure; where a key was seen, with its pin to copy.
fn remedy(error: &Error, steps: &[Step]) -> String {
    // The key that another server shows, such as TigerGraph's beside a token endpoint, has nothing to do with it.
    let is_its = |step: &&Step| step.failure() == Some(error);
    let has_its = steps.iter().any(|step| is_its(&step));
    let its = steps.iter().filter(|step| !has_its || is_its(step));
    let pins = its.flat_map(|step| &step.facts).find(|(name, _)| *name == PIN);
    match (error.reason(), pins) {
        (Reason::TlsUnknownIssuer | Reason::TlsPinMismatch, Some((_, pin))) => {
            format!("{} The pin of the key it shows is {pin}.", error.hint())
        }
        _ => error.hint().to_owned(),
    }
}
