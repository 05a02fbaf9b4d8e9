//! The servers that an address names, or several addresses with commas between them: those of one cluster.

use crate::error::{Error, Reason, Result};
use crate::protocol::endpoint::Route;
use crate::wire::address::Address;

/// So many servers may be named.
const MOST: usize = 8;

/// The addresses that a text lists. They have one scheme.
pub(super) fn addresses(text: &str) -> Result<Vec<Address>> {
    let count = text.split(',').count();
    // Spaces may stand beside a comma, and nowhere else.
    let part = |(index, part): (usize, &str)| {
        let part = if index > 0 { part.trim_start_matches(' ') } else { part };
        let part = if index + 1 < count { part.trim_end_matches(' ') } else { part };
        let which = |error: Error| match count {
            1 => error,
            _ => {
                let message = format!("{} (address {} of {count})", error.message(), index + 1);
                error.with_message(message)
            }
        };
        Address::parse(part).map_err(which)
    };
    let addresses = text.split(',').enumerate().map(part).collect::<Result<Vec<_>>>()?;
    match addresses.iter().any(|address| address.tls != addresses[0].tls) {
        true => Err(wrong("names servers with http and with https; all have to have the same scheme")),
        false => Ok(addresses),
    }
}

/// Where requests to each of them go; one that is named again counts once.
pub(super) fn routes(addresses: &[Address], route: impl Fn(&Address) -> Route) -> Result<Vec<Route>> {
    let mut routes: Vec<Route> = Vec::with_capacity(addresses.len().min(MOST));
    for route in addresses.iter().map(route) {
        let is_same = |known: &Route| (&known.gateway, &known.restpp) == (&route.gateway, &route.restpp);
        if !routes.iter().any(is_same) {
            routes.push(route);
        }
    }
    if routes.len() > MOST {
        return Err(wrong(&format!("names {} servers, and {MOST} is the limit", routes.len())));
    }
    Ok(routes)
}

fn wrong(what: &str) -> Error {
    let hint = "Several servers of one cluster have commas between them, at most 8, as in https://a,https://b; all of \
                them have https, or all have http.";
    Error::new(Reason::ArgumentUrl, format!("the setting \"host\" {what}")).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn gateways(host: &str) -> Result<Vec<String>> {
        let settings = Config::new(host).set_tgcloud(0).set_allow_http(true).validate()?;
        Ok(settings.routes.iter().map(|route| route.gateway.clone()).collect())
    }

    #[test]
    fn several_addresses_have_commas_between_them() {
        for (host, expected) in [
            ("https://a,https://b", vec!["https://a:14240", "https://b:14240"]),
            (
                "https://a , b:1/base,  https://[::1]",
                vec!["https://a:14240", "https://b:1/base", "https://[::1]:14240"],
            ),
            ("https://a,https://A:14240,https://a/restpp", vec!["https://a:14240"]),
            ("https://x.tgcloud.io,https://y", vec!["https://x.tgcloud.io:443", "https://y:14240"]),
            ("http://a,http://b:80", vec!["http://a:14240", "http://b:80"]),
        ] {
            assert_eq!(gateways(host).unwrap(), expected, "{host}");
        }
        let nine: Vec<String> = (1..=9).map(|n| format!("https://h{n}")).collect();
        assert_eq!(gateways(&nine[..8].join(",")).unwrap().len(), 8);
        assert_eq!(gateways(&[&nine[..8], &nine[..8]].concat().join(",")).unwrap().len(), 8);
        let error = gateways(&nine.join(",")).unwrap_err();
        assert_eq!(error.reason(), Reason::ArgumentUrl);
        assert_eq!(error.message(), "the setting \"host\" names 9 servers, and 8 is the limit");
    }

    #[test]
    fn what_is_no_list_is_refused_by_name() {
        let bad = [
            "https://a,",
            ",https://a",
            "https://a,,https://b",
            "https://a,http://b",
            "a,http://b",
            "https://a b",
            " https://a,https://b",
            "https://a,https://b ",
            "https://a,\thttps://b",
            "https://a;https://b",
        ];
        for host in bad {
            let error = gateways(host).unwrap_err();
            assert_eq!(error.reason(), Reason::ArgumentUrl, "{host}");
            assert!(error.message().contains("\"host\""), "{host}: {}", error.message());
        }
        assert!(gateways("https://a,ftp://b").unwrap_err().message().ends_with("(address 2 of 2)"));
    }

    #[test]
    fn plain_http_stays_at_home_for_each_of_them() {
        let error = Config::new("http://127.0.0.1:1,http://db.example.com").validate().unwrap_err();
        assert_eq!(error.reason(), Reason::ConfigPlainHttp);
        assert!(error.message().contains("db.example.com"));
    }
}
