//! Programs that may not wait: however the threads meet, each promised wakeup comes, once, and is released after that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use shuttle::thread;
use tigergraph_auth::unversioned::places::Place;
use tigergraph_auth::{Connection, Reason, Result, Token};

use super::{RUNS_OF_MANY, Server, connect, explore, explore_forks, explore_some, join, spawn, value};

/// So many turns of the others are enough for everything that is to come.
const TURNS: usize = 3000;

/// Counts the runs of wakeups and their releases.
#[derive(Default)]
struct Bell {
    rings: AtomicUsize,
    releases: AtomicUsize,
    /// Runs after the release, or a release within a run. Counted, because a panic in a wakeup is caught.
    wrong: AtomicUsize,
}

/// One wakeup: what is dropped with it.
struct Rope(Arc<Bell>, AtomicUsize);

impl Drop for Rope {
    fn drop(&mut self) {
        self.0.wrong.fetch_add(self.1.load(Ordering::SeqCst), Ordering::SeqCst);
        self.0.releases.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn on(connection: &Connection) -> Arc<Bell> {
        let bell = Arc::<Bell>::default();
        bell.hang(connection, |_| ());
        bell
    }

    /// `then` is done in the wakeup.
    fn hang(self: &Arc<Bell>, connection: &Connection, then: impl Fn(&Arc<Bell>) + Send + Sync + 'static) {
        let rope = Rope(self.clone(), AtomicUsize::new(0));
        connection.set_wakeup(Some(Box::new(move || {
            let Rope(bell, inside) = &rope;
            inside.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
            bell.rings.fetch_add(1, Ordering::SeqCst);
            then(bell);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
        })));
    }

    fn rings(&self) -> usize {
        self.rings.load(Ordering::SeqCst)
    }

    fn await_rings(&self, rings: usize) {
        assert!(soon(|| self.rings() >= rings), "a wakeup was lost");
    }

    fn assert_released(&self, times: usize) {
        assert!(soon(|| self.releases.load(Ordering::SeqCst) == times), "not released");
        assert_eq!(self.wrong.load(Ordering::SeqCst), 0, "released while it ran");
    }
}

fn soon(is_so: impl Fn() -> bool) -> bool {
    (0..TURNS).any(|_| {
        thread::yield_now();
        is_so()
    })
}

fn is_pending(outcome: &Result<Arc<Token>>) -> bool {
    outcome.as_ref().is_err_and(|error| error.reason() == Reason::Pending)
}

/// Asks until there is an outcome, and only after each wakeup.
fn until_settled(connection: &Connection, bell: &Bell) -> Result<Arc<Token>> {
    loop {
        let before = bell.rings();
        let outcome = connection.try_authorization();
        if !is_pending(&outcome) {
            return outcome;
        }
        bell.await_rings(before + 1);
    }
}

#[test]
fn no_wakeup_is_lost_and_none_comes_without_a_promise() {
    explore_some(RUNS_OF_MANY, || {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let asking = (0..2).map(|_| {
            let own = connection.another();
            thread::spawn(move || {
                let bell = Bell::on(&own);
                let mut promises = 0;
                for _ in 0..2 {
                    loop {
                        let outcome = own.try_authorization();
                        match outcome {
                            Ok(token) => break own.reject_token(&token),
                            // After two that were rejected none is asked for.
                            Err(error) if error.reason() == Reason::AuthBadToken => break,
                            Err(error) => assert_eq!(error.reason(), Reason::Pending),
                        }
                        promises += 1;
                        bell.await_rings(promises);
                    }
                }
                drop(own);
                bell.assert_released(1);
                assert_eq!(bell.rings(), promises, "woken twice");
            })
        });
        let waiting = spawn(&connection, |connection| drop(connection.authorization()));
        join(asking.chain([waiting]).collect::<Vec<_>>());
    });
}

/// The outcome may be there before the promise, which then is none.
#[test]
fn no_wakeup_is_promised_for_what_is_there_already() {
    explore(|| {
        let server = Arc::new(Server { is_swift: true, ..Server::default() });
        let connection = connect(&server);
        let asking = (0..2).map(|_| {
            let own = connection.another();
            thread::spawn(move || {
                let bell = Bell::on(&own);
                assert!(until_settled(&own, &bell).is_ok());
            })
        });
        join(asking.collect::<Vec<_>>());
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn threads_with_one_handle_share_its_wakeups() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let bell = Bell::on(&connection);
        join((0..3).map(|_| {
            let bell = bell.clone();
            spawn(&connection, move |connection| {
                // What rings may be another thread's: then there is something to be asked for as well.
                let first = connection.try_authorization();
                if is_pending(&first) {
                    bell.await_rings(1);
                    assert!(connection.try_authorization().is_ok(), "woken without an outcome");
                }
            })
        }));
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
        assert!(bell.rings() <= 1);
    });
}

#[test]
fn a_refusal_wakes_once_and_is_there_then() {
    explore(|| {
        let server = Arc::new(Server { refuses: true, ..Server::default() });
        let connection = connect(&server);
        let asking = (0..2).map(|_| {
            let own = connection.another();
            thread::spawn(move || {
                let bell = Bell::on(&own);
                let error = until_settled(&own, &bell).expect_err("refused");
                assert_eq!(error.reason(), Reason::AuthBadSecret);
                assert!(own.try_authorization().is_err_and(|error| error.reason() == Reason::AuthBadSecret));
                assert!(bell.rings() <= 1, "a stored error promises nothing");
            })
        });
        join(asking.collect::<Vec<_>>());
        assert_eq!(server.requests.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_cancelled_handle_is_woken_once_whatever_the_renewal_does() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let bell = Bell::on(&connection);
        let promised = usize::from(is_pending(&connection.try_authorization()));
        let cancelling = spawn(&connection, Connection::cancel);
        bell.await_rings(promised);
        join([cancelling]);
        assert_eq!(bell.rings(), promised);
        assert!(until_settled(&connection, &bell).is_ok(), "a failure was stored");
    });
}

#[test]
fn the_last_handle_that_waits_ends_the_renewal() {
    explore(|| {
        let server = Arc::new(Server { hangs: true.into(), ..Server::default() });
        let connection = connect(&server);
        let handles = [(); 2].map(|()| Arc::new(connection.another()));
        let bells = handles.each_ref().map(|handle| Bell::on(handle));
        assert!(handles.iter().all(|handle| is_pending(&handle.try_authorization())));
        let waiting = spawn(&connection, |connection| {
            assert!(connection.authorization().is_err_and(|error| error.reason() == Reason::Cancelled));
        });
        let [first, second] = handles;
        let cancelling = spawn(&first, Connection::cancel);
        let dropping = thread::spawn(move || drop(second));
        connection.close();
        bells.iter().for_each(|bell| bell.await_rings(1));
        join([cancelling, dropping, waiting]);
        assert!(soon(|| server.waiting.load(Ordering::SeqCst) == 0));
        assert_eq!(server.endless.load(Ordering::SeqCst), 0);
        assert!(bells.iter().all(|bell| bell.rings() == 1));
        bells[1].assert_released(1);
    });
}

#[test]
fn a_promise_is_kept_by_the_one_or_the_other_when_the_wakeup_is_replaced() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let (first, second) = (Bell::on(&connection), Arc::<Bell>::default());
        let promised = usize::from(is_pending(&connection.try_authorization()));
        second.hang(&connection, |_| ());
        assert!(soon(|| first.rings() + second.rings() == promised), "lost");
        first.assert_released(1);
        let outcome = connection.try_authorization();
        assert!(outcome.is_ok(), "woken without an outcome");
        drop(connection);
        second.assert_released(1);
        assert_eq!(first.rings() + second.rings(), promised);
    });
}

#[test]
fn a_wakeup_may_replace_itself_and_then_be_the_last_that_holds_the_connection() {
    explore(|| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let held = Arc::new(Mutex::new(Some(connection.clone())));
        let bell = Arc::<Bell>::default();
        let inside = held.clone();
        bell.hang(&connection, move |bell| {
            let Some(own) = inside.lock().expect("no panic").take() else { return };
            bell.hang(&own, |_| ());
            drop(own);
        });
        let promised = usize::from(is_pending(&connection.try_authorization()));
        drop(connection);
        bell.await_rings(promised);
        drop(held.lock().expect("no panic").take());
        bell.assert_released(1 + promised);
        assert_eq!(bell.rings(), promised);
    });
}

/// One place for three connections, of which one is cancelled and one freed.
#[test]
fn where_no_place_is_free_each_wakeup_comes() {
    explore_some(RUNS_OF_MANY, || {
        let places: Vec<Place> = (0..7).map(|_| Place::take(std::time::Duration::ZERO).expect("a place")).collect();
        let server = Arc::new(Server::default());
        let connections = [(); 3].map(|()| connect(&server));
        let bells = connections.each_ref().map(|connection| Bell::on(connection));
        let promised = connections.each_ref().map(|own| usize::from(is_pending(&own.try_authorization())));
        let [first, second, third] = connections;
        let cancelling = spawn(&second, Connection::cancel);
        let freeing = thread::spawn(move || drop(third));
        bells.iter().zip(promised).for_each(|(bell, promised)| bell.await_rings(promised));
        join([cancelling, freeing]);
        assert!(until_settled(&first, &bells[0]).is_ok());
        assert!(bells.iter().zip(promised).all(|(bell, promised)| bell.rings() == promised));
        assert!(until_settled(&second, &bells[1]).is_ok());
        bells[2].assert_released(1);
        // The others' threads may still be there; they hold the eighth.
        drop(places);
        assert!(soon(all_are_free), "a place was lost");
    });
}

fn all_are_free() -> bool {
    (0..8).map_while(|_| Place::take(std::time::Duration::ZERO)).collect::<Vec<_>>().len() == 8
}

#[test]
fn a_child_hears_of_its_own_renewals_alone() {
    explore_forks(|fork| {
        let server = Arc::new(Server::default());
        let connection = connect(&server);
        let bell = Bell::on(&connection);
        let parents = [(); 2].map(|()| {
            let bell = bell.clone();
            spawn(&connection, move |connection| {
                for _ in 0..2 {
                    if let Ok(token) = until_settled(connection, &bell) {
                        connection.reject_token(&token);
                    }
                }
            })
        });
        drop(connection.try_authorization());
        thread::yield_now();
        fork.fork();
        let (mut heard, mut promises) = (bell.rings(), 0);
        for _ in 0..2 {
            loop {
                let outcome = connection.try_authorization();
                if !is_pending(&outcome) {
                    let token = outcome.expect("a token");
                    assert!(!value(&token).is_empty());
                    connection.reject_token(&token);
                    break;
                }
                promises += 1;
                heard += 1;
                bell.await_rings(heard);
            }
        }
        assert_eq!(bell.rings(), heard, "woken for the parent's");
        assert!(promises >= 1, "the second had to be asked for");
        drop(parents);
        fork.exit();
    });
}
