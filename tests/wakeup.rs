//! Programs that may not wait: every promise of a wakeup is kept, once, and nothing is sent by the thread that asks.
//! Requests are counted by the server.

#[path = "common/threads.rs"]
mod threads;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{Config, Connection, Error, Reason, Result, Token};
use tigergraph_standin::{Action, Fault, Options, Standin, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];
const TOKEN_PATHS: [&str; 2] = ["/restpp/requesttoken", "/gsql/v1/tokens"];

/// A call that does not wait is over by then, on a busy machine too; a request to a server that is slow is not.
const AT_ONCE: Duration = Duration::from_millis(400);
const SLOW: Duration = Duration::from_millis(800);
/// An answer that comes so late is not there yet when the call looks that has caused its request.
const A_MOMENT: Duration = Duration::from_millis(100);
/// Nothing here takes so long.
const LONG: Duration = Duration::from_secs(20);
/// What was to come by mistake would have come by then.
const A_WHILE: Duration = Duration::from_millis(200);

/// One test at a time: places for threads are of the whole process, and times are looked at.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Server {
    standin: Standin,
    secret: String,
    version: &'static str,
}

impl Server {
    fn start(version: &'static str) -> Server {
        Server::with(Options::new(version), version)
    }

    fn with(options: Options, version: &'static str) -> Server {
        let standin = Standin::start(options).expect("a stand-in");
        let secret = standin.add_secret("alice", "MyGraph", "mine");
        Server { standin, secret, version }
    }

    fn config(&self) -> Config {
        let mut config = Config::new(self.standin.gateway_url());
        config.set_secret(Some(self.secret.as_bytes())).set_graph(Some(b"MyGraph"));
        config.set_server_version(Some(self.version.as_bytes())).set_token_lifetime(3600, 0);
        config
    }

    fn connect(&self) -> Connection {
        Connection::new(&self.config()).expect("good settings")
    }

    fn script(&self, action: Action) {
        TOKEN_PATHS.iter().for_each(|path| self.standin.script(Fault::always(path, action.clone())));
    }

    fn requests(&self) -> usize {
        self.standin.take_requests().len()
    }
}

/// A wakeup that says so, and how often it was dropped.
struct Bell {
    rings: Receiver<usize>,
    releases: Arc<AtomicUsize>,
}

struct Rope {
    number: usize,
    rings: Sender<usize>,
    releases: Arc<AtomicUsize>,
}

impl Drop for Rope {
    fn drop(&mut self) {
        self.releases.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn new() -> (Sender<usize>, Bell) {
        let (sender, rings) = channel();
        (sender, Bell { rings, releases: Arc::default() })
    }

    fn on(connection: &Connection) -> Bell {
        let (sender, bell) = Bell::new();
        bell.hang(connection, sender, 0);
        bell
    }

    fn hang(&self, connection: &Connection, rings: Sender<usize>, number: usize) {
        let rope = Rope { number, rings, releases: self.releases.clone() };
        connection.set_wakeup(Some(Box::new(move || {
            let rope = &rope;
            let _ = rope.rings.send(rope.number);
        })));
    }

    fn wait(&self) -> usize {
        self.rings.recv_timeout(LONG).expect("a wakeup")
    }

    fn is_silent(&self) -> bool {
        self.rings.recv_timeout(A_WHILE).is_err()
    }

    fn releases(&self) -> usize {
        self.releases.load(Ordering::SeqCst)
    }

    fn is_released(&self, times: usize) -> bool {
        let end = Instant::now() + LONG;
        while self.releases() < times && Instant::now() < end {
            sleep(Duration::from_millis(1));
        }
        self.releases() == times
    }
}

/// Asks, which takes no time.
fn ask(connection: &Connection) -> Result<Arc<Token>> {
    let began = Instant::now();
    let outcome = connection.try_authorization();
    let took = began.elapsed();
    assert!(took < AT_ONCE, "it waited: {took:?}");
    outcome
}

fn is_pending(outcome: &Result<Arc<Token>>) -> bool {
    outcome.as_ref().is_err_and(|error| error.reason() == Reason::Pending)
}

fn assert_pending(connection: &Connection) {
    let outcome = ask(connection);
    assert!(is_pending(&outcome), "{outcome:?}");
}

/// Asks until there is a token or a failure; how often the wakeup was promised.
fn until_settled(connection: &Connection, bell: &Bell) -> (Result<Arc<Token>>, usize) {
    for promises in 0.. {
        let outcome = ask(connection);
        if !is_pending(&outcome) {
            return (outcome, promises);
        }
        bell.wait();
    }
    unreachable!("it ends")
}

#[test]
fn a_token_comes_after_one_wakeup_and_one_request_and_then_at_once() {
    let _alone = alone();
    for version in VERSIONS {
        let server = Server::start(version);
        server.script(Action::Delay(SLOW));
        let connection = server.connect();
        let bell = Bell::on(&connection);
        (0..100).for_each(|_| assert_pending(&connection));
        bell.wait();
        let token = ask(&connection).expect(version);
        assert!(!token.value().is_empty());
        assert!(bell.is_silent(), "one for all that were promised");
        assert_eq!(server.requests(), 1, "{version}");
        (0..100).for_each(|_| assert_eq!(ask(&connection).expect(version).value(), token.value()));
        assert_eq!(server.requests(), 0, "{version}");
    }
}

/// Names, TLS and the server's version are all found out by a thread of the library.
#[test]
fn nothing_is_sent_or_waited_for_by_the_thread_that_asks() {
    let _alone = alone();
    for version in VERSIONS {
        let server = Server::with(Options { tls: Some(Tls::self_signed()), ..Options::new(version) }, version);
        server.standin.script(Fault::always("/", Action::Delay(SLOW)));
        let mut config = server.config();
        let ca_pem = server.standin.ca_pem();
        config.set_ca_pem(ca_pem.as_deref().map(str::as_bytes)).set_server_version(None);
        let connection = Connection::new(&config).expect("good settings");
        let bell = Bell::on(&connection);
        let (outcome, promises) = until_settled(&connection, &bell);
        assert!(outcome.is_ok() && promises == 1, "{outcome:?} {promises}");
        assert!((2..=3).contains(&server.requests()), "{version}");
    }
}

#[test]
fn a_thousand_promises_are_kept_once_each() {
    let _alone = alone();
    let server = Server::start("3.10");
    let connection = server.connect();
    let bell = Bell::on(&connection);
    let mut kept = 0;
    while kept < 1000 {
        let (outcome, promises) = until_settled(&connection, &bell);
        kept += promises;
        assert!(promises <= 1 && bell.rings.try_recv().is_err(), "after {kept}: twice");
        let token = outcome.expect("a token");
        connection.delete_token(None, Some(token.value()), false).expect("deleted");
        let methods: Vec<String> = server.standin.take_requests().into_iter().map(|request| request.method).collect();
        assert_eq!(methods, ["POST", "DELETE"]);
    }
}

#[test]
fn every_handle_hears_of_the_same_renewal() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let first = server.connect();
    let handles: Vec<Connection> = (0..100).map(|_| first.another()).collect();
    let bells: Vec<Bell> = handles.iter().map(Bell::on).collect();
    handles.iter().for_each(assert_pending);
    let blocking = std::thread::scope(|scope| {
        let blocking = scope.spawn(|| first.authorization());
        bells.iter().for_each(|bell| assert_eq!(bell.wait(), 0));
        blocking.join().expect("a result")
    });
    let token = blocking.expect("a token");
    handles.iter().for_each(|handle| assert_eq!(ask(handle).expect("the same").value(), token.value()));
    assert!(bells.iter().all(|bell| bell.rings.try_recv().is_err()));
    assert_eq!(server.requests(), 1);
    assert_eq!(bells.iter().map(Bell::releases).sum::<usize>(), 0);
    drop(handles);
    assert!(bells.iter().all(|bell| bell.is_released(1)));
}

/// A clone has no wakeup of its own until it gets one.
#[test]
fn clones_do_not_inherit_the_wakeup() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let connection = server.connect();
    let bell = Bell::on(&connection);
    let clone = connection.another();
    assert_pending(&clone);
    while is_pending(&ask(&clone)) {
        sleep(Duration::from_millis(5));
    }
    assert!(bell.is_silent());
    assert!(ask(&connection).is_ok());
}

#[test]
fn a_refusal_is_returned_by_the_next_call_and_promises_nothing() {
    let _alone = alone();
    for version in VERSIONS {
        let server = Server::start(version);
        server.script(Action::reply(401, "{\"error\":true,\"message\":\"no\"}"));
        let connection = server.connect();
        let bell = Bell::on(&connection);
        let (outcome, promises) = until_settled(&connection, &bell);
        let error: Error = outcome.expect_err("refused");
        assert_eq!(error.reason(), Reason::AuthBadSecret, "{version}");
        // An answer that was there before the first call returned needs no promise.
        assert!(promises <= 1, "{version}");
        for _ in 0..10 {
            let again = ask(&connection).expect_err("stored");
            assert_eq!((again.reason(), again.message()), (error.reason(), error.message()));
            assert!(again.retry_after_ms().is_some_and(|ms| (20_000..=37_500).contains(&ms)), "{again:?}");
        }
        assert!(bell.is_silent(), "{version}");
        assert_eq!(server.requests(), 1, "{version}");
    }
}

#[test]
fn without_anything_to_renew_with_there_is_an_answer_at_once() {
    let _alone = alone();
    let server = Server::start("4.2");
    let mut config = server.config();
    config.set_secret(None);
    let nothing = Connection::new(&config).expect("good settings");
    let bell = Bell::on(&nothing);
    assert_eq!(ask(&nothing).expect_err("no login").reason(), Reason::CredentialsNone);
    config.set_api_token(Some(b"a-token-from-elsewhere"));
    let given = Connection::new(&config).expect("good settings");
    let token = ask(&given).expect("as given");
    given.reject_token(&token);
    assert_eq!(ask(&given).expect_err("rejected").reason(), Reason::AuthBadToken);
    assert!(bell.is_silent());
    assert_eq!(server.requests(), 0);
}

#[test]
fn where_authentication_is_off_the_token_is_empty() {
    let _alone = alone();
    let server = Server::start("3.10");
    server.standin.set_auth_enabled(false);
    server.standin.script(Fault::always("/", Action::Delay(A_MOMENT)));
    let connection = server.connect();
    let bell = Bell::on(&connection);
    let (outcome, promises) = until_settled(&connection, &bell);
    assert_eq!((outcome.expect("none needed").value(), promises), ("", 1));
}

#[test]
fn a_login_from_a_file_is_read_by_the_thread_that_renews() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("wakeup-secret");
    std::fs::write(&file, &server.secret).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let mut config = server.config();
    config.set_secret(None).set_secret_file(Some(file.to_str().expect("UTF-8").as_bytes()));
    let connection = Connection::new(&config).expect("good settings");
    std::fs::remove_file(&file).expect("removed");
    let bell = Bell::on(&connection);
    let (outcome, promises) = until_settled(&connection, &bell);
    // It may be there before anything could be promised.
    assert!(outcome.is_err_and(|error| error.reason() == Reason::ConfigFile) && promises <= 1);
    std::fs::write(&file, &server.secret).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let end = Instant::now() + LONG;
    while ask(&connection).is_err() {
        assert!(Instant::now() < end, "no token");
        sleep(Duration::from_millis(20));
    }
}

/// In its window a token is handed out, and renewed beside.
#[test]
fn a_token_that_is_still_good_is_returned_while_it_is_renewed() {
    let _alone = alone();
    let server = Server::start("4.2");
    let mut config = server.config();
    config.set_token_lifetime(8, 4);
    let connection = Connection::new(&config).expect("good settings");
    let bell = Bell::on(&connection);
    let first = until_settled(&connection, &bell).0.expect("a token");
    let began = Instant::now();
    server.script(Action::Hang);
    // To the last moment but the guard of 0.4 s, the part of the window included in which others wait.
    while began.elapsed() < Duration::from_millis(7200) {
        assert_eq!(ask(&connection).expect("still good").value(), first.value());
        sleep(Duration::from_millis(20));
    }
    assert!(bell.is_silent());
    assert!(server.requests() >= 2, "it was renewed");
    sleep(Duration::from_millis(600));
    assert_pending(&connection);
    connection.cancel();
    bell.wait();
}

#[test]
fn a_cancelled_handle_is_woken_and_the_next_call_starts_anew() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Hang);
    let connection = server.connect();
    let bell = Bell::on(&connection);
    for _ in 0..3 {
        assert_pending(&connection);
        let began = Instant::now();
        connection.cancel();
        bell.wait();
        assert!(began.elapsed() < AT_ONCE);
    }
    assert!(bell.is_silent());
    assert!(server.requests() <= 3);
    server.standin.clear_faults();
    server.script(Action::Delay(A_MOMENT));
    let (outcome, promises) = until_settled(&connection, &bell);
    assert!(outcome.is_ok() && promises == 1, "no failure was stored: {outcome:?}");
    connection.cancel();
    assert!(bell.is_silent(), "nothing was promised");
}

#[test]
fn a_cancelled_handle_leaves_the_renewal_to_the_others() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let first = server.connect();
    let other = first.another();
    let (first_bell, other_bell) = (Bell::on(&first), Bell::on(&other));
    assert_pending(&first);
    assert_pending(&other);
    let began = Instant::now();
    first.cancel();
    first_bell.wait();
    assert!(began.elapsed() < AT_ONCE);
    other_bell.wait();
    assert!(ask(&other).is_ok() && ask(&first).is_ok());
    assert_eq!(server.requests(), 1);
    assert!(first_bell.is_silent());
}

/// The same with a thread that waits: it gets its token, and its cancellation leaves the renewal to the handle.
#[test]
fn threads_that_wait_and_handles_that_may_not_keep_a_renewal_for_each_other() {
    let _alone = alone();
    let server = Server::start("4.2");
    for waits in [true, false] {
        server.script(Action::Delay(SLOW));
        let connection = server.connect();
        let other = connection.another();
        let bell = Bell::on(&connection);
        let waited = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| other.authorization());
            sleep(A_WHILE);
            assert_pending(&connection);
            if waits {
                connection.cancel()
            } else {
                other.cancel()
            }
            waiting.join().expect("a result")
        });
        assert_eq!(waited.is_ok(), waits);
        bell.wait();
        let (outcome, promises) = until_settled(&connection, &bell);
        assert!(outcome.is_ok() && promises == 0, "{outcome:?} {promises}");
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_handle_that_goes_is_woken_and_its_wakeup_released_once() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Hang);
    for closes in [true, false] {
        let connection = server.connect();
        let bell = Bell::on(&connection);
        assert_pending(&connection);
        assert_eq!(bell.releases(), 0);
        let began = Instant::now();
        if closes {
            connection.close();
        }
        drop(connection);
        assert!(began.elapsed() < AT_ONCE);
        bell.wait();
        assert!(bell.is_released(1) && bell.is_silent());
        assert_eq!(bell.releases(), 1);
    }
}

#[test]
fn a_replaced_wakeup_is_released_and_its_promise_goes_to_the_new_one() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let connection = server.connect();
    let (sender, bell) = Bell::new();
    for number in 0..10 {
        bell.hang(&connection, sender.clone(), number);
        assert_pending(&connection);
    }
    assert_eq!(bell.releases(), 9);
    assert_eq!(bell.wait(), 9);
    assert!(bell.is_silent() && ask(&connection).is_ok());
    connection.set_wakeup(None);
    assert!(bell.is_released(10));
}

#[test]
fn a_wakeup_may_replace_itself_and_be_the_last_that_holds_the_connection() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(A_MOMENT));
    let connection = Arc::new(Mutex::new(Some(server.connect())));
    let releases = Arc::new(AtomicUsize::new(0));
    let (sender, rings) = channel();
    let rope = Rope { number: 0, rings: sender.clone(), releases: releases.clone() };
    let inside = connection.clone();
    let with_connection = |look: &dyn Fn(&Connection)| look(connection.lock().expect("no panic").as_ref().expect("it"));
    with_connection(&|own| {
        // Set from within: the first is released after this run, and the second ends the connection.
        let (inside, sender, releases) = (inside.clone(), sender.clone(), releases.clone());
        let rope =
            Mutex::new(Some(Rope { number: rope.number, rings: rope.rings.clone(), releases: releases.clone() }));
        own.set_wakeup(Some(Box::new(move || {
            let Some(rope) = rope.lock().expect("no panic").take() else { return };
            let second = Rope { number: 1, rings: sender.clone(), releases: releases.clone() };
            let again = inside.clone();
            let own = inside.lock().expect("no panic");
            let own = own.as_ref().expect("a connection");
            own.set_wakeup(Some(Box::new(move || {
                drop(again.lock().expect("no panic").take());
                let _ = second.rings.send(second.number);
            })));
            let token = own.try_authorization().expect("a token");
            own.reject_token(&token);
            let _ = rope.rings.send(rope.number);
        })));
        assert_pending(own);
    });
    assert_eq!(rings.recv_timeout(LONG), Ok(0));
    with_connection(&assert_pending);
    assert_eq!(rings.recv_timeout(LONG), Ok(1));
    let end = Instant::now() + LONG;
    // That of the test, the first and the second.
    drop(rope);
    while releases.load(Ordering::SeqCst) < 3 && Instant::now() < end {
        sleep(Duration::from_millis(1));
    }
    assert_eq!(releases.load(Ordering::SeqCst), 3);
    assert!(connection.lock().expect("no panic").is_none());
}

#[test]
fn a_wakeup_that_panics_takes_no_other_one_away() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(SLOW));
    let connection = server.connect();
    let other = connection.another();
    connection.set_wakeup(Some(Box::new(|| panic!("as this test wants it"))));
    let bell = Bell::on(&other);
    assert_pending(&connection);
    assert_pending(&other);
    bell.wait();
    assert!(ask(&connection).is_ok() && ask(&other).is_ok());
}

/// The log function runs on the thread that renews, and asks there.
#[test]
fn a_log_function_may_ask() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(A_MOMENT));
    let connection = Arc::new(Mutex::new(None::<Connection>));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut config = server.config();
    let (inside, told) = (connection.clone(), seen.clone());
    let ask_inside = move |_: Level, _: &str| {
        let clone = inside.lock().expect("no panic").as_ref().map(Connection::another);
        let outcome = clone.map(|clone| clone.try_authorization().map_err(|error| error.reason()).map(|_| ()));
        told.lock().expect("no panic").extend(outcome);
    };
    config.set_log(Some(Logger::new(Level::Debug as i32, Arc::new(ask_inside))));
    let own = Connection::new(&config).expect("good settings");
    let bell = Bell::on(&own);
    *connection.lock().expect("no panic") = Some(own.another());
    let (outcome, promises) = until_settled(&own, &bell);
    assert!(outcome.is_ok() && promises == 1);
    assert_eq!(*seen.lock().expect("no panic"), [Err(Reason::Pending)], "one line, of the only request");
    assert_eq!(server.requests(), 1);
    // The log function has a handle of its own connection.
    connection.lock().expect("no panic").take();
}

/// More connections than threads that renew: those for which there is no place are served by and by, with nobody asking.
#[test]
fn where_no_place_is_free_the_wakeup_comes_all_the_same() {
    let _alone = alone();
    let server = Server::start("4.2");
    server.script(Action::Delay(Duration::from_millis(300)));
    let (connections, bells): (Vec<_>, Vec<_>) = (0..150)
        .map(|_| {
            let connection = server.connect();
            let bell = Bell::on(&connection);
            assert_pending(&connection);
            (connection, bell)
        })
        .unzip();
    let most = Mutex::new(0);
    let end = Instant::now() + LONG;
    let mut waiting: Vec<usize> = (0..bells.len()).collect();
    while !waiting.is_empty() {
        assert!(Instant::now() < end, "{} wait for ever", waiting.len());
        waiting.retain(|index| bells[*index].rings.try_recv().is_err());
        let running = renewal_threads();
        let mut most = most.lock().expect("no panic");
        *most = running.max(*most);
        sleep(Duration::from_millis(1));
    }
    connections.iter().for_each(|connection| assert!(ask(connection).is_ok()));
    assert!(bells.iter().all(|bell| bell.rings.try_recv().is_err()), "woken twice");
    assert_eq!(server.requests(), 150);
    let most = most.into_inner().expect("no panic");
    assert!((9..=64).contains(&most), "{most} threads at once");
}

fn renewal_threads() -> usize {
    threads::count("self", "tg-renewal")
}

/// A server that hangs does not keep those away that are served by another one, though it holds every usual place.
#[test]
fn a_server_that_hangs_holds_up_nobody_elses_wakeup() {
    let _alone = alone();
    let (hanging, good) = (Server::start("4.2"), Server::start("4.2"));
    hanging.script(Action::Hang);
    let held: Vec<Connection> = (0..30).map(|_| hanging.connect()).collect();
    held.iter().for_each(assert_pending);
    let connection = good.connect();
    let bell = Bell::on(&connection);
    let began = Instant::now();
    let (outcome, _) = until_settled(&connection, &bell);
    assert!(outcome.is_ok() && began.elapsed() < Duration::from_secs(5), "{outcome:?} {:?}", began.elapsed());
    let began = Instant::now();
    drop(held);
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// What waits for a place and is given up is not sent, and what goes is woken.
#[test]
fn a_renewal_that_waits_for_a_place_can_be_given_up() {
    let _alone = alone();
    let (hanging, good) = (Server::start("4.2"), Server::start("4.2"));
    hanging.script(Action::Hang);
    good.script(Action::Delay(A_MOMENT));
    let held: Vec<Connection> = (0..8).map(|_| hanging.connect()).collect();
    held.iter().for_each(assert_pending);
    let (cancelled, freed) = (good.connect(), good.connect());
    let bells = [Bell::on(&cancelled), Bell::on(&freed)];
    assert_pending(&cancelled);
    assert_pending(&freed);
    cancelled.cancel();
    drop(freed);
    bells.iter().for_each(|bell| assert_eq!(bell.wait(), 0));
    assert!(bells[1].is_released(1));
    drop(held);
    sleep(A_WHILE);
    assert_eq!(good.requests(), 0);
    let (outcome, promises) = until_settled(&cancelled, &bells[0]);
    assert!(outcome.is_ok() && promises == 1);
}

/// Threads with one handle each, and all with a common one, while the token is rejected again and again.
#[test]
fn many_threads_lose_no_wakeup() {
    let _alone = alone();
    let server = Server::start("3.10");
    let connection = server.connect();
    let threads = 16;
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let own = connection.another();
                let bell = Bell::on(&own);
                start.wait();
                for _ in 0..50 {
                    let (outcome, promises) = until_settled(&own, &bell);
                    assert!(promises < 50, "woken for nothing");
                    match outcome {
                        Ok(token) => drop(connection.delete_token(None, Some(token.value()), true)),
                        Err(error) => panic!("{error}"),
                    }
                }
                assert!(bell.rings.try_recv().is_err(), "woken without a promise");
            });
        }
    });
    let tokens = server.standin.take_requests().iter().filter(|request| request.method == "POST").count();
    assert!((50..=800).contains(&tokens), "{tokens}");
}
