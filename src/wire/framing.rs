//! What may come back on the wire: checks an answer's bytes before the HTTP crate sees them, because
//! that crate accepts more than one reading of some answers, and any number of bytes of others.

use crate::error::{Error, Reason, Result};

/// Room for a status line and headers.
pub const HEAD_LIMIT: usize = 16 * 1024;
/// What a head ends with.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// No answer may have more fields.
const MAX_FIELDS: usize = 100;
/// No more interim answers (1xx) may come before the answer.
const MAX_INTERIM: u32 = 8;
/// Room for the line of a chunk's size, extensions included.
const CHUNK_LINE_LIMIT: usize = 256;
/// Room for the fields after the last chunk.
const TRAILER_LIMIT: usize = 1024;

/// How far an answer has come.
#[derive(Debug)]
pub struct Framing {
    stage: Stage,
    /// A head, a chunk's line or a trailer that is not complete yet.
    pending: Vec<u8>,
    interim: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Head,
    Length(u64),
    ChunkLine,
    /// Bytes left of a chunk, the line break at its end included.
    Chunk(u64),
    Trailer,
    /// The body ends with the connection.
    UntilClose,
    /// Complete. What comes now belongs to no answer; the connection will not be used again.
    Complete,
}

impl Default for Framing {
    fn default() -> Framing {
        Framing { stage: Stage::Head, pending: Vec::new(), interim: 0 }
    }
}

impl Framing {
    /// Checks the next bytes of the answer.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let used = match self.stage {
                Stage::Head => self.feed_head(bytes)?,
                Stage::ChunkLine => self.feed_chunk_line(bytes)?,
                Stage::Trailer => self.feed_trailer(bytes)?,
                Stage::Length(left) => {
                    let used = shorter(left, bytes);
                    self.stage = body_left(left - used as u64);
                    used
                }
                Stage::Chunk(left) => self.feed_chunk(left, bytes)?,
                Stage::UntilClose | Stage::Complete => return Ok(()),
            };
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// Takes bytes up to the end of a part that ends in `end`; how many, and whether the part is complete.
    fn take_until(&mut self, end: &[u8], limit: usize, bytes: &[u8]) -> (usize, bool) {
        let room = (limit + 1).saturating_sub(self.pending.len());
        let bytes = &bytes[..bytes.len().min(room)];
        let mut used = 0;
        self.pending.reserve(bytes.len());
        // Every part ends with a line.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(line);
            used += line.len();
            if self.pending.ends_with(end) {
                return (used, true);
            }
        }
        (used, false)
    }

    fn feed_head(&mut self, bytes: &[u8]) -> Result<usize> {
        let whole = if self.pending.is_empty() { read_head(&bytes[..bytes.len().min(HEAD_LIMIT)])? } else { None };
        let (used, head) = match whole {
            // Most heads come in one piece, and need no copy.
            Some(whole) => whole,
            None => {
                let (used, complete) = self.take_until(HEAD_END, HEAD_LIMIT, bytes);
                if self.pending.len() > HEAD_LIMIT {
                    return Err(head_too_large());
                }
                // What is no HTTP at all is told at once, not when its 16 KiB have come.
                match read_head(&self.pending)? {
                    Some((_, head)) if complete => (used, head),
                    None if !complete => return Ok(used),
                    _ => return Err(ends_elsewhere()),
                }
            }
        };
        self.pending.clear();
        self.stage = match head {
            Head::Interim => {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return Err(framing("it begins with too many interim answers"));
                }
                Stage::Head
            }
            Head::Length(length) => body_left(length),
            Head::Chunked => Stage::ChunkLine,
            Head::UntilClose => Stage::UntilClose,
        };
        Ok(used)
    }

    fn feed_chunk_line(&mut self, bytes: &[u8]) -> Result<usize> {
        let (used, complete) = self.take_until(b"\r\n", CHUNK_LINE_LIMIT, bytes);
        if !complete {
            let bad = self.pending.len() > CHUNK_LINE_LIMIT || !self.pending[0].is_ascii_hexdigit();
            return if bad { Err(framing("a chunk has no valid size")) } else { Ok(used) };
        }
        let bad = || framing("a chunk has no valid size");
        if !self.pending[0].is_ascii_hexdigit() || self.pending[..self.pending.len() - 2].contains(&b'\n') {
            return Err(bad());
        }
        let size = match httparse::parse_chunk_size(&self.pending) {
            Ok(httparse::Status::Complete((_, size))) => size,
            _ => return Err(bad()),
        };
        self.pending.clear();
        self.stage = match size {
            0 => Stage::Trailer,
            size => Stage::Chunk(size.checked_add(2).filter(|size| *size < 1 << 62).ok_or_else(bad)?),
        };
        Ok(used)
    }

    fn feed_chunk(&mut self, left: u64, bytes: &[u8]) -> Result<usize> {
        let used = shorter(left, bytes);
        // The last two bytes must be a line break.
        for (index, byte) in bytes[..used].iter().enumerate() {
            let wanted = match left - index as u64 {
                2 => b'\r',
                1 => b'\n',
                _ => continue,
            };
            if *byte != wanted {
                return Err(framing("a chunk is longer than it said"));
            }
        }
        let left = left - used as u64;
        self.stage = if left == 0 { Stage::ChunkLine } else { Stage::Chunk(left) };
        Ok(used)
    }

    fn feed_trailer(&mut self, bytes: &[u8]) -> Result<usize> {
        let (used, line) = self.take_until(b"\r\n", TRAILER_LIMIT, bytes);
        if self.pending.len() > TRAILER_LIMIT {
            return Err(too_large(format!("the fields after the answer's body are longer than {TRAILER_LIMIT} bytes")));
        }
        if line && (self.pending == b"\r\n" || self.pending.ends_with(b"\r\n\r\n")) {
            self.pending.clear();
            self.stage = Stage::Complete;
        }
        Ok(used)
    }
}

fn shorter(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

fn body_left(left: u64) -> Stage {
    if left == 0 { Stage::Complete } else { Stage::Length(left) }
}

fn framing(what: &str) -> Error {
    Error::new(Reason::ProtocolFraming, format!("the server's answer is not valid HTTP: {what}"))
}

/// The error for a head, or a line of one, that does not fit into its room.
pub fn head_too_large() -> Error {
    too_large(format!("the head of the server's answer is longer than {HEAD_LIMIT} bytes"))
}

fn too_large(message: String) -> Error {
    Error::new(Reason::ProtocolTooLarge, message)
}

/// What a head says about what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// 1xx: the answer itself is still to come.
    Interim,
    Length(u64),
    Chunked,
    UntilClose,
}

fn ends_elsewhere() -> Error {
    framing("its head ends in another place than a line break twice")
}

/// The length and the meaning of the head that these bytes begin with; `None` while it is not complete.
fn read_head(bytes: &[u8]) -> Result<Option<(usize, Head)>> {
    // httparse passes over empty lines, and whether two of them are a head of their own would depend on the cut.
    if bytes.starts_with(b"\r") || bytes.starts_with(b"\n") {
        return Err(framing("it begins with an empty line"));
    }
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let used = match response.parse(bytes) {
        Ok(httparse::Status::Complete(used)) if bytes[..used].ends_with(HEAD_END) => used,
        Ok(httparse::Status::Complete(_)) => return Err(ends_elsewhere()),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(too_large(format!("the server's answer has more than {MAX_FIELDS} fields")));
        }
        Err(_) => return Err(framing("its head is malformed")),
    };
    let status = response.code.unwrap_or(0);
    if (100..200).contains(&status) {
        return if status == 101 { Err(framing("it switches protocols")) } else { Ok(Some((used, Head::Interim))) };
    }
    let values = |name: &'static str| {
        let named = response.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value)
    };
    let length = length(values("content-length"))?;
    let mut codings = values("transfer-encoding");
    let coding = (codings.next(), codings.next());
    match (length, coding) {
        (Some(_), (Some(_), _)) => return Err(framing("it has both a length and a transfer encoding")),
        (None, (Some(_), Some(_))) => return Err(framing("its transfer encoding is not \"chunked\"")),
        (None, (Some(only), None)) if !only.eq_ignore_ascii_case(b"chunked") => {
            return Err(framing("its transfer encoding is not \"chunked\""));
        }
        (None, (Some(_), None)) if response.version == Some(0) => return Err(framing("HTTP/1.0 knows no chunks")),
        _ => {}
    }
    let head = match length {
        _ if matches!(status, 204 | 304) => Head::Length(0),
        Some(length) => Head::Length(length),
        None if coding.0.is_some() => Head::Chunked,
        None => Head::UntilClose,
    };
    Ok(Some((used, head)))
}

/// The one length that all fields agree on.
fn length<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>> {
    let bad = || framing("its length is not one number");
    let mut told = None;
    for field in fields {
        let digits = std::str::from_utf8(field)
            .ok()
            .filter(|text| (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()));
        let length: u64 = digits.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
        if told.is_some_and(|told| told != length) {
            return Err(bad());
        }
        told = Some(length);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reason for which an answer is refused, however it is cut into pieces.
    fn refused(answer: &[u8]) -> Option<Reason> {
        let whole = Framing::default().feed(answer).err().map(|error| error.reason());
        let mut framing = Framing::default();
        let bytewise = answer.iter().find_map(|byte| framing.feed(&[*byte]).err()).map(|error| error.reason());
        assert_eq!(whole, bytewise, "{}", String::from_utf8_lossy(answer));
        whole
    }

    fn with_fields(fields: &str, body: &str) -> Option<Reason> {
        refused(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}").as_bytes())
    }

    #[test]
    fn good_answers_pass() {
        for (fields, body) in [
            ("Content-Length: 2\r\n", "{}"),
            ("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
            ("Content-Length: 2\r\n", "{}and more that nobody reads"),
            ("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
            ("Transfer-Encoding: Chunked\r\n", "2;a=b\r\n{}\r\n0\r\nX: y\r\nZ: 1\r\n\r\n"),
            ("", "{} until the end"),
            ("X-Empty:\r\n", ""),
        ] {
            assert_eq!(with_fields(fields, body), None, "{fields}{body}");
        }
        assert_eq!(refused(b"HTTP/1.0 200 OK\r\n\r\n{}"), None);
        assert_eq!(refused(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), None);
    }

    #[test]
    fn answers_that_begin_with_an_empty_line_are_refused() {
        for start in ["\r\n", "\r\n\r\n", "\n", "\n\r\n\r\n"] {
            let answer = format!("{start}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{{}}");
            assert_eq!(refused(answer.as_bytes()), Some(Reason::ProtocolFraming), "{start:?}");
        }
    }

    #[test]
    fn lengths_that_can_be_read_in_two_ways_are_refused() {
        for fields in [
            "Content-Length: 2\r\nContent-Length: 3\r\n",
            "Content-Length: 2, 2\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: +2\r\n",
            "Content-Length:\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length: 0x2\r\n",
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding:\r\n",
        ] {
            assert_eq!(with_fields(fields, "{}"), Some(Reason::ProtocolFraming), "{fields}");
        }
        assert_eq!(refused(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Some(Reason::ProtocolFraming));
    }

    #[test]
    fn heads_that_are_none_are_refused() {
        for head in [
            "nonsense\r\n\r\n",
            "SSH-2.0-OpenSSH_9.6\r\n",
            "\u{15}\u{3}\u{1}\0\u{2}\u{2}F",
            "HTTP/0.9 200 OK\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "<html>",
            "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200 OK\r\nX: y\n\nX: z\r\n\r\n",
        ] {
            assert_eq!(refused(head.as_bytes()), Some(Reason::ProtocolFraming), "{head:?}");
        }
    }

    #[test]
    fn chunks_are_what_they_say() {
        for body in [
            "+2\r\n{}\r\n0\r\n\r\n",
            "\r\n{}",
            "x\r\n",
            "2\r\n{}x\r\n",
            "2\r\n{}\r\nz",
            "8000000000000000\r\n",
            "ffffffffffffffff\r\n",
            "00000000000000002\r\n",
            "2\n{}\r\n",
        ] {
            assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", body), Some(Reason::ProtocolFraming), "{body:?}");
        }
    }

    #[test]
    fn nothing_is_endless() {
        let interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
        assert_eq!(refused(interim.repeat(8).as_bytes()), None);
        assert_eq!(refused(interim.repeat(9).as_bytes()), Some(Reason::ProtocolFraming));
        assert_eq!(with_fields(&"X: y\r\n".repeat(100), ""), None);
        assert_eq!(with_fields(&"X: y\r\n".repeat(101), ""), Some(Reason::ProtocolTooLarge));
        assert_eq!(with_fields(&format!("X: {}\r\n", "y".repeat(HEAD_LIMIT)), ""), Some(Reason::ProtocolTooLarge));
        let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(200));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &trailers), Some(Reason::ProtocolTooLarge));
        let line = format!("2;{}\r\n{{}}\r\n", "x".repeat(300));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &line), Some(Reason::ProtocolFraming));
    }
}
