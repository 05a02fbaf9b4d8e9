//! The operations that a fault can hit, and how often each may be tried again.

use tigergraph_standin::{Action, Fault};

/// The versions that stand for generations B and C.
pub const VERSIONS: [&str; 2] = ["3.10", "4.2"];

pub fn is_rest(version: &str) -> bool {
    version.starts_with('4')
}

/// How many requests one call may send in all, by how they fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// No complete answer.
    pub mid: usize,
    /// 408, 429, 503.
    pub throttled: usize,
    /// 502, 504, 500 without a code.
    pub gateway: usize,
}

const CHANGES: Requests = Requests { mid: 2, throttled: 3, gateway: 2 };
const READS: Requests = Requests { mid: 3, throttled: 3, gateway: 3 };
const ONCE: Requests = Requests { mid: 1, throttled: 1, gateway: 1 };

/// An operation of the library, as the driver calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name in FAULTS.md.
    pub name: &'static str,
    /// Its name in the driver.
    pub command: &'static str,
    pub kind: Kind,
    pub most: Requests,
}

/// What the tests must know of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Gives a token.
    Token,
    /// Refreshes one, on 4.1 and later by asking for a new one.
    Refresh,
    Delete,
    /// 4.1 and later.
    Check,
    List,
    Create,
    /// The look-up that comes before a creation.
    Find,
    /// The creation after the look-up.
    CreateMissing,
    Drop,
    DropMany,
    Version,
    /// The question which generation the server is.
    Detect,
}

const fn operation(name: &'static str, command: &'static str, kind: Kind, most: Requests) -> Operation {
    Operation { name, command, kind, most }
}

pub const OPERATIONS: [Operation; 12] = [
    operation("get_token", "get_token", Kind::Token, CHANGES),
    operation("refresh_token", "refresh_token", Kind::Refresh, CHANGES),
    operation("delete_token", "delete_token", Kind::Delete, READS),
    operation("check_jwt", "check_jwt", Kind::Check, READS),
    operation("get_secrets", "get_secrets", Kind::List, READS),
    operation("create_secret", "create_secret", Kind::Create, ONCE),
    operation("ensure_secret", "ensure_secret", Kind::Find, READS),
    operation("ensure_secret (creation)", "ensure_secret", Kind::CreateMissing, ONCE),
    operation("drop_secret", "drop_secret", Kind::Drop, CHANGES),
    operation("drop_secrets", "drop_secrets", Kind::DropMany, CHANGES),
    operation("server_version", "server_version", Kind::Version, READS),
    operation("detection", "get_token", Kind::Detect, READS),
];

pub fn by_name(name: &str) -> Operation {
    *OPERATIONS.iter().find(|operation| operation.name == name).expect("an operation")
}

impl Operation {
    pub fn is_on(&self, version: &str) -> bool {
        self.kind != Kind::Check || is_rest(version)
    }

    pub fn creates(&self) -> bool {
        matches!(self.kind, Kind::Create | Kind::CreateMissing)
    }

    pub fn gives_token(&self) -> bool {
        matches!(self.kind, Kind::Token | Kind::Refresh)
    }

    /// Whether the answer is JSON, which before 4.1 it is not for secrets.
    pub fn answers_json(&self, version: &str) -> bool {
        let about_secrets =
            matches!(self.kind, Kind::List | Kind::Find | Kind::Drop | Kind::DropMany) || self.creates();
        is_rest(version) || !about_secrets
    }

    /// The fault for the request that this operation is about.
    pub fn fault(&self, version: &str, action: Action) -> Fault {
        match (self.kind, is_rest(version)) {
            (Kind::Detect, _) => Fault::always("/gsql/v1/tokens/check", action),
            (Kind::CreateMissing, true) => Fault::always("/gsql/v1/secrets", action).method("POST"),
            (Kind::CreateMissing, false) => Fault::always("/gsqlserver", action).skip(1),
            _ => Fault::always("", action),
        }
    }

    /// How many requests come before the one that this operation is about.
    pub fn requests_before(&self) -> usize {
        usize::from(self.kind == Kind::CreateMissing)
    }
}
