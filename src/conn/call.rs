//! One call on a connection: its time, its requests, what is tried again, and which generation it is for.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::config::settings::Login;
use crate::conn::request::{Ask, Server};
use crate::conn::retry::{self, Failure, MAX_RETRIES, Policy};
use crate::conn::running::Running;
use crate::conn::{Connection, Facts};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, pair};
use crate::log::Level;
use crate::platform::clock::{boot_clock, wall_clock};
use crate::protocol::endpoint::WRONG_ADDRESS;
use crate::protocol::json::{Json, without_raw_breaks};
use crate::protocol::operation::Operation;
use crate::protocol::redact::Redactor;
use crate::protocol::refusal::{self, Question};
use crate::protocol::secret::{Secret, SecretList};
use crate::token::issued::{self, Issued, Requested};
use crate::token::renewal::{Life, Schedule, expired_on_arrival};
use crate::wire::deadline::Deadline;
use crate::wire::http::{Answer, Request};

/// Longest answer to a question about one token.
const TOKEN_ANSWER: usize = 64 * 1024;
/// Longest list and longest GSQL text.
const LIST_ANSWER: usize = 1024 * 1024;

/// What every request of one call shares.
pub(super) struct Call<'a> {
    pub connection: &'a Connection,
    /// Ends with the call, which cannot be cancelled any more then.
    _running: Running<'a>,
    pub deadline: Rc<Deadline>,
    pub redactor: Redactor<'a>,
    /// The credential of the connection's login, once it was needed.
    credential: OnceCell<Result<Arc<Hidden>>>,
    /// How often something was tried again.
    retries: Cell<u32>,
    /// Where REST++ is looked for.
    restpp: Cell<Restpp>,
    /// How many seconds this machine's clock is ahead of the server's, if an answer told its time.
    clock_skew: Cell<Option<i64>>,
}

/// Where a call looks for REST++, if no port was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restpp {
    /// At the gateway; if nothing is there, on its old port, once.
    Usual,
    /// On its old port, because the gateway is not there.
    OldPort,
    /// At the gateway alone: the old port was tried.
    Gateway,
}

impl<'a> Call<'a> {
    pub fn new(
        connection: &'a Connection,
        running: Running<'a>,
        deadline: Deadline,
        redactor: Redactor<'a>,
    ) -> Call<'a> {
        let (retries, restpp) = (Cell::new(0), Cell::new(Restpp::Usual));
        Call {
            connection,
            _running: running,
            deadline: Rc::new(deadline),
            redactor,
            credential: OnceCell::new(),
            retries,
            restpp,
            clock_skew: Cell::new(None),
        }
    }
}

impl Call<'_> {
    /// The connection's login, if it has one, and its credential.
    pub fn login(&self) -> Result<Option<(&Login, Arc<Hidden>)>> {
        let Some(login) = &self.connection.core.settings.login else {
            return Ok(None);
        };
        let credential = self.credential.get_or_init(|| {
            let read = login.credential().read()?;
            // The redactor has what was held when the call began; a file may hold another one now.
            if login.credential().is_file() {
                self.redactor.add(read.clone());
                if let Login::Password { username, .. } = login {
                    self.redactor.add(Arc::new(Hidden::new(&*pair(username, read.reveal()))));
                }
            }
            Ok(read)
        });
        credential.clone().map(|credential| Some((login, credential)))
    }

    /// Sends a request and reads its answer as JSON.
    pub fn ask(&self, ask: &Ask) -> Result<()> {
        self.ask_for(ask, |_| Ok(()))
    }

    /// The same, and reads something from the answer.
    pub fn ask_for<T>(&self, ask: &Ask, read: impl Fn(&Json) -> Result<T>) -> Result<T> {
        let question = self.question(ask);
        self.attempt(ask, |answer, may_be_done| match refusal::read_reply(&question, &answer) {
            Err(error) if may_be_done && ends(ask.operation, error.reason()) => read(&Json::Object(Vec::new())),
            reply => read(&reply?),
        })
    }

    /// Sends a request for secrets and picks from those of the answer.
    pub fn ask_secrets<T>(&self, ask: &Ask, pick: impl Fn(Vec<Secret>) -> Result<T>) -> Result<T> {
        let question = self.question(ask);
        self.attempt(ask, |answer, _| {
            let mut secrets = SecretList::beside(answer.body.capacity());
            let reply = refusal::read_list_reply(&question, &answer, &mut |object| secrets.read(object))?;
            pick(secrets.finish(&reply)?)
        })
    }

    /// Sends a request for a token and reads it from the answer.
    pub fn ask_token(&self, ask: &Ask, lifetime_s: u64) -> Result<Issued> {
        let question = self.question(ask);
        self.attempt(ask, |answer, _| {
            let reply = refusal::read_reply(&question, &answer)?;
            let since = i64::try_from((boot_clock() - self.deadline.began()).as_secs()).unwrap_or(0);
            let (sent_at, answered_at) = (wall_clock() - since, answer.date);
            let issued = issued::from_reply(&reply, Requested { lifetime_s, sent_at, answered_at })?;
            issued.token.set_urls(&self.connection.urls());
            if !self.connection.facts().has_issued {
                self.connection.learn(|facts| Facts { has_issued: true, ..facts });
            }
            Ok(issued)
        })
    }

    /// A token that is dead on arrival is none, if the server's own clock says so.
    pub fn refuse_dead(&self, issued: Issued) -> Result<Issued> {
        let life = Life { began: self.deadline.began(), lifetime: issued.lifetime, asked: None };
        if issued.by_servers_clock && Schedule::new(life, None, 1.0).dead <= boot_clock() {
            return Err(expired_on_arrival());
        }
        Ok(issued)
    }

    /// Sends a request, and sends it again as the table of retries has it. `read` reads the answer; its
    /// second argument tells whether an earlier attempt may have been carried out.
    pub fn attempt<T>(&self, ask: &Ask, read: impl Fn(Answer, bool) -> Result<T>) -> Result<T> {
        let budget = &self.connection.core.budget;
        let (mut may_be_done, mut told) = (false, None);
        loop {
            let outcome = self.send(ask).and_then(|answer| {
                let status = answer.status;
                let reply = read(answer, may_be_done);
                reply.map_err(|error| match error.http_status() {
                    0 => error.with_http_status(status),
                    _ if error.reason() == Reason::MissingEndpoint => error.about(&self.url(ask)),
                    _ => error,
                })
            });
            let Err(error) = outcome else {
                budget.earn();
                return outcome;
            };
            let Some((failure, wait)) = self.next_retry(ask.operation, &error) else {
                // What the server said before says more than that there was no time to ask it again.
                let out_of_time = error.status() == Status::Timeout;
                return Err(told.filter(|_| out_of_time).unwrap_or(error));
            };
            told = Some(&error).filter(|error| error.is_answer()).cloned().or(told);
            may_be_done |= failure.may_be_done();
            self.connection.log(Level::Info, || {
                format!("{} failed ({}); trying again in {} ms", ask.shown(), error.reason().id(), wait.as_millis())
            });
            self.deadline.sleep(wait)?;
        }
    }

    /// Where this call looks for REST++ from now on.
    pub fn look_for_restpp(&self, place: Restpp) {
        self.restpp.set(place);
    }

    /// Whether this call looks for REST++ where it usually is.
    pub fn is_restpp_usual(&self) -> bool {
        self.restpp.get() == Restpp::Usual
    }

    /// Where a request goes, without its query.
    fn url(&self, ask: &Ask) -> String {
        format!("{}{}", self.connection.base(ask.server), ask.path)
    }

    /// Fails where the address is that of REST++ alone, and nobody knows where the gateway is.
    pub fn require_gateway(&self) -> Result<()> {
        let alone = self.connection.route().alone.as_ref();
        if self.connection.facts().alone && alone.is_some_and(|alone| alone.gateway.is_none()) {
            let message =
                format!("the server at {} is REST++ alone, not the gateway", self.connection.base(Server::Gateway));
            return Err(Error::new(Reason::MissingEndpoint, message).with_hint(WRONG_ADDRESS));
        }
        Ok(())
    }

    /// How a request failed and how long to wait before it is tried again, if it is.
    fn next_retry(&self, operation: Operation, error: &Error) -> Option<(Failure, Duration)> {
        let failure = Failure::of(error, self.deadline.has_sent())?;
        let retries = self.retries.get();
        if retries >= MAX_RETRIES.min(Policy::of(operation).retries(failure)) {
            return None;
        }
        let wait = retry::wait(failure, error, retries, self.deadline.left_in_call())?;
        if !self.connection.core.budget.spend(failure) {
            return None;
        }
        self.retries.set(retries + 1);
        Some((failure, wait))
    }

    /// How many seconds this machine's clock is ahead of the server's, if an answer told its time.
    pub fn clock_skew(&self) -> Option<i64> {
        self.clock_skew.get()
    }

    pub fn question<'q>(&'q self, ask: &Ask<'q>) -> Question<'q> {
        let Ask { operation, path, .. } = *ask;
        Question { operation, path, credential: ask.login.credential, redactor: &self.redactor }
    }

    /// Sends one request. Where nothing is at the port that a variable is taken to mean, where it leads otherwise.
    fn send(&self, ask: &Ask) -> Result<Answer> {
        let absent = match self.send_by_route(ask) {
            Err(error) if is_absent(&error) => error,
            other => return other,
        };
        let Some(Detour { base, learned }) = self.detour(ask.server) else {
            return Err(absent);
        };
        let outcome = self.exchange(ask, &base);
        if outcome.as_ref().is_err_and(is_absent) {
            return Err(absent);
        }
        let usual = self.connection.base(ask.server).to_owned();
        self.connection.learn(learned);
        self.connection.log(Level::Warn, || format!("nothing is at {usual}, so {base} is used"));
        outcome
    }

    /// Where requests go when nothing is where they usually go, and how that is remembered.
    fn detour(&self, server: Server) -> Option<Detour> {
        let facts = self.connection.facts();
        let given = &self.connection.core.settings.route;
        if let Some(written) = &given.as_written {
            let other = if facts.as_written { given } else { written };
            let base = if server == Server::Restpp { &other.restpp } else { &other.gateway };
            let learned = |facts: Facts| Facts { as_written: !facts.as_written, ..facts };
            return Some(Detour { base: base.clone(), learned });
        }
        let is_gone = server == Server::Restpp && facts.known.is_rest() && !facts.restpp_by_gateway;
        let by_gateway = given.restpp_by_gateway.as_ref().filter(|_| is_gone)?;
        Some(Detour { base: by_gateway.clone(), learned: |facts| Facts { restpp_by_gateway: true, ..facts } })
    }

    /// Tries REST++ on its old port once, if no port was given and the gateway is not there.
    fn send_by_route(&self, ask: &Ask) -> Result<Answer> {
        let route = self.connection.route();
        let Some(old_port) = route.restpp_fallback.as_ref().filter(|_| ask.server == Server::Restpp) else {
            return self.exchange(ask, self.connection.base(ask.server));
        };
        if self.connection.facts().on_old_port {
            return match self.exchange(ask, old_port) {
                Err(error) if is_absent(&error) => {
                    self.connection.learn(|facts| Facts { on_old_port: false, ..facts });
                    self.exchange(ask, &route.restpp)
                }
                other => other,
            };
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

    fn exchange(&self, ask: &Ask, base: &str) -> Result<Answer> {
        let query = ask.query.as_deref().map_or("", String::as_str);
        let mark = if query.is_empty() { "" } else { "?" };
        let callers = ask.callers;
        let own_body = || ask.body.as_ref().map(|(body, content_type)| (body.as_slice(), *content_type));
        let own_limit = if ask.operation.lists() { LIST_ANSWER } else { TOKEN_ANSWER };
        let request = Request {
            method: ask.method,
            url: Hidden::new([base, ask.path, mark, query].concat()),
            authorization: ask.login.header.as_ref(),
            fields: callers.map_or(&[], |request| &request.fields),
            body: callers.map_or_else(own_body, |request| request.body),
            limit: callers.map_or(own_limit, |request| request.limit),
            wants_fields: callers.is_some(),
            // What only reads may meet a connection that the server is just giving up.
            once: Policy::of(ask.operation).is_once() && !ask.method.is_read(),
        };
        let started = boot_clock();
        let mut outcome = self.connection.core.http.exchange(&request, &self.deadline);
        if let (Operation::Version, Ok(answer)) = (ask.operation, &mut outcome) {
            without_raw_breaks(&mut answer.body);
        }
        if let Some(time) = outcome.as_ref().ok().and_then(|answer| answer.date) {
            self.clock_skew.set(Some(wall_clock() - time));
        }
        self.connection.log(Level::Debug, || {
            let what = match &outcome {
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.reason().id().to_owned(),
            };
            let took = (boot_clock() - started).as_millis();
            format!("{} {} {what} {took} ms", ask.method.name(), ask.shown())
        });
        let named = |error: Error| self.name_server(error, base);
        if outcome.is_ok() && self.connection.facts().on_old_port && !self.is_old_port(base) {
            // The gateway is there again.
            self.connection.learn(|facts| Facts { on_old_port: false, ..facts });
        }
        outcome.map_err(named)
    }

    fn is_old_port(&self, base: &str) -> bool {
        self.connection.route().restpp_fallback.as_deref() == Some(base)
    }

    /// Errors of the network name the server they are about.
    fn name_server(&self, error: Error, base: &str) -> Error {
        match error.status() {
            Status::Tls => self.without_credentials(error).about(base),
            Status::Connect | Status::Timeout | Status::Protocol => error.about(base),
            _ => error,
        }
    }

    /// The error without what this call knows to be a credential: a server may have put one into its certificate.
    pub(super) fn without_credentials(&self, error: Error) -> Error {
        let [message, hint] = [error.message(), error.hint()].map(|text| self.redactor.hide_known(text).to_string());
        error.with_message(message).with_hint(hint)
    }
}

/// Where a request goes when nothing is where it usually goes.
struct Detour {
    base: String,
    /// How that is remembered.
    learned: fn(Facts) -> Facts,
}

/// Whether "there is no such thing" is what a request was to bring about, so that an earlier attempt did.
fn ends(operation: Operation, reason: Reason) -> bool {
    matches!(
        (operation, reason),
        (Operation::DeleteToken, Reason::MissingToken) | (Operation::DropSecrets, Reason::MissingSecret)
    )
}

/// Whether no connection to any address was possible, so that another port may be tried.
pub(super) fn is_absent(error: &Error) -> bool {
    match error.reason() {
        Reason::ConnectRefused | Reason::ConnectUnreachable => true,
        // Not where threads to look names up are lacking.
        Reason::ConnectResource => error.transient(),
        _ => false,
    }
}
