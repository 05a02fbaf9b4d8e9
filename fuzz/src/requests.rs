//! Target: a request of the program's to the database.

use tigergraph_auth::unversioned::endpoint::Server;
use tigergraph_auth::unversioned::played::{self, Manner};
use tigergraph_auth::{Config, Connection, Reason, Request};

use super::canary::JWT;
use super::exchange::check_request;

/// What the server answers to everything.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"error\":false}";

/// The method and the path in the first two lines, then fields, and the body behind an empty line: either nothing is
/// sent, because an argument is wrong, or one request with exactly these and the connection's login.
pub fn any(data: &[u8]) {
    let (head, body) = split(data, b"\n\n");
    let (first, fields) = split(head, b"\n");
    let (method, path) = split(first, b" ");
    let server = if path.len() % 2 == 0 { Server::Restpp } else { Server::Gateway };
    let mut request = Request::new(Some(method), Some(server), Some(path));
    let fields: Vec<(&[u8], &[u8])> = fields.split(|byte| *byte == b'\n').map(|line| split(line, b":")).collect();
    fields
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .for_each(|(name, value)| request.set_header(Some(name), Some(value)));
    request.set_body((!body.is_empty()).then_some(body), Some(b"text/plain"));

    played::play([ANSWER.to_vec()].into(), Manner::default());
    let sent = connection().send(&request);
    let requests = played::take_requests();
    if let Err(error) = sent {
        let of_argument = [Reason::ArgumentMethod, Reason::ArgumentPath, Reason::ArgumentHeader, Reason::ArgumentRange];
        let of_text = [Reason::ArgumentUtf8, Reason::ArgumentNull];
        assert!(of_argument.contains(&error.reason()) || of_text.contains(&error.reason()), "{error}");
        assert!(requests.is_empty(), "sent, although {error}");
        return;
    }
    let [request] = &requests[..] else { panic!("{} requests", requests.len()) };
    check_request(request);
    let (head, sent_body) = split(request, b"\r\n\r\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let prefix: &[u8] = if server == Server::Restpp { b"/restpp" } else { b"" };
    let line = [method, b" ", prefix, path, b" HTTP/1.1\r"].concat();
    assert_eq!(String::from_utf8_lossy(lines.next().unwrap_or_default()), String::from_utf8_lossy(&line));
    assert_eq!(sent_body, body);
    let is_login = |line: &&[u8]| line.to_ascii_lowercase().starts_with(b"authorization:");
    let logins: Vec<_> = lines.filter(is_login).map(|line| line.trim_ascii().to_vec()).collect();
    assert_eq!(logins.len(), 1, "a login of the connection's and no other");
    assert!(logins[0].ends_with(["Bearer ", JWT].concat().as_bytes()));
}

/// A connection with a login that needs no request, to a server that is known.
fn connection() -> Connection {
    let mut config = Config::new("http://127.0.0.1:1");
    config.set_jwt(Some(JWT.as_bytes()));
    config.set_server_version(Some(b"4.2"));
    Connection::new(&config).expect("good settings")
}

/// What stands before and behind the first of these bytes.
fn split<'a>(data: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match data.windows(at.len()).position(|part| part == at) {
        Some(place) => (&data[..place], &data[place + at.len()..]),
        None => (data, &[]),
    }
}
