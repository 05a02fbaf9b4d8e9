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
/// What the gateway serves REST++ under.
const RESTPP_PREFIX: &str = "/restpp";
/// The one port of TigerGraph Cloud.
const CLOUD_PORT: u16 = 443;

/// Whether the GSQL server serves it, through the gateway.
pub fn is_gsql(path: &str) -> bool {
    path.starts_with("/gsql/") || path.starts_with("/gsqlserver/")
}

/// Whether it is a code of REST++: no other part of a server has codes that begin like this.
pub fn is_restpp_code(code: &str) -> bool {
    code.starts_with("REST-")
}

/// Advice where the address is that of REST++ alone.
pub const WRONG_ADDRESS: &str = "The address is that of REST++ alone: give that of the gateway, which serves GSQL too, \
                                 such as https://HOST:14240 (443 in the cloud), without /restpp.";

/// A port that was given beside the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// Whether a variable gives it, which may be meant for another tool: those name the ports of self-managed servers
    /// also for clouds, and that of REST++ also from 4.1 on.
    pub is_variable: bool,
}

/// The ports that were given beside the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// That of REST++.
    pub restpp: Option<Port>,
    /// That of the gateway.
    pub gsql: Option<Port>,
    /// The one port in the cloud.
    pub ssl: Option<u16>,
}

/// Which part of TigerGraph a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// REST++: queries, graph data, loading.
    Restpp,
    /// The gateway: GSQL, secrets, tokens.
    Gateway,
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
    /// REST++ below the gateway, for 4.1 and later, when the port that a variable gives refuses.
    pub restpp_by_gateway: Option<String>,
    /// What the address means if its port is that of REST++ alone; `None` where nobody gave a port.
    pub alone: Option<Alone>,
    /// By the ports that variables give, when the one that they mean in the cloud refuses.
    pub as_written: Option<Box<Route>>,
}

/// Where requests go if the address that was given is that of REST++ alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// REST++, without a prefix.
    pub restpp: String,
    /// The gateway on its usual port, if the port is the usual one of REST++.
    pub gateway: Option<String>,
}

impl Route {
    /// Applies the rules for ports: given ones as they are, otherwise the cloud's or the gateway's.
    pub fn new(address: &Address, ports: Ports, tgcloud: Option<bool>) -> Route {
        let cloud = tgcloud.unwrap_or_else(|| address.is_tgcloud());
        if !cloud {
            return Route::by_ports(address, ports, GATEWAY_PORT);
        }
        let usual = ports.ssl.unwrap_or(CLOUD_PORT);
        let in_cloud = |port: Port| match port.is_variable && matches!(port.number, RESTPP_PORT | GATEWAY_PORT) {
            true => Port { number: address.port.unwrap_or(usual), is_variable: false },
            false => port,
        };
        let meant = Ports { restpp: ports.restpp.map(in_cloud), gsql: ports.gsql.map(in_cloud), ..ports };
        let as_written = (meant != ports).then(|| Box::new(Route::by_ports(address, ports, usual)));
        Route { restpp_fallback: None, as_written, ..Route::by_ports(address, meant, usual) }
    }

    fn by_ports(address: &Address, Ports { restpp, gsql, .. }: Ports, usual: u16) -> Route {
        let [own, gsql] = [restpp, gsql].map(|port| port.map(|port| port.number));
        let gateway_port = gsql.or(address.port).unwrap_or(usual);
        let restpp_port = own.or(address.port).or(gsql).unwrap_or(usual);
        // An address of REST++ below the gateway is that of the gateway.
        let base = address.base.strip_suffix(RESTPP_PREFIX).unwrap_or(&address.base);
        let at = |port: u16, prefix: &str| {
            let scheme = if address.tls { "https" } else { "http" };
            format!("{scheme}://{}:{port}{base}{prefix}", address.host)
        };
        // REST++ has a listener of its own only where its port differs from the gateway's.
        let prefix = if restpp_port == gateway_port { RESTPP_PREFIX } else { "" };
        let is_port_given = own.is_some() || gsql.is_some() || address.port.is_some();
        let alone = || Alone {
            restpp: at(restpp_port, ""),
            gateway: (restpp_port == RESTPP_PORT).then(|| at(GATEWAY_PORT, "")),
        };
        let may_be_gone = prefix.is_empty() && restpp.is_some_and(|port| port.is_variable);
        Route {
            restpp: at(restpp_port, prefix),
            gateway: at(gateway_port, ""),
            restpp_fallback: (!is_port_given).then(|| at(RESTPP_PORT, "")),
            restpp_by_gateway: may_be_gone.then(|| at(gateway_port, RESTPP_PREFIX)),
            alone: (is_port_given && !prefix.is_empty()).then(alone),
            as_written: None,
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

/// Where the two parts of TigerGraph are, as programs write it: without the scheme's own port, without a slash at the
/// end. Each text ends in a NUL, so that this one copy serves C as well.
#[derive(Debug)]
pub struct ServerUrls {
    /// As requests are made of them.
    bases: [String; 2],
    shown: [String; 2],
}

impl ServerUrls {
    /// Of what stands before the endpoints of REST++ and of the gateway.
    pub fn new(restpp: &str, gateway: &str) -> ServerUrls {
        let bases = [restpp, gateway];
        ServerUrls { bases: bases.map(str::to_owned), shown: bases.map(shown_with_nul) }
    }

    /// Whether they are those of these two.
    pub fn are_of(&self, restpp: &str, gateway: &str) -> bool {
        self.bases == [restpp, gateway]
    }

    /// One of them.
    pub fn get(&self, server: Server) -> &str {
        self.get_with_nul(server).trim_end_matches('\0')
    }

    /// The same, with the NUL at its end that C needs.
    pub fn get_with_nul(&self, server: Server) -> &str {
        match server {
            Server::Restpp => &self.shown[0],
            Server::Gateway => &self.shown[1],
        }
    }
}

fn shown_with_nul(base: &str) -> String {
    let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let usual = if scheme == "https" { ":443" } else { ":80" };
    [scheme, "://", authority.strip_suffix(usual).unwrap_or(authority), path, "\0"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Address> {
        Address::parse(text).ok()
    }

    #[test]
    fn ports_follow_the_rules() {
        let route = |text, restpp: Option<u16>, gsql: Option<u16>, cloud| {
            let [restpp, gsql] = [restpp, gsql].map(|port| port.map(|number| Port { number, is_variable: false }));
            let route = Route::new(&parse(text).unwrap(), Ports { restpp, gsql, ssl: None }, cloud);
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

    /// What the address, the two ports and the port in the cloud lead to: REST++, the gateway, and where to go when
    /// those refuse.
    #[test]
    fn ports_of_variables_may_be_meant_for_another_tool() {
        type Row = (&'static str, [u16; 3], bool, &'static str, &'static str, &'static str);
        let table: [Row; 11] = [
            ("x.tgcloud.io", [9000, 14240, 0], true, ":443/restpp", ":443", ":9000 :14240"),
            ("x.tgcloud.io", [0, 14240, 0], true, ":443/restpp", ":443", ":14240/restpp :14240"),
            ("x.tgcloud.io", [9000, 0, 0], true, ":443/restpp", ":443", ":9000 :443"),
            ("x.tgcloud.io", [9000, 14240, 8443], true, ":8443/restpp", ":8443", ":9000 :14240"),
            ("x.tgcloud.io:444", [9000, 14240, 0], true, ":444/restpp", ":444", ":9000 :14240"),
            ("x.tgcloud.io", [0, 0, 8443], true, ":8443/restpp", ":8443", "-"),
            ("x.tgcloud.io", [9001, 14240, 0], true, ":9001", ":443", ":9001 :14240"),
            ("x.tgcloud.io", [9000, 14240, 0], false, ":9000", ":14240", "-"),
            ("h", [9000, 14240, 8443], true, ":9000", ":14240", ":14240/restpp"),
            ("h", [9000, 14240, 0], false, ":9000", ":14240", "-"),
            ("h", [14240, 14240, 0], true, ":14240/restpp", ":14240", "-"),
        ];
        for (address, numbers, is_variable, restpp, gateway, otherwise) in table {
            let [restpp_port, gsql, ssl] = numbers.map(|number| (number > 0).then_some(number));
            let [restpp_port, gsql] = [restpp_port, gsql].map(|port| port.map(|number| Port { number, is_variable }));
            let address = parse(address).unwrap();
            let route = Route::new(&address, Ports { restpp: restpp_port, gsql, ssl }, None);
            let after_host =
                |url: &str| url.trim_start_matches("https://").trim_start_matches(&address.host).to_owned();
            assert_eq!([after_host(&route.restpp), after_host(&route.gateway)], [restpp, gateway], "{address:?}");
            let other = match (&route.as_written, &route.restpp_by_gateway) {
                (Some(written), _) => format!("{} {}", after_host(&written.restpp), after_host(&written.gateway)),
                (None, by_gateway) => by_gateway.as_deref().map_or("-".to_owned(), after_host),
            };
            assert_eq!((other.as_str(), route.restpp_fallback), (otherwise, None), "{address:?}");
        }
    }

    #[test]
    fn an_address_of_restpp_is_known_by_its_path_or_by_its_answers() {
        let route = |text: &str| Route::new(&parse(text).unwrap(), Ports::default(), None);
        for (given, meant) in [
            ("https://h:14240/restpp", "https://h:14240"),
            ("https://h:14240/restpp/", "https://h:14240"),
            ("h/restpp", "https://h"),
            ("http://h:80/tg/restpp", "http://h:80/tg"),
            ("https://x.tgcloud.io/restpp", "https://x.tgcloud.io"),
        ] {
            assert_eq!(route(given), route(meant), "{given}");
        }
        assert_eq!(route("h/restpp2").gateway, "https://h:14240/restpp2");
        let alone = |text: &str| route(text).alone.map(|alone| (alone.restpp, alone.gateway));
        assert_eq!(alone("h"), None);
        assert_eq!(alone("x.tgcloud.io"), None);
        assert_eq!(alone("h:1/b"), Some(("https://h:1/b".into(), None)));
        assert_eq!(alone("http://h:9000"), Some(("http://h:9000".into(), Some("http://h:14240".into()))));
        let restpp = Some(Port { number: 9000, is_variable: false });
        assert_eq!(Route::new(&parse("h").unwrap(), Ports { restpp, ..Ports::default() }, None).alone, None);
    }

    #[test]
    fn names_stay_in_their_place() {
        assert_eq!(encode("a/../b?c=d&e#f%2e ü"), "a%2F..%2Fb%3Fc%3Dd%26e%23f%252e%20%C3%BC");
    }

    #[test]
    fn addresses_are_shown_as_programs_write_them() {
        for (restpp, gateway, shown) in [
            ("https://h:14240/restpp", "https://h:14240", ["https://h:14240/restpp", "https://h:14240"]),
            ("https://h:443/restpp", "https://h:443", ["https://h/restpp", "https://h"]),
            ("http://h:80/b/restpp", "http://h:80/b", ["http://h/b/restpp", "http://h/b"]),
            ("http://h:443", "https://h:80", ["http://h:443", "https://h:80"]),
            ("http://[::1]:80", "http://[::80]:9000", ["http://[::1]", "http://[::80]:9000"]),
        ] {
            let urls = ServerUrls::new(restpp, gateway);
            assert_eq!([urls.get(Server::Restpp), urls.get(Server::Gateway)], shown);
            assert!(urls.are_of(restpp, gateway) && !urls.are_of(gateway, restpp));
        }
    }
}
