//! Making, finding and dropping secrets.

use crate::options::Generation;
use crate::state::{Secret, State, random_text};
use crate::switches::JwtAfterDrop;

/// Why a secret was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretError {
    /// The alias is taken.
    Exists,
    /// The alias is not acceptable.
    Alias,
    /// The value is not acceptable.
    Value,
}

impl State {
    /// Makes a secret; its value if that is given, otherwise 32 random characters.
    pub(crate) fn create_secret(
        &mut self,
        user: &str,
        graph: Option<&str>,
        alias: Option<&str>,
        value: Option<&str>,
    ) -> Result<Secret, SecretError> {
        let alias = match alias.filter(|alias| !alias.is_empty()) {
            Some(alias) if acceptable(alias) => alias.to_owned(),
            Some(_) => return Err(SecretError::Alias),
            None => self.generated_alias(),
        };
        let taken = |other: &&Secret| other.user == user && other.graph.as_deref() == graph && other.alias == alias;
        if !alias.is_empty() && self.secrets.iter().any(|other| taken(&other)) {
            return Err(SecretError::Exists);
        }
        let value = match value {
            Some("") => return Err(SecretError::Value),
            Some(value) if self.secrets.iter().any(|other| other.value == value) => return Err(SecretError::Value),
            Some(value) => value.to_owned(),
            None => random_text(32),
        };
        let secret = Secret { user: user.to_owned(), graph: graph.map(str::to_owned), alias, value };
        self.secrets.push(secret.clone());
        Ok(secret)
    }

    fn generated_alias(&self) -> String {
        if self.options.since(3, 1, 4) { format!("AUTO_GENERATED_ALIAS_{}", random_text(7)) } else { String::new() }
    }

    /// Drops the secret of this alias or value; false if there is none.
    pub(crate) fn drop_secret(&mut self, user: &str, graph: Option<&str>, name: &str) -> bool {
        let fits = |secret: &Secret| {
            secret.user == user
                && graph.is_none_or(|graph| secret.graph.as_deref() == Some(graph))
                && (secret.value == name || (!name.is_empty() && secret.alias == name))
        };
        let Some(index) = self.secrets.iter().position(fits) else { return false };
        let secret = self.secrets.remove(index);
        // Row 33.
        let ends =
            self.generation() != Generation::V41 || self.options.switches.jwt_after_drop == JwtAfterDrop::Refused;
        if ends {
            self.tokens.retain(|token| token.secret.as_deref() != Some(secret.value.as_str()));
        }
        true
    }

    /// Makes a secret directly, as an administrator would have before the test.
    ///
    /// # Panics
    /// If the alias is taken or not acceptable.
    pub fn add_secret<'a>(&mut self, user: &str, graph: impl Into<Option<&'a str>>, alias: &str) -> String {
        let graph = graph.into().filter(|_| self.generation() != Generation::V41);
        self.create_secret(user, graph, Some(alias), None).expect("a secret").value
    }
}

/// Row 32.
fn acceptable(alias: &str) -> bool {
    alias.len() <= 64 && alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A secret as it is shown: its first and last three characters.
pub(crate) fn mask(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    let first: String = characters.iter().take(3).collect();
    let last: String = characters.iter().skip(characters.len().saturating_sub(3)).collect();
    format!("{first}****{last}")
}
