//! A token provider as the login, with real threads against the stand-in: calls of the provider and requests of the
//! server are counted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{scope, sleep, spawn};
use std::time::{Duration, Instant};

use tigergraph_auth::log::{Level, Logger};
use tigergraph_auth::{
    Config, Connection, Error, ProviderRequest, Reason, RefreshOptions, Result, Status, Token, TokenOptions,
};
use tigergraph_standin::{Options, Standin, wall_clock};

const MS: fn(u64) -> Duration = Duration::from_millis;
/// What `tg_provider_request_fail` has for it.
const UNAUTHENTICATED: i32 = Status::Unauthenticated as i32;

fn reason<T>(outcome: Result<T>) -> Reason {
    outcome.map(|_| "a result").expect_err("no error").reason()
}

/// A server, and somebody else who issues its tokens.
struct Server {
    standin: Standin,
    issuer: Arc<Connection>,
}

impl Server {
    fn start(version: &str) -> Server {
        let standin = Standin::start(Options::new(version)).expect("a stand-in");
        let secret = standin.add_secret("alice", None, "issuer");
        let mut config = Config::new(standin.gateway_url());
        config.set_secret(Some(secret.as_bytes()));
        let issuer = Arc::new(Connection::new(&config).expect("good settings"));
        Server { standin, issuer }
    }

    /// A new JWT that the server takes for so many seconds.
    fn issue(&self, lifetime_s: u64) -> String {
        issue(&self.issuer, lifetime_s)
    }

    fn config(&self, provide: impl Fn(&Arc<ProviderRequest>) + Send + Sync + 'static) -> Config {
        let mut config = Config::new(self.standin.gateway_url());
        config.set_timeouts(1000, 3000).set_token_provider(Some(Arc::new(provide)));
        config
    }

    fn connect(&self, provide: impl Fn(&Arc<ProviderRequest>) + Send + Sync + 'static) -> Arc<Connection> {
        connect(&self.config(provide))
    }

    /// Whether the database takes the token.
    fn accepts(&self, token: &Token) -> bool {
        let url = format!("{}/restpp/graph/MyGraph/vertices/x", self.standin.gateway_url());
        let agent = ureq::Agent::new_with_defaults();
        agent.get(url).header("Authorization", token.header()).call().is_ok()
    }
}

fn connect(config: &Config) -> Arc<Connection> {
    Arc::new(Connection::new(config).expect("good settings"))
}

fn issue(issuer: &Connection, lifetime_s: u64) -> String {
    let options = TokenOptions { keep_current: true, global: false };
    issuer.get_token(None, lifetime_s, options).expect("a JWT").value().to_owned()
}

/// Counts the calls of what it wraps.
fn counted(
    provide: impl Fn(&Arc<ProviderRequest>, usize) + Send + Sync + 'static,
) -> (Arc<AtomicUsize>, impl Fn(&Arc<ProviderRequest>) + Send + Sync + 'static) {
    let calls = Arc::<AtomicUsize>::default();
    let count = calls.clone();
    (calls, move |request: &Arc<ProviderRequest>| provide(request, count.fetch_add(1, Ordering::SeqCst) + 1))
}

fn calls(count: &AtomicUsize) -> usize {
    count.load(Ordering::SeqCst)
}

/// Wherever a configured JWT is used, the provider's token is; the provider is asked once for all of it.
#[test]
fn the_providers_token_logs_in_everywhere() {
    let server = Server::start("4.2");
    let issuer = server.issuer.clone();
    let (asked, provide) = counted(move |request, _| request.set_token(&issue(&issuer, 3600), 0).expect("the first"));
    let connection = server.connect(provide);
    assert_eq!(calls(&asked), 0, "nothing is asked before a token is needed");
    let created = connection.create_secret(Some("made"), None, None).expect("by token");
    let token = connection.authorization().expect("the provider's");
    assert!(server.accepts(&token) && token.expires_at() >= wall_clock() + 3500, "{}", token.expires_at());
    assert!(token.urls().is_some());
    assert_eq!(connection.get_secrets(None).expect("by token").len(), 2);
    assert_eq!(connection.ensure_secret("made").expect("by token").value, created.value);
    assert_eq!(connection.drop_secrets(&["made"], None, false).expect("by token"), 1);
    assert!(connection.check_token(&token).expect("by token"));
    assert_eq!(connection.server_version().expect("by token").to_string(), "4.2.0");
    assert_eq!(calls(&asked), 1);
    let requests = server.standin.take_requests();
    let by_others =
        requests.iter().filter(|request| !request.path.contains("check") && request.path != "/gsql/v1/tokens");
    let logins: Vec<_> = by_others.filter_map(|request| request.header("authorization")).collect();
    assert!(logins.len() >= 5 && logins.iter().all(|login| *login == token.header()), "{} logins", logins.len());
    connection.delete_token(None, None, false).expect("by token");
    assert!(!server.accepts(&token), "it was deleted");
    let next = connection.authorization().expect("the next");
    assert!(next.value() != token.value() && calls(&asked) == 2);
}

#[test]
fn what_only_a_server_can_do_for_its_own_logins_is_refused() {
    let server = Server::start("4.2");
    let issuer = server.issuer.clone();
    let (asked, provide) = counted(move |request, _| request.set_token(&issue(&issuer, 3600), 0).expect("the first"));
    let connection = server.connect(provide);
    let global = TokenOptions { keep_current: false, global: true };
    assert_eq!(reason(connection.get_token(None, 60, TokenOptions::default())), Reason::ArgumentRange);
    assert_eq!(reason(connection.get_token(None, 0, global)), Reason::ArgumentFlags);
    let refresh =
        |lifetime_s, token, or_new| connection.refresh_token(None, None, lifetime_s, RefreshOptions { token, or_new });
    assert_eq!(reason(refresh(60, TokenOptions::default(), true)), Reason::ArgumentRange);
    assert_eq!(reason(refresh(0, global, true)), Reason::ArgumentFlags);
    assert_eq!(reason(refresh(0, TokenOptions::default(), false)), Reason::UnsupportedRefresh);
    assert_eq!(calls(&asked), 0);
    let first = connection.get_token(None, 0, TokenOptions::default()).expect("a new one");
    let kept = TokenOptions { keep_current: true, global: false };
    let second = connection.get_token(None, 0, kept).expect("a new one");
    assert_eq!(connection.current_token().expect("the first").value(), first.value());
    let third = refresh(0, TokenOptions::default(), true).expect("a new one");
    assert_eq!(connection.current_token().expect("the third").value(), third.value());
    assert!(calls(&asked) == 3 && second.value() != first.value());
}

/// The token of a secret that a caller gave is the connection's own from then on, but not what it logs in with.
#[test]
fn a_token_of_another_secret_is_no_login() {
    let server = Server::start("4.2");
    server.standin.add_user("bob", "opensesame", false);
    let bobs = server.standin.add_secret("bob", None, "bobs");
    let issuer = server.issuer.clone();
    let connection = server.connect(move |request| request.set_token(&issue(&issuer, 3600), 0).expect("the first"));
    let token = connection.get_token(Some(&bobs), 60, TokenOptions::default()).expect("bob's");
    assert_eq!(connection.authorization().expect("bob's").value(), token.value());
    let secrets = connection.get_secrets(None).expect("alice's");
    assert_eq!(secrets.iter().map(|secret| secret.alias.as_str()).collect::<Vec<_>>(), ["issuer"]);
}

#[test]
fn servers_before_4_1_take_such_tokens_at_the_database_alone() {
    let server = Server::start("3.10");
    let (asked, provide) = counted(|request, _| request.set_token("a-token-of-somebody", 0).expect("the first"));
    let connection = server.connect(provide);
    assert_eq!(reason(connection.get_secrets(None)), Reason::UnsupportedServer);
    assert_eq!(reason(connection.delete_token(None, Some("some-other-token"), false)), Reason::UnsupportedServer);
    assert_eq!(calls(&asked), 0);
    assert_eq!(connection.authorization().expect("the provider's").value(), "a-token-of-somebody");
}

/// The end of a token: as the provider tells it, else by its `exp`, else unknown.
#[test]
fn the_end_is_the_providers_or_the_tokens() {
    let server = Server::start("4.2");
    let jwt = server.issue(3600);
    for (token, told, end) in
        [(&*jwt, 0, wall_clock() + 3600), (&jwt, wall_clock() + 60, wall_clock() + 60), ("an-opaque-token", 0, 0)]
    {
        let token = token.to_owned();
        let connection = server.connect(move |request| request.set_token(&token, told).expect("a token"));
        let found = connection.authorization().expect("a token").expires_at();
        assert!((found - end).abs() <= 5, "{found} is not {end}");
    }
    let past = server.connect(|request| request.set_token("an-opaque-token", wall_clock() - 1).expect("a token"));
    for outcome in [past.get_token(None, 0, TokenOptions::default()), past.authorization()] {
        let error = outcome.expect_err("it is over");
        assert_eq!(error.reason(), Reason::ProtocolShape);
        assert!(error.message().contains("the token provider gave has expired"), "{error}");
        assert!(error.hint().contains("expires_at") && !error.hint().contains("server"), "{}", error.hint());
    }
}

#[test]
fn tokens_are_renewed_before_their_end_and_replaced_when_they_are_rejected() {
    let server = Server::start("4.2");
    let issuer = server.issuer.clone();
    let (asked, provide) = counted(move |request, _| request.set_token(&issue(&issuer, 3), 0).expect("a token"));
    let connection = server.connect(provide);
    let (began, mut values) = (Instant::now(), Vec::new());
    while began.elapsed() < MS(6000) {
        let token = connection.authorization().expect("always a good one");
        assert!(server.accepts(&token), "after {:?}", began.elapsed());
        values.push(token.value().to_owned());
        sleep(MS(10));
    }
    values.dedup();
    assert!((3..=6).contains(&values.len()) && calls(&asked) - values.len() <= 1, "{} {asked:?}", values.len());
    let rejected = connection.authorization().expect("a good one");
    connection.reject_token(&rejected);
    assert_ne!(connection.authorization().expect("another").value(), rejected.value());
}

/// The GSQL server refuses a token before its end: the operation gets another one and is sent once more, but only once.
#[test]
fn a_token_that_the_server_refuses_is_replaced_within_the_call() {
    let server = Server::start("4.2");
    let issuer = server.issuer.clone();
    let (asked, provide) = counted(move |request, _| request.set_token(&issue(&issuer, 3600), 0).expect("a token"));
    let connection = server.connect(provide);
    connection.get_secrets(None).expect("by the first");
    server.standin.expire_tokens();
    connection.create_secret(Some("made"), None, None).expect("by the second");
    assert_eq!(calls(&asked), 2);
    let of_others = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    let (asked, provide) =
        counted(move |request, _| request.set_token(of_others, wall_clock() + 3600).expect("a token"));
    let mut config = server.config(provide);
    let connection = connect(config.set_server_version(Some(b"4.2")));
    assert_eq!(reason(connection.get_secrets(None)), Reason::AuthBadToken);
    assert_eq!(calls(&asked), 2);
}

type Asked = Arc<ProviderRequest>;

/// Sends what the provider was asked, and waits for the word to go on.
fn gate() -> (Receiver<Asked>, Sender<()>, impl Fn(&Asked) + Send + Sync) {
    let ((asked, requests), (go, word)) = (channel(), channel());
    let (asked, word) = (Mutex::new(asked), Mutex::new(word));
    let provide = move |request: &Arc<ProviderRequest>| {
        asked.lock().expect("whole").send(request.clone()).expect("a test");
        let _ = word.lock().expect("whole").recv();
    };
    (requests, go, provide)
}

/// One that never answers costs every caller its own time, is run once, and is known to overstay after that.
#[test]
fn a_provider_that_never_answers_is_not_asked_again() {
    let server = Server::start("4.2");
    let (requests, go, provide) = gate();
    let mut config = server.config(provide);
    config.set_timeouts(300, 300);
    let connection = connect(&config);
    let began = Instant::now();
    assert_eq!(reason(connection.authorization()), Reason::TimeoutResponse);
    assert!((MS(250)..MS(500)).contains(&began.elapsed()), "{:?}", began.elapsed());
    let request = requests.try_recv().expect("asked");
    for _ in 0..3 {
        let error = connection.authorization().expect_err("no token");
        assert_eq!(error.reason(), Reason::ProviderUnavailable, "{error}");
        assert!(error.retry_after_ms().is_some());
        let error = connection.get_token(None, 0, TokenOptions::default()).expect_err("no token");
        assert_eq!(error.reason(), Reason::ProviderUnavailable, "{error}");
        sleep(MS(300));
    }
    assert!(requests.try_recv().is_err(), "asked while it ran");
    assert!(request.is_cancelled() && request.time_left().is_zero());
    assert_eq!(reason(request.set_token("a-token-too-late", 0)), Reason::Cancelled);
    drop(go);
    let began = Instant::now();
    while connection
        .get_token(None, 0, TokenOptions::default())
        .is_err_and(|error| error.reason() == Reason::ProviderUnavailable && requests.try_recv().is_err())
    {
        assert!(began.elapsed() < MS(5000), "not asked again after it returned");
    }
}

/// A caller with more time than the renewal has is told when that is over.
#[test]
fn a_renewal_ends_although_nobody_answers() {
    let server = Server::start("4.2");
    let (_requests, _go, provide) = gate();
    let mut config = server.config(provide);
    config.set_timeouts(300, 300);
    let connection = connect(&config);
    connection.set_timeout(20_000);
    let began = Instant::now();
    assert_eq!(reason(connection.authorization()), Reason::ProviderUnavailable);
    assert!(began.elapsed() < MS(600), "{:?}", began.elapsed());
}

#[test]
fn the_first_answer_counts_from_any_thread() {
    let server = Server::start("4.2");
    let (results, told) = channel();
    let results = Mutex::new(results);
    let connection = server.connect(move |request| {
        let first = request.clone();
        let first = spawn(move || first.set_token("the-first-token", 0)).join().expect("a thread");
        let again = [request.set_token("the-second-token", 0), request.fail(UNAUTHENTICATED, "too late", None)];
        let left = request.time_left();
        sleep(MS(300));
        results.lock().expect("whole").send((first, again, left, request.is_cancelled())).expect("a test");
    });
    let began = Instant::now();
    assert_eq!(connection.authorization().expect("the first").value(), "the-first-token");
    assert!(began.elapsed() < MS(250), "nobody waits for what it does afterwards");
    let (first, again, left, is_cancelled) = told.recv().expect("it returned");
    first.expect("taken");
    again.into_iter().for_each(|again| assert_eq!(again.expect_err("refused").status(), Status::InvalidArgument));
    assert!(left > MS(2000) && left <= MS(3000) && !is_cancelled, "{left:?}");
}

#[test]
fn a_provider_asks_others_but_not_its_own_connection() {
    let server = Server::start("4.2");
    let other = server.issuer.clone();
    let own = Arc::new(Mutex::new(None::<Arc<Connection>>));
    let (handle, seen) = (own.clone(), Arc::new(Mutex::new(Vec::new())));
    let reasons = seen.clone();
    let connection = server.connect(move |request| {
        let own = handle.lock().expect("whole").clone().expect("a connection");
        let clone = own.another();
        *reasons.lock().expect("whole") = vec![
            reason(own.authorization()),
            reason(clone.authorization()),
            reason(clone.get_token(None, 0, TokenOptions::default())),
            reason(own.get_secrets(None)),
        ];
        other.authorization().expect("of another connection");
        request.set_token(&issue(&other, 3600), 0).expect("a token");
    });
    *own.lock().expect("whole") = Some(connection.clone());
    let first = connection.authorization().expect("the provider's");
    assert_eq!(*seen.lock().expect("whole"), [Reason::ArgumentRecursion; 4]);
    // Also where a good token is held.
    let second = connection.get_token(None, 0, TokenOptions::default()).expect("the provider's");
    assert_ne!(first.value(), second.value());
    assert_eq!(*seen.lock().expect("whole"), [Reason::ArgumentRecursion; 4]);
    own.lock().expect("whole").take();
}

/// What a provider says of its failure, what becomes of it, and when it is asked again.
#[test]
fn failures_have_their_reasons_and_their_waits() {
    let server = Server::start("4.2");
    let canary = "canary-of-20-letters-and-more";
    for status in 0..=25 {
        let refused = [Status::Unauthenticated as i32, Status::Forbidden as i32].contains(&status);
        let (asked, provide) = counted(move |request, _| {
            request.fail(status, &format!("no {canary} today"), None).expect("the first");
        });
        let connection = server.connect(provide);
        let error = connection.authorization().expect_err("no token");
        let reason = if refused { Reason::ProviderRefused } else { Reason::ProviderUnavailable };
        assert_eq!(error.reason(), reason, "{status}");
        assert!(error.message().contains("no <redacted:29> today"), "{error}");
        let wait = connection.authorization().expect_err("no token").retry_after_ms().expect("a wait");
        let expected = if refused { 20_000..40_000 } else { 250..700 };
        assert!(expected.contains(&wait) && calls(&asked) == 1, "{status}: {wait} ms");
    }
    let connection = server.connect(|request| request.fail(12, "later", Some(5000)).expect("the first"));
    let wait = connection.authorization().expect_err("no token").retry_after_ms().expect("a wait");
    assert!((4500..=5000).contains(&wait), "{wait}");
    for silent in [server.connect(|_| {}), server.connect(|_| panic!("a provider that panics"))] {
        let error = silent.authorization().expect_err("no token");
        assert_eq!((error.reason(), error.status()), (Reason::ProviderUnavailable, Status::Unavailable));
    }
}

#[test]
fn what_is_no_token_is_no_answer_that_helps() {
    let server = Server::start("4.2");
    let longest = "a".repeat(8192);
    for good in ["12345678", &longest] {
        let token = good.to_owned();
        let connection = server.connect(move |request| request.set_token(&token, 0).expect("a token"));
        assert_eq!(connection.authorization().expect("a token").value(), good);
    }
    let too_long = format!("{longest}a");
    for bad in ["", "1234567", "Bearer 12345678", "1234567\n", "1234,5678", "t\u{f6}ken-of-8", &too_long] {
        let token = bad.to_owned();
        let (asked, provide) = counted(move |request, _| {
            assert_eq!(reason(request.set_token(&token, 0)), Reason::ProtocolShape);
            assert_eq!(reason(request.set_token("a-good-token", 0)), Reason::ArgumentRange);
        });
        let connection = server.connect(provide);
        let error = connection.authorization().expect_err("no token");
        assert_eq!((error.reason(), calls(&asked)), (Reason::ProtocolShape, 1), "{bad}: {error}");
        assert_eq!(error.hint().contains("Bearer"), bad.starts_with("Bearer"), "{}", error.hint());
        assert!(!error.message().contains("1234"), "{error}");
    }
    let connection = server.connect(|request| {
        assert_eq!(reason(request.set_token("a-good-token", -1)), Reason::ArgumentRange);
    });
    assert_eq!(reason(connection.authorization()), Reason::ProviderUnavailable);
}

#[test]
fn many_threads_ask_once() {
    let server = Server::start("4.2");
    let (asked, provide) = counted(|request, _| {
        sleep(MS(100));
        request.set_token("the-one-token", 0).expect("the first");
    });
    let connection = server.connect(provide);
    let start = Barrier::new(64);
    scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(connection.authorization().expect("the one").value(), "the-one-token");
            });
        }
    });
    assert_eq!(calls(&asked), 1);
}

/// Providers that take their time, more than renewals may run at once, keep nobody else waiting.
#[test]
fn providers_are_not_counted_as_renewals() {
    let server = Server::start("4.2");
    let (asked, provide) = counted(|request, _| {
        while !request.is_cancelled() {
            sleep(MS(5));
        }
    });
    let config = server.config(provide);
    let slow: Vec<_> = (0..80).map(|_| connect(&config)).collect();
    scope(|scope| {
        for connection in &slow {
            scope.spawn(|| assert_eq!(reason(connection.authorization()), Reason::Cancelled));
        }
        let began = Instant::now();
        while calls(&asked) < 80 {
            assert!(began.elapsed() < MS(2500), "{} of 80 run", calls(&asked));
            sleep(MS(5));
        }
        let began = Instant::now();
        server.issuer.authorization().expect("by a secret");
        assert!(began.elapsed() < MS(500), "{:?}", began.elapsed());
        slow.iter().for_each(|connection| connection.cancel());
    });
}

/// Callers that want one each take turns.
#[test]
fn one_provider_runs_at_a_time() {
    let server = Server::start("4.2");
    let running = AtomicUsize::new(0);
    let (asked, provide) = counted(move |request, call| {
        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
        sleep(MS(20));
        running.fetch_sub(1, Ordering::SeqCst);
        request.set_token(&format!("the-token-{call}"), 0).expect("the first");
    });
    let connection = server.connect(provide);
    scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| connection.get_token(None, 0, TokenOptions::default()).expect("one each"));
            scope.spawn(|| connection.authorization().expect("one for all"));
        }
    });
    assert!((8..=9).contains(&calls(&asked)), "{}", calls(&asked));
}

#[test]
fn cancellation_reaches_the_provider_and_the_next_call_asks_anew() {
    let server = Server::start("4.2");
    for by_get_token in [false, true] {
        let (requests, go, provide) = gate();
        let connection = server.connect(provide);
        let call = |connection: &Connection| match by_get_token {
            true => connection.get_token(None, 0, TokenOptions::default()),
            false => connection.authorization(),
        };
        let error = scope(|scope| {
            let caller = scope.spawn(|| call(&connection));
            let request = requests.recv().expect("asked");
            assert!(!request.is_cancelled());
            let began = Instant::now();
            connection.cancel();
            let error = reason(caller.join().expect("a thread"));
            assert!(began.elapsed() < MS(100), "{:?}", began.elapsed());
            assert!(request.is_cancelled() && request.time_left().is_zero());
            assert_eq!(reason(request.set_token("a-token-too-late", 0)), Reason::Cancelled);
            assert_eq!(reason(request.fail(12, "too late", None)), Reason::Cancelled);
            error
        });
        assert_eq!(error, Reason::Cancelled);
        // It returns soon, so that the next one is asked in its place.
        scope(|scope| {
            let next = scope.spawn(|| call(&connection));
            sleep(MS(50));
            go.send(()).expect("the first");
            let request = requests.recv_timeout(MS(2000)).expect("asked anew");
            request.set_token("a-token-in-time", 0).expect("the first");
            assert_eq!(next.join().expect("a thread").expect("a token").value(), "a-token-in-time");
        });
        go.send(()).expect("the second");
    }
}

/// The last caller that is cancelled ends the renewal; the others go on waiting.
#[test]
fn who_is_cancelled_leaves_the_others_their_token() {
    let server = Server::start("4.2");
    let (requests, go, provide) = gate();
    let connection = server.connect(provide);
    let clone = connection.another();
    scope(|scope| {
        let first = scope.spawn(|| connection.authorization());
        let request = requests.recv().expect("asked");
        let second = scope.spawn(|| clone.authorization());
        sleep(MS(50));
        connection.cancel();
        assert_eq!(reason(first.join().expect("a thread")), Reason::Cancelled);
        assert!(!request.is_cancelled());
        request.set_token("the-token-of-others", 0).expect("the first");
        assert_eq!(second.join().expect("a thread").expect("a token").value(), "the-token-of-others");
    });
    drop(go);
}

/// A provider that is dropped says so.
struct Released(Arc<AtomicUsize>);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn it_is_released_once_after_its_last_return() {
    let server = Server::start("4.2");
    for is_running in [false, true] {
        let released = Arc::<AtomicUsize>::default();
        let (requests, go, provide) = gate();
        let keeps = Released(released.clone());
        let config = server.config(move |request| {
            let _keeps = &keeps;
            provide(request);
        });
        let connection = connect(&config);
        drop(config);
        let mut request = None;
        if is_running {
            connection.set_timeout(100);
            assert_eq!(reason(connection.authorization()), Reason::TimeoutResponse);
            request = Some(requests.recv().expect("asked"));
        }
        assert_eq!(calls(&released), 0);
        drop(connection);
        if let Some(request) = request {
            assert!(request.is_cancelled(), "the last handle is freed");
            sleep(MS(100));
            assert_eq!(calls(&released), 0, "it runs");
            go.send(()).expect("running");
        }
        let began = Instant::now();
        while calls(&released) == 0 {
            assert!(began.elapsed() < MS(2000), "never released");
            sleep(MS(5));
        }
        sleep(MS(20));
        assert_eq!(calls(&released), 1);
    }
}

/// A renewal that fails while the token is good is logged and told by a report, and nobody gets an error.
#[test]
fn a_renewal_that_fails_leaves_the_good_token_and_is_told() {
    let server = Server::start("4.2");
    let (asked, provide) = counted(|request, call| match call {
        1 => request.set_token("a-token-for-4-s", wall_clock() + 4).expect("the first"),
        _ => request.fail(UNAUTHENTICATED, "the store says no", None).expect("the first"),
    });
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let target = move |level: Level, line: &str| log.lock().expect("whole").push((level, line.to_owned()));
    let mut config = server.config(provide);
    config.set_log(Some(Logger::new(Level::Warn as i32, Arc::new(target))));
    let connection = connect(&config);
    connection.authorization().expect("the first");
    let began = Instant::now();
    while calls(&asked) < 2 {
        connection.authorization().expect("the first, still good");
        assert!(began.elapsed() < MS(4000), "no renewal");
        sleep(MS(10));
    }
    sleep(MS(50));
    connection.authorization().expect("the first, still good");
    let lines = lines.lock().expect("whole").clone();
    let line = "no new token (provider.refused): the token provider was refused: the store says no";
    assert_eq!(lines, [(Level::Warn, line.to_owned())]);
    let report = connection.diagnose(true).expect("a report");
    assert!(report.text().contains("provider.refused"), "{}", report.text());
}

/// The steps of a report, and how each went.
fn steps(connection: &Connection, offline: bool) -> Vec<String> {
    let report = connection.diagnose(offline).expect("a report").json();
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let step = |step: &serde_json::Value| format!("{} {}", step["step"], step["outcome"]).replace('"', "");
    report["steps"].as_array().expect("steps").iter().map(step).collect()
}

#[test]
fn a_report_has_a_step_for_the_provider() {
    let server = Server::start("4.2");
    let issuer = server.issuer.clone();
    let good = server.connect(move |request| request.set_token(&issue(&issuer, 3600), 0).expect("the first"));
    assert_eq!(steps(&good, true), ["provider skipped", "credentials skipped"]);
    let last = |steps: Vec<String>| steps[steps.len() - 4..].to_vec();
    let works = ["server passed", "provider passed", "credentials passed", "database passed"];
    assert_eq!(last(steps(&good, false)), works);
    assert_eq!(last(steps(&good, false)), works);
    let report = good.diagnose(false).expect("a report").text();
    assert!(report.contains("everything works") && report.contains("token: from before"), "{report}");
    assert!(report.contains("login: tokens of the program's provider"), "{report}");
    let bad = server.connect(|request| request.fail(12, "the store is down", None).expect("the first"));
    let fails = ["server passed", "provider failed", "credentials skipped", "database skipped"];
    assert_eq!(last(steps(&bad, false)), fails);
    let verdict = bad.diagnose(false).expect("a report").verdict;
    assert!(verdict.starts_with("the token provider has no token: the store is down - "), "{verdict}");
    let mut config = Config::new("http://127.0.0.1:1");
    config
        .set_token_provider(Some(Arc::new(|_: &Arc<ProviderRequest>| panic!("asked for a server that is not there"))));
    let skipped = ["server skipped", "provider skipped", "credentials skipped", "database skipped"];
    assert_eq!(last(steps(&connect(&config), false)), skipped);
}

/// A log function that asks for a token while the provider's answer is dealt with does not wait for that answer.
#[test]
fn a_log_function_may_ask_for_a_token() {
    let server = Server::start("4.2");
    let connection = Arc::new(Mutex::new(None::<Arc<Connection>>));
    let (own, outcome) = (connection.clone(), Arc::new(Mutex::new(None)));
    let told = outcome.clone();
    let target = move |_: Level, _: &str| {
        if let Some(own) = own.lock().expect("whole").take() {
            *told.lock().expect("whole") = Some(own.authorization().map(|_| ()).map_err(|error: Error| error.reason()));
        }
    };
    let mut config = server.config(|request| request.fail(12, "down", None).expect("the first"));
    config.set_log(Some(Logger::new(Level::Error as i32, Arc::new(target))));
    let made = connect(&config);
    *connection.lock().expect("whole") = Some(made.clone());
    let began = Instant::now();
    assert_eq!(reason(made.authorization()), Reason::ProviderUnavailable);
    assert!(began.elapsed() < MS(1000), "{:?}", began.elapsed());
    assert_eq!(*outcome.lock().expect("whole"), Some(Err(Reason::ProviderUnavailable)));
}

#[test]
fn an_api_token_comes_first_and_two_logins_are_a_conflict() {
    let server = Server::start("4.2");
    let (asked, provide) = counted(|request, _| request.set_token("the-providers-token", 0).expect("the first"));
    let mut config = server.config(provide);
    config.set_api_token(Some(b"the-api-token-first"));
    let connection = connect(&config);
    let first = connection.authorization().expect("the API token");
    assert_eq!((first.value(), calls(&asked)), ("the-api-token-first", 0));
    connection.reject_token(&first);
    assert_eq!(connection.authorization().expect("the provider's").value(), "the-providers-token");
    config.set_api_token(None).set_secret(Some(b"a-secret"));
    let error = Connection::new(&config).map(|_| ()).expect_err("two logins");
    assert_eq!(error.reason(), Reason::ConfigConflict);
    assert!(error.message().contains("\"secret\"") && error.message().contains("\"token_provider\""), "{error}");
    config.set_secret(None).load_from(&|name| (name == "TG_SECRET").then(|| b"of-the-environment".to_vec()));
    assert_eq!(connect(&config).authorization().expect("the program's login").value(), "the-providers-token");
    config.set_token_provider(None);
    assert_eq!(reason(connect(&config).authorization()), Reason::CredentialsNone);
}
