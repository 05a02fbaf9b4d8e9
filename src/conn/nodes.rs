//! The servers of a connection, which are those of one cluster: where each is, what was learned of it, which one is in
//! use, and which are left alone for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crate::conn::Facts;
use crate::error::Error;
use crate::platform::clock::boot_clock;
use crate::platform::per_process::PerProcess;
use crate::platform::swap_cell::{SwapCell, SwapOption};
use crate::protocol::endpoint::{Route, Server};

/// So long a server is left alone that could not be connected to, if there is another one.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// One server.
pub(super) struct Node {
    route: Route,
    facts: SwapCell<Facts>,
    pub detection: PerProcess<Detection>,
    /// Why it could last not be connected to, and when; taken away when it answers.
    failed: SwapOption<Failed>,
}

struct Failed {
    at: Duration,
    error: Error,
}

impl Node {
    fn new(route: Route, facts: Facts) -> Node {
        let facts = SwapCell::new(Arc::new(facts));
        Node { route, facts, detection: PerProcess::default(), failed: SwapOption::new(None) }
    }

    /// Where requests go by the settings.
    pub fn given_route(&self) -> &Route {
        &self.route
    }

    /// The same by what is known of the ports.
    pub fn route(&self) -> &Route {
        self.route.as_written.as_deref().filter(|_| self.facts().as_written).unwrap_or(&self.route)
    }

    /// What was learned of it.
    pub fn facts(&self) -> Facts {
        *self.facts.load()
    }

    /// Something was learned.
    pub fn learn(&self, change: impl Fn(Facts) -> Facts) {
        loop {
            let facts = self.facts.load();
            if self.facts.replace(&facts, Arc::new(change(*facts))) {
                break;
            }
        }
    }

    /// The address of a part of TigerGraph, where it usually is, by what is known.
    pub fn base(&self, server: Server) -> &str {
        let (route, facts) = (self.route(), self.facts());
        let alone = route.alone.as_ref().filter(|_| facts.alone);
        match (server, alone) {
            (Server::Gateway, alone) => alone.and_then(|alone| alone.gateway.as_ref()).unwrap_or(&route.gateway),
            (Server::Restpp, Some(alone)) => &alone.restpp,
            (Server::Restpp, None) => {
                let by_gateway = route.restpp_by_gateway.as_ref();
                by_gateway.filter(|_| facts.restpp_by_gateway).unwrap_or(&route.restpp)
            }
        }
    }

    /// Where requests to both parts of TigerGraph go, by what is known: REST++ and the gateway.
    pub fn bases(&self) -> [&str; 2] {
        let old_port = self.route().restpp_fallback.as_deref().filter(|_| self.facts().on_old_port);
        [old_port.unwrap_or(self.base(Server::Restpp)), self.base(Server::Gateway)]
    }

    /// No connection to it was possible. It is left alone from now on, if it is not already.
    pub fn has_failed(&self, error: &Error) {
        if !self.is_left_alone() {
            let error = error.clone().with_never_connected();
            self.failed.store(Some(Arc::new(Failed { at: boot_clock(), error })));
        }
    }

    pub fn is_left_alone(&self) -> bool {
        self.failed.load().is_some_and(|failed| boot_clock() < failed.at + LEFT_ALONE)
    }

    /// Why it could not be connected to, if that was since then.
    pub fn failed_since(&self, then: Duration) -> Option<Error> {
        self.failed.load().filter(|failed| failed.at >= then).map(|failed| failed.error.clone())
    }

    /// When it last failed.
    fn failed_at(&self) -> Duration {
        self.failed.load().map_or(Duration::ZERO, |failed| failed.at)
    }
}

/// The one request that finds out what a server is.
#[derive(Default)]
pub(super) struct Detection {
    /// By which thread.
    running: Mutex<Option<ThreadId>>,
    ended: Condvar,
}

impl Detection {
    pub fn lock(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its end, so long.
    pub fn wait<'a>(
        &'a self,
        running: MutexGuard<'a, Option<ThreadId>>,
        longest: Duration,
    ) -> MutexGuard<'a, Option<ThreadId>> {
        self.ended.wait_timeout(running, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    /// This thread asks, until what is returned is dropped.
    pub fn begin(&self, mut running: MutexGuard<'_, Option<ThreadId>>) -> Ending<'_> {
        *running = Some(std::thread::current().id());
        Ending(self)
    }
}

/// Ends a detection, however it went.
pub(super) struct Ending<'a>(&'a Detection);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.ended.notify_all();
    }
}

/// The servers of a connection.
pub(super) struct Nodes {
    nodes: Box<[Node]>,
    in_use: AtomicUsize,
}

/// Servers, by their numbers: those that a call has tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tried(u8);

impl Tried {
    pub fn with(self, number: usize) -> Tried {
        Tried(self.0 | 1 << number)
    }

    fn has(self, number: usize) -> bool {
        self.0 & 1 << number != 0
    }
}

impl Nodes {
    /// Servers at these places, of which this is known.
    pub fn new(routes: Vec<Route>, facts: Facts) -> Nodes {
        let nodes = routes.into_iter().map(|route| Node::new(route, facts)).collect();
        Nodes { nodes, in_use: AtomicUsize::new(0) }
    }

    /// Whether there is no other to go to.
    pub fn is_one(&self) -> bool {
        self.nodes.len() == 1
    }

    /// All of them, in the order of the setting.
    pub fn all(&self) -> &[Node] {
        &self.nodes
    }

    pub fn get(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// The number of the one that answered last after others could not be connected to.
    pub fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    /// The one to go to, after these were tried: the next one that is not left alone, else the one that has been for the
    /// longest time.
    pub fn next(&self, tried: Tried) -> Option<usize> {
        let others = || self.in_turn().filter(|number| !tried.has(*number));
        let is_fit = |number: &usize| !self.nodes[*number].is_left_alone();
        others().find(is_fit).or_else(|| others().min_by_key(|number| self.nodes[*number].failed_at()))
    }

    /// All numbers, from that in use on.
    pub fn in_turn(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = (self.in_use(), self.nodes.len());
        (0..count).map(move |step| (first + step) % count)
    }

    /// How many are left that are not left alone.
    pub fn count_fit(&self, tried: Tried) -> usize {
        let is_fit = |number: &usize| !tried.has(*number) && !self.nodes[*number].is_left_alone();
        (0..self.nodes.len()).filter(is_fit).count()
    }

    /// How many are left.
    pub fn count(&self, tried: Tried) -> usize {
        (0..self.nodes.len()).filter(|number| !tried.has(*number)).count()
    }

    /// It answered: it is not left alone, and kept if others had to be passed over for it.
    pub fn has_answered(&self, number: usize, passed_over: bool) {
        if self.is_one() {
            return;
        }
        let node = &self.nodes[number];
        if node.failed.load().is_some() {
            node.failed.store(None);
        }
        if passed_over {
            self.in_use.store(number, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;
    use crate::protocol::endpoint::Ports;
    use crate::wire::address::Address;

    fn nodes() -> Nodes {
        let route = |host: &str| Route::new(&Address::parse(host).unwrap(), Ports::default(), None);
        Nodes::new(["a", "b", "c"].map(route).into(), Facts::NONE)
    }

    #[test]
    fn the_next_one_is_in_turn_and_not_left_alone() {
        let nodes = nodes();
        let refused = Error::new(Reason::ConnectRefused, "x");
        let none = Tried::default();
        assert_eq!((nodes.next(none), nodes.count_fit(none), nodes.count(none)), (Some(0), 3, 3));
        nodes.get(0).has_failed(&refused);
        assert_eq!((nodes.next(none), nodes.next(none.with(1)), nodes.count_fit(none)), (Some(1), Some(2), 2));
        nodes.has_answered(1, true);
        nodes.get(1).has_failed(&refused);
        assert_eq!(
            (nodes.next(none), nodes.next(none.with(2)), nodes.next(none.with(2).with(0))),
            (Some(2), Some(0), Some(1))
        );
        nodes.get(2).has_failed(&refused);
        assert_eq!(nodes.next(none), Some(0), "the one that has been left alone for the longest time");
        assert_eq!(nodes.next(none.with(0).with(1).with(2)), None);
        assert_eq!((nodes.count_fit(none), nodes.count(none.with(1))), (0, 2));
        nodes.has_answered(0, false);
        assert_eq!((nodes.in_use(), nodes.next(none)), (1, Some(0)));
    }

    #[test]
    fn one_that_failed_is_left_alone_for_half_a_minute() {
        let nodes = nodes();
        let second = Duration::from_secs(1);
        for (ago, expected) in [(second, Some(1)), (LEFT_ALONE - second, Some(1)), (LEFT_ALONE, Some(0))] {
            let at = boot_clock().saturating_sub(ago);
            let error = Error::new(Reason::ConnectRefused, "x");
            nodes.get(0).failed.store(Some(Arc::new(Failed { at, error: error.clone() })));
            assert_eq!(nodes.next(Tried::default()), expected, "{ago:?} ago");
            assert_eq!(nodes.get(0).failed_since(at), Some(error));
            assert_eq!(nodes.get(0).failed_since(at + second), None);
        }
    }
}
