//! Forks: counted, and connections and locks closed in the child.

use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

/// How many forks lie between this process and the one that loaded the library.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Descriptors of this process's connections and locks, which a child closes and never uses. There is always one more block
/// than was ever needed at once, up to what memory allows; a connection that finds no place stays open in the child,
/// unused, until the child ends or executes another program.
static CONNECTIONS: Block = Block::new();

/// Places for descriptors, and the block after it. Blocks are never freed, because a child may read them at any moment.
struct Block {
    places: [AtomicI32; PLACES],
    /// NULL for none. No lock, because a child may have inherited one that is held.
    next: AtomicPtr<Block>,
}

const PLACES: usize = 256;
const FREE: RawFd = -1;

impl Block {
    const fn new() -> Block {
        Block { places: [const { AtomicI32::new(FREE) }; PLACES], next: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Enters a descriptor, in a block that is made for it if there is none with a free place.
    fn enter(&'static self, fd: RawFd) -> Option<&'static AtomicI32> {
        let take = |place: &&AtomicI32| place.compare_exchange(FREE, fd, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        let mut block = self;
        loop {
            if let Some(place) = block.places.iter().find(take) {
                return Some(place);
            }
            block = block.next().or_else(|| block.extend())?;
        }
    }

    fn next(&self) -> Option<&'static Block> {
        // SAFETY: NULL, or a block that `extend` made and that is never freed.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }

    /// The next block, made now; `None` where there is no memory for it.
    fn extend(&self) -> Option<&'static Block> {
        let mut block = Vec::new();
        block.try_reserve_exact(1).ok()?;
        block.push(Block::new());
        let block: &'static mut Block = block.leak().first_mut()?;
        // Where another thread was faster, its block is the next one, and this one is left for good.
        let _ = self.next.compare_exchange(ptr::null_mut(), block, Ordering::AcqRel, Ordering::Relaxed);
        self.next()
    }
}

/// Whether a connection comes or goes, or a process is copied. The system copies a process piece by piece while its other
/// threads go on; without this, a child may find a connection that the table does not have yet, or no longer.
static CHANGING: AtomicBool = AtomicBool::new(false);

/// So often it is looked at, with a pause in between.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_micros(100);

thread_local! {
    /// Whether this thread has stopped all changes, for a fork.
    static FORKING: Cell<bool> = const { Cell::new(false) };
}

/// Waits until nothing changes, and keeps it so. Not for ever: a signal handler that forks may have come upon a change.
fn stop_changes() -> bool {
    for _ in 0..LOOKS {
        if !CHANGING.swap(true, Ordering::SeqCst) {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

/// Makes a change that no fork falls into.
fn change<T>(change: impl FnOnce() -> T) -> T {
    let alone = stop_changes();
    let outcome = change();
    if alone {
        CHANGING.store(false, Ordering::SeqCst);
    }
    outcome
}

/// Runs in the parent before it forks.
extern "C" fn before_fork() {
    if !FORKING.get() {
        FORKING.set(stop_changes());
    }
}

/// Runs in the parent after it has forked.
extern "C" fn after_fork() {
    if FORKING.take() {
        CHANGING.store(false, Ordering::SeqCst);
    }
}

/// How many forks lie behind this process. Costs no system call.
pub fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Begins to count forks. Threads that come at the same time do it more than once, which the functions bear: none may
/// wait for another, which a child that is forked meanwhile does not have.
pub fn watch_forks() {
    static IS_WATCHING: AtomicBool = AtomicBool::new(false);
    if !IS_WATCHING.load(Ordering::Acquire) {
        // SAFETY: the functions do only what is allowed around a fork. Without memory for the entry
        // forks go unnoticed; nothing here could change that.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) };
        IS_WATCHING.store(true, Ordering::Release);
        #[cfg(target_env = "musl")]
        change(make_key_of_std);
    }
}

/// Makes a key for values of threads, where no fork falls into it: up to musl 1.2.3 the child inherits the lock of that, and
/// waits for it without end when it makes a key itself. So does a child of a process in which a thread was ending; keys are
/// made early for that reason.
pub fn make_key<T>(make: impl FnOnce() -> T) -> T {
    watch_forks();
    change(make)
}

/// Has Rust's standard library make the one key that it needs for destructors of thread-local values.
#[cfg(target_env = "musl")]
fn make_key_of_std() {
    struct Value;
    impl Drop for Value {
        fn drop(&mut self) {}
    }
    thread_local! {
        static VALUE: Value = const { Value };
    }
    VALUE.with(|_| ());
}

/// Runs in the child before fork returns there: atomics and close(2) are all it uses.
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    FORKING.set(false);
    CHANGING.store(false, Ordering::SeqCst);
    let mut next = Some(&CONNECTIONS);
    while let Some(block) = next {
        for place in &block.places {
            let fd = place.swap(FREE, Ordering::SeqCst);
            if fd != FREE {
                // SAFETY: an inherited connection, which nobody in the child uses: its owner, `Owned`, gives the
                // descriptor up instead of closing it again.
                unsafe { libc::close(fd) };
            }
        }
        next = block.next();
    }
}

/// For the model checker: from here on, this process is as a forked child.
#[cfg(feature = "test-shuttle")]
pub fn pretend_to_be_a_child() {
    in_child();
}

/// A connection or a lock that belongs to the process that made it: a forked child closes its descriptor and never uses
/// it.
#[derive(Debug)]
pub struct Owned<T: AsRawFd = TcpStream> {
    /// There until it is dropped.
    opened: Option<T>,
    place: Option<&'static AtomicI32>,
    forks: u64,
}

impl<T: AsRawFd> Owned<T> {
    /// Makes a connection or a lock of this process.
    pub fn open(open: impl FnOnce() -> io::Result<T>) -> io::Result<Owned<T>> {
        change(|| open().map(Owned::new))
    }

    fn new(opened: T) -> Owned<T> {
        let place = CONNECTIONS.enter(opened.as_raw_fd());
        Owned { opened: Some(opened), place, forks: forks() }
    }

    /// What was opened; `None` in a process that inherited it, where it is closed already.
    pub fn get(&self) -> Option<&T> {
        self.opened.as_ref().filter(|_| self.forks == forks())
    }
}

impl<T: AsRawFd> Drop for Owned<T> {
    fn drop(&mut self) {
        let opened = self.opened.take();
        if self.forks != forks() {
            // Closed in this process since the fork: the number may be another file's by now.
            return std::mem::forget(opened);
        }
        change(|| {
            // The place first: once the descriptor is closed, its number may be that of a file which another thread
            // opens, and a child that is forked then must not close that.
            if let Some(place) = self.place {
                place.store(FREE, Ordering::SeqCst);
            }
            drop(opened);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::net::TcpListener;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    /// Runs `check` in a forked child and tells what it found.
    fn in_a_child(check: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child calls nothing but `check`, which makes system calls, and ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = if check() { 0 } else { 1 };
            // SAFETY: ends the child without running anything of the test's.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: waits for the child above; `status` is valid for the call.
        let ended = unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(ended, child);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }

    fn is_open(fd: RawFd) -> bool {
        // SAFETY: asks about a number, whatever it stands for.
        unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
    }

    #[test]
    fn a_child_closes_every_connection_however_many_there_are() {
        watch_forks();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || Owned::open(|| TcpStream::connect(listener.local_addr().unwrap())).unwrap();
        let connections: Vec<(Owned, TcpStream)> =
            (0..PLACES + 44).map(|_| (connect(), listener.accept().unwrap().0)).collect();
        let numbers: Vec<RawFd> = connections.iter().map(|(own, _)| own.get().unwrap().as_raw_fd()).collect();
        assert!(in_a_child(|| numbers.iter().all(|fd| !is_open(*fd)) && connections[0].0.get().is_none()));
        assert!(numbers.iter().all(|fd| is_open(*fd)), "the parent's stay open");
    }

    /// Connections come and go on some threads, so their numbers become those of other threads' files, which no
    /// child may find closed.
    #[test]
    fn a_child_keeps_files_of_the_program_that_have_numbers_of_connections() {
        watch_forks();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let end = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !end.load(Ordering::Relaxed) {
                        drop(Owned::open(|| stream.try_clone()).unwrap());
                    }
                });
            }
            let started = Instant::now();
            let mut all = true;
            while all && started.elapsed() < Duration::from_secs(2) {
                let files: Vec<File> = (0..4).map(|_| File::open("/dev/null").unwrap()).collect();
                all = in_a_child(|| files.iter().all(|file| is_open(file.as_raw_fd())));
            }
            end.store(true, Ordering::Relaxed);
            assert!(all, "a child found a file of its parent closed");
        });
    }
}
