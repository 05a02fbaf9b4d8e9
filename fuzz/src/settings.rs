//! Targets: what the program and its environment say.

use std::net::IpAddr;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use super::canary;
use tigergraph_auth::Config;
use tigergraph_auth::unversioned::address::Address;
use tigergraph_auth::unversioned::certificate::{Certificate, owner_in_words};
use tigergraph_auth::unversioned::checks::{Alias, GraphName, check_user};
use tigergraph_auth::unversioned::endpoint::{Ports, Route, encode};
use tigergraph_auth::unversioned::env_file::EnvFile;
use tigergraph_auth::unversioned::no_proxy::NoProxy;
use tigergraph_auth::unversioned::pem::{self, Source};
use tigergraph_auth::unversioned::proxy::check_proxy;

/// A server's address: what is taken for one is plain, and means the same when it is read again.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(address) = Address::parse(&text) else {
        return;
    };
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"@?#%\\".contains(&b));
    assert!(is_plain(&address.host) && is_plain(&address.base) && !address.host.is_empty());
    let Address { tls, host, port, base } = &address;
    let scheme = if *tls { "https" } else { "http" };
    let port = port.map_or(String::new(), |port| format!(":{port}"));
    assert_eq!(Address::parse(&format!("{scheme}://{host}{port}{base}")).as_ref(), Ok(&address));
    for tgcloud in [None, Some(true), Some(false)] {
        let route = Route::new(&address, Ports::default(), tgcloud);
        for url in [Some(&route.gateway), Some(&route.restpp), route.restpp_fallback.as_ref()].into_iter().flatten() {
            let uri: ureq::http::Uri = url.parse().expect("an address that was taken");
            assert_eq!((uri.host(), uri.scheme_str()), (Some(host.as_str()), Some(scheme)));
        }
    }
}

/// The environment, a variable in each line: no credential in it is named in what is said about it.
pub fn environment(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let lookup = |name: &str| {
        let value = lines.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)?;
        // Not the files of this machine.
        let folder =
            if ["_FILE", "_PATH", "_CACHE"].iter().any(|end| name.ends_with(end)) { "/does/not/exist/" } else { "" };
        Some([folder, value].concat().into_bytes())
    };
    let mut config = Config::without_host();
    config.load_from(&lookup);
    // The system's trust store is slow to read, and nothing that is asked here.
    config.set_pin_sha256(Some(b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    let shown = match config.validate() {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => format!("{error:?}"),
    };
    let is_credential = |name: &str| ["PASSWORD", "SECRET", "TOKEN"].iter().any(|end| name.ends_with(end));
    let is_told =
        lines.iter().any(|(name, value)| !is_credential(name) && (name.contains(MARK) || value.contains(MARK)));
    assert!(is_told || !shown.contains(MARK), "a credential is in {shown}");
}

/// What credentials of an environment hold.
const MARK: &str = "Canary";

/// Names: what is taken goes into a path, a query or GSQL text and comes out of it as it was.
pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let encoded = encode(&text);
    assert_eq!(percent_decode_str(&encoded).decode_utf8().expect("what was encoded"), text);
    assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
    let is_plain =
        |name: &str| (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if let Ok(alias) = Alias::new(&text) {
        assert!(!matches!(&*encoded, "" | "." | "..") && alias.as_str() == text);
        assert_eq!(alias.for_gsql().is_ok(), is_plain(&text));
    }
    assert_eq!(GraphName::new(&text).is_ok(), is_plain(&text));
    assert!(check_user(&text).is_err() || !text.chars().any(char::is_control));
}

/// A proxy's address: what is refused is not repeated, for it may hold a password.
pub fn proxy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match check_proxy(&text, "the setting \"proxy\"") {
        Ok(proxy) => {
            assert!(!format!("{proxy:?}").contains("Basic") && !proxy.host.contains(['@', '/', '?', '#']));
            assert!(proxy.authorization.is_none_or(|login| !login.reveal().contains(['\r', '\n'])));
        }
        Err(error) => canary::check_obvious(&format!("{error:?}")),
    }
}

/// Files with certificates and keys: what is taken can be read, and what is said of it is printable and short.
pub fn certificates(data: &[u8]) {
    let source = Source { setting: "ca_file", path: Some("ca.pem") };
    let _ = pem::private_key(source, data);
    let found = pem::certificates(source, data).unwrap_or_default();
    for certificate in &found {
        assert!(Certificate::read(certificate).is_some(), "it was taken");
    }
    let raw = [data];
    for der in found.iter().map(AsRef::as_ref).chain(raw) {
        let Some(certificate) = Certificate::read(der) else {
            continue;
        };
        let mut said = certificate.names().unwrap_or_default();
        said.extend([owner_in_words(certificate.issuer), certificate.key_in_words(), certificate.signature_in_words()]);
        said.extend(certificate.unknown_critical());
        for text in said {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            assert!(is_plain && text.len() < 1000, "{text:?}");
        }
        let _ = (certificate.common_names().count(), certificate.has_usable_key(), certificate.is_for_servers());
    }
}

/// A file of variables: what is said of it repeats nothing of it, and each value is read again as it was if it is
/// written in single quotes.
pub fn env_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let file = match EnvFile::of(".env", &text) {
        Ok(file) => file,
        Err(error) => {
            let what = error.message().replace(|c: char| c.is_ascii_digit(), "");
            assert!(ENV_FILE_REFUSALS.iter().any(|known| what.ends_with(known)), "{what}");
            return;
        }
    };
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let marked = EnvFile::of(".env", &["\u{feff}", unmarked].concat()).expect("the same file");
    for name in text.split(|c: char| c.is_whitespace() || "=#\u{feff}".contains(c)) {
        let Some(value) = file.variable(name) else { continue };
        assert_eq!(marked.variable(name), Some(value), "a byte order mark changes {name:?}");
        let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
        let again = EnvFile::of(".env", &format!("{name}='{quoted}' # end")).expect("a quoted value");
        assert_eq!(again.variable(name), Some(value), "{name:?}");
    }
}

/// What is said of a file of variables that is not used, without the line's number.
const ENV_FILE_REFUSALS: [&str; 6] = [
    "cannot be used: line  is neither NAME=value nor a comment",
    "cannot be used: line  begins a quoted value without an end",
    "cannot be used: line  goes on after the closing quotation mark",
    "cannot be used: line  holds ${ outside of single quotes; nothing is expanded here",
    "cannot be used: line  has a value that begins with #, which some readers take for a comment",
    "cannot be used: line  has its name in double quotes, which some readers take for a part of the name",
];

static NONE: LazyLock<NoProxy> = LazyLock::new(|| NoProxy::parse(""));
static ALL: LazyLock<NoProxy> = LazyLock::new(|| NoProxy::parse("*"));

/// Hosts that are reached without a proxy, and a host in each further line: neither the order of the entries nor
/// capital letters nor a final dot change which, and one more entry takes none away.
pub fn no_proxy(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (list, hosts) = text.split_once('\n').unwrap_or((&text, ""));
    let read = NoProxy::parse(list);
    let turned = NoProxy::parse(&list.split(',').rev().collect::<Vec<_>>().join(","));
    let (upper, longer) =
        (NoProxy::parse(&list.to_ascii_uppercase()), NoProxy::parse(&[list, ",other.example"].concat()));
    for (host, port) in hosts.lines().filter_map(|line| Address::parse(line).ok()).map(|at| (at.host, at.port)) {
        let port = port.unwrap_or(443);
        let held = read.holds(&host, port);
        assert_eq!(turned.holds(&host, port), held, "{host} in the list from its end");
        assert_eq!(upper.holds(&host, port), held, "{host} in the list in capital letters");
        assert_eq!(read.holds(&host.to_ascii_uppercase(), port), held, "{host} in capital letters");
        if !host.ends_with(['.', ']']) && host.parse::<IpAddr>().is_err() {
            assert_eq!(read.holds(&format!("{host}."), port), held, "{host} with a final dot");
        }
        assert!(!held || longer.holds(&host, port), "{host} with one more entry");
        assert!(!NONE.holds(&host, port) && ALL.holds(&host, port));
        assert!(NoProxy::parse(&host).holds(&host, port), "{host} by its own name");
    }
}
