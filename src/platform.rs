//! What the standard library does not offer safely: the boot clock, waiting for sockets, connecting
//! without blocking, name look-up with its error codes, forks. The only unsafe code outside the C
//! shell; Unix only.

use std::ffi::{CStr, CString, OsString};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

/// Time since the machine started, suspend included; the wall clock cannot move it.
pub fn boot_clock() -> Duration {
    Duration::from_nanos(boot_nanoseconds())
}

/// The same in nanoseconds, which suffice for five centuries.
#[inline]
pub fn boot_nanoseconds() -> u64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    // On macOS this clock counts on during sleep.
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for the call, which writes nothing else.
    unsafe { libc::clock_gettime(CLOCK, &mut now) };
    let now = now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs();
    #[cfg(feature = "test-fuzz")]
    let now = now + crate::fuzz::world::skipped();
    now
}

/// How many processors this process may use.
#[cfg(target_os = "linux")]
pub fn processors() -> usize {
    // SAFETY: a set without any processor is all zeros, and the call writes no more than the size it is given.
    let count = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set);
        libc::CPU_COUNT(&set)
    };
    // None where the set is too small for the machine: then one place will have to do.
    usize::try_from(count).unwrap_or(0).max(1)
}

/// How many processors this process may use.
#[cfg(not(target_os = "linux"))]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
    let mut polled: Vec<_> = sockets.iter().map(|socket| to_poll(socket, readiness)).collect();
    poll(&mut polled, limit)?;
    Ok(polled.iter().map(|entry| entry.revents != 0).collect())
}

/// Waits for one socket; `false` when `limit` was over or a signal came.
pub fn wait_one(socket: &TcpStream, readiness: Readiness, limit: Duration) -> io::Result<bool> {
    let mut polled = [to_poll(socket, readiness)];
    poll(&mut polled, limit)?;
    Ok(polled[0].revents != 0)
}

fn to_poll(socket: &TcpStream, readiness: Readiness) -> libc::pollfd {
    let events = match readiness {
        Readiness::Read => libc::POLLIN,
        Readiness::Write => libc::POLLOUT,
    };
    libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 }
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

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupFailure {
    /// It does not exist.
    Unknown,
    /// The name servers cannot tell just now.
    Passing,
    /// This process or machine has run out of something.
    Resource,
}

/// The addresses of a host, at most `most`, with port 0. Blocks as long as the system's resolver does.
pub fn look_up(host: &str, most: usize) -> Result<Vec<SocketAddr>, LookupFailure> {
    let host = CString::new(host).map_err(|_| LookupFailure::Unknown)?;
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: the name is NUL-terminated, and all pointers are valid for the call.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list) };
    if code != 0 {
        return Err(lookup_failure(code, &io::Error::last_os_error()));
    }
    let mut found = Vec::new();
    let mut entry = list;
    while let (false, true) = (entry.is_null(), found.len() < most) {
        // SAFETY: an entry of the list that getaddrinfo made, which is freed below.
        let current = unsafe { &*entry };
        // SAFETY: its address belongs to it.
        found.extend(unsafe { address_of(current) });
        entry = current.ai_next;
    }
    if !list.is_null() {
        // SAFETY: the list comes from getaddrinfo and is freed once.
        unsafe { libc::freeaddrinfo(list) };
    }
    Ok(found)
}

fn lookup_failure(code: libc::c_int, system: &io::Error) -> LookupFailure {
    match code {
        libc::EAI_AGAIN => LookupFailure::Passing,
        libc::EAI_MEMORY => LookupFailure::Resource,
        libc::EAI_SYSTEM if is_resource(system) => LookupFailure::Resource,
        libc::EAI_SYSTEM => LookupFailure::Passing,
        _ => LookupFailure::Unknown,
    }
}

/// The caller promises an entry of getaddrinfo's list.
unsafe fn address_of(entry: &libc::addrinfo) -> Option<SocketAddr> {
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: the family says which struct it is; read without assuming that it is aligned.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, 0).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, 0, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Whether this process or machine, not the network, has run out of something.
pub fn is_resource(error: &io::Error) -> bool {
    let codes = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EADDRNOTAVAIL, libc::EAGAIN];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// The user that this program acts as.
pub fn user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// A variable of the environment; nothing in a program that runs with more rights than its user.
pub fn variable(name: &CStr) -> Option<OsString> {
    // SAFETY: as glibc and musl declare it; the crate libc does not.
    #[cfg(target_os = "linux")]
    unsafe extern "C" {
        fn secure_getenv(name: *const libc::c_char) -> *mut libc::c_char;
    }
    // SAFETY: the name is NUL-terminated.
    #[cfg(target_os = "linux")]
    let value = unsafe { secure_getenv(name.as_ptr()) };
    // SAFETY: these take and return nothing but numbers, and the name is NUL-terminated.
    #[cfg(not(target_os = "linux"))]
    let value = match unsafe { (libc::getuid(), libc::getgid()) == (libc::geteuid(), libc::getegid()) } {
        // SAFETY: as above.
        true => unsafe { libc::getenv(name.as_ptr()) },
        false => ptr::null_mut(),
    };
    if value.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated text of the environment, copied at once.
    Some(OsString::from_vec(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec()))
}

/// How many forks lie between this process and the one that loaded the library.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Connections of this process, which a child closes and never uses. A connection that finds no place
/// stays open in the child, unused, until it ends or executes another program.
static CONNECTIONS: [AtomicI32; 256] = [const { AtomicI32::new(NO_CONNECTION) }; 256];
const NO_CONNECTION: RawFd = -1;

/// How many forks lie behind this process. Costs no system call.
pub fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Begins to count forks, once.
pub fn watch_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function does only what is allowed after a fork. Without memory for the entry
        // forks go unnoticed, which nothing here could mend.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// Runs in the child before fork returns there: atomics and close(2) are all it uses.
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    for place in &CONNECTIONS {
        let fd = place.swap(NO_CONNECTION, Ordering::Relaxed);
        if fd != NO_CONNECTION {
            // SAFETY: an inherited connection, which nobody in the child uses: its owner gives the
            // descriptor up (`net::Socket`) instead of closing it again.
            unsafe { libc::close(fd) };
        }
    }
}

/// The place of a connection among those that a child closes. Dropped before the connection is closed.
#[derive(Debug)]
pub struct Registered {
    place: Option<&'static AtomicI32>,
    forks: u64,
}

impl Registered {
    /// Enters a connection.
    pub fn new(stream: &TcpStream) -> Registered {
        let fd = stream.as_raw_fd();
        let take = |place: &&AtomicI32| {
            place.compare_exchange(NO_CONNECTION, fd, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        Registered { place: CONNECTIONS.iter().find(take), forks: forks() }
    }

    /// Whether this process made the connection; an inherited one is closed already.
    pub fn is_own(&self) -> bool {
        self.forks == forks()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let (Some(place), true) = (self.place, self.is_own()) {
            place.store(NO_CONNECTION, Ordering::Relaxed);
        }
    }
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
