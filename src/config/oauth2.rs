//! The login of an OAuth2 client: the settings of it, and whether they go together.

use std::fmt;
use std::sync::Arc;

use crate::checks::{no_controls, short_utf8};
use crate::config::credential::Credential;
use crate::config::table::Key;
use crate::config::{Config, raw};
use crate::error::{Error, Reason, Result};
use crate::hidden::{Hidden, Wiped};
use crate::protocol::oauth2::{
    CLIENT_ASSERTION, CLIENT_ASSERTION_TYPE, CLIENT_AUTH, CLIENT_AUTHS, ClientAuth, JWT_BEARER, OWN_PARAMETERS, SCOPE,
};
use crate::wire::url::Url;

/// A client of an authorization server: who it is, how it proves that, and what it asks for.
#[derive(Clone)]
pub struct OAuth2Client {
    /// Where its tokens come from.
    pub url: Url,
    /// Its id.
    pub id: String,
    /// What it proves itself with.
    pub proof: OAuth2Proof,
    /// Further parameters of its requests, by their names.
    pub parameters: Vec<(String, Arc<Hidden>)>,
}

/// What a client proves itself with.
#[derive(Clone)]
pub enum OAuth2Proof {
    /// Its secret, and the only way to send it, if one was set.
    Secret(Credential, Option<ClientAuth>),
    /// An assertion, and its kind.
    Assertion(Arc<Hidden>, Arc<Hidden>),
}

impl OAuth2Client {
    /// Its secret, unless it has an assertion in place of one.
    pub fn secret(&self) -> Option<&Credential> {
        match &self.proof {
            OAuth2Proof::Secret(secret, _) => Some(secret),
            OAuth2Proof::Assertion(..) => None,
        }
    }

    /// What it proves itself with, as that was when a file could last be read.
    pub fn held_proof(&self) -> Arc<Hidden> {
        match &self.proof {
            OAuth2Proof::Secret(secret, _) => secret.held(),
            OAuth2Proof::Assertion(assertion, _) => assertion.clone(),
        }
    }
}

impl fmt::Debug for OAuth2Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuth2Client({} at {:?})", self.id, self.url)
    }
}

/// A parameter as it was recorded.
#[derive(Clone)]
pub(super) struct WrittenParameter {
    name: Vec<u8>,
    value: Wiped<Vec<u8>>,
}

/// The settings of this login, each of which tells that it is wanted.
const KEYS: [Key; 5] =
    [Key::OAuth2Url, Key::OAuth2ClientId, Key::OAuth2ClientSecret, Key::OAuth2ClientSecretFile, Key::OAuth2Scope];
/// What to do about a login of which a part is missing.
const ITS_PARTS: &str = "A login by OAuth2 has the address of the token endpoint, the client's id and its secret: set all of \
                         them, in the same place.";

impl Config {
    /// Log in with tokens that an authorization server gives to this client.
    pub fn set_oauth2(
        &mut self,
        token_url: Option<&[u8]>,
        client_id: Option<&[u8]>,
        client_secret: Option<&[u8]>,
    ) -> &mut Config {
        self.set(Key::OAuth2Url, raw(token_url));
        self.set(Key::OAuth2ClientId, raw(client_id));
        self.set(Key::OAuth2ClientSecret, raw(client_secret));
        self
    }

    /// The file that holds the client's secret, which is read for every request to the token endpoint.
    pub fn set_oauth2_secret_file(&mut self, path: Option<&[u8]>) -> &mut Config {
        self.set(Key::OAuth2ClientSecretFile, raw(path));
        self
    }

    /// A further parameter of requests to the token endpoint. No value takes it away, no name all of them.
    pub fn set_oauth2_parameter(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) -> &mut Config {
        self.oauth2_parameters.retain(|written| name.is_some_and(|name| name != written.name));
        if let (Some(name), Some(value)) = (name, value) {
            let value = Wiped::new(value.to_vec());
            self.oauth2_parameters.push(WrittenParameter { name: name.to_vec(), value });
        }
        self
    }

    /// The names of the parameters, which may be shown.
    pub(super) fn oauth2_parameter_names(&self) -> Vec<String> {
        self.oauth2_parameters.iter().map(|written| String::from_utf8_lossy(&written.name).into_owned()).collect()
    }

    /// The setting that tells that this login is wanted.
    pub(super) fn oauth2_key(&self) -> Result<Option<Key>> {
        let key = KEYS.into_iter().find(|key| self.is_set(*key));
        if key.is_none() && !self.oauth2_parameters.is_empty() {
            return Err(missing(Key::OAuth2Url, "oauth2_parameter"));
        }
        Ok(key)
    }

    /// The login of which this setting tells.
    pub(super) fn oauth2_client(&self, told_by: Key) -> Result<OAuth2Client> {
        let part = |key: Key| self.text(key)?.ok_or_else(|| missing(key, told_by.name()));
        let url =
            Url::parse("the setting \"oauth2_url\" is not the address of a token endpoint", &part(Key::OAuth2Url)?)?;
        if !url.tls() && !url.is_loopback() {
            let message = format!(
                "plain http to the token endpoint at {} (the setting \"oauth2_url\") would show the client's secret to the network",
                url.host()
            );
            let hint = "Use https://. No setting allows plain http to a token endpoint on another machine.";
            return Err(Error::new(Reason::ConfigPlainHttp, message).with_hint(hint));
        }
        let id = part(Key::OAuth2ClientId)?.to_string();
        no_controls("the setting \"oauth2_client_id\"", &id)?;
        if id.is_empty() {
            return Err(Error::new(Reason::ArgumentRange, "the setting \"oauth2_client_id\" is empty"));
        }
        let mut parameters = self.oauth2_parameters()?;
        let proof = self.oauth2_proof(&id, &mut parameters)?;
        Ok(OAuth2Client { url, id, proof, parameters })
    }

    /// The parameters; the program's own scope goes before that of a variable.
    fn oauth2_parameters(&self) -> Result<Vec<(String, Arc<Hidden>)>> {
        let mut parameters = Vec::new();
        for WrittenParameter { name, value } in &self.oauth2_parameters {
            let name = short_utf8("the name of a setting \"oauth2_parameter\"", name)?;
            no_controls("the name of a setting \"oauth2_parameter\"", name)?;
            if name.is_empty() {
                let message = "the name of a setting \"oauth2_parameter\" is empty";
                return Err(Error::new(Reason::ArgumentRange, message));
            }
            if OWN_PARAMETERS.contains(&name) {
                let message = format!("the setting \"oauth2_parameter\" cannot be {name}, which the login has already");
                let hint =
                    "Set the client's id and secret with tg_config_set_oauth2; the grant is always client_credentials.";
                return Err(Error::new(Reason::ConfigConflict, message).with_hint(hint));
            }
            let value = short_utf8(format_args!("the setting \"oauth2_parameter\" {name}"), value)?;
            parameters.push((name.to_owned(), Arc::new(Hidden::new(value))));
        }
        if let Some(scope) = self.text(Key::OAuth2Scope)?
            && !parameters.iter().any(|(name, _)| name == SCOPE)
        {
            parameters.push((SCOPE.to_owned(), Arc::new(Hidden::new(&**scope))));
        }
        Ok(parameters)
    }

    /// What the client proves itself with. Parameters that say so are taken out.
    fn oauth2_proof(&self, id: &str, parameters: &mut Vec<(String, Arc<Hidden>)>) -> Result<OAuth2Proof> {
        let conflict = |message: &str| Err(Error::new(Reason::ConfigConflict, message.to_owned()));
        let way = take(parameters, CLIENT_AUTH).map(|way| client_auth(id, way.reveal())).transpose()?;
        let assertion = take(parameters, CLIENT_ASSERTION).filter(|assertion| !assertion.reveal().is_empty());
        let (given, in_file) = (self.is_set(Key::OAuth2ClientSecret), self.is_set(Key::OAuth2ClientSecretFile));
        if given && in_file {
            return conflict(
                "the settings \"oauth2_client_secret\" and \"oauth2_client_secret_file\" are two secrets; a login has one",
            );
        }
        let Some(assertion) = assertion else {
            let secret = match in_file {
                true => self.in_file(Key::OAuth2ClientSecretFile, check_client_secret)?,
                false => self.credential(Key::OAuth2ClientSecret, check_client_secret)?,
            };
            let Some(secret) = secret else {
                let message =
                    "the OAuth2 client of the setting \"oauth2_client_id\" has neither a secret nor a file with one";
                let hint = "Set the client's secret, a file that holds it, or the parameter client_assertion.";
                return Err(Error::new(Reason::ConfigConflict, message).with_hint(hint));
            };
            return Ok(OAuth2Proof::Secret(secret, way));
        };
        if given || in_file {
            let which = if given { "oauth2_client_secret" } else { "oauth2_client_secret_file" };
            return conflict(&format!(
                "the setting \"{which}\" and the setting \"oauth2_parameter\" client_assertion are two proofs; a login has one"
            ));
        }
        if way.is_some() {
            return conflict(
                "the setting \"oauth2_parameter\" client_auth is about a secret, and client_assertion stands in place of one",
            );
        }
        let kind = take(parameters, CLIENT_ASSERTION_TYPE).filter(|kind| !kind.reveal().is_empty());
        Ok(OAuth2Proof::Assertion(assertion, kind.unwrap_or_else(|| Arc::new(Hidden::new(JWT_BEARER)))))
    }
}

fn missing(key: Key, beside: &str) -> Error {
    let message = format!("the setting \"{}\" is missing beside the setting \"{beside}\"", key.name());
    Error::new(Reason::ArgumentNull, message).with_hint(ITS_PARTS)
}

fn take(parameters: &mut Vec<(String, Arc<Hidden>)>, name: &str) -> Option<Arc<Hidden>> {
    let place = parameters.iter().position(|(known, _)| known == name)?;
    Some(parameters.remove(place).1)
}

/// The only way to send the client's secret.
fn client_auth(id: &str, written: &str) -> Result<ClientAuth> {
    let wrong =
        |what: &str| Error::new(Reason::ArgumentRange, format!("the setting \"oauth2_parameter\" client_auth {what}"));
    let way = CLIENT_AUTHS.iter().find(|(name, _)| *name == written).map(|(_, way)| *way);
    let way = way.ok_or_else(|| wrong("is neither basic, basic_raw nor form"))?;
    if way == ClientAuth::BasicRaw && id.contains(':') {
        return Err(wrong("is basic_raw, which cannot carry a client's id that holds a colon"));
    }
    Ok(way)
}

fn check_client_secret(what: &str, text: &str) -> Result<Hidden> {
    no_controls(what, text)?;
    if text.is_empty() {
        return Err(Error::new(Reason::ArgumentRange, format!("{what} is empty")));
    }
    Ok(Hidden::new(text))
}

#[cfg(test)]
mod tests;
