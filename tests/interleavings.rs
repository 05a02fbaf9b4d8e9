//! Managed tokens under a model checker (shuttle): the library's own code, with its locks and its threads,
//! their waiting and waking included, replaced, runs under thousands of interleavings, each replayable. The
//! server is a function; time stands still.
//!
//! A fork is a moment from which on no thread runs but the one that forked and those that it starts: the others stop
//! wherever they are, with the locks that they hold, which is how a child finds its parent's memory.

#[path = "interleavings/providers.rs"]
mod providers;
#[path = "interleavings/wakeup.rs"]
mod wakeup;

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use shuttle::scheduler::{PctScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::thread;
use tigergraph_auth::Token;
use tigergraph_auth::log::{Level, LogTarget, Logger};
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::fork::pretend_to_be_a_child;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::unversioned::published::Published;
use tigergraph_auth::unversioned::thread_group::ThreadGroup;
use tigergraph_auth::unversioned::users::Users;
use tigergraph_auth::{Config, Connection, Error, Reason, Result, TokenOptions};

/// So many interleavings of each scenario.
const RUNS: usize = 3000;
/// The same for those with many threads and locks, each of which takes longer.
const RUNS_OF_MANY: usize = 1000;

/// A server of 4.2 that makes token after token, or refuses.
#[derive(Debug, Default)]
struct Server {
    requests: AtomicUsize,
    refuses: bool,
    /// An answer is there as soon as its request.
    is_swift: bool,
    /// Never answers: a request ends when its call does.
    hangs: AtomicBool,
    /// Requests without an answer, and how many of them nobody has ended.
    waiting: AtomicUsize,
    endless: AtomicUsize,
}

#[derive(Debug)]
struct Carrier(Arc<Server>);

impl Http for Carrier {
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer> {
        if self.0.hangs.load(Ordering::SeqCst) {
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
            let ended = (0..2000).find_map(|_| {
                thread::yield_now();
                deadline.next_wait().err()
            });
            self.0.endless.fetch_add(usize::from(ended.is_none()), Ordering::SeqCst);
            self.0.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(ended.expect("a request that nobody ends"));
        }
        // Others may run while the request is on its way, and while its answer is.
        let others_run = || {
            if !self.0.is_swift {
                thread::yield_now()
            }
        };
        others_run();
        let deletes = request.method.name() == "DELETE";
        let number = if deletes { 0 } else { self.0.requests.fetch_add(1, Ordering::SeqCst) };
        others_run();
        let (status, body) = match (deletes, self.0.refuses) {
            (true, _) => (200, r#"{"error":false}"#.to_owned()),
            (_, true) => (401, r#"{"error":true,"message":"no"}"#.to_owned()),
            (_, false) => (200, format!(r#"{{"error":false,"token":"token-number-{number}"}}"#)),
        };
        let body = tigergraph_auth::unversioned::hidden::Wiped::new(body.into_bytes());
        Ok(Answer::new(status, body))
    }
}

fn connect(server: &Arc<Server>) -> Arc<Connection> {
    connect_with_log(server, None)
}

fn connect_with_log(server: &Arc<Server>, log: Option<Logger>) -> Arc<Connection> {
    let mut config = Config::new("http://localhost:1");
    config.set_secret(Some(b"mysecret")).set_server_version(Some(b"4.2")).set_log(log);
    let settings = config.validate().expect("good settings");
    Arc::new(Connection::with_http(settings, Box::new(Carrier(server.clone()))))
}

/// A scenario with a fork is alone in this process, whose forks are counted.
static FORKING: RwLock<()> = RwLock::new(());

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    explore_some(RUNS, scenario);
}

fn explore_some(runs: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let _others_may = FORKING.read().unwrap_or_else(PoisonError::into_inner);
    shuttle::check_pct(scenario, runs, 3);
}

/// What a scenario and its scheduler tell each other.
#[derive(Clone, Debug, Default)]
struct Fork(Arc<Mutex<Process>>);

#[derive(Debug, Default)]
struct Process {
    /// The threads that were seen before the fork.
    born: usize,
    /// The thread that forked.
    child: Option<TaskId>,
    /// The child has done what it had to do.
    ended: bool,
}

impl Fork {
    fn process(&self) -> MutexGuard<'_, Process> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This thread is alone from here on.
    fn fork(&self) {
        self.process().child = Some(shuttle::current::me());
        pretend_to_be_a_child();
        thread::yield_now();
    }

    /// Ends the scenario, and nobody waits for the threads of the parent.
    fn exit(&self) {
        self.process().ended = true;
        thread::yield_now();
    }
}

/// Runs only threads of the child once there is one.
struct Forking {
    inner: PctScheduler,
    fork: Fork,
}

impl Scheduler for Forking {
    fn new_execution(&mut self) -> Option<Schedule> {
        *self.fork.process() = Process::default();
        self.inner.new_execution()
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let mut process = self.fork.process();
        if process.ended {
            return None;
        }
        let Some(child) = process.child else {
            process.born = runnable.iter().map(|task| usize::from(task.id())).max().max(Some(process.born))?;
            return self.inner.next_task(runnable, current, is_yielding);
        };
        let is_there = |task: &&&Task| task.id() == child || usize::from(task.id()) > process.born;
        let there: Vec<&Task> = runnable.iter().filter(is_there).copied().collect();
        assert!(!there.is_empty(), "the child waits for a thread that is not there");
        self.inner.next_task(&there, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

fn explore_forks(scenario: impl Fn(&Fork) + Send + Sync + 'static) {
    let _alone = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    let fork = Fork::default();
    let scheduler = Forking { inner: PctScheduler::new(3, RUNS_OF_MANY), fork: fork.clone() };
    shuttle::Runner::new(scheduler, shuttle::Config::default()).run(move || scenario(&fork));
}

fn spawn(connection: &Arc<Connection>, run: impl FnOnce(&Connection) + Send + 'static) -> thread::JoinHandle<()> {
    let connection = connection.clone();
    thread::spawn(move || run(&connection))
}

fn join(threads: impl IntoIterator<Item = thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("no failure"));
}

fn value(token: &Arc<Token>) -> String {
    token.value().to_owned()
}

/// A value that knows whether it was dropped, and how many there are.
struct Counted {
    living: Arc<AtomicUsize>,
    is_there: AtomicUsize,
}

impl Counted {
    fn new(living: &Arc<AtomicUsize>) -> Counted {
        living.fetch_add(1, Ordering::SeqCst);
        Counted { living: living.clone(), is_there: AtomicUsize::new(1) }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Counted {
        Counted::new(&self.living)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_eq!(self.is_there.swap(0, Ordering::SeqCst), 1, "dropped twice");
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is read is there, and what nobody reads any more is not.
#[test]
fn a_published_value_lives_as_long_as_somebody_reads_it() {
    explore(|| {
        let living = Arc::new(AtomicUsize::new(0));
        let published = Arc::new(Published::<Counted>::default());
        let readers = (0..3).map(|_| {
            let published = published.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    let value = published.load(ThreadGroup::own());
                    thread::yield_now();
                    assert!(value.is_none_or(|value| value.is_there.load(Ordering::SeqCst) == 1));
                }
            })
        });
        let writers = (0..2).map(|_| {
            let (published, living) = (published.clone(), living.clone());
            thread::spawn(move || {
                published.store(Some(Arc::new(Counted::new(&living))));
                published.store(None);
            })
        });
        join(readers.chain(writers).collect::<Vec<_>>());
        published.store(None);
        assert_eq!(living.load(Ordering::SeqCst), 0);
    });
}

/// The owner gives an object up while calls use it: the last of all drops it, and nobody else.
#[test]
fn an_object_is_dropped_by_the_last_one_who_uses_it() {
    explore(|| {
        let (users, drops) = (Arc::new(Users::default()), Arc::new(AtomicUsize::new(0)));
        let used = (0..3).map(|_| users.enter(ThreadGroup::own())).collect::<Vec<_>>();
        let calls = used.into_iter().map(|ticket| {
            let (users, drops) = (users.clone(), drops.clone());
            thread::spawn(move || {
                let late = users.enter(ThreadGroup::own());
                let is_last = users.leave(late) | users.leave(ticket);
                drops.fetch_add(usize::from(is_last), Ordering::SeqCst);
            })
        });
        let calls = calls.collect::<Vec<_>>();
        drops.fetch_add(usize::from(users.end()), Ordering::SeqCst);
        join(calls);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn however_they_meet_callers_without_a_token_cause_one_request() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let seen = Arc::new(Mutex::new(HashSet::new()));
        join((0..4).map(|_| {
            let seen = seen.clone();
            spawn(&connection, move |connection| {
                let token = connection.authorization().expect("a token");
                seen.lock().expect("a set").insert(value(&token));
            })
        }));
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
        assert_eq!(seen.lock().expect("a set").len(), 1);
    });
}

#[test]
fn however_they_meet_callers_share_a_refusal() {
    explore(|| {
        let server = Arc::new(Server { refuses: true, ..Server::default() });
        let connection = connect(&server);
        join((0..4).map(|_| {
            spawn(&connection, |connection| {
                let error: Error = connection.authorization().expect_err("refused");
                assert_eq!(error.reason(), Reason::AuthBadSecret);
            })
        }));
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_rejected_token_is_replaced_once_whoever_rejects_it_when() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let old = connection.authorization().expect("a token");
        join((0..3).map(|_| {
            let old = old.clone();
            spawn(&connection, move |connection| {
                connection.reject_token(&old);
                let new = connection.authorization().expect("a new token");
                assert_ne!(new.value(), old.value(), "a rejected token was handed out");
            })
        }));
        assert_eq!(server.requests.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_deleted_token_is_never_handed_out_again() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let old = connection.authorization().expect("a token");
        let deleting = spawn(&connection, {
            let old = old.clone();
            move |connection| {
                connection.delete_token(None, Some(old.value()), false).expect("deleted");
                let new = connection.authorization().expect("a new token");
                assert_ne!(new.value(), old.value(), "a deleted token was handed out");
            }
        });
        let asking = spawn(&connection, |connection| drop(connection.authorization().expect("one or the other")));
        join([deleting, asking]);
        assert_ne!(connection.authorization().expect("the new one").value(), old.value());
    });
}

#[test]
fn a_token_that_was_asked_for_explicitly_is_not_overwritten_by_an_older_request() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let managed = spawn(&connection, |connection| drop(connection.authorization().expect("a token")));
        let explicit = spawn(&connection, |connection| {
            let own = connection.get_token(None, 0, TokenOptions::default()).expect("a token");
            // Nothing that began before it takes its place.
            assert_eq!(connection.authorization().expect("a token").value(), own.value());
        });
        join([managed, explicit]);
    });
}

#[test]
fn the_last_handle_may_go_while_a_request_is_running() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let handle = connection.another();
                thread::spawn(move || drop(handle.authorization().map(|token| token.value().len())))
            })
            .collect();
        drop(connection);
        join(threads);
    });
}

#[test]
fn a_call_ends_whenever_its_handle_is_given_up() {
    explore(|| {
        let server = Arc::new(Server { hangs: AtomicBool::new(true), ..Server::default() });
        let connection = connect(&server);
        let freed = Arc::new(connection.another());
        let calls = [
            spawn(&freed, |handle| {
                let error = handle.get_token(None, 0, TokenOptions::default()).expect_err("no answer");
                assert_eq!(error.reason(), Reason::Cancelled);
            }),
            spawn(&freed, |handle| {
                let error = handle.authorization().expect_err("no answer");
                assert_eq!(error.reason(), Reason::Cancelled);
            }),
        ];
        freed.close();
        join(calls);
        // The renewal that the second began ends with the last handle.
        drop(freed);
        drop(connection);
    });
}

#[test]
fn the_last_handle_ends_a_renewal_however_young_it_is() {
    explore(|| {
        let server = Arc::new(Server { hangs: AtomicBool::new(true), ..Server::default() });
        let connection = connect(&server);
        let caller = spawn(&connection, |handle| {
            assert_eq!(handle.authorization().expect_err("no answer").reason(), Reason::Cancelled);
        });
        connection.close();
        join([caller]);
    });
}

/// Nobody who waited for an earlier renewal, however early that ended, keeps the last caller from ending this one.
#[test]
fn the_last_caller_that_is_cancelled_ends_the_renewal() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        connection.reject_token(&connection.authorization().expect("a token"));
        server.hangs.store(true, Ordering::SeqCst);
        let own = Arc::new(connection.another());
        let caller = spawn(&own, |handle| {
            assert_eq!(handle.authorization().expect_err("no answer").reason(), Reason::Cancelled);
        });
        own.close();
        join([caller]);
        while server.waiting.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        assert_eq!(server.endless.load(Ordering::SeqCst), 0);
    });
}

/// A log function that asks for a token itself, and counts.
#[derive(Default)]
struct Asking {
    connection: Mutex<Weak<Connection>>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    lines: AtomicUsize,
    /// Calls of the log function that have not returned.
    inside: AtomicUsize,
    released: AtomicUsize,
}

impl LogTarget for Asking {
    fn log(&self, _: Level, _: &str) {
        assert_eq!(self.seen.released.load(Ordering::SeqCst), 0, "a line after the release");
        self.seen.lines.fetch_add(1, Ordering::SeqCst);
        self.seen.inside.fetch_add(1, Ordering::SeqCst);
        thread::yield_now();
        let connection = self.connection.lock().expect("a handle").upgrade();
        if let Some(connection) = connection {
            match connection.authorization() {
                Ok(token) => assert!(!token.value().is_empty()),
                Err(error) => assert_eq!(error.reason(), Reason::Cancelled),
            }
            // It may be the last handle that goes here.
        }
        thread::yield_now();
        self.seen.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        assert_eq!(self.seen.inside.load(Ordering::SeqCst), 0, "released under a line");
        self.seen.released.fetch_add(1, Ordering::SeqCst);
    }
}

/// A connection whose log function asks it for a token at every line.
fn connect_asking(server: &Arc<Server>) -> (Arc<Connection>, Arc<Seen>) {
    let target = Arc::new(Asking::default());
    let seen = target.seen.clone();
    let connection = connect_with_log(server, Some(Logger::new(Level::Debug as i32, target.clone())));
    *target.connection.lock().expect("a handle") = Arc::downgrade(&connection);
    (connection, seen)
}

/// The log is released once, by the last thread of the library at the latest.
fn assert_released(seen: &Seen) {
    for _ in 0..2000 {
        if seen.released.load(Ordering::SeqCst) > 0 {
            break;
        }
        thread::yield_now();
    }
    assert_eq!(seen.released.load(Ordering::SeqCst), 1, "the log is released once");
}

#[test]
fn a_log_function_may_ask_for_a_token_and_is_released_once() {
    explore_some(RUNS_OF_MANY, || {
        let server = Arc::new(Server::default());
        let (connection, seen) = connect_asking(&server);
        let asking = spawn(&connection, |connection| {
            assert!(!connection.authorization().expect("a token").value().is_empty());
        });
        let rejecting = spawn(&connection, |connection| {
            let token = connection.authorization().expect("a token");
            connection.reject_token(&token);
        });
        let explicit = spawn(&connection, |connection| {
            drop(connection.get_token(None, 0, TokenOptions::default()).expect("a token"));
        });
        drop(connection);
        join([asking, rejecting, explicit]);
        assert!(seen.lines.load(Ordering::SeqCst) >= 2);
        assert_released(&seen);
    });
}

#[test]
fn a_log_function_hears_nothing_after_the_last_handle_is_given_up() {
    explore_some(RUNS_OF_MANY, || {
        let server = Arc::new(Server { hangs: AtomicBool::new(true), ..Server::default() });
        let (connection, seen) = connect_asking(&server);
        let calls: Vec<_> = (0..2)
            .map(|_| {
                spawn(&connection, |connection| {
                    assert_eq!(connection.authorization().expect_err("no answer").reason(), Reason::Cancelled);
                })
            })
            .collect();
        connection.close();
        drop(connection);
        join(calls);
        assert_released(&seen);
    });
}

/// Threads of a parent that are in the middle of everything.
fn busy(connection: &Arc<Connection>) {
    for number in 0..3 {
        drop(spawn(connection, move |connection| {
            let handle = connection.another();
            match number {
                0 => drop(handle.authorization().map(|token| handle.reject_token(&token))),
                1 => drop(handle.get_token(None, 0, TokenOptions::default())),
                _ => handle.cancel(),
            }
            drop(handle.authorization());
        }));
    }
}

/// What a child does with what it inherited.
fn use_in_child(connection: &Arc<Connection>) {
    let token = connection.authorization().expect("a token");
    assert!(!token.value().is_empty());
    connection.reject_token(&token);
    let next = connection.authorization().expect("another token");
    assert_ne!(next.value(), token.value(), "a rejected token was handed out");
    let clone = Arc::new(connection.another());
    let own = spawn(&clone, |clone| drop(clone.get_token(None, 0, TokenOptions::default()).expect("a token")));
    join([own]);
    clone.cancel();
    clone.close();
    assert_eq!(clone.authorization().map(|token| token.value().len()), Ok(next.value().len()));
    connection.close();
}

#[test]
fn a_child_waits_for_no_thread_of_its_parent() {
    explore_forks(|fork| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        busy(&connection);
        thread::yield_now();
        fork.fork();
        use_in_child(&connection);
        drop(connection);
        fork.exit();
    });
}

#[test]
fn a_child_of_a_parent_that_logs_waits_for_nobody_and_releases_nothing() {
    explore_forks(|fork| {
        let server = Arc::new(Server::default());
        let (connection, seen) = connect_asking(&server);
        busy(&connection);
        thread::yield_now();
        fork.fork();
        use_in_child(&connection);
        drop(connection);
        // Threads that are gone hold handles for ever.
        assert_eq!(seen.released.load(Ordering::SeqCst), 0);
        fork.exit();
    });
}
