//! What may come back on the wire: where an answer's head and body begin and end. Strict, because many readers
//! accept more than one reading of some answers, and any number of bytes of others.

use crate::error::Result;
pub use crate::wire::head::HEAD_LIMIT;
use crate::wire::head::{
    Ending, HEAD_END, Head, MAX_FIELDS, Wanted, ends_elsewhere, framing, head_too_large, read_head, too_large,
    too_many_fields,
};

/// No more interim answers (1xx) may come before the answer.
const MAX_INTERIM: u32 = 8;
/// Room for the line of a chunk's size, extensions included.
const CHUNK_LINE_LIMIT: usize = 4096;
/// An answer may have so much more in the extensions of its chunks than twice what is in the chunks.
const EXTENSIONS_LIMIT: u64 = 16 * 1024;
/// Room for the fields after the last chunk.
const TRAILER_LIMIT: usize = 8 * 1024;

/// How far an answer has come.
#[derive(Debug)]
pub struct Framing {
    stage: Stage,
    wanted: Wanted,
    /// A head, a chunk's line or a trailer that is not complete yet.
    pending: Vec<u8>,
    interim: u32,
    /// Bytes of extensions beyond what the chunks so far may have.
    extensions: u64,
    /// The answer's head, once it has come.
    pub head: Option<Head>,
    /// Whether more came than the answer.
    surplus: bool,
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
        Framing::new(Wanted::default())
    }
}

impl Framing {
    /// The answer to come, to a request that wanted this of it.
    pub fn new(wanted: Wanted) -> Framing {
        let stage = Stage::Head;
        Framing { stage, wanted, pending: Vec::new(), interim: 0, extensions: 0, head: None, surplus: false }
    }

    /// Checks the next bytes of the answer, and takes everything out of them that is not of its body; how many bytes
    /// are left.
    pub fn feed(&mut self, bytes: &mut [u8]) -> Result<usize> {
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() {
            let rest = &bytes[at..];
            // The bytes of the body come first.
            let (used, keep) = match self.stage {
                Stage::Head => (self.feed_head(rest)?, 0),
                Stage::ChunkLine => (self.feed_chunk_line(rest)?, 0),
                Stage::Trailer => (self.feed_trailer(rest)?, 0),
                Stage::Length(left) => {
                    let used = shorter(left, rest);
                    self.stage = body_left(left - used as u64);
                    (used, used)
                }
                Stage::Chunk(left) => (self.feed_chunk(left, rest)?, shorter(left.saturating_sub(2), rest)),
                Stage::UntilClose => (rest.len(), rest.len()),
                Stage::Complete => {
                    self.surplus = true;
                    (rest.len(), 0)
                }
            };
            if at != kept {
                bytes.copy_within(at..at + keep, kept);
            }
            kept += keep;
            at += used;
        }
        bytes[kept..].fill(0);
        Ok(kept)
    }

    /// How many bytes come next that are of the body alone.
    pub fn of_body(&self) -> usize {
        match self.stage {
            Stage::Length(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Stage::Chunk(left) => usize::try_from(left.saturating_sub(2)).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// So many of them have come by another way than [`Framing::feed`].
    pub fn passed(&mut self, count: usize) {
        self.stage = match self.stage {
            Stage::Length(left) => body_left(left - count as u64),
            Stage::Chunk(left) => Stage::Chunk(left - count as u64),
            other => other,
        };
    }

    /// Whether the whole answer has come.
    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    /// Whether the whole answer has come if the connection ends here.
    pub fn may_end(&self) -> bool {
        matches!(self.stage, Stage::UntilClose | Stage::Trailer | Stage::Complete)
    }

    /// Whether the connection can carry another request: both sides want that, and nothing came that was not asked for.
    pub fn keeps_connection(&self) -> bool {
        self.is_complete() && !self.surplus && self.head.as_ref().is_some_and(|head| head.keeps_connection)
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
        let whole =
            if self.pending.is_empty() { read_head(&bytes[..bytes.len().min(HEAD_LIMIT)], self.wanted)? } else { None };
        let (used, head) = match whole {
            // Most heads come in one piece, and need no copy.
            Some(whole) => whole,
            None => {
                let (used, complete) = self.take_until(HEAD_END, HEAD_LIMIT, bytes);
                if self.pending.len() > HEAD_LIMIT {
                    return Err(head_too_large());
                }
                // What is no HTTP at all is told at once, not when its 16 KiB have come.
                match read_head(&self.pending, self.wanted)? {
                    Some((_, head)) if complete => (used, head),
                    None if !complete => return Ok(used),
                    _ => return Err(ends_elsewhere()),
                }
            }
        };
        self.pending.clear();
        let Some(head) = head else {
            self.interim += 1;
            return if self.interim > MAX_INTERIM {
                Err(framing("it begins with too many interim answers"))
            } else {
                Ok(used)
            };
        };
        self.stage = match head.ending {
            Ending::Length(length) => body_left(length),
            Ending::Chunked => Stage::ChunkLine,
            Ending::UntilClose => Stage::UntilClose,
        };
        self.head = Some(head);
        Ok(used)
    }

    fn feed_chunk_line(&mut self, bytes: &[u8]) -> Result<usize> {
        let (used, complete) = self.take_until(b"\r\n", CHUNK_LINE_LIMIT, bytes);
        let bad = || framing("a chunk has no valid size");
        if !self.pending[0].is_ascii_hexdigit() || !complete && self.pending.len() > CHUNK_LINE_LIMIT {
            return Err(bad());
        }
        // Whatever comes behind the first of the two has to be the second.
        let line_end = self.pending.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        if line_end.is_some_and(|end| !b"\r\n".starts_with(&self.pending[end..])) {
            return Err(bad());
        }
        if !complete {
            return Ok(used);
        }
        let chunk = match httparse::parse_chunk_size(&self.pending) {
            Ok(httparse::Status::Complete((_, chunk))) => chunk,
            _ => return Err(bad()),
        };
        let extension = (self.pending.len() - 2 - digits(&self.pending)) as u64;
        self.extensions = (self.extensions + extension).saturating_sub(chunk.saturating_mul(2));
        if self.extensions > EXTENSIONS_LIMIT {
            return Err(too_large("the server's answer has more in the extensions of its chunks than in them".into()));
        }
        self.pending.clear();
        self.stage = match chunk {
            0 => Stage::Trailer,
            size => Stage::Chunk(size.checked_add(2).filter(|size| *size < 1 << 62).ok_or_else(bad)?),
        };
        Ok(used)
    }

    fn feed_chunk(&mut self, left: u64, bytes: &[u8]) -> Result<usize> {
        let used = shorter(left, bytes);
        // The last two bytes must be a line break.
        let at = |from_end| usize::try_from(left.checked_sub(from_end)?).ok();
        let byte = |from_end| at(from_end).and_then(|index| bytes[..used].get(index));
        if byte(2).is_some_and(|byte| *byte != b'\r') || byte(1).is_some_and(|byte| *byte != b'\n') {
            return Err(framing("a chunk is longer than it said"));
        }
        let left = left - used as u64;
        self.stage = if left == 0 { Stage::ChunkLine } else { Stage::Chunk(left) };
        Ok(used)
    }

    fn feed_trailer(&mut self, bytes: &[u8]) -> Result<usize> {
        let start = self.pending.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (used, complete) = self.take_until(b"\r\n", TRAILER_LIMIT, bytes);
        if self.pending.len() > TRAILER_LIMIT {
            return Err(too_large(format!("the fields after the answer's body are longer than {TRAILER_LIMIT} bytes")));
        }
        let line = &self.pending[start..];
        // Where a line ends would otherwise depend on how the answer is cut.
        if line.iter().enumerate().any(|(index, byte)| *byte == b'\n' && !line[..index].ends_with(b"\r")) {
            return Err(framing("a field after its body ends in half a line break"));
        }
        let is_last = line.starts_with(b"\r");
        if is_last && !b"\r\n".starts_with(line) {
            return Err(framing("a field after its body begins with half a line break"));
        }
        if is_last && complete {
            check_fields(&self.pending)?;
            self.pending.clear();
            self.stage = Stage::Complete;
        }
        Ok(used)
    }
}

/// Whether the fields after a body are fields; nobody reads them.
fn check_fields(trailer: &[u8]) -> Result<()> {
    match httparse::parse_headers(trailer, &mut [httparse::EMPTY_HEADER; MAX_FIELDS]) {
        Ok(_) => Ok(()),
        Err(httparse::Error::TooManyHeaders) => Err(too_many_fields()),
        Err(_) => Err(framing("a field after its body is malformed")),
    }
}

/// How many hexadecimal digits a text begins with.
fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count()
}

fn shorter(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

fn body_left(left: u64) -> Stage {
    if left == 0 { Stage::Complete } else { Stage::Length(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    /// The reason for which an answer is refused, however it is cut into pieces.
    fn refused(answer: &[u8]) -> Option<Reason> {
        let (whole, bytewise) = (kept(answer, usize::MAX), kept(answer, 1));
        assert_eq!(whole, bytewise, "{}", String::from_utf8_lossy(answer));
        whole.err()
    }

    /// The body of an answer that comes in pieces of this size.
    fn kept(answer: &[u8], size: usize) -> std::result::Result<Vec<u8>, Reason> {
        let mut framing = Framing::default();
        let mut left = Vec::new();
        for piece in answer.chunks(size.min(answer.len())) {
            let mut piece = piece.to_vec();
            let count = framing.feed(&mut piece).map_err(|error| error.reason())?;
            assert!(piece[count..].iter().all(|byte| *byte == 0));
            left.extend_from_slice(&piece[..count]);
        }
        Ok(left)
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
    fn only_the_body_is_left() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let long = "x".repeat(4000);
        for (sent, left) in [
            ("2\r\n{}\r\n0\r\n\r\n", "{}"),
            ("2;a=b\r\n{}\r\n0;last\r\n\r\n", "{}"),
            (&*format!("1;{long}\r\n{{\r\n1 ; q=\"{long}\"\r\n}}\r\n0\r\n\r\n"), "{}"),
            ("2\r\n{}\r\n0\r\nX: y\r\nZ: 1\r\n\r\n", "{}"),
            ("A;a0\r\n0123456789\r\n0;f\r\nX: 0\r\n\r\nmore", "0123456789"),
        ] {
            let answer = [head, sent].concat();
            for size in [1, 2, 3, 7, 64, usize::MAX] {
                assert_eq!(kept(answer.as_bytes(), size), Ok(left.as_bytes().to_vec()), "{sent} by {size}");
            }
        }
        for body in [
            "2;a\rb\r\n{}\r\n",
            "2;a\nb\r\n{}\r\n",
            "2\r;\r\n",
            "0\r\n\rX: y\r\n\r\n",
            "0\r\nX: y\r\n\rZ\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\nX: y\n\n",
            "0\r\nX: y\r\nZ\n\r\n",
            "0\r\n\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\n: no name\r\n\r\n",
            "0\r\nX: a\r\n folded\r\n\r\n",
            "0\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert_eq!(refused([head, body].concat().as_bytes()), Some(Reason::ProtocolFraming), "{body:?}");
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
        let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(1400));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &trailers), Some(Reason::ProtocolTooLarge));
        let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(101));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &trailers), Some(Reason::ProtocolTooLarge));
        let line = format!("2;{}\r\n{{}}\r\n", "x".repeat(4100));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &line), Some(Reason::ProtocolFraming));
        let line = format!("2;{}\r\n{{}}\r\n", "x".repeat(4000));
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &line.repeat(4)), None);
        assert_eq!(with_fields("Transfer-Encoding: chunked\r\n", &line.repeat(5)), Some(Reason::ProtocolTooLarge));
    }
}
