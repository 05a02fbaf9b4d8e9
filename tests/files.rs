//! Credentials in files, which the environment names: read anew for every call, so that a rotation needs no restart.
//! The environment is this process's own, so each set-up is made in a process of its own.

#[path = "common/c.rs"]
mod c;
#[expect(dead_code, reason = "what is asked there is hardly looked at here")]
#[path = "common/token_endpoint.rs"]
mod token_endpoint;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Reason, TokenOptions};
use tigergraph_standin::{Issuer, Options, Standin, Tls, wall_clock};
use token_endpoint::{TokenEndpoint, granted, refused};

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

/// A volume of Kubernetes with one file, which is replaced as kubelet does it: a new folder with the new file, a new link
/// to it that takes the place of the old one, and then the old folder goes.
struct Volume {
    folder: PathBuf,
    file: PathBuf,
    turns: u32,
}

impl Volume {
    fn new(name: &str, content: &str) -> Volume {
        let folder = scratch(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        let mut volume = Volume { file: folder.join("token"), folder, turns: 0 };
        volume.replace(content);
        symlink("..data/token", &volume.file).expect("a link");
        volume
    }

    fn path(&self) -> &[u8] {
        self.file.as_os_str().as_encoded_bytes()
    }

    fn replace(&mut self, content: &str) {
        let old = fs::read_link(self.folder.join("..data"));
        self.turns += 1;
        let new = format!("..2026_11_30_01_02_03.{}", self.turns);
        fs::create_dir(self.folder.join(&new)).expect("a folder");
        let file = self.folder.join(&new).join("token");
        fs::write(&file, content).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
        symlink(&new, self.folder.join("..data_tmp")).expect("a link");
        fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data")).expect("its name");
        if let Ok(old) = old {
            fs::remove_dir_all(self.folder.join(old)).expect("the old folder");
        }
    }
}

/// Whoever reads the file while it is replaced gets the old secret or the new one, and never an error.
#[test]
fn a_secret_in_a_volume_of_kubernetes_is_replaced_under_load() {
    for version in VERSIONS {
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let secrets = ["one", "two"].map(|alias| server.add_secret("alice", "MyGraph", alias));
        let mut volume = Volume::new(&format!("volume-secret-{version}"), &secrets[0]);
        let mut config = Config::new(server.gateway_url());
        config.set_graph(Some(b"MyGraph")).set_secret_file(Some(volume.path()));
        let (connection, ended) = (Connection::new(&config).expect("good settings"), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        connection.get_token(None, 0, TokenOptions::default()).expect("by one of the two");
                    }
                });
            }
            for turn in 1..=200 {
                volume.replace(&secrets[turn % 2]);
                std::thread::sleep(Duration::from_millis(2));
            }
            ended.store(true, Ordering::Relaxed);
        });
        // The last one alone is good.
        volume.replace(&secrets[1]);
        server.with_state(|state| state.secrets.retain(|secret| secret.alias == "two"));
        connection.get_token(None, 0, TokenOptions::default()).expect("by the second");
    }
}

/// The token of a service account: its issuer is not TigerGraph, and somebody replaces its file in time.
#[test]
fn the_token_of_a_service_account_is_replaced_while_it_is_used() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let cluster = Issuer::new("https://kubernetes.default.svc.cluster.local");
    server.trust_issuer(&cluster);
    let (began, lifetime) = (Instant::now(), Duration::from_secs(8));
    let token = || cluster.token("alice", wall_clock(), 8);
    let first = token();
    let mut volume = Volume::new("volume-jwt", &format!("{first}\n"));
    let connection = Arc::new(by_jwt_file(&server, &volume.file));
    let users: Vec<_> = (0..4)
        .map(|_| {
            let connection = connection.clone();
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                while began.elapsed() < lifetime + Duration::from_secs(4) {
                    let token = connection.authorization().expect("a token").value().to_owned();
                    connection.get_secrets(None).expect("with the token");
                    if seen.last() != Some(&token) {
                        seen.push(token);
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                seen
            })
        })
        .collect();
    // As kubelet: when four fifths of its life are over.
    std::thread::sleep((lifetime * 4 / 5).saturating_sub(began.elapsed()));
    let second = token();
    volume.replace(&second);
    for user in users {
        assert_eq!(user.join().expect("no failure"), [&*first, &*second]);
    }
    let mut gone = Config::new(server.gateway_url());
    gone.set_jwt_file(Some(b"/no/such/token"));
    assert_eq!(Connection::new(&gone).expect_err("no file").reason(), Reason::ConfigFile);
}

/// The program of docs/logins.md reads its assertion for every token: the authorization server takes each one once, and the
/// file is replaced after that.
#[test]
fn the_provider_of_the_guide_reads_an_assertion_that_is_replaced() {
    let guide = fs::read_to_string(c::root().join("docs/logins.md")).expect("the guide");
    let program =
        guide.split("```c\n/* federated.c */\n").nth(1).expect("the program").split("```").next().expect("it");
    let source = scratch("federated.c");
    fs::write(&source, program).expect("a file");
    let program = c::build_sanitized(&[source.to_str().expect("UTF-8")], &[]);

    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let login = Issuer::new("https://login.example.com");
    server.trust_issuer(&login);
    let cluster = Issuer::new("https://kubernetes.default.svc.cluster.local");
    let assertion = cluster.token("system:serviceaccount:default:app", wall_clock(), 3600);
    let volume = Volume::new("volume-assertion", &format!("{assertion}\n"));
    let (file, taken) = (volume.file.clone(), Mutex::new((volume, assertion)));
    let endpoint = TokenEndpoint::start(None, move |asked| {
        let mut taken = taken.lock().expect("whole");
        if !asked.form().contains(&("client_assertion".to_owned(), taken.1.clone())) {
            return refused("invalid_client");
        }
        taken.1 = cluster.token("system:serviceaccount:default:app", wall_clock(), 3600);
        let next = taken.1.clone();
        taken.0.replace(&next);
        granted(&login.token("alice", wall_clock(), 600), 600)
    });
    let mut command = c::program_command(&program);
    command.env("TG_HOST", server.gateway_url()).env("TG_OAUTH2_URL", endpoint.url()).env("ASSERTION_FILE", file);
    command.env("TG_OAUTH2_CLIENT_ID", "app").env("TG_OAUTH2_SCOPE", "tigergraph");
    c::succeeded("federated", &command.output().expect("it runs"));
    let asked: Vec<_> = endpoint.asked().iter().map(|asked| asked.form()).collect();
    assert!(asked.len() == 2 && asked[0] != asked[1], "{asked:?}");
}
