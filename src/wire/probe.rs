//! A connection to a server, tried step by step: name, connection, TLS. Nothing is sent to the server.

use std::time::Duration;

use crate::error::{Error, Reason, Status};
use crate::platform::clock::boot_clock;
use crate::wire::deadline::{Deadline, Phase};
use crate::wire::lookup::look_up;
use crate::wire::proxy::{self, Proxied};
use crate::wire::socket::{self, Socket, Target, allowed};
use crate::wire::stream;
use crate::wire::tls::{self, PeerCertificate, Trust};
use crate::wire::tls_stream::TlsStream;
use crate::wire::verifier::unusable_key;

const LOOK_UP: &str = "name";
const CONNECT: &str = "connection";
const TLS: &str = "TLS";

/// Connects; every step that could be tried, up to the first that failed.
pub fn run(target: Target, proxy: Option<&Proxied>, trust: Option<&Trust>, deadline: &Deadline) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(socket) = connect(target, proxy, deadline, &mut steps) else {
        return steps;
    };
    match trust {
        None => steps.push(Step::skipped(TLS, "the address is http://, so nothing is encrypted")),
        Some(trust) => steps.push(handshake(trust, target, proxy, socket, deadline)),
    }
    steps
}

fn connect(target: Target, proxy: Option<&Proxied>, deadline: &Deadline, steps: &mut Vec<Step>) -> Option<Socket> {
    if let Some(proxy) = proxy {
        steps.push(Step::skipped(LOOK_UP, "the proxy looks the name up"));
        let (socket, mut step) = Step::measure(CONNECT, || proxy::through(proxy, target, deadline));
        step.facts.push(("through the proxy", proxy.proxy().to_string()));
        steps.push(step);
        return socket;
    }
    let (addresses, mut step) =
        Step::measure(LOOK_UP, || allowed(look_up(target.host, target.port, deadline)?, target.host, target));
    let addresses = addresses.unwrap_or_default();
    if !addresses.is_empty() {
        let peer: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        step.facts.push(("addresses", peer.join(", ")));
    }
    let failed = step.failure().is_some();
    steps.push(step);
    if failed {
        return None;
    }
    let (socket, mut step) = Step::measure(CONNECT, || socket::connect(&addresses, deadline));
    if let Some(peer) = socket.as_ref().and_then(Socket::peer) {
        step.facts.push(("connected to", peer.to_string()));
    }
    steps.push(step);
    socket
}

fn handshake(trust: &Trust, target: Target, proxy: Option<&Proxied>, socket: Socket, deadline: &Deadline) -> Step {
    deadline.enter(Phase::Tls);
    let asked_before = trust.times_asked();
    let (stream, mut step) = Step::measure(TLS, || TlsStream::connect_anew(trust, target, socket));
    if let Some(stream) = &stream {
        step.facts.push(("version", stream.version().to_owned()));
    }
    if trust.times_asked() != asked_before {
        let shown = if trust.has_client_certificate() { "one is shown" } else { "none is set" };
        step.facts.push(("asks for a client certificate", shown.to_owned()));
    }
    let peer = match &stream {
        Some(stream) => stream.peer(),
        None if is_about_certificate(step.failure()) => peer_certificate(target, proxy, deadline),
        None => None,
    };
    let Some(peer) = peer else {
        return step;
    };
    // Where the server shows its certificate to somebody who takes any kind of key, the kind was the matter.
    if !peer.has_usable_key && step.failure().is_some_and(|error| error.reason() == Reason::TlsProtocol) {
        step.outcome = Outcome::Failed(unusable_key(&peer.key));
    }
    step.facts.push(("certificates shown", peer.certificates.to_string()));
    step.facts.push(("for", peer.names));
    step.facts.push(("issued by", peer.issuer));
    step.facts.push(("key", peer.key));
    step.facts.push((PIN, peer.pin));
    step
}

/// The fact that holds the pin of the server's key.
pub const PIN: &str = "pin of its key";

fn is_about_certificate(failure: Option<&Error>) -> bool {
    failure.is_some_and(|error| error.status() == Status::Tls)
}

/// A second handshake that accepts anything, to show what was refused; the connection is closed unused.
fn peer_certificate(target: Target, proxy: Option<&Proxied>, deadline: &Deadline) -> Option<PeerCertificate> {
    let socket = stream::connect(target, proxy, deadline).ok()?;
    deadline.enter(Phase::Tls);
    TlsStream::connect_anew(&tls::accept_any().ok()?, target, socket).ok()?.peer()
}

/// A step of a diagnosis, from a name to a token that works.
#[derive(Debug)]
pub struct Step {
    /// Which.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Option<Duration>,
    /// What was seen: a name and a value.
    pub facts: Vec<(&'static str, String)>,
}

/// How a step went.
#[derive(Debug)]
pub enum Outcome {
    /// Well.
    Passed,
    /// Not.
    Failed(Error),
    /// It was not tried, for this reason.
    Skipped(&'static str),
}

impl Step {
    /// A step that was not tried.
    pub fn skipped(name: &'static str, why: &'static str) -> Step {
        Step { name, outcome: Outcome::Skipped(why), took: None, facts: Vec::new() }
    }

    /// A step that was tried and took so long.
    pub fn tried(name: &'static str, outcome: Result<(), Error>, took: Duration) -> Step {
        let outcome = outcome.map_or_else(Outcome::Failed, |()| Outcome::Passed);
        Step { name, outcome, took: Some(took), facts: Vec::new() }
    }

    /// Tries a step and measures it; what it found, if it went well.
    pub fn measure<T>(name: &'static str, body: impl FnOnce() -> Result<T, Error>) -> (Option<T>, Step) {
        let started = boot_clock();
        let outcome = body();
        let took = boot_clock().saturating_sub(started);
        match outcome {
            Ok(found) => (Some(found), Step::tried(name, Ok(()), took)),
            Err(error) => (None, Step::tried(name, Err(error), took)),
        }
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&Error> {
        match &self.outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        }
    }
}
