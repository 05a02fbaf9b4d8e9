//! A port where nobody listens, and which nobody else gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpSocket;

use crate::server::bind;

/// A loopback port that is bound but not listened on: connections to it are refused, and the system gives it to nobody
/// else, which it does with a port that is merely free. A stand-in can be started on it.
#[derive(Clone, Debug)]
pub struct ClosedPort {
    port: u16,
    /// Shared by clones.
    _socket: Arc<TcpSocket>,
}

impl ClosedPort {
    /// Any port.
    ///
    /// # Errors
    /// If the system has none left.
    pub fn new() -> io::Result<ClosedPort> {
        ClosedPort::at(0)
    }

    /// This port; 0: any.
    pub(crate) fn at(port: u16) -> io::Result<ClosedPort> {
        let socket = bind(port)?;
        Ok(ClosedPort { port: socket.local_addr()?.port(), _socket: Arc::new(socket) })
    }

    /// Its number.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::{Options, Standin};

    #[test]
    fn the_ports_of_a_server_that_has_stopped_are_refused_and_given_to_nobody_else() {
        let start = |gateway_port, restpp_port| {
            Standin::start(Options { gateway_port, restpp_port, ..Options::new("3.10") }).expect("a stand-in")
        };
        let connect = |port: &ClosedPort| TcpStream::connect(port.address()).map_err(|error| error.kind());
        let server = start(0, 0);
        let [gateway, restpp] = [server.gateway_port(), server.restpp_port()];
        let ports = server.stop();
        assert_eq!(ports.each_ref().map(ClosedPort::port), [gateway, restpp]);
        for _ in 0..2 {
            for port in &ports {
                assert_eq!(connect(port).expect_err("refused"), io::ErrorKind::ConnectionRefused);
                let free = TcpListener::bind("127.0.0.1:0").expect("another port");
                assert_ne!(free.local_addr().expect("its address").port(), port.port());
            }
            let back = start(gateway, restpp);
            ports.iter().for_each(|port| drop(connect(port).expect("a server")));
            drop(back);
        }
    }
}
