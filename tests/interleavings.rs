//! Managed tokens under a model checker (shuttle): the library's own code, with its locks and its threads,
//! their waiting and waking included, replaced, runs under thousands of interleavings, each replayable. The
//! server is a function; time stands still.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use shuttle::thread;
use tigergraph_auth::Token;
use tigergraph_auth::unversioned::deadline::Deadline;
use tigergraph_auth::unversioned::http::{Answer, Http, Request};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, TokenOptions};

/// So many interleavings of each scenario.
const RUNS: usize = 3000;

/// A server of 4.2 that makes token after token, or refuses.
#[derive(Debug, Default)]
struct Server {
    requests: AtomicUsize,
    refuses: bool,
    /// Never answers: a request ends when its call does.
    hangs: bool,
}

#[derive(Debug)]
struct Carrier(Arc<Server>);

impl Http for Carrier {
    fn exchange(&self, request: &Request, deadline: &Rc<Deadline>) -> Result<Answer> {
        for turn in 0.. {
            if !self.0.hangs {
                break;
            }
            assert!(turn < 2000, "a request that nobody ends");
            deadline.next_wait()?;
            thread::yield_now();
        }
        // Others may run while the request is on its way, and while its answer is.
        thread::yield_now();
        let deletes = request.method.name() == "DELETE";
        let number = if deletes { 0 } else { self.0.requests.fetch_add(1, Ordering::SeqCst) };
        thread::yield_now();
        let (status, body) = match (deletes, self.0.refuses) {
            (true, _) => (200, r#"{"error":false}"#.to_owned()),
            (_, true) => (401, r#"{"error":true,"message":"no"}"#.to_owned()),
            (_, false) => (200, format!(r#"{{"error":false,"token":"token-number-{number}"}}"#)),
        };
        let body = zeroize::Zeroizing::new(body.into_bytes());
        Ok(Answer { status, retry_after: None, date: None, redirect: None, until_close: false, body })
    }
}

fn connect(server: &Arc<Server>) -> Arc<Connection> {
    let mut config = Config::new("http://localhost:1");
    config.set_secret(Some(b"mysecret")).set_server_version(Some(b"4.2"));
    let settings = config.validate().expect("good settings");
    Arc::new(Connection::with_http(settings, Box::new(Carrier(server.clone()))))
}

fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    shuttle::check_pct(scenario, RUNS, 3);
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
        let server = Arc::new(Server { hangs: true, ..Server::default() });
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
        let server = Arc::new(Server { hangs: true, ..Server::default() });
        let connection = connect(&server);
        let caller = spawn(&connection, |handle| {
            assert_eq!(handle.authorization().expect_err("no answer").reason(), Reason::Cancelled);
        });
        connection.close();
        join([caller]);
    });
}
