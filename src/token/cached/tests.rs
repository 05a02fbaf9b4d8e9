use super::*;

const SALT: Salt = [7; 32];

const PURPOSE: Purpose = Purpose {
    login: "secret",
    servers: &["https://db.example.com:14240"],
    trust: [1; 32],
    user: "",
    token_endpoint: "",
    graph: "Social",
    scope: "",
    lifetime_s: 3600,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn keys(secret: &str) -> Keys {
    Keys::new(Credential::Random(secret), &SALT, &PURPOSE.bytes())
}

/// Of a machine that was started an hour ago.
fn began() -> Instant {
    Instant { boot_id: Some([3; 16]), boot: seconds(3600), wall: 1_700_000_000 }
}

fn token() -> CachedToken {
    CachedToken {
        value: Wiped::new("canary-token.of.a-cache".to_owned()),
        expires_at: 1_700_000_100,
        began: began(),
        lifetime: Some(seconds(100)),
        asked: None,
    }
}

#[test]
fn a_file_gives_back_what_was_sealed() {
    let unknown = CachedToken { lifetime: None, asked: Some(seconds(60)), expires_at: 0, ..token() };
    let elsewhere = CachedToken { began: Instant { boot_id: None, ..began() }, ..token() };
    for token in [token(), unknown, elsewhere] {
        let file = keys("one").seal(&token).unwrap();
        assert!(file.len() <= LONGEST_FILE);
        assert_eq!(keys("one").open(&file), Some(token));
    }
}

#[test]
fn a_file_tells_nothing_and_no_two_are_alike() {
    let (first, second) = (keys("one").seal(&token()).unwrap(), keys("one").seal(&token()).unwrap());
    assert_ne!(first, second);
    let tells = |piece: &[u8]| first.windows(piece.len()).any(|window| window == piece);
    assert!(!tells(b"canary") && !tells(b"cache") && !tells(&1_700_000_100_i64.to_le_bytes()));
}

#[test]
fn only_the_same_login_for_the_same_purpose_finds_and_opens_it() {
    let file = keys("one").seal(&token()).unwrap();
    let name = keys("one").name;
    assert_eq!(name.len(), 64);
    let purposes = [
        Purpose { login: "password", ..PURPOSE },
        Purpose { servers: &["https://db.example.com"], ..PURPOSE },
        Purpose { servers: &["https://db.example.com:14240", ""], ..PURPOSE },
        Purpose { trust: [2; 32], ..PURPOSE },
        Purpose { user: "alice", ..PURPOSE },
        Purpose { token_endpoint: "alice", ..PURPOSE },
        Purpose { graph: "", ..PURPOSE },
        Purpose { graph: "", scope: "Social", ..PURPOSE },
        Purpose { lifetime_s: 0, ..PURPOSE },
    ];
    let others = purposes.map(|purpose| Keys::new(Credential::Random("one"), &SALT, &purpose.bytes()));
    let salted = Keys::new(Credential::Random("one"), &[8; 32], &PURPOSE.bytes());
    let others: Vec<Keys> = others.into_iter().chain([salted, keys("two")]).collect();
    let mut names: Vec<&str> = others.iter().map(|keys| keys.name.as_str()).chain([name.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), others.len() + 1);
    assert!(others.iter().all(|keys| keys.open(&file).is_none()));
}

#[test]
fn whatever_is_changed_in_a_file_is_seen() {
    let keys = keys("one");
    let file = keys.seal(&token()).unwrap();
    for index in 0..file.len() {
        assert!(keys.open(&file[..index]).is_none(), "cut at {index}");
        let mut changed = file.clone();
        changed[index] ^= 1;
        assert!(keys.open(&changed).is_none(), "changed at {index}");
    }
    assert!(keys.open(&[&file[..], b"\0"].concat()).is_none() && keys.open(&[0; LONGEST_FILE + 1]).is_none());
}

#[test]
fn a_password_has_keys_of_its_own_which_are_made_once() {
    let made = |password| Keys::new(Credential::Password(password), &SALT, &PURPOSE.bytes()).name;
    let before = std::time::Instant::now();
    let name = made("tigergraph");
    let first = before.elapsed();
    let before = std::time::Instant::now();
    assert_eq!(made("tigergraph"), name);
    assert!(before.elapsed() < first / 10, "{first:?}");
    assert!(made("tigergrapj") != name && keys("tigergraph").name != name);
}

#[test]
fn the_boot_clock_decides_until_the_machine_is_started_again() {
    let end = |now: Instant| token().end(&now).map(|(end, lifetime)| (end, lifetime.as_secs()));
    let after = |passed: u64, wall: i64| Instant { boot: seconds(3600 + passed), wall: began().wall + wall, ..began() };
    assert_eq!(end(after(40, 40)), Some((seconds(3700), 100)));
    for step in [-1_000_000, 1_000_000] {
        assert_eq!(end(after(40, step)), Some((seconds(3700), 100)), "a step of the wall clock");
    }
    assert_eq!(end(after(101, 40)), None, "it is over");
    assert_eq!(end(Instant { boot: seconds(3599), ..began() }), None, "it is still to come");
    // Started again, some seconds ago.
    for boot_id in [Some([4; 16]), None] {
        let again = |wall: i64| Instant { boot_id, boot: seconds(5), wall: began().wall + wall };
        assert_eq!(end(again(39)), Some((seconds(5 + 60), 100)), "a second is taken off");
        assert_eq!(end(again(100)), None);
        assert_eq!(end(again(-1)), None, "it is still to come");
    }
    let unknown = CachedToken { began: Instant { boot_id: None, ..began() }, ..token() };
    assert_eq!(unknown.end(&Instant { boot_id: None, ..after(1000, 49) }), Some((seconds(4600 + 50), seconds(100))));
}

#[test]
fn what_nobody_can_use_is_no_token() {
    let keys = keys("one");
    for value in ["", "short", "with,comma", "with space in it", "line\nbreak", "nul\0nulnul", &"a".repeat(8193)] {
        let file = keys.seal(&CachedToken { value: Wiped::new(value.to_owned()), ..token() }).unwrap();
        assert_eq!(keys.open(&file), None, "{value:?}");
    }
    let forever = CachedToken { lifetime: Some(Duration::MAX), ..token() };
    let read = keys.open(&keys.seal(&forever).unwrap()).unwrap();
    assert_eq!(read.lifetime, None, "longer than can be written is unknown");
}
