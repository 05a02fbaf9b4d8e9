//! Variables for proxies: which of them are set, how the proxy is written, and who is to be reached without it. The
//! verdict is whether the proxy is asked, or somebody else.

use std::sync::Arc;

use rustls::sign::CertifiedKey;

use crate::case::{Case, Features};
use crate::certificates::{Keys, plain};
use crate::place::{PLAIN, Role};
use crate::random::Random;

/// The feature and the variables; `P` is the value, `p_` and `P_` the variable of the URL's scheme in either case,
/// `o_` that of the other scheme.
const VARIABLES: [(&str, &str); 12] = [
    ("", "p_=P"),
    ("the scheme's variable in upper case", "P_=P"),
    ("all_proxy", "all_proxy=P"),
    ("ALL_PROXY", "ALL_PROXY=P"),
    ("the other scheme's variable", "o_=P"),
    ("the scheme's variable in lower case is empty, in upper case set", "p_= P_=P"),
    ("the scheme's variable in lower case set, in upper case empty", "p_=P P_="),
    ("the scheme's variable in both cases, the upper one names another", "p_=P P_=http://192.0.2.99:3128"),
    ("the scheme's variable beside all_proxy, which names another", "p_=P all_proxy=http://192.0.2.99:3128"),
    ("the scheme's variable empty beside all_proxy", "p_= all_proxy=P"),
    ("all_proxy empty beside ALL_PROXY", "all_proxy= ALL_PROXY=P"),
    ("none", ""),
];

/// The feature, and how the proxy is written; `A` is its address and port.
const VALUES: [(&str, &str); 13] = [
    ("", "http://A"),
    ("proxy without a scheme", "A"),
    ("proxy's scheme in upper case", "HTTP://A"),
    ("proxy with a slash", "http://A/"),
    ("proxy with a path", "http://A/proxy"),
    ("proxy with a login", "http://user:password@A"),
    ("proxy with an encoded login", "http://us%65r:p%40ss@A"),
    ("proxy with an empty login", "http://@A"),
    ("SOCKS proxy", "socks5://A"),
    ("HTTPS proxy", "https://A"),
    ("proxy of an unknown kind", "ftp://A"),
    ("blank behind the proxy", "http://A "),
    ("blank before the proxy", " http://A"),
];

/// The feature, the host, and the entry of `NO_PROXY`.
#[rustfmt::skip]
const EXCEPTIONS: [(&str, &str, &str); 68] = [
    ("the host is excepted", "db.example.com", "db.example.com"),
    ("its domain is excepted", "db.example.com", "example.com"),
    ("its domain is excepted, with a dot", "db.example.com", ".example.com"),
    ("its domain is excepted, with *.", "db.example.com", "*.example.com"),
    ("a domain two labels above is excepted", "a.db.example.com", "example.com"),
    ("a domain two labels above is excepted, with a dot", "a.db.example.com", ".example.com"),
    ("the domain itself, with a dot", "example.com", ".example.com"),
    ("the domain itself, with *.", "example.com", "*.example.com"),
    ("a host in it is excepted", "example.com", "db.example.com"),
    ("another domain is excepted", "db.example.com", "example.org"),
    ("the end of a label is excepted", "notexample.com", "example.com"),
    ("the end of a label is excepted, with *", "notexample.com", "*example.com"),
    ("its domain is excepted, with *", "db.example.com", "*example.com"),
    ("the domain stands in the middle", "db.example.com.example.org", "example.com"),
    ("the top domain is excepted", "db.example.com", "com"),
    ("upper case in the exception", "db.example.com", "DB.Example.COM"),
    ("upper case in the URL", "DB.EXAMPLE.COM", "db.example.com"),
    ("final dot in the exception", "db.example.com", "db.example.com."),
    ("final dot in the URL", "db.example.com.", "db.example.com"),
    ("final dot in both", "db.example.com.", "db.example.com."),
    ("final dot in the excepted domain", "db.example.com", "example.com."),
    ("two dots before the domain", "db.example.com", "..example.com"),
    ("everything", "db.example.com", "*"),
    ("everything, for an address", "10.1.2.3", "*"),
    ("everything, behind a comma", "db.example.com", "example.net,*"),
    ("two stars", "db.example.com", "**"),
    ("a star at the end", "db.example.com", "db.*"),
    ("a star in the middle", "db.example.com", "db.*.com"),
    ("everything at the port", "db.example.com", "*:14240"),
    ("the host at the port", "db.example.com", "db.example.com:14240"),
    ("the domain at the port", "db.example.com", "example.com:14240"),
    ("the domain with a dot at the port", "db.example.com", ".example.com:14240"),
    ("the host at another port", "db.example.com", "db.example.com:443"),
    ("the host with a colon", "db.example.com", "db.example.com:"),
    ("the host at no number", "db.example.com", "db.example.com:https"),
    ("the port alone", "db.example.com", ":14240"),
    ("the host with a scheme", "db.example.com", "https://db.example.com"),
    ("the host with a slash", "db.example.com", "db.example.com/"),
    ("a dot alone", "db.example.com", "."),
    ("one label", "db", "db"),
    ("a domain for one label", "db", "example.com"),
    ("the address", "10.1.2.3", "10.1.2.3"),
    ("another address", "10.1.2.3", "10.1.2.4"),
    ("the address at the port", "10.1.2.3", "10.1.2.3:14240"),
    ("the address at another port", "10.1.2.3", "10.1.2.3:443"),
    ("a network of 8 bits", "10.1.2.3", "10.0.0.0/8"),
    ("a network of 23 bits", "10.1.2.3", "10.1.2.0/23"),
    ("a network of 32 bits", "10.1.2.3", "10.1.2.3/32"),
    ("a network of 0 bits", "10.1.2.3", "0.0.0.0/0"),
    ("a network of 33 bits", "10.1.2.3", "10.1.2.3/33"),
    ("a network with bits behind its end", "10.1.2.3", "10.1.2.9/24"),
    ("another network", "10.1.2.3", "10.2.0.0/16"),
    ("a network without a number", "10.1.2.3", "10.0.0.0/"),
    ("a network at the port", "10.1.2.3", "10.0.0.0/8:14240"),
    ("the beginning of the address", "10.1.2.3", "10.1."),
    ("the end of the address", "10.1.2.3", "2.3"),
    ("the end of the address, with a dot", "10.1.2.3", ".2.3"),
    ("the address with a star", "10.1.2.3", "10.*"),
    ("a network for a name", "db.example.com", "0.0.0.0/0"),
    ("the IPv6 address", "[2001:db8::7]", "2001:db8::7"),
    ("the IPv6 address in brackets", "[2001:db8::7]", "[2001:db8::7]"),
    ("the IPv6 address in brackets at the port", "[2001:db8::7]", "[2001:db8::7]:14240"),
    ("the IPv6 address in another form", "[2001:db8::7]", "2001:DB8:0::7"),
    ("an IPv6 network", "[2001:db8::7]", "2001:db8::/32"),
    ("an IPv6 network in brackets", "[2001:db8::7]", "[2001:db8::]/32"),
    ("another IPv6 network", "[2001:db8::7]", "2001:db9::/32"),
    ("an IPv4 address in IPv6", "10.1.2.3", "::ffff:10.1.2.3"),
    ("a network of IPv4 in IPv6", "[::ffff:10.1.2.3]", "10.0.0.0/8"),
];

/// Hosts without an exception that is for them.
const HOSTS: [(&str, &str); 7] = [
    ("", "db.example.com"),
    ("an address", "10.1.2.3"),
    ("an IPv6 address", "[2001:db8::7]"),
    ("a name of one label", "db"),
    ("localhost", "localhost"),
    ("loopback address", "127.0.0.2"),
    ("IPv6 loopback address", "[::1]"),
];

/// The feature, and the list around an entry `E`.
const LISTS: [(&str, &str); 10] = [
    ("", "E"),
    ("behind a comma", "example.net,E"),
    ("before a comma", "E,example.net"),
    ("behind a comma and a blank", "example.net, E"),
    ("before a blank and a comma", "E ,example.net"),
    ("behind a blank", "example.net E"),
    ("behind a tab", "example.net\tE"),
    ("behind a semicolon", "example.net;E"),
    ("behind commas without entries", ",,example.net,,E,"),
    ("between blanks", " E "),
];

/// Which of a case's parts are out of the ordinary.
#[derive(Clone, Copy)]
struct What {
    variables: bool,
    value: bool,
    hosts: bool,
    exceptions: bool,
    list: bool,
    cgi: bool,
}

const ORDINARY: What =
    What { variables: false, value: false, hosts: false, exceptions: false, list: false, cgi: false };

const WHAT: [What; 8] = [
    What { variables: true, ..ORDINARY },
    What { value: true, ..ORDINARY },
    What { hosts: true, ..ORDINARY },
    What { exceptions: true, ..ORDINARY },
    What { exceptions: true, ..ORDINARY },
    What { exceptions: true, list: true, ..ORDINARY },
    What { variables: true, exceptions: true, ..ORDINARY },
    What { variables: true, cgi: true, ..ORDINARY },
];

pub struct Proxies {
    shown: Arc<CertifiedKey>,
    proxy: String,
}

impl Proxies {
    pub fn make(keys: &Keys, port: u16) -> Proxies {
        Proxies { shown: plain(keys).1, proxy: format!("127.0.0.1:{port}") }
    }

    pub fn case(&self, random: &mut Random) -> Case {
        let mut features = Features::default();
        let mut take = |random: &mut Random, from: &[(&'static str, &'static str)]| {
            let (feature, value) = *random.pick(from);
            if !feature.is_empty() {
                features.push(feature);
            }
            value
        };
        // What is out of the ordinary, so little at a time that it can be told what a verdict comes from.
        let what = *random.pick(&WHAT);
        let is_tls = !random.once_in(4);
        let variables = take(random, if what.variables { &VARIABLES } else { &VARIABLES[..1] });
        let value = take(random, if what.value { &VALUES } else { &VALUES[..1] });
        let value = value.replace('A', &self.proxy);
        let mut list = None;
        let host = if what.exceptions {
            let (feature, host, entry) = *random.pick(if what.list { &EXCEPTIONS[..1] } else { &EXCEPTIONS });
            let around = take(random, if what.list { &LISTS } else { &LISTS[..1] });
            list = Some(around.replace('E', entry));
            features.push(feature);
            host
        } else {
            take(random, if what.hosts { &HOSTS } else { &HOSTS[..1] })
        };
        let mut variables = set(variables, is_tls, &value);
        if !is_tls {
            features.push("http");
        }
        let in_upper_case = list.is_some() && random.once_in(6);
        if let Some(list) = list {
            let name = if in_upper_case { "NO_PROXY" } else { "no_proxy" };
            variables.push((name.to_owned(), list));
        }
        if in_upper_case {
            features.push("NO_PROXY in upper case");
        }
        if what.cgi {
            variables.push(("REQUEST_METHOD".to_owned(), "GET".to_owned()));
            features.push("CGI");
        }
        let scheme = if is_tls { "https" } else { "http" };
        let mut shown = variables.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect::<String>();
        shown.push_str(&format!("{scheme}://{host}:14240/\n"));
        Case {
            features,
            url: format!("{scheme}://{host}:14240/"),
            role: Role { shown: is_tls.then(|| self.shown.clone()), answer: PLAIN.to_vec() },
            ca: None,
            variables: Some(variables),
            expected: (200, b"{}".to_vec()),
            shown,
        }
    }
}

/// The variables of a row.
fn set(row: &str, is_tls: bool, value: &str) -> Vec<(String, String)> {
    let (own, other) = if is_tls { ("https", "http") } else { ("http", "https") };
    let name = |name: &str| match name {
        "p_" => format!("{own}_proxy"),
        "P_" => format!("{}_PROXY", own.to_uppercase()),
        "o_" => format!("{other}_proxy"),
        name => name.to_owned(),
    };
    let pairs = row.split(' ').filter_map(|pair| pair.split_once('='));
    let proxy = |word: &str| if word == "P" { value.to_owned() } else { word.to_owned() };
    pairs.map(|(variable, word)| (name(variable), proxy(word))).collect()
}
