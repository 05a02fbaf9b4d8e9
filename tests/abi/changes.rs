//! Changes of the interface, for tests/abi.rs to show which of its checks see them.

use std::path::Path;

use super::{Verdict, agree, names_everything};

/// A change of the header: what it is, what is written instead of what, and which check sees it with what in its text.
pub struct Change {
    pub what: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub seen_by: fn(&Path, &Path) -> Verdict,
    pub as_text: &'static str,
}

pub const BREAKS: [Change; 10] = [
    Change {
        what: "a removed function",
        from: "void tg_conn_cancel(tg_conn *conn);",
        to: "",
        seen_by: names_everything,
        as_text: "tg_conn_cancel",
    },
    Change {
        what: "a wider parameter",
        from: "uint32_t connect_ms",
        to: "uint64_t connect_ms",
        seen_by: agree,
        as_text: "tg_config_set_timeouts",
    },
    Change {
        what: "a narrower parameter",
        from: "int64_t lifetime_s, int64_t renew_before_s",
        to: "int64_t lifetime_s, int32_t renew_before_s",
        seen_by: agree,
        as_text: "tg_config_set_token_lifetime",
    },
    Change {
        what: "a parameter more",
        from: "void tg_token_free(tg_token *token)",
        to: "void tg_token_free(tg_token *token, int32_t more)",
        seen_by: agree,
        as_text: "tg_token_free",
    },
    Change {
        what: "another return type",
        from: "int64_t tg_token_expires_at",
        to: "int32_t tg_token_expires_at",
        seen_by: agree,
        as_text: "tg_token_expires_at",
    },
    Change {
        what: "a renumbered constant",
        from: "#define TG_STATUS_TLS 4",
        to: "#define TG_STATUS_TLS 18",
        seen_by: agree,
        as_text: "TG_STATUS_TLS",
    },
    Change {
        what: "a constant with a sign",
        from: "#define TG_TOKEN_GLOBAL 2u",
        to: "#define TG_TOKEN_GLOBAL 2",
        seen_by: agree,
        as_text: "TG_TOKEN_GLOBAL",
    },
    Change {
        what: "a removed constant",
        from: "#define TG_LOG_WARN 2",
        to: "",
        seen_by: names_everything,
        as_text: "TG_LOG_WARN",
    },
    Change {
        what: "a wider status",
        from: "typedef int32_t tg_status;",
        to: "typedef int64_t tg_status;",
        seen_by: agree,
        as_text: "tg_status",
    },
    Change {
        what: "another callback",
        from: "typedef void (*tg_release_fn)(void *user_data);",
        to: "typedef int (*tg_release_fn)(void *user_data);",
        seen_by: agree,
        as_text: "tg_release_fn",
    },
];

/// Changes that the promise allows.
pub const ADDITIONS: [(&str, &str, &str); 5] = [
    ("a function", "void tg_conn_cancel(tg_conn *conn);", "void tg_conn_cancel(tg_conn *conn);\nvoid tg_new(void);"),
    ("a constant", "#define TG_STATUS_TLS 4", "#define TG_STATUS_TLS 4\n#define TG_STATUS_NEW 18"),
    ("a name", "tg_conn_cancel(tg_conn *conn)", "tg_conn_cancel(tg_conn *connection)"),
    (
        "a deprecation",
        "void tg_conn_cancel(",
        "TIGERGRAPH_AUTH_DEPRECATED_NOTE(\"call something else\")\nvoid tg_conn_cancel(",
    ),
    ("a version", "#define TIGERGRAPH_AUTH_VERSION_MAJOR ", "#define TIGERGRAPH_AUTH_VERSION_MAJOR 1"),
];

/// A change of the library: a file of src/ffi, what is written instead of what, and whether each check sees it.
pub struct Edit {
    pub what: &'static str,
    pub file: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub seen: Seen,
}

/// In this order: both headers in one file, the program that names everything, the exports, abidiff.
pub type Seen = [bool; 4];

pub const EDITS: [Edit; 6] = [
    Edit {
        what: "nothing",
        file: "conn.rs",
        from: "//! Chapter",
        to: "//! Chapter",
        seen: [false, false, false, false],
    },
    Edit {
        what: "a removed function",
        file: "conn.rs",
        from: "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn tg_conn_cancel(",
        to: "#[allow(dead_code)]\nunsafe extern \"C\" fn tg_conn_cancel(",
        seen: [false, true, true, true],
    },
    Edit {
        what: "a wider parameter",
        file: "conn.rs",
        from: "conn: *mut tg_conn, total_ms: u32) {",
        to: "conn: *mut tg_conn, total_ms: u64) {\n    let total_ms = total_ms as u32;",
        seen: [true, true, false, true],
    },
    Edit {
        what: "another return type",
        file: "token.rs",
        from: "-> i64 {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, 0, Token::expires_at)",
        to: "-> i32 {
    // SAFETY: `token` is NULL or a live token.
    let token = unsafe { Borrowed::new(token) };
    read(token, 0, Token::expires_at) as i32",
        seen: [true, true, false, true],
    },
    Edit {
        what: "a renumbered constant",
        file: "log.rs",
        from: "pub const TG_LOG_WARN: i32 = 2;",
        to: "pub const TG_LOG_WARN: i32 = 5;",
        seen: [true, true, false, false],
    },
    Edit {
        what: "a removed constant",
        file: "log.rs",
        from: "pub const TG_LOG_WARN: i32 = 2;",
        to: "",
        seen: [false, true, false, false],
    },
];
