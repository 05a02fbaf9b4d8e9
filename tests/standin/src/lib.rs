//! A TigerGraph stand-in on loopback: tokens and secrets as 2.x to 5.x manage them, a log of every
//! request, faults on request.
//!
//! It is written from documents and observations; nothing in it was compared with a live TigerGraph.
//! Where nobody knows what a server does it chooses, and its README says what. Texts that no source
//! gives begin with `stand-in:`.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod control;
mod fault;
mod gateway;
mod gsql;
mod options;
mod reply;
mod restpp;
mod server;
mod state;
mod switches;
mod tls;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;
use tokio::runtime::Runtime;

pub use fault::{Action, Fault};
pub use options::{Generation, Options, Version};
pub use reply::{Listener, Reply, Request};
pub use state::{Secret, State, Token, User};
pub use switches::{SWITCHES, Switches, UnknownSwitch};
pub use tls::{LOOPBACK_NAMES, TestCa, Tls};

use server::{Shared, bind, lock, serve, serve_control};

/// A running stand-in. Ends when dropped.
pub struct Standin {
    shared: Arc<Shared>,
    gateway_port: u16,
    restpp_port: u16,
    control_port: Option<u16>,
    runtime: Option<Runtime>,
}

impl Standin {
    /// Starts one.
    pub fn start(options: Options) -> io::Result<Standin> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let open_9000 = options.generation() != Generation::C || options.switches.port_9000_on_c == "open";
        let (gateway_port, restpp_port, control_port) =
            (options.gateway_port, options.restpp_port, options.control_port);
        let shared = Arc::new(Shared::new(State::new(options)));
        let (gateway, restpp, control) = runtime.block_on(async {
            let control = match control_port {
                Some(port) => Some(bind(port).await?),
                None => None,
            };
            io::Result::Ok((bind(gateway_port).await?, bind(restpp_port).await?, control))
        })?;
        let port = |listener: &tokio::net::TcpListener| listener.local_addr().map(|address| address.port());
        let (gateway_port, restpp_port) = (port(&gateway)?, port(&restpp)?);
        let control_port = control.as_ref().map(port).transpose()?;
        runtime.spawn(serve(gateway, Listener::Gateway, shared.clone()));
        if open_9000 {
            runtime.spawn(serve(restpp, Listener::Restpp, shared.clone()));
        }
        if let Some(control) = control {
            runtime.spawn(serve_control(control, shared.clone()));
        }
        Ok(Standin { shared, gateway_port, restpp_port, control_port, runtime: Some(runtime) })
    }

    fn url(&self, port: u16) -> String {
        let scheme = if lock(&self.shared.state).options.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{port}")
    }

    /// Port of the gateway.
    pub fn gateway_port(&self) -> u16 {
        self.gateway_port
    }

    /// Port of REST++; closed from 4.1 on, unless a switch opens it.
    pub fn restpp_port(&self) -> u16 {
        self.restpp_port
    }

    /// Address of the gateway.
    pub fn gateway_url(&self) -> String {
        self.url(self.gateway_port)
    }

    /// Address of REST++.
    pub fn restpp_url(&self) -> String {
        self.url(self.restpp_port)
    }

    /// Address to steer the stand-in by.
    pub fn control_url(&self) -> Option<String> {
        self.control_port.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// What a client has to trust.
    pub fn ca_pem(&self) -> Option<String> {
        lock(&self.shared.state).options.tls.as_ref().map(|tls| tls.ca_pem.clone())
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.log).clone()
    }

    /// Forgets them, and gives them back.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.log))
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Adds a user.
    pub fn add_user(&self, name: &str, password: &str, superuser: bool) {
        lock(&self.shared.state).add_user(name, password, superuser);
    }

    /// Adds a graph.
    pub fn add_graph(&self, name: &str) {
        lock(&self.shared.state).graphs.insert(name.into());
    }

    /// Looks at, or changes, what the server holds.
    pub fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut lock(&self.shared.state))
    }

    /// What the server holds, as JSON.
    pub fn snapshot(&self) -> Value {
        lock(&self.shared.state).snapshot()
    }

    /// Makes something go wrong.
    pub fn script(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Switches REST++ authentication on or off.
    pub fn set_auth_enabled(&self, enabled: bool) {
        lock(&self.shared.state).options.auth_enabled = enabled;
    }

    /// Moves the server's clock.
    pub fn set_clock_offset(&self, seconds: i64) {
        lock(&self.shared.state).clock_offset = seconds;
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
