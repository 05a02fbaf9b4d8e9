//! Forks: counted, and connections closed in the child.

use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

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
        // forks go unnoticed; nothing here could change that.
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
