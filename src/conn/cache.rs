//! Tokens that processes share: whoever needs one takes a lock, looks into the cache again, and only then asks the server.
//!
//! All of it runs where renewals run, on a library thread, but for the removal of a token, which never waits. The cache
//! is a help and no more: where it cannot be used, a token is requested without it.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::config::settings::{Login, Settings};
use crate::config::token_cache::{LOCK, PASSING, SALT, TOKEN, UnusableFolder};
use crate::conn::Connection;
use crate::conn::authorization::Old;
use crate::conn::call::Call;
use crate::conn::counters::Counter;
use crate::conn::managing::jitter;
use crate::conn::nodes::Node;
use crate::conn::source::{Source, TokenOrigin};
use crate::error::{Result, file_trouble};
use crate::hidden::{Hidden, Wiped, same_text};
use crate::log::Level;
use crate::platform::cache_folder::{Folder, Lock, Touched};
use crate::platform::clock::boot_clock;
use crate::platform::process::is_library_thread;
use crate::platform::swap_cell::SwapOption;
use crate::protocol::oauth2::form;
use crate::token::cached::{CachedToken, Credential, Instant, Keys, LONGEST_FILE, Purpose, Salt, hex, new_salt};
use crate::token::issued::Issued;
use crate::token::renewal::{Life, Schedule};
use crate::token::token::Token;
use crate::wire::probe::Step;

/// Whoever has the lock touches it as often as this.
const TOUCH: Duration = Duration::from_millis(250);
/// One that was not touched for so long is passed over: whoever has it was stopped.
const SILENCE: Duration = Duration::from_secs(1);
/// Whoever waits for the lock looks again after this at first, and after this at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// A token that ends so much later than the one held is its successor, also if it is the same, refreshed.
const LATER: Duration = Duration::from_secs(1);
/// A file that passes and is older was left behind by a process that was killed.
const LONGEST_PASSING_S: i64 = 10;
/// A file that was not written or touched for so long is nobody's any more, such as that of an old password.
const LONGEST_UNUSED_S: i64 = 90 * 86_400;

/// The name of its step in a report.
const CACHE: &str = "cache";

/// What a connection shares with other processes.
pub(super) struct Cache {
    folder: Folder,
    /// Those that were used last.
    keys: SwapOption<Keys>,
    /// The token that was rejected or deleted last, which is not taken from the cache again.
    gone: SwapOption<Hidden>,
    /// What kept the cache from being used, when it was tried last.
    trouble: SwapOption<String>,
}

/// How the wait for the lock has ended.
enum Waited {
    /// The cache has a token meanwhile.
    Found(Token, Schedule),
    /// The server is to be asked; `None`: without the lock.
    Ask(Option<Lock>),
}

/// Whether somebody who has the lock goes on.
struct Watch {
    /// When it was touched last, if that can be seen, and since when this is known.
    seen: Option<(Option<Touched>, Duration)>,
    patience: Duration,
}

impl Watch {
    fn new() -> Watch {
        // Not all who wait give up at the same moment: most find the token of the first one.
        Watch { seen: None, patience: SILENCE.mul_f64(0.25 + jitter().wait) }
    }

    /// Whether the lock, touched last at this moment, was not touched for too long.
    fn is_over(&mut self, touched: Option<Touched>, now: Duration) -> bool {
        let since = self.seen.filter(|(seen, _)| *seen == touched).map_or(now, |(_, since)| since);
        self.seen = Some((touched, since));
        now.saturating_sub(since) >= self.patience
    }
}

impl Cache {
    pub fn new(folder: Folder) -> Cache {
        let (keys, gone, trouble) = (SwapOption::new(None), SwapOption::new(None), SwapOption::new(None));
        Cache { folder, keys, gone, trouble }
    }

    fn is_gone(&self, token: &str) -> bool {
        self.gone.load().is_some_and(|gone| same_text(gone.reveal(), token))
    }

    /// The salt of the folder.
    fn salt(&self) -> io::Result<Salt> {
        let salt = self.folder.read(SALT, size_of::<Salt>() as u64)?;
        Salt::try_from(salt.as_slice()).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    /// The same; one is made if there is none that can be used.
    fn salt_or_new(&self) -> io::Result<Salt> {
        match self.salt() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => self.folder.remove(SALT)?,
            outcome => return outcome,
        }
        may_write()?;
        let salt = new_salt().ok_or_else(no_random_numbers)?;
        // Of several processes the first one decides.
        match self.folder.write(SALT, &salt, &passing_name(&format!("{SALT}.{PASSING}"))?, false) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.salt(),
        }
    }

    /// The token in the cache, if there is one.
    fn read(&self, keys: &Keys) -> Option<CachedToken> {
        let file = self.folder.read(&keys.file(TOKEN), LONGEST_FILE as u64).ok()?;
        keys.open(&file)
    }

    /// Removes this token, if it is the one in the cache and nobody is about to replace it.
    fn remove(&self, keys: &Keys, token: &str) -> io::Result<()> {
        let lock = self.folder.lock(&keys.file(LOCK))?;
        if lock.try_take()? && self.read(keys).is_some_and(|cached| same_text(&cached.value, token)) {
            self.folder.remove(&keys.file(TOKEN))?;
        }
        Ok(())
    }

    fn write(&self, keys: &Keys, token: &CachedToken) -> io::Result<()> {
        may_write()?;
        let own = keys.file(PASSING);
        let content = keys.seal(token).ok_or_else(no_random_numbers)?;
        self.clean_up(&own)?;
        self.folder.write(&keys.file(TOKEN), &content, &passing_name(&own)?, true)
    }

    /// Removes what nobody needs any more. Files that pass and begin like this are of a process that had the lock before.
    fn clean_up(&self, own: &str) -> io::Result<()> {
        for name in self.folder.names()? {
            let Some((_, kind)) = name.split_once('.') else { continue };
            let longest = match kind {
                TOKEN | LOCK => LONGEST_UNUSED_S,
                _ if name.starts_with(own) => -1,
                _ if kind.starts_with(PASSING) => LONGEST_PASSING_S,
                _ => continue,
            };
            if self.folder.age(&name).is_ok_and(|age| age > longest) {
                // What cannot be removed stays.
                let _ = self.folder.remove(&name);
            }
        }
        Ok(())
    }
}

/// A name that no other file that passes has.
fn passing_name(own: &str) -> io::Result<String> {
    let number = new_salt().ok_or_else(no_random_numbers)?;
    Ok([own, ".", &hex(&number[..8])].concat())
}

/// On a thread of the program's, a limit for the size of files would end the program by a signal. The library's own take
/// no signals.
fn may_write() -> io::Result<()> {
    if is_library_thread() { Ok(()) } else { Err(io::Error::other("no thread can be made to write it")) }
}

fn no_random_numbers() -> io::Error {
    io::Error::other("the system has no random numbers")
}

impl Connection {
    /// The cache, if it serves tokens from this source.
    pub(super) fn cache_for(&self, source: &Source) -> Option<&Cache> {
        let is_of_login = match source.origin {
            TokenOrigin::Login => true,
            TokenOrigin::Elsewhere => matches!(self.core.settings.login, Some(Login::OAuth2(_))),
            TokenOrigin::Secret(_) | TokenOrigin::File => false,
        };
        self.core.cache.as_ref().filter(|_| is_of_login)
    }

    /// A successor from the cache or else from the server, which other processes then find there.
    pub(super) fn renew_with_cache(
        &self,
        cache: &Cache,
        call: &Call,
        source: &Source,
        old: Option<&Old>,
    ) -> Result<(Token, Schedule)> {
        let Some(keys) = self.keys(cache, call, source)? else {
            return self.renew_at_server(call, source, old).map(|(issued, life)| self.scheduled(issued, life));
        };
        if let Some(found) = self.take_from_cache(cache, &keys, old) {
            return Ok(found);
        }
        let lock = match self.wait_for_lock(cache, call, &keys, old)? {
            Waited::Found(token, schedule) => return Ok((token, schedule)),
            Waited::Ask(lock) => lock.map(Rc::new),
        };
        let _touching = lock.clone().map(|lock| {
            // Whoever waits cannot tell a failure from a process that was stopped, and need not.
            call.deadline.repeat(TOUCH, move || drop(lock.touch()))
        });
        let (issued, life) = self.renew_at_server(call, source, old)?;
        self.store(cache, &keys, &issued, life);
        Ok(self.scheduled(issued, life))
    }

    /// The keys for the login as it is now; `None` where the cache cannot be used.
    fn keys(&self, cache: &Cache, call: &Call, source: &Source) -> Result<Option<Arc<Keys>>> {
        let Some((login, credential)) = call.login_for_cache()? else { return Ok(None) };
        let Some(salt) = self.in_cache(cache, cache.salt_or_new()) else { return Ok(None) };
        Ok(Some(self.keys_of(cache, source, (login, credential), salt)))
    }

    fn keys_of(
        &self,
        cache: &Cache,
        source: &Source,
        (login, credential): (&Login, Arc<Hidden>),
        salt: Salt,
    ) -> Arc<Keys> {
        let of_login = match login {
            Login::Password { .. } => Credential::Password(credential.reveal()),
            Login::Secret(_) | Login::Jwt(_) | Login::OAuth2(_) | Login::Provider(_) => {
                Credential::Random(credential.reveal())
            }
        };
        let keys = Arc::new(Keys::new(of_login, &salt, &self.purpose(source, login)));
        cache.keys.store(Some(keys.clone()));
        keys
    }

    /// What tokens from this source are for.
    fn purpose(&self, source: &Source, login: &Login) -> Wiped<Vec<u8>> {
        let settings = &self.core.settings;
        let (kind, user) = match login {
            Login::Password { username, .. } => ("password", username.as_str()),
            Login::OAuth2(client) => ("OAuth2", client.id.as_str()),
            Login::Secret(_) => ("secret", ""),
            Login::Jwt(_) | Login::Provider(_) => ("none", ""),
        };
        let (token_endpoint, parameters) = of_endpoint(settings);
        let routes = self.core.nodes.all().iter().map(Node::given_route);
        let servers: Vec<&str> = routes.flat_map(|route| [route.gateway.as_str(), &route.restpp]).collect();
        Purpose {
            login: kind,
            servers: &servers,
            trust: settings.trust.as_ref().map_or([0; 32], |trust| trust.digest),
            user,
            token_endpoint: &token_endpoint,
            graph: self.graph().unwrap_or_default(),
            scope: if source.options.global { "global" } else { &parameters },
            lifetime_s: source.lifetime_s,
        }
        .bytes()
    }

    /// A token of the cache that can succeed the one held.
    fn take_from_cache(&self, cache: &Cache, keys: &Keys, old: Option<&Old>) -> Option<(Token, Schedule)> {
        let cached = cache.read(keys).filter(|cached| !cache.is_gone(&cached.value))?;
        let (end, lifetime) = cached.end(&Instant::now())?;
        let (schedule, now) = (self.core.authorization.schedule_ending(end, lifetime), boot_clock());
        let is_successor = |old: &Old| {
            let is_other = !same_text(old.value.reveal(), &cached.value);
            now < schedule.renew && (is_other || schedule.dead > old.good_until + LATER)
        };
        if now >= schedule.dead || !old.is_none_or(is_successor) {
            return None;
        }
        let token = Token::new(&cached.value, cached.expires_at);
        token.set_urls(&self.urls());
        self.count(Counter::CacheHits);
        self.log(Level::Debug, || "a token was taken from the token cache".into());
        Some((token, schedule))
    }

    /// Waits for the lock until it is there, the cache has a token, or whoever has the lock was stopped.
    fn wait_for_lock(&self, cache: &Cache, call: &Call, keys: &Keys, old: Option<&Old>) -> Result<Waited> {
        let Some(lock) = self.in_cache(cache, cache.folder.lock(&keys.file(LOCK))) else {
            return Ok(Waited::Ask(None));
        };
        let (mut watch, mut pause) = (Watch::new(), PAUSES.0);
        loop {
            let Some(is_taken) = self.in_cache(cache, lock.try_take()) else {
                return Ok(Waited::Ask(None));
            };
            if is_taken {
                drop(lock.touch());
            }
            if let Some((token, schedule)) = self.take_from_cache(cache, keys, old) {
                return Ok(Waited::Found(token, schedule));
            }
            if is_taken {
                return Ok(Waited::Ask(Some(lock)));
            }
            if watch.is_over(lock.touched().ok(), boot_clock()) {
                self.log(Level::Info, || {
                    "another process that is getting a token has stopped; asking without it".into()
                });
                return Ok(Waited::Ask(None));
            }
            call.deadline.sleep(pause)?;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Leaves a token to other processes, unless it was rejected or deleted meanwhile.
    fn store(&self, cache: &Cache, keys: &Keys, issued: &Issued, life: Life) {
        if cache.is_gone(issued.token.value()) {
            return;
        }
        let token = CachedToken {
            value: Wiped::new(issued.token.value().to_owned()),
            expires_at: issued.token.expires_at(),
            began: Instant::at(life.began),
            lifetime: life.lifetime,
            asked: life.asked,
        };
        if self.in_cache(cache, cache.write(keys, &token)).is_some() {
            cache.trouble.store(None);
        }
    }

    /// A token that was rejected is not taken from the cache again, by this process or, if it is the one that is there,
    /// by any. Never waits.
    pub(super) fn remove_from_cache(&self, token: &str) {
        // Without keys nothing was taken from there or left there.
        if let Some((cache, keys)) = self.core.cache.as_ref().and_then(|cache| Some((cache, cache.keys.load()?))) {
            self.remove_with_keys(cache, &keys, token);
        }
    }

    /// The same for one that was deleted, whoever has left it there.
    pub(super) fn remove_deleted_from_cache(&self, call: &Call, token: &str) {
        let Some(source) = self.source() else { return };
        let Some(cache) = self.cache_for(&source) else { return };
        let (Ok(Some(login)), Ok(salt)) = (call.login_for_cache(), cache.salt()) else { return };
        self.remove_with_keys(cache, &self.keys_of(cache, &source, login, salt), token);
    }

    fn remove_with_keys(&self, cache: &Cache, keys: &Keys, token: &str) {
        cache.gone.store(Some(Arc::new(Hidden::new(token))));
        self.in_cache(cache, cache.remove(keys, token));
    }

    /// What a report says of the cache, if there is one.
    pub(super) fn cache_step(&self) -> Option<Step> {
        let Some(cache) = self.core.cache.as_ref() else {
            let UnusableFolder { path, trouble } = self.core.settings.unusable_cache()?;
            let mut step = Step::skipped(CACHE, "its folder cannot be used");
            step.facts = vec![("folder", path.display().to_string()), ("cannot be used", trouble.clone())];
            return Some(step);
        };
        let (found, mut step) = Step::measure(CACHE, || Ok(self.found_in_cache(cache)));
        step.facts.push(("folder", cache.folder.path().display().to_string()));
        step.facts.push(("token", found.unwrap_or_default()));
        step.facts.extend(cache.trouble.load().map(|trouble| ("cannot be used", (*trouble).clone())));
        Some(step)
    }

    /// What is in the cache for this connection, in words.
    fn found_in_cache(&self, cache: &Cache) -> String {
        let Some(source) = self.source() else { return "none: there is no login".to_owned() };
        let Some(login) = self.core.settings.login.as_ref().filter(|_| self.cache_for(&source).is_some()) else {
            return "none: the connection's tokens come from elsewhere".to_owned();
        };
        let keys = cache.salt().ok().zip(login.held());
        let keys = keys.map(|(salt, credential)| self.keys_of(cache, &source, (login, credential), salt));
        let now = Instant::now();
        match keys.and_then(|keys| cache.read(&keys)?.end(&now)) {
            Some((end, _)) => format!("one, good for {} s", end.saturating_sub(now.boot).as_secs()),
            None => "none".to_owned(),
        }
    }

    /// What the cache gives; where it fails, that is said once until it works again.
    fn in_cache<T>(&self, cache: &Cache, outcome: io::Result<T>) -> Option<T> {
        let error = match outcome {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let trouble = file_trouble(&error).into_owned();
        if cache.trouble.load().is_none() {
            let folder = UnusableFolder { path: cache.folder.path().to_owned(), trouble: trouble.clone() };
            self.log(Level::Warn, || folder.caution());
        }
        cache.trouble.store(Some(Arc::new(trouble)));
        None
    }
}

impl Call<'_> {
    /// The login, and what proves it, where tokens are requested with it.
    fn login_for_cache(&self) -> Result<Option<(&Login, Arc<Hidden>)>> {
        let Some(login @ Login::OAuth2(client)) = &self.connection.core.settings.login else {
            return self.login();
        };
        let proof = client.secret().map_or_else(|| Ok(client.held_proof()), |secret| secret.read())?;
        self.redactor.add(proof.clone());
        Ok(Some((login, proof)))
    }
}

/// Where the login has its tokens from, if not from the server, with whom it trusts there; and the parameters that say what
/// they are for.
fn of_endpoint(settings: &Settings) -> (Wiped<String>, Wiped<String>) {
    let (Some(Login::OAuth2(client)), Some(endpoint)) = (&settings.login, &settings.token_endpoint) else {
        return Default::default();
    };
    let trust = endpoint.trust.as_ref().map_or(String::new(), |trust| hex(&trust.digest));
    let parameters: Vec<_> = client.parameters.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    (Wiped::new([client.url.whole().reveal(), " ", &trust].concat()), form(&parameters))
}

#[cfg(test)]
mod tests;
