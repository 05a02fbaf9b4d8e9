//! What the standard library does not offer safely: the boot clock, waiting for sockets, connecting
//! without blocking. The only unsafe code outside the C shell; Unix only.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Time since the machine started, suspend included; the wall clock cannot move it.
pub fn boot_clock() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    // On macOS this clock counts on during sleep.
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for the call, which writes nothing else.
    unsafe { libc::clock_gettime(CLOCK, &mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

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
    let events = match readiness {
        Readiness::Read => libc::POLLIN,
        Readiness::Write => libc::POLLOUT,
    };
    let mut polled: Vec<libc::pollfd> =
        sockets.iter().map(|socket| libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 }).collect();
    poll(&mut polled, limit)?;
    Ok(polled.iter().map(|entry| entry.revents != 0).collect())
}

/// Waits for one socket; `false` when `limit` was over or a signal came.
pub fn wait_one(socket: &TcpStream, readiness: Readiness, limit: Duration) -> io::Result<bool> {
    let events = match readiness {
        Readiness::Read => libc::POLLIN,
        Readiness::Write => libc::POLLOUT,
    };
    let mut polled = [libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 }];
    poll(&mut polled, limit)?;
    Ok(polled[0].revents != 0)
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
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    #[cfg(not(target_os = "linux"))]
    // SAFETY: plain numbers; the descriptor is open.
    unsafe {
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

/// Runs `start`, which starts a thread, so that the new thread takes none of the program's signals.
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    // SAFETY: all-zero is a valid value for both sets, which the calls below fill.
    let (mut all, mut before) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // SAFETY: both sets are valid for the calls; the mask is put back right after.
    unsafe {
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
    }
    let result = start();
    // SAFETY: `before` was filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_boot_clock_goes_on() {
        let before = boot_clock();
        std::thread::sleep(Duration::from_millis(2));
        assert!(boot_clock() - before >= Duration::from_millis(2));
    }

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

    #[test]
    fn a_refused_connection_is_seen() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = match begin_connect(&gone) {
            Ok(stream) => {
                wait_one(&stream, Readiness::Write, Duration::from_secs(2)).unwrap();
                stream.take_error().unwrap().unwrap()
            }
            Err(error) => error,
        };
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}
