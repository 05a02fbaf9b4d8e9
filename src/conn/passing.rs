//! From one server to the next: where no connection to a server is possible, its call goes on with another one.

use crate::conn::call::{Call, is_absent};
use crate::conn::nodes::{Node, Nodes, Tried};
use crate::conn::request::{Ask, Server};
use crate::error::{Error, Result, Status};
use crate::log::Level;
use crate::wire::http::Answer;

impl Call<'_> {
    fn nodes(&self) -> &Nodes {
        &self.connection.core.nodes
    }

    /// The server that this call asks.
    pub fn node(&self) -> &Node {
        self.nodes().get(self.turn.number.get())
    }

    /// Asks this one from now on.
    pub fn turn_to(&self, number: usize) {
        self.turn.turn_to(number, self.nodes());
    }

    /// Runs an operation with the server in use. Where no connection to it is possible, the next one is asked; never
    /// after a byte of the request was written.
    pub fn on_a_server<T>(&self, run: &dyn Fn() -> Result<T>) -> Result<T> {
        self.begin_operation();
        loop {
            match run() {
                Err(error) if self.goes_on_after(&error) => {}
                Err(error) => return Err(self.failed(error)),
                found => {
                    self.end_operation();
                    return found;
                }
            }
        }
    }

    /// The same for one request.
    pub fn attempt_on_a_server<T>(&self, ask: &Ask, read: impl Fn(Answer, bool) -> Result<T>) -> Result<T> {
        self.on_a_server(&|| self.attempt(ask, &read))
    }

    /// Fails where another call found, since this one turned to the server, that no connection to it is possible.
    pub fn check_left_alone(&self) -> Result<()> {
        let Some(error) = self.has_failed_meanwhile().filter(|_| self.has_others()) else {
            return Ok(());
        };
        self.deadline.nothing_sent();
        Err(error)
    }

    /// Whether there is another server to go to that is not left alone.
    pub fn has_others(&self) -> bool {
        !self.nodes().is_one() && self.nodes().count_fit(self.with_own()) > 0
    }

    /// A request begins: what time connecting has, so that the other servers have some as well.
    pub fn share_time(&self) {
        if self.nodes().is_one() {
            return;
        }
        let tried = self.with_own();
        // Those that are left alone come last, and only where all are.
        let count = if self.node().is_left_alone() { self.nodes().count(tried) } else { self.nodes().count_fit(tried) };
        self.deadline.share_with(u32::try_from(count).unwrap_or(0));
    }

    /// The server has answered.
    pub fn has_answer(&self) {
        self.nodes().has_answered(self.turn.number.get(), self.turn.has_passed.get());
    }

    /// In a line of the log: which of several servers it is about.
    pub fn at_server(&self, base: &str) -> String {
        if self.nodes().is_one() { String::new() } else { format!(" at {base}") }
    }

    fn begin_operation(&self) {
        self.turn.depth.set(self.turn.depth.get() + 1);
        // Another call may have found out meanwhile.
        if self.has_failed_meanwhile().is_some() {
            self.turn.go_on(self.nodes());
        }
    }

    fn end_operation(&self) {
        self.turn.depth.set(self.turn.depth.get() - 1);
    }

    /// The error of an operation that has ended: that of the last server also names those that were tried before.
    fn failed(&self, error: Error) -> Error {
        self.end_operation();
        if self.turn.depth.get() == 0 { self.with_others(error) } else { error }
    }

    fn goes_on_after(&self, error: &Error) -> bool {
        !self.nodes().is_one() && self.is_without_connection(error) && self.pass_over(error)
    }

    fn with_own(&self) -> Tried {
        self.turn.tried.get().with(self.turn.number.get())
    }

    fn has_failed_meanwhile(&self) -> Option<Error> {
        if self.nodes().is_one() { None } else { self.node().failed_since(self.turn.since.get()) }
    }

    /// What is no request to a server of the list, such as one to where a login comes from, says nothing of it.
    fn is_without_connection(&self, error: &Error) -> bool {
        error.never_connected() && !self.deadline.has_sent()
    }

    /// Tells the other calls if no connection to the server was possible, and nothing else is left to try there.
    pub fn tell_if_without_connection(&self, error: &Error) {
        let may_be_elsewhere = is_absent(error) && self.node().route().restpp_fallback.is_some();
        if !self.nodes().is_one() && self.is_without_connection(error) && !may_be_elsewhere {
            self.node().has_failed(error);
        }
    }

    /// Leaves the server alone and turns to the next; whether there is one, and time for it.
    fn pass_over(&self, error: &Error) -> bool {
        let (from, reason) = (self.node().base(Server::Gateway), error.reason().id());
        self.node().has_failed(error);
        self.turn.tried.set(self.with_own());
        if self.deadline.left_in_call().is_zero() || !self.turn.go_on(self.nodes()) {
            return false;
        }
        self.turn.failures.borrow_mut().push(format!("{from} ({reason})"));
        self.look_for_restpp_as_usual();
        let to = self.node().base(Server::Gateway);
        self.connection.log(Level::Warn, || format!("no connection to {from} ({reason}), so {to} is asked"));
        true
    }

    fn with_others(&self, error: Error) -> Error {
        let failures = std::mem::take(&mut *self.turn.failures.borrow_mut());
        let is_of_network = matches!(error.status(), Status::Connect | Status::Timeout | Status::Tls);
        if failures.is_empty() || !is_of_network {
            return error;
        }
        let message = format!("{}; tried before it: {}", error.message(), failures.join(", "));
        error.with_message(message)
    }
}
