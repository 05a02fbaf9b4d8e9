//! What the HTTP crate carries without seeing it. It logs every byte that it reads and most of those that it writes,
//! to the logger of a Rust program; so it gets a request without path, login and content, and an answer without fields
//! and content. They are put in, and taken out, on the other side of it.

use std::cell::RefCell;
use std::io;
use std::mem::ManuallyDrop;

use crate::error::{Error, Reason, Result};
use crate::hidden::{Wiped, append};
use crate::wire::framing::Framing;
use crate::wire::head::{Ending, Head, Wanted};
use crate::wire::http::Request;
use crate::wire::room::Room;
use crate::wire::socket::io_error;

/// Shorter parts of a body are copied.
const WORTH_IT: usize = 32 * 1024;
/// Room for what comes at once of most answers, and for the content of most requests. Less than what the C library wipes
/// with an instruction that is slow to begin.
pub const USUAL_ROOM: usize = 2000;
/// Room for any line that the HTTP crate writes, but for those of the caller's words. Blocks of that size are made fastest.
const LINE_ROOM: usize = 900;
/// Room for contents that are longer than that.
pub const LARGE_ROOM: usize = 16 * 1024;
/// What to do about an answer to a caller's own request that is longer than its limit.
const RAISE_LIMIT: &str = "Raise the request's limit for the length of answers, or ask for less.";
/// What stands for the path and query of every request.
pub const PATH: &str = "/******";

/// A request and its answer, as the HTTP crate does not see them.
#[derive(Default)]
pub struct Unseen {
    /// The first line, that of the login, and the content.
    request: Wiped<Vec<u8>>,
    /// Where the content begins.
    content: usize,
    /// A line of the head may be so much longer than usual.
    longest_line: usize,
    stage: Stage,
    /// The answer's body may not be longer than this.
    limit: usize,
    wanted: Wanted,
    answer: Option<Answer>,
}

/// The head and body of an answer.
type Answer = (Head, Wiped<Vec<u8>>);

/// What the HTTP crate writes next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    FirstLine,
    Fields,
    Content,
}

impl std::fmt::Debug for Unseen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unseen")
    }
}

/// A URL's scheme, host and port, and its path and query.
pub fn split_url(url: &str) -> Option<(&str, &str)> {
    let host = url.find("://")? + 3;
    let path = host + url[host..].find('/')?;
    Some(url.split_at(path))
}

impl Unseen {
    /// What of a request is to be kept back; the name of this program, in its head, is so long.
    pub fn new(request: &Request, user_agent: usize) -> Result<Unseen> {
        let bad = || Error::new(Reason::ProtocolFraming, "the request cannot be written as HTTP");
        let path = split_url(request.url.reveal()).map(|(_, path)| path).ok_or_else(bad)?;
        let login = request.authorization.map_or("", |login| login.reveal());
        let content = request.body.map_or(&[][..], |(body, _)| body);
        // Nothing of them may end a line.
        let is_line = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) || !login.bytes().all(is_line) {
            return Err(bad());
        }
        let (before_login, after_login) = if login.is_empty() { ("", "") } else { ("authorization: ", "\r\n") };
        let start = [request.method.name(), " ", path, " HTTP/1.1\r\n", before_login, login, after_login];
        let fields = request.fields.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]);
        let start_length = start.into_iter().chain(fields.clone()).map(str::len).sum::<usize>();
        let mut whole = Wiped::new(Vec::with_capacity(start_length + content.len()));
        start.into_iter().chain(fields).for_each(|part| whole.extend_from_slice(part.as_bytes()));
        whole.extend_from_slice(content);
        let wanted = Wanted { is_head_alone: request.method.name() == "HEAD", fields: request.wants_fields };
        let longest_line = request.body.map_or(0, |(_, content_type)| content_type.len()).max(user_agent);
        let (content, limit) = (start_length, request.limit);
        Ok(Unseen { request: whole, content, longest_line, limit, wanted, ..Unseen::default() })
    }

    /// How much the HTTP crate writes at once, which is at least a line of the head, in pieces of any size of the content.
    pub fn room(&self) -> usize {
        if self.request.len() - self.content > USUAL_ROOM { LARGE_ROOM } else { self.longest_line + LINE_ROOM }
    }

    /// Adds to the outbox what is to be sent in place of what the HTTP crate wrote. It writes whole lines.
    pub fn replace(&mut self, written: &[u8], outbox: &mut Wiped<Vec<u8>>) {
        let mut fields = written;
        if self.stage == Stage::FirstLine {
            let line = written.iter().position(|byte| *byte == b'\n').map_or(written.len(), |end| end + 1);
            fields = &written[line..];
            append(outbox, &[&self.request[..self.content], fields], self.request.len() - self.content);
            self.stage = Stage::Fields;
        } else if self.stage == Stage::Fields {
            append(outbox, &[fields], self.request.len() - self.content);
        }
        if self.stage == Stage::Fields && fields.ends_with(b"\r\n\r\n") {
            append(outbox, &[&self.request[self.content..]], 0);
            self.stage = Stage::Content;
        }
    }

    /// The answer to come.
    pub fn incoming(&self) -> Incoming {
        let Unseen { wanted, limit, .. } = *self;
        Incoming { framing: Framing::new(wanted), limit, is_callers: wanted.fields, body: Room::new(limit) }
    }

    /// Keeps an answer; what the HTTP crate is to see of it.
    pub fn keep(&mut self, incoming: Incoming) -> Result<Vec<u8>> {
        let keeps_connection = incoming.framing.keeps_connection();
        let head = incoming.framing.head.ok_or_else(|| io_error(&io::ErrorKind::UnexpectedEof.into()))?;
        let digit = |unit: u16| b'0' + (head.status / unit % 10) as u8;
        let status = [digit(100), digit(10), digit(1)];
        let connection = if keeps_connection { "" } else { "connection: close\r\n" };
        let seen = [b"HTTP/1.1 ", &status[..], b"\r\ncontent-length: 0\r\n", connection.as_bytes(), b"\r\n"].concat();
        self.answer = Some((head, incoming.body.into_whole()?));
        Ok(seen)
    }
}

thread_local! {
    /// What this thread's exchange keeps back: the HTTP crate does not carry it through to its connections. Empty when no
    /// exchange is running. Without a destructor, so that it is there for calls that are made while the thread ends.
    static CURRENT: RefCell<ManuallyDrop<Option<Box<Unseen>>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

fn exchange(unseen: Option<Box<Unseen>>) -> Option<Box<Unseen>> {
    ManuallyDrop::into_inner(CURRENT.replace(ManuallyDrop::new(unseen)))
}

/// Runs `body`, which exchanges this request for its answer; the answer, if it came. A logger of the program's may begin
/// another exchange meanwhile.
pub fn with_unseen<T>(unseen: Unseen, body: impl FnOnce() -> T) -> (T, Option<Answer>) {
    struct Restore(Option<Box<Unseen>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            drop(exchange(self.0.take()));
        }
    }
    let mut restore = Restore(exchange(Some(Box::new(unseen))));
    let done = body();
    let unseen = exchange(restore.0.take());
    std::mem::forget(restore);
    (done, unseen.and_then(|unseen| unseen.answer))
}

/// What this thread's exchange keeps back.
pub fn current<T>(job: impl FnOnce(&mut Unseen) -> T) -> Result<T> {
    let done = CURRENT.with_borrow_mut(|unseen| unseen.as_deref_mut().map(job));
    done.ok_or_else(|| Error::new(Reason::ConnectClosed, "the call that this connection served is over"))
}

/// An answer that is coming in.
#[derive(Debug)]
pub struct Incoming {
    framing: Framing,
    limit: usize,
    /// Whether the caller chose the limit.
    is_callers: bool,
    /// As far as it has come; never grows beyond the limit.
    body: Room,
}

impl Incoming {
    /// Takes the next bytes, and wipes them; none is the end of the connection. Whether the answer is complete.
    pub fn take(&mut self, bytes: &mut [u8]) -> Result<bool> {
        let taken = self.take_next(bytes);
        bytes.fill(0);
        // Without this the compiler may see that nobody reads the zeros, and leave them out.
        std::hint::black_box(&*bytes);
        taken.map_err(|error| self.about(error))
    }

    /// An error that came after the answer's status says what that was.
    pub fn about(&self, error: Error) -> Error {
        match &self.framing.head {
            Some(head) => error.with_http_status(head.status),
            None => error,
        }
    }

    fn take_next(&mut self, bytes: &mut [u8]) -> Result<bool> {
        if bytes.is_empty() {
            return if self.framing.may_end() { Ok(true) } else { Err(io_error(&io::ErrorKind::UnexpectedEof.into())) };
        }
        let is_head = self.framing.head.is_none();
        let count = self.framing.feed(bytes)?;
        if let Some(head) = self.framing.head.as_ref().filter(|_| is_head) {
            if !head.is_plain {
                let message = "the server's answer is compressed, although that was not asked for";
                return Err(Error::new(Reason::ProtocolEncoding, message));
            }
            if matches!(head.ending, Ending::Length(told) if told > self.limit as u64) {
                return Err(self.too_large());
            }
        }
        self.add(&bytes[..count])?;
        Ok(self.framing.is_complete())
    }

    fn too_large(&self) -> Error {
        let message = format!("the server's answer is longer than {} bytes", self.limit);
        let error = Error::new(Reason::ProtocolTooLarge, message);
        if self.is_callers { error.with_hint(RAISE_LIMIT) } else { error }
    }

    fn add(&mut self, more: &[u8]) -> Result<()> {
        if self.body.len() + more.len() > self.limit {
            return Err(self.too_large());
        }
        self.body.add(more, self.told())
    }

    /// How long the body is, if the head told it.
    fn told(&self) -> Option<usize> {
        match self.framing.head.as_ref().map(|head| head.ending) {
            Some(Ending::Length(told)) => usize::try_from(told).ok(),
            _ => None,
        }
    }

    /// Receives a part of a long body where it is to stay, by `read`; `None` where that is not worth it. Whether the
    /// answer is complete.
    pub fn receive_body(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> Option<Result<bool>> {
        let most = self.framing.of_body().min(self.limit.saturating_sub(self.body.len()));
        if most < WORTH_IT {
            return None;
        }
        let told = self.told();
        let room = self.body.next(most, told);
        if room.is_empty() {
            return None;
        }
        let length = room.len();
        let outcome = read(room);
        self.body.keep(length, *outcome.as_ref().unwrap_or(&0));
        Some(match outcome {
            Ok(0) => Err(self.about(io_error(&io::ErrorKind::UnexpectedEof.into()))),
            Ok(count) => {
                self.framing.passed(count);
                Ok(self.framing.is_complete())
            }
            Err(error) => Err(self.about(io_error(&error))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hidden::Hidden;
    use crate::wire::http::Method;

    fn unseen(url: &str, login: &str) -> Result<Unseen> {
        let login = Hidden::new(login);
        let (url, body) = (Hidden::new(url), Some((&b"content"[..], "text/plain")));
        let authorization = Some(&login);
        let request = Request {
            method: Method::Post,
            url,
            authorization,
            body,
            fields: &[],
            limit: 10,
            wants_fields: false,
            once: false,
        };
        Unseen::new(&request, 0)
    }

    #[test]
    fn what_is_kept_back_is_put_in() {
        let (line, first, last) = ("POST /****** HTTP/1.1\r\n", "host: h:1\r\n", "accept: */*\r\n\r\n");
        let sent = "POST /a/b?c=d HTTP/1.1\r\nauthorization: Basic x\r\nhost: h:1\r\naccept: */*\r\n\r\ncontent";
        for pieces in [vec![[line, first, last].concat()], [line, first, last].map(str::to_owned).into()] {
            let mut unseen = unseen("http://h:1/a/b?c=d", "Basic x").unwrap();
            let mut outbox = Wiped::default();
            for piece in pieces.into_iter().chain(["***".into(), "****".into()]) {
                unseen.replace(piece.as_bytes(), &mut outbox);
            }
            assert_eq!(String::from_utf8_lossy(&outbox), sent);
        }
    }

    #[test]
    fn nothing_ends_a_line() {
        for (url, login) in
            [("http://h:1/a b", "x"), ("http://h:1/a\r\nb", "x"), ("http://h:1/", "x\r\ny"), ("h:1", "x")]
        {
            assert!(unseen(url, login).is_err(), "{url:?} {login:?}");
        }
    }

    #[test]
    fn an_answer_is_kept_up_to_its_limit() {
        let answer = |body: &str, fields: &str| {
            let mut incoming = unseen("http://h:1/", "x").unwrap().incoming();
            let mut head = format!("HTTP/1.1 200 canary\r\nSet-Cookie: canary\r\n{fields}\r\n").into_bytes();
            incoming.take(&mut head)?;
            for piece in body.as_bytes().chunks(3) {
                incoming.take(&mut piece.to_vec())?;
            }
            incoming.take(&mut [])?;
            let mut unseen = unseen("http://h:1/", "x")?;
            let seen = unseen.keep(incoming)?;
            Ok::<_, Error>((String::from_utf8(seen).unwrap(), unseen.answer.unwrap().1.to_vec()))
        };
        let (closed, kept) = ("HTTP/1.1 200\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", b"0123456789".to_vec());
        let open = closed.replace("connection: close\r\n", "");
        assert_eq!(answer("0123456789", "").unwrap(), (closed.to_owned(), kept.clone()));
        assert_eq!(answer("0123456789", "Content-Length: 10\r\n").unwrap(), (open, kept.clone()));
        assert_eq!(answer("0123456789more", "Content-Length: 10\r\n").unwrap(), (closed.to_owned(), kept));
        for (body, fields, reason) in [
            ("0123456789x", "", Reason::ProtocolTooLarge),
            ("", "Content-Length: 11\r\n", Reason::ProtocolTooLarge),
            ("012345678", "Content-Length: 10\r\n", Reason::ConnectClosed),
            ("", "Content-Length: 0\r\nContent-Encoding: br\r\n", Reason::ProtocolEncoding),
        ] {
            let error = answer(body, fields).unwrap_err();
            assert_eq!((error.reason(), error.http_status()), (reason, 200), "{body} {fields}");
        }
    }
}
