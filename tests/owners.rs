//! Nothing outlives its owner, and no owner's end is another's: renewals that are many at once, and handles that are
//! given up in the middle of a call. A program of its own, because places for renewals are counted in a process.

#[path = "common/threads.rs"]
mod threads;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Reason};
use tigergraph_standin::{Action, Fault, Options, Standin};

const TOKENS: &str = "/gsql/v1/tokens";
const MS: Duration = Duration::from_millis(1);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(server: &Standin, lifetime_s: i64) -> Arc<Connection> {
    static NUMBERS: AtomicUsize = AtomicUsize::new(0);
    let secret = server.add_secret("alice", None, &format!("s{}", NUMBERS.fetch_add(1, Ordering::Relaxed)));
    let mut config = Config::new(server.gateway_url());
    config.set_secret(Some(secret.as_bytes())).set_server_version(Some(b"4.2"));
    config.set_token_lifetime(lifetime_s, lifetime_s / 2).set_timeouts(0, 20_000);
    Arc::new(Connection::new(&config).expect("good settings"))
}

fn start() -> Standin {
    Standin::start(Options::new("4.2")).expect("a stand-in")
}

fn hanging() -> Standin {
    let server = start();
    server.script(Fault::always(TOKENS, Action::Hang));
    server
}

/// How many threads of this process have this name.
fn threads(name: &str) -> usize {
    threads::count("self", name)
}

/// Waits until there are so many threads that renew.
fn await_renewals(count: usize, limit: Duration) {
    let began = Instant::now();
    while threads("tg-renewal") != count {
        assert!(began.elapsed() < limit, "{} threads renew, not {count}", threads("tg-renewal"));
        sleep(MS);
    }
}

/// As many connections as may renew at once, each waiting for a server that does not answer.
fn occupy(server: &Standin) -> Vec<Arc<Connection>> {
    let all: Vec<Arc<Connection>> = (0..8).map(|_| connect(server, 0)).collect();
    for connection in &all {
        let connection = connection.clone();
        std::thread::spawn(move || connection.authorization().map(drop));
    }
    await_renewals(8, Duration::from_secs(10));
    all
}

fn give_up(all: Vec<Arc<Connection>>) {
    all.iter().for_each(|connection| connection.close());
    drop(all);
    await_renewals(0, Duration::from_secs(2));
}

#[test]
fn a_callers_limit_is_its_own_where_all_places_are_taken() {
    let _alone = alone();
    let (hangs, works) = (hanging(), start());
    let all = occupy(&hangs);
    let connection = connect(&works, 0);
    let hurried = connection.another();
    hurried.set_timeout(1);
    let began = Instant::now();
    assert_eq!(hurried.authorization().expect_err("no time").reason(), Reason::TimeoutResponse);
    assert!(began.elapsed() < 500 * MS, "{:?}", began.elapsed());
    // Whoever has more time gets a token: after a second there are more places.
    connection.authorization().expect("a token, in spite of the other's time-out");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let cancelled = connect(&works, 60);
    let other = cancelled.clone();
    let caller = std::thread::spawn(move || other.authorization().map(drop));
    sleep(100 * MS);
    let began = Instant::now();
    cancelled.cancel();
    assert_eq!(caller.join().expect("no panic").expect_err("cancelled").reason(), Reason::Cancelled);
    assert!(began.elapsed() < 300 * MS, "{:?}", began.elapsed());
    give_up(all);
}

#[test]
fn a_good_token_is_used_where_all_places_are_taken() {
    let _alone = alone();
    let (hangs, works) = (hanging(), start());
    let connection = connect(&works, 4);
    let first = connection.authorization().expect("a token");
    let all = occupy(&hangs);
    let began = Instant::now();
    // Renewed from its middle on, where there is no place; good for 3.8 s.
    while began.elapsed() < Duration::from_millis(1200) {
        let asked = Instant::now();
        connection.authorization().expect("the one that is good, or the next");
        assert!(asked.elapsed() < 500 * MS, "{:?}", asked.elapsed());
        sleep(20 * MS);
    }
    sleep(Duration::from_millis(1500));
    let began = Instant::now();
    while connection.authorization().expect("a token").value() == first.value() {
        assert!(began.elapsed() < Duration::from_secs(5), "it was never renewed");
        sleep(20 * MS);
    }
    give_up(all);
}

#[test]
fn the_last_free_ends_a_renewal_that_has_just_begun() {
    let _alone = alone();
    let server = hanging();
    for round in 0..40 {
        let connection = connect(&server, 0);
        let caller = connection.clone();
        let thread = std::thread::spawn(move || caller.authorization().map(drop));
        sleep(Duration::from_micros(50 * round));
        let began = Instant::now();
        connection.close();
        let outcome = thread.join().expect("no panic");
        drop(connection);
        assert_eq!(outcome.expect_err("it was given up").reason(), Reason::Cancelled, "round {round}");
        assert!(began.elapsed() < 300 * MS, "round {round}: {:?}", began.elapsed());
        await_renewals(0, 500 * MS);
    }
}

#[test]
fn a_call_that_begins_on_a_freed_handle_is_cancelled() {
    let _alone = alone();
    let server = hanging();
    let connection = connect(&server, 0);
    let freed = connection.another();
    freed.close();
    let began = Instant::now();
    assert_eq!(freed.get_secrets(None).expect_err("a freed handle").reason(), Reason::Cancelled);
    assert_eq!(freed.authorization().expect_err("a freed handle").reason(), Reason::Cancelled);
    assert!(began.elapsed() < 300 * MS, "{:?}", began.elapsed());
    assert!(connection.get_secrets(None).is_ok(), "the other handle goes on");
}
