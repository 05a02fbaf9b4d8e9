//! Several connections of one process share a folder here as those of several processes do; a server is played.

use super::*;
use std::fs::{self, File, FileTimes};
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use crate::Config;
use crate::platform::clock::wall_clock;
use crate::platform::planted::ScratchFolder;
use crate::platform::process::begin_library_thread;
use crate::wire::deadline::Deadline;
use crate::wire::http::{Answer, Http, Request};

/// Numbers the tokens that it gives.
#[derive(Clone, Debug, Default)]
struct Issuer(Arc<AtomicU32>);

impl Http for Issuer {
    fn exchange(&self, request: &Request, _: &Rc<Deadline>) -> Result<Answer> {
        let body = if request.method.name() == "DELETE" {
            r#"{"error":false}"#.to_owned()
        } else {
            let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            format!(r#"{{"error":false,"token":"a-token-{number}","expiration":{}}}"#, wall_clock() + 3600)
        };
        Ok(Answer::new(200, Wiped::new(body.into_bytes())))
    }
}

/// A folder, and the server whose tokens are in it.
struct World {
    folder: ScratchFolder,
    server: Issuer,
}

impl World {
    fn new(name: &str) -> World {
        World { folder: ScratchFolder::new(&format!("conn-cache-{name}")), server: Issuer::default() }
    }

    /// A connection that logs in with a secret.
    fn connect(&self) -> Connection {
        self.connect_with(|config| {
            config.set_secret(Some(b"canarycanary"));
        })
    }

    fn connect_with(&self, login: impl FnOnce(&mut Config)) -> Connection {
        let mut config = Config::new("http://localhost");
        config.set_server_version(Some(b"4.2")).set_token_cache(self.folder.0.to_str().map(str::as_bytes));
        login(&mut config);
        Connection::with_http(config.validate().unwrap(), Box::new(self.server.clone()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    /// The names of files, in their order.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A file that was written so many seconds ago.
    fn leave(&self, name: &str, seconds_ago: u64) {
        let file = File::create(self.path(name)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(seconds_ago);
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
    }
}

fn token_of(connection: &Connection) -> String {
    connection.authorization().unwrap().value().to_owned()
}

fn hits(connection: &Connection) -> u64 {
    connection.core.counters.now().iter().find(|(name, _)| *name == "cache_hits").unwrap().1
}

/// What is in the cache for this connection, as its report says.
fn reported(connection: &Connection, fact: &str) -> Option<String> {
    let step = connection.cache_step().unwrap();
    step.facts.iter().find(|(name, _)| *name == fact).map(|(_, value)| value.clone())
}

/// The cache of a connection, and its keys there.
fn inside(connection: &Connection) -> (&Cache, Arc<Keys>) {
    let cache = connection.core.cache.as_ref().unwrap();
    let login = connection.core.settings.login.as_ref().unwrap();
    let source = connection.source().unwrap();
    (cache, connection.keys_of(cache, &source, (login, login.held().unwrap()), cache.salt().unwrap()))
}

/// The lock of the entry of these keys, which was free.
fn taken_lock(cache: &Cache, keys: &Keys) -> Lock {
    let lock = cache.folder.lock(&keys.file(LOCK)).unwrap();
    assert!(lock.try_take().unwrap());
    lock
}

fn purpose(connection: &Connection) -> Wiped<Vec<u8>> {
    connection.purpose(&connection.source().unwrap(), connection.core.settings.login.as_ref().unwrap())
}

/// Runs on a thread that may write.
fn in_library<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            begin_library_thread();
            body()
        };
        scope.spawn(run).join().unwrap()
    })
}

#[test]
fn a_token_is_requested_by_the_first_and_taken_by_the_others() {
    let world = World::new("shared");
    let (first, second) = (world.connect(), world.connect());
    assert_eq!(reported(&first, "token").as_deref(), Some("none"));
    assert_eq!((token_of(&first), token_of(&second)), ("a-token-1".into(), "a-token-1".into()));
    assert_eq!((hits(&first), hits(&second)), (0, 1));
    let (one, other) = (first.held().unwrap(), second.held().unwrap());
    assert_eq!(one.expires_at(), other.expires_at());
    let good = reported(&world.connect(), "token").unwrap();
    assert!(["one, good for 3598 s", "one, good for 3599 s", "one, good for 3600 s"].contains(&&*good), "{good}");
    assert_eq!(reported(&first, "folder").as_deref(), world.folder.0.to_str());
    assert_eq!(reported(&first, "cannot be used"), None);
    // Nothing that passes is left.
    let names: Vec<String> =
        world.files().iter().map(|name| name.chars().skip_while(|c| *c != '.').collect()).collect();
    assert_eq!(names, [".lock", ".token", ""], "and the salt");
}

#[test]
fn a_token_that_was_rejected_or_deleted_is_taken_by_nobody() {
    let world = World::new("gone");
    let (first, second) = (world.connect(), world.connect());
    assert_eq!((token_of(&first), token_of(&second)), ("a-token-1".into(), "a-token-1".into()));
    second.reject_token(&second.held().unwrap());
    assert_eq!(token_of(&second), "a-token-2");
    // Only what is rejected is removed: its successor stays.
    first.reject_token(&first.held().unwrap());
    assert_eq!((token_of(&first), token_of(&world.connect())), ("a-token-2".into(), "a-token-2".into()));
    // Deleted by one that has not looked into the cache yet.
    world.connect().delete_token(None, Some("a-token-2"), false).unwrap();
    assert_eq!(token_of(&world.connect()), "a-token-3");
    // Put back by somebody, it is still not taken by whoever has seen it rejected.
    let third = world.connect();
    assert_eq!(token_of(&third), "a-token-3");
    let entry = world.files().into_iter().find(|name| name.ends_with(".token")).unwrap();
    let kept = fs::read(world.path(&entry)).unwrap();
    third.reject_token(&third.held().unwrap());
    assert!(!world.files().contains(&entry));
    let (cache, keys) = inside(&third);
    cache.folder.write(&entry, &kept, "passing", true).unwrap();
    assert_eq!(cache.read(&keys).unwrap().value.as_str(), "a-token-3");
    assert_eq!(token_of(&third), "a-token-4");
}

#[test]
fn a_token_that_was_rejected_meanwhile_is_not_left_to_others() {
    let world = World::new("meanwhile");
    let connection = world.connect();
    connection.core.cache.as_ref().unwrap().gone.store(Some(Arc::new(Hidden::new("a-token-1"))));
    assert_eq!(token_of(&connection), "a-token-1");
    assert!(!world.files().iter().any(|name| name.ends_with(".token")));
    assert_eq!(token_of(&world.connect()), "a-token-2");
}

#[test]
fn nobody_removes_what_is_about_to_be_replaced() {
    let world = World::new("held");
    let first = world.connect();
    token_of(&first);
    let (cache, keys) = inside(&first);
    let lock = taken_lock(cache, &keys);
    cache.remove(&keys, "a-token-1").unwrap();
    assert!(cache.read(&keys).is_some());
    drop(lock);
    cache.remove(&keys, "a-token-2").unwrap();
    assert!(cache.read(&keys).is_some());
    cache.remove(&keys, "a-token-1").unwrap();
    assert!(cache.read(&keys).is_none());
}

#[test]
fn tokens_of_another_purpose_are_not_shared() {
    type Change = fn(&mut Config);
    let changes: [Change; 9] = [
        |config| {
            config.set_secret(Some(b"canarycanary"));
        },
        |config| {
            config.set_secret(Some(b"canarycanary")).set_graph(Some(b"Other"));
        },
        |config| {
            config.set_secret(Some(b"canarycanary")).set_token_lifetime(60, 0);
        },
        |config| {
            config.set_password(Some(b"alice"), Some(b"opensesame"));
        },
        |config| {
            config.set_password(Some(b"bob"), Some(b"opensesame"));
        },
        |config| {
            config.set_oauth2(Some(b"https://localhost/token"), Some(b"client"), Some(b"opensesame"));
        },
        |config| {
            config.set_oauth2(Some(b"https://localhost/other"), Some(b"client"), Some(b"opensesame"));
        },
        |config| {
            config.set_oauth2(Some(b"https://localhost/token"), Some(b"other"), Some(b"opensesame"));
        },
        |config| {
            config.set_oauth2(Some(b"https://localhost/token"), Some(b"client"), Some(b"opensesame"));
            config.set_oauth2_parameter(Some(b"scope"), Some(b"some"));
        },
    ];
    let world = World::new("purposes");
    let purposes = changes.map(|change| purpose(&world.connect_with(change)));
    for (index, one) in purposes.iter().enumerate() {
        assert!(*one == purpose(&world.connect_with(changes[index])), "{index}");
        assert!(!purposes[..index].contains(one), "{index}");
    }
    // A secret that differs is not part of the purpose, and finds nothing all the same.
    assert_eq!(token_of(&world.connect()), "a-token-1");
    let other = world.connect_with(|config| {
        config.set_secret(Some(b"another-canary"));
    });
    assert_eq!(token_of(&other), "a-token-2");
}

#[test]
fn a_salt_that_is_no_salt_is_made_anew() {
    let world = World::new("salt");
    let first = world.connect();
    for content in [&b""[..], &[1; 31], &[1; 33]] {
        fs::write(world.path(SALT), content).unwrap();
        let cache = first.core.cache.as_ref().unwrap();
        assert_eq!(cache.salt().unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(cache.salt_or_new().is_err(), "a thread of the program's writes nothing");
        let _ = fs::write(world.path(SALT), content);
        let made = in_library(|| cache.salt_or_new()).unwrap();
        assert_eq!(fs::read(world.path(SALT)).unwrap(), made);
        assert_eq!(cache.salt_or_new().unwrap(), made);
        assert_eq!(world.files(), [SALT], "nothing that passes is left");
    }
    // What is there and cannot be read stays.
    fs::remove_file(world.path(SALT)).unwrap();
    fs::create_dir(world.path(SALT)).unwrap();
    assert!(in_library(|| first.core.cache.as_ref().unwrap().salt_or_new()).is_err());
    assert_eq!((token_of(&first), token_of(&world.connect())), ("a-token-1".into(), "a-token-2".into()));
    assert_eq!(world.files(), [SALT]);
    assert!(reported(&first, "cannot be used").is_some());
}

#[test]
fn of_many_who_make_a_salt_the_first_one_decides() {
    for round in 0..20 {
        let world = World::new(&format!("salts-{round}"));
        let connections: Vec<Connection> = (0..4).map(|_| world.connect()).collect();
        let together = Barrier::new(connections.len());
        let salts: Vec<Salt> = std::thread::scope(|scope| {
            let threads: Vec<_> = connections
                .iter()
                .map(|connection| {
                    scope.spawn(|| {
                        in_library(|| {
                            together.wait();
                            connection.core.cache.as_ref().unwrap().salt_or_new().unwrap()
                        })
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(salts.iter().all(|salt| *salt == salts[0]));
    }
}

#[test]
fn a_successor_is_another_token_or_one_that_lives_longer() {
    let world = World::new("successors");
    let connection = world.connect();
    token_of(&connection);
    let (cache, keys) = inside(&connection);
    let seconds = Duration::from_secs;
    // Of a life of 1000 s: renewed in its last 200 s at the latest, not handed out in its last 5 s.
    let taken = |age: i64, old: Option<(&str, u64)>| {
        let now = boot_clock();
        let token = CachedToken {
            value: Wiped::new("cached-token".to_owned()),
            expires_at: 0,
            // Before the machine was started, because it may not be as old as the token.
            began: Instant { boot_id: None, boot: Duration::ZERO, wall: wall_clock() - age },
            lifetime: Some(seconds(1000)),
            asked: None,
        };
        in_library(|| cache.write(&keys, &token)).unwrap();
        let old = old.map(|(value, good_for)| Old { value: Hidden::new(value), good_until: now + seconds(good_for) });
        let found = connection.take_from_cache(cache, &keys, old.as_ref());
        found.map(|(token, schedule)| {
            assert_eq!(token.value(), "cached-token");
            schedule.dead.saturating_sub(now).as_secs()
        })
    };
    // By the wall clock, whose begun second counts, and which may begin another meanwhile.
    let is_close =
        |found: Option<u64>, wanted: u64| found.is_some_and(|found| (found + 1..=found + 2).contains(&wanted));
    assert!(is_close(taken(0, None), 995));
    assert!(is_close(taken(900, None), 95), "without a token one in its window will do");
    assert_eq!(taken(996, None), None, "but not one at its very end");
    assert_eq!(taken(1001, None), None);
    assert!(is_close(taken(0, Some(("other", 2000))), 995), "another token need not live longer");
    assert_eq!(taken(900, Some(("other", 1))), None, "but must not have to be renewed at once");
    assert!(is_close(taken(0, Some(("cached-token", 900))), 995), "the same, refreshed");
    assert_eq!(taken(0, Some(("cached-token", 995))), None, "the same, not refreshed");
    assert_eq!(taken(0, Some(("cached-token", 2000))), None);
    assert_eq!(taken(900, Some(("cached-token", 1))), None);
}

#[test]
fn whoever_has_the_lock_and_does_nothing_is_passed_over() {
    let world = World::new("stopped");
    let first = world.connect();
    token_of(&first);
    let (cache, keys) = inside(&first);
    let _lock = taken_lock(cache, &keys);
    fs::remove_file(world.path(&keys.file(TOKEN))).unwrap();
    let before = boot_clock();
    assert_eq!(token_of(&world.connect()), "a-token-2");
    assert!(boot_clock() - before >= SILENCE, "not before it was silent for so long");
}

#[test]
fn what_nobody_needs_is_removed_and_nothing_else() {
    const DAY: u64 = 86_400;
    let world = World::new("cleaned");
    let connection = world.connect();
    let cache = connection.core.cache.as_ref().unwrap();
    for (name, seconds_ago) in [
        ("a.token", 91 * DAY),
        ("b.token", 89 * DAY),
        ("c.lock", 91 * DAY),
        ("d.lock", 89 * DAY),
        ("e.passing.1", 13),
        ("f.passing.1", 2),
        ("own.passing.1", 0),
        ("g.other", 91 * DAY),
        ("salt", 91 * DAY),
    ] {
        world.leave(name, seconds_ago);
    }
    cache.clean_up("own.passing").unwrap();
    assert_eq!(world.files(), ["b.token", "d.lock", "f.passing.1", "g.other", "salt"]);
}

#[test]
fn names_that_pass_are_each_their_own() {
    let (one, other) = (passing_name("own").unwrap(), passing_name("own").unwrap());
    assert!(one.starts_with("own.") && one.len() == "own.".len() + 16 && one != other, "{one} {other}");
}

#[test]
fn a_thread_of_the_programs_writes_no_token() {
    let world = World::new("threads");
    let connection = world.connect();
    token_of(&connection);
    let (cache, keys) = inside(&connection);
    let token = cache.read(&keys).unwrap();
    assert!(cache.write(&keys, &token).is_err());
    assert!(in_library(|| cache.write(&keys, &token)).is_ok());
}

#[test]
fn a_report_says_why_there_is_no_token() {
    let world = World::new("reported");
    assert_eq!(reported(&world.connect_with(|_| ()), "token").as_deref(), Some("none: there is no login"));
    let connection = world.connect();
    connection.get_token(Some("another-canary"), 0, crate::TokenOptions::default()).unwrap();
    let elsewhere = Some("none: the connection's tokens come from elsewhere");
    assert_eq!(reported(&connection, "token").as_deref(), elsewhere);
    assert!(connection.cache_for(&connection.source().unwrap()).is_none());
    assert_eq!(world.files().len(), 0);
}

#[test]
fn a_lock_that_is_not_touched_is_passed_over() {
    let ms = Duration::from_millis;
    let mut watch = Watch { patience: SILENCE, ..Watch::new() };
    assert!((SILENCE..SILENCE * 3 / 2).contains(&Watch::new().patience));
    assert!(!watch.is_over(Some((1, 0)), ms(5000)), "it was not seen for long");
    assert!(!watch.is_over(Some((1, 0)), ms(5999)));
    assert!(!watch.is_over(Some((1, 1)), ms(6000)), "it was touched");
    // The wall clock may go back.
    assert!(!watch.is_over(Some((0, 9)), ms(6900)));
    assert!(!watch.is_over(Some((0, 9)), ms(7899)));
    assert!(watch.is_over(Some((0, 9)), ms(7900)));
}

#[test]
fn what_is_not_touched_at_all_is_passed_over() {
    let mut watch = Watch::new();
    watch.is_over(None, SILENCE);
    assert!(watch.is_over(None, SILENCE * 3));
}
