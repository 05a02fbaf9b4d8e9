//! What comes of an environment: what would be sent where.

use std::collections::BTreeSet;

/// What comes of an environment.
#[derive(Debug, Default)]
pub struct Seen {
    /// Why nothing is sent.
    pub error: Option<String>,
    /// The server that is asked first for REST++: scheme, host and port.
    pub restpp: String,
    /// The same for GSQL.
    pub gsql: String,
    /// What goes before every path.
    pub base: String,
    /// The credentials that are used first, by their variables.
    pub first: Vec<String>,
    /// Each credential with each server that may get it.
    pub sent: BTreeSet<(String, String)>,
    /// The graph.
    pub graph: Option<String>,
    /// Whose certificates are accepted; `None` without TLS.
    pub trust: Option<String>,
    /// The proxy.
    pub proxy: Option<String>,
}

/// In what two of them differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facet {
    /// We send nothing, and say why.
    WeRefuse,
    /// They send nothing.
    TheyRefuse,
    /// We send something to a server to which they send nothing.
    Elsewhere,
    /// They send something to a server to which we send nothing.
    Less,
    /// The same servers, but others of them are the first.
    Order,
    /// Other credentials.
    Credential,
    /// Another base path.
    Base,
    /// Another graph.
    Graph,
    /// Other certificates are accepted.
    Trust,
    /// Another proxy.
    Proxy,
}

impl Seen {
    /// Every server that may get something.
    pub fn servers(&self) -> BTreeSet<&str> {
        self.sent.iter().map(|(_, server)| server.as_str()).collect()
    }

    /// Every credential that may be sent.
    fn credentials(&self) -> BTreeSet<&str> {
        self.sent.iter().map(|(credential, _)| credential.as_str()).collect()
    }
}

/// In what they differ.
pub fn differences(ours: &Seen, theirs: &Seen) -> Vec<Facet> {
    match (&ours.error, &theirs.error) {
        (Some(_), Some(_)) => return Vec::new(),
        (Some(_), None) => return vec![Facet::WeRefuse],
        (None, Some(_)) => return vec![Facet::TheyRefuse],
        (None, None) => {}
    }
    let (servers, credentials) = ([ours.servers(), theirs.servers()], [ours.credentials(), theirs.credentials()]);
    let same = servers[0] == servers[1];
    // With the same servers and the same credentials, one of them could still go to another of the servers.
    let crossed = same && credentials[0] == credentials[1] && !ours.sent.is_subset(&theirs.sent);
    [
        (Facet::Elsewhere, crossed || !servers[0].is_subset(&servers[1])),
        (Facet::Less, !servers[1].is_subset(&servers[0])),
        (Facet::Order, same && (&ours.restpp, &ours.gsql) != (&theirs.restpp, &theirs.gsql)),
        (Facet::Credential, credentials[0] != credentials[1] || ours.first != theirs.first),
        (Facet::Base, ours.base != theirs.base),
        (Facet::Graph, ours.graph != theirs.graph),
        (Facet::Trust, ours.trust != theirs.trust),
        (Facet::Proxy, ours.proxy != theirs.proxy),
    ]
    .into_iter()
    .filter_map(|(facet, differs)| differs.then_some(facet))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sent: &[(&str, &str)]) -> Seen {
        let sent = sent.iter().map(|(credential, server)| ((*credential).to_owned(), (*server).to_owned()));
        Seen { sent: sent.collect(), ..Seen::default() }
    }

    #[test]
    fn a_credential_at_another_server_is_seen() {
        let theirs = seen(&[("one", "https://a:1"), ("two", "https://b:1")]);
        assert_eq!(differences(&seen(&[("one", "https://a:1"), ("two", "https://b:1")]), &theirs), []);
        let port = seen(&[("one", "https://a:2"), ("two", "https://b:1")]);
        assert_eq!(differences(&port, &theirs), [Facet::Elsewhere, Facet::Less]);
        let crossed = seen(&[("one", "https://b:1"), ("two", "https://a:1")]);
        assert_eq!(differences(&crossed, &theirs), [Facet::Elsewhere]);
        let other = seen(&[("one", "https://a:1"), ("one", "https://b:1")]);
        assert_eq!(differences(&other, &theirs), [Facet::Credential]);
    }
}
