//! One call on a connection: its time, its requests, what is tried again, and which generation it is for.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::config::credential::Credential;
use crate::config::settings::Login;
use crate::conn::counters::Counter;
use crate::conn::request::{Ask, Server};
use crate::conn::retry::{self, Failure, MAX_RETRIES, Policy};
use crate::conn::running::Running;
use crate::conn::turn::Turn;
use crate::conn::{Connection, Facts};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, pair};
use crate::log::Level;
use crate::platform::clock::{boot_clock, wall_clock};
use crate::protocol::endpoint::WRONG_ADDRESS;
use crate::protocol::json::{Json, without_raw_breaks};
use crate::protocol::operation::{Credential::Bearer, Operation};
use crate::protocol::redact::Redactor;
use crate::protocol::refusal::{self, Question};
use crate::protocol::secret::{Secret, SecretList};
use crate::token::issued::{self, Issued, Requested};
use crate::token::renewal::{Life, Schedule, expired_on_arrival};
use crate::token::token::Token;
use crate::wire::deadline::Deadline;
use crate::wire::http::{Answer, Http, Request};

/// What to do where the server does not take a token that it has not issued.
const TOKEN_OF_OTHERS: &str = "Check that the server is configured to accept tokens of this issuer, and that the token is \
                               made for it (issuer, audience, user, signature).";
/// Longest answer to a question about one token.
const TOKEN_ANSWER: usize = 64 * 1024;
/// Longest list and longest GSQL text.
const LIST_ANSWER: usize = 1024 * 1024;

/// What every request of one call shares.
pub(super) struct Call<'a> {
    pub connection: &'a Connection,
    /// Ends with the call, which cannot be cancelled any more then.
    running: Running<'a>,
    pub deadline: Rc<Deadline>,
    pub redactor: Redactor<'a>,
    /// The credential of the connection's login, once it was needed.
    credential: RefCell<Option<Result<Arc<Hidden>>>>,
    /// That of a login from elsewhere.
    pub login_token: RefCell<LoginToken>,
    /// How often something was tried again.
    retries: Cell<u32>,
    /// Which server it asks.
    pub turn: Turn,
    /// What a server may have carried out without having told so.
    may_be_done: Cell<Option<Operation>>,
    /// Where REST++ is looked for.
    restpp: Cell<Restpp>,
    /// How many seconds this machine's clock is ahead of the server's, if an answer told its time.
    clock_skew: Cell<Option<i64>>,
}

/// The token that a call logs in with, for a login from elsewhere.
#[derive(Default)]
pub(super) enum LoginToken {
    /// None was needed yet.
    #[default]
    None,
    /// This one was sent, and not refused so far.
    Sent(Arc<Token>),
    /// The server refused this one.
    Refused(Arc<Token>),
    /// One was replaced, which happens once in a call.
    Replaced,
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
        let turn = Turn::new(&connection.core.nodes);
        Call {
            connection,
            running,
            deadline: Rc::new(deadline),
            redactor,
            credential: RefCell::default(),
            login_token: RefCell::default(),
            retries,
            turn,
            may_be_done: Cell::new(None),
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
        let known = self.credential.borrow().clone();
        let credential = known.unwrap_or_else(|| {
            let credential = match login.credential() {
                Some(credential) => self.read(login, credential),
                None => self.token_to_log_in_with(),
            };
            self.credential.replace(Some(credential.clone()));
            credential
        });
        credential.map(|credential| Some((login, credential)))
    }

    fn read(&self, login: &Login, credential: &Credential) -> Result<Arc<Hidden>> {
        let read = credential.read()?;
        // The redactor has what was held when the call began; a file may hold another one now.
        if credential.is_file() {
            self.redactor.add(read.clone());
            if let Login::Password { username, .. } = login {
                self.redactor.add(Arc::new(Hidden::new(&*pair(username, read.reveal()))));
            }
        }
        Ok(read)
    }

    /// Another credential is wanted.
    pub fn forget_credential(&self) {
        self.credential.replace(None);
    }

    /// What cancels this call.
    pub fn cancel_flag(&self) -> &Arc<AtomicBool> {
        self.running.flag()
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
            self.connection.count(Counter::Tokens);
            issued.token.set_urls(&self.connection.urls_of(self.node()));
            if !self.node().facts().has_issued {
                self.node().learn(|facts| Facts { has_issued: true, ..facts });
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
        let mut before = self.attempts_before(ask);
        loop {
            let outcome = self.send(ask).and_then(|answer| {
                self.judge_login_token(ask, &answer);
                let status = answer.status;
                read(answer, before.may_be_done).map_err(|error| self.with_place(error, status, ask))
            });
            match outcome {
                Err(error) => self.wait_for_next(ask, error, &mut before)?,
                found => {
                    self.connection.core.budget.earn();
                    return found;
                }
            }
        }
    }

    /// What is known as the first attempt begins: another server may have carried it out, before it was gone.
    fn attempts_before(&self, ask: &Ask) -> Before {
        let may_be_done = self.may_be_done.get() == Some(ask.operation);
        if may_be_done {
            self.may_be_done.set(None);
        }
        Before { may_be_done, told: None }
    }

    /// The error of an answer, with where it came from, and with what to do about a token of somebody else's.
    fn with_place(&self, error: Error, status: u16, ask: &Ask) -> Error {
        let is_token = ask.login.credential == Bearer;
        match (error.http_status(), error.reason()) {
            (0, _) => error.with_http_status(status),
            (_, Reason::MissingEndpoint) => error.about(&self.url(ask)),
            (_, Reason::AuthBadToken) if is_token && self.connection.has_token_of_others() => {
                error.with_hint(TOKEN_OF_OTHERS)
            }
            _ => error,
        }
    }

    /// Waits until the request may be sent again, or fails if it may not.
    fn wait_for_next(&self, ask: &Ask, error: Error, before: &mut Before) -> Result<()> {
        let Some((failure, wait)) = self.next_retry(ask.operation, &error) else {
            // What the server said before says more than that there was no time to ask it again.
            let out_of_time = error.status() == Status::Timeout;
            if before.may_be_done && !error.is_answer() {
                self.may_be_done.set(Some(ask.operation));
            }
            return Err(before.told.take().filter(|_| out_of_time).unwrap_or(error));
        };
        before.may_be_done |= failure.may_be_done();
        self.connection.log(Level::Info, || {
            let (shown, reason, ms) = (ask.shown(), error.reason().id(), wait.as_millis());
            let server = self.at_server(self.node().base(ask.server));
            format!("{shown}{server} failed ({reason}); trying again in {ms} ms")
        });
        if error.is_answer() {
            before.told = Some(error);
        }
        self.deadline.sleep(wait)
    }

    /// Where this call looks for REST++ from now on.
    pub fn look_for_restpp(&self, place: Restpp) {
        self.restpp.set(place);
    }

    /// The same for another server.
    pub fn look_for_restpp_as_usual(&self) {
        self.restpp.set(Restpp::Usual);
    }

    /// Whether this call looks for REST++ where it usually is.
    pub fn is_restpp_usual(&self) -> bool {
        self.restpp.get() == Restpp::Usual
    }

    /// Where a request goes, without its query.
    fn url(&self, ask: &Ask) -> String {
        format!("{}{}", self.node().base(ask.server), ask.path)
    }

    /// Fails where the address is that of REST++ alone, and nobody knows where the gateway is.
    pub fn require_gateway(&self) -> Result<()> {
        let alone = self.node().route().alone.as_ref();
        if self.node().facts().alone && alone.is_some_and(|alone| alone.gateway.is_none()) {
            let message =
                format!("the server at {} is REST++ alone, not the gateway", self.node().base(Server::Gateway));
            return Err(Error::new(Reason::MissingEndpoint, message).with_hint(WRONG_ADDRESS));
        }
        Ok(())
    }

    /// How a request failed and how long to wait before it is tried again, if it is.
    pub(super) fn next_retry(&self, operation: Operation, error: &Error) -> Option<(Failure, Duration)> {
        let failure = Failure::of(error, self.deadline.has_sent())?;
        // Another server of the list is asked instead.
        if failure == Failure::Before && error.never_connected() && self.has_others() {
            return None;
        }
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
        let usual = self.node().base(ask.server).to_owned();
        self.node().learn(learned);
        self.connection.log(Level::Warn, || format!("nothing is at {usual}, so {base} is used"));
        outcome
    }

    /// Where requests go when nothing is where they usually go, and how that is remembered.
    fn detour(&self, server: Server) -> Option<Detour> {
        let facts = self.node().facts();
        let given = self.node().given_route();
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
        let route = self.node().route();
        let Some(old_port) = route.restpp_fallback.as_ref().filter(|_| ask.server == Server::Restpp) else {
            return self.exchange(ask, self.node().base(ask.server));
        };
        if self.node().facts().on_old_port {
            return match self.exchange(ask, old_port) {
                Err(error) if is_absent(&error) => {
                    self.node().learn(|facts| Facts { on_old_port: false, ..facts });
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
        self.node().learn(|facts| Facts { on_old_port: true, ..facts });
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
        self.share_time();
        let mut outcome = self.carry(&*self.connection.core.http, &request, || {
            format!("{} {}{}", ask.method.name(), ask.shown(), self.at_server(base))
        });
        if let (Operation::Version, Ok(answer)) = (ask.operation, &mut outcome) {
            without_raw_breaks(&mut answer.body);
        }
        if let Some(time) = outcome.as_ref().ok().and_then(|answer| answer.date) {
            self.clock_skew.set(Some(wall_clock() - time));
        }
        if outcome.is_ok() {
            self.has_answer();
        }
        let named = |error: Error| self.name_server(error, base);
        if outcome.is_ok() && self.node().facts().on_old_port && !self.is_old_port(base) {
            // The gateway is there again.
            self.node().learn(|facts| Facts { on_old_port: false, ..facts });
        }
        outcome.map_err(named)
    }

    /// Sends one request and gets its answer, which the log and the counters tell of. `shown`: the request in the log.
    pub(super) fn carry(&self, http: &dyn Http, request: &Request, shown: impl FnOnce() -> String) -> Result<Answer> {
        let started = boot_clock();
        let outcome = http.exchange(request, &self.deadline);
        self.connection.log(Level::Debug, || {
            let what = match &outcome {
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.reason().id().to_owned(),
            };
            format!("{} {what} {} ms", shown(), (boot_clock() - started).as_millis())
        });
        if self.deadline.has_sent() {
            self.connection.count(Counter::Requests);
        }
        outcome
    }

    fn is_old_port(&self, base: &str) -> bool {
        self.node().route().restpp_fallback.as_deref() == Some(base)
    }

    /// Errors of the network name the server they are about.
    fn name_server(&self, error: Error, base: &str) -> Error {
        match error.status() {
            Status::Tls => self.without_credentials(error).about(base),
            Status::Connect | Status::Timeout if !self.deadline.has_sent() => error.about(base).with_never_connected(),
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

/// What earlier attempts at a request have brought.
struct Before {
    /// One of them may have been carried out.
    may_be_done: bool,
    /// What the server said to the last one that it answered.
    told: Option<Error>,
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
