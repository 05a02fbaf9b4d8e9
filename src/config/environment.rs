//! Settings from the environment and from files of variables, by the names that TigerGraph's own tools have for them.
//!
//! They fill what the program has not set. With `TG_PROFILE=x` a variable `X_TG_HOST` comes before `TG_HOST`, and in
//! each of the two the environment comes before files.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use crate::config::env_file::EnvFile;
use crate::config::table::{CONNECT_LIMIT, Filled, Key, Kind, PROFILE, SETTINGS};
use crate::config::{Config, Raw, Written, hosts, limit};
use crate::error::{Error, Reason, Result};
use crate::hidden::Wiped;
use crate::platform::process;

use crate::wire::no_proxy::NoProxy;
use crate::wire::proxy::ProxySetting;

/// The profile whose variables have no prefix.
const DEFAULT_PROFILE: &str = "default";
const LONGEST_PROFILE: usize = 64;

/// Looks a variable of the environment up.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// The settings that variables fill so, with their names.
fn filled(how: Filled) -> impl Iterator<Item = (Key, &'static [&'static str])> {
    let rows = SETTINGS.iter().filter(move |setting| setting.filled == how);
    rows.filter_map(|setting| Some((setting.kind.key()?, setting.variables)))
}

/// What settings are to be filled from.
#[derive(Clone, Default)]
pub(super) struct Sources {
    has_environment: bool,
    /// The profile that the program named, whatever the variables say.
    profile: Option<Vec<u8>>,
    files: Vec<EnvFile>,
    /// Why nothing can be filled: a file, or else the profile.
    wrong_file: Option<Error>,
    wrong_profile: Option<Error>,
}

impl Sources {
    /// Why the variables cannot be used at all.
    pub(super) fn error(&self) -> Option<&Error> {
        self.wrong_file.as_ref().or(self.wrong_profile.as_ref())
    }

    /// What is to be told of files that are used all the same.
    pub(super) fn cautions(&self) -> Vec<String> {
        self.files.iter().filter_map(|file| file.caution.clone()).collect()
    }
}

/// Where a setting came from that a variable filled.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    variable: String,
    profile: Option<Arc<str>>,
    file: Option<Arc<str>>,
    /// Which of the places it is: the first ones go before the others.
    place: usize,
}

impl Origin {
    /// For a report: the variable, and the file if it was in one.
    pub(super) fn shown(&self) -> String {
        let file = self.file.as_ref().map_or_else(String::new, |path| format!(" in {path}"));
        [self.variable.as_str(), &file].concat()
    }

    /// For a person who has to find it.
    fn told(&self) -> String {
        let profile = self.profile.as_ref().map_or_else(String::new, |name| format!(" of the profile {name}"));
        [self.shown(), profile].concat()
    }
}

/// One place with variables: a profile's, or those without prefix, in the environment or in a file.
struct Place<'a> {
    profile: Option<Arc<str>>,
    prefix: String,
    file: Option<&'a EnvFile>,
    lookup: Lookup<'a>,
    number: usize,
}

impl Place<'_> {
    /// The first of these variables that is there; an empty one is not.
    fn first(&self, names: &[&str]) -> Raw {
        names.iter().find_map(|name| {
            let variable = format!("{}{name}", self.prefix);
            let text = match self.file {
                Some(file) => Wiped::new(file.variable(&variable)?.as_bytes().to_vec()),
                None => Wiped::new((self.lookup)(&variable)?),
            };
            let file = self.file.map(|file| file.path.clone());
            let origin = Origin { variable, profile: self.profile.clone(), file, place: self.number };
            (!text.is_empty()).then_some(Written { text, origin: Some(origin) })
        })
    }

    fn has_any(&self) -> bool {
        SETTINGS.iter().any(|setting| self.first(setting.variables).is_some())
    }
}

fn first(places: &[Place], names: &[&str]) -> Raw {
    places.iter().find_map(|place| place.first(names))
}

impl Config {
    /// Fills what is not set from the variables `TG_HOST`, `TG_GRAPHNAME` and so on, and remembers their names
    /// for what [`Config::validate`] may have to say about them.
    pub fn load_env(&mut self) -> &mut Config {
        self.load_from(&of_process)
    }

    /// The same from variables of a test.
    #[doc(hidden)]
    pub fn load_from(&mut self, lookup: Lookup) -> &mut Config {
        self.sources.has_environment = true;
        self.fill(lookup)
    }

    /// The same with this profile, whatever the variables say; `None`: with the one that they choose.
    pub fn load_profile(&mut self, name: Option<&[u8]>) -> &mut Config {
        self.load_profile_from(name, &of_process)
    }

    /// The same from variables of a test.
    #[doc(hidden)]
    pub fn load_profile_from(&mut self, name: Option<&[u8]>, lookup: Lookup) -> &mut Config {
        self.sources.profile = name.map(<[u8]>::to_vec);
        self.load_from(lookup)
    }

    /// Reads a file of variables, and fills what is not set from it. The environment, if it was loaded, comes first.
    /// Nothing is read in a program with more rights than its user.
    pub fn load_env_file(&mut self, path: &[u8]) -> &mut Config {
        if process::has_more_rights_than_its_user() {
            return self;
        }
        self.load_env_file_from(path, &of_process)
    }

    /// The same beside variables of a test.
    #[doc(hidden)]
    pub fn load_env_file_from(&mut self, path: &[u8], lookup: Lookup) -> &mut Config {
        let not_utf8 = || Error::new(Reason::ArgumentUtf8, "the setting \"env_file\" is not UTF-8");
        let read = std::str::from_utf8(path)
            .map_err(|_| not_utf8())
            .and_then(|path| EnvFile::read(path, limit(self.connect_ms, CONNECT_LIMIT), is_credential));
        match read {
            Ok(file) => self.sources.files.push(file),
            Err(error) => self.sources.wrong_file = Some(error),
        }
        self.fill(lookup)
    }

    /// Fills everything anew that the program has not set: a file may bring what goes before what was there.
    fn fill(&mut self, lookup: Lookup) -> &mut Config {
        self.texts.iter_mut().for_each(|written| drop(written.take_if(|written| written.origin.is_some())));
        let sources = std::mem::take(&mut self.sources);
        let wrong_profile = places(&sources, lookup).map(|places| self.fill_from(&places)).err();
        self.sources = Sources { wrong_profile, ..sources };
        self
    }

    fn fill_from(&mut self, places: &[Place]) {
        for (key, names) in filled(Filled::Alone) {
            self.set_if_open(key, || first(places, names));
        }
        if !self.is_set(Key::CaPem) {
            filled(Filled::WithoutCaPem).for_each(|(key, names)| self.set_if_open(key, || first(places, names)));
        }
        // The program's own login, which is no text.
        if self.provider.is_none() {
            self.fill_whole(places, Filled::WithCredentials);
        }
        self.fill_whole(places, Filled::WithClientKey);
        let beside_host: Vec<&Place> =
            places.iter().filter(|place| self.place_of(Key::Host) == Some(place.number)).collect();
        let has_ca = self.is_set(Key::CaFile) || self.is_set(Key::CaPem);
        for (key, names) in filled(Filled::WithHost) {
            self.set_if_open(key, || beside_host.iter().find_map(|place| place.first(names)));
        }
        for (key, names) in filled(Filled::WithHostOrCa) {
            self.set_if_open(key, || match has_ca {
                true => first(places, names),
                false => beside_host.iter().find_map(|place| place.first(names)),
            });
        }
        self.leave_ports_to_address();
    }

    fn set_if_open(&mut self, key: Key, found: impl FnOnce() -> Raw) {
        if self.texts[key as usize].is_none() {
            self.set(key, found());
        }
    }

    /// Fills settings that belong together from one place, if the program has set none of them.
    fn fill_whole(&mut self, places: &[Place], how: Filled) {
        for place in places {
            if filled(how).any(|(key, _)| self.is_set(key)) {
                return;
            }
            for (key, names) in filled(how) {
                self.set(key, place.first(names));
            }
        }
    }

    fn place_of(&self, key: Key) -> Option<usize> {
        self.get(key)?.origin.as_ref().map(|origin| origin.place)
    }

    /// A port in the address of a profile or a file goes before ports that come from places after it.
    fn leave_ports_to_address(&mut self) {
        let Some(place) = self.place_of(Key::Host) else { return };
        let addresses = self.text(Key::Host).ok().flatten().and_then(|host| hosts::addresses(&host).ok());
        if addresses.is_none_or(|addresses| addresses.iter().all(|address| address.port.is_none())) {
            return;
        }
        for key in [Key::RestppPort, Key::GsqlPort] {
            if self.place_of(key).is_some_and(|other| other > place) {
                self.set(key, None);
            }
        }
    }

    /// The error, with the variables that the settings it names came from.
    pub(super) fn with_variables(&self, error: Error) -> Error {
        let mut message = error.message().to_owned();
        for (setting, written) in SETTINGS.iter().zip(&self.texts) {
            if let Some(Written { origin: Some(origin), .. }) = written {
                let name = setting.name;
                message = message.replace(&format!("\"{name}\""), &format!("\"{name}\" (from {})", origin.told()));
            }
        }
        error.with_message(message)
    }
}

/// A variable of the process.
fn of_process(name: &str) -> Option<Vec<u8>> {
    let name = CString::new(name).ok()?;
    process::variable(&name).map(|value| value.into_encoded_bytes())
}

/// Whether a variable of a file, with whatever prefix, is a credential or holds one.
fn is_credential(name: &str, value: &str) -> bool {
    let is = |setting: &&crate::config::table::Setting| match setting.kind {
        Kind::Secret(_) => !value.is_empty(),
        Kind::Proxy(_) => value.contains('@'),
        _ => false,
    };
    SETTINGS.iter().filter(is).any(|setting| setting.variables.iter().any(|variable| name.ends_with(variable)))
}

/// The places to look at, in this order: those of the profile, then those without prefix.
fn places<'a>(sources: &'a Sources, lookup: Lookup<'a>) -> Result<Vec<Place<'a>>> {
    let plain = places_of(None, sources, lookup);
    let Some((name, told)) = chosen_profile(sources, &plain)? else {
        return Ok(plain);
    };
    let wrong = |what: &str| Err(Error::new(Reason::ConfigProfile, format!("{told} {what}")));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > LONGEST_PROFILE || !name.bytes().all(is_plain) {
        return wrong("is empty, too long, or holds more than letters, digits, underscores and hyphens");
    }
    if name.eq_ignore_ascii_case(DEFAULT_PROFILE) {
        return Ok(plain);
    }
    let mut places = places_of(Some(name.as_str().into()), sources, lookup);
    // A typing error must not lead to the credentials of another server.
    if !places.iter().any(Place::has_any) {
        let prefix = name.to_ascii_uppercase();
        return wrong(&format!("names a profile without variables: there is no {prefix}_TG_HOST, and no other"));
    }
    places.extend(plain);
    (0..).zip(&mut places).for_each(|(number, place)| place.number = number);
    Ok(places)
}

fn places_of<'a>(profile: Option<Arc<str>>, sources: &'a Sources, lookup: Lookup<'a>) -> Vec<Place<'a>> {
    let prefix = profile.as_ref().map_or_else(String::new, |name| format!("{}_", name.to_ascii_uppercase()));
    let environment = sources.has_environment.then_some(None);
    let all = environment.into_iter().chain(sources.files.iter().map(Some));
    let place = |(number, file)| Place { profile: profile.clone(), prefix: prefix.clone(), file, lookup, number };
    (0..).zip(all).map(place).collect()
}

/// The name of the profile, and who chose it, for an error: the program, or else the first place that does.
fn chosen_profile(sources: &Sources, plain: &[Place]) -> Result<Option<(String, String)>> {
    if let Some(name) = &sources.profile {
        return Ok(Some((String::from_utf8_lossy(name).trim().to_owned(), "the setting \"profile\"".to_owned())));
    }
    for place in plain {
        let [newer, older] = PROFILE.map(|variable| {
            let Written { text, origin } = place.first(&[variable])?;
            let name = String::from_utf8_lossy(&text).trim().to_owned();
            (!name.is_empty()).then(|| (name, origin.map_or_else(String::new, |origin| origin.told())))
        });
        match (newer, older) {
            (Some(newer), Some(older)) if !newer.0.eq_ignore_ascii_case(&older.0) => {
                let message = format!("{} and {} choose different profiles", newer.1, older.1);
                return Err(Error::new(Reason::ConfigConflict, message));
            }
            (None, None) => {}
            (newer, older) => return Ok(newer.or(older)),
        }
    }
    Ok(None)
}

/// The proxy that the environment names for this scheme, as curl and Go read it: lower case first.
pub fn environment_proxy(tls: bool) -> Result<Option<ProxySetting>> {
    // In a CGI program HTTP_PROXY is the request's "Proxy" header, which anybody can send.
    let of_cgi = process::variable(c"REQUEST_METHOD").is_some();
    let names: &[&CStr] = match (tls, of_cgi) {
        (true, _) => &[c"https_proxy", c"HTTPS_PROXY", c"all_proxy", c"ALL_PROXY"],
        (false, false) => &[c"http_proxy", c"HTTP_PROXY", c"all_proxy", c"ALL_PROXY"],
        (false, true) if process::VARIABLES_HAVE_CASE => &[c"http_proxy", c"all_proxy", c"ALL_PROXY"],
        (false, true) => &[c"all_proxy", c"ALL_PROXY"],
    };
    let first = |names: &[&'static CStr]| {
        let set = |name: &&'static CStr| process::variable(name).filter(|v| !v.is_empty()).map(|value| (*name, value));
        names.iter().find_map(set)
    };
    let Some((name, value)) = first(names) else {
        return Ok(None);
    };
    let from = format!("the environment's {}", name.to_string_lossy());
    let proxy = crate::wire::proxy::check_proxy(&value.to_string_lossy(), &from)?;
    let list = first(&[c"no_proxy", c"NO_PROXY"]);
    let exceptions = list.map_or_else(NoProxy::default, |(_, list)| NoProxy::parse(&list.to_string_lossy()));
    Ok(Some(ProxySetting { proxy, exceptions }))
}

#[cfg(test)]
mod tests;
