//! What becomes of whoever has the lock, and of those who wait for it.

use super::*;

use tigergraph_auth::{Config, Connection, Reason};

/// A process that has the lock while the server does not answer.
fn holder(server: &Standin, login: &Login, folder: &Folder) -> Process {
    server.script(Fault::once(TOKENS, Action::Hang).method("POST"));
    let mut holder = Process::start(server, login, folder.path());
    let before = asked(server);
    assert_eq!(holder.ask("begin"), "begun");
    wait_for_requests(server, before + 1);
    holder
}

/// Others that wait for it.
fn waiting(server: &Standin, login: &Login, folder: &Folder, count: usize) -> Vec<Process> {
    let mut waiting: Vec<Process> = (0..count).map(|_| Process::start(server, login, folder.path())).collect();
    waiting.iter_mut().for_each(|process| process.say("get"));
    std::thread::sleep(Duration::from_millis(300));
    waiting
}

#[test]
fn whoever_is_killed_frees_the_lock() {
    let (server, secret) = server();
    let folder = Folder::new("killed");
    let login = Login::secret(&secret);
    let holder = holder(&server, &login, &folder);
    let mut others = waiting(&server, &login, &folder, 8);
    assert_eq!(asked(&server), 1);
    holder.signal("KILL");
    let killed = Instant::now();
    let got: Vec<Got> = others.iter_mut().map(Process::hear_token).collect();
    assert!(got.iter().all(|one| one.is_token && one.what == got[0].what), "{got:?}");
    assert_eq!(asked(&server), 2);
    assert!(killed.elapsed() < Duration::from_millis(900), "{:?}", killed.elapsed());
}

/// What a child has inherited it closes: the lock ends with its parent.
#[test]
fn a_child_that_was_forked_meanwhile_does_not_keep_the_lock() {
    let (server, secret) = server();
    let folder = Folder::new("forked");
    let login = Login::secret(&secret);
    let mut holder = holder(&server, &login, &folder);
    let child: u32 = holder.ask("fork").strip_prefix("child ").expect("a child").parse().expect("a number");
    let mut others = waiting(&server, &login, &folder, 2);
    holder.signal("KILL");
    let killed = Instant::now();
    let got: Vec<Got> = others.iter_mut().map(Process::hear_token).collect();
    assert!(killed.elapsed() < Duration::from_millis(900), "{:?}", killed.elapsed());
    signal(child, "KILL");
    assert!(got.iter().all(|one| one.is_token && one.what == got[0].what), "{got:?}");
    assert_eq!(asked(&server), 2);
}

#[test]
fn whoever_is_stopped_is_passed_over_after_a_second() {
    let (server, secret) = server();
    let folder = Folder::new("stopped");
    let login = Login::secret(&secret);
    let holder = holder(&server, &login, &folder);
    holder.signal("STOP");
    let mut others: Vec<Process> = (0..4).map(|_| Process::start(&server, &login, folder.path())).collect();
    let got = all_get(&mut others);
    assert!(got.iter().all(|one| one.is_token), "{got:?}");
    assert!(got.iter().all(|one| (1_000_000..2_500_000).contains(&one.took)), "{got:?}");
    // Whoever comes now finds a token.
    let before = asked(&server);
    let mut late = Process::start(&server, &login, folder.path());
    assert!(late.get().took < 900_000 && asked(&server) == before);
    holder.signal("CONT");
}

/// Waiting for the server is no silence: the lock is touched meanwhile.
#[test]
fn whoever_waits_for_a_slow_server_is_waited_for() {
    let (server, secret) = server();
    let folder = Folder::new("slow");
    let login = Login::secret(&secret);
    slow(&server, 3500);
    let mut processes: Vec<Process> = (0..4).map(|_| Process::start(&server, &login, folder.path())).collect();
    let got = all_get(&mut processes);
    assert!(got.iter().all(|one| one.is_token && one.what == got[0].what && one.took > 3_400_000), "{got:?}");
    assert_eq!(asked(&server), 1);
}

#[test]
fn a_wait_for_another_process_ends_with_the_call() {
    let (server, secret) = server();
    let folder = Folder::new("deadline");
    let _holder = holder(&server, &Login::secret(&secret), &folder);
    let mut config = Config::new(server.gateway_url());
    config.set_server_version(Some(b"4.2")).set_secret(Some(secret.as_bytes())).set_token_lifetime(3600, 0);
    config.set_token_cache(Some(folder.path().as_bytes())).set_timeouts(0, 700);
    let conn = Connection::new(&config).expect("a connection");
    let began = Instant::now();
    assert_eq!(conn.authorization().expect_err("no token").reason(), Reason::TimeoutResponse);
    assert!(
        (Duration::from_millis(650)..Duration::from_millis(1000)).contains(&began.elapsed()),
        "{:?}",
        began.elapsed()
    );

    let conn = Connection::new(config.set_timeouts(0, 20_000)).expect("a connection");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| conn.authorization().map(|_| Instant::now()));
        std::thread::sleep(Duration::from_millis(300));
        let cancelled = Instant::now();
        conn.cancel();
        assert_eq!(waiting.join().expect("no panic").expect_err("cancelled").reason(), Reason::Cancelled);
        assert!(cancelled.elapsed() < Duration::from_millis(100), "{:?}", cancelled.elapsed());
    });
    assert_eq!(asked(&server), 1);
}

/// A failure is nobody else's: the next one asks for itself.
#[test]
fn a_failure_is_left_to_whoever_had_it() {
    let (server, secret) = server();
    let folder = Folder::new("failure");
    let refusal = Action::reply(403, r#"{"error":true,"message":"Insufficient permission"}"#);
    server.script(Fault::once(TOKENS, refusal).method("POST"));
    let login = Login::secret(&secret);
    let mut failed = Process::start(&server, &login, folder.path());
    assert!(!failed.get().is_token);
    assert!(Process::start(&server, &login, folder.path()).get().is_token);
    assert_eq!(asked(&server), 2);
}

/// Wherever a process is killed, the next one gets a token that is good, and does not wait for the dead.
#[test]
fn a_kill_at_any_moment_leaves_a_cache_that_neither_blocks_nor_lies() {
    let rounds = if std::env::var_os("TG_LONG").is_some() { 1000 } else { 100 };
    let (server, secret) = server();
    let folder = Folder::new("kills");
    let login = Login::secret(&secret);
    for round in 0..rounds {
        // Spread over the time from the call to its end and a little beyond, in an order that repeats nothing.
        let moment = Duration::from_micros(u64::from(round * 7919_u32 % 4000));
        let mut victim = Process::start(&server, &login, folder.path());
        victim.say("get");
        std::thread::sleep(moment);
        victim.signal("KILL");
        drop(victim);
        let mut next = Process::start(&server, &login, folder.path());
        let got = next.get();
        assert!(got.is_token && got.took < 900_000, "round {round}: {got:?}");
        let is_real = server.with_state(|state| state.tokens.iter().any(|token| token.value == got.what));
        assert!(is_real, "round {round}: {got:?}");
        assert!(folder.files(".token").len() <= 1);
        // The next victim is to ask as well.
        next.ask("reject");
        assert_eq!(next.finish(), "", "round {round}");
    }
    leave_token(&server, &login, &folder);
    assert!(folder.files(".passing").is_empty(), "{:?}", folder.files(".passing"));
}
