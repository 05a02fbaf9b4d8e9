//! Torture: the k-th call of the system, the k-th allocation and the k-th start of a thread fail, for every k of
//! a whole life cycle; signals rain; forks; and the same work for a long time. A sample of it, or, with the
//! variable TG_LONG=1, all.

// Other tests use more of these two.
#[allow(dead_code)]
#[path = "faults/canary.rs"]
mod canary;
#[allow(dead_code)]
#[path = "common/c.rs"]
mod common;
#[path = "torture/life.rs"]
mod life;
#[path = "common/release.rs"]
mod release;
#[path = "torture/sites.rs"]
mod sites;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use common::{build, library_folder, program_command, succeeded};
use life::{FOR_GOOD, Life, Plan, VERSIONS, World, ca_file, in_all_worlds, is_long};
use tigergraph_standin::{Options, Standin, Tls};

/// Fails with the first faults of many.
fn assert_none(faults: Mutex<Vec<String>>) {
    let faults = faults.into_inner().expect("no panic");
    let kinds: BTreeSet<&str> = faults.iter().filter_map(|fault| fault.lines().next()).collect();
    assert!(faults.is_empty(), "{} faults: {kinds:#?}; the first: {}", faults.len(), faults[0]);
}

/// The numbers from 1 to the last that are tried: both ends, and one of `stride`, another one for each `turn`.
fn sample(last: i64, stride: i64, turn: i64) -> impl Iterator<Item = i64> {
    let is_chosen = move |k: &i64| *k == 1 || *k == last || k % stride == turn % stride;
    (1..=last).filter(is_chosen)
}

const ERRORS: [(&str, i32); 6] = [
    ("EINTR", libc::EINTR),
    ("EAGAIN", libc::EAGAIN),
    ("ECONNRESET", libc::ECONNRESET),
    ("EPIPE", libc::EPIPE),
    ("EMFILE", libc::EMFILE),
    ("ENOMEM", libc::ENOMEM),
];

/// How often each outcome was seen.
type Outcomes = BTreeMap<String, usize>;

/// What came of each call and error.
#[derive(Default)]
struct Table(Mutex<BTreeMap<(String, &'static str), Outcomes>>);

impl Table {
    fn saw(&self, call: &str, error: &'static str, outcome: String) {
        let mut table = self.0.lock().expect("no panic");
        *table.entry((call.to_owned(), error)).or_default().entry(outcome).or_default() += 1;
    }

    fn print(&self, title: &str) {
        println!("{title}");
        for ((call, error), outcomes) in self.0.lock().expect("no panic").iter() {
            let outcomes: Vec<String> = outcomes.iter().map(|(name, count)| format!("{name} {count}")).collect();
            println!("{call:16} {error:11} {}", outcomes.join(", "));
        }
    }
}

/// Whether a call of the system that fails so may make a step fail so. Interruptions are nobody's business.
fn is_allowed(step: &life::Step, call: &str, error: &str) -> bool {
    match step.outcome.as_str() {
        "OK" => true,
        _ if error == "EINTR" => false,
        // rustls begins with a map whose random numbers Rust panics without; no Linux refuses these.
        "internal.panic" => call == "getrandom" && step.name == "conn_new",
        "outcome.unknown" => step.name == "create_secret",
        "config.file" => step.name == "conn_new",
        reason => reason.starts_with("connect."),
    }
}

#[test]
fn system_calls_fail() {
    let (table, faults) = (Table::default(), Mutex::new(Vec::new()));
    in_all_worlds("system", &life::SHIPPED, |world| {
        let calls = world.good_life().calls["system"];
        assert!(calls > 30, "{calls} calls of the system are no life");
        println!("{}: {calls} calls of the system", world.name);
        for (turn, (name, error)) in ERRORS.into_iter().enumerate() {
            for first in sample(calls, if is_long() { 1 } else { 7 }, turn as i64) {
                let (life, found) = world.live(Plan { kind: "system", first, times: 1, error });
                let struck = if life.struck.is_empty() { "(not reached)" } else { &life.struck };
                table.saw(struck, name, life.outcome());
                let bad = life.steps.iter().filter(|step| !is_allowed(step, &life.struck, name));
                let bad = bad.map(|step| format!("{}: call {first}, {} {name}: {step:?}", world.name, life.struck));
                faults.lock().expect("no panic").extend(found.into_iter().chain(bad));
            }
        }
    });
    table.print("call, error, outcomes of the life");
    assert_none(faults);
}

/// Whether an allocation that fails may make a step fail so.
fn is_allowed_without_memory(step: &life::Step) -> bool {
    match step.outcome.as_str() {
        "OK" | "connect.resource" => true,
        "outcome.unknown" => step.name == "create_secret",
        "config.file" => step.name == "conn_new",
        _ => false,
    }
}

/// What came of the allocations that failed.
#[derive(Default)]
struct Allocations {
    aborts: BTreeSet<Vec<u64>>,
    outcomes: Outcomes,
    faults: Vec<String>,
}

impl Allocations {
    fn saw(&mut self, world: &World, plan: Plan, life: &Life, found: Vec<String>) {
        self.aborts.extend(life.abort.clone());
        *self.outcomes.entry(life.outcome()).or_default() += 1;
        let bad = life.steps.iter().filter(|step| !is_allowed_without_memory(step));
        self.faults.extend(bad.map(|step| format!("{}: {plan:?}: {step:?}", world.name)));
        self.faults.extend(found);
    }
}

#[test]
fn allocations_fail() {
    let seen = Mutex::new(Allocations::default());
    in_all_worlds("memory", &life::UNOPTIMIZED, |world| {
        let calls = world.good_life().calls["memory"];
        assert!(calls > 300, "{calls} allocations are no life");
        println!("{}: {calls} allocations", world.name);
        for times in [1, FOR_GOOD] {
            for first in sample(calls, if is_long() { 1 } else { 37 }, times) {
                let plan = Plan { kind: "memory", first, times, error: libc::ENOMEM };
                let (life, found) = world.live(plan);
                seen.lock().expect("no panic").saw(world, plan, &life, found);
            }
        }
    });
    let Allocations { aborts, outcomes, faults } = seen.into_inner().expect("no panic");
    println!("outcomes of the life: {outcomes:?}");
    assert_none(Mutex::new(faults));
    compare(&sites::sites(&library_folder().join("libtigergraph_auth.so"), &aborts));
}

/// The places where the process was ended, with those that are known: none may come, and none may stay listed
/// that has gone.
fn compare(seen: &BTreeSet<String>) {
    if std::env::var_os("TG_ABORTS").is_some_and(|value| value == "write") {
        assert!(is_long(), "a sample does not see all");
        sites::write(seen);
    }
    let (listed, count) = sites::listed();
    println!("{} sites end the process, {} are listed", seen.len(), listed.len());
    assert_eq!(count, Some(listed.len()), "the number that {} gives of its sites", sites::LIST);
    let new: Vec<_> = seen.difference(&listed).collect();
    assert!(new.is_empty(), "these end the process without memory, and are not in {}: {new:#?}", sites::LIST);
    let gone: Vec<_> = listed.difference(seen).collect();
    assert!(!is_long() || gone.is_empty(), "these do so no more; strike them from {}: {gone:#?}", sites::LIST);
}

#[test]
fn threads_cannot_be_started() {
    let (table, faults) = (Table::default(), Mutex::new(Vec::new()));
    in_all_worlds("thread", &life::SHIPPED, |world| {
        let calls = world.good_life().calls["thread"];
        assert!(calls >= 2, "one look-up and one renewal start {calls} threads");
        for (first, times) in (1..=calls).flat_map(|first| [(first, 1), (first, FOR_GOOD)]) {
            let (life, found) = world.live(Plan { kind: "thread", first, times, error: libc::EAGAIN });
            assert_eq!(life.struck, "pthread_create");
            table.saw("pthread_create", "EAGAIN", life.outcome());
            let bad = life.steps.iter().filter(|step| !matches!(step.outcome.as_str(), "OK" | "connect.resource"));
            let bad = bad.map(|step| format!("{}: thread {first}, {times}: {step:?}", world.name));
            faults.lock().expect("no panic").extend(found.into_iter().chain(bad));
        }
    });
    table.print("call, error, outcomes of the life");
    assert_none(faults);
}

/// At 1 kHz, without SA_RESTART, on whatever thread the system chooses.
#[test]
fn signals_rain() {
    let lives = if is_long() { 200 } else { 10 };
    let faults = Mutex::new(Vec::new());
    in_all_worlds("signals", &life::SHIPPED, |world| {
        world.good_life();
        for _ in 0..lives {
            let (life, found) = world.live(Plan { kind: "signals", first: 0, times: 0, error: 0 });
            let bad = life.steps.iter().filter(|step| step.outcome != "OK");
            let bad = bad.map(|step| format!("{}: {step:?}", world.name));
            faults.lock().expect("no panic").extend(found.into_iter().chain(bad));
        }
    });
    assert_none(faults);
}

/// Children of a process with 64 busy threads use the handle, free it and end.
#[test]
fn busy_processes_fork() {
    let forks = if is_long() { "1000" } else { "100" };
    let program = build(&["tests/c/fork.c"], &["-O2"], &release::library());
    for version in VERSIONS {
        for tls in [None, Some(Tls::self_signed())] {
            let server = Standin::start(Options { tls, ..Options::new(version) }).expect("a stand-in");
            let ca_file = ca_file(&server, "torture-fork.pem");
            let secret = server.add_secret("alice", "MyGraph", "fork");
            let arguments = [&server.gateway_url(), &ca_file, &secret, forks];
            let output = program_command(&program).args(arguments).output().expect("it runs");
            succeeded(&format!("{forks} forks, {version} {}", server.gateway_url()), &output);
        }
    }
}

/// What a process holds after a renewal.
#[derive(Clone, Copy, Debug)]
struct Usage {
    renewed: bool,
    kilobytes: i64,
    bytes: i64,
    blocks: i64,
    descriptors: i64,
    threads: i64,
}

impl Usage {
    fn read(line: &str) -> Usage {
        let numbers: Vec<i64> =
            line.split('\t').map(|field| field.parse().unwrap_or_else(|_| panic!("{line}"))).collect();
        let [renewed, kilobytes, bytes, blocks, descriptors, threads] = numbers[..] else { panic!("{line}") };
        Usage { renewed: renewed == 1, kilobytes, bytes, blocks, descriptors, threads }
    }
}

/// Renewals are counted and measured from here on.
const WARM_UP: usize = 30;
/// What pages of memory may come to and go by themselves.
const KILOBYTES: i64 = 512;
/// What is held for a moment, such as a token that its last caller has not freed; a leak in each renewal would be
/// dozens of blocks.
const BLOCKS: i64 = 8;
const BYTES: i64 = 4096;

static SOAK: LazyLock<PathBuf> = LazyLock::new(|| build(&["tests/torture/soak.c"], &["-O2"], &release::library()));

/// Runs soak.c: `step` tells how far the clocks are after each renewal, and ends it with `None`.
fn soak(name: &str, version: &str, tls: bool, lifetime: u64, step: impl Fn(&Standin, usize) -> Option<i64>) {
    let server_tls = tls.then(Tls::self_signed);
    let server = Standin::start(Options { tls: server_tls, ..Options::new(version) }).expect("a stand-in");
    let ca_file = ca_file(&server, &format!("torture-{name}-{version}.pem"));
    let secret = server.add_secret("alice", "MyGraph", "soak");
    let mut command = program_command(&SOAK);
    command.args([&server.gateway_url(), &ca_file, &secret, &lifetime.to_string(), "8"]);
    command.env("LD_PRELOAD", life::shim()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let (mut input, output) = (child.stdin.take().expect("input"), child.stdout.take().expect("output"));
    let mut lines = BufReader::new(output).lines();
    let limit = 20_000;
    let mut usages = Vec::new();
    while let Some(ahead) = step(&server, usages.len()) {
        writeln!(input, "{ahead}\t{limit}").expect("the program listens");
        let line = lines.next().expect("an answer").expect("a line");
        let usage = Usage::read(&line);
        assert!(usage.renewed, "{name} {version}: no renewal {} in {limit} ms", usages.len());
        usages.push(usage);
        // A server keeps every token until it is swept.
        server.with_state(|state| {
            let now = state.now();
            state.tokens.retain(|token| token.expires_at >= now);
        });
        server.clear_requests();
    }
    drop(input);
    let status = child.wait().expect("its end");
    assert!(status.success(), "{name} {version}: {status}");
    did_not_grow(&format!("{name} {version}, TLS {tls}"), &usages);
}

/// The second half after the warm-up holds no more than the first, by the least of each: what a thread holds for
/// a moment does not count, and what is never given back does.
fn did_not_grow(what: &str, usages: &[Usage]) {
    assert!(usages.len() >= 3 * WARM_UP, "{what}: {} renewals say nothing", usages.len());
    let measured = &usages[WARM_UP..];
    let (first, second) = measured.split_at(measured.len() / 2);
    let least = |part: &[Usage], of: fn(&Usage) -> i64| part.iter().map(of).min().expect("some");
    type Measure = (&'static str, fn(&Usage) -> i64, i64);
    let measures: [Measure; 5] = [
        ("kilobytes resident", |usage| usage.kilobytes, KILOBYTES),
        ("bytes held", |usage| usage.bytes, BYTES),
        ("blocks held", |usage| usage.blocks, BLOCKS),
        ("descriptors", |usage| usage.descriptors, 0),
        ("threads", |usage| usage.threads, 0),
    ];
    let mut told = format!("{what}: {} renewals", usages.len());
    for (name, of, tolerance) in measures {
        let (before, after) = (least(first, of), least(second, of));
        told += &format!("; {name} {before} -> {after}");
        assert!(after <= before + tolerance, "{told}: grows");
    }
    println!("{told}");
}

/// An hour in which tokens of two seconds are renewed; nobody waits for it.
#[test]
fn an_hour_of_renewals() {
    let renewals = if is_long() { 1800 } else { 120 };
    in_two_worlds(|version, tls| {
        soak("hour", version, tls, 2, |server, number| {
            let ahead = 2 * number as i64;
            server.set_clock_offset(ahead);
            (number < renewals).then_some(ahead)
        });
    });
}

/// Ten minutes in which they are, and everybody waits.
#[test]
fn ten_minutes_of_renewals() {
    if !is_long() {
        println!("ten minutes are for the long run: TG_LONG=1");
        return;
    }
    let begun = Instant::now();
    in_two_worlds(|version, tls| {
        soak("minutes", version, tls, 2, |_, _| (begun.elapsed() < Duration::from_secs(600)).then_some(0));
    });
}

fn in_two_worlds(body: impl Fn(&str, bool) + Sync) {
    std::thread::scope(|scope| {
        let threads = [("3.10", true), ("4.2", false)].map(|(version, tls)| {
            let body = &body;
            scope.spawn(move || body(version, tls))
        });
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
