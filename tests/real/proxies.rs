//! Proxies on the way: squid, tinyproxy, Apache.

use crate::row::{Play, ROW, Row};

pub const GROUPS: &[(&str, &[Row])] =
    &[("squid", SQUID), ("tinyproxy", TINYPROXY), ("Apache as a proxy", APACHE), ("The environment", ENVIRONMENT)];

/// Through a proxy to the gateway of 4.2.
const TO_4: Row = Row { url: "https://localhost:@port:gate-4@", ..ROW };

const SQUID: &[Row] = &[
    Row { what: "4.2, life cycle", proxy: "http://127.0.0.1:@port:squid@", play: Play::Life, ..TO_4 },
    Row {
        what: "3.10, life cycle",
        url: "https://localhost:@port:gate-3@",
        version: "3",
        proxy: "HTTP://127.0.0.1:@port:squid@",
        play: Play::Life,
        ..ROW
    },
    Row {
        what: "with a login, life cycle",
        proxy: "http://guest:opensesame@127.0.0.1:@port:squid-login@",
        play: Play::Life,
        ..TO_4
    },
    Row {
        what: "a login is missing",
        proxy: "http://127.0.0.1:@port:squid-login@",
        curl_says: "exit 56, 407 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:squid-login@", "user:password@"],
        ..TO_4
    },
    Row {
        what: "a wrong login",
        proxy: "http://guest:closesesame@127.0.0.1:@port:squid-login@",
        curl_says: "exit 56, 407 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:squid-login@"],
        never: &["closesesame"],
        ..TO_4
    },
    Row {
        what: "the port is not allowed",
        url: "https://localhost:@port:ha-4@",
        proxy: "http://127.0.0.1:@port:squid@",
        curl_says: "exit 56, 403 of the proxy",
        outcome: "connect.proxy",
        says: &["403", "localhost:@port:ha-4@"],
        ..ROW
    },
    Row {
        what: "nothing listens behind it",
        url: "https://127.0.0.1:@port:nobody@",
        proxy: "http://127.0.0.1:@port:squid@",
        curl_says: "exit 56, 503 of the proxy",
        outcome: "connect.proxy",
        says: &["503", "127.0.0.1:@port:nobody@"],
        ..ROW
    },
    Row {
        what: "no such name behind it",
        url: "https://db.example.invalid",
        settings: &[("gsql_port", "443"), ("restpp_port", "443")],
        proxy: "http://127.0.0.1:@port:squid@",
        curl_says: "exit 56, 500 of the proxy",
        outcome: "connect.proxy",
        says: &["500", "db.example.invalid"],
        ..ROW
    },
    Row {
        what: "it is the server",
        url: "http://127.0.0.1:@port:squid@",
        curl: "",
        curl_says: "400",
        outcome: "protocol.not_json",
        http: 400,
        ..ROW
    },
    Row {
        what: "the address says https",
        proxy: "https://127.0.0.1:@port:squid@",
        curl_says: "exit 35",
        outcome: "argument.url",
        says: &["https"],
        ..TO_4
    },
];

const TINYPROXY: &[Row] = &[
    Row { what: "4.2, life cycle", proxy: "http://127.0.0.1:@port:tiny@", play: Play::Life, ..TO_4 },
    Row {
        what: "with a login, life cycle",
        proxy: "http://guest:opensesame@127.0.0.1:@port:tiny-login@",
        play: Play::Life,
        ..TO_4
    },
    Row {
        what: "a login is missing",
        proxy: "http://127.0.0.1:@port:tiny-login@",
        curl_says: "exit 56, 407 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:tiny-login@", "user:password@"],
        ..TO_4
    },
    Row {
        what: "a wrong login",
        proxy: "http://guest:closesesame@127.0.0.1:@port:tiny-login@",
        curl_says: "exit 56, 401 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:tiny-login@"],
        never: &["closesesame"],
        ..TO_4
    },
    Row {
        what: "the port is not allowed",
        url: "https://localhost:@port:ha-4@",
        proxy: "http://127.0.0.1:@port:tiny@",
        curl_says: "exit 56, 403 of the proxy",
        outcome: "connect.proxy",
        says: &["403", "localhost:@port:ha-4@"],
        ..ROW
    },
    Row {
        what: "nothing listens behind it",
        url: "https://127.0.0.1:@port:nobody@",
        proxy: "http://127.0.0.1:@port:tiny@",
        curl_says: "exit 56, 500 of the proxy",
        outcome: "connect.proxy",
        says: &["500", "127.0.0.1:@port:nobody@"],
        ..ROW
    },
];

const APACHE: &[Row] = &[
    Row {
        what: "3.10, life cycle",
        url: "https://localhost:@port:gate-3@",
        version: "3",
        proxy: "http://127.0.0.1:@port:ap-proxy@",
        play: Play::Life,
        ..ROW
    },
    Row {
        what: "with a login, life cycle",
        proxy: "http://guest:opensesame@127.0.0.1:@port:ap-proxy-login@",
        play: Play::Life,
        ..TO_4
    },
    Row {
        what: "a login is missing",
        proxy: "http://127.0.0.1:@port:ap-proxy-login@",
        curl_says: "exit 56, 407 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:ap-proxy-login@", "user:password@"],
        ..TO_4
    },
    Row {
        what: "a wrong login",
        proxy: "http://guest:closesesame@127.0.0.1:@port:ap-proxy-login@",
        curl_says: "exit 56, 407 of the proxy",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:ap-proxy-login@"],
        never: &["closesesame"],
        ..TO_4
    },
    Row {
        what: "the port is not allowed",
        url: "https://localhost:@port:ha-4@",
        proxy: "http://127.0.0.1:@port:ap-proxy@",
        curl_says: "exit 56, 403 of the proxy",
        outcome: "connect.proxy",
        says: &["403", "localhost:@port:ha-4@"],
        ..ROW
    },
    Row {
        what: "nothing listens behind it",
        url: "https://127.0.0.1:@port:nobody@",
        proxy: "http://127.0.0.1:@port:ap-proxy@",
        curl_says: "exit 56, 503 of the proxy",
        outcome: "connect.proxy",
        says: &["503", "127.0.0.1:@port:nobody@"],
        ..ROW
    },
    Row {
        what: "it is not there",
        proxy: "http://127.0.0.1:@port:nobody@",
        curl_says: "exit 7",
        outcome: "connect.proxy",
        says: &["127.0.0.1:@port:nobody@"],
        ..TO_4
    },
];

/// Nothing listens where the proxy should be: only what goes past it works.
const PAST: Row = Row { settings: &[("proxy", "env")], ..TO_4 };
const NOBODY: (&str, &str) = ("HTTPS_PROXY", "http://127.0.0.1:@port:nobody@");

const ENVIRONMENT: &[Row] = &[
    Row { what: "`HTTPS_PROXY`", env: &[("HTTPS_PROXY", "http://127.0.0.1:@port:squid@")], ..PAST },
    Row {
        what: "`HTTPS_PROXY` where nothing listens",
        env: &[NOBODY],
        curl_says: "exit 7",
        outcome: "connect.proxy",
        ..PAST
    },
    Row { what: "`https_proxy` in small letters", env: &[("https_proxy", "http://127.0.0.1:@port:squid@")], ..PAST },
    Row { what: "`HTTP_PROXY` alone, for https", env: &[("HTTP_PROXY", "http://127.0.0.1:@port:nobody@")], ..PAST },
    Row { what: "`NO_PROXY=localhost`", env: &[NOBODY, ("NO_PROXY", "localhost")], ..PAST },
    Row { what: "`NO_PROXY=*`", env: &[NOBODY, ("NO_PROXY", "*")], ..PAST },
    Row {
        what: "`NO_PROXY=a.example.com, LOCALHOST`",
        env: &[NOBODY, ("NO_PROXY", "a.example.com, LOCALHOST")],
        ..PAST
    },
    Row { what: "`NO_PROXY=.localhost`", env: &[NOBODY, ("NO_PROXY", ".localhost")], ..PAST },
    Row {
        what: "`NO_PROXY=host` is no part of localhost",
        env: &[NOBODY, ("NO_PROXY", "host")],
        curl_says: "exit 7",
        outcome: "connect.proxy",
        ..PAST
    },
    Row {
        what: "`NO_PROXY=localhost:PORT`",
        env: &[NOBODY, ("NO_PROXY", "localhost:@port:gate-4@")],
        curl_says: "exit 7",
        ..PAST
    },
    Row {
        what: "`NO_PROXY=localhost:1`, another port",
        env: &[NOBODY, ("NO_PROXY", "localhost:1")],
        curl_says: "exit 7",
        outcome: "connect.proxy",
        ..PAST
    },
    Row {
        what: "`NO_PROXY=127.0.0.0/8`, host 127.0.0.1",
        url: "https://127.0.0.1:@port:gate-4@",
        env: &[NOBODY, ("NO_PROXY", "127.0.0.0/8")],
        ..PAST
    },
    Row {
        what: "`NO_PROXY=10.0.0.0/8`, host 127.0.0.1",
        url: "https://127.0.0.1:@port:gate-4@",
        env: &[NOBODY, ("NO_PROXY", "10.0.0.0/8")],
        curl_says: "exit 7",
        outcome: "connect.proxy",
        ..PAST
    },
];
