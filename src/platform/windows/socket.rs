//! Sockets that do not block: waiting for them, and connecting.

use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::os::windows::io::{AsRawSocket as _, FromRawSocket as _, OwnedSocket, RawSocket};
use std::ptr;
use std::sync::Once;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock as ws;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Bytes to read, or the end.
    Read,
    /// Room to write, or a connection made or failed.
    Write,
}

/// So many sockets fit into a set.
const MOST: usize = 64;

/// Waits until one of the sockets is ready or `limit` is over; tells which are. Of more than 64, the others are not.
///
/// With `select` and not with `WSAPoll`, which tells nothing of connections that failed before Windows 10 version 2004.
pub fn wait(sockets: &[&TcpStream], readiness: Readiness, limit: Duration) -> io::Result<Vec<bool>> {
    let mut asked = ws::FD_SET { fd_count: 0, fd_array: [0; MOST] };
    for (place, socket) in asked.fd_array.iter_mut().zip(sockets) {
        *place = number(socket);
        asked.fd_count += 1;
    }
    if asked.fd_count == 0 {
        // `select` refuses to wait for nothing.
        std::thread::sleep(limit);
        return Ok(Vec::new());
    }
    let (mut ready, mut failed) = (asked, asked);
    let (read, write) = match readiness {
        Readiness::Read => (&raw mut ready, ptr::null_mut()),
        Readiness::Write => (ptr::null_mut(), &raw mut ready),
    };
    // Rounded up, so that a wait never ends before its limit and spins.
    let us = limit.as_nanos().div_ceil(1000);
    let whole = i32::try_from(us / 1_000_000).unwrap_or(i32::MAX);
    let time = ws::TIMEVAL { tv_sec: whole, tv_usec: (us % 1_000_000) as i32 };
    // SAFETY: all pointers are NULL or to what lives through the call, and each set says how much of it is used.
    if unsafe { ws::select(0, read, write, &mut failed, &time) } == ws::SOCKET_ERROR {
        return Err(last_error());
    }
    let is_in =
        |set: &ws::FD_SET, number| set.fd_array.iter().take(set.fd_count as usize).any(|found| *found == number);
    Ok(sockets
        .iter()
        .map(|socket| number(socket))
        .map(|number| is_in(&ready, number) || is_in(&failed, number))
        .collect())
}

/// Waits for one socket; `false` when `limit` was over.
pub fn wait_one(socket: &TcpStream, readiness: Readiness, limit: Duration) -> io::Result<bool> {
    Ok(wait(&[socket], readiness, limit)?.contains(&true))
}

/// Does nothing: a socket whose own time limit has passed must not be used any more here, so it goes on not to block.
pub fn wait_by_itself(_: &TcpStream, _: Duration) {}

/// Reads what is there, or only looks at it, without waiting.
pub fn read_now(mut socket: &TcpStream, buffer: &mut [u8], only_looks: bool) -> io::Result<usize> {
    if only_looks { socket.peek(buffer) } else { socket.read(buffer) }
}

fn number(socket: &TcpStream) -> ws::SOCKET {
    // Both are numbers as wide as a pointer.
    socket.as_raw_socket() as ws::SOCKET
}

fn last_error() -> io::Error {
    // SAFETY: takes nothing.
    io::Error::from_raw_os_error(unsafe { ws::WSAGetLastError() })
}

/// Begins to connect and returns at once: the socket becomes ready for writing when it is decided.
/// The socket is not inherited by other processes and does not block.
pub fn begin_connect(address: &SocketAddr) -> io::Result<TcpStream> {
    start();
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: all-zero is a valid value of this plain C struct.
            let mut raw: ws::SOCKADDR_IN = unsafe { std::mem::zeroed() };
            raw.sin_family = ws::AF_INET;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.S_un.S_addr = u32::from_ne_bytes(v4.ip().octets());
            connect(ws::AF_INET, &raw)
        }
        SocketAddr::V6(v6) => {
            // SAFETY: all-zero is a valid value of this plain C struct.
            let mut raw: ws::SOCKADDR_IN6 = unsafe { std::mem::zeroed() };
            raw.sin6_family = ws::AF_INET6;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_flowinfo = v6.flowinfo();
            raw.Anonymous.sin6_scope_id = v6.scope_id();
            raw.sin6_addr.u.Byte = v6.ip().octets();
            connect(ws::AF_INET6, &raw)
        }
    }
}

/// Sockets have to be asked for before the first one is made.
fn start() {
    const VERSION: u16 = 0x0202;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all-zero is a valid value of this plain C struct, which is valid for the call. Where it fails, so does
        // every socket.
        unsafe { ws::WSAStartup(VERSION, &mut std::mem::zeroed()) };
    });
}

fn new_socket(family: ws::ADDRESS_FAMILY) -> io::Result<TcpStream> {
    let flags = ws::WSA_FLAG_OVERLAPPED | ws::WSA_FLAG_NO_HANDLE_INHERIT;
    // SAFETY: plain numbers, and no description of a protocol.
    let raw = unsafe { ws::WSASocketW(family.into(), ws::SOCK_STREAM, ws::IPPROTO_TCP, ptr::null(), 0, flags) };
    if raw == ws::INVALID_SOCKET {
        return Err(last_error());
    }
    // SAFETY: the socket is new, open, and nobody else's.
    let socket = TcpStream::from(unsafe { OwnedSocket::from_raw_socket(raw as RawSocket) });
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn connect<Raw>(family: ws::ADDRESS_FAMILY, address: &Raw) -> io::Result<TcpStream> {
    let socket = new_socket(family)?;
    let length = i32::try_from(size_of::<Raw>()).unwrap_or(0);
    // SAFETY: `address` is one of the sockaddr structs, of that length, and lives through the call.
    if unsafe { ws::connect(number(&socket), (&raw const *address).cast(), length) } == 0 {
        return Ok(socket);
    }
    match last_error() {
        error if error.kind() == io::ErrorKind::WouldBlock => Ok(socket),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Instant;

    #[test]
    fn nothing_is_waited_for_as_long_as_asked() {
        let began = Instant::now();
        assert!(wait(&[], Readiness::Write, Duration::from_millis(30)).unwrap().is_empty());
        assert!(began.elapsed() >= Duration::from_millis(30));
    }

    #[test]
    fn what_is_not_there_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = begin_connect(&listener.local_addr().unwrap()).unwrap();
        assert!(wait_one(&stream, Readiness::Write, Duration::from_secs(2)).unwrap());
        for only_looks in [true, false] {
            let found = read_now(&stream, &mut [0], only_looks);
            assert_eq!(found.map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
        }
    }
}
