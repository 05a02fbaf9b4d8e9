//! Why we differ.

use crate::rows::Row;
use crate::seen::Facet::{self, *};
use crate::seen::Seen;
use crate::theirs::Tool::{self, *};

/// A reason, and the differences that it explains.
pub struct Explained {
    /// In what.
    facets: &'static [Facet],
    /// From whom.
    pub peers: &'static [Tool],
    /// Where.
    place: Where,
    /// The reason.
    pub why: &'static str,
}

enum Where {
    /// In these environments.
    Rows(&'static [&'static str]),
    /// Wherever this holds.
    If(fn(&Row, &Seen, &Seen) -> bool),
    /// Wherever this holds, which is nearly everywhere: it is told once, and not in each row.
    General(fn(&Row, &Seen, &Seen) -> bool),
}

impl Explained {
    /// Whether it explains this difference.
    pub fn explains(&self, peer: Tool, facet: Facet, row: &Row, ours: &Seen, theirs: &Seen) -> bool {
        self.facets.contains(&facet)
            && self.peers.contains(&peer)
            && match self.place {
                Where::Rows(names) => names.contains(&row.name),
                Where::If(holds) | Where::General(holds) => holds(row, ours, theirs),
            }
    }

    /// The environments that it names.
    pub fn names(&self) -> &'static [&'static str] {
        match self.place {
            Where::Rows(names) => names,
            Where::If(_) | Where::General(_) => &[],
        }
    }

    /// Whether it is told once.
    pub fn is_general(&self) -> bool {
        matches!(self.place, Where::General(_))
    }
}

const fn because(
    facets: &'static [Facet],
    peers: &'static [Tool],
    rows: &'static [&'static str],
    why: &'static str,
) -> Explained {
    Explained { facets, peers, place: Where::Rows(rows), why }
}

const fn wherever(
    facets: &'static [Facet],
    peers: &'static [Tool],
    holds: fn(&Row, &Seen, &Seen) -> bool,
    why: &'static str,
) -> Explained {
    Explained { facets, peers, place: Where::If(holds), why }
}

const fn general(
    facets: &'static [Facet],
    peers: &'static [Tool],
    holds: fn(&Row, &Seen, &Seen) -> bool,
    why: &'static str,
) -> Explained {
    Explained { facets, peers, place: Where::General(holds), why }
}

const ALL: &[Tool] = &[Mcp, OldMcp, X];
const MCP: &[Tool] = &[Mcp, OldMcp];
const OLD: &[Tool] = &[OldMcp];
const GRAPHS: &[Tool] = &[X];

fn always(_: &Row, _: &Seen, _: &Seen) -> bool {
    true
}

/// The gateway is asked first, and REST++'s own port otherwise, instead of the reverse.
fn is_gateway_first(_: &Row, ours: &Seen, theirs: &Seen) -> bool {
    ours.gsql == theirs.gsql && ours.restpp == ours.gsql && theirs.restpp.ends_with(":9000")
}

/// Only the port that is asked when the gateway's refuses is one more than theirs.
fn is_fallback(_: &Row, ours: &Seen, theirs: &Seen) -> bool {
    let more: Vec<&str> = ours.servers().difference(&theirs.servers()).copied().collect();
    let own = ours.gsql.strip_suffix(":14240").map(|host| format!("{host}:9000"));
    own.is_some_and(|own| more == [own]) && ours.restpp == ours.gsql
}

fn chooses_profile(row: &Row, _: &Seen, _: &Seen) -> bool {
    let chooses = |(name, value): &(&str, &str)| {
        ["TG_PROFILE", "TG_DEFAULT_PROFILE"].contains(name) && !value.is_empty() && *value != "default"
    };
    row.variables.iter().any(chooses)
}

fn is_in_cloud(row: &Row, ours: &Seen, _: &Seen) -> bool {
    let is_told = |(name, value): &(&str, &str)| *name == "TG_TGCLOUD" && *value != "maybe";
    ours.gsql.contains("tgcloud") || row.variables.iter().any(is_told)
}

fn has_file(row: &Row, _: &Seen, _: &Seen) -> bool {
    row.file.is_some()
}

fn is_coroutine(_: &Row, _: &Seen, theirs: &Seen) -> bool {
    theirs.first.iter().any(|credential| credential.contains("<coroutine"))
}

/// Every reason, in the order of the page.
#[rustfmt::skip]
pub static EXPLAINED: &[Explained] = &[
    general(
        &[Trust], MCP, always,
        "with https they accept any certificate, whatever `TG_CERT_PATH` says, because pyTigerGraph \
         switches the check off. Here a certificate is always checked.",
    ),
    general(
        &[Trust], GRAPHS, always,
        "certificates are checked against the authorities in the package certifi, or \
         `REQUESTS_CA_BUNDLE`; `TG_CERT_PATH` is not read. Here the system's authorities count, or \
         `TG_CERT_PATH`.",
    ),
    general(
        &[Order], MCP, is_gateway_first,
        "they ask for REST++ at 9000 first, and at 14240 if nothing listens at 9000. Here 14240 is first, \
         because it serves everything on every server, and 9000 second: the same two ports.",
    ),
    general(
        &[Elsewhere], GRAPHS, is_fallback,
        "it sends everything to 14240. Here a token is asked for at 9000 of the same host, once, if \
         nothing listens at 14240 and no port was set: that is REST++'s own port before 4.1, and \
         TigerGraphX is for 4.x alone.",
    ),
    general(
        &[Graph], GRAPHS, always,
        "`TG_GRAPHNAME` is not read: programs name the graph.",
    ),
    because(
        &[TheyRefuse], ALL, &["no scheme"],
        "an address without a scheme means https here.",
    ),
    because(
        &[WeRefuse], ALL, &["a blank in front", "a user in it"],
        "an address that is not plain is refused, so that nobody reads it in another way than who wrote \
         it.",
    ),
    because(
        &[TheyRefuse], MCP,
        &[
            "another port in it", "port 443 in it", "port and path", "another port in the address",
            "443 in its address", "a port in its address, ports outside",
        ],
        "they take a port in the address only if it is that of REST++ or GSQL, 9000 and 14240 by default. \
         Here it is the port of everything; a profile's address goes before the ports of variables \
         without prefix.",
    ),
    because(
        &[TheyRefuse], GRAPHS,
        &[
            "its port", "port 9000 in it", "another port in it", "the port in the address too",
            "another port in the address",
        ],
        "an address with a port is never reached, because a second one is written behind it.",
    ),
    because(
        &[Elsewhere, Less], GRAPHS, &["port 443 in it", "443 in its address"],
        "the port 443 in an https address is lost, and 14240 asked.",
    ),
    because(
        &[Order], MCP, &["port 9000 in it"],
        "9000 in the address is the port of everything here, and if its answers show that it is that of \
         REST++ alone, GSQL is asked at 14240.",
    ),
    because(
        &[Less], MCP,
        &[
            "its port", "the path of REST++", "GSQL alone", "GSQL by its other name", "GSQL by both names",
            "the port in the address too", "the port alone",
        ],
        "one port, in the address or for GSQL, is the port of everything here, because the gateway serves \
         REST++ too. There REST++ stays at 9000.",
    ),
    because(
        &[Base], MCP, &["a path in it"],
        "the path in an address is lost.",
    ),
    because(
        &[Elsewhere, Less, Base], GRAPHS, &["a path in it"],
        "the port is written behind the path, so that it is a part of it, and 443 is asked.",
    ),
    because(
        &[Base], GRAPHS, &["port and path", "the path of REST++"],
        "the port is written behind the path, so that it is a part of it. Here `/restpp` at the end is \
         taken off, because it leads to REST++ alone.",
    ),
    because(
        &[TheyRefuse], MCP, &["an IPv6 address"],
        "the brackets of an IPv6 address are lost, and no request can be made.",
    ),
    because(
        &[WeRefuse], ALL, &["a container's name without TLS"],
        "http to another machine shows the credential to the network: `TG_ALLOW_HTTP=true` allows it.",
    ),
    because(
        &[WeRefuse], MCP, &["allowed outside, its host without TLS"],
        "`TG_ALLOW_HTTP` of one place does not allow http to the host of another.",
    ),
    because(
        &[WeRefuse], MCP, &["no host", "an empty host", "small letters", "HOST"],
        "there is no built-in server here. There it is http://127.0.0.1.",
    ),
    because(
        &[WeRefuse], GRAPHS, &["no host"],
        "there is no built-in server here. There it is http://127.0.0.1.",
    ),
    because(
        &[Proxy], GRAPHS, &["a proxy's variable"],
        "the requests of TigerGraphX go by the proxy of `HTTPS_PROXY`. Here a proxy is a setting, which \
         may be `env`.",
    ),
    because(
        &[Proxy], ALL, &["a proxy for us"],
        "`TG_PROXY` is a variable of this library.",
    ),
    because(
        &[WeRefuse], MCP, &["a user alone", "a password alone", "an empty password"],
        "half a login is an error here. There the other half is `tigergraph`.",
    ),
    because(
        &[Credential], MCP, &["none", "a secret in a file", "SECRET"],
        "there is no built-in account here. There it is `tigergraph`, with the password `tigergraph`.",
    ),
    because(
        &[Credential], GRAPHS, &["a secret in a file"],
        "the variables of files with credentials belong to this library.",
    ),
    because(
        &[Credential], GRAPHS,
        &[
            "a token", "a token by both names", "a JWT", "token and JWT", "token and password",
            "token and secret",
        ],
        "`TG_API_TOKEN` and `TG_JWT_TOKEN` are not read, only `TG_TOKEN`.",
    ),
    because(
        &[Credential], MCP, &["token and JWT"],
        "they use the JWT alone. Here the token is used first, until it expires or is refused, and then \
         the JWT.",
    ),
    because(
        &[Credential], MCP, &["token and password", "token and secret"],
        "they use the token alone. Here the login gets the next token when this one expires or is \
         refused.",
    ),
    because(
        &[WeRefuse], MCP, &["password and secret", "password and JWT"],
        "two logins are an error here, so that nobody has to know which one wins. There JWT, token, \
         secret and password win in this order.",
    ),
    because(
        &[WeRefuse], GRAPHS, &["password and JWT"],
        "two logins are an error here. `TG_JWT_TOKEN` is not read there.",
    ),
    because(
        &[WeRefuse], ALL, &["a colon in the user's name", "a secret with a blank behind it"],
        "a credential that no server could get as it is written is an error here.",
    ),
    wherever(
        &[Credential], OLD, is_coroutine,
        "with `TG_SECRET` its token is the text `<coroutine object ...>`: it asks pyTigerGraph for one, \
         and does not wait for the answer. So every request is refused.",
    ),
    because(
        &[Elsewhere], GRAPHS, &["their example", "9000 and 14240", "REST++ alone"],
        "`TG_RESTPP_PORT` is read, and not used: everything goes to `TG_GSQL_PORT`, or 14240.",
    ),
    because(
        &[Elsewhere, Less], GRAPHS, &["443 for both", "GSQL alone", "GSQL by both names"],
        "`TG_GS_PORT` is not read: everything goes to `TG_GSQL_PORT`, or 14240.",
    ),
    because(
        &[WeRefuse], GRAPHS, &["no number"],
        "`TG_GS_PORT` is not read there.",
    ),
    wherever(
        &[Elsewhere, Less], GRAPHS, is_in_cloud,
        "it knows no TigerGraph Cloud, and asks 14240 there, a port that the cloud does not open.",
    ),
    because(
        &[Elsewhere], MCP, &["with 9000 and 14240", "a name of one's own, on their ports"],
        "here the ports as they are written are asked, at the same host, if nothing listens at 443: \
         somebody did write them.",
    ),
    because(
        &[Elsewhere, Less], MCP, &["a name of one's own, 1"],
        "`1`, `yes` and `on` mean `true` here. There they mean `false`.",
    ),
    because(
        &[WeRefuse], ALL, &["a word that is neither"],
        "what is neither true nor false is an error here. There it is `false`, or not read.",
    ),
    wherever(
        &[WeRefuse, Elsewhere, Less, Credential], GRAPHS, chooses_profile,
        "it knows no profiles, and uses the variables without prefix.",
    ),
    because(
        &[Elsewhere, Less], OLD, &["TG_DEFAULT_PROFILE"],
        "it does not know `TG_DEFAULT_PROFILE`, and uses the variables without prefix.",
    ),
    because(
        &[WeRefuse], MCP, &["both, not the same"],
        "two different choices are an error here. There `TG_DEFAULT_PROFILE` wins, or is not read.",
    ),
    because(
        &[Elsewhere, Less], OLD, &["blanks around it"],
        "blanks belong to the name there, so that no variable is found, and those without prefix are \
         used.",
    ),
    because(
        &[WeRefuse], MCP, &["one without variables", "its variables in small letters"],
        "a profile without variables is an error here. There the variables without prefix are used: a \
         typing error leads to another server.",
    ),
    because(
        &[Elsewhere, Less], OLD, &["DEFAULT, with variables"],
        "`DEFAULT` in capital letters is a profile of its own there.",
    ),
    because(
        &[WeRefuse], MCP, &["the password alone", "the user outside, the password in the file"],
        "a login comes whole from one place here. There each variable is looked up by itself, so that \
         user and password may be of two accounts.",
    ),
    because(
        &[Credential], MCP,
        &[
            "password of it, secret outside", "secret of it, token outside",
            "the password outside, the secret in the file",
        ],
        "a login comes whole from one place here. There each variable is looked up by itself, and a token \
         or secret from outside goes to the server of the profile, before its own login.",
    ),
    because(
        &[WeRefuse], ALL, &["an authority that is not there"],
        "a CA file that cannot be read is an error here. There it is never opened.",
    ),
    because(
        &[Graph], MCP, &["a hyphen for none", "none for the profile"],
        "`-` takes a graph away here.",
    ),
    because(
        &[WeRefuse], ALL, &["no name of a graph"],
        "a name that no graph can have is an error here.",
    ),
    because(
        &[WeRefuse], GRAPHS, &["small letters"],
        "`tg_host` is `TG_HOST` there: pydantic-settings does not care for capital letters.",
    ),
    because(
        &[WeRefuse], GRAPHS, &["HOST"],
        "pydantic-settings also reads variables with the names of the fields, `HOST`, `USERNAME`, \
         `PASSWORD`, `SECRET` and `TOKEN`, in any case. Only `TG_...` is read here.",
    ),
    because(
        &[TheyRefuse], GRAPHS, &["USERNAME"],
        "as with `HOST`: `USERNAME`, which Windows and some desktops set, is a user for TigerGraphX, and \
         so the half of a second login.",
    ),
    because(
        &[Credential], GRAPHS, &["SECRET"],
        "as with `HOST`: `SECRET` is a secret for TigerGraphX.",
    ),
    wherever(
        &[WeRefuse, TheyRefuse, Elsewhere, Less, Credential], GRAPHS, has_file,
        "it reads no file of variables.",
    ),
    because(
        &[Elsewhere, Less], MCP, &["an empty host outside"],
        "an empty variable is none here, and the file's counts. There it hides the file's, and the \
         built-in server counts.",
    ),
    because(
        &[Elsewhere, Less], MCP, &["a byte order mark"],
        "a byte order mark is skipped here. There it is a part of the first name, so that this variable \
         is lost.",
    ),
    because(
        &[WeRefuse], MCP, &["a number sign in front", "braces, to be expanded"],
        "a value that readers of such files take in different ways is an error here, and asks for single \
         quotes.",
    ),
    because(
        &[Graph], MCP, &["a comment in place of a value"],
        "a comment in place of a value is no value here. There it is the value.",
    ),
];
