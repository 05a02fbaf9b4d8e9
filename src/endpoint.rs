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

use crate::wire::address::Address;

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
