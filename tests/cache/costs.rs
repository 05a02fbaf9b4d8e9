//! What the cache costs. Times are printed and not judged.

use super::*;

use tigergraph_auth::{Config, Connection, Reason};
use tigergraph_standin::Tls;

/// The middle one of several.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn time(command: &mut Command) -> Duration {
    let began = Instant::now();
    let output = command.output().expect("a program");
    c::succeeded("it", &output);
    began.elapsed()
}

#[test]
fn a_token_of_the_cache_is_cheap() {
    let (server, secret) = server();
    let folder = Folder::new("costs");
    let login = Login::secret(&secret);
    leave_token(&server, &login, &folder);
    let first: Vec<Duration> = (0..21)
        .map(|_| Duration::from_micros(Process::start(&server, &login, folder.path()).get().took.unsigned_abs()))
        .collect();
    println!("first read in a process, debug build: {:?}", median(first));
    assert_eq!(asked(&server), 1);
}

/// With a cache the system's trust store is read when a server is verified, and not before; it counts as ever.
#[test]
fn a_server_is_verified_as_without_a_cache() {
    let server = Standin::start(Options::new("4.2").with_tls(Tls::self_signed())).expect("a stand-in");
    let folder = Folder::new("verified");
    let mut config = Config::new(server.gateway_url());
    config.set_secret(Some(b"canarycanary")).set_token_cache(Some(folder.path().as_bytes()));
    let conn = Connection::new(&config).expect("a connection");
    assert_eq!(conn.authorization().expect_err("not trusted").reason(), Reason::TlsUnknownIssuer);
    // What is wrong in a store that a variable names is told when it is needed, and nobody is trusted meanwhile.
    let (login, store) = (Login::secret("canarycanary"), folder.0.join("store.pem"));
    fs::write(&store, "garbage").expect("a file");
    let variables = [("SSL_CERT_FILE", store.to_str().expect("UTF-8")), ("SSL_CERT_DIR", "")];
    let mut process = Process::start_at(&server.gateway_url(), &login, folder.path(), &variables);
    assert_eq!((process.get().what.as_str(), server.requests().len()), ("config.file", 0));
    config.set_ca_pem(server.ca_pem().as_deref().map(str::as_bytes));
    let conn = Connection::new(&config).expect("a connection");
    assert_eq!(conn.authorization().expect_err("a wrong secret").reason(), Reason::AuthBadSecret);
}

#[test]
fn tg_auth_takes_the_token_of_the_cache() {
    let (server, secret) = server();
    let folder = Folder::new("command");
    let run = |program: &Path| {
        let mut command = c::program_command(program);
        command.env_clear().env("TG_HOST", server.gateway_url()).env("TG_SECRET", &secret);
        command.args(["--cache", folder.path(), "token"]);
        command
    };
    let program = tg_auth::build();
    let [first, second] = [(); 2].map(|()| run(&program).output().expect("tg-auth"));
    c::succeeded("tg-auth", &first);
    assert!(!first.stdout.is_empty() && first.stdout == second.stdout);
    // Without a sanitizer, which takes most of the time.
    let sources = tg_auth::sources();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let program = c::build(&sources, &["-std=c11", "-O2"], &c::library_folder());
    let own: Vec<Duration> = (0..11).map(|_| time(&mut run(&program))).collect();
    let of_true: Vec<Duration> = (0..11).map(|_| time(&mut Command::new("true"))).collect();
    println!("tg-auth token, debug build: {:?}; true: {:?}", median(own), median(of_true));
    assert_eq!(asked(&server), 1);
}
