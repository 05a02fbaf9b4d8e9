//! Names to addresses, for the whole process: answers are remembered for a while, callers who ask for the same name share
//! one look-up, and a resolver that does not answer cannot hang anybody: an address that was good an hour ago is good
//! enough then.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Reason, Result, Status};
use crate::platform::clock::boot_clock;
use crate::platform::made_once::MadeOnce;
use crate::platform::per_process::PerProcess;
use crate::platform::process;
use crate::platform::resolver::{self, LookupFailure};
use crate::wire::deadline::{Deadline, Phase};
use crate::wire::socket::MAX_ADDRESSES;

/// No more threads than this look names up, in the whole process.
const MAX_LOOKUPS: usize = 16;
/// Of so few names none is forgotten.
const FEW_NAMES: usize = 64;
const KEEP_ADDRESSES: Duration = Duration::from_secs(60);
const KEEP_FAILURE: Duration = Duration::from_secs(1);
/// So long an address is used while the resolver does not answer, and after so long a wait.
const KEEP_FOR_OUTAGES: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(1);

static NAMES: MadeOnce<PerProcess<Names>> = MadeOnce::new(PerProcess::default);

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
    /// A look-up has ended, and its thread is free.
    freed: Arc<Condvar>,
}

/// What is known, and what is being asked. A tree, because a hash map begins with random numbers, and panics
/// without them.
#[derive(Default)]
struct Book {
    known: BTreeMap<String, Known>,
    /// As soon as there are so many names, those go that are of no use any more.
    most: usize,
    /// Look-ups that have a thread. `getaddrinfo` cannot be interrupted, so one that nobody waits for any more keeps
    /// its thread until the system answers, and the next caller of the same name joins it.
    running: Vec<(String, LookUp)>,
}

/// Tells that a look-up has ended. Each has its own, so that callers of names that hang are not woken by others; which
/// tells look-ups of one name apart, too.
type LookUp = Arc<Condvar>;

struct Known {
    until: Duration,
    answer: Answer,
    last_good: Option<LastGood>,
}

/// Addresses of a name, from before an outage of the resolver.
#[derive(Clone)]
struct LastGood {
    addresses: Vec<SocketAddr>,
    until: Duration,
}

/// What to do instead of waiting for an answer without end.
enum Instead {
    /// Take addresses that the name had not long ago.
    Use(Vec<SocketAddr>),
    /// Wait, at most so long.
    Wait(Duration),
}

/// Lets callers that wait for a name look whether they were cancelled.
pub fn wake_callers() {
    if let Some(names) = NAMES.get_made().map(PerProcess::get) {
        names.wake_callers();
    }
}

impl Names {
    fn wake_callers(&self) {
        // Whoever holds the lock may be about to wait.
        lock(&self.book).running.iter().for_each(|(_, look_up)| look_up.notify_all());
        self.freed.notify_all();
    }

    fn look_up(&self, host: &str, deadline: &Deadline) -> Answer {
        let mut book = lock(&self.book);
        let begun = boot_clock();
        loop {
            if let Some(known) = book.known.get(host).filter(|known| known.until > boot_clock()) {
                return known.answer.clone();
            }
            if let Some(look_up) = book.running(host).cloned() {
                return wait_for(&look_up, host, book, deadline, begun);
            }
            if book.running.len() < MAX_LOOKUPS {
                let look_up = self.begin(host, &mut book)?;
                // The time that other look-ups took is not this one's.
                deadline.restart_connecting();
                return wait_for(&look_up, host, book, deadline, begun);
            }
            let longest = match book.while_waiting(host, begun) {
                Instead::Use(addresses) => return Ok(addresses),
                Instead::Wait(longest) => longest,
            };
            let left = deadline.next_long_wait_in_call().map_err(|error| match error.status() {
                Status::Timeout => no_thread_free(),
                _ => error,
            })?;
            book = self.freed.wait_timeout(book, left.min(longest)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Starts a look-up.
    fn begin(&self, host: &str, book: &mut Book) -> Result<LookUp> {
        let look_up = LookUp::default();
        let (name, shared, news) = (host.to_owned(), self.book.clone(), [look_up.clone(), self.freed.clone()]);
        let start = || {
            std::thread::Builder::new().name(process::LOOKUP_THREAD.into()).stack_size(process::stack()).spawn(
                move || {
                    process::begin_library_thread();
                    let (answer, keep) = ask_system(&name);
                    lock(&shared).end(name, answer, keep);
                    news.iter().for_each(|news| news.notify_all());
                },
            )
        };
        process::without_signals(start).map_err(|_| {
            Error::new(Reason::ConnectResource, "no thread can be started to look the server's name up")
        })?;
        book.running.push((host.to_owned(), look_up.clone()));
        Ok(look_up)
    }
}

/// Waits for a look-up, since this moment.
fn wait_for(
    look_up: &LookUp,
    host: &str,
    mut book: MutexGuard<'_, Book>,
    deadline: &Deadline,
    begun: Duration,
) -> Answer {
    loop {
        let left = match (book.answer(host, look_up), deadline.next_long_wait()) {
            (Some(answer), _) => return answer,
            (None, Ok(left)) => left,
            (None, Err(error)) => return Err(error),
        };
        let longest = match book.while_waiting(host, begun) {
            Instead::Use(addresses) => return Ok(addresses),
            Instead::Wait(longest) => longest,
        };
        let waited = look_up.wait_timeout(book, left.min(longest));
        book = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Book {
    /// The look-up of this name that is running.
    fn running(&self, host: &str) -> Option<&LookUp> {
        self.running.iter().find(|(name, _)| name == host).map(|(_, look_up)| look_up)
    }

    /// The answer of a look-up that has ended.
    fn answer(&self, host: &str, look_up: &LookUp) -> Option<Answer> {
        if self.running(host).is_some_and(|running| Arc::ptr_eq(running, look_up)) {
            return None;
        }
        // Kept a moment longer than it is believed, so that everybody who waited gets it.
        self.known.get(host).map(|known| known.answer.clone())
    }

    /// What a caller does that has waited for an answer since this moment.
    fn while_waiting(&self, host: &str, begun: Duration) -> Instead {
        let now = boot_clock();
        let last_good = self.known.get(host).and_then(|known| known.last_good.as_ref());
        match last_good.filter(|good| good.until > now) {
            None => Instead::Wait(Duration::MAX),
            Some(good) if now >= begun + PATIENCE => Instead::Use(good.addresses.clone()),
            Some(_) => Instead::Wait(begun + PATIENCE - now),
        }
    }

    fn end(&mut self, host: String, answer: Answer, keep: Duration) {
        self.running.retain(|(name, _)| *name != host);
        let now = boot_clock();
        let before = self.known.remove(&host).and_then(|known| known.last_good).filter(|good| good.until > now);
        let (answer, keep, last_good) = match (answer, before) {
            (Ok(addresses), _) => {
                let good = LastGood { addresses: addresses.clone(), until: now + KEEP_FOR_OUTAGES };
                (Ok(addresses), keep, Some(good))
            }
            // The resolver has no answer now. That there is no such name would be one.
            (Err(error), Some(good)) if error.transient() => (Ok(good.addresses.clone()), KEEP_FAILURE, Some(good)),
            (Err(error), _) => (Err(error), keep, None),
        };
        self.known.insert(host, Known { until: now + keep, answer, last_good });
        if self.known.len() > self.most {
            // What is no longer believed goes, but not before everybody who waited has read it.
            let of_use = |known: &Known| known.last_good.as_ref().map_or(known.until + KEEP_FAILURE, |good| good.until);
            self.known.retain(|_, known| of_use(known) > now);
            self.most = (2 * self.known.len()).max(FEW_NAMES);
        }
    }
}

fn no_thread_free() -> Error {
    let message = format!("{MAX_LOOKUPS} other names are being looked up, and name resolution does not answer");
    Error::new(Reason::ConnectResource, message)
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
    fn a_look_up_that_was_given_up_is_joined_by_the_next_caller() {
        let names = Names::default();
        lock(&names.book).running.push(("slow".into(), LookUp::default()));
        for _ in 0..3 {
            let error = names.look_up("slow", &deadline(20)).unwrap_err();
            assert_eq!(error.reason(), Reason::TimeoutDns);
        }
        assert_eq!(lock(&names.book).running.len(), 1, "one thread, however many callers gave up");
        lock(&names.book).end("slow".into(), Ok(Vec::new()), KEEP_ADDRESSES);
        assert!(names.look_up("slow", &deadline(20)).is_ok());
    }

    /// A name that was looked up, whose answer is believed no more.
    fn known_before(names: &Names, host: &str, address: &str) {
        let mut book = lock(&names.book);
        book.end(host.into(), Ok(vec![address.parse().unwrap()]), KEEP_ADDRESSES);
        book.known.get_mut(host).unwrap().until = Duration::ZERO;
    }

    #[test]
    fn an_address_that_was_good_is_used_while_the_resolver_does_not_answer() {
        let names = Names::default();
        known_before(&names, "hangs", "192.0.2.1:0");
        known_before(&names, "waits", "192.0.2.2:0");
        lock(&names.book).running = vec![("other".into(), LookUp::default()); MAX_LOOKUPS];
        lock(&names.book).running[0] = ("hangs".into(), LookUp::default());
        for (host, address) in [("hangs", "192.0.2.1:0"), ("waits", "192.0.2.2:0")] {
            let begun = boot_clock();
            let found = names.look_up(host, &deadline(5000)).unwrap();
            assert_eq!(found, vec![address.parse().unwrap()], "{host}");
            assert!((PATIENCE..2 * PATIENCE).contains(&(boot_clock() - begun)), "{host}");
            assert_eq!(names.look_up("unknown", &deadline(20)).unwrap_err().reason(), Reason::ConnectResource);
        }
        // After an hour it is good no more.
        lock(&names.book).known.get_mut("waits").unwrap().last_good.as_mut().unwrap().until = Duration::ZERO;
        assert_eq!(names.look_up("waits", &deadline(20)).unwrap_err().reason(), Reason::ConnectResource);
    }

    #[test]
    fn what_the_resolver_says_of_a_name_counts_more_than_what_it_said() {
        let names = Names::default();
        let error = |is_passing| Err(Error::new(Reason::ConnectDns, "x").with_transient(is_passing));
        known_before(&names, "name", "192.0.2.1:0");
        lock(&names.book).end("name".into(), error(true), Duration::ZERO);
        assert!(names.look_up("name", &deadline(20)).is_ok(), "it has no answer now");
        known_before(&names, "name", "192.0.2.1:0");
        lock(&names.book).end("name".into(), error(false), KEEP_FAILURE);
        assert_eq!(names.look_up("name", &deadline(20)).unwrap_err().reason(), Reason::ConnectDns);
        lock(&names.book).end("name".into(), error(true), KEEP_FAILURE);
        assert!(names.look_up("name", &deadline(20)).is_err());
    }

    #[test]
    fn names_that_are_of_no_use_are_forgotten() {
        let names = Names::default();
        for number in 0..10 * FEW_NAMES {
            let host = format!("host-{number}");
            let mut book = lock(&names.book);
            book.end(host.clone(), Err(Error::new(Reason::ConnectDns, "x")), KEEP_FAILURE);
            book.known.get_mut(&host).unwrap().until = Duration::ZERO;
            assert!(book.known.len() <= 2 * FEW_NAMES, "{}", book.known.len());
        }
    }

    #[test]
    fn a_call_that_waits_for_a_name_is_cancelled_at_once() {
        let hangs = || (0..MAX_LOOKUPS).map(|n| (format!("hangs-{n}"), LookUp::default())).collect::<Vec<_>>();
        for host in ["hangs-0", "another"] {
            let names = Names::default();
            lock(&names.book).running = hangs();
            let cancelled = Arc::<std::sync::atomic::AtomicBool>::default();
            std::thread::scope(|scope| {
                let call = scope.spawn(|| {
                    let limit = Duration::from_secs(20);
                    let deadline = Deadline::start(limit, limit, cancelled.clone());
                    names.look_up(host, &deadline).unwrap_err().reason()
                });
                std::thread::sleep(Duration::from_millis(50));
                cancelled.store(true, std::sync::atomic::Ordering::SeqCst);
                let begun = boot_clock();
                names.wake_callers();
                assert_eq!(call.join().unwrap(), Reason::Cancelled, "{host}");
                assert!(boot_clock() - begun < Duration::from_millis(100), "{host}");
            });
        }
    }

    #[test]
    fn the_manual_says_how_many_threads_look_up_names() {
        let header = format!("at most {MAX_LOOKUPS} threads in a process");
        assert!(include_str!("../../include/tigergraph_auth.h").contains(&header), "{header}");
        let guide = format!("to look up host names: at most {MAX_LOOKUPS} in a process");
        assert!(include_str!("../../docs/threads.md").contains(&guide), "{guide}");
    }

    #[test]
    fn names_that_hang_delay_others_only_when_no_thread_is_left() {
        let names = Names::default();
        let hang = |count: usize| {
            lock(&names.book).running = (0..count).map(|n| (format!("hangs-{n}"), LookUp::default())).collect();
        };
        hang(MAX_LOOKUPS - 1);
        assert!(names.look_up("localhost", &deadline(5000)).is_ok());
        hang(MAX_LOOKUPS);
        let error = names.look_up("localhost.", &deadline(20)).unwrap_err();
        assert_eq!(error.reason(), Reason::ConnectResource);
        assert_eq!(names.look_up("localhost", &deadline(20)).unwrap().len().min(1), 1, "what is known is told");
    }
}
