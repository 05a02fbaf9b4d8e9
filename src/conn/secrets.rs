//! Operations on secrets, per generation.

use std::time::Duration;

use rustls::crypto::ring::default_provider;

use crate::checks::{Alias, check_secret, check_user, looks_like_secret};
use crate::conn::call::Call;
use crate::conn::generation::{Known, RestSecrets};
use crate::conn::request::{Ask, Server, push_json};
use crate::conn::{Connection, Facts};
use crate::error::{Error, Reason, Result, Status};
use crate::hidden::{Hidden, Wiped};
use crate::log::Level;
use crate::platform::clock::boot_clock;
use crate::protocol::endpoint::{encode, is_restpp_code, path};
use crate::protocol::gsql::{GsqlOutcome, GsqlText};
use crate::protocol::json::{Json, shape};
use crate::protocol::operation::Operation;
use crate::protocol::refusal;
use crate::protocol::secret::Secret;
use crate::wire::http::{Answer, JSON, Method};

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
        let call = self.call_for(begun, &[], &[], user);
        call.by_generation(|known| match call.route(known, user)? {
            SecretRoute::Gsql => call.show(known),
            route => call.list(user).or_else(|error| call.or_gsql(route, error, Some, || call.show(known))),
        })
    }

    /// The secret with this alias, of the login's user, or of another user (4.1 and later); `missing.secret` if there is
    /// none.
    ///
    /// Before 4.1: its entry of GSQL `SHOW SECRET`, the value masked. 4.1 and later: `GET /gsql/v1/secrets/{alias}`.
    pub fn get_secret(&self, alias: &str, user: Option<&str>) -> Result<Secret> {
        let begun = self.begin();
        let alias = Alias::new(alias)?;
        user.map_or(Ok(()), check_user)?;
        self.require_login()?;
        let names = [alias.as_str()];
        let call = self.call_for(begun, &[], &names, user);
        let found = call.by_generation(|known| match call.route(known, user)? {
            SecretRoute::Gsql => call.find_shown(known, &alias),
            route => call.find(&alias, user).or_else(|error| {
                let found = |secrets| Some(with_alias(secrets, &alias));
                call.or_gsql(route, error, found, || call.find_shown(known, &alias))
            }),
        })?;
        found.ok_or_else(|| {
            Error::new(Reason::MissingSecret, format!("there is no secret with the alias {}", alias.as_str()))
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
        let call = self.call_for(begun, &[value.as_ref().map_or("", Hidden::reveal)], &names, user);
        call.by_generation_once(|known| {
            let route = call.route(known, user)?;
            if value.is_some() && route == SecretRoute::Gsql {
                let message = "cannot create the secret: only TigerGraph 4.1 and later take a value";
                return Err(Error::new(Reason::UnsupportedValue, message));
            }
            call.create(known, &alias, value.as_ref(), user)
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
        let found = call.by_generation(|known| match call.route(known, None)? {
            SecretRoute::Gsql => call.find_whole(known, &alias),
            route => call.find_or_none(&alias).or_else(|error| {
                let found = |secrets| Some(with_alias(secrets, &alias));
                call.or_gsql(route, error, found, || call.find_whole(known, &alias))
            }),
        });
        match found? {
            Some(secret) => Ok(secret),
            None => call.by_generation_once(|known| call.create(known, &alias, None, None)),
        }
    }

    /// Drops secrets by alias; tells how many. With `ignore_missing`, it is not an
    /// error if some do not exist; other errors are still reported.
    ///
    /// Before 4.1: GSQL `DROP SECRET`, one request for all. 4.1 and later: `DELETE /gsql/v1/secrets`, one request for all.
    pub fn drop_secrets(&self, aliases: &[&str], user: Option<&str>, ignore_missing: bool) -> Result<usize> {
        let begun = self.begin();
        // A secret may be dropped by its value, which no error may show.
        let (values, names): (Vec<&str>, Vec<&str>) = aliases.iter().partition(|alias| looks_like_secret(alias));
        let aliases = each_once(aliases)?;
        user.map_or(Ok(()), check_user)?;
        if aliases.is_empty() {
            return Ok(0);
        }
        self.require_login()?;
        let call = self.call_for(begun, &values, &names, user);
        call.by_generation(|known| match call.route(known, user)? {
            SecretRoute::Gsql => call.drop_by_gsql(known, &aliases, ignore_missing),
            route => call.drop(&aliases, user, ignore_missing).or_else(|error| {
                call.or_gsql(route, error, |_| None, || call.drop_by_gsql(known, &aliases, ignore_missing))
            }),
        })
    }
}

fn with_alias(secrets: Vec<Secret>, alias: &Alias) -> Option<Secret> {
    secrets.into_iter().find(|known| known.alias == alias.as_str())
}

/// So long GSQL is asked instead of an endpoint that is not there.
const ABSENT_WAIT: Duration = Duration::from_secs(15 * 60);

/// How secrets are managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretRoute {
    /// By REST.
    Rest,
    /// By REST, unless its first answer tells that it is not there, and the request is not about another user.
    RestFirst,
    Gsql,
}

/// Valid aliases, each once: what is dropped twice is missing the second time.
fn each_once(names: &[&str]) -> Result<Vec<Alias>> {
    let mut aliases = Vec::with_capacity(names.len());
    for name in names {
        let alias = Alias::new(name)?;
        if !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    Ok(aliases)
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

fn user_query(user: Option<&str>) -> Option<Wiped<String>> {
    user.map(|user| Wiped::new(format!("userName={}", encode(user))))
}

impl Call<'_> {
    /// How secrets are managed; those of a user other than the login's by REST only.
    fn route(&self, known: Known, user: Option<&str>) -> Result<SecretRoute> {
        let route = match (known.is_rest(), self.node().facts().secrets) {
            (false, _) => SecretRoute::Gsql,
            (true, RestSecrets::AbsentUntil(end)) if boot_clock() < end => SecretRoute::Gsql,
            (true, RestSecrets::There) => SecretRoute::Rest,
            (true, _) if user.is_some() => SecretRoute::Rest,
            (true, _) => SecretRoute::RestFirst,
        };
        if user.is_some() && route == SecretRoute::Gsql {
            let message = "cannot manage another user's secrets: only TigerGraph 4.1 and later can";
            return Err(Error::new(Reason::UnsupportedUser, message));
        }
        Ok(route)
    }

    /// After an error of REST: runs `gsql` if that was the first answer, and the list of secrets is not there either.
    /// A server that lacks a method, or a gateway that fails once, has the endpoint nevertheless; then `found` picks
    /// the result from the list.
    fn or_gsql<T>(
        &self,
        route: SecretRoute,
        error: Error,
        found: impl FnOnce(Vec<Secret>) -> Option<T>,
        gsql: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let is_wrong_address = is_restpp_code(error.server_code()) && error.server_code() != refusal::NO_ENDPOINT;
        // An earlier request of this call may have told.
        let is_there = route != SecretRoute::RestFirst || self.node().facts().secrets == RestSecrets::There;
        if is_there || error.reason() != Reason::MissingEndpoint || is_wrong_address {
            return Err(error);
        }
        match self.list(None) {
            Ok(secrets) => return found(secrets).ok_or(error),
            Err(again) if again.reason() == Reason::MissingEndpoint => {}
            Err(_) => return Err(error),
        }
        let outcome = gsql();
        if outcome.as_ref().is_err_and(|also| also.reason() == Reason::MissingEndpoint) {
            return Err(error);
        }
        let secrets = RestSecrets::AbsentUntil(boot_clock() + ABSENT_WAIT);
        self.node().learn(|facts| Facts { secrets, ..facts });
        outcome
    }

    /// Whether REST manages secrets is known after an answer that is not "there is no such endpoint".
    fn by_rest<T>(&self, outcome: Result<T>) -> Result<T> {
        let answered = outcome.as_ref().map_or_else(
            |error| error.is_answer() && error.reason() != Reason::MissingEndpoint && error.http_status() < 500,
            |_| true,
        );
        if answered && self.node().facts().secrets != RestSecrets::There {
            self.node().learn(|facts| Facts { secrets: RestSecrets::There, ..facts });
        }
        outcome
    }

    fn rest_ask<'a>(&self, operation: Operation, method: Method<'a>, path: &'a str) -> Result<Ask<'a>> {
        let login = self.gateway_login(None, Known::Rest)?;
        Ok(Ask { operation, method, server: Server::Gateway, path, query: None, login, body: None, callers: None })
    }

    fn list(&self, user: Option<&str>) -> Result<Vec<Secret>> {
        let mut ask = self.rest_ask(Operation::ListSecrets, Method::Get, path::SECRETS)?;
        ask.query = user_query(user);
        self.by_rest(self.ask_secrets(&ask, Ok))
    }

    /// One secret; `None` if the server answers with others.
    fn find(&self, alias: &Alias, user: Option<&str>) -> Result<Option<Secret>> {
        let path = format!("{}/{}", path::SECRETS, encode(alias.as_str()));
        let mut ask = self.rest_ask(Operation::GetSecret, Method::Get, &path)?;
        ask.query = user_query(user);
        self.by_rest(self.ask_secrets(&ask, Ok)).map(|found| with_alias(found, alias))
    }

    /// One secret; `None` if the server says, in whatever words, that it has none of that alias.
    fn find_or_none(&self, alias: &Alias) -> Result<Option<Secret>> {
        match self.find(alias, None) {
            // The words for "unknown alias" are not documented; a wrong guess ends in `exists.secret`.
            Err(error) if matches!(error.status(), Status::NotFound | Status::Server) => {
                let unknown = error.reason() != Reason::MissingEndpoint && error.http_status() < 500;
                if unknown { Ok(None) } else { Err(error) }
            }
            other => other,
        }
    }

    fn create(&self, known: Known, alias: &Alias, value: Option<&Hidden>, user: Option<&str>) -> Result<Secret> {
        match self.route(known, user)? {
            SecretRoute::Gsql => self.create_by_gsql(known, alias),
            SecretRoute::Rest | SecretRoute::RestFirst => self.create_by_rest(alias, value, user),
        }
    }

    fn create_by_rest(&self, alias: &Alias, value: Option<&Hidden>, user: Option<&str>) -> Result<Secret> {
        let mut ask = self.rest_ask(Operation::CreateSecret, Method::Post, path::SECRETS)?;
        let mut query = Wiped::new(format!("alias={}", encode(alias.as_str())));
        if let Some(value) = value {
            let warning = "a secret's value given by the caller goes into the URL, where the server may log it";
            self.connection.log(Level::Warn, || warning.into());
            query.push_str("&value=");
            query.push_str(&Wiped::new(encode(value.reveal())));
        }
        if let Some(user) = user_query(user) {
            query.push('&');
            query.push_str(&user);
        }
        ask.query = Some(query);
        let created = self.by_rest(self.ask_secrets(&ask, |secrets| {
            let created = secrets.into_iter().next().ok_or_else(|| shape("the server's answer holds no secret"))?;
            // A value that the caller gave may have stars.
            if value == Some(&created.value) { Ok(created) } else { unmasked(created) }
        }));
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
            _ if error.nothing_done() => false,
            Status::Connect | Status::Timeout | Status::Cancelled => self.deadline.has_sent(),
            Status::Protocol => error.reason() != Reason::ProtocolRedirect && self.deadline.has_sent(),
            Status::Unavailable => matches!(error.http_status(), 408 | 502 | 504),
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

    /// Drops what there is of several, and counts what was there; the answer alone does not tell that where some of
    /// them may be missing.
    fn drop(&self, aliases: &[Alias], user: Option<&str>, ignore_missing: bool) -> Result<usize> {
        let is_missing = |error: &Error| error.reason() == Reason::MissingSecret;
        if !ignore_missing || aliases.len() == 1 {
            return match self.drop_all(aliases, user) {
                Err(error) if ignore_missing && is_missing(&error) => Ok(0),
                outcome => outcome.map(|()| aliases.len()),
            };
        }
        let mut left = self.existing(aliases, user)?;
        let count = left.len();
        // One that has gone since then may have kept the server from dropping the others.
        while !left.is_empty() {
            match self.drop_all(&left, user) {
                Err(error) if is_missing(&error) => {
                    let still = self.existing(&left, user)?;
                    if still.len() == left.len() {
                        return Err(error);
                    }
                    left = still;
                }
                outcome => return outcome.map(|()| count),
            }
        }
        Ok(count)
    }

    fn drop_all(&self, aliases: &[Alias], user: Option<&str>) -> Result<()> {
        let mut ask = self.rest_ask(Operation::DropSecrets, Method::Delete, path::SECRETS)?;
        ask.query = user_query(user);
        let mut body = Wiped::new(b"{\"secrets\":[".to_vec());
        for (index, alias) in aliases.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            push_json(&mut body, alias.as_str());
        }
        body.extend_from_slice(b"]}");
        ask.body = Some((body, JSON));
        self.by_rest(self.ask(&ask))
    }

    /// The names, of aliases or values, that there are; of a secret that several of them name, the first.
    fn existing(&self, names: &[Alias], user: Option<&str>) -> Result<Vec<Alias>> {
        let listed = self.list(user)?;
        let name_of = |secret: &Secret| {
            names
                .iter()
                .find(|name| secret.alias == name.as_str() || secret.value == Hidden::new(name.as_str()))
                .cloned()
        };
        Ok(listed.iter().filter_map(name_of).collect())
    }

    fn show(&self, known: Known) -> Result<Vec<Secret>> {
        self.gsql(known, Operation::ListSecrets, "SHOW SECRET\n", |outcome, _| outcome.listed())
    }

    fn find_shown(&self, known: Known, alias: &Alias) -> Result<Option<Secret>> {
        let graph = self.connection.graph();
        let same_graph = |secret: &Secret| graph.is_none_or(|graph| secret.graph.is_empty() || secret.graph == graph);
        let shown = self.show(known)?;
        Ok(shown.into_iter().find(|secret| secret.alias == alias.as_str() && same_graph(secret)))
    }

    /// The same for one that is created if it is not there: its value is wanted.
    fn find_whole(&self, known: Known, alias: &Alias) -> Result<Option<Secret>> {
        alias.for_gsql()?;
        match self.find_shown(known, alias)? {
            Some(secret) if secret.is_masked() => Err(exists(alias)
                .with_http_status(SCRIPT_RAN)
                .with_hint("The server shows the value masked, so it cannot be returned: use the one that was kept, or drop the secret and create it anew.")),
            found => Ok(found),
        }
    }

    fn create_by_gsql(&self, known: Known, alias: &Alias) -> Result<Secret> {
        let command = format!("CREATE SECRET {}\n", alias.for_gsql()?);
        let graph = self.connection.graph().unwrap_or_default();
        let created = self.gsql(known, Operation::CreateSecret, &command, |outcome, _| {
            outcome.created(alias.as_str(), graph).and_then(unmasked)
        });
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
        self.require_gateway()?;
        let graph = self.connection.graph();
        let script = match graph {
            Some(graph) if !known.is_rest() => format!("USE GRAPH {graph}\n{command}"),
            _ => command.to_owned(),
        };
        let login = self.gateway_login(None, known)?;
        // The older endpoint takes the whole text form-encoded, the newer one takes it as it is.
        let (path, body, content_type) = if known.is_rest() {
            (path::STATEMENTS, script, "text/plain")
        } else {
            (path::GSQL_FILE, encode(&script), "application/x-www-form-urlencoded")
        };
        let body = Some((Wiped::new(body.into_bytes()), content_type));
        let ask = Ask {
            operation,
            method: Method::Post,
            server: Server::Gateway,
            path,
            query: None,
            login,
            body,
            callers: None,
        };
        let question = self.question(&ask);
        self.attempt(&ask, |answer, again| {
            if let Some(error) = refused_text(&question, &answer) {
                return Err(error);
            }
            let text = GsqlText::parse(&answer.body)?;
            let memory = answer.body.capacity();
            let lacks_graph = |error: &Error| graph.is_none() && error.reason() == Reason::MissingGraph;
            read(&GsqlOutcome { question: &question, text: &text, memory }, again)
                .map_err(|error| if lacks_graph(&error) { error.with_hint(NAME_GRAPH) } else { error })
        })
    }
}

/// What to do where a script needs a graph, and none is configured.
const NAME_GRAPH: &str = "Secrets belong to a graph before 4.1: name it with tg_config_set_graph.";

/// The HTTP status of every answer that is the output of a script, whatever became of its commands.
const SCRIPT_RAN: u16 = 200;

/// An answer that is not the output of a script: another status than 200, JSON that says "error", or a gateway's.
fn refused_text(question: &refusal::Question, answer: &Answer) -> Option<Error> {
    if let Err(error) = refusal::check_available(question, answer) {
        return Some(error);
    }
    let is_json = answer.body.trim_ascii_start().starts_with(b"{") || Json::parse(&answer.body).is_ok();
    if answer.status == SCRIPT_RAN && !is_json {
        return None;
    }
    match refusal::read_reply(question, answer) {
        Err(error) => Some(error),
        Ok(_) => Some(shape("the server answered JSON where the output of GSQL was expected")),
    }
}

/// A new secret that the server shows masked is lost: nobody can show it again. No secret that a server makes has a star
/// in it, so one is enough here, whatever the server's masks look like.
fn unmasked(secret: Secret) -> Result<Secret> {
    if secret.value.reveal().contains('*') {
        return Err(shape("the server shows the value of the new secret masked"));
    }
    Ok(secret)
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
