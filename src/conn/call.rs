//! One call on a connection: its time, its requests, what is tried again, and which generation it is for.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::config::Login;
use crate::conn::{Connection, Facts, Known};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::platform::clock::{boot_clock, wall_clock};
use crate::protocol::endpoint::path;
use crate::protocol::json::{Json, without_raw_breaks};
use crate::protocol::operation::{Credential, Operation};
use crate::protocol::redact::Redactor;
use crate::protocol::refusal::{self, Question};
use crate::protocol::secret::{Secret, SecretList};
use crate::protocol::version::{Generation, Version};
use crate::retry::{self, Failure, MAX_RETRIES, Policy};
use crate::token::issued::{self, Issued, Requested};
use crate::token::renewal::{Life, Schedule, expired_on_arrival};
use crate::wire::deadline::Clock;
use crate::wire::http::{self, Answer, Method, Request};

/// Longest answer to a question about one token.
const TOKEN_ANSWER: usize = 64 * 1024;
/// Longest list and longest GSQL text.
const LIST_ANSWER: usize = 1024 * 1024;

/// One request of a call, before the address of the server is put to it.
pub(super) struct Ask<'a> {
    pub operation: Operation,
    pub method: Method,
    pub server: Server,
    pub path: &'a str,
    pub query: Option<Zeroizing<String>>,
    pub login: Authorization,
    pub body: Option<(Zeroizing<Vec<u8>>, &'static str)>,
}

/// Which part of TigerGraph a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Restpp,
    Gateway,
}

/// The Authorization header of a request, and the kind of credential the request is judged by.
pub(super) struct Authorization {
    pub header: Option<Hidden>,
    pub credential: Credential,
}

impl Authorization {
    pub fn none() -> Authorization {
        Authorization { header: None, credential: Credential::Nothing }
    }

    /// No header: the secret is in the request itself.
    pub fn secret_in_body() -> Authorization {
        Authorization { header: None, credential: Credential::Secret }
    }

    pub fn basic(user: &str, password: &Hidden, credential: Credential) -> Authorization {
        Authorization { header: Some(http::basic(user, password.reveal())), credential }
    }

    pub fn bearer(token: &str) -> Authorization {
        Authorization { header: Some(Hidden::new(["Bearer ", token].concat())), credential: Credential::Bearer }
    }

    /// A secret as a login of its own, which servers take since 3.10, and their GSQL part since 4.1.
    pub fn gsql_secret(secret: &Hidden) -> Authorization {
        let header = Hidden::new(["GSQL-Secret ", secret.reveal()].concat());
        Authorization { header: Some(header), credential: Credential::Secret }
    }
}

/// The user name that stands for "the password is a secret" on GSQL servers before 4.1.
pub(super) const SECRET_USER: &str = "__GSQL__secret";

/// What every request of one call shares.
pub(super) struct Call<'a> {
    pub connection: &'a Connection,
    pub clock: Rc<Clock>,
    pub redactor: Redactor<'a>,
    /// The credential of the connection's login, as it was when the call began.
    credential: Option<Result<Arc<Hidden>>>,
    /// How often something was tried again.
    retries: Cell<u32>,
    /// Where REST++ is looked for.
    restpp: Cell<Restpp>,
    /// How many seconds this machine's clock is ahead of the server's, if an answer told its time.
    ahead: Cell<Option<i64>>,
}

/// Where a call looks for REST++, if no port was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restpp {
    /// At the gateway; if nothing is there, on its old port, once.
    Usual,
    /// On its old port, because the gateway is not there.
    OldPort,
    /// At the gateway alone: the old port was tried.
    Gateway,
}

/// An object of texts, as JSON in a buffer that is wiped.
pub(super) fn json_object(members: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // Escaping makes a text six times as long at most; a buffer that never grows leaves no copies.
    let room = members.iter().map(|(name, value)| name.len() + 6 * value.len() + 8).sum::<usize>() + 2;
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    out.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json(&mut out, name);
        out.push(b':');
        push_json(&mut out, value);
    }
    out.push(b'}');
    out
}

pub(super) fn push_json(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

pub(super) const JSON: &str = "application/json";

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let is_other = |call: &Arc<_>| !Arc::ptr_eq(call, self.clock.cancelled());
        self.connection.with_running(|running| running.retain(is_other));
    }
}

impl<'a> Call<'a> {
    pub fn new(
        connection: &'a Connection,
        clock: Clock,
        redactor: Redactor<'a>,
        credential: Option<Result<Arc<Hidden>>>,
    ) -> Call<'a> {
        let (retries, restpp) = (Cell::new(0), Cell::new(Restpp::Usual));
        Call { connection, clock: Rc::new(clock), redactor, credential, retries, restpp, ahead: Cell::new(None) }
    }
}

impl Call<'_> {
    /// The connection's login, if it has one, and its credential.
    pub fn login(&self) -> Result<Option<(&Login, Arc<Hidden>)>> {
        match (&self.connection.core.settings.login, &self.credential) {
            (Some(login), Some(credential)) => credential.clone().map(|credential| Some((login, credential))),
            _ => Ok(None),
        }
    }

    /// Sends a request and judges its answer as JSON.
    pub fn ask(&self, ask: &Ask) -> Result<()> {
        self.ask_for(ask, |_| Ok(()))
    }

    /// The same, and reads something from the answer.
    pub fn ask_for<T>(&self, ask: &Ask, read: impl Fn(&Json) -> Result<T>) -> Result<T> {
        let question = self.question(ask.operation, ask.login.credential);
        self.attempt(ask, |answer, again| match refusal::judge(&question, answer) {
            Err(error) if again && ends(ask.operation, error.reason()) => read(&Json::Object(Vec::new())),
            judged => read(&judged?),
        })
    }

    /// Sends a request for secrets and picks from those of the answer.
    pub fn ask_secrets<T>(&self, ask: &Ask, pick: impl Fn(Vec<Secret>) -> Result<T>) -> Result<T> {
        let question = self.question(ask.operation, ask.login.credential);
        self.attempt(ask, |answer, _| {
            let mut secrets = SecretList::beside(answer.body.capacity());
            let reply = refusal::judge_each(&question, answer, &mut |object| secrets.read(object))?;
            pick(secrets.finish(&reply)?)
        })
    }

    /// Sends a request for a token and reads it from the answer.
    pub fn ask_token(&self, ask: &Ask, lifetime_s: u64) -> Result<Issued> {
        let question = self.question(ask.operation, ask.login.credential);
        self.attempt(ask, |answer, _| {
            let reply = refusal::judge(&question, answer)?;
            let since = i64::try_from((boot_clock() - self.clock.began()).as_secs()).unwrap_or(0);
            let (sent_at, answered_at) = (wall_clock() - since, answer.date);
            issued::from_reply(&reply, Requested { lifetime_s, sent_at, answered_at })
        })
    }

    /// A token that is dead on arrival is none, if the server's own clock says so.
    pub fn refuse_dead(&self, issued: Issued) -> Result<Issued> {
        let life = Life { began: self.clock.began(), lifetime: issued.lifetime, asked: None };
        if issued.by_servers_clock && Schedule::new(life, None, 1.0).dead <= boot_clock() {
            return Err(expired_on_arrival());
        }
        Ok(issued)
    }

    /// Sends a request, and sends it again as the table of retries has it. `judge` reads the answer; its
    /// second argument tells whether an earlier attempt may have been carried out.
    pub fn attempt<T>(&self, ask: &Ask, judge: impl Fn(&Answer, bool) -> Result<T>) -> Result<T> {
        let budget = &self.connection.core.budget;
        let (mut may_be_done, mut told) = (false, None);
        loop {
            let outcome = self.send(ask).and_then(|answer| {
                let judged = judge(&answer, may_be_done);
                judged.map_err(|error| match error.http_status() {
                    0 => error.with_http_status(answer.status),
                    _ if error.reason() == Reason::MissingEndpoint => error.about(&self.url(ask)),
                    _ => error,
                })
            });
            let Err(error) = outcome else {
                budget.earn();
                return outcome;
            };
            let Some((failure, wait)) = self.again(ask.operation, &error) else {
                // What the server said before says more than that there was no time to ask it again.
                let out_of_time = error.status() == Status::Timeout;
                return Err(told.filter(|_| out_of_time).unwrap_or(error));
            };
            told = Some(&error).filter(|error| error.is_answer()).cloned().or(told);
            may_be_done |= failure.may_be_done();
            self.connection.log(Level::Info, || {
                format!("{} failed ({}); trying again in {} ms", ask.path, error.reason().id(), wait.as_millis())
            });
            self.clock.sleep(wait)?;
        }
    }

    /// Where a request goes, without its query.
    fn url(&self, ask: &Ask) -> String {
        let route = &self.connection.core.settings.route;
        let base = match ask.server {
            Server::Gateway => &route.gateway,
            Server::Restpp => &route.restpp,
        };
        format!("{base}{}", ask.path)
    }

    /// How a request failed and how long to wait before it is tried again, if it is.
    fn again(&self, operation: Operation, error: &Error) -> Option<(Failure, Duration)> {
        let failure = Failure::of(error, self.clock.has_sent())?;
        let retries = self.retries.get();
        if retries >= MAX_RETRIES.min(Policy::of(operation).retries(failure)) {
            return None;
        }
        let wait = retry::wait(failure, error, retries, self.clock.left_in_call())?;
        if !self.connection.core.budget.spend(failure) {
            return None;
        }
        self.retries.set(retries + 1);
        Some((failure, wait))
    }

    /// How many seconds this machine's clock is ahead of the server's, if an answer told its time.
    pub fn ahead(&self) -> Option<i64> {
        self.ahead.get()
    }

    pub fn question(&self, operation: Operation, credential: Credential) -> Question<'_> {
        Question { operation, credential, redactor: &self.redactor }
    }

    /// Sends one request; tries REST++ on its old port once, if no port was given and the gateway is not there.
    fn send(&self, ask: &Ask) -> Result<Answer> {
        let route = &self.connection.core.settings.route;
        let Some(old_port) = route.restpp_fallback.as_ref().filter(|_| ask.server == Server::Restpp) else {
            return self.exchange(ask, if ask.server == Server::Restpp { &route.restpp } else { &route.gateway });
        };
        if self.connection.facts().on_old_port {
            return self.exchange(ask, old_port);
        }
        let at_gateway = match self.restpp.get() {
            Restpp::OldPort => None,
            Restpp::Usual | Restpp::Gateway => match self.exchange(ask, &route.restpp) {
                Err(error) if is_absent(&error) && self.restpp.get() == Restpp::Usual => Some(error),
                other => return other,
            },
        };
        self.restpp.set(Restpp::Gateway);
        let answer = self.exchange(ask, old_port).map_err(|error| at_gateway.unwrap_or(error))?;
        self.connection.learn(|facts| Facts { on_old_port: true, ..facts });
        Ok(answer)
    }

    /// Runs an operation on tokens for the server's generation. Where the gateway's default port is not
    /// there, a server before 4.1 may still serve REST++ on its old port.
    pub fn for_tokens<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        match self.by_generation(&run) {
            Err(error) if is_absent(&error) && self.may_be_on_old_port() => {
                self.restpp.set(Restpp::OldPort);
                run(Known::Legacy).map_err(|also| if is_absent(&also) { error } else { also })
            }
            other => other,
        }
    }

    fn may_be_on_old_port(&self) -> bool {
        let no_port_given = self.connection.core.settings.route.restpp_fallback.is_some();
        no_port_given && self.restpp.get() == Restpp::Usual && self.connection.facts().known == Known::Nothing
    }

    fn exchange(&self, ask: &Ask, base: &str) -> Result<Answer> {
        let query = ask.query.as_deref().map_or("", String::as_str);
        let mark = if query.is_empty() { "" } else { "?" };
        let request = Request {
            method: ask.method,
            url: Hidden::new([base, ask.path, mark, query].concat()),
            authorization: ask.login.header.as_ref(),
            body: ask.body.as_ref().map(|(body, content_type)| (body.as_slice(), *content_type)),
            limit: if ask.operation.lists() { LIST_ANSWER } else { TOKEN_ANSWER },
            once: Policy::of(ask.operation).is_once(),
        };
        let started = boot_clock();
        let mut outcome = self.connection.core.http.exchange(&request, &self.clock);
        if let (Operation::Version, Ok(answer)) = (ask.operation, &mut outcome) {
            without_raw_breaks(&mut answer.body);
        }
        if let Some(time) = outcome.as_ref().ok().and_then(|answer| answer.date) {
            self.ahead.set(Some(wall_clock() - time));
        }
        self.connection.log(Level::Debug, || {
            let what = match &outcome {
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.reason().id().to_owned(),
            };
            let took = (boot_clock() - started).as_millis();
            format!("{} {} {what} {took} ms", ask.method.name(), ask.path)
        });
        let named = |error: Error| self.name_server(error, base);
        outcome.map_err(named)
    }

    /// Errors of the network name the server they are about.
    fn name_server(&self, error: Error, base: &str) -> Error {
        match error.status() {
            Status::Connect | Status::Timeout | Status::Tls | Status::Protocol => error.about(base),
            _ => error,
        }
    }

    /// The server's generation: known, or found with one request that carries no credential, however many
    /// threads ask together. The second value tells whether it was found just now.
    pub fn generation(&self) -> Result<(Known, bool)> {
        let connection = self.connection;
        let detection = connection.core.detection.get();
        let mut running = detection.running.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let known = connection.facts().known;
            if known != Known::Nothing {
                return Ok((known, false));
            }
            // A log callback that calls the library must not wait for the call it interrupts.
            let own = std::thread::current().id();
            if running.is_none_or(|thread| thread == own) {
                break;
            }
            self.clock.wait_for_answer();
            let waited = detection.ended.wait_timeout(running, self.clock.left()?);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *running = Some(std::thread::current().id());
        drop(running);
        let _ended = Ended(&detection);
        let found = self.detect()?;
        connection.learn(|facts| Facts { known: found, ..facts });
        connection.log(Level::Info, || format!("the server is of generation {}", found.letter()));
        Ok((found, true))
    }

    /// Asks an endpoint that only 4.1 and later have. The check of an empty token needs no privilege
    /// and changes nothing.
    fn detect(&self) -> Result<Known> {
        let reply = self.ask(&Ask {
            operation: Operation::Detect,
            method: Method::Post,
            server: Server::Gateway,
            path: path::TOKENS_CHECK,
            query: None,
            login: Authorization::none(),
            body: Some((json_object(&[("token", "")]), JSON)),
        });
        match reply {
            Ok(_) => Ok(Known::Exactly(Generation::C)),
            Err(error) if error.reason() == Reason::MissingEndpoint => Ok(Known::Legacy),
            // A broken answer, a page, a redirect or a limit says nothing about the server behind it.
            Err(error) if !error.is_answer() || error.http_status() >= 500 => Err(error),
            Err(error) if error.status() == Status::Unavailable => Err(error),
            Err(_) => Ok(Known::Exactly(Generation::C)),
        }
    }

    /// Runs an operation for the server's generation. If the server no longer has the endpoint,
    /// it may have been replaced by one of another generation: asked again, once.
    pub fn by_generation<T>(&self, run: impl Fn(Known) -> Result<T>) -> Result<T> {
        let (known, fresh) = self.generation()?;
        match run(known) {
            Err(error) if error.reason() == Reason::MissingEndpoint && !fresh && !self.is_told() => {
                self.connection.learn(|facts| Facts { known: Known::Nothing, ..facts });
                match self.generation()?.0 {
                    found if found.is_rest() == known.is_rest() => Err(error),
                    found => run(found),
                }
            }
            other => other,
        }
    }

    /// Whether the caller told the generation, by the server's version.
    fn is_told(&self) -> bool {
        self.connection.core.settings.version.and_then(Version::generation).is_some()
    }
}

/// Ends a detection, however it went.
struct Ended<'a>(&'a crate::conn::Detection);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.ended.notify_all();
    }
}

/// Whether "there is no such thing" is what a request was to bring about, so that an earlier attempt did.
fn ends(operation: Operation, reason: Reason) -> bool {
    matches!(
        (operation, reason),
        (Operation::DeleteToken, Reason::MissingToken) | (Operation::DropSecrets, Reason::MissingSecret)
    )
}

/// Whether nothing is there at all, so that another port may be tried.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error.reason(), Reason::ConnectRefused | Reason::ConnectUnreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_by_a_serializer() {
        let body = json_object(&[("secret", "a\"b\\c\n"), ("graph", "G")]);
        assert_eq!(std::str::from_utf8(&body).unwrap(), r#"{"secret":"a\"b\\c\n","graph":"G"}"#);
        assert_eq!(json_object(&[]).as_slice(), b"{}");
    }

    #[test]
    fn logins_are_written_as_the_server_wants_them() {
        let login = Authorization::basic("Aladdin", &Hidden::new("open sesame"), Credential::Password);
        assert_eq!(login.header.unwrap().reveal(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
