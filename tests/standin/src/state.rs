//! What the server holds: users, graphs, secrets, tokens, block lists, failed logins.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rand::Rng;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::options::{Generation, Options};

/// Default lifetime before 4.1: "about 2.6 million seconds".
const LIFETIME_A_B: u64 = 2_592_000;
/// Default lifetime from 4.1 on: seven days.
const LIFETIME_C: u64 = 604_800;
/// Documented JWTs were issued five seconds before they were requested.
const ISSUED_BEFORE: u64 = 5;
/// `GSQL.Token.DropLimit`.
const BLOCK_LIST: usize = 20;
/// Failed logins until the next ones have to wait (`GSQL.LoginLimit`).
const LOGIN_THRESHOLD: u32 = 5;
const LOGIN_WAIT: u64 = 10;

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The password.
    pub password: String,
    /// Whether this is a superuser.
    pub superuser: bool,
    failures: u32,
    next_login: u64,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its owner.
    pub user: String,
    /// Its graph, before 4.1.
    pub graph: Option<String>,
    /// Its alias.
    pub alias: String,
    /// Its value.
    pub value: String,
}

/// An opaque token, before 4.1.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its owner.
    pub user: String,
    /// Its graph.
    pub graph: Option<String>,
    /// The secret it dies with.
    pub secret: Option<String>,
    /// When it ends.
    pub expires_at: u64,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// Wrong user or password.
    Wrong,
    /// Too many failures: wait.
    Throttled,
}

/// Everything that the server holds.
#[derive(Debug)]
pub struct State {
    /// Kind of server.
    pub options: Options,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Names of the graphs.
    pub graphs: BTreeSet<String>,
    /// Secrets in the order of their creation.
    pub secrets: Vec<Secret>,
    /// Opaque tokens by value.
    pub tokens: BTreeMap<String, Token>,
    /// Block lists of 4.1 and later, by user.
    pub blocked: BTreeMap<String, Vec<String>>,
    /// JWTs and the secret each was minted with.
    pub minted: Vec<(String, String)>,
    /// Secrets that were dropped.
    pub dropped: Vec<String>,
    /// Calls of an endpoint that would destroy everything.
    pub tripwires: usize,
    /// How far the server's clock is off, in seconds.
    pub clock_offset: i64,
    key: [u8; 32],
}

impl State {
    pub(crate) fn new(options: Options) -> State {
        let mut state = State {
            options,
            users: BTreeMap::new(),
            graphs: ["MyGraph", "OtherGraph"].map(String::from).into(),
            secrets: Vec::new(),
            tokens: BTreeMap::new(),
            blocked: BTreeMap::new(),
            minted: Vec::new(),
            dropped: Vec::new(),
            tripwires: 0,
            clock_offset: 0,
            key: rand::random(),
        };
        state.add_user("tigergraph", "tigergraph", true);
        state.add_user("alice", "opensesame", false);
        state
    }

    pub(crate) fn add_user(&mut self, name: &str, password: &str, superuser: bool) {
        let user = User { password: password.into(), superuser, failures: 0, next_login: 0 };
        self.users.insert(name.into(), user);
    }

    pub(crate) fn generation(&self) -> Generation {
        self.options.generation()
    }

    /// The server's wall clock.
    pub fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        now.saturating_add_signed(self.clock_offset)
    }

    /// Checks a password; counts failures per account (row 41: secrets do not count).
    pub(crate) fn login(&mut self, name: &str, password: &str) -> Result<String, LoginError> {
        let now = self.now();
        let throttling = self.options.version >= "3.7".parse().expect("a version");
        let user = self.users.get_mut(name).ok_or(LoginError::Wrong)?;
        if throttling && user.next_login > now {
            return Err(LoginError::Throttled);
        }
        if user.password == password {
            user.failures = 0;
            return Ok(name.to_owned());
        }
        user.failures += 1;
        if user.failures >= LOGIN_THRESHOLD {
            user.next_login = now + (LOGIN_WAIT << ((user.failures - LOGIN_THRESHOLD) / 2).min(16));
        }
        Err(LoginError::Wrong)
    }

    pub(crate) fn secret(&self, value: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.value == value)
    }

    /// Row 32: which aliases are taken.
    pub(crate) fn is_alias(alias: &str) -> bool {
        (1..=64).contains(&alias.len()) && alias.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }

    /// Creates a secret; `None` if the alias is taken.
    pub(crate) fn create_secret(
        &mut self,
        user: &str,
        graph: Option<&str>,
        alias: Option<&str>,
        value: Option<&str>,
    ) -> Option<Secret> {
        let alias = alias.map_or_else(|| format!("AUTO_GENERATED_ALIAS_{}", random(7)), String::from);
        let taken = |secret: &Secret| secret.user == user && secret.graph.as_deref() == graph && secret.alias == alias;
        if self.secrets.iter().any(taken) {
            return None;
        }
        let value = value.map_or_else(|| random(32), String::from);
        let secret = Secret { user: user.into(), graph: graph.map(String::from), alias, value };
        self.secrets.push(secret.clone());
        Some(secret)
    }

    /// Creates a secret for a test; gives its value. Panics if the alias is taken.
    pub fn add_secret(&mut self, user: &str, graph: Option<&str>, alias: &str) -> String {
        self.create_secret(user, graph, Some(alias), None).expect("a new alias").value
    }

    /// Drops a secret by its alias or value; its opaque tokens die with it.
    pub(crate) fn drop_secret(&mut self, user: &str, graph: Option<&str>, name: &str) -> bool {
        let named = |secret: &Secret| {
            secret.user == user
                && (graph.is_none() || secret.graph.as_deref() == graph)
                && (secret.alias == name || secret.value == name)
        };
        let Some(index) = self.secrets.iter().position(named) else {
            return false;
        };
        let gone = self.secrets.remove(index);
        self.tokens.retain(|_, token| token.secret.as_ref() != Some(&gone.value));
        self.dropped.push(gone.value);
        true
    }

    /// Row 3: above the maximum a lifetime is cut or refused.
    pub(crate) fn granted(&self, asked: Option<u64>) -> Option<u64> {
        let usual = if self.generation() == Generation::C { LIFETIME_C } else { LIFETIME_A_B };
        let lifetime = asked.unwrap_or(usual);
        match self.options.max_lifetime {
            0 => Some(lifetime),
            max if lifetime <= max => Some(lifetime),
            max if self.options.switches.lifetime_above == "clamp" => Some(max),
            _ => None,
        }
    }

    pub(crate) fn new_token(
        &mut self,
        user: &str,
        graph: Option<&str>,
        secret: Option<&str>,
        lifetime: u64,
    ) -> (String, u64) {
        let value = random(32);
        let expires_at = self.now() + lifetime;
        let (graph, secret) = (graph.map(String::from), secret.map(String::from));
        self.tokens.insert(value.clone(), Token { user: user.into(), graph, secret, expires_at });
        (value, expires_at)
    }

    /// A JWT as 4.1 issues it: HS256, `sub`, `iat`, `exp`, `iss` and perhaps `graph`.
    pub(crate) fn mint(&mut self, user: &str, graph: Option<&str>, secret: &str, lifetime: u64) -> (String, u64) {
        let now = self.now();
        let mut claims = json!({"sub": user, "iat": now - ISSUED_BEFORE, "exp": now + lifetime, "iss": "TigerGraph"});
        if let Some(graph) = graph {
            claims["graph"] = graph.into();
        }
        // Two tokens of the same second differ, so that one can be blocked without the other.
        claims["jti"] = random(8).into();
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("eyJhbGciOiJIUzI1NiJ9.{payload}");
        let token = format!("{signed}.{}", self.signature(&signed));
        self.minted.push((token.clone(), secret.into()));
        (token, now + lifetime)
    }

    fn signature(&self, signed: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// The claims of a JWT that this server issued and that has not ended, or why not.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("is not in correct format")?;
        if self.signature(signed) != signature {
            return Err("is not in correct format");
        }
        let payload = signed.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
        let claims: Value =
            payload.and_then(|payload| serde_json::from_slice(&payload).ok()).ok_or("is not in correct format")?;
        if claims["exp"].as_u64().unwrap_or(0) <= self.now() {
            return Err("is expired");
        }
        if self.blocked.values().flatten().any(|blocked| blocked == token) {
            return Err("is blocked");
        }
        let secret = self.minted.iter().find(|(minted, _)| minted == token).map(|(_, secret)| secret);
        if self.options.switches.jwt_after_drop == "refused" && secret.is_some_and(|s| self.dropped.contains(s)) {
            return Err("is invalid");
        }
        Ok(claims)
    }

    /// Puts tokens on the user's block list; `false` if it is full.
    pub(crate) fn block(&mut self, user: &str, tokens: &[&str]) -> bool {
        let list = self.blocked.entry(user.into()).or_default();
        let new: Vec<String> = tokens.iter().filter(|t| !list.iter().any(|b| b == *t)).map(|t| (*t).into()).collect();
        if list.len() + new.len() > BLOCK_LIST {
            return false;
        }
        list.extend(new);
        true
    }

    /// Everything, for tests.
    pub(crate) fn snapshot(&self) -> Value {
        let secrets: Vec<Value> = self
            .secrets
            .iter()
            .map(|s| json!({"user": s.user, "graph": s.graph, "alias": s.alias, "value": s.value}))
            .collect();
        let tokens: Vec<Value> = self.tokens.iter()
            .map(|(value, t)| json!({"value": value, "user": t.user, "graph": t.graph, "secret": t.secret, "expires_at": t.expires_at}))
            .collect();
        let minted: Vec<&str> = self.minted.iter().map(|(token, _)| token.as_str()).collect();
        json!({"users": self.users.keys().collect::<Vec<_>>(), "graphs": self.graphs, "secrets": secrets,
               "tokens": tokens, "minted": minted, "blocked": self.blocked, "tripwires": self.tripwires})
    }
}

/// Random characters as in every sample of secrets and tokens: 0-9 and a-v.
pub(crate) fn random(length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[rng.random_range(0..32)])).collect()
}

/// The masked form of a secret.
pub(crate) fn mask(value: &str) -> String {
    let (start, end) = (value.get(..3).unwrap_or(value), value.len().saturating_sub(3));
    format!("{start}****{}", value.get(end..).unwrap_or_default())
}
