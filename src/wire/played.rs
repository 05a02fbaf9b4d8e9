//! A server in memory, and time that passes at once.
//!
//! While a server is being played every connection is one to it: no socket is opened. There is one such world
//! in a process, so whoever plays has it alone.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Reason, Result};
use crate::platform::clock::{self, sleep};
use crate::wire::deadline::current_deadline;

/// How a server behaves, whatever it says; each bit of it is one habit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner(pub u8);

impl Manner {
    /// How many bytes come at once.
    fn piece(self) -> usize {
        [usize::MAX, 1, 7, 1000][usize::from(self.0 & 3)]
    }

    /// Whether it takes a second for each piece.
    fn is_slow(self) -> bool {
        self.0 & 4 != 0
    }

    /// Whether it says nothing more when it has nothing more to say, instead of closing the connection.
    fn is_silent(self) -> bool {
        self.0 & 8 != 0
    }

    /// Whether it resets connections instead of closing them.
    fn resets(self) -> bool {
        self.0 & 16 != 0
    }

    /// Whether it takes no request at all.
    fn takes_nothing(self) -> bool {
        self.0 & 32 != 0
    }

    /// Whether nobody is there at the first attempt to connect.
    fn is_late(self) -> bool {
        self.0 & 64 != 0
    }
}

#[derive(Default)]
struct World {
    is_played: bool,
    answers: VecDeque<Vec<u8>>,
    manner: Manner,
    dials: u32,
    requests: Vec<Vec<u8>>,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

fn world() -> MutexGuard<'static, Option<World>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn change<T>(body: impl FnOnce(&mut World) -> T) -> T {
    body(world().get_or_insert_default())
}

/// Plays a server from now on that gives one answer after the other, one for each request.
pub fn play(answers: VecDeque<Vec<u8>>, manner: Manner) {
    clock::reset();
    *world() = Some(World { is_played: true, answers, manner, ..World::default() });
}

/// One more answer.
pub fn add_answer(answer: Vec<u8>) {
    change(|world| world.answers.push_back(answer));
}

/// What the server has got, request by request.
pub fn take_requests() -> Vec<Vec<u8>> {
    change(|world| std::mem::take(&mut world.requests))
}

/// Whether a server is being played.
pub(crate) fn is_played() -> bool {
    change(|world| world.is_played)
}

/// A connection to the server that is being played, if one is.
pub(crate) fn dial() -> Option<Result<Played>> {
    change(|world| {
        world.dials += 1;
        match (world.is_played, world.manner.is_late() && world.dials == 1) {
            (false, _) => None,
            (true, true) => Some(Err(Error::new(Reason::ConnectRefused, "nobody is there"))),
            (true, false) => Some(Ok(Played { manner: world.manner, ..Played::default() })),
        }
    })
}

/// A connection to the server that is being played.
#[derive(Debug, Default)]
pub struct Played {
    manner: Manner,
    /// The request as far as it has come.
    request: Vec<u8>,
    /// The answer, and how much of it was read.
    answer: Vec<u8>,
    read: usize,
    is_closed: bool,
}

impl Played {
    /// Whether the server neither closed the connection nor said anything unasked.
    pub fn is_quiet(&self) -> bool {
        !self.is_closed && self.read == self.answer.len()
    }

    fn begin_answer(&mut self) {
        let request = std::mem::take(&mut self.request);
        let answer = change(|world| {
            world.requests.push(request);
            world.answers.pop_front()
        });
        (self.answer, self.read) = (answer.unwrap_or_default(), 0);
    }

    fn end(&mut self) -> io::Result<usize> {
        self.is_closed = true;
        if self.manner.resets() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if self.manner.is_silent() {
            sleep(Duration::from_secs(3600));
            current_deadline().and_then(|deadline| deadline.next_wait()).map_err(io::Error::other)?;
        }
        Ok(0)
    }
}

impl Read for Played {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let deadline = current_deadline().map_err(io::Error::other)?;
        if !self.request.is_empty() {
            self.begin_answer();
        }
        deadline.next_wait().map_err(io::Error::other)?;
        let left = &self.answer[self.read..];
        if left.is_empty() {
            return self.end();
        }
        if self.manner.is_slow() {
            sleep(Duration::from_secs(1));
        }
        // A long answer comes in bigger pieces: who reads a head again with each of them would take a second for it.
        let piece = self.manner.piece().max(self.answer.len() / PIECES);
        let amount = left.len().min(buffer.len()).min(piece);
        buffer[..amount].copy_from_slice(&left[..amount]);
        self.read += amount;
        deadline.received(amount);
        Ok(amount)
    }
}

impl Write for Played {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        current_deadline().map_err(io::Error::other)?.wrote();
        if self.manner.takes_nothing() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer comes in about so many pieces at most.
const PIECES: usize = 256;
