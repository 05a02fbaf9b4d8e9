//! What sockets do on every system.

use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tigergraph_standin::ClosedPort;

use super::socket::*;

#[test]
fn connects_over_both_families() {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(host) else {
            continue; // a machine without IPv6
        };
        let stream = begin_connect(&listener.local_addr().unwrap()).unwrap();
        assert!(wait_one(&stream, Readiness::Write, Duration::from_secs(2)).unwrap());
        assert!(stream.take_error().unwrap().is_none());
        assert!(!wait_one(&stream, Readiness::Read, Duration::from_millis(5)).unwrap());
    }
}

/// Windows takes seconds for it, because it tries again by itself.
#[test]
fn a_refused_connection_is_seen() {
    let gone = ClosedPort::new().unwrap();
    let began = Instant::now();
    let refused = match begin_connect(&gone.address()) {
        Ok(stream) => {
            assert!(wait_one(&stream, Readiness::Write, Duration::from_secs(9)).unwrap());
            stream.take_error().unwrap().unwrap()
        }
        Err(error) => error,
    };
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert!(began.elapsed() < Duration::from_secs(8));
}
