//! Names to addresses, for the whole process: answers are remembered for a while, callers who ask for
//! the same name share one look-up, and a resolver that does not answer cannot hang anybody.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use once_cell::sync::Lazy;

use crate::error::{Error, Reason, Result};
use crate::platform::clock::boot_clock;
use crate::platform::per_process::PerProcess;
use crate::platform::process;
use crate::platform::resolver::{self, LookupFailure};
use crate::wire::deadline::{Deadline, Phase};
use crate::wire::socket::MAX_ADDRESSES;

/// No more threads than this look names up, in the whole process.
const MAX_LOOKUPS: usize = 4;
const STACK: usize = 256 * 1024;
const KEEP_ADDRESSES: Duration = Duration::from_secs(60);
const KEEP_FAILURE: Duration = Duration::from_secs(1);

static NAMES: Lazy<PerProcess<Names>> = Lazy::new(PerProcess::default);

/// The addresses of a host: at once for an IP address, else from memory or from the system.
pub fn look_up(host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>> {
    deadline.enter(Phase::Lookup);
    if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let mut addresses = NAMES.get().look_up(host, deadline)?;
    addresses.iter_mut().for_each(|address| address.set_port(port));
    Ok(addresses)
}

type Answer = Result<Vec<SocketAddr>>;

#[derive(Default)]
struct Names {
    book: Arc<Mutex<Book>>,
    /// A look-up has ended, or a caller has given one up.
    news: Arc<Condvar>,
}

/// What is known, and what is being asked. Trees, because a hash map begins with random numbers, and panics
/// without them.
#[derive(Default)]
struct Book {
    known: BTreeMap<String, Known>,
    running: BTreeMap<String, Running>,
    /// Look-ups that nobody waits for any more. `getaddrinfo` cannot be interrupted, so they keep
    /// their thread until the system answers.
    stuck: usize,
}

struct Known {
    until: Duration,
    answer: Answer,
}

/// A look-up with its number, which tells it from a later one for the same name.
struct Running {
    waiting: usize,
    number: u64,
}

impl Names {
    fn look_up(&self, host: &str, deadline: &Deadline) -> Answer {
        let mut book = lock(&self.book);
        loop {
            if let Some(known) = book.known.get(host).filter(|known| known.until > boot_clock()) {
                return known.answer.clone();
            }
            if let Some(running) = book.running.get_mut(host) {
                running.waiting += 1;
                let number = running.number;
                return self.wait_for(host, number, book, deadline);
            }
            if book.stuck >= MAX_LOOKUPS {
                let message = format!("{MAX_LOOKUPS} name look-ups are stuck already; name resolution does not answer");
                return Err(Error::new(Reason::ConnectResource, message));
            }
            if book.running.len() + book.stuck < MAX_LOOKUPS {
                let number = self.begin(host, &mut book)?;
                return self.wait_for(host, number, book, deadline);
            }
            let waited = self.news.wait_timeout(book, deadline.next_wait()?);
            book = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Starts a look-up that one caller waits for.
    fn begin(&self, host: &str, book: &mut Book) -> Result<u64> {
        static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (name, shared, news) = (host.to_owned(), self.book.clone(), self.news.clone());
        let start = || {
            std::thread::Builder::new().name("tg-lookup".into()).stack_size(STACK).spawn(move || {
                let (answer, keep) = ask_system(&name);
                lock(&shared).end(name, number, answer, keep);
                news.notify_all();
            })
        };
        process::without_signals(start).map_err(|_| {
            Error::new(Reason::ConnectResource, "no thread can be started to look the server's name up")
        })?;
        book.running.insert(host.to_owned(), Running { waiting: 1, number });
        Ok(number)
    }

    /// Waits for a look-up; the last one whose time runs out gives it up for lost.
    fn wait_for(&self, host: &str, number: u64, mut book: MutexGuard<'_, Book>, deadline: &Deadline) -> Answer {
        loop {
            let left = match (book.answer(host, number), deadline.next_wait()) {
                (Some(answer), _) => return answer,
                (None, Ok(left)) => left,
                (None, Err(error)) => {
                    book.give_up(host, number);
                    self.news.notify_all();
                    return Err(error);
                }
            };
            let waited = self.news.wait_timeout(book, left);
            book = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Book {
    fn is_running(&self, host: &str, number: u64) -> bool {
        self.running.get(host).is_some_and(|running| running.number == number)
    }

    /// The answer of a look-up that has ended.
    fn answer(&self, host: &str, number: u64) -> Option<Answer> {
        if self.is_running(host, number) {
            return None;
        }
        // Kept a moment longer than it is believed, so that everybody who waited gets it.
        self.known.get(host).map(|known| known.answer.clone())
    }

    fn give_up(&mut self, host: &str, number: u64) {
        let Some(running) = self.running.get_mut(host).filter(|running| running.number == number) else {
            return;
        };
        running.waiting -= 1;
        if running.waiting == 0 {
            self.running.remove(host);
            self.stuck += 1;
        }
    }

    fn end(&mut self, host: String, number: u64, answer: Answer, keep: Duration) {
        if self.is_running(&host, number) {
            self.running.remove(&host);
        } else {
            self.stuck -= 1;
        }
        let now = boot_clock();
        // What is no longer believed goes, but not before everybody who waited has read it.
        self.known.retain(|_, known| known.until + KEEP_FAILURE > now);
        self.known.insert(host, Known { until: now + keep, answer });
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the system, and says how long its answer may be believed.
fn ask_system(host: &str) -> (Answer, Duration) {
    let error = |reason, what: &str| Error::new(reason, format!("the name {host} {what}"));
    match resolver::look_up(host, MAX_ADDRESSES) {
        Ok(addresses) if addresses.is_empty() => (Err(error(Reason::ConnectDns, "has no address")), KEEP_FAILURE),
        Ok(addresses) => (Ok(addresses), KEEP_ADDRESSES),
        Err(LookupFailure::Unknown) => (Err(error(Reason::ConnectDns, "cannot be found")), KEEP_FAILURE),
        Err(LookupFailure::Passing) => {
            let error = error(Reason::ConnectDns, "cannot be looked up just now").with_transient(true);
            (Err(error), Duration::ZERO)
        }
        Err(LookupFailure::Resource) => {
            (Err(error(Reason::ConnectResource, "cannot be looked up: no resources are left")), Duration::ZERO)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::deadline::tests::deadline;

    #[test]
    fn names_are_looked_up_and_ip_addresses_are_not() {
        let found = look_up("localhost", 80, &deadline(5000)).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
        assert_eq!(look_up("[::1]", 80, &deadline(1)).unwrap()[0].to_string(), "[::1]:80");
        let missing = look_up("no-such-host.invalid", 80, &deadline(20_000)).unwrap_err();
        assert_eq!(missing.reason(), Reason::ConnectDns);
    }

    #[test]
    fn callers_of_one_name_share_a_look_up() {
        let threads: Vec<_> =
            (0..64).map(|_| std::thread::spawn(|| look_up("localhost", 1, &deadline(5000)).is_ok())).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }

    #[test]
    fn a_look_up_that_was_given_up_is_stuck_until_it_ends() {
        let mut book = Book::default();
        book.running.insert("a".into(), Running { waiting: 2, number: 7 });
        book.give_up("a", 7);
        assert_eq!((book.stuck, book.running.len()), (0, 1));
        book.give_up("a", 7);
        assert_eq!((book.stuck, book.running.len()), (1, 0));
        book.end("a".into(), 7, Ok(Vec::new()), KEEP_ADDRESSES);
        assert_eq!((book.stuck, book.answer("a", 8).is_some()), (0, true));
    }
}
