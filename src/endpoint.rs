//! Addresses, ports, server generations, and which endpoint serves what on which generation.

/// Endpoints, by what serves them; see the table in the README for what each generation uses.
pub mod path {
    /// REST++, generations A and B: tokens.
    pub const REQUEST_TOKEN: &str = "/requesttoken";
    /// REST++, all generations: version of the components.
    pub const VERSION: &str = "/version";
    /// Gateway, generations A and B: GSQL text.
    pub const GSQL_FILE: &str = "/gsqlserver/gsql/file";
    /// Gateway, generation C: GSQL text.
    pub const STATEMENTS: &str = "/gsql/v1/statements";
    /// Gateway, generation C: tokens.
    pub const TOKENS: &str = "/gsql/v1/tokens";
    /// Gateway, generation C: check of a token, and the question that finds the generation.
    pub const TOKENS_CHECK: &str = "/gsql/v1/tokens/check";
    /// Gateway, generation C: secrets.
    pub const SECRETS: &str = "/gsql/v1/secrets";
}

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Reason, Result};

/// Gateway port of self-managed servers: serves GSQL, the GUI and, under `/restpp`, REST++.
pub const GATEWAY_PORT: u16 = 14240;
/// REST++ port of self-managed servers before 4.1.
pub const RESTPP_PORT: u16 = 9000;
/// The one port of TigerGraph Cloud.
const CLOUD_PORT: u16 = 443;

/// How a server manages tokens and secrets. Found by asking it, or told by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 2.x to 3.4: `requesttoken` with its parameters in the query.
    A {
        /// From 3.2 on a token can be requested with the secret in the body of a POST.
        post: bool,
    },
    /// 3.5 to 3.11: `requesttoken` with a JSON body.
    B,
    /// 4.1 and later: `gsql/v1/tokens` and `gsql/v1/secrets`.
    C,
}

/// A server's version, compared as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number, 0 where not told.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads "3.10" or "4.1.2".
    pub fn parse(text: &str) -> Option<Version> {
        let mut numbers = [0u32; 3];
        let parts: Vec<&str> = text.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(&parts) {
            if part.len() > 5 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            *number = part.parse().ok()?;
        }
        Some(Version { major: numbers[0], minor: numbers[1], patch: numbers[2] })
    }

    /// The generation of this version; `None` for 4.0, which belongs to none provably and is asked.
    pub fn generation(self) -> Option<Generation> {
        match (self.major, self.minor) {
            (0..=2, _) | (3, 0..=1) => Some(Generation::A { post: false }),
            (3, 2..=4) => Some(Generation::A { post: true }),
            (3, _) => Some(Generation::B),
            (4, 0) => None,
            _ => Some(Generation::C),
        }
    }
}

/// The parts of a server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether TLS is used.
    pub tls: bool,
    /// Host name or IP address, IPv6 in brackets.
    pub host: String,
    /// Port, if the address names one.
    pub port: Option<u16>,
    /// Base path without a slash at its end; "" for none.
    pub base: String,
}

impl Address {
    /// Reads `https://host[:port][/base]`; without a scheme `https` is meant.
    pub fn parse(text: &str) -> Result<Address> {
        let bad = |why: &str| {
            Err(Error::new(Reason::ArgumentUrl, format!("the setting \"host\" is not a server address: {why}")))
        };
        if text.bytes().any(|b| !b.is_ascii_graphic()) {
            return bad("it holds a space, a control character or a letter beyond ASCII");
        }
        if text.contains(['?', '#', '\\', '@', '%']) {
            return bad("user name, query, fragment, backslash and percent sign have no place in it");
        }
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => return bad("the scheme is neither https nor http"),
            None => (true, text),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let Some((host, port)) = split_port(authority) else {
            return bad("its port is not a number from 1 to 65535");
        };
        if !is_host(host) {
            return bad("its host is neither a name, nor an IPv4 address, nor an IPv6 address in brackets");
        }
        let Some(base) = base_path(path) else {
            return bad("its path is not plain");
        };
        Ok(Address { tls, host: host.to_ascii_lowercase(), port, base })
    }

    /// Whether the host is this machine itself.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost"
            || bare.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            || bare.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether the host name is one of TigerGraph Cloud's.
    pub fn is_tgcloud(&self) -> bool {
        self.host.contains("tgcloud")
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let colon = match authority.rfind(']') {
        Some(bracket) if bracket + 1 == authority.len() => None,
        Some(bracket) => Some(bracket + 1),
        None => authority.find(':'),
    };
    let Some(colon) = colon else {
        return Some((authority, None));
    };
    let digits = authority[colon..].strip_prefix(':')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match digits.parse::<u16>() {
        Ok(port) if port > 0 => Some((&authority[..colon], Some(port))),
        _ => None,
    }
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > 253 || !name.split('.').all(is_label) {
        return false;
    }
    // What ends in a number, also one written "0x7f", is an IPv4 address or nothing.
    let last = name.rsplit('.').next().unwrap_or("");
    let hex = last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || hex;
    !numeric || host.parse::<Ipv4Addr>().is_ok()
}

fn base_path(path: &str) -> Option<String> {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return (path.len() <= 1).then(String::new);
    }
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let whole = trimmed[1..].split('/').all(is_segment) && path.len() - trimmed.len() <= 1;
    whole.then(|| trimmed.to_owned())
}

/// Where requests of a connection go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Everything of a REST++ URL before its endpoint: scheme, host, port, base, `/restpp` or "".
    pub restpp: String,
    /// Everything of a GSQL or gateway URL before its endpoint.
    pub gateway: String,
    /// REST++ on port 9000, tried once when the gateway's default port refuses.
    pub restpp_fallback: Option<String>,
}

impl Route {
    /// Applies the rules for ports: given ones as they are, otherwise the cloud's or the gateway's.
    pub fn new(address: &Address, restpp: Option<u16>, gsql: Option<u16>, tgcloud: Option<bool>) -> Route {
        let cloud = tgcloud.unwrap_or_else(|| address.is_tgcloud());
        let usual = if cloud { CLOUD_PORT } else { GATEWAY_PORT };
        let gateway_port = gsql.or(address.port).unwrap_or(usual);
        let restpp_port = restpp.or(address.port).or(gsql).unwrap_or(usual);
        let at = |port: u16, prefix: &str| {
            let scheme = if address.tls { "https" } else { "http" };
            format!("{scheme}://{}:{port}{}{prefix}", address.host, address.base)
        };
        // REST++ has a listener of its own only where its port differs from the gateway's.
        let prefix = if restpp_port == gateway_port { "/restpp" } else { "" };
        let no_port_given = restpp.is_none() && gsql.is_none() && address.port.is_none() && !cloud;
        Route {
            restpp: at(restpp_port, prefix),
            gateway: at(gateway_port, ""),
            restpp_fallback: no_port_given.then(|| at(RESTPP_PORT, "")),
        }
    }
}

/// Percent-encodes a name so that it is one path segment or one query value, whatever is in it.
pub fn encode(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    /// All but the unreserved characters of RFC 3986.
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(name, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Address> {
        Address::parse(text).ok()
    }

    #[test]
    fn addresses_are_read() {
        let address = parse("HTTPS://DB.Example.com:8443/base/path/").unwrap();
        assert_eq!((address.tls, address.host.as_str(), address.port), (true, "db.example.com", Some(8443)));
        assert_eq!(address.base, "/base/path");
        assert!(parse("db.example.com").unwrap().tls);
        assert!(!parse("http://[::1]:9000").unwrap().tls);
        assert_eq!(parse("http://[::1]").unwrap().host, "[::1]");
        assert!(parse("xyz.i.tgcloud.io").unwrap().is_tgcloud());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let bad = [
            "",
            "http://",
            "ftp://h",
            "http://u:p@h",
            "http://h?x",
            "http://h#x",
            "http://h\\x",
            "http:/h",
            "//h",
            "http://h x",
            "http://h%41",
            "http://[fe80::1%25eth0]",
            "http://[::1",
            "http://h:0",
            "http://h:65536",
            "http://h:",
            "http://h:8x",
            "http://0x7f.1",
            "http://127.1",
            "http://1.2.3.4.5",
            "http://256.1.1.1",
            "http://h/../x",
            "http://h//x",
            "http://h/x//",
            "http://bücher",
            "http://h\n",
            "http://.",
            "http://-a",
            "http://a..b",
            "http://::1",
            "http://h:1:2",
            "http://010.0.0.1",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn loopback_is_known() {
        for text in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]"] {
            assert!(!parse(text).unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn ports_follow_the_rules() {
        let route = |text, restpp, gsql, cloud| {
            let route = Route::new(&parse(text).unwrap(), restpp, gsql, cloud);
            (route.restpp, route.gateway, route.restpp_fallback.is_some())
        };
        let own = |s: &str| s.to_owned();
        assert_eq!(route("h", None, None, None), (own("https://h:14240/restpp"), own("https://h:14240"), true));
        assert_eq!(route("h:1/b", None, None, None), (own("https://h:1/b/restpp"), own("https://h:1/b"), false));
        assert_eq!(route("h", Some(9000), None, None), (own("https://h:9000"), own("https://h:14240"), false));
        assert_eq!(route("h", None, Some(5), None), (own("https://h:5/restpp"), own("https://h:5"), false));
        assert_eq!(route("h", Some(7), Some(7), None), (own("https://h:7/restpp"), own("https://h:7"), false));
        let cloud = (own("https://x.tgcloud.io:443/restpp"), own("https://x.tgcloud.io:443"), false);
        assert_eq!(route("x.tgcloud.io", None, None, None), cloud);
        assert_eq!(route("x.tgcloud.io", None, None, Some(false)).1, "https://x.tgcloud.io:14240");
        assert_eq!(route("h", None, None, Some(true)).1, "https://h:443");
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("3.10") > version("3.9") && version("10.1") > version("4.1"));
        let generation = |text| version(text).generation();
        assert_eq!(generation("2.6.1"), Some(Generation::A { post: false }));
        assert_eq!(generation("3.1"), Some(Generation::A { post: false }));
        assert_eq!(generation("3.2"), Some(Generation::A { post: true }));
        assert_eq!(generation("3.4.9"), Some(Generation::A { post: true }));
        assert_eq!(generation("3.5"), Some(Generation::B));
        assert_eq!(generation("3.10"), Some(Generation::B));
        assert_eq!(generation("4.0"), None);
        assert_eq!(generation("4.1"), Some(Generation::C));
        assert_eq!(generation("5.0"), Some(Generation::C));
        assert_eq!(generation("10.1"), Some(Generation::C));
        for bad in ["", "4", "4.", "4.1.2.3", "v4.1", "4.x", "-1.0", "4.1 "] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_stay_in_their_place() {
        assert_eq!(encode("a/../b?c=d&e#f%2e ü"), "a%2F..%2Fb%3Fc%3Dd%26e%23f%252e%20%C3%BC");
    }
}
