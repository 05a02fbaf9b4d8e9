//! Settings that were found good.

use std::sync::Arc;
use std::time::Duration;

use crate::checks::GraphName;
use crate::config::credential::Credential;
use crate::config::oauth2::OAuth2Client;
use crate::config::provider::Provider;
use crate::config::shown::Setting;
use crate::config::token_cache::{TokenCache, UnusableFolder};
use crate::hidden::Hidden;
use crate::log::Logger;
use crate::protocol::endpoint::Route;
use crate::protocol::version::Version;
use crate::wire::proxy::ProxySetting;
use crate::wire::tls::Trust;

/// Settings that were found good.
#[derive(Debug)]
pub struct Settings {
    /// Where requests go, for each server.
    pub routes: Vec<Route>,
    /// The graph of secrets and tokens.
    pub graph: Option<GraphName>,
    /// How the connection logs in.
    pub login: Option<Login>,
    /// Where tokens come from that an authorization server gives, if they do.
    pub token_endpoint: Option<TokenEndpoint>,
    /// A token given by the caller.
    pub api_token: Option<Hidden>,
    /// The server's version, if the caller told it.
    pub version: Option<Version>,
    /// Whom TLS trusts; `None` for plain http.
    pub trust: Option<Arc<Trust>>,
    /// Plain http that must not leave this machine.
    pub loopback_only: bool,
    /// Limit for one attempt to connect: name lookup, TCP and TLS.
    pub connect_limit: Duration,
    /// Limit for a whole call.
    pub call_limit: Duration,
    /// Proxy, if any.
    pub proxy: Option<ProxySetting>,
    /// Value of the User-Agent header.
    pub user_agent: String,
    /// Lifetime of tokens if a call gives none; 0: the server's default.
    pub lifetime_s: u64,
    /// How long before it expires a token is renewed; 0: a fifth of its lifetime.
    pub renew_before_s: u64,
    /// The folder that processes share their tokens in, if any.
    pub token_cache: Option<TokenCache>,
    /// What needs attention about the files that settings came from.
    pub cautions: Vec<String>,
    /// Where log lines go.
    pub log: Option<Logger>,
    /// What of the settings may be shown, and where each came from.
    pub shown: Vec<Setting>,
}

impl Settings {
    /// The folder that tokens were to be shared in, and cannot be.
    pub fn unusable_cache(&self) -> Option<&UnusableFolder> {
        match &self.token_cache {
            Some(TokenCache::Unusable(folder)) => Some(folder),
            _ => None,
        }
    }
}

/// How the token endpoint of an authorization server is reached.
#[derive(Debug)]
pub struct TokenEndpoint {
    /// Whom TLS trusts there; `None` for plain http.
    pub trust: Option<Arc<Trust>>,
    /// The proxy to it, if any.
    pub proxy: Option<ProxySetting>,
}

/// How a connection logs in. There is at most one, and no built-in account.
#[derive(Clone, Debug)]
pub enum Login {
    /// User name and password.
    Password {
        /// The user.
        username: String,
        /// The password.
        password: Credential,
    },
    /// A secret.
    Secret(Credential),
    /// A JWT that somebody else issued.
    Jwt(Credential),
    /// Tokens that an authorization server gives to a client.
    OAuth2(Box<OAuth2Client>),
    /// Tokens that a function of the program brings.
    Provider(Provider),
}

impl Login {
    /// What is sent to the server to log in, if the program or a file has it; `None`: a login whose tokens come from
    /// elsewhere. These are used wherever a JWT is, but renewed.
    pub fn credential(&self) -> Option<&Credential> {
        match self {
            Login::Password { password: credential, .. } | Login::Secret(credential) | Login::Jwt(credential) => {
                Some(credential)
            }
            Login::OAuth2(_) | Login::Provider(_) => None,
        }
    }

    /// What proves it, as that was when a file could last be read; `None`: a function of the program does.
    pub fn held(&self) -> Option<Arc<Hidden>> {
        match self {
            Login::OAuth2(client) => Some(client.held_proof()),
            _ => self.credential().map(Credential::held),
        }
    }

    /// What needs attention about the file that its credential is in.
    pub fn caution(&self) -> Option<String> {
        match self {
            Login::OAuth2(client) => client.secret().and_then(Credential::caution),
            _ => self.credential().and_then(Credential::caution),
        }
    }

    /// Whether its tokens come from elsewhere than the server.
    pub fn is_elsewhere(&self) -> bool {
        self.credential().is_none()
    }
}
