//! The request after the token: what is sent and how often, which answers are told as they are, and what becomes of a
//! request whose answer does not come.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tigergraph_auth::{Config, Connection, Reason, Request, Response, Result, Server};
use tigergraph_standin::{Action, Fault, Options, Standin, Tls};

const VERSIONS: [&str; 2] = ["3.10", "4.2"];

struct Stage {
    server: Standin,
    connection: Connection,
}

fn config(server: &Standin) -> Config {
    let mut config = Config::new(server.gateway_url());
    config.set_graph(Some(b"MyGraph")).set_password(Some(b"alice"), Some(b"opensesame"));
    config
}

/// A connection that has its token.
fn stage(version: &str) -> Stage {
    let server = Standin::start(Options::new(version)).expect("a stand-in");
    let connection = Connection::new(&config(&server)).expect("a connection");
    connection.authorization().expect("a token");
    server.clear_requests();
    Stage { server, connection }
}

fn request(method: &str, path: &str) -> Request {
    Request::new(Some(method.as_bytes()), Some(Server::Restpp), Some(path.as_bytes()))
}

fn to_gateway(method: &str, path: &str) -> Request {
    Request::new(Some(method.as_bytes()), Some(Server::Gateway), Some(path.as_bytes()))
}

fn get() -> Request {
    request("GET", "/query/MyGraph/q?a=%2F")
}

fn post() -> Request {
    let mut request = request("POST", "/query/MyGraph/q");
    request.set_body(Some(b"{\"a\":1}"), Some(b"application/json"));
    request
}

impl Stage {
    fn send(&self, request: &Request) -> Result<Response> {
        self.connection.send(request)
    }

    /// The reason of a failure.
    fn fails(&self, request: &Request) -> Reason {
        self.send(request).expect_err("a failure").reason()
    }

    /// "METHOD path" of what reached the server since the last look.
    fn requests(&self) -> Vec<String> {
        let requests = self.server.take_requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn script(&self, path: &str, action: Action) {
        self.server.script(Fault::once(path, action));
    }
}

fn body(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("a text")
}

#[test]
fn what_is_sent_is_what_was_asked_for() {
    for version in VERSIONS {
        let stage = stage(version);
        let mut request = post();
        request.set_header(Some(b"GSQL-TIMEOUT"), Some(b"1"));
        request.set_header(Some(b"gsql-timeout"), Some(b"60000"));
        request.set_header(Some(b"Accept"), Some(b"text/csv"));
        request.set_header(Some(b"X-Gone"), Some(b"x"));
        request.set_header(Some(b"x-gone"), None);
        stage.send(&request).expect("an answer");
        let token = stage.connection.current_token().expect("a token");
        let sent = stage.server.take_requests().remove(0);
        assert_eq!((&*sent.method, &*sent.path, &*sent.body), ("POST", "/restpp/query/MyGraph/q", &b"{\"a\":1}"[..]));
        let all = |name: &str| {
            let named = sent.headers.iter().filter(|(known, _)| known == name);
            named.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("|")
        };
        for (name, value) in [
            ("authorization", token.header()),
            ("gsql-timeout", "60000"),
            ("accept", "text/csv"),
            ("content-type", "application/json"),
            ("content-length", "7"),
            ("accept-encoding", "identity"),
            ("x-gone", ""),
        ] {
            assert_eq!(all(name), value, "{name}");
        }
        assert!(all("user-agent").starts_with("tigergraph-auth/"));

        let mut request = post();
        request.set_body(Some(b""), Some("text/plain; title=\u{fc}".as_bytes()));
        stage.send(&request).expect("an answer");
        let sent = stage.server.take_requests().remove(0);
        assert!(
            sent.headers.contains(&("content-type".into(), "text/plain; title=\u{fc}".into())),
            "{:?}",
            sent.headers
        );

        for (method, length) in [("GET", ""), ("HEAD", ""), ("POST", "0"), ("PATCH", "0"), ("DELETE", "")] {
            stage.send(&self::request(method, "/echo?x=1&y=%2F")).expect("an answer");
            let sent = stage.server.take_requests().remove(0);
            let told = sent.headers.iter().find(|(name, _)| name == "content-length").map_or("", |(_, value)| value);
            assert_eq!((&*sent.method, sent.query.as_deref(), told), (method, Some("x=1&y=%2F"), length));
        }
    }
}

#[test]
fn every_complete_answer_is_one() {
    let stage = stage("4.2");
    for status in [200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504] {
        let text = if matches!(status, 204 | 304) { "" } else { "<html>\0" };
        stage.script("/", Action::reply(status, text).header("X-Two", "1").header("X-Two", "2"));
        let answer = stage.send(&get()).expect("an answer");
        assert_eq!((answer.http_status, body(&answer)), (status, text));
        let two: Vec<&str> =
            answer.headers.iter().filter(|(name, _)| name == "x-two").map(|(_, value)| value.as_str()).collect();
        assert_eq!(two, ["1", "2"]);
        assert_eq!(stage.requests().len(), 1, "{status}");
    }
    // Only the head was asked for.
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: \xff\r\n\r\n".to_vec();
    stage.script("/", Action::RawBytesAndHang(head));
    let answer = stage.send(&request("HEAD", "/echo")).expect("an answer");
    assert_eq!((answer.http_status, body(&answer)), (200, ""));
    assert!(answer.headers.contains(&("X-A".into(), "\u{fffd}".into())), "{:?}", answer.headers);
}

#[test]
fn what_is_no_answer_has_its_reason() {
    for version in VERSIONS {
        let stage = stage(version);
        for request in [get(), post()] {
            let to_elsewhere = Action::reply(307, "").header("Location", "http://127.0.0.1:1/x");
            let compressed = Action::reply(200, "x").header("Content-Encoding", "gzip");
            for (action, reason) in [
                (to_elsewhere, Reason::ProtocolRedirect),
                (compressed, Reason::ProtocolEncoding),
                (
                    Action::RawBytes(b"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n".to_vec()),
                    Reason::ProtocolTooLarge,
                ),
            ] {
                stage.script("/", action);
                assert_eq!(stage.fails(&request), reason);
                assert_eq!(stage.requests().len(), 1);
            }
        }
    }
}

/// What breaks once the request was written is repeated for nobody: a GET may run a query that writes.
#[test]
fn nothing_is_sent_twice_that_may_have_been_carried_out() {
    for version in VERSIONS {
        let stage = stage(version);
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".to_vec();
        for (action, reason) in [
            (Action::CloseBeforeReply, Reason::ConnectClosed),
            (Action::ResetBeforeReply, Reason::ConnectReset),
            (Action::RawBytes(half.clone()), Reason::ConnectClosed),
            (Action::RawBytes(b"nonsense\r\n\r\n".to_vec()), Reason::ProtocolFraming),
            (Action::RawBytesAndHang(half), Reason::TimeoutResponse),
            (Action::Hang, Reason::TimeoutResponse),
        ] {
            stage.connection.set_timeout(if reason == Reason::TimeoutResponse { 500 } else { 0 });
            stage.script("/", action.clone());
            assert_eq!(stage.fails(&get()), reason, "{action:?}");
            assert_eq!(stage.requests(), ["GET /restpp/query/MyGraph/q"], "{action:?}");
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                stage.script("/", action.clone());
                let error = stage.send(&request(method, "/query/MyGraph/q")).expect_err("no answer");
                assert_eq!(error.reason(), Reason::OutcomeUnknown, "{method} {action:?}");
                assert!(!error.hint().contains("alias"), "{}", error.hint());
                assert_eq!(stage.requests().len(), 1, "{method} {action:?}");
            }
        }
    }
}

#[test]
fn a_call_is_cancelled_in_the_middle_of_a_large_answer() {
    let stage = stage("4.2");
    for (request, reason) in [(get(), Reason::Cancelled), (post(), Reason::OutcomeUnknown)] {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 67000000\r\n\r\n".to_vec();
        stage.script("/", Action::DripAfter(head, vec![b'x'; 4096], Duration::from_millis(5)));
        let (took, error) = std::thread::scope(|scope| {
            let call = scope.spawn(|| stage.send(&request).expect_err("cancelled"));
            while stage.server.requests().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(100));
            let cancelled = Instant::now();
            stage.connection.cancel();
            let error = call.join().expect("no panic");
            (cancelled.elapsed(), error)
        });
        assert_eq!(error.reason(), reason);
        assert!(took < Duration::from_millis(300), "{took:?}");
        stage.server.clear_requests();
    }
}

/// What an answer says of the token, and what is sent then: a refusal, a new token, and the request once more.
#[test]
fn a_refused_token_is_replaced_once() {
    for version in VERSIONS {
        let stage = stage(version);
        let mint = if version == "4.2" { "POST /gsql/v1/tokens" } else { "POST /restpp/requesttoken" };
        let query = "POST /restpp/query/MyGraph/q";
        stage.server.expire_tokens();
        assert_eq!(stage.send(&post()).expect("an answer").http_status, 200);
        assert_eq!(stage.requests(), [query, mint, query]);

        // One that stays refused is the answer.
        let stage = self::stage(version);
        let refusal = Action::reply(403, "{\"error\":true,\"code\":\"REST-10016\",\"message\":\"x\"}");
        stage.server.script(Fault::always("/restpp/query", refusal));
        let answer = stage.send(&post()).expect("an answer");
        assert_eq!((answer.http_status, body(&answer).contains("REST-10016")), (403, true));
        assert_eq!(stage.requests(), [query, mint, query]);

        // Not allowed is another thing.
        let stage = self::stage(version);
        let token = stage.connection.current_token().expect("a token");
        let refusal = "{\"error\":true,\"code\":\"REST-10018\",\"message\":\"x\"}";
        stage.script("/restpp/query", Action::reply(403, refusal));
        assert_eq!(stage.send(&post()).expect("an answer").http_status, 403);
        assert_eq!(stage.requests(), [query]);
        assert_eq!(stage.connection.current_token().expect("a token").value(), token.value());
    }
}

#[test]
fn a_token_that_nothing_can_renew_is_not_rejected() {
    let server = Standin::start(Options::new("4.2")).expect("a stand-in");
    let token = Connection::new(&config(&server)).unwrap().get_token(None, 0, Default::default()).unwrap();
    let mut config = Config::new(server.gateway_url());
    config.set_api_token(Some(token.value().as_bytes()));
    let stage = Stage { connection: Connection::new(&config).unwrap(), server };
    stage.server.expire_tokens();
    stage.server.clear_requests();
    for _ in 0..2 {
        assert!(matches!(stage.send(&get()).expect("an answer").http_status, 401 | 403));
    }
    assert_eq!(stage.requests().len(), 2);
    assert_eq!(stage.connection.current_token().expect("a token").value(), token.value());
}

/// The GSQL server's 401 has no code: it counts only where the server is known to take tokens.
#[test]
fn the_gateway_judges_tokens_only_where_it_takes_them() {
    let failed = || Action::reply(401, "{\"error\":true,\"message\":\"Authentication failed.\"}");
    let request = to_gateway("GET", "/gsql/v1/secrets");
    for (version, told, takes) in [("4.1.0", Some("4.1.0"), false), ("4.2", Some("4.1.2"), true), ("4.2", None, false)]
    {
        let server = Standin::start(Options::new(version)).expect("a stand-in");
        let mut config = config(&server);
        config.set_server_version(told.map(str::as_bytes));
        let stage = Stage { connection: Connection::new(&config).unwrap(), server };
        stage.connection.authorization().expect("a token");
        stage.server.clear_requests();
        stage.script("/gsql/v1/secrets", failed());
        stage.send(&request).expect("an answer");
        assert_eq!(stage.requests().len(), if takes { 3 } else { 1 }, "{version} {told:?}");
        if told.is_none() {
            // Once it has taken one it is known to.
            assert_eq!(stage.send(&request).expect("an answer").http_status, 200);
            stage.script("/gsql/v1/secrets", failed());
            assert_eq!(stage.send(&request).expect("an answer").http_status, 200);
            assert_eq!(stage.requests().len(), 4);
        }
    }
}

#[test]
fn without_authentication_no_token_is_sent() {
    let server = Standin::start(Options { auth_enabled: false, ..Options::new("3.10") }).expect("a stand-in");
    let stage = Stage { connection: Connection::new(&config(&server)).unwrap(), server };
    assert_eq!(stage.send(&get()).expect("an answer").http_status, 200);
    let sent = stage.server.take_requests().pop().expect("a request");
    assert!(sent.headers.iter().all(|(name, _)| name != "authorization"));
    let token = stage.connection.authorization().expect("none needed");
    assert_eq!((token.header(), token.urls().expect("known").get(Server::Gateway)), ("", &*stage.server.gateway_url()));
    assert_eq!(stage.connection.check_token(&token).expect_err("none").reason(), Reason::AuthDisabled);
}

/// A connection that has sent a request to a server without authentication.
fn stage_without_authentication() -> Stage {
    let server = Standin::start(Options { auth_enabled: false, ..Options::new("3.10") }).expect("a stand-in");
    let stage = Stage { connection: Connection::new(&config(&server)).unwrap(), server };
    assert_eq!(stage.send(&post()).expect("an answer").http_status, 200);
    stage.server.clear_requests();
    stage
}

/// That authentication is off is believed until REST++ refuses a request without a token.
#[test]
fn authentication_that_is_switched_on_is_noticed() {
    let stage = stage_without_authentication();
    stage.server.set_auth_enabled(true);
    assert_eq!(stage.send(&post()).expect("an answer").http_status, 200);
    let (query, form, mint) = ("POST /restpp/query/MyGraph/q", "GET /restpp/requesttoken", "POST /restpp/requesttoken");
    assert_eq!(stage.requests(), [query, form, mint, query]);
    assert_eq!(stage.send(&post()).expect("an answer").http_status, 200);
    assert_eq!(stage.requests(), [query]);
}

/// A server that says that no token is needed, and refuses what has none, is not asked for one with every request.
#[test]
fn authentication_that_stays_off_is_doubted_once() {
    let stage = stage_without_authentication();
    // GSQL wants a login whether REST++ wants a token or not.
    stage.script("/gsql", Action::reply(401, "{\"error\":true,\"message\":\"Authentication failed.\"}"));
    assert_eq!(stage.send(&to_gateway("GET", "/gsql/v1/x")).expect("an answer").http_status, 401);
    assert_eq!(stage.requests(), ["GET /gsql/v1/x"]);
    let refusal = Action::reply(403, "{\"error\":true,\"code\":\"REST-10016\",\"message\":\"x\"}");
    stage.server.script(Fault::always("/restpp/query", refusal));
    for _ in 0..3 {
        assert_eq!(stage.send(&post()).expect("an answer").http_status, 403);
    }
    let (query, form, mint) = ("POST /restpp/query/MyGraph/q", "GET /restpp/requesttoken", "POST /restpp/requesttoken");
    assert_eq!(stage.requests(), [query, form, mint, query, query]);
}

#[test]
fn bodies_of_any_length_come_whole() {
    let stage = stage("4.2");
    let long = "0123456789abcdef".repeat(300_000);
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in long.as_bytes().chunks(100_000) {
        chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.extend_from_slice(piece);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let until_close = [b"HTTP/1.1 200 OK\r\n\r\n", long.as_bytes()].concat();
    for action in [Action::reply(200, &long), Action::RawBytes(chunked), Action::RawBytes(until_close)] {
        stage.script("/", action);
        let answer = stage.send(&get()).expect("an answer");
        assert!(body(&answer) == long);
    }
    stage.script("/", Action::reply(200, &long));
    let mut request = get();
    request.set_response_limit(long.len() as u64 - 1);
    let error = stage.send(&request).expect_err("a failure");
    assert_eq!(error.reason(), Reason::ProtocolTooLarge);
    assert!(error.hint().starts_with("Raise the request's limit"), "{error}");
    stage.script("/", Action::reply(200, &long));
    request.set_response_limit(long.len() as u64);
    assert_eq!(stage.send(&request).expect("an answer").body.len(), long.len());

    let mut upload = post();
    upload.set_body(Some(long.as_bytes()), None);
    stage.server.clear_requests();
    stage.send(&upload).expect("an answer");
    let sent = stage.server.take_requests().remove(0);
    assert!(sent.body == long.as_bytes());
    assert!(sent.headers.iter().all(|(name, _)| name != "content-type"));
}

#[test]
fn one_request_is_sent_by_several_threads() {
    let stage = Arc::new(stage("4.2"));
    let request = Arc::new(post());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (stage, request) = (stage.clone(), request.clone());
            std::thread::spawn(move || {
                (0..20).all(|_| stage.send(&request).is_ok_and(|answer| answer.http_status == 200))
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().expect("no panic")));
    assert_eq!(stage.requests().len(), 160);
}

#[test]
fn added_authorities_count_beside_the_others() {
    let (one, other) = (Tls::self_signed(), Tls::self_signed());
    let [one_pem, other_pem] = [&one, &other].map(|tls| tls.ca_pem.clone());
    let folder = std::env::temp_dir().join(format!("tigergraph-auth-send-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let [one_file, other_file] = ["one.pem", "other.pem"].map(|name| folder.join(name));
    std::fs::write(&one_file, &one_pem).expect("a file");
    std::fs::write(&other_file, &other_pem).expect("a file");
    let server = Standin::start(Options { tls: Some(one), ..Options::new("4.2") }).expect("a stand-in");
    type Row<'a> = (Option<&'a Path>, Vec<Option<&'a Path>>, Option<Reason>);
    let (one_file, other_file, none) = (one_file.as_path(), other_file.as_path(), Path::new("/no/such/file"));
    let unknown = Some(Reason::TlsUnknownIssuer);
    // The CA setting, what is added, and the reason of the failure.
    let table: [Row; 6] = [
        (None, vec![Some(one_file)], None),
        (None, vec![Some(other_file), Some(one_file)], None),
        (Some(other_file), vec![Some(one_file)], None),
        (None, vec![Some(other_file)], unknown),
        (None, vec![Some(one_file), None], unknown),
        (None, vec![Some(none)], Some(Reason::ConfigFile)),
    ];
    for (index, (ca_file, added, reason)) in table.iter().enumerate() {
        let mut config = config(&server);
        let bytes = |path: &Path| path.to_str().expect("UTF-8").as_bytes().to_vec();
        config.set_ca_file(ca_file.map(bytes).as_deref());
        for path in added {
            config.add_ca_file(path.map(bytes).as_deref());
        }
        let outcome = Connection::new(&config).and_then(|connection| {
            let answer = connection.send(&request("GET", "/echo"))?;
            Ok((answer.http_status, connection.ca_pem().matches("BEGIN").count()))
        });
        match reason {
            None => assert_eq!(outcome.expect("an answer"), (200, if index == 0 { 1 } else { 2 }), "{index}"),
            Some(reason) => assert_eq!(outcome.expect_err("a failure").reason(), *reason, "{index}"),
        }
    }
    std::fs::remove_dir_all(&folder).expect("a folder of ours");
}

#[test]
fn one_secret_is_looked_up() {
    for version in VERSIONS {
        let stage = stage(version);
        let value = stage.server.add_secret("alice", "MyGraph", "mine");
        let secret = stage.connection.get_secret("mine", None).expect("a secret");
        assert_eq!((&*secret.alias, secret.is_masked()), ("mine", version == "3.10"));
        assert_eq!(secret.value.reveal() == value, version == "4.2");
        let missing = stage.connection.get_secret("none", None).expect_err("none");
        assert_eq!(missing.reason(), Reason::MissingSecret, "{missing}");
        let of_bob = stage.connection.get_secret("mine", Some("bob")).map_err(|error| error.reason());
        assert!(
            matches!(of_bob, Err(Reason::UnsupportedUser | Reason::AuthNoPrivilege | Reason::MissingSecret)),
            "{of_bob:?}"
        );
        assert_eq!(stage.connection.get_secret("a/b", None).expect_err("none").reason(), Reason::ArgumentAlias);
    }
}
