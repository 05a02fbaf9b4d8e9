//! What is in the folder: for whom it is, what becomes of it when it is damaged, and what it tells to others.

use super::*;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[test]
fn another_login_finds_nothing() {
    let (server, secret) = server();
    server.add_user("bob", PASSWORD, false);
    let other = server.add_secret("alice", "MyGraph", "other");
    let folder = Folder::new("logins");
    let mut tokens = Vec::new();
    let logins = [
        Login::secret(&secret),
        Login::secret(&other),
        Login::password(PASSWORD),
        // The same password, and the same secret for another lifetime.
        Login { kind: "bob", ..Login::password(PASSWORD) },
        Login { lifetime: "7200", ..Login::secret(&secret) },
    ];
    for (count, login) in (1..).zip(&logins) {
        tokens.push(leave_token(&server, login, &folder));
        assert_eq!((asked(&server), folder.files(".token").len()), (count, count));
    }
    for (login, token) in logins.iter().zip(&tokens) {
        assert_eq!(leave_token(&server, login, &folder), *token);
    }
    assert_eq!(asked(&server), logins.len());
    // Wrong ones are refused by the server, and change nothing.
    for login in [Login::secret("0123456789abcdefghijklmnopqrstuv"), Login::password("opensesamf")] {
        let before = asked(&server);
        let got = Process::start(&server, &login, folder.path()).get();
        assert!(!got.is_token && got.what.starts_with("auth."), "{got:?}");
        assert_eq!((asked(&server), folder.files(".token").len()), (before + 1, logins.len()));
    }
    // Nor does another server get what is not its own.
    let elsewhere = Standin::start(Options::new("4.2")).expect("a stand-in");
    assert!(!Process::start(&elsewhere, &logins[0], folder.path()).get().is_token);
    assert_eq!(asked(&elsewhere), 1);
}

/// Whatever is done to an entry, it is as if there were none, and it is replaced.
#[test]
fn a_damaged_entry_is_ignored_and_replaced() {
    let (server, secret) = server();
    let other = server.add_secret("alice", "MyGraph", "other");
    let (folder, foreign) = (Folder::new("damaged"), Folder::new("foreign"));
    let login = Login::secret(&secret);
    let mut token = leave_token(&server, &login, &folder);
    leave_token(&server, &Login::secret(&other), &foreign);
    let foreign = fs::read(foreign.entry()).expect("an entry");
    let entry = folder.entry();
    let good = fs::read(&entry).expect("an entry");
    let mut tampered = good.clone();
    tampered[good.len() / 2] ^= 1;
    let of_another_version = [b"tigergraph-auth token 2\n", &good[24..]].concat();
    let contents: [&[u8]; 8] = [
        b"",
        &good[..1],
        &good[..good.len() / 2],
        &good[..good.len() - 1],
        &tampered,
        &of_another_version,
        &foreign,
        &[b'x'; 100_000],
    ];
    for content in contents {
        let before = asked(&server);
        fs::write(&entry, content).expect("an entry");
        let next = leave_token(&server, &login, &folder);
        assert_ne!(next, token, "{} bytes", content.len());
        assert_eq!(leave_token(&server, &login, &folder), next);
        assert_eq!(asked(&server), before + 1);
        token = next;
    }
    // A link is never followed, and what it leads to is left as it is.
    let target = folder.0.join("target");
    fs::rename(&entry, &target).expect("an entry");
    symlink(&target, &entry).expect("a link");
    let next = leave_token(&server, &login, &folder);
    assert!(next != token && fs::symlink_metadata(&entry).expect("an entry").is_file());
    // What cannot be replaced is a reason to warn, and none to fail.
    fs::remove_file(&entry).expect("an entry");
    fs::create_dir(&entry).expect("a folder");
    let mut process = Process::start(&server, &login, folder.path());
    process.token();
    let said = process.finish();
    assert!(said.contains("the token cache") && said.lines().count() == 1, "{said}");
}

/// What was put back is found again, as long as it is good; and it is never mixed with what came later.
#[test]
fn a_salt_that_is_lost_damaged_or_put_back_does_no_harm() {
    let (server, secret) = server();
    let folder = Folder::new("salt");
    let login = Login::secret(&secret);
    let first = leave_token(&server, &login, &folder);
    let salt = folder.0.join("salt");
    let old = fs::read(&salt).expect("a salt");
    assert_eq!(old.len(), 32);
    let mut count = 1;
    for content in [None, Some(&old[..31]), Some(&b""[..])] {
        match content {
            None => fs::remove_file(&salt).expect("a salt"),
            Some(content) => fs::write(&salt, content).expect("a salt"),
        }
        count += 1;
        let token = leave_token(&server, &login, &folder);
        assert_eq!(leave_token(&server, &login, &folder), token);
        assert_eq!((asked(&server), folder.files(".token").len()), (count, count));
        assert!(fs::read(&salt).expect("a salt") != old);
    }
    // A link is replaced like anything else that is no salt.
    fs::remove_file(&salt).expect("a salt");
    symlink("elsewhere", &salt).expect("a link");
    leave_token(&server, &login, &folder);
    count += 1;
    assert!(fs::symlink_metadata(&salt).expect("a salt").is_file() && asked(&server) == count);
    fs::write(&salt, &old).expect("a salt");
    let mut process = Process::start(&server, &login, folder.path());
    assert_eq!((process.token(), asked(&server)), (first.clone(), count));
    // If the server does not take it any more, it goes like any other.
    process.ask("reject");
    assert_ne!(process.token(), first);
    assert_eq!(asked(&server), count + 1);
}

#[test]
fn a_token_that_has_ended_is_not_taken() {
    let (server, secret) = server();
    let folder = Folder::new("ended");
    let login = Login { lifetime: "2", ..Login::secret(&secret) };
    let old = leave_token(&server, &login, &folder);
    std::thread::sleep(Duration::from_millis(2100));
    assert_ne!(leave_token(&server, &login, &folder), old);
    assert_eq!(asked(&server), 2);
}

/// Nothing in the folder says who logs in how, nor what the token is.
#[test]
fn the_folder_tells_nothing() {
    let (server, secret) = server();
    let folder = Folder::new("canary");
    let mut hidden = vec![secret.clone(), PASSWORD.to_owned(), "alice".to_owned(), server.gateway_port().to_string()];
    for login in [Login::secret(&secret), Login::password(PASSWORD)] {
        hidden.push(leave_token(&server, &login, &folder));
    }
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let forms = |text: &String| {
        let coded = STANDARD.encode(text);
        [text.clone(), hex(text), hex(text).to_uppercase(), coded.trim_end_matches('=').to_owned()]
    };
    let hidden: Vec<String> =
        hidden.iter().flat_map(forms).chain([STANDARD.encode(format!("alice:{PASSWORD}"))]).collect();
    let files: Vec<PathBuf> = folder.files("");
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        let content = fs::read(&file).expect("a file");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let is_in =
            |text: &str| name.contains(text) || content.windows(text.len()).any(|window| window == text.as_bytes());
        let found: Vec<&String> = hidden.iter().filter(|text| is_in(text)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// What killed writers and earlier logins left behind does not stay for ever.
#[test]
fn what_nobody_needs_is_removed() {
    let (server, secret) = server();
    let folder = Folder::new("leftovers");
    let login = Login::secret(&secret);
    leave_token(&server, &login, &folder);
    let own = folder.entry().file_stem().expect("a name").to_string_lossy().into_owned();
    let other = "ab".repeat(32);
    let put = |name: String, days: u64, seconds: u64| {
        let file = fs::File::create(folder.0.join(&name)).expect("a file");
        let age = Duration::from_secs(days * 86_400 + seconds);
        file.set_modified(std::time::SystemTime::now() - age).expect("its time");
        name
    };
    let removed = [
        put(format!("{own}.passing.0123456789abcdef"), 0, 0),
        put(format!("{other}.passing.0123456789abcdef"), 0, 30),
        put("salt.passing.0123456789abcdef".to_owned(), 0, 30),
        put(format!("{other}.token"), 91, 0),
        put(format!("{other}.lock"), 91, 0),
    ];
    let kept = [
        put(format!("{other}.passing.fedcba9876543210"), 0, 0),
        put(format!("{}.token", "cd".repeat(32)), 89, 0),
        put("notes".to_owned(), 1000, 0),
    ];
    fs::remove_file(folder.entry_of(&own)).expect("an entry");
    leave_token(&server, &login, &folder);
    assert!(removed.iter().all(|name| !folder.0.join(name).exists()), "{:?}", folder.files(""));
    assert!(kept.iter().all(|name| folder.0.join(name).exists()), "{:?}", folder.files(""));
}
