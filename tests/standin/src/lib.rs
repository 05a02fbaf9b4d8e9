//! A TigerGraph stand-in on loopback: tokens and secrets as 2.x to 5.x manage them, a log of every
//! request, faults on request.
//!
//! ```
//! use tigergraph_standin::{Options, Standin};
//!
//! let standin = Standin::start(Options::new("4.2")).unwrap();
//! println!("{}", standin.gateway_url());
//! assert!(standin.requests().is_empty());
//! ```
//!
//! It was written from documents and observations; nothing in it was compared with a live TigerGraph.
//! Where nobody knows what a server does it chooses, and the README says what. Texts that no source
//! gives begin with `stand-in:`.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod closed_port;
mod control;
mod fault;
mod gateway;
mod gsql;
mod issuer;
mod jwt;
mod login;
mod options;
mod raw;
mod reply;
mod requesttoken;
mod restpp;
mod restsecrets;
mod secret;
mod server;
mod state;
mod switches;
mod tls;
mod token;

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

pub use closed_port::ClosedPort;
pub use fault::{Action, Fault};
pub use issuer::Issuer;
pub use options::{BadVersion, Generation, Options, Version};
pub use raw::{RawAction, RawServer, handmade};
pub use reply::{Listener, Request};
pub use state::{Secret, Snapshot, State, Token, User, wall_clock};
pub use switches::*;
pub use tls::{LOOPBACK_NAMES, Leaf, TestCa, Tls, TlsVersion};

use server::{Log, Shared, bind, lock, serve};

/// A running stand-in. Ends when dropped.
pub struct Standin {
    shared: Arc<Shared>,
    control_port: Option<u16>,
    ca_pem: Option<String>,
    /// Keep the ports of the gateway and of REST++ from others, also when the server has stopped.
    reserved: [ClosedPort; 2],
    restpp_listens: bool,
    runtime: Option<Runtime>,
}

impl Standin {
    /// Starts one.
    ///
    /// # Errors
    /// If a port is taken or the TLS material does not fit together.
    pub fn start(options: Options) -> io::Result<Standin> {
        let acceptors = options.tls.as_ref().map(Tls::acceptors).transpose()?;
        let ca_pem = options.tls.as_ref().map(|tls| tls.ca_pem.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("stand-in")
            .enable_all()
            .build()?;
        let context = runtime.enter();
        let reserved = [ClosedPort::at(options.gateway_port)?, ClosedPort::at(options.restpp_port)?];
        let [gateway_port, restpp_port] = reserved.each_ref().map(ClosedPort::port);
        let (gateway, restpp) = (bind(gateway_port)?, bind(restpp_port)?);
        let control = options.control.then(|| bind(options.control_port)).transpose()?;
        let restpp_listens = options.restpp_listens();
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(options)),
            faults: Mutex::default(),
            log: Mutex::new(Log::default()),
            connections: AtomicUsize::new(0),
            resumptions: AtomicUsize::new(0),
        });
        let control_port =
            control.as_ref().map(|socket| socket.local_addr()).transpose()?.map(|address| address.port());
        runtime.spawn(serve(gateway.listen(1024)?, Listener::Gateway, shared.clone(), acceptors.clone()));
        if restpp_listens {
            runtime.spawn(serve(restpp.listen(1024)?, Listener::Restpp, shared.clone(), acceptors));
        }
        if let Some(control) = control {
            runtime.spawn(control::serve(control.listen(64)?, shared.clone()));
        }
        drop(context);
        Ok(Standin { shared, reserved, restpp_listens, control_port, ca_pem, runtime: Some(runtime) })
    }

    /// Stops the server, and keeps its two ports: connections to them are refused, and no other process gets them.
    /// Another stand-in can be started on them meanwhile.
    #[must_use]
    pub fn stop(mut self) -> [ClosedPort; 2] {
        self.end();
        self.reserved.clone()
    }

    fn url(&self, port: u16) -> String {
        let scheme = if self.ca_pem.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{port}")
    }

    /// Port of the gateway.
    #[must_use]
    pub fn gateway_port(&self) -> u16 {
        self.reserved[0].port()
    }

    /// Port of REST++. From 4.1 on connections to it are refused, unless a switch opens it (row 43).
    #[must_use]
    pub fn restpp_port(&self) -> u16 {
        self.reserved[1].port()
    }

    /// Whether REST++ listens on its port.
    #[must_use]
    pub fn restpp_listens(&self) -> bool {
        self.restpp_listens
    }

    /// Address of the gateway.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        self.url(self.gateway_port())
    }

    /// Address of REST++.
    #[must_use]
    pub fn restpp_url(&self) -> String {
        self.url(self.restpp_port())
    }

    /// Address of the control listener, if there is one; always without TLS.
    #[must_use]
    pub fn control_url(&self) -> Option<String> {
        self.control_port.map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// What a client has to trust, in PEM, if there is TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<String> {
        self.ca_pem.clone()
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.log).entries.iter().map(|(_, request)| request.clone()).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.shared.log).entries.clear();
    }

    /// Gives the requests so far and forgets them.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut lock(&self.shared.log).entries).into_iter().map(|(_, request)| request).collect()
    }

    /// How many connections both listeners accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many TLS sessions were resumed so far, instead of agreed on anew.
    #[must_use]
    pub fn resumptions(&self) -> usize {
        self.shared.resumptions.load(Ordering::SeqCst)
    }

    /// How often something asked to drop everything.
    #[must_use]
    pub fn tripwires(&self) -> usize {
        self.with_state(|state| state.tripwires)
    }

    /// Adds a user, or replaces it.
    pub fn add_user(&self, name: &str, password: &str, superuser: bool) {
        self.with_state(|state| state.add_user(name, password, superuser));
    }

    /// Lets a user use only these graphs.
    pub fn restrict_user(&self, name: &str, graphs: &[&str]) {
        self.with_state(|state| {
            if let Some(user) = state.users.get_mut(name) {
                user.graphs = Some(graphs.iter().map(|graph| (*graph).to_owned()).collect());
            }
        });
    }

    /// Adds a graph.
    pub fn add_graph(&self, name: &str) {
        self.with_state(|state| state.graphs.insert(name.to_owned()));
    }

    /// Makes a secret as an administrator would have before, and gives its value. From 4.1 on the graph
    /// does not matter.
    ///
    /// # Panics
    /// If the alias is taken or not acceptable.
    pub fn add_secret<'a>(&self, user: &str, graph: impl Into<Option<&'a str>>, alias: &str) -> String {
        self.with_state(|state| state.add_secret(user, graph, alias))
    }

    /// Looks at what the server holds, or changes it.
    pub fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut lock(&self.shared.state))
    }

    /// Becomes a server of the same cluster as another one, by what that one holds now.
    pub fn join(&self, other: &Standin) {
        // Never both locks at once.
        let others = other.with_state(|state| state.clone());
        self.with_state(|state| state.join(&others));
    }

    /// A copy of what the server holds.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.with_state(|state| state.snapshot())
    }

    /// The same as JSON text.
    #[must_use]
    pub fn snapshot_json(&self) -> String {
        self.snapshot().to_json().to_string()
    }

    /// Makes something go wrong. The first fault that fits a request and is not used up hits it.
    pub fn script(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Switches REST++ authentication on or off.
    pub fn set_auth_enabled(&self, enabled: bool) {
        self.with_state(|state| state.options.auth_enabled = enabled);
    }

    /// Moves the server's clock ahead of the real one, or behind it.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.with_state(|state| state.clock_offset = seconds);
    }

    /// Ends all tokens now.
    pub fn expire_tokens(&self) {
        self.with_state(State::expire_tokens);
    }
}

impl Standin {
    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if tokio::runtime::Handle::try_current().is_ok() {
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.end();
    }
}
