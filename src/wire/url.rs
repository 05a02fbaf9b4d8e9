//! The address of one endpoint, which is used as it is: with its path and, perhaps, a query.

use std::fmt;

use crate::checks::check_path;
use crate::error::{Error, Reason, Result};
use crate::hidden::Hidden;
use crate::wire::address::Address;

/// The address of one endpoint.
#[derive(Clone)]
pub struct Url {
    address: Address,
    whole: Hidden,
    /// How much of it is shown: a query may hold a credential.
    shown: usize,
}

impl Url {
    /// Reads `https://host[:port][/path][?query]`; `wrong` begins what is said of a text that is none.
    pub fn parse(wrong: &str, text: &str) -> Result<Url> {
        let bad = |why: &str| {
            let hint = "Write the address as https://host/path, without user name and fragment.";
            Error::new(Reason::ArgumentUrl, format!("{wrong}: {why}")).with_hint(hint)
        };
        let start = text.find("://").map_or(0, |colon| colon + 3);
        let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |length| start + length);
        let (origin, rest) = text.split_at(end);
        if origin.contains('@') {
            return Err(bad("user name and password have no place in it"));
        }
        let address = Address::parse_as(wrong, origin).map_err(|error| bad_without(wrong, &error, bad))?;
        let path = if rest.starts_with('/') { rest.to_owned() } else { ["/", rest].concat() };
        check_path(&path).map_err(|error| bad(error.message()))?;
        let scheme = if address.tls { "https://" } else { "http://" };
        let port = address.port.map_or_else(String::new, |port| format!(":{port}"));
        let whole = Hidden::new([scheme, &address.host, &port, &path].concat());
        let shown = whole.reveal().find('?').unwrap_or(whole.reveal().len());
        Ok(Url { address, whole, shown })
    }

    /// The whole of it, for the request.
    pub fn whole(&self) -> &Hidden {
        &self.whole
    }

    /// What may be shown of it.
    pub fn shown(&self) -> &str {
        &self.whole.reveal()[..self.shown]
    }

    /// Whether TLS is used.
    pub fn tls(&self) -> bool {
        self.address.tls
    }

    /// Whether the host is this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.address.is_loopback()
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.address.host
    }
}

/// The refusal of an address, in the words of [`Url::parse`].
fn bad_without(wrong: &str, error: &Error, bad: impl Fn(&str) -> Error) -> Error {
    bad(error.message().strip_prefix(wrong).map_or(error.message(), |why| why.trim_start_matches(": ")))
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Url> {
        Url::parse("it is none", text)
    }

    #[test]
    fn an_endpoint_is_used_as_it_is() {
        let rows = [
            ("https://Login.example.com/a/token", "https://login.example.com/a/token", true),
            ("https://h/o/token/", "https://h/o/token/", true),
            ("https://h:8443/my%20realm/token?a=b%2Fc&d=?/", "https://h:8443/my%20realm/token", true),
            ("https://h", "https://h/", true),
            ("https://h?tenant=x", "https://h/", true),
            ("h/token", "https://h/token", true),
            ("http://[::1]:80/token", "http://[::1]:80/token", false),
        ];
        for (text, shown, tls) in rows {
            let url = parse(text).unwrap();
            assert_eq!((url.shown(), url.tls()), (shown, tls), "{text}");
            assert_eq!(format!("{url:?}"), shown);
        }
        assert_eq!(parse("https://h?tenant=x").unwrap().whole().reveal(), "https://h/?tenant=x");
        assert!(parse("http://127.0.0.1:1/token").unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_of_an_endpoint_is_refused() {
        for text in [
            "",
            "https://",
            "ftp://h/token",
            "https://user:canary@h/token",
            "https://h/token#canary",
            "https://h/a/../token",
            "https://h/%2e%2e/token",
            "https://h/a token",
            "https://h/\u{e9}",
            "https://h:0/token",
            "https://h\\token",
            "https://h/token\n",
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text}"));
            assert_eq!(error.reason(), Reason::ArgumentUrl, "{text}");
            assert!(error.message().starts_with("it is none: "), "{error}");
            assert!(
                !error.message().contains("canary") && !error.message().contains("it is none: it is none"),
                "{error}"
            );
        }
    }
}
