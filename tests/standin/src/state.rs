//! What the server holds: users, graphs, secrets, tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng;
use ring::hmac;
use serde_json::{Value, json};

use crate::options::{Generation, Options};

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it may manage what others own.
    pub superuser: bool,
    /// The graphs it may use; `None`: all.
    pub graphs: Option<BTreeSet<String>>,
    /// Failed logins since the last successful one.
    pub failed_logins: u32,
    /// Before this time (Unix seconds) no login is accepted.
    pub next_valid_login: i64,
    /// Time of the last successful login.
    pub last_login: i64,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its owner.
    pub user: String,
    /// Its graph, up to 3.11.
    pub graph: Option<String>,
    /// Its alias; empty if it has none (before 3.1.4).
    pub alias: String,
    /// The secret itself.
    pub value: String,
}

/// A token that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub value: String,
    /// Its owner.
    pub user: String,
    /// Its graph; `None`: all.
    pub graph: Option<String>,
    /// When it ends, in Unix seconds.
    pub expires_at: i64,
    /// The secret it was made with.
    pub secret: Option<String>,
    /// REST++ refuses it before this time, in Unix milliseconds.
    pub usable_from_ms: i64,
}

/// A copy of what the server holds.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Names of all users.
    pub users: Vec<String>,
    /// All graphs.
    pub graphs: Vec<String>,
    /// All secrets.
    pub secrets: Vec<Secret>,
    /// All tokens that are neither expired nor blocked.
    pub tokens: Vec<Token>,
    /// User and token for every entry of a block list.
    pub blocked: Vec<(String, String)>,
}

impl Snapshot {
    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "users": self.users,
            "graphs": self.graphs,
            "secrets": self.secrets.iter().map(|secret| json!({
                "user": secret.user, "graph": secret.graph, "alias": secret.alias, "value": secret.value,
            })).collect::<Vec<_>>(),
            "tokens": self.tokens.iter().map(|token| json!({
                "value": token.value, "user": token.user, "graph": token.graph,
                "expires_at": token.expires_at, "secret": token.secret,
            })).collect::<Vec<_>>(),
            "blocked": self.blocked.iter().map(|(user, token)| json!({"user": user, "token": token}))
                .collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

/// Everything the server holds.
#[derive(Clone, Debug)]
pub struct State {
    /// What kind of server it is.
    pub options: Options,
    /// All users by name.
    pub users: BTreeMap<String, User>,
    /// All graphs.
    pub graphs: BTreeSet<String>,
    /// All secrets.
    pub secrets: Vec<Secret>,
    /// All tokens, expired ones too.
    pub tokens: Vec<Token>,
    /// Blocked tokens by user, from 4.1 on.
    pub blocked: BTreeMap<String, Vec<String>>,
    /// The keys of other issuers whose tokens are accepted, by their names.
    pub(crate) issuers: BTreeMap<String, hmac::Key>,
    /// Seconds by which the server's clock is ahead.
    pub clock_offset: i64,
    /// How often something asked to drop everything.
    pub tripwires: usize,
    pub(crate) key: hmac::Key,
}

fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// This machine's time in Unix seconds, by which tokens are dated.
#[must_use]
pub fn wall_clock() -> i64 {
    wall_clock_ms().div_euclid(1000)
}

impl State {
    pub(crate) fn new(options: Options) -> State {
        let key: [u8; 32] = rand::rng().random();
        let mut state = State {
            options,
            users: BTreeMap::new(),
            graphs: ["MyGraph", "OtherGraph"].map(str::to_owned).into(),
            secrets: Vec::new(),
            tokens: Vec::new(),
            blocked: BTreeMap::new(),
            issuers: BTreeMap::new(),
            clock_offset: 0,
            tripwires: 0,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        };
        state.add_user("tigergraph", "tigergraph", true);
        state.add_user("alice", "opensesame", false);
        state
    }

    /// How the server manages tokens.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.options.generation()
    }

    /// The server's time in Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        wall_clock_ms().saturating_add(self.clock_offset.saturating_mul(1000))
    }

    /// The server's time in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Adds a user, or replaces it.
    pub fn add_user(&mut self, name: &str, password: &str, superuser: bool) {
        let user = User {
            name: name.to_owned(),
            password: password.to_owned(),
            superuser,
            graphs: None,
            failed_logins: 0,
            next_valid_login: 0,
            last_login: 0,
        };
        self.users.insert(name.to_owned(), user);
    }

    /// Whether the user may use the graph.
    #[must_use]
    pub fn may_use(&self, user: &str, graph: &str) -> bool {
        self.users
            .get(user)
            .is_some_and(|user| user.superuser || user.graphs.as_ref().is_none_or(|graphs| graphs.contains(graph)))
    }

    /// Whether the user is a superuser.
    #[must_use]
    pub fn is_superuser(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|user| user.superuser)
    }

    /// Becomes a server of the same cluster as another one: it has the same users, secrets and tokens from now on, until
    /// one of the two gets others.
    pub fn join(&mut self, other: &State) {
        self.users = other.users.clone();
        self.graphs = other.graphs.clone();
        self.secrets = other.secrets.clone();
        self.tokens = other.tokens.clone();
        self.blocked = other.blocked.clone();
        self.key = other.key.clone();
    }

    /// Ends all tokens now. JWTs are forgotten and refused as expired.
    pub fn expire_tokens(&mut self) {
        let now = self.now();
        for token in &mut self.tokens {
            token.expires_at = token.expires_at.min(now - 1);
        }
    }

    /// A copy of everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let now = self.now();
        let blocked = self.blocked.iter().flat_map(|(user, tokens)| tokens.iter().map(|t| (user.clone(), t.clone())));
        Snapshot {
            users: self.users.keys().cloned().collect(),
            graphs: self.graphs.iter().cloned().collect(),
            secrets: self.secrets.clone(),
            tokens: self.tokens.iter().filter(|t| t.expires_at > now && !self.is_blocked(&t.value)).cloned().collect(),
            blocked: blocked.collect(),
        }
    }

    pub(crate) fn is_blocked(&self, token: &str) -> bool {
        self.blocked.values().flatten().any(|blocked| blocked == token)
    }
}

/// As many characters of `[0-9a-v]`, as secrets and opaque tokens are made of.
pub(crate) fn random_text(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(b"0123456789abcdefghijklmnopqrstuv"[random.random_range(0..32)])).collect()
}
