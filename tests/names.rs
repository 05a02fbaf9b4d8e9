//! A name can never change a request. Whatever an alias, a graph, a user, a secret or a token consists of,
//! the server sees nothing and the caller is told that the argument is wrong, or the server sees the
//! request that the operation always sends, with exactly that name in its place. Which of the two it is
//! stands in a rule for each kind of name.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config as Cases, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tigergraph_auth::{Config, Connection, RefreshOptions, Result, Status, TokenOptions};
use tigergraph_standin::{Options, Request, Standin};

/// Random names for each operation on each server, beside those of [`nasty`].
const CASES: u32 = 250;

// ---------------------------------------------------------------------------------------------------------
// Names.

/// What has broken out of its place somewhere.
const NASTY: &[&str] = &[
    "",
    ".",
    "..",
    "...",
    " ",
    "x/../../v1/tokens?clear=true",
    "../drop-all",
    "..%2fdrop-all",
    "%2e%2e",
    "%2e%2e%2fdrop-all",
    "%252e%252e%252fdrop-all",
    "%",
    "%zz",
    "%00",
    "%0d%0aX-Injected: yes",
    "..\\drop-all",
    "..;/drop-all",
    "a;DROP",
    "a\nDROP SECRET b",
    "a\r\nX-Injected: yes\r\n\r\nDELETE /gsql/v1/drop-all HTTP/1.1",
    "a\0b",
    "a b",
    "a+b",
    "a&userName=tigergraph",
    "a?userName=tigergraph",
    "a#fragment",
    "a=b",
    "a,b",
    "a:b",
    "a\"],\"secrets\":[\"b",
    "\"quoted\"",
    "'quoted'",
    "`quoted`",
    "a\\",
    "a\\u0022",
    "{\"token\":\"x\"}",
    "a\u{7f}b",
    "a\u{85}b",
    "a\u{2028}b",
    "a\u{202e}b",
    "\u{feff}a",
    "\u{ff0e}\u{ff0e}\u{ff0f}a",
    "e\u{301}",
    "😀",
    "a****b",
    "None",
    "null",
    "__GSQL__secret",
    "AUTO_GENERATED_ALIAS_0000000",
];

/// And those that are long.
fn nasty() -> Vec<String> {
    let mut names: Vec<String> = NASTY.iter().map(|name| (*name).to_owned()).collect();
    names.extend([128, 129, 256, 257, 8192, 8193, 10_240, 70_000].map(|length| "a".repeat(length)));
    names.extend(["😀", "%2e", "\"", "../"].map(|part| part.repeat(60)));
    names
}

/// Whether an operation has to take a name, or has to refuse it; `None`: it may do either.
type Rule = fn(&str) -> Option<bool>;

fn has_controls(name: &str) -> bool {
    name.chars().any(char::is_control)
}

/// A graph, and an alias where it stands in GSQL text: no quoting, nothing but a name.
fn gsql_name(name: &str) -> Option<bool> {
    Some((1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// An alias where it stands in a URL or in JSON.
fn rest_alias(name: &str) -> Option<bool> {
    let relative = matches!(name, "." | "..") || name.contains(['/', '\\']);
    Some((1..=256).contains(&name.len()) && !relative && !has_controls(name))
}

fn user(name: &str) -> Option<bool> {
    Some((1..=256).contains(&name.len()) && !has_controls(name))
}

fn token(name: &str) -> Option<bool> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(&byte);
    Some((1..=8192).contains(&name.len()) && name.bytes().all(fits))
}

/// Up to this length a login fits into any request; beyond, it depends on where it stands.
const SHORT: usize = 2048;

fn secret(name: &str) -> Option<bool> {
    let good = !name.is_empty() && name.is_ascii() && !has_controls(name) && name.trim() == name;
    (name.len() <= SHORT).then(|| good && !name.contains("****"))
}

fn login_user(name: &str) -> Option<bool> {
    (name.len() <= SHORT).then(|| !name.is_empty() && !name.contains(':') && !has_controls(name))
}

fn password(name: &str) -> Option<bool> {
    (name.len() <= SHORT).then(|| !has_controls(name))
}

/// Plain names, names of any characters, and names made of what means something to somebody.
fn names() -> impl Strategy<Value = String> {
    let marks = "-._~/\\%'\"`;:, +&?#=@!*$<>{}[]|\n\r\t\0\u{1b}\u{7f}\u{9d}\u{200b}\u{202e}\u{2028}üé😀aZ7";
    let words = ["..", "%2f", "%00", "\r\n", "DROP SECRET", "userName=", "drop-all", "tokens", "clear=true"];
    let parts: Vec<String> = marks.chars().map(String::from).chain(words.map(str::to_owned)).collect();
    prop_oneof![
        2 => "[A-Za-z0-9_]{1,140}",
        2 => "[!-~]{1,40}",
        3 => any::<String>(),
        4 => proptest::collection::vec(select(parts), 0..12).prop_map(|parts| parts.concat()),
        1 => ("[ -~]{1,8}", 30..60_usize).prop_map(|(part, times)| part.repeat(times)),
        1 => select(NASTY).prop_map(|name| format!("a{name}")),
    ]
}

// ---------------------------------------------------------------------------------------------------------
// Requests.

/// A request as it was meant: everything decoded, nothing left over.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    method: &'static str,
    /// The segments of the path, each decoded by itself.
    path: Vec<String>,
    query: Vec<(String, String)>,
    /// A JSON object, the text of a GSQL script, or nothing.
    body: Value,
    /// The Authorization header.
    login: String,
}

fn sent(method: &'static str, path: &str, body: Value) -> Sent {
    let path = path.split('/').skip(1).map(str::to_owned).collect();
    Sent { method, path, query: Vec::new(), body, login: basic("alice", "opensesame") }
}

impl Sent {
    /// One more segment of the path.
    fn below(mut self, name: &str) -> Sent {
        self.path.push(name.to_owned());
        self
    }

    fn with(mut self, name: &str, value: &str) -> Sent {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    fn login(mut self, login: &str) -> Sent {
        login.clone_into(&mut self.login);
        self
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

/// Decodes what must be percent-encoded as RFC 3986 says, without a byte that could mean something.
fn decoded(text: &str) -> std::result::Result<String, TestCaseError> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    prop_assert!(text.bytes().all(harmless), "not encoded: {text:?}");
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| TestCaseError::fail(format!("no UTF-8: {text:?}")))
}

/// The headers of every request, those of requests that have something to say, and no others.
const HEADERS: [&str; 4] = ["accept", "accept-encoding", "host", "user-agent"];
const MORE_HEADERS: [&str; 3] = ["authorization", "content-length", "content-type"];

fn check_headers(request: &Request) -> std::result::Result<(), TestCaseError> {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    prop_assert_eq!(names.len(), all, "a header twice");
    names.retain(|name| !MORE_HEADERS.contains(name));
    prop_assert_eq!(names, HEADERS, "other headers");
    let kind = request.header("content-type").unwrap_or_default();
    let expected = match (request.body.is_empty(), request.path.as_str()) {
        (true, _) => "",
        (false, "/gsqlserver/gsql/file") => "application/x-www-form-urlencoded",
        (false, _) => "application/json",
    };
    prop_assert_eq!(kind, expected);
    Ok(())
}

fn read(request: &Request) -> std::result::Result<Sent, TestCaseError> {
    check_headers(request)?;
    let method = ["GET", "POST", "PUT", "DELETE"].into_iter().find(|method| *method == request.method);
    let pairs = request.query.iter().flat_map(|query| query.split('&'));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    };
    let text = String::from_utf8(request.body.clone()).map_err(|_| TestCaseError::fail("a body that is no UTF-8"))?;
    let body = match request.header("content-type") {
        None => Value::Null,
        Some("application/json") => {
            serde_json::from_str(&text).map_err(|error| TestCaseError::fail(error.to_string()))?
        }
        Some(_) => Value::from(decoded(&text)?),
    };
    Ok(Sent {
        method: method.ok_or_else(|| TestCaseError::fail("another method"))?,
        path: request.path.split('/').skip(1).map(decoded).collect::<std::result::Result<_, _>>()?,
        query: pairs.map(pair).collect::<std::result::Result<_, TestCaseError>>()?,
        body,
        login: request.header("authorization").unwrap_or_default().to_owned(),
    })
}

// ---------------------------------------------------------------------------------------------------------
// Operations.

/// Who carries operations out: one connection, and its settings for those that change them.
struct Caller {
    connection: Connection,
    config: Config,
}

/// Carries an operation out with a name.
type Call = fn(&Caller, &str) -> Result<()>;

/// An operation that takes a name.
struct Operation {
    what: &'static str,
    call: Call,
    /// What it sends: first what it always sends, then what may follow. Nothing where the server cannot do it.
    sends: fn(&str) -> Vec<Sent>,
    takes: Rule,
    /// Beside INVALID_ARGUMENT, with which status it may refuse without a request.
    refuses: Option<Status>,
}

const fn operation(what: &'static str, takes: Rule, call: Call, sends: fn(&str) -> Vec<Sent>) -> Operation {
    Operation { what, call, sends, takes, refuses: None }
}

impl Operation {
    const fn refuses(self, status: Status) -> Operation {
        Operation { refuses: Some(status), ..self }
    }

    /// One that this server cannot carry out, so that it sends nothing, whatever the name.
    const fn unsupported(what: &'static str, call: Call) -> Operation {
        operation(what, |_| Some(false), call, |_| Vec::new()).refuses(Status::Unsupported)
    }
}

fn create(caller: &Caller, alias: &str) -> Result<()> {
    caller.connection.create_secret(Some(alias), None, None).map(|made| assert_eq!(made.alias, alias))
}

fn create_for(caller: &Caller, user: &str) -> Result<()> {
    caller.connection.create_secret(Some("one"), None, Some(user)).map(drop)
}

fn create_valued(caller: &Caller, value: &str) -> Result<()> {
    let made = caller.connection.create_secret(Some("one"), Some(value), None);
    made.map(|made| assert_eq!(made.value.reveal(), value))
}

fn ensure(caller: &Caller, alias: &str) -> Result<()> {
    caller.connection.ensure_secret(alias).map(|made| assert_eq!(made.alias, alias))
}

fn drop_one(caller: &Caller, alias: &str) -> Result<()> {
    caller.connection.drop_secrets(&[alias], None, false).map(drop)
}

fn drop_two(caller: &Caller, alias: &str) -> Result<()> {
    caller.connection.drop_secrets(&["one", alias], None, false).map(drop)
}

fn drop_of(caller: &Caller, user: &str) -> Result<()> {
    caller.connection.drop_secrets(&["one"], Some(user), false).map(drop)
}

fn list(caller: &Caller, user: &str) -> Result<()> {
    caller.connection.get_secrets(Some(user)).map(drop)
}

fn get_token(caller: &Caller, secret: &str) -> Result<()> {
    caller.connection.get_token(Some(secret), 0, TokenOptions::default()).map(drop)
}

fn refresh(caller: &Caller, token: &str) -> Result<()> {
    caller.connection.refresh_token(None, Some(token), 0, RefreshOptions::default()).map(drop)
}

fn delete(caller: &Caller, token: &str) -> Result<()> {
    caller.connection.delete_token(None, Some(token), false)
}

fn delete_by(caller: &Caller, secret: &str) -> Result<()> {
    caller.connection.delete_token(Some(secret), Some("some-token"), false)
}

fn check(caller: &Caller, token: &str) -> Result<()> {
    caller.connection.check_jwt_token(token).map(drop)
}

/// A token and a secret for a graph of this name.
fn in_graph(caller: &Caller, graph: &str) -> Result<()> {
    let mut config = caller.config.clone();
    let connection = Connection::new(config.set_graph(Some(graph.as_bytes())))?;
    // An unknown graph is an answer as good as any; the requests are what counts.
    let _ = connection.get_token(None, 0, TokenOptions::default());
    connection.create_secret(Some("one"), None, None).map(drop)
}

fn log_in(caller: &Caller, user: &str, password: &str) -> Result<()> {
    let mut config = caller.config.clone();
    let connection = Connection::new(config.set_password(Some(user.as_bytes()), Some(password.as_bytes())))?;
    connection.get_secrets(None).map(drop)
}

fn log_in_as(caller: &Caller, user: &str) -> Result<()> {
    log_in(caller, user, "opensesame")
}

fn log_in_with(caller: &Caller, password: &str) -> Result<()> {
    log_in(caller, "nobody", password)
}

fn log_in_by(caller: &Caller, secret: &str) -> Result<()> {
    let mut config = caller.config.clone();
    config.set_password(None, None).set_secret(Some(secret.as_bytes()));
    Connection::new(&config)?.get_secrets(None).map(drop)
}

fn log_in_by_jwt(caller: &Caller, jwt: &str) -> Result<()> {
    let mut config = caller.config.clone();
    config.set_password(None, None).set_jwt(Some(jwt.as_bytes()));
    Connection::new(&config)?.get_secrets(None).map(drop)
}

/// Form-encoded GSQL text in the graph, as servers before 4.1 take it.
fn gsql(text: &str) -> Sent {
    sent("POST", "/gsqlserver/gsql/file", Value::from(format!("USE GRAPH MyGraph\n{text}\n")))
}

fn requesttoken(method: &'static str, body: Value) -> Sent {
    sent(method, "/restpp/requesttoken", body)
}

/// Before 4.1: aliases and graphs stand in GSQL text.
const OPERATIONS_3_10: &[Operation] = &[
    operation("create_secret: alias", gsql_name, create, |alias| vec![gsql(&format!("CREATE SECRET {alias}"))]),
    operation("ensure_secret: alias", gsql_name, ensure, |alias| {
        vec![gsql("SHOW SECRET"), gsql(&format!("CREATE SECRET {alias}"))]
    }),
    operation("drop_secrets: alias", gsql_name, drop_one, |alias| vec![gsql(&format!("DROP SECRET {alias}"))]),
    operation("drop_secrets: two aliases", gsql_name, drop_two, |alias| {
        vec![gsql(&format!("DROP SECRET one\nDROP SECRET {alias}"))]
    }),
    operation("set_graph: graph", gsql_name, in_graph, |graph| {
        let script = format!("USE GRAPH {graph}\nCREATE SECRET one\n");
        let token = requesttoken("POST", json!({"graph": graph}));
        vec![token, sent("POST", "/gsqlserver/gsql/file", Value::from(script))]
    }),
    operation("set_password: user", login_user, log_in_as, |user| {
        vec![gsql("SHOW SECRET").login(&basic(user, "opensesame"))]
    }),
    operation("set_password: password", password, log_in_with, |password| {
        vec![gsql("SHOW SECRET").login(&basic("nobody", password))]
    }),
    operation("set_secret: secret", secret, log_in_by, |secret| {
        vec![gsql("SHOW SECRET").login(&basic("__GSQL__secret", secret))]
    })
    .refuses(Status::NoCredentials),
    operation("get_token: secret", secret, get_token, |secret| {
        vec![requesttoken("POST", json!({"secret": secret, "graph": "MyGraph"})).login("")]
    })
    .refuses(Status::NoCredentials),
    operation("refresh_token: token", token, refresh, |token| vec![requesttoken("PUT", json!({"token": token}))]),
    operation("delete_token: token", token, delete, |token| vec![requesttoken("DELETE", json!({"token": token}))]),
    operation("delete_token: secret", secret, delete_by, |secret| {
        vec![requesttoken("DELETE", json!({"token": "some-token", "secret": secret})).login("")]
    })
    .refuses(Status::NoCredentials),
    Operation::unsupported("check_jwt_token: token", check),
    Operation::unsupported("set_jwt: token", log_in_by_jwt),
    Operation::unsupported("create_secret: user", create_for),
    Operation::unsupported("drop_secrets: user", drop_of),
    Operation::unsupported("get_secrets: user", list),
];

fn secrets(method: &'static str, body: Value) -> Sent {
    sent(method, "/gsql/v1/secrets", body)
}

fn tokens(method: &'static str, body: Value) -> Sent {
    sent(method, "/gsql/v1/tokens", body)
}

/// From 4.1 on: aliases and users stand in URLs and in JSON. After a refused creation the list tells
/// whether the alias was taken.
const OPERATIONS_4_2: &[Operation] = &[
    operation("create_secret: alias", rest_alias, create, |alias| {
        vec![secrets("POST", Value::Null).with("alias", alias), secrets("GET", Value::Null)]
    }),
    operation("create_secret: value", secret, create_valued, |value| {
        vec![secrets("POST", Value::Null).with("alias", "one").with("value", value), secrets("GET", Value::Null)]
    })
    .refuses(Status::NoCredentials),
    operation("create_secret: user", user, create_for, |user| {
        vec![
            secrets("POST", Value::Null).with("alias", "one").with("userName", user),
            secrets("GET", Value::Null).with("userName", user),
        ]
    }),
    operation("ensure_secret: alias", rest_alias, ensure, |alias| {
        vec![
            secrets("GET", Value::Null).below(alias),
            secrets("POST", Value::Null).with("alias", alias),
            secrets("GET", Value::Null),
        ]
    }),
    operation("drop_secrets: alias", rest_alias, drop_one, |alias| {
        vec![secrets("DELETE", json!({"secrets": [alias]}))]
    }),
    operation("drop_secrets: two aliases", rest_alias, drop_two, |alias| {
        vec![secrets("DELETE", json!({"secrets": ["one", alias]}))]
    }),
    operation("drop_secrets: user", user, drop_of, |user| {
        vec![secrets("DELETE", json!({"secrets": ["one"]})).with("userName", user)]
    }),
    operation("get_secrets: user", user, list, |user| vec![secrets("GET", Value::Null).with("userName", user)]),
    operation("set_graph: graph", gsql_name, in_graph, |graph| {
        vec![tokens("POST", json!({"graph": graph})), secrets("POST", Value::Null).with("alias", "one")]
    }),
    operation("set_password: user", login_user, log_in_as, |user| {
        vec![secrets("GET", Value::Null).login(&basic(user, "opensesame"))]
    }),
    operation("set_password: password", password, log_in_with, |password| {
        vec![secrets("GET", Value::Null).login(&basic("nobody", password))]
    }),
    operation("set_secret: secret", secret, log_in_by, |secret| {
        vec![secrets("GET", Value::Null).login(&format!("GSQL-Secret {secret}"))]
    })
    .refuses(Status::NoCredentials),
    operation("get_token: secret", secret, get_token, |secret| {
        vec![tokens("POST", json!({"secret": secret, "graph": "MyGraph"})).login("")]
    })
    .refuses(Status::NoCredentials),
    operation("delete_token: token", token, delete, |token| vec![tokens("DELETE", json!({"tokens": token}))]),
    operation("delete_token: secret", secret, delete_by, |secret| {
        vec![tokens("DELETE", json!({"tokens": "some-token"})).login(&format!("GSQL-Secret {secret}"))]
    })
    .refuses(Status::NoCredentials),
    operation("check_jwt_token: token", token, check, |token| {
        vec![sent("POST", "/gsql/v1/tokens/check", json!({"token": token}))]
    }),
    operation("set_jwt: token", token, log_in_by_jwt, |jwt| {
        vec![secrets("GET", Value::Null).login(&format!("Bearer {jwt}"))]
    }),
    Operation::unsupported("refresh_token: token", refresh),
];

// ---------------------------------------------------------------------------------------------------------
// The property.

/// Whether all of `some` stand in `all`, in that order.
fn in_order(some: &[Sent], all: &[Sent]) -> bool {
    let mut all = all.iter();
    some.iter().all(|wanted| all.any(|known| known == wanted))
}

/// Holds the property for one name; tells whether anything was sent.
fn hold(
    server: &Standin,
    caller: &Caller,
    operation: &Operation,
    name: &str,
) -> std::result::Result<bool, TestCaseError> {
    server.with_state(|state| state.secrets.clear());
    let result = (operation.call)(caller, name);
    let requests: Vec<Sent> = server.take_requests().iter().map(read).collect::<std::result::Result<_, _>>()?;
    let expected = (operation.sends)(name);
    if requests.is_empty() {
        let status = result.expect_err("nothing was sent").status();
        prop_assert!(status == Status::InvalidArgument || operation.refuses == Some(status), "{status:?}");
        prop_assert!((operation.takes)(name) != Some(true), "a good name is refused");
        return Ok(false);
    }
    prop_assert!((operation.takes)(name) != Some(false) && !expected.is_empty(), "sent {requests:?}");
    prop_assert_eq!(&requests[0], &expected[0]);
    prop_assert!(in_order(&requests[1..], &expected[1..]), "then sent {:?}", &requests[1..]);
    Ok(true)
}

fn server_and_caller(version: &str) -> (Standin, Caller) {
    let server = Standin::start(Options::new(version)).expect("a stand-in");
    let mut config = Config::new(server.gateway_url());
    config.set_server_version(Some(version.as_bytes())).set_graph(Some(b"MyGraph"));
    config.set_password(Some(b"alice"), Some(b"opensesame"));
    let connection = Connection::new(&config).expect("good settings");
    (server, Caller { connection, config })
}

fn hold_for_all(version: &str, operations: &[Operation]) {
    let (server, caller) = server_and_caller(version);
    for operation in operations {
        let counted = RefCell::new(BTreeMap::from([(true, 0), (false, 0)]));
        let hold_and_count = |name: &str| {
            let sent = hold(&server, &caller, operation, name)?;
            *counted.borrow_mut().entry(sent).or_insert(0) += 1;
            Ok(())
        };
        for name in nasty() {
            let shown: String = name.chars().take(60).collect();
            hold_and_count(&name).unwrap_or_else(|error: TestCaseError| {
                panic!("{version} {} {shown:?}, {} bytes: {error}", operation.what, name.len())
            });
        }
        let mut runner = TestRunner::new(Cases { cases: CASES, failure_persistence: None, ..Cases::default() });
        runner
            .run(&names(), |name| hold_and_count(&name))
            .unwrap_or_else(|error| panic!("{version} {}: {error}", operation.what));
        let (sent, refused) = (counted.borrow()[&true], counted.borrow()[&false]);
        println!("{version} {}: {sent} names sent, {refused} refused", operation.what);
        // Neither half of the property may go untried.
        assert_eq!(sent > 0, !(operation.sends)("plain").is_empty(), "{version} {}", operation.what);
        assert!(refused > 0, "{version} {}", operation.what);
        assert_eq!(server.tripwires(), 0, "{version} {}", operation.what);
    }
}

#[test]
fn names_before_4_1() {
    hold_for_all("3.10", OPERATIONS_3_10);
}

#[test]
fn names_from_4_1_on() {
    hold_for_all("4.2", OPERATIONS_4_2);
}

/// Every character at each place of a secret's value: what is sent comes back, in the answer and in lists.
#[test]
fn values_come_back_or_are_not_sent() {
    for version in ["2.6", "3.10", "4.1.0", "4.2"] {
        let (server, Caller { connection, .. }) = server_and_caller(version);
        let mut sent = 0;
        for character in (0..=0xff).chain([0x20ac, 0x1f600]).filter_map(char::from_u32) {
            for value in [format!("{character}ab"), format!("a{character}b"), format!("ab{character}")] {
                let created = connection.create_secret(Some("odd"), Some(&value), None);
                if server.take_requests().is_empty() {
                    let status = created.expect_err("nothing was sent").status();
                    assert!(matches!(status, Status::InvalidArgument | Status::Unsupported), "{value:?} {status:?}");
                    continue;
                }
                sent += 1;
                let listed = connection.get_secrets(None).expect(&value).remove(0);
                for told in [created.expect(&value), listed, connection.get_secret("odd", None).expect(&value)] {
                    assert_eq!(told.value.reveal(), value, "{version}");
                }
                assert_eq!(connection.drop_secrets(&["odd"], None, false).expect(&value), 1, "{version}");
                server.take_requests();
            }
        }
        // Printable ASCII, but for a space at either end.
        assert_eq!(sent, if version >= "4" { 94 * 3 + 1 } else { 0 }, "{version}");
    }
}
