//! What this library makes of the environments.

use std::collections::BTreeMap;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tigergraph_auth::Config;
use tigergraph_auth::unversioned::endpoint::Route;
use tigergraph_standin::TestCa;

use crate::rows::Row;
use crate::seen::Seen;

/// A folder with the files that variables name.
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// A new one.
    pub fn new() -> Place {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("environment");
        std::fs::create_dir_all(&folder).expect("a folder");
        let place = Place { folder };
        place.write("ca.pem", TestCa::new("an authority").pem());
        place.write("secret", "secretinafile\n");
        place
    }

    /// A private file in it.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).expect("a file");
        file.set_permissions(PermissionsExt::from_mode(0o600)).expect("its mode");
        std::io::Write::write_all(&mut &file, text.as_bytes()).expect("written");
        path
    }

    /// The value of a variable, with the paths of our files.
    pub fn filled(&self, value: &str) -> String {
        let folder = self.folder.display().to_string();
        if value == "CA" { format!("{folder}/ca.pem") } else { value.replace("FOLDER", &folder) }
    }

    /// A text without those paths.
    pub fn without_paths(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.display()), "")
    }

    /// The credentials in an environment, with their variables.
    pub fn credentials(&self, row: &Row) -> BTreeMap<String, String> {
        let of_file = row.file.iter().flat_map(|file| file.credentials);
        let is_credential =
            |name: &str| ["USERNAME", "PASSWORD", "SECRET", "TOKEN", "secret"].iter().any(|end| name.ends_with(end));
        let all = row.variables.iter().chain(of_file);
        let given = all.filter(|(name, value)| is_credential(name) && !value.is_empty());
        let mut credentials: BTreeMap<String, String> =
            given.map(|(name, value)| ((*value).to_owned(), (*name).to_owned())).collect();
        credentials.insert("secretinafile".to_owned(), "TG_SECRET_FILE".to_owned());
        credentials
    }
}

/// What comes of it here.
pub fn observe(row: &Row, place: &Place) -> Seen {
    let lookup = |name: &str| {
        let found = row.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| place.filled(value).into_bytes())
    };
    let mut config = Config::without_host();
    config.load_from(&lookup);
    if let Some(file) = &row.file {
        let path = place.write("variables.env", file.text);
        config.load_env_file_from(path.as_os_str().as_encoded_bytes(), &lookup);
    }
    let settings = match config.validate() {
        Ok(settings) => settings,
        Err(error) => {
            let message = place.without_paths(error.message());
            return Seen { error: Some(format!("`{}`: {message}", error.reason().id())), ..Seen::default() };
        }
    };
    let names = place.credentials(row);
    let name = |text: &str| names.get(text).cloned().unwrap_or_else(|| format!("\"{text}\""));
    let shown = |name: &str| settings.shown.iter().find(|shown| shown.name == name).map(|shown| shown.value.as_str());
    let login = settings.login.as_ref().map(|login| {
        let credential = name(login.credential().expect("a login of this server's").held().reveal());
        shown("username").map_or(credential.clone(), |user| format!("{} + {credential}", name(user)))
    });
    let mut credentials: Vec<String> = settings.api_token.iter().map(|token| name(token.reveal())).collect();
    credentials.extend(login);
    if credentials.is_empty() {
        credentials.push("nothing".to_owned());
    }
    let servers = servers(&settings.routes[0]);
    let pair =
        |credential: &String| servers.iter().map(|server| (credential.clone(), server.clone())).collect::<Vec<_>>();
    let trust = match shown("ca_file") {
        Some(path) if path != "system" => place.without_paths(path),
        _ => "the system's authorities".to_owned(),
    };
    let (gsql, base) = split(&settings.routes[0].gateway);
    Seen {
        error: None,
        restpp: split(&settings.routes[0].restpp).0,
        gsql,
        base,
        sent: credentials.iter().flat_map(pair).collect(),
        first: credentials.into_iter().take(1).collect(),
        graph: shown("graph").filter(|graph| *graph != "-").map(str::to_owned),
        trust: settings.trust.is_some().then_some(trust),
        proxy: shown("proxy").map(str::to_owned),
    }
}

/// Every server that a request may go to, one that is asked when another refuses too.
fn servers(route: &Route) -> Vec<String> {
    let own = [&route.restpp, &route.gateway].into_iter().chain(&route.restpp_fallback).chain(&route.restpp_by_gateway);
    let alone = route.alone.iter().flat_map(|alone| [&alone.restpp].into_iter().chain(&alone.gateway));
    let mut servers: Vec<String> = own.chain(alone).map(|url| split(url).0).collect();
    servers.extend(route.as_written.iter().flat_map(|written| self::servers(written)));
    servers
}

/// Scheme, host and port of an address, and its path.
fn split(url: &str) -> (String, String) {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find('/').map_or(url.len(), |slash| after + slash);
    (url[..end].to_owned(), url[end..].to_owned())
}
