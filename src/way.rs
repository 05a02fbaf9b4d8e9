//! The way to a server, gone step by step and looked at: name, connection, TLS. Nothing is sent to the server.

use crate::error::{Error, Status};
use crate::lookup::look_up;
use crate::net::{self, Clock, Phase, Socket};
use crate::report::Step;
use crate::stream::{self, Proxy, Target};
use crate::tls::{self, Shown, Trust};
use crate::tls_stream::TlsStream;

const LOOK_UP: &str = "name";
const CONNECT: &str = "connection";
const TLS: &str = "TLS";

/// Goes the way; every step that could be tried, up to the first that failed.
pub fn look(target: Target, proxy: Option<&Proxy>, trust: Option<&Trust>, clock: &Clock) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(socket) = connect(target, proxy, clock, &mut steps) else {
        return steps;
    };
    match trust {
        None => steps.push(Step::skipped(TLS, "the address is http://, so nothing is encrypted")),
        Some(trust) => steps.push(agree(trust, target, proxy, socket, clock)),
    }
    steps
}

fn connect(target: Target, proxy: Option<&Proxy>, clock: &Clock, steps: &mut Vec<Step>) -> Option<Socket> {
    if let Some(proxy) = proxy {
        steps.push(Step::skipped(LOOK_UP, "the proxy looks the name up"));
        let (socket, mut step) = Step::measure(CONNECT, || stream::through(proxy, target, clock));
        step.facts.push(("through the proxy", format!("{}:{}", proxy.host, proxy.port)));
        steps.push(step);
        return socket;
    }
    let (addresses, mut step) = Step::measure(LOOK_UP, || look_up(target.host, target.port, clock));
    let addresses = addresses.unwrap_or_default();
    if !addresses.is_empty() {
        let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        step.facts.push(("addresses", shown.join(", ")));
    }
    let failed = step.failure().is_some();
    steps.push(step);
    if failed {
        return None;
    }
    let (socket, mut step) = Step::measure(CONNECT, || net::connect(&addresses, clock));
    if let Some(peer) = socket.as_ref().and_then(Socket::peer) {
        step.facts.push(("connected to", peer.to_string()));
    }
    steps.push(step);
    socket
}

fn agree(trust: &Trust, target: Target, proxy: Option<&Proxy>, socket: Socket, clock: &Clock) -> Step {
    clock.enter(Phase::Tls);
    let (agreed, mut step) = Step::measure(TLS, || TlsStream::agree(trust, target, socket));
    let shown = match &agreed {
        Some(agreed) => {
            step.facts.push(("version", agreed.version().to_owned()));
            agreed.shown()
        }
        None if is_about_certificate(step.failure()) => look_at_certificate(target, proxy, clock),
        None => None,
    };
    if let Some(Shown { certificates, names, pin }) = shown {
        step.facts.push(("certificates shown", certificates.to_string()));
        step.facts.push(("for", names.join(", ")));
        step.facts.push((PIN, pin));
    }
    step
}

/// The fact that holds the pin of the server's key.
pub const PIN: &str = "pin of its key";

fn is_about_certificate(failure: Option<&Error>) -> bool {
    failure.is_some_and(|error| error.status() == Status::Tls)
}

/// A second handshake that accepts anything, to show what was refused; the connection is closed unused.
fn look_at_certificate(target: Target, proxy: Option<&Proxy>, clock: &Clock) -> Option<Shown> {
    let socket = stream::connect(target, proxy, clock).ok()?;
    clock.enter(Phase::Tls);
    TlsStream::agree(&tls::looking().ok()?, target, socket).ok()?.shown()
}
