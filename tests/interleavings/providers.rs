//! Token providers: whoever answers, cancels, frees or forks when, one runs at a time, and each is released once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::thread;
use tigergraph_auth::{Config, Connection, ProviderRequest, Reason, TokenOptions, TokenProvider};

use crate::{Carrier, Server, explore, explore_forks, join, spawn, value};

/// What was seen of a provider.
#[derive(Default)]
struct Seen {
    asked: AtomicUsize,
    running: AtomicUsize,
    released: AtomicUsize,
}

/// A provider that does this, and counts.
struct Counting<F> {
    seen: Arc<Seen>,
    provide: F,
}

impl<F: Fn(&Arc<ProviderRequest>, usize) + Send + Sync> TokenProvider for Counting<F> {
    fn provide(&self, request: &Arc<ProviderRequest>) {
        assert_eq!(self.seen.running.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
        thread::yield_now();
        (self.provide)(request, self.seen.asked.fetch_add(1, Ordering::SeqCst));
        thread::yield_now();
        self.seen.running.fetch_sub(1, Ordering::SeqCst);
        assert_eq!(self.seen.released.load(Ordering::SeqCst), 0, "released before it returned");
    }
}

impl<F> Drop for Counting<F> {
    fn drop(&mut self) {
        self.seen.released.fetch_add(1, Ordering::SeqCst);
    }
}

fn connect(provide: impl Fn(&Arc<ProviderRequest>, usize) + Send + Sync + 'static) -> (Arc<Connection>, Arc<Seen>) {
    let seen = Arc::<Seen>::default();
    let mut config = Config::new("http://localhost:1");
    config.set_server_version(Some(b"4.2"));
    config.set_token_provider(Some(Arc::new(Counting { seen: seen.clone(), provide })));
    let settings = config.validate().expect("good settings");
    (Arc::new(Connection::with_http(settings, Box::new(Carrier(Arc::<Server>::default())))), seen)
}

/// The first answer, which comes too late only where the last handle was freed.
fn answer(request: &Arc<ProviderRequest>, number: usize) {
    let outcome = request.set_token(&format!("token-number-{number}"), 0);
    assert!(outcome.as_ref().err().is_none_or(|error| error.reason() == Reason::Cancelled), "{outcome:?}");
}

/// Waits until nobody wants the answer any more.
fn hang(request: &Arc<ProviderRequest>) {
    let seen = (0..2000).any(|_| {
        thread::yield_now();
        request.is_cancelled()
    });
    assert!(seen, "a request that nobody ends");
    assert_eq!(request.set_token("a-token-too-late", 0).expect_err("too late").reason(), Reason::Cancelled);
}

/// The thread of the provider may be the last to let go.
fn released_once(connection: Arc<Connection>, seen: &Seen) {
    drop(connection);
    let released = (0..2000).any(|_| {
        thread::yield_now();
        seen.released.load(Ordering::SeqCst) > 0
    });
    assert!(released, "never released");
    thread::yield_now();
    assert_eq!((seen.released.load(Ordering::SeqCst), seen.running.load(Ordering::SeqCst)), (1, 0));
}

#[test]
fn however_they_meet_callers_cause_one_request_to_the_provider() {
    explore(|| {
        let (connection, seen) = connect(answer);
        join((0..3).map(|_| {
            spawn(&connection, |connection| {
                assert_eq!(connection.authorization().expect("a token").value(), "token-number-0");
            })
        }));
        assert_eq!(seen.asked.load(Ordering::SeqCst), 1);
        released_once(connection, &seen);
    });
}

#[test]
fn the_first_answer_counts_whoever_gives_it() {
    explore(|| {
        let (connection, seen) = connect(|request, _| {
            let answers = ["token-of-one", "token-of-another"].map(|token| {
                let request = request.clone();
                thread::spawn(move || request.set_token(token, 0).is_ok())
            });
            let taken = answers.into_iter().map(|thread| thread.join().expect("no failure"));
            assert_eq!(taken.filter(|taken| *taken).count(), 1);
        });
        let values = [(); 2].map(|()| value(&connection.authorization().expect("a token")));
        assert_eq!(values[0], values[1]);
        released_once(connection, &seen);
    });
}

#[test]
fn who_asks_explicitly_takes_turns_with_the_renewal() {
    explore(|| {
        let (connection, seen) = connect(answer);
        let threads = [
            spawn(&connection, |connection| drop(connection.authorization().expect("a token"))),
            spawn(&connection, |connection| {
                drop(connection.get_token(None, 0, TokenOptions::default()).expect("a token"));
            }),
        ];
        join(threads);
        assert!((1..=2).contains(&seen.asked.load(Ordering::SeqCst)));
        released_once(connection, &seen);
    });
}

#[test]
fn a_provider_hears_of_a_handle_that_is_given_up_whenever_that_is() {
    explore(|| {
        let (connection, seen) = connect(|request, _| hang(request));
        let callers = [
            spawn(&connection, |handle| {
                assert_eq!(handle.authorization().expect_err("no answer").reason(), Reason::Cancelled);
            }),
            spawn(&connection, |handle| {
                let error = handle.get_token(None, 0, TokenOptions::default()).expect_err("no answer");
                assert_eq!(error.reason(), Reason::Cancelled);
            }),
        ];
        connection.close();
        join(callers);
        released_once(connection, &seen);
    });
}

#[test]
fn the_next_call_asks_anew_after_one_that_was_cancelled() {
    explore(|| {
        let (connection, seen) = connect(answer);
        let own = Arc::new(connection.another());
        let caller = spawn(&own, |handle| {
            let outcome = handle.authorization();
            assert!(outcome.as_ref().err().is_none_or(|error| error.reason() == Reason::Cancelled), "{outcome:?}");
        });
        own.cancel();
        let token = connection.authorization().expect("a token");
        assert!(token.value().starts_with("token-number-"));
        join([caller]);
        drop(own);
        released_once(connection, &seen);
    });
}

/// None runs in a child, and none of its parent's is released there.
#[test]
fn a_child_has_no_provider_running() {
    explore_forks(|fork| {
        let (connection, seen) = connect(answer);
        let _parents = [
            spawn(&connection, |connection| drop(connection.authorization())),
            spawn(&connection, |connection| drop(connection.get_token(None, 0, TokenOptions::default()))),
        ];
        thread::yield_now();
        fork.fork();
        // What ran in the parent is not there to leave its place.
        seen.running.store(0, Ordering::SeqCst);
        connection.authorization().expect("a token");
        connection.get_token(None, 0, TokenOptions::default()).expect("a token");
        assert_eq!(seen.released.load(Ordering::SeqCst), 0);
        fork.exit();
    });
}
