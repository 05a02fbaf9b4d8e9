//! Endpoints, and where requests to them go.

/// Endpoints, by what serves them; see the table in the README for what each generation uses.
pub mod path {
    /// REST++, before 4.1: tokens.
    pub const REQUEST_TOKEN: &str = "/requesttoken";
    /// REST++, all generations: version of the components.
    pub const VERSION: &str = "/version";
    /// Gateway, before 4.1: GSQL text.
    pub const GSQL_FILE: &str = "/gsqlserver/gsql/file";
    /// Gateway, 4.1 and later: GSQL text.
    pub const STATEMENTS: &str = "/gsql/v1/statements";
    /// Gateway, 4.1 and later: tokens.
    pub const TOKENS: &str = "/gsql/v1/tokens";
    /// Gateway, 4.1 and later: check of a token, and the question that finds the generation.
    pub const TOKENS_CHECK: &str = "/gsql/v1/tokens/check";
    /// Gateway, 4.1 and later: secrets.
    pub const SECRETS: &str = "/gsql/v1/secrets";
}

use crate::wire::address::Address;

/// Gateway port of self-managed servers: serves GSQL, the GUI and, under `/restpp`, REST++.
pub const GATEWAY_PORT: u16 = 14240;
/// REST++ port of self-managed servers before 4.1.
pub const RESTPP_PORT: u16 = 9000;
/// The one port of TigerGraph Cloud.
const CLOUD_PORT: u16 = 443;

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
    fn names_stay_in_their_place() {
        assert_eq!(encode("a/../b?c=d&e#f%2e ü"), "a%2F..%2Fb%3Fc%3Dd%26e%23f%252e%20%C3%BC");
    }
}
