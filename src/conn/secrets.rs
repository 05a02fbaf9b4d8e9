//! Operations on secrets, per generation.

use rustls::crypto::ring::default_provider;
use zeroize::Zeroizing;

use crate::checks::{Alias, check_secret, check_user, looks_like_secret};
use crate::conn::call::Call;
use crate::conn::generation::Known;
use crate::conn::request::{Ask, JSON, Server, push_json};
use crate::conn::{Connection, Facts};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::Hidden;
use crate::log::Level;
use crate::protocol::endpoint::{encode, path};
use crate::protocol::gsql::{GsqlOutcome, GsqlText};
use crate::protocol::operation::Operation;
use crate::protocol::refusal;
use crate::protocol::secret::Secret;
use crate::protocol::version::Generation;
use crate::wire::http::{Answer, Method};

/// How an alias begins that nobody chose; the servers use the same.
const GENERATED: &str = "AUTO_GENERATED_ALIAS_";

impl Connection {
    /// All secrets of the login's user, or of another user (4.1 and later).
    ///
    /// Before 4.1: GSQL `SHOW SECRET`, values masked. 4.1 and later: `GET /gsql/v1/secrets`, values in plain text.
    /// Together with the answer they may take 1.5 MiB, which is about 4000 secrets; then `protocol.too_large`.
    pub fn get_secrets(&self, user: Option<&str>) -> Result<Vec<Secret>> {
        let begun = self.begin();
        user.map_or(Ok(()), check_user)?;
        self.require_login()?;
        let call = self.call(begun, &[], &[]);
        call.by_generation(|known| match call.rest(known, user)? {
            true => call.list(user).or_else(|error| call.without_rest(error, || call.show(known))),
            false => call.show(known),
        })
    }

    /// A new secret. Without an alias one is made up; `value` and `user` are for 4.1 and later.
    /// Never repeated: if the answer does not come, the error is `outcome.unknown` and names the alias.
    ///
    /// Before 4.1: GSQL `CREATE SECRET`. 4.1 and later: `POST /gsql/v1/secrets`.
    pub fn create_secret(&self, alias: Option<&str>, value: Option<&str>, user: Option<&str>) -> Result<Secret> {
        let begun = self.begin();
        let alias = alias.map_or_else(generated_alias, Alias::new)?;
        let value = value.map(|value| check_secret("the value", value)).transpose()?;
        user.map_or(Ok(()), check_user)?;
        self.require_login()?;
        let names = [alias.as_str()];
        let call = self.call(begun, &[value.as_ref().map_or("", Hidden::reveal)], &names);
        call.by_generation(|known| {
            let rest = call.rest(known, user)?;
            match &value {
                Some(_) if !rest => {
                    let message = "cannot create the secret: only TigerGraph 4.1 and later take a value";
                    Err(Error::new(Reason::UnsupportedValue, message))
                }
                value if rest => {
                    let created = call.create(&alias, value.as_ref(), user);
                    // An endpoint that is not there created nothing, so GSQL may be asked.
                    created.or_else(|error| call.without_rest(error, || call.create_by_gsql(known, &alias)))
                }
                _ => call.create_by_gsql(known, &alias),
            }
        })
    }

    /// The secret with this alias, created if there is none.
    /// If there is one and the server shows it masked (A, B), the error is `exists.secret`.
    pub fn ensure_secret(&self, alias: &str) -> Result<Secret> {
        let begun = self.begin();
        let alias = Alias::new(alias)?;
        self.require_login()?;
        let names = [alias.as_str()];
        let call = self.call(begun, &[], &names);
        call.by_generation(|known| {
            let found = match call.rest(known, None)? {
                true => call.find(&alias).or_else(|error| call.without_rest(error, || call.find_shown(known, &alias))),
                false => call.find_shown(known, &alias),
            };
            match found? {
                Some(secret) => Ok(secret),
                None if call.rest(known, None)? => call.create(&alias, None, None),
                None => call.create_by_gsql(known, &alias),
            }
        })
    }

    /// Drops secrets by alias; tells how many. With `ignore_missing`, it is not an
    /// error if some do not exist; other errors are still reported.
    ///
    /// Before 4.1: GSQL `DROP SECRET`, one request for all. 4.1 and later: `DELETE /gsql/v1/secrets`, one request for all.
    pub fn drop_secrets(&self, aliases: &[&str], user: Option<&str>, ignore_missing: bool) -> Result<usize> {
        let begun = self.begin();
        // A secret may be dropped by its value, which no error may show.
        let (values, names): (Vec<&str>, Vec<&str>) = aliases.iter().partition(|alias| looks_like_secret(alias));
        let aliases: Vec<Alias> = aliases.iter().map(|alias| Alias::new(alias)).collect::<Result<_>>()?;
        user.map_or(Ok(()), check_user)?;
        if aliases.is_empty() {
            return Ok(0);
        }
        self.require_login()?;
        let call = self.call(begun, &values, &names);
        call.by_generation(|known| match call.rest(known, user)? {
            true => match call.drop(&aliases, user) {
                Err(error) if error.reason() == Reason::MissingSecret && ignore_missing => {
                    call.drop_existing(&aliases, user)
                }
                Err(error) => call.without_rest(error, || call.drop_by_gsql(known, &aliases, ignore_missing)),
                dropped => dropped,
            },
            false => call.drop_by_gsql(known, &aliases, ignore_missing),
        })
    }
}

fn generated_alias() -> Result<Alias> {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut alias = GENERATED.to_owned();
    while alias.len() < GENERATED.len() + 7 {
        let mut random = [0; 16];
        let filled = default_provider().secure_random.fill(&mut random);
        filled.map_err(|_| Error::new(Reason::ConnectResource, "the system gives no random numbers"))?;
        // Bytes that would make some letters likelier than others are thrown away.
        let fair = random.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(*byte) % 62]));
        alias.extend(fair.take(GENERATED.len() + 7 - alias.len()));
    }
    Alias::new(&alias)
}

fn user_query(user: Option<&str>) -> Option<Zeroizing<String>> {
    user.map(|user| Zeroizing::new(format!("userName={}", encode(user))))
}

impl Call<'_> {
    /// Whether secrets are managed by REST; a user other than the login's is for REST only.
    fn rest(&self, known: Known, user: Option<&str>) -> Result<bool> {
        let rest = known.is_rest() && self.connection.facts().rest_secrets;
        if user.is_some() && !rest {
            let message = "cannot manage another user's secrets: only TigerGraph 4.1 and later can";
            return Err(Error::new(Reason::UnsupportedUser, message));
        }
        Ok(rest)
    }

    /// Runs `gsql` if the error says that the server has no REST endpoint for secrets, as 4.0 may lack it.
    fn without_rest<T>(&self, error: Error, gsql: impl FnOnce() -> Result<T>) -> Result<T> {
        if error.reason() != Reason::MissingEndpoint {
            return Err(error);
        }
        let outcome = gsql();
        if outcome.as_ref().is_err_and(|also| also.reason() == Reason::MissingEndpoint) {
            return Err(error);
        }
        self.connection.learn(|facts| Facts { rest_secrets: false, ..facts });
        outcome
    }

    fn rest_ask<'a>(&self, operation: Operation, method: Method, path: &'a str) -> Result<Ask<'a>> {
        let login = self.gateway_login(None, Known::Exactly(Generation::V41))?;
        Ok(Ask { operation, method, server: Server::Gateway, path, query: None, login, body: None })
    }

    fn list(&self, user: Option<&str>) -> Result<Vec<Secret>> {
        let mut ask = self.rest_ask(Operation::ListSecrets, Method::Get, path::SECRETS)?;
        ask.query = user_query(user);
        self.ask_secrets(&ask, Ok)
    }

    /// One secret; `None` if the server says, in whatever words, that it has none of that alias.
    fn find(&self, alias: &Alias) -> Result<Option<Secret>> {
        let path = format!("{}/{}", path::SECRETS, encode(alias.as_str()));
        let ask = self.rest_ask(Operation::GetSecret, Method::Get, &path)?;
        match self.ask_secrets(&ask, Ok) {
            Ok(found) => Ok(found.into_iter().find(|secret| secret.alias == alias.as_str())),
            // The words for "unknown alias" are not documented; a wrong guess ends in `exists.secret`.
            Err(error) if matches!(error.status(), Status::NotFound | Status::Server) => {
                let unknown = error.reason() != Reason::MissingEndpoint && error.http_status() < 500;
                if unknown { Ok(None) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    fn create(&self, alias: &Alias, value: Option<&Hidden>, user: Option<&str>) -> Result<Secret> {
        let mut ask = self.rest_ask(Operation::CreateSecret, Method::Post, path::SECRETS)?;
        let mut query = Zeroizing::new(format!("alias={}", encode(alias.as_str())));
        if let Some(value) = value {
            let warning = "a secret's value given by the caller goes into the URL, where the server may log it";
            self.connection.log(Level::Warn, || warning.into());
            query.push_str("&value=");
            query.push_str(&Zeroizing::new(encode(value.reveal())));
        }
        if let Some(user) = user_query(user) {
            query.push('&');
            query.push_str(&user);
        }
        ask.query = Some(query);
        let created = self.ask_secrets(&ask, |secrets| {
            secrets
                .into_iter()
                .next()
                .ok_or_else(|| crate::protocol::json::shape("the server's answer holds no secret"))
        });
        let created = created.map_err(|error| self.maybe_created(error, alias));
        match created {
            Err(error) if error.reason() == Reason::ServerError && error.http_status() < 500 => {
                Err(self.maybe_taken(error, alias, user))
            }
            other => other,
        }
    }

    /// What an error of a creation means once the request may have arrived.
    fn maybe_created(&self, error: Error, alias: &Alias) -> Error {
        let lost = match error.status() {
            Status::Connect | Status::Timeout | Status::Cancelled => self.deadline.has_sent(),
            Status::Protocol => error.reason() != Reason::ProtocolRedirect && self.deadline.has_sent(),
            Status::Unavailable => {
                matches!(error.http_status(), 408 | 502 | 504) && error.reason() != Reason::UnavailableStarting
            }
            Status::Server => error.http_status() == 500 && error.server_code().is_empty(),
            _ => false,
        };
        if !lost {
            return error;
        }
        let alias = alias.as_str();
        let message = format!("the secret {alias} may have been created or not: {}", error.message());
        Error::new(Reason::OutcomeUnknown, message).with_http_status(error.http_status())
    }

    /// The words for a taken alias are not documented, so the list decides.
    fn maybe_taken(&self, error: Error, alias: &Alias, user: Option<&str>) -> Error {
        let taken = self.list(user).is_ok_and(|secrets| secrets.iter().any(|known| known.alias == alias.as_str()));
        if !taken {
            return error;
        }
        exists(alias).with_http_status(error.http_status())
    }

    fn drop(&self, aliases: &[Alias], user: Option<&str>) -> Result<usize> {
        let mut ask = self.rest_ask(Operation::DropSecrets, Method::Delete, path::SECRETS)?;
        ask.query = user_query(user);
        let mut body = Zeroizing::new(b"{\"secrets\":[".to_vec());
        for (index, alias) in aliases.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            push_json(&mut body, alias.as_str());
        }
        body.extend_from_slice(b"]}");
        ask.body = Some((body, JSON));
        self.ask(&ask).map(|_| aliases.len())
    }

    /// One unknown alias may have kept the server from dropping the others: the list tells which are left.
    fn drop_existing(&self, aliases: &[Alias], user: Option<&str>) -> Result<usize> {
        let listed = if aliases.len() == 1 { Vec::new() } else { self.list(user)? };
        let is_there = |alias: &&Alias| listed.iter().any(|known| known.alias == alias.as_str());
        let left: Vec<Alias> = aliases.iter().filter(is_there).cloned().collect();
        if left.is_empty() { Ok(0) } else { self.drop(&left, user) }
    }

    fn show(&self, known: Known) -> Result<Vec<Secret>> {
        self.gsql(known, Operation::ListSecrets, "SHOW SECRET\n", |outcome, _| outcome.listed())
    }

    fn find_shown(&self, known: Known, alias: &Alias) -> Result<Option<Secret>> {
        alias.for_gsql()?;
        let graph = self.connection.graph();
        let same_graph = |secret: &Secret| graph.is_none_or(|graph| secret.graph.is_empty() || secret.graph == graph);
        let shown = self.show(known)?;
        let found = shown.into_iter().find(|secret| secret.alias == alias.as_str() && same_graph(secret));
        match found {
            Some(secret) if secret.is_masked() => Err(exists(alias)
                .with_http_status(SCRIPT_RAN)
                .with_hint("The server shows the value masked, so it cannot be returned: use the one that was kept, or drop the secret and create it anew.")),
            found => Ok(found),
        }
    }

    fn create_by_gsql(&self, known: Known, alias: &Alias) -> Result<Secret> {
        let command = format!("CREATE SECRET {}\n", alias.for_gsql()?);
        let graph = self.connection.graph().unwrap_or_default();
        let created =
            self.gsql(known, Operation::CreateSecret, &command, |outcome, _| outcome.created(alias.as_str(), graph));
        created.map_err(|error| self.maybe_created(error, alias))
    }

    fn drop_by_gsql(&self, known: Known, aliases: &[Alias], ignore_missing: bool) -> Result<usize> {
        let mut command = String::new();
        for alias in aliases {
            command.push_str(&format!("DROP SECRET {}\n", alias.for_gsql()?));
        }
        let outcomes = self.gsql(known, Operation::DropSecrets, &command, |outcome, again| {
            let outcomes = outcome.dropped(aliases.len())?;
            // What an earlier attempt may have dropped is gone as it was to be.
            Ok(if again { vec![true; outcomes.len()] } else { outcomes })
        })?;
        let dropped = outcomes.iter().filter(|dropped| **dropped).count();
        match outcomes.iter().position(|dropped| !dropped) {
            Some(missing) if !ignore_missing => {
                let alias = aliases[missing].as_str();
                let message = format!("there is no secret with the alias {alias} to drop");
                Err(Error::new(Reason::MissingSecret, message).with_http_status(SCRIPT_RAN))
            }
            _ => Ok(dropped),
        }
    }

    /// Runs GSQL text, in the graph if one is configured, and reads its output.
    fn gsql<T>(
        &self,
        known: Known,
        operation: Operation,
        command: &str,
        read: impl Fn(&GsqlOutcome, bool) -> Result<T>,
    ) -> Result<T> {
        let script = match self.connection.graph() {
            Some(graph) if !known.is_rest() => format!("USE GRAPH {graph}\n{command}"),
            _ => command.to_owned(),
        };
        let login = self.gateway_login(None, known)?;
        let question = self.question(operation, login.credential);
        // The older endpoint takes the whole text form-encoded, the newer one takes it as it is.
        let (path, body, content_type) = if known.is_rest() {
            (path::STATEMENTS, script, "text/plain")
        } else {
            (path::GSQL_FILE, encode(&script), "application/x-www-form-urlencoded")
        };
        let body = Some((Zeroizing::new(body.into_bytes()), content_type));
        let ask = Ask { operation, method: Method::Post, server: Server::Gateway, path, query: None, login, body };
        self.attempt(&ask, |answer, again| {
            if let Some(error) = refused_text(&question, answer) {
                return Err(error);
            }
            let text = GsqlText::parse(&answer.body)?;
            let memory = answer.body.capacity();
            read(&GsqlOutcome { operation, text: &text, memory, redactor: &self.redactor }, again)
        })
    }
}

/// The HTTP status of every answer that is the output of a script, whatever became of its commands.
const SCRIPT_RAN: u16 = 200;

/// An answer that is not the output of a script: another status than 200, or JSON that says "error".
fn refused_text(question: &refusal::Question, answer: &Answer) -> Option<Error> {
    let is_json = answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if answer.status == SCRIPT_RAN && !is_json {
        return None;
    }
    match refusal::read_reply(question, answer) {
        Err(error) => Some(error),
        Ok(_) => Some(crate::protocol::json::shape("the server answered JSON where the output of GSQL was expected")),
    }
}

fn exists(alias: &Alias) -> Error {
    Error::new(Reason::ExistsSecret, format!("a secret with the alias {} exists already", alias.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_made_up_as_the_servers_do() {
        let alias = generated_alias().unwrap();
        let tail = alias.as_str().strip_prefix(GENERATED).unwrap();
        assert!(tail.len() == 7 && tail.bytes().all(|b| b.is_ascii_alphanumeric()), "{tail}");
        assert!(alias.for_gsql().is_ok());
        assert_ne!(alias, generated_alias().unwrap());
    }
}
