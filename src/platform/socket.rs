//! Sockets that do not block: waiting for them, and connecting.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::descriptor::beside_standard;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Bytes to read, or the end.
    Read,
    /// Room to write, or a connection made or failed.
    Write,
}

/// Waits until one of the sockets is ready or `limit` is over; tells which are. A signal ends the wait early.
pub fn wait(sockets: &[&TcpStream], readiness: Readiness, limit: Duration) -> io::Result<Vec<bool>> {
    let mut polled: Vec<_> = sockets.iter().map(|socket| to_poll(*socket, readiness)).collect();
    poll(&mut polled, limit)?;
    Ok(polled.iter().map(|entry| entry.revents != 0).collect())
}

/// Waits for one socket or pipe; `false` when `limit` was over or a signal came.
pub fn wait_one(file: &impl AsRawFd, readiness: Readiness, limit: Duration) -> io::Result<bool> {
    let mut polled = [to_poll(file, readiness)];
    poll(&mut polled, limit)?;
    Ok(polled[0].revents != 0)
}

/// From now on the socket waits by itself, for a moment at a time. If the system refuses, it does not wait at all, as before.
pub fn wait_by_itself(socket: &TcpStream, moment: Duration) {
    let is_set = socket.set_read_timeout(Some(moment)).and_then(|()| socket.set_write_timeout(Some(moment)));
    if is_set.is_ok() {
        let _ = socket.set_nonblocking(false);
    }
}

/// Reads what is there, or only looks at it, without waiting.
pub fn read_now(socket: &TcpStream, buffer: &mut [u8], only_looks: bool) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | if only_looks { libc::MSG_PEEK } else { 0 };
    // SAFETY: pointer and length describe the buffer, which lives through the call.
    let count = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), flags) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

fn to_poll(file: &impl AsRawFd, readiness: Readiness) -> libc::pollfd {
    let events = match readiness {
        Readiness::Read => libc::POLLIN,
        Readiness::Write => libc::POLLOUT,
    };
    libc::pollfd { fd: file.as_raw_fd(), events, revents: 0 }
}

fn poll(polled: &mut [libc::pollfd], limit: Duration) -> io::Result<()> {
    // Rounded up, so that a wait never ends before its limit and spins.
    let ms = i32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
    // SAFETY: the pointer and the length describe the slice, which lives through the call.
    let outcome = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, ms) };
    if outcome >= 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.kind() != io::ErrorKind::Interrupted {
        return Err(error);
    }
    polled.iter_mut().for_each(|entry| entry.revents = 0);
    Ok(())
}

/// Begins to connect and returns at once: the socket becomes ready for writing when it is decided.
/// The socket is close-on-exec and does not block.
pub fn begin_connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket = new_socket(family)?;
    let outcome = match address {
        SocketAddr::V4(v4) => {
            // SAFETY: all-zero is a valid value of this plain C struct.
            let mut raw: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            connect(&socket, &raw)
        }
        SocketAddr::V6(v6) => {
            // SAFETY: all-zero is a valid value of this plain C struct.
            let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_flowinfo = v6.flowinfo();
            raw.sin6_scope_id = v6.scope_id();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            connect(&socket, &raw)
        }
    };
    outcome?;
    Ok(TcpStream::from(socket))
}

fn new_socket(family: libc::c_int) -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    const KIND: libc::c_int = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    #[cfg(not(target_os = "linux"))]
    const KIND: libc::c_int = libc::SOCK_STREAM;
    // SAFETY: takes and returns plain numbers.
    let fd = unsafe { libc::socket(family, KIND, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, open, and nobody else's.
    let socket = beside_standard(unsafe { OwnedFd::from_raw_fd(fd) })?;
    #[cfg(not(target_os = "linux"))]
    // SAFETY: plain numbers; the descriptor is open.
    unsafe {
        let fd = socket.as_raw_fd();
        libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
        let on: libc::c_int = 1;
        let (level, option) = (libc::SOL_SOCKET, libc::SO_NOSIGPIPE);
        libc::setsockopt(fd, level, option, (&raw const on).cast(), size_of_val(&on) as libc::socklen_t);
    }
    Ok(socket)
}

fn connect<Raw>(socket: &OwnedFd, address: &Raw) -> io::Result<()> {
    let length = size_of::<Raw>() as libc::socklen_t;
    // SAFETY: `address` is one of the sockaddr structs, of that length, and lives through the call.
    let outcome = unsafe { libc::connect(socket.as_raw_fd(), (&raw const *address).cast(), length) };
    if outcome == 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        // A connect interrupted by a signal goes on by itself.
        error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        error => Err(error),
    }
}
