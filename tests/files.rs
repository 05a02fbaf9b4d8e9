//! Credentials in files, which the environment names: read anew for every call, so that a rotation needs no restart.
//! The environment is this process's own, so each set-up is made in a process of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Reason, TokenOptions};
use tigergraph_standin::{Options, Standin, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

/// Runs the test of this name again, as a child that has this variable alone; tells whether this is the child.
fn is_child(test: &str, variable: &str, file: &Path) -> bool {
    if std::env::var_os("FILES_CHILD").is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args(["--exact", test, "--nocapture"]).env_clear().env("FILES_CHILD", "1").env(variable, file);
    let output = child.output().expect("itself");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    false
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn write(file: &Path, content: &str) {
    // As a rotation does it: a new file in the place of the old one.
    let new = file.with_extension("new");
    fs::write(&new, content).expect("a file");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).expect("its mode");
    fs::rename(new, file).expect("its name");
}

fn connect(server: &Standin) -> Connection {
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).load_env();
    Connection::new(&config).expect("good settings")
}

#[test]
fn a_rotated_secret_is_used_at_once() {
    let file = scratch("rotated-secret");
    write(&file, "a placeholder\n");
    if !is_child("a_rotated_secret_is_used_at_once", "TG_SECRET_FILE", &file) {
        return;
    }
    for version in VERSIONS {
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let first = server.add_secret("alice", "MyGraph", "first");
        write(&file, &format!("{first}\n"));
        let connection = connect(&server);
        let token = connection.authorization().expect(version);
        // The old secret goes, and its tokens with it.
        let second = server.add_secret("alice", "MyGraph", "second");
        server.with_state(|state| state.secrets.retain(|secret| secret.alias != "first"));
        write(&file, &second);
        server.expire_tokens();
        connection.reject_token(&token);
        let renewed = connection.authorization().expect("by the new secret");
        assert_ne!(renewed.value(), token.value(), "{version}");
        connection.get_token(None, 0, TokenOptions::default()).expect("by the new secret");
    }
}

#[test]
fn a_rotated_password_is_used_at_once() {
    let file = scratch("rotated-password");
    write(&file, "opensesame");
    if !is_child("a_rotated_password_is_used_at_once", "TG_PASSWORD_FILE", &file) {
        return;
    }
    for version in VERSIONS {
        write(&file, "opensesame");
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let mut config = Config::new(server.gateway_url());
        config.set_graph(Some(b"MyGraph"));
        // The name comes from the environment, too: a login is never put together of two places.
        // SAFETY: this process has no other thread that reads the environment now.
        unsafe { std::env::set_var("TG_USERNAME", "alice") };
        let connection = Connection::new(config.load_env()).expect("good settings");
        connection.get_secrets(None).expect(version);
        server.add_user("alice", "closesesame", false);
        let error = connection.get_secrets(None).expect_err("the old password");
        assert_eq!(error.reason(), Reason::AuthBadPassword);
        write(&file, "closesesame");
        connection.get_secrets(None).expect("the new password");
        // A file that others may read is refused, also later.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its mode");
        server.clear_requests();
        let error = connection.get_secrets(None).expect_err("an open file");
        assert_eq!(error.reason(), Reason::ConfigFile);
        assert_eq!(error.hint(), format!("Run: chmod 600 {}", file.display()));
        assert!(server.requests().is_empty());
    }
}

#[test]
fn a_jwt_that_somebody_else_renews() {
    let file = scratch("renewed-jwt");
    write(&file, "aaaaaaaa");
    if !is_child("a_jwt_that_somebody_else_renews", "TG_JWT_FILE", &file) {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "issuer");
    let issue = || {
        let issuer =
            Connection::new(Config::new(server.gateway_url()).set_secret(Some(secret.as_bytes()))).expect("good");
        issuer.get_token(None, 3600, TokenOptions::default()).expect("a JWT").value().to_owned()
    };
    let (first, second) = (issue(), issue());
    write(&file, &first);
    let connection = connect(&server);
    let handed = connection.authorization().expect("the first");
    assert_eq!(handed.value(), first);
    connection.reject_token(&handed);
    let error = connection.authorization().expect_err("the same again");
    assert_eq!(error.reason(), Reason::AuthBadToken, "{error}");
    assert!(error.message().contains("has not changed"), "{error}");

    let connection = connect(&server);
    let handed = connection.authorization().expect("the first");
    write(&file, &second);
    connection.reject_token(&handed);
    assert_eq!(connection.authorization().expect("the second").value(), second);
    connection.get_secrets(None).expect("with the second");
}

/// A JWT of the server's with so many seconds to live, as another system would bring it.
fn jwt(server: &Standin, secret: &str, lifetime_s: u64) -> String {
    let issuer = Connection::new(Config::new(server.gateway_url()).set_secret(Some(secret.as_bytes()))).expect("good");
    issuer.get_token(None, lifetime_s, TokenOptions::default()).expect("a JWT").value().to_owned()
}

fn by_jwt_file(server: &Standin, file: &Path) -> Connection {
    let mut config = Config::new(server.gateway_url());
    config.set_jwt_file(Some(file.as_os_str().as_encoded_bytes()));
    Connection::new(&config).expect("good settings")
}

/// Shortly before the JWT expires its file is read again: nobody has to reject it, and no caller sees an error.
#[test]
fn a_jwt_file_is_read_again_before_the_jwt_expires() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "issuer");
    let (file, long) = (scratch("jwt-window"), jwt(&server, &secret, 3600));
    let short = jwt(&server, &secret, 8);
    write(&file, &short);
    let (connection, began) = (by_jwt_file(&server, &file), Instant::now());
    write(&file, &long);
    assert_eq!(connection.authorization().expect("the first").value(), short, "fresh, so nobody looks");
    while connection.authorization().expect("one of the two").value() == short {
        assert!(began.elapsed() < Duration::from_secs(9), "still the first");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(connection.authorization().expect("the second").value(), long);
}

#[test]
fn a_jwt_file_is_read_again_when_the_jwt_has_expired() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "issuer");
    let (file, long) = (scratch("jwt-expiry"), jwt(&server, &secret, 3600));
    write(&file, &jwt(&server, &secret, 2));
    let (connection, began) = (by_jwt_file(&server, &file), Instant::now());
    let error = loop {
        match connection.authorization() {
            Ok(_) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => break error,
        }
        assert!(began.elapsed() < Duration::from_secs(9), "it does not expire");
    };
    assert_eq!(error.reason(), Reason::AuthTokenExpired, "{error}");
    write(&file, &long);
    let written = Instant::now();
    while connection.authorization().is_err() {
        assert!(written.elapsed() < Duration::from_secs(5), "nobody looks");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(connection.authorization().expect("the second").value(), long);
}

/// A secret and a password are read for every call that logs in, also where the program names their files.
#[test]
fn files_that_the_program_names_are_read_for_every_call() {
    for version in VERSIONS {
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let (secret, password) = (scratch(&format!("named-secret-{version}")), scratch(&format!("named-{version}")));
        write(&secret, &server.add_secret("alice", "MyGraph", "first"));
        write(&password, "opensesame");
        let mut config = Config::new(server.gateway_url());
        config.set_graph(Some(b"MyGraph")).set_secret_file(Some(secret.as_os_str().as_encoded_bytes()));
        let by_secret = Connection::new(&config).expect("good settings");
        config.set_secret_file(None).set_password_file(Some(b"alice"), Some(password.as_os_str().as_encoded_bytes()));
        let by_password = Connection::new(&config).expect("good settings");
        for turn in 0..3 {
            for connection in [&by_secret, &by_password] {
                connection.get_token(None, 0, TokenOptions::default()).expect(version);
            }
            let alias = format!("next{turn}");
            write(&secret, &server.add_secret("alice", "MyGraph", &alias));
            server.with_state(|state| state.secrets.retain(|secret| secret.alias == alias));
            server.add_user("alice", &alias, false);
            write(&password, &alias);
        }
    }
}

/// A pipe has no end, and may have nobody who writes into it: it is read when a connection is made, and within the limit
/// for connecting, but not in place of a file that was there.
#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_no_pipe_is_waited_for_without_end() {
    let file = scratch("piped-secret");
    write(&file, "a placeholder\n");
    if !is_child("a_pipe_in_place_of_a_file_is_refused_and_no_pipe_is_waited_for_without_end", "TG_SECRET_FILE", &file)
    {
        return;
    }
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let secret = server.add_secret("alice", None, "piped");
    write(&file, &secret);
    let connection = connect(&server);
    fs::remove_file(&file).expect("the file");
    let made = Command::new("mkfifo").args(["-m", "600"]).arg(&file).status().expect("mkfifo");
    assert!(made.success());
    let started = Instant::now();
    let error = connection.get_token(None, 0, TokenOptions::default()).expect_err("a pipe");
    assert_eq!(error.reason(), Reason::ConfigFile);
    let mut config = Config::new(server.gateway_url());
    config.set_timeouts(200, 0);
    let error = Connection::new(config.load_env()).expect_err("a pipe");
    assert_eq!(error.reason(), Reason::ConfigFile);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// As a shell's `<(command)`: what it brings is read, and nothing is waited for without end.
#[test]
fn a_ca_may_come_through_a_pipe() {
    let file = scratch("piped-ca");
    let _ = fs::remove_file(&file);
    assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo").success());
    let validate = || {
        let mut config = Config::new("https://127.0.0.1");
        config.set_ca_file(Some(file.as_os_str().as_encoded_bytes())).validate().map(drop)
    };
    let started = Instant::now();
    assert_eq!(validate().expect_err("nobody writes").reason(), Reason::ConfigFile);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let path = file.clone();
    let (opened, is_open) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let mut pipe = fs::OpenOptions::new().read(true).write(true).open(path).expect("the pipe");
        opened.send(()).expect("the test");
        std::thread::sleep(Duration::from_millis(200));
        pipe.write_all(Tls::self_signed().ca_pem.as_bytes()).expect("the reader");
    });
    is_open.recv().expect("the writer");
    validate().expect("a certificate that comes late");
    writer.join().expect("the writer");
}
