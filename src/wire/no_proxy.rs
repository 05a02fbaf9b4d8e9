//! The hosts that are reached without a proxy, as `NO_PROXY` lists them: what curl, Go and requests agree on, and
//! where they do not, what more of them do.

use std::net::IpAddr;

/// A list of hosts that are reached without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Exception>);

/// Hosts that are reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    /// At this port only, if there is one.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A domain and every host in it, in lower case.
    Domain(String),
    /// Every host in a domain, and not the domain itself.
    In(String),
    /// Addresses that begin with these bits.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Reads a list whose entries are separated by commas or blanks. An entry that nobody could mean is left out.
    pub fn parse(list: &str) -> NoProxy {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        NoProxy(entries.filter_map(Exception::parse).collect())
    }

    /// Whether this host, an IPv6 address in brackets, is reached without the proxy.
    pub fn holds(&self, host: &str, port: u16) -> bool {
        let (name, ip) = (plain_name(host), plain_ip(host));
        self.0.iter().any(|exception| {
            let hosts = match &exception.hosts {
                Hosts::All => true,
                Hosts::Domain(domain) => ip.is_none() && is_in_domain(&name, domain),
                Hosts::In(domain) => ip.is_none() && name != *domain && is_in_domain(&name, domain),
                Hosts::Network(network, bits) => ip.is_some_and(|ip| begins_with(ip, *network, *bits)),
            };
            hosts && exception.port.is_none_or(|only| only == port)
        })
    }
}

impl Exception {
    /// Reads `*`, a name, an address or a network; all but the last with or without a port.
    fn parse(entry: &str) -> Option<Exception> {
        if let Some((network, bits)) = entry.split_once('/') {
            let (network, bits) = (plain_ip(network)?, bits.parse().ok()?);
            let all = if network.is_ipv4() { 32 } else { 128 };
            return (bits <= all).then_some(Exception { hosts: Hosts::Network(network, bits), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            // The colons of an IPv6 address without brackets.
            _ if plain_ip(entry).is_some() => (entry, None),
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let hosts = match plain_ip(host) {
            Some(ip) => Hosts::Network(ip, if ip.is_ipv4() { 32 } else { 128 }),
            None if host == "*" => Hosts::All,
            None => match host.strip_prefix("*.") {
                Some(domain) => Hosts::In(plain_name(domain)),
                None => Hosts::Domain(plain_name(host.strip_prefix('.').unwrap_or(host))),
            },
        };
        let is_empty = matches!(&hosts, Hosts::Domain(domain) | Hosts::In(domain) if domain.is_empty());
        (!is_empty).then_some(Exception { hosts, port })
    }
}

/// A host's name as names are compared.
fn plain_name(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// The address that a host is, with brackets or without.
fn plain_ip(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

fn is_in_domain(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|start| start.is_empty() || start.ends_with('.'))
}

/// Whether two addresses of one family agree in their first bits.
fn begins_with(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differ = match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => u128::from(ip.to_bits() ^ network.to_bits()) << 96,
        (IpAddr::V6(ip), IpAddr::V6(network)) => ip.to_bits() ^ network.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list, a host with its port, and whether the list holds it.
    const CELLS: &[(&str, &str, bool)] = &[
        ("", "db.example.com:443", false),
        (",, ,", "db.example.com:443", false),
        ("*", "db.example.com:443", true),
        ("a.com,*", "[::1]:443", true),
        ("*:443", "db.example.com:443", true),
        ("*:443", "db.example.com:14240", false),
        ("example.com", "example.com:443", true),
        ("example.com", "db.example.com:443", true),
        ("example.com", "a.db.example.com:443", true),
        ("example.com", "notexample.com:443", false),
        ("example.com", "example.com.evil.org:443", false),
        ("db.example.com", "example.com:443", false),
        (".example.com", "example.com:443", true),
        (".example.com", "db.example.com:443", true),
        (".example.com", "notexample.com:443", false),
        ("*.example.com", "db.example.com:443", true),
        ("*.example.com", "a.db.example.com:443", true),
        ("*.example.com", "example.com:443", false),
        ("*.example.com.", "db.example.com:443", true),
        ("*.", "example.com:443", false),
        ("*example.com", "db.example.com:443", false),
        ("*example.com", "notexample.com:443", false),
        ("..example.com", "db.example.com:443", false),
        ("EXAMPLE.Com", "db.example.com:443", true),
        ("example.com", "DB.EXAMPLE.COM:443", true),
        ("example.com.", "db.example.com:443", true),
        ("example.com", "db.example.com.:443", true),
        (".example.com.", "example.com.:443", true),
        ("example.com:14240", "db.example.com:14240", true),
        ("example.com:14240", "db.example.com:443", false),
        (".example.com:14240", "example.com:14240", true),
        ("example.com:", "example.com:443", false),
        ("example.com:port", "example.com:443", false),
        ("a.com example.com", "db.example.com:443", true),
        ("a.com,\texample.com ,b.com", "db.example.com:443", true),
        (".", "example.com:443", false),
        (":443", "example.com:443", false),
        ("localhost", "localhost:443", true),
        ("localhost", "127.0.0.1:443", false),
        ("10.1.2.3", "10.1.2.3:443", true),
        ("10.1.2.3", "10.1.2.30:443", false),
        ("2.3", "10.1.2.3:443", false),
        ("10.1.2.3:14240", "10.1.2.3:14240", true),
        ("10.1.2.3:14240", "10.1.2.3:443", false),
        ("10.0.0.0/8", "10.1.2.3:443", true),
        ("10.0.0.0/8", "11.1.2.3:443", false),
        ("10.1.2.3/8", "10.200.0.1:443", true),
        ("192.168.4.0/22", "192.168.7.255:443", true),
        ("192.168.4.0/22", "192.168.8.0:443", false),
        ("10.1.2.3/32", "10.1.2.3:443", true),
        ("10.1.2.3/32", "10.1.2.4:443", false),
        ("0.0.0.0/0", "203.0.113.9:443", true),
        ("0.0.0.0/0", "[2001:db8::1]:443", false),
        ("10.0.0.0/33", "10.0.0.0:443", false),
        ("10.0.0.0/x", "10.0.0.0:443", false),
        ("10.0.0.0/8", "ten.example.com:443", false),
        ("::1", "[::1]:443", true),
        ("[::1]", "[::1]:443", true),
        ("[::1]:14240", "[::1]:14240", true),
        ("[::1]:14240", "[::1]:443", false),
        ("0:0:0:0:0:0:0:1", "[::1]:443", true),
        ("FD00::/8", "[fd12:3456::1]:443", true),
        ("fd00::/8", "[fe80::1]:443", false),
        ("[fd00::]/8", "[fd12::1]:443", true),
        ("2001:db8::/33", "[2001:db8:7fff::1]:443", true),
        ("2001:db8::/33", "[2001:db8:8000::1]:443", false),
        ("::/0", "[2001:db8::1]:443", true),
        ("::1/129", "[::1]:443", false),
        ("::ffff:10.1.2.3", "10.1.2.3:443", true),
    ];

    #[test]
    fn hosts_are_excepted_as_curl_go_and_requests_do_it() {
        for (list, target, expected) in CELLS {
            let (host, port) = target.rsplit_once(':').unwrap();
            assert_eq!(NoProxy::parse(list).holds(host, port.parse().unwrap()), *expected, "{list:?} {target}");
        }
    }
}
