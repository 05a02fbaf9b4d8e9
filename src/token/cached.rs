//! A token as a file of a cache holds it: sealed by a key that only who knows the login can make, so that the file tells
//! nothing to anybody else, and nothing that anybody else has written is believed.
//!
//! A file is `MAGIC`, a nonce, the sealed token (ChaCha20-Poly1305), and an HMAC-SHA256 over all of it. Its name is an
//! HMAC too: whoever has another login, server, graph or trust finds nothing. The keys are made of the login and of a
//! random salt that is kept beside the files: of a secret by HMAC, of a password, which somebody may have chosen, by
//! PBKDF2.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{aead, hmac, pbkdf2};
use zeroize::Zeroize as _;

use crate::checks::{LONGEST_TOKEN, is_issued_token};
use crate::hidden::Wiped;
use crate::platform::boot::{BootId, boot_id};
use crate::platform::clock::{boot_clock, wall_clock};
use crate::platform::made_once::MadeOnce;
use crate::platform::per_process::PerProcess;
use crate::token::renewal::{Moment, scheduled_lifetime};

/// What a file begins with. Of another kind, or another version, is what begins otherwise.
const MAGIC: &[u8] = b"tigergraph-auth token 1\n";
const NONCE: usize = 12;
const SEAL: usize = 16;
const TAG: usize = 32;
/// What of a token has a fixed length: the id of the boot, and five numbers.
const HEAD: usize = 16 + 5 * 8;
/// No file of a token is longer.
pub const LONGEST_FILE: usize = MAGIC.len() + NONCE + HEAD + LONGEST_TOKEN + SEAL + TAG;

/// A random number that is kept beside the files.
pub type Salt = [u8; 32];

/// A key, wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
struct Key([u8; 32]);

impl Drop for Key {
    // Once in the library: it is long, and keys are dropped in many places.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// How long PBKDF2 takes: what OWASP says for HMAC-SHA256.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// The keys of so many passwords are kept, so that a process makes each once.
const MOST_PASSWORDS: usize = 16;

/// What a login is proved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Something random, such as a secret of TigerGraph.
    Random(&'a str),
    /// Something that a person may have chosen.
    Password(&'a str),
}

/// What a token is for. Two connections share one only if all of this is the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Purpose<'a> {
    /// The kind of the login.
    pub login: &'a str,
    /// The addresses of the server.
    pub servers: &'a [&'a str],
    /// A digest of whom TLS trusts; zeros without TLS.
    pub trust: [u8; 32],
    /// The user, where the login has one.
    pub user: &'a str,
    /// Who issues the token, if not the server itself.
    pub token_endpoint: &'a str,
    /// The graph, "" for none.
    pub graph: &'a str,
    /// What the token is good for, in words of its issuer.
    pub scope: &'a str,
    /// The lifetime that is asked for, in seconds; 0: none.
    pub lifetime_s: u64,
}

impl Purpose<'_> {
    /// All of it, so that no two purposes give the same bytes. The address of a token endpoint and the parameters of its
    /// requests may hold credentials.
    pub fn bytes(&self) -> Wiped<Vec<u8>> {
        let mut texts = vec![self.login, self.user, self.token_endpoint, self.graph, self.scope];
        texts.extend(self.servers);
        let room = texts.iter().map(|text| size_of::<u64>() + text.len()).sum::<usize>();
        let mut bytes = Wiped::new(Vec::with_capacity(size_of::<u64>() + self.trust.len() + room));
        bytes.extend_from_slice(&self.lifetime_s.to_le_bytes());
        bytes.extend_from_slice(&self.trust);
        for text in texts {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A new salt; `None` if the system has no random numbers now.
pub fn new_salt() -> Option<Salt> {
    let mut salt = Salt::default();
    SystemRandom::new().fill(&mut salt).ok()?;
    Some(salt)
}

/// What finds and opens the files of one login for one purpose.
pub struct Keys {
    name: String,
    tag: Key,
    seal: Key,
}

impl Keys {
    /// The keys of this login. Those of a password take some tenths of a second, once in a process.
    pub fn new(credential: Credential, salt: &Salt, purpose: &[u8]) -> Keys {
        let root = match credential {
            Credential::Random(secret) => hmac_of(secret.as_bytes(), &[b"root", salt]),
            Credential::Password(password) => root_of_password(password, salt),
        };
        let part = |name: &[u8]| hmac_of(&root.0, &[name, purpose]);
        Keys { name: hex(&part(b"name").0), tag: part(b"tag"), seal: part(b"seal") }
    }

    /// The name of the file of this kind.
    pub fn file(&self, kind: &str) -> String {
        [&self.name, ".", kind].concat()
    }

    /// What a file is to hold; `None` if the system has no random numbers now.
    pub fn seal(&self, token: &CachedToken) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = token.write();
        let nonce_of_seal = aead::Nonce::assume_unique_for_key(nonce);
        let tag = self.sealing()?.seal_in_place_separate_tag(nonce_of_seal, aead::Aad::empty(), &mut sealed).ok()?;
        let mut file = [MAGIC, &nonce, &sealed, tag.as_ref()].concat();
        let tag = hmac::sign(&self.tagging(), &file);
        file.extend_from_slice(tag.as_ref());
        Some(file)
    }

    /// The token in a file; `None` if it is of another kind, not whole, or not written by who has these keys.
    pub fn open(&self, file: &[u8]) -> Option<CachedToken> {
        if file.len() > LONGEST_FILE {
            return None;
        }
        let (tagged, tag) = file.split_at_checked(file.len().checked_sub(TAG)?)?;
        let (nonce, sealed) = tagged.strip_prefix(MAGIC)?.split_at_checked(NONCE)?;
        hmac::verify(&self.tagging(), tagged, tag).ok()?;
        let mut opened = Wiped::new(sealed.to_vec());
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.sealing()?.open_in_place(nonce, aead::Aad::empty(), &mut opened).ok()?;
        CachedToken::read(opened)
    }

    fn tagging(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.tag.0)
    }

    fn sealing(&self) -> Option<aead::LessSafeKey> {
        aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &self.seal.0).ok().map(aead::LessSafeKey::new)
    }
}

fn hmac_of(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut made = Key::default();
    made.0.copy_from_slice(context.sign().as_ref());
    made
}

/// The key of a password, and what the password is recognized by in this process.
struct Known {
    mark: Key,
    root: Key,
}

/// The keys of passwords that this process has made.
struct Passwords {
    /// Marks are worth nothing in another process.
    marking: Key,
    known: Mutex<Vec<Known>>,
}

static PASSWORDS: MadeOnce<PerProcess<Passwords>> =
    MadeOnce::new(|| PerProcess::new(Passwords::new(), |_| Passwords::new()));

impl Passwords {
    fn new() -> Passwords {
        Passwords { marking: Key(new_salt().unwrap_or_default()), known: Mutex::default() }
    }
}

fn root_of_password(password: &str, salt: &Salt) -> Key {
    let passwords = PASSWORDS.get();
    // As the key, which is not left in memory as it is.
    let mark = hmac_of(password.as_bytes(), &[b"mark", &passwords.marking.0, salt]);
    // Held meanwhile: threads that need the same key wait for it instead of making it as well.
    let mut known = passwords.known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.iter().find(|known| known.mark == mark) {
        return found.root.clone();
    }
    let mut root = Key::default();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, password.as_bytes(), &mut root.0);
    if known.len() == MOST_PASSWORDS {
        known.remove(0);
    }
    known.push(Known { mark, root: root.clone() });
    root
}

/// A moment on the clocks of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Which start of the machine the boot clock belongs to, if that is known.
    pub boot_id: Option<BootId>,
    /// The boot clock.
    pub boot: Moment,
    /// The wall clock, in seconds since 1970.
    pub wall: i64,
}

impl Instant {
    /// This moment.
    pub fn now() -> Instant {
        Instant { boot_id: boot_id(), boot: boot_clock(), wall: wall_clock() }
    }

    /// The moment when the boot clock showed this, since this start of the machine.
    pub fn at(boot: Moment) -> Instant {
        let now = Instant::now();
        let since = i64::try_from(now.boot.saturating_sub(boot).as_secs()).unwrap_or(i64::MAX);
        Instant { boot, wall: now.wall.saturating_sub(since), ..now }
    }

    /// How much time has passed since then, by the boot clock or, if the machine was started again, by the wall clock;
    /// `None` if that moment is still to come.
    fn since(&self, then: &Instant) -> Option<Duration> {
        if self.boot_id.is_some() && self.boot_id == then.boot_id {
            return self.boot.checked_sub(then.boot);
        }
        // Part of a second may be cut off from either.
        let passed = u64::try_from(self.wall.checked_sub(then.wall)?).ok()?;
        Some(Duration::from_secs(passed.saturating_add(1)))
    }
}

/// A token, and what is known about its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedToken {
    /// The token itself.
    pub value: Wiped<String>,
    /// When it ends, seconds since 1970; 0: nobody knows.
    pub expires_at: i64,
    /// When its life began.
    pub began: Instant,
    /// How long it lives from then on, if anybody knows.
    pub lifetime: Option<Duration>,
    /// How long it was asked to live, if it was.
    pub asked: Option<Duration>,
}

/// Stands for "unknown".
const UNKNOWN: u64 = u64::MAX;

impl CachedToken {
    /// When it ends on the boot clock of this machine, and how long it lives in all; `None` if that is over, or nobody
    /// can say.
    pub fn end(&self, now: &Instant) -> Option<(Moment, Duration)> {
        let lifetime = scheduled_lifetime(self.lifetime, self.asked);
        let left = lifetime.checked_sub(now.since(&self.began)?)?;
        Some((now.boot + left, lifetime))
    }

    /// All of it, to be sealed.
    pub fn write(&self) -> Wiped<Vec<u8>> {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(UNKNOWN);
        let known = |time: Option<Duration>| time.map_or(UNKNOWN, nanoseconds);
        let mut bytes = Wiped::new(Vec::with_capacity(HEAD + self.value.len()));
        bytes.extend_from_slice(&self.began.boot_id.unwrap_or_default());
        bytes.extend_from_slice(&nanoseconds(self.began.boot).to_le_bytes());
        bytes.extend_from_slice(&self.began.wall.to_le_bytes());
        bytes.extend_from_slice(&known(self.lifetime).to_le_bytes());
        bytes.extend_from_slice(&known(self.asked).to_le_bytes());
        bytes.extend_from_slice(&self.expires_at.to_le_bytes());
        bytes.extend_from_slice(self.value.as_bytes());
        bytes
    }

    /// What was written; `None` if that is no token.
    pub fn read(bytes: &[u8]) -> Option<CachedToken> {
        let (head, value) = bytes.split_at_checked(HEAD)?;
        let (boot_id, numbers) = head.split_first_chunk::<16>()?;
        let number = |index: usize| numbers[8 * index..].first_chunk::<8>().copied();
        let time = |index: usize| number(index).map(u64::from_le_bytes);
        let known = |index: usize| time(index).map(|time| (time != UNKNOWN).then(|| Duration::from_nanos(time)));
        let value = std::str::from_utf8(value).ok().filter(|value| is_issued_token(value))?;
        Some(CachedToken {
            value: Wiped::new(value.to_owned()),
            began: Instant {
                boot_id: Some(*boot_id).filter(|id| *id != BootId::default()),
                boot: Duration::from_nanos(time(0)?),
                wall: i64::from_le_bytes(number(1)?),
            },
            lifetime: known(2)?,
            asked: known(3)?,
            expires_at: i64::from_le_bytes(number(4)?),
        })
    }
}

#[cfg(test)]
mod tests;
