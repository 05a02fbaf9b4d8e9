//! Addresses of servers.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Reason, Result};

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
        Address::parse_as("the setting \"host\" is not a server address", text)
    }

    /// The same; `wrong` begins what is said of a text that is none.
    pub fn parse_as(wrong: &str, text: &str) -> Result<Address> {
        let bad = |why: &str| Err(Error::new(Reason::ArgumentUrl, format!("{wrong}: {why}")));
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
}
