//! The environments: what is set in each, by section of the page.

/// An environment.
pub struct Row {
    /// What it is about, once in all sections.
    pub name: &'static str,
    /// Its variables. `CA` stands for a file with an authority's certificate, `FOLDER` for a folder of our own.
    pub variables: Variables,
    /// What a file of variables holds that they read because it is there, and we because we are told to.
    pub file: Option<File>,
}

/// A file of variables, and the credentials in it as everybody should read them.
pub struct File {
    pub text: &'static str,
    pub credentials: Variables,
}

pub type Variables = &'static [(&'static str, &'static str)];

const fn row(name: &'static str, variables: Variables) -> Row {
    Row { name, variables, file: None }
}

const fn file(name: &'static str, variables: Variables, text: &'static str, credentials: Variables) -> Row {
    Row { name, variables, file: Some(File { text, credentials }) }
}

/// Every environment, by section.
pub const SECTIONS: &[(&str, &[Row])] = &[
    ("The address", ADDRESSES),
    ("Login and token", CREDENTIALS),
    ("Ports", PORTS),
    ("TigerGraph Cloud", CLOUD),
    ("Profiles", PROFILES),
    ("Certificates", CERTIFICATES),
    ("Graph", GRAPHS),
    ("Variables of other names", NAMES),
    ("A file of variables", FILES),
];

const SERVER: (&str, &str) = ("TG_HOST", "https://db.example.com");
const SECRET: (&str, &str) = ("TG_SECRET", "firstsecret");
const USER: (&str, &str) = ("TG_USERNAME", "alice");
const PASSWORD: (&str, &str) = ("TG_PASSWORD", "opensesame");
const TOKEN: (&str, &str) = ("TG_API_TOKEN", "apitokenofalice");
const JWT: (&str, &str) = ("TG_JWT_TOKEN", "head.jwtofalice.tail");

const ADDRESSES: &[Row] = &[
    row("a host", &[SERVER, SECRET]),
    row("a slash at the end", &[("TG_HOST", "https://db.example.com/"), SECRET]),
    row("no scheme", &[("TG_HOST", "db.example.com"), SECRET]),
    row("capital letters", &[("TG_HOST", "HTTPS://DB.Example.COM"), SECRET]),
    row("a blank in front", &[("TG_HOST", " https://db.example.com"), SECRET]),
    row("its port", &[("TG_HOST", "https://db.example.com:14240"), SECRET]),
    row("port 9000 in it", &[("TG_HOST", "https://db.example.com:9000"), SECRET]),
    row("another port in it", &[("TG_HOST", "https://db.example.com:8443"), SECRET]),
    row("port 443 in it", &[("TG_HOST", "https://db.example.com:443"), SECRET]),
    row("a path in it", &[("TG_HOST", "https://db.example.com/tg"), SECRET]),
    row("port and path", &[("TG_HOST", "https://db.example.com:8443/tg"), SECRET]),
    row("the path of REST++", &[("TG_HOST", "https://db.example.com:14240/restpp"), SECRET]),
    row("a user in it", &[("TG_HOST", "https://alice@db.example.com"), SECRET]),
    row("an IPv4 address", &[("TG_HOST", "https://192.0.2.7"), SECRET]),
    row("an IPv6 address", &[("TG_HOST", "https://[2001:db8::7]"), SECRET]),
    row("this machine without TLS", &[("TG_HOST", "http://localhost"), SECRET]),
    row("a container's name without TLS", &[("TG_HOST", "http://tigergraph"), SECRET]),
    row("the same, allowed", &[("TG_HOST", "http://tigergraph"), ("TG_ALLOW_HTTP", "true"), SECRET]),
    row("a scheme that nobody knows", &[("TG_HOST", "ftp://db.example.com"), SECRET]),
    row("no host", &[SECRET]),
    row("an empty host", &[("TG_HOST", ""), SECRET]),
    row("a proxy for us", &[SERVER, SECRET, ("TG_PROXY", "http://proxy.example.com:3128")]),
    row("a proxy's variable", &[SERVER, SECRET, ("HTTPS_PROXY", "http://proxy.example.com:3128")]),
];

const CREDENTIALS: &[Row] = &[
    row("none", &[SERVER]),
    row("user and password", &[SERVER, USER, PASSWORD]),
    row("a user alone", &[SERVER, USER]),
    row("a password alone", &[SERVER, PASSWORD]),
    row("a token", &[SERVER, TOKEN]),
    row("a token by its other name", &[SERVER, ("TG_TOKEN", "tokenofalice")]),
    row("a token by both names", &[SERVER, TOKEN, ("TG_TOKEN", "tokenofalice")]),
    row("a JWT", &[SERVER, JWT]),
    row("token and JWT", &[SERVER, TOKEN, JWT]),
    row("token and password", &[SERVER, TOKEN, USER, PASSWORD]),
    row("token and secret", &[SERVER, TOKEN, SECRET]),
    row("password and secret", &[SERVER, USER, PASSWORD, SECRET]),
    row("password and JWT", &[SERVER, USER, PASSWORD, JWT]),
    row("a colon in the user's name", &[SERVER, ("TG_USERNAME", "ali:ce"), PASSWORD]),
    row("a secret with a blank behind it", &[SERVER, ("TG_SECRET", "firstsecret ")]),
    row("an empty password", &[SERVER, USER, ("TG_PASSWORD", "")]),
    row("a secret in a file", &[SERVER, ("TG_SECRET_FILE", "FOLDER/secret")]),
];

const PORTS: &[Row] = &[
    row(
        "their example",
        &[("TG_HOST", "http://localhost"), ("TG_RESTPP_PORT", "9000"), ("TG_GS_PORT", "14240"), USER, PASSWORD],
    ),
    row("9000 and 14240", &[SERVER, SECRET, ("TG_RESTPP_PORT", "9000"), ("TG_GS_PORT", "14240")]),
    row("14240 for both", &[SERVER, SECRET, ("TG_RESTPP_PORT", "14240"), ("TG_GS_PORT", "14240")]),
    row("443 for both", &[SERVER, SECRET, ("TG_RESTPP_PORT", "443"), ("TG_GS_PORT", "443")]),
    row("REST++ alone", &[SERVER, SECRET, ("TG_RESTPP_PORT", "9001")]),
    row("GSQL alone", &[SERVER, SECRET, ("TG_GS_PORT", "8443")]),
    row("GSQL by its other name", &[SERVER, SECRET, ("TG_GSQL_PORT", "8443")]),
    row("GSQL by both names", &[SERVER, SECRET, ("TG_GS_PORT", "8443"), ("TG_GSQL_PORT", "9443")]),
    row("TLS, outside the cloud", &[SERVER, SECRET, ("TG_SSL_PORT", "8443")]),
    row("the port in the address too", &[("TG_HOST", "https://db.example.com:8443"), SECRET, ("TG_GS_PORT", "8443")]),
    row("another port in the address", &[("TG_HOST", "https://db.example.com:8443"), SECRET, ("TG_GS_PORT", "9443")]),
    row("no number", &[SERVER, SECRET, ("TG_GS_PORT", "gsql")]),
    row("empty", &[SERVER, SECRET, ("TG_RESTPP_PORT", ""), ("TG_GS_PORT", "")]),
];

const CLOUD_SERVER: (&str, &str) = ("TG_HOST", "https://mycompany.i.tgcloud.io");

const CLOUD: &[Row] = &[
    row("their example in the cloud", &[CLOUD_SERVER, USER, PASSWORD]),
    row("with 9000 and 14240", &[CLOUD_SERVER, SECRET, ("TG_RESTPP_PORT", "9000"), ("TG_GS_PORT", "14240")]),
    row("with 443", &[CLOUD_SERVER, SECRET, ("TG_RESTPP_PORT", "443"), ("TG_GS_PORT", "443")]),
    row("with a port of its own", &[CLOUD_SERVER, SECRET, ("TG_RESTPP_PORT", "9001")]),
    row("443 in its address", &[("TG_HOST", "https://mycompany.i.tgcloud.io:443"), SECRET]),
    row("another port for TLS", &[CLOUD_SERVER, SECRET, ("TG_SSL_PORT", "8443")]),
    row("development", &[("TG_HOST", "https://tg-1234.us-east-1.i.tgcloud-dev.com"), SECRET]),
    row("a name of one's own, true", &[SERVER, SECRET, ("TG_TGCLOUD", "true")]),
    row("a name of one's own, True", &[SERVER, SECRET, ("TG_TGCLOUD", "True")]),
    row("a name of one's own, 1", &[SERVER, SECRET, ("TG_TGCLOUD", "1")]),
    row(
        "a name of one's own, on their ports",
        &[SERVER, SECRET, ("TG_TGCLOUD", "true"), ("TG_RESTPP_PORT", "9000"), ("TG_GS_PORT", "14240")],
    ),
    row("false", &[CLOUD_SERVER, SECRET, ("TG_TGCLOUD", "false")]),
    row("a word that is neither", &[SERVER, SECRET, ("TG_TGCLOUD", "maybe")]),
];

const STAGING: (&str, &str) = ("STAGING_TG_HOST", "https://staging.example.com");
const STAGING_SECRET: (&str, &str) = ("STAGING_TG_SECRET", "secretofstaging");
const CHOSEN: (&str, &str) = ("TG_PROFILE", "staging");

const PROFILES: &[Row] = &[
    row("TG_PROFILE", &[CHOSEN, SERVER, SECRET, STAGING, STAGING_SECRET]),
    row("TG_DEFAULT_PROFILE", &[("TG_DEFAULT_PROFILE", "staging"), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row("both, the same", &[CHOSEN, ("TG_DEFAULT_PROFILE", "Staging"), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row(
        "both, not the same",
        &[
            ("TG_DEFAULT_PROFILE", "staging"),
            ("TG_PROFILE", "prod"),
            STAGING,
            STAGING_SECRET,
            ("PROD_TG_HOST", "https://prod.example.com"),
            ("PROD_TG_SECRET", "secretofprod"),
        ],
    ),
    row("in capital letters", &[("TG_PROFILE", "STAGING"), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row("blanks around it", &[("TG_PROFILE", " staging "), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row(
        "a hyphen in it",
        &[
            ("TG_PROFILE", "my-prod"),
            SERVER,
            SECRET,
            ("MY-PROD_TG_HOST", "https://prod.example.com"),
            ("MY-PROD_TG_SECRET", "secretofprod"),
        ],
    ),
    row(
        "its variables in small letters",
        &[
            CHOSEN,
            SERVER,
            SECRET,
            ("staging_TG_HOST", "https://staging.example.com"),
            ("staging_TG_SECRET", "secretofstaging"),
        ],
    ),
    row("default", &[("TG_PROFILE", "default"), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row(
        "DEFAULT, with variables",
        &[
            ("TG_PROFILE", "DEFAULT"),
            SERVER,
            SECRET,
            ("DEFAULT_TG_HOST", "https://default.example.com"),
            ("DEFAULT_TG_SECRET", "secretofdefault"),
        ],
    ),
    row("an empty one", &[("TG_PROFILE", ""), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row("one without variables", &[("TG_PROFILE", "stagin"), SERVER, SECRET, STAGING, STAGING_SECRET]),
    row("the host alone", &[CHOSEN, SERVER, SECRET, STAGING]),
    row("the host alone, with user and password", &[CHOSEN, SERVER, USER, PASSWORD, STAGING]),
    row("the secret alone", &[CHOSEN, SERVER, SECRET, STAGING_SECRET]),
    row("the password alone", &[CHOSEN, SERVER, USER, PASSWORD, STAGING, ("STAGING_TG_PASSWORD", "ofstaging")]),
    row("secret of it, password outside", &[CHOSEN, SERVER, USER, PASSWORD, STAGING, STAGING_SECRET]),
    row(
        "password of it, secret outside",
        &[CHOSEN, SERVER, SECRET, STAGING, ("STAGING_TG_USERNAME", "bob"), ("STAGING_TG_PASSWORD", "ofstaging")],
    ),
    row("secret of it, token outside", &[CHOSEN, SERVER, TOKEN, STAGING, STAGING_SECRET]),
    row(
        "token of it, password outside",
        &[CHOSEN, SERVER, USER, PASSWORD, STAGING, ("STAGING_TG_API_TOKEN", "tokenofstaging")],
    ),
    row("token by its other name", &[CHOSEN, SERVER, TOKEN, STAGING, ("STAGING_TG_TOKEN", "tokenofstaging")]),
    row("an empty secret of it", &[CHOSEN, SERVER, SECRET, STAGING, ("STAGING_TG_SECRET", "")]),
    row("an empty host of it", &[CHOSEN, SERVER, SECRET, ("STAGING_TG_HOST", ""), STAGING_SECRET]),
    row("the port alone", &[CHOSEN, SERVER, SECRET, ("STAGING_TG_GS_PORT", "8443")]),
    row(
        "ports outside",
        &[CHOSEN, SERVER, ("TG_RESTPP_PORT", "9001"), ("TG_GS_PORT", "8443"), STAGING, STAGING_SECRET],
    ),
    row(
        "a port in its address, ports outside",
        &[
            CHOSEN,
            SERVER,
            ("TG_RESTPP_PORT", "9000"),
            ("TG_GS_PORT", "14240"),
            ("STAGING_TG_HOST", "https://staging.example.com:8443"),
            STAGING_SECRET,
        ],
    ),
    row(
        "in the cloud, the rest not",
        &[CHOSEN, SERVER, SECRET, ("STAGING_TG_HOST", "https://mycompany.i.tgcloud.io"), STAGING_SECRET],
    ),
    row("not in the cloud, the rest is", &[CHOSEN, CLOUD_SERVER, ("TG_TGCLOUD", "true"), STAGING, STAGING_SECRET]),
    row(
        "allowed outside, its host without TLS",
        &[CHOSEN, SERVER, ("TG_ALLOW_HTTP", "true"), ("STAGING_TG_HOST", "http://staging.example.com"), STAGING_SECRET],
    ),
];

const CERTIFICATES: &[Row] = &[
    row("an authority of one's own", &[SERVER, SECRET, ("TG_CERT_PATH", "CA")]),
    row("an authority that is not there", &[SERVER, SECRET, ("TG_CERT_PATH", "/nowhere/ca.pem")]),
    row("the system's", &[SERVER, SECRET, ("TG_CERT_PATH", "system")]),
    row("of a profile", &[CHOSEN, SERVER, STAGING, STAGING_SECRET, ("STAGING_TG_CERT_PATH", "CA")]),
    row("outside of a profile", &[CHOSEN, SERVER, STAGING, STAGING_SECRET, ("TG_CERT_PATH", "CA")]),
    row(
        "the system's, of a profile",
        &[CHOSEN, SERVER, STAGING, STAGING_SECRET, ("TG_CERT_PATH", "CA"), ("STAGING_TG_CERT_PATH", "system")],
    ),
    row("requests' own variable", &[SERVER, SECRET, ("REQUESTS_CA_BUNDLE", "CA")]),
];

const GRAPHS: &[Row] = &[
    row("a graph", &[SERVER, SECRET, ("TG_GRAPHNAME", "MyGraph")]),
    row("a hyphen for none", &[SERVER, SECRET, ("TG_GRAPHNAME", "-")]),
    row("no name of a graph", &[SERVER, SECRET, ("TG_GRAPHNAME", "My Graph")]),
    row("a graph outside of the profile", &[CHOSEN, ("TG_GRAPHNAME", "MyGraph"), STAGING, STAGING_SECRET]),
    row(
        "none for the profile",
        &[CHOSEN, ("TG_GRAPHNAME", "MyGraph"), ("STAGING_TG_GRAPHNAME", "-"), STAGING, STAGING_SECRET],
    ),
];

const NAMES: &[Row] = &[
    row("small letters", &[("tg_host", "https://db.example.com"), ("tg_secret", "firstsecret")]),
    row("HOST", &[("HOST", "https://workstation.example.com"), SECRET]),
    row("HOST beside TG_HOST", &[("HOST", "https://workstation.example.com"), SERVER, SECRET]),
    row("USERNAME", &[SERVER, ("USERNAME", "alice"), SECRET]),
    row("SECRET", &[SERVER, ("SECRET", "anothersecret")]),
];

const FILES: &[Row] = &[
    file("in the file", &[], "TG_HOST=https://db.example.com\nTG_SECRET=firstsecret\n", &[SECRET]),
    file("host outside", &[SERVER], "TG_HOST=https://other.example.com\nTG_SECRET=firstsecret\n", &[SECRET]),
    file(
        "an empty host outside",
        &[("TG_HOST", "")],
        "TG_HOST=https://db.example.com\nTG_SECRET=firstsecret\n",
        &[SECRET],
    ),
    file("the secret on both sides", &[SERVER, ("TG_SECRET", "secretoutside")], "TG_SECRET=firstsecret\n", &[]),
    file(
        "the password outside, the secret in the file",
        &[SERVER, USER, PASSWORD],
        "TG_SECRET=firstsecret\n",
        &[SECRET],
    ),
    file("the user outside, the password in the file", &[SERVER, USER], "TG_PASSWORD=opensesame\n", &[PASSWORD]),
    file(
        "a profile of the file",
        &[SERVER],
        "TG_PROFILE=staging\nSTAGING_TG_HOST=https://staging.example.com\nSTAGING_TG_SECRET=secretofstaging\n",
        &[STAGING_SECRET],
    ),
    file(
        "the profile chosen outside",
        &[SERVER, CHOSEN],
        "STAGING_TG_HOST=https://staging.example.com\nSTAGING_TG_SECRET=secretofstaging\n",
        &[STAGING_SECRET],
    ),
    file("export", &[], "export TG_HOST=https://db.example.com\nexport TG_SECRET=firstsecret\n", &[SECRET]),
    file("CRLF", &[], "TG_HOST=https://db.example.com\r\nTG_SECRET=firstsecret\r\n", &[SECRET]),
    file("a byte order mark", &[], "\u{feff}TG_HOST=https://db.example.com\nTG_SECRET=firstsecret\n", &[SECRET]),
    file(
        "blanks and comments",
        &[],
        "# the server\n\nTG_HOST = https://db.example.com  # ours\n  TG_SECRET=firstsecret\n",
        &[SECRET],
    ),
    file(
        "single quotes",
        &[SERVER],
        "TG_USERNAME=alice\nTG_PASSWORD='pa #1$word'\n",
        &[USER, ("TG_PASSWORD", "pa #1$word")],
    ),
    file(
        "double quotes",
        &[SERVER],
        "TG_USERNAME=alice\nTG_PASSWORD=\"pa\\\"ss #word\"\n",
        &[USER, ("TG_PASSWORD", "pa\"ss #word")],
    ),
    file(
        "a number sign in a word",
        &[SERVER],
        "TG_USERNAME=alice\nTG_PASSWORD=pa#ss\n",
        &[USER, ("TG_PASSWORD", "pa#ss")],
    ),
    file(
        "a number sign in front",
        &[SERVER],
        "TG_USERNAME=alice\nTG_PASSWORD=#1pass\n",
        &[USER, ("TG_PASSWORD", "#1pass")],
    ),
    file("a dollar sign", &[SERVER], "TG_USERNAME=alice\nTG_PASSWORD=pa$ss\n", &[USER, ("TG_PASSWORD", "pa$ss")]),
    file(
        "braces, to be expanded",
        &[SERVER, ("WORD", "word")],
        "TG_USERNAME=alice\nTG_PASSWORD=pass${WORD}\n",
        &[USER, ("TG_PASSWORD", "pass${WORD}")],
    ),
    file("a comment in place of a value", &[SERVER], "TG_SECRET=firstsecret\nTG_GRAPHNAME= # none\n", &[SECRET]),
    file("the same variable twice", &[SERVER], "TG_SECRET=oldsecret\nTG_SECRET=firstsecret\n", &[SECRET]),
];
