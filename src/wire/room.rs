//! Room for an answer's body, which never takes much more memory than the body itself.

use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::platform::MOVES_PAGES;

/// A body whose length is not told gets so much room at first.
const FIRST_ROOM: usize = 4096;
/// A body that may not be longer than this stands in one piece from the beginning.
const ONE_PIECE: usize = 1024 * 1024;
/// A longer one comes in pieces of this size where its length is not told.
const PIECE: usize = 64 * 1024;
/// When so much has come in pieces, and long blocks grow without a copy, the rest comes in one.
const MANY_PIECES: usize = 4 * 1024 * 1024;
/// As much of it is received at once.
const AT_ONCE: usize = 256 * 1024;

/// A body as far as it has come. Wiped when dropped.
#[derive(Debug)]
pub struct Room {
    limit: usize,
    /// Pieces that are full.
    full: Vec<Wiped<Vec<u8>>>,
    /// The piece that is being filled.
    last: Wiped<Vec<u8>>,
    length: usize,
    /// Whether the last piece is one that grows as far as the body does.
    grows: bool,
}

impl Room {
    /// For a body that is not longer than `limit`.
    pub fn new(limit: usize) -> Room {
        Room { limit, full: Vec::new(), last: Wiped::default(), length: 0, grows: false }
    }

    /// How long the body is so far.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Adds to the body, whose length may have been told. The caller has seen to the limit.
    pub fn add(&mut self, mut more: &[u8], told: Option<usize>) -> Result<()> {
        self.length += more.len();
        if MOVES_PAGES && self.full.len() * PIECE >= MANY_PIECES {
            self.join(longer(self.length).min(self.limit.saturating_add(1)))?;
            self.grows = true;
        }
        let piece = match told {
            Some(told) => told,
            None if self.limit <= ONE_PIECE || self.grows => self.limit,
            None => PIECE,
        };
        while !more.is_empty() {
            if self.last.len() == piece {
                let full = std::mem::replace(&mut self.last, room_for(PIECE)?);
                self.full.push(full);
            }
            let (now, later) = more.split_at(more.len().min(piece.saturating_sub(self.last.len())).max(1));
            self.grow(now.len(), piece, told)?;
            self.last.extend_from_slice(now);
            more = later;
        }
        Ok(())
    }

    /// A place for up to `most` of the bytes that come next, zeros so far; [`Room::keep`] is told how many came. Empty until
    /// the first bytes were added by [`Room::add`], which makes the room.
    pub fn next(&mut self, most: usize, told: Option<usize>) -> &mut [u8] {
        let free = match told {
            Some(told) => told - self.last.len(),
            // The last byte of a piece comes by `add`, which begins the next one.
            None => self.last.capacity().saturating_sub(self.last.len() + 1),
        };
        let (filled, more) = (self.last.len(), free.min(most).min(AT_ONCE));
        if filled + more > self.last.capacity() {
            return &mut [];
        }
        self.last.resize(filled + more, 0);
        &mut self.last[filled..]
    }

    /// Of the bytes of the place that [`Room::next`] gave, which was so long, so many came.
    pub fn keep(&mut self, room: usize, count: usize) {
        let filled = self.last.len() - room;
        self.last.truncate(filled + count);
        self.length += count;
    }

    /// Makes room for more in the last piece: by four and up to a third of its size, so that old and new room together
    /// stay well below one and a half of it.
    fn grow(&mut self, more: usize, piece: usize, told: Option<usize>) -> Result<()> {
        let (filled, length) = (self.last.len(), self.last.len() + more);
        if length <= self.last.capacity() {
            return Ok(());
        }
        let step = piece / 3;
        let room = match filled {
            // With a place for the 0 byte that C gets behind it.
            0 => told.map_or(FIRST_ROOM, |told| told.saturating_add(1)),
            _ if self.grows => longer(length),
            _ if filled < step => step.min(filled * 4),
            _ => piece,
        };
        let room = room.clamp(length, piece.max(length).saturating_add(1));
        if self.grows {
            return reserve(&mut self.last, room - filled);
        }
        let mut larger = room_for(room)?;
        larger.extend_from_slice(&self.last);
        self.last = larger;
        Ok(())
    }

    /// Puts all pieces into one, with so much room.
    fn join(&mut self, room: usize) -> Result<()> {
        let mut whole = room_for(room)?;
        // Each piece is freed when it has been copied.
        for piece in self.full.drain(..) {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&self.last);
        self.last = whole;
        Ok(())
    }

    /// The whole body in one piece.
    pub fn into_whole(mut self) -> Result<Wiped<Vec<u8>>> {
        if !self.full.is_empty() {
            self.join(self.length + 1)?;
        }
        Ok(std::mem::take(&mut self.last))
    }
}

/// Room for more than so many bytes in a block that grows: not much more, because all of it is wiped in the end.
fn longer(bytes: usize) -> usize {
    bytes.saturating_add(MANY_PIECES.max(bytes / 8))
}

/// So much memory, if there is any: a length that a server told may be anything.
fn room_for(bytes: usize) -> Result<Wiped<Vec<u8>>> {
    let mut room: Wiped<Vec<u8>> = Wiped::default();
    reserve(&mut room, bytes)?;
    Ok(room)
}

/// The same for bytes that come behind what is there already.
fn reserve(room: &mut Wiped<Vec<u8>>, bytes: usize) -> Result<()> {
    room.try_reserve_exact(bytes).map_err(|_| {
        let message = format!("there is no memory for {bytes} bytes of the server's answer");
        Error::new(Reason::ConnectResource, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_whole_however_it_is_cut() {
        let body: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        for (limit, told) in [(ONE_PIECE, None), (ONE_PIECE + 1, None), (64 << 20, None), (64 << 20, Some(body.len()))]
        {
            for size in [1, 1000, PIECE, PIECE + 1, usize::MAX] {
                let mut room = Room::new(limit);
                for part in body.chunks(size.min(body.len())) {
                    room.add(part, told).unwrap();
                }
                assert_eq!(room.len(), body.len());
                assert!(*room.into_whole().unwrap() == body, "{limit} {told:?} by {size}");
            }
        }
        assert_eq!(Room::new(10).into_whole().unwrap().len(), 0);
    }

    #[test]
    fn what_is_received_in_its_place_stands_there() {
        let body: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        for told in [None, Some(body.len())] {
            for (most, short) in [(usize::MAX, 0), (1000, 7), (PIECE, 1)] {
                let (mut room, mut rest) = (Room::new(64 << 20), &body[..]);
                while !rest.is_empty() {
                    let next = room.next(most.min(rest.len()), told);
                    let (length, count) = (next.len(), next.len().saturating_sub(short));
                    next[..count].copy_from_slice(&rest[..count]);
                    room.keep(length, count);
                    rest = &rest[count..];
                    // What comes with the head, with the lines of chunks, and at the end of a piece.
                    let (copied, later) = rest.split_at(rest.len().min(100));
                    room.add(copied, told).unwrap();
                    rest = later;
                }
                assert!(*room.into_whole().unwrap() == body, "{told:?} {most} {short}");
            }
        }
    }

    #[test]
    fn no_more_room_than_the_body_takes() {
        let mut room = Room::new(64 << 20);
        room.add(b"x", Some(5000)).unwrap();
        assert_eq!(room.last.capacity(), 5001);
        let mut room = Room::new(64 << 20);
        for _ in 0..1000 {
            room.add(&[0; 1000], None).unwrap();
        }
        let taken = room.full.iter().map(|piece| piece.capacity()).sum::<usize>() + room.last.capacity();
        assert!(taken <= 1_000_000 + PIECE, "{taken}");
    }

    /// In pieces, and from some length on in a block that grows.
    #[test]
    fn a_long_body_of_unknown_length_has_room_for_the_byte_behind_it_and_not_for_much_more() {
        let body: Vec<u8> = (0..11 * MANY_PIECES / 2).map(|number| (number % 251) as u8).collect();
        for (length, size) in
            [(body.len(), 1_000_000), (body.len(), 3000), (MANY_PIECES + PIECE + 1, 5000), (MANY_PIECES, 4096)]
        {
            let mut room = Room::new(64 << 20);
            for part in body[..length].chunks(size) {
                let (received, added) = part.split_at(part.len() / 2);
                let place = room.next(received.len(), None);
                let count = place.len();
                place.copy_from_slice(&received[..count]);
                room.keep(count, count);
                room.add(&received[count..], None).unwrap();
                room.add(added, None).unwrap();
            }
            let whole = room.into_whole().unwrap();
            assert!(*whole == body[..length], "{length} by {size}");
            assert!((length + 1..=longer(length)).contains(&whole.capacity()), "{length} by {size}");
        }
    }

    #[test]
    fn a_length_that_no_memory_has_is_an_error() {
        let error = Room::new(usize::MAX).add(b"x", Some(usize::MAX)).unwrap_err();
        assert_eq!(error.reason(), Reason::ConnectResource);
    }
}
