//! Name look-up with the error codes of the system.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use windows_sys::Win32::Networking::WinSock::{WSANO_RECOVERY, WSATRY_AGAIN};

pub use crate::platform::lookup_failure::LookupFailure;
use crate::platform::process::is_resource;

/// The addresses of a host, at most `most`, with port 0. Blocks as long as the system's resolver does.
pub fn look_up(host: &str, most: usize) -> Result<Vec<SocketAddr>, LookupFailure> {
    // The standard library asks getaddrinfo here, and passes its code on.
    let found = (host, 0).to_socket_addrs().map_err(|error| lookup_failure(&error))?;
    Ok(found.take(most).collect())
}

fn lookup_failure(error: &io::Error) -> LookupFailure {
    match error.raw_os_error() {
        Some(WSATRY_AGAIN | WSANO_RECOVERY) => LookupFailure::Passing,
        _ if is_resource(error) => LookupFailure::Resource,
        _ => LookupFailure::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_asking_again_makes_sense() {
        use windows_sys::Win32::Networking::WinSock as ws;
        for (code, wanted) in [
            (ws::WSAHOST_NOT_FOUND, LookupFailure::Unknown),
            (ws::WSANO_DATA, LookupFailure::Unknown),
            (ws::WSATRY_AGAIN, LookupFailure::Passing),
            (ws::WSANO_RECOVERY, LookupFailure::Passing),
            (ws::WSA_NOT_ENOUGH_MEMORY, LookupFailure::Resource),
            (ws::WSAENOBUFS, LookupFailure::Resource),
        ] {
            assert_eq!(lookup_failure(&io::Error::from_raw_os_error(code)), wanted, "{code}");
        }
    }

    #[test]
    fn a_name_of_this_machine_has_addresses() {
        let found = look_up("localhost", 1).expect("localhost");
        assert!(found.len() == 1 && found[0].ip().is_loopback() && found[0].port() == 0, "{found:?}");
    }
}
