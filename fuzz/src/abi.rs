//! Target: the C interface. Bytes are calls of its functions in any order, with handles that live, NULL, texts
//! of every kind, and a server that answers anything. Each handle is freed once, at last at the end.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::canary;
use tigergraph_auth::ffi::{
    config::*, conn::*, error::*, provider::*, report::*, request::*, secrets::*, status::*, token::*, version::*,
    wakeup::*,
};
use tigergraph_auth::unversioned::played;

/// No input makes more calls.
const MOST_CALLS: usize = 200;

/// What a credential may be; `None` is NULL.
const CREDENTIALS: [Option<&[u8]>; 11] = [
    None,
    Some(b""),
    Some(canary::SECRET.as_bytes()),
    Some(canary::PASSWORD.as_bytes()),
    Some(canary::TOKEN.as_bytes()),
    Some(canary::JWT.as_bytes()),
    Some(b"abc****xyz"),
    Some(b"line\r\nbreak"),
    Some(b"\xff\xfe"),
    Some(b"p\xc3\xa4sswort"),
    Some(&[b'x'; 70_000]),
];

/// Methods, good and bad.
const METHODS: [Option<&[u8]>; 6] = [None, Some(b"GET"), Some(b"POST"), Some(b"HEAD"), Some(b"TRACE"), Some(b"a b")];
/// Paths, good and bad.
const PATHS: [Option<&[u8]>; 6] =
    [None, Some(b"/echo"), Some(b"/gsql/v1/secrets?a=%2F"), Some(b"/a/%2e%2e/b"), Some(b"x"), Some(b"/\xff")];

/// Parameters of a request to a token endpoint, good and bad.
const PARAMETERS: [Option<&[u8]>; 7] = [
    None,
    Some(b""),
    Some(b"scope"),
    Some(b"client_auth"),
    Some(b"client_assertion"),
    Some(b"client_secret"),
    Some(b"\xff"),
];

/// Token caches: none that would be made on this machine.
const CACHES: [Option<&[u8]>; 5] = [None, Some(b"none"), Some(b""), Some(b"/does/not/exist/cache"), Some(b"\xff\xfe")];

/// What any other text may be.
const TEXTS: [Option<&[u8]>; 18] = [
    None,
    Some(b""),
    Some(b"s1"),
    Some(b"MyGraph"),
    Some(b"bob"),
    Some(b"http://127.0.0.1:1"),
    Some(b"http://127.0.0.1"),
    Some(b"http://[::1]:1/base"),
    Some(b"https://user:password@127.0.0.1:1"),
    Some(b"2.6.0"),
    Some(b"3.9.3"),
    Some(b"4.1.2"),
    Some(b"a/b\\c"),
    Some(b"line\r\nbreak"),
    Some(b"\xff\xfe"),
    Some(b"/does/not/exist"),
    Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    Some(&[b'x'; 70_000]),
];

const NUMBERS: [i64; 8] = [0, 1, -1, 60, 3600, 31_536_000, i64::MAX, i64::MIN];

/// What the server may answer, beside bytes of the input.
const ANSWERS: [&[u8]; 14] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 95\r\n\r\n{\"code\":\"REST-0000\",\"expiration\":4102444800,\"error\":false,\"message\":\"\",\"token\":\"tokenofaserver\"}",
    b"HTTP/1.1 200 OK\r\n\r\n{\"error\":false,\"token\":\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.CanarySignature0\"}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 17\r\n\r\n{\"error\":\"true\" }",
    b"HTTP/1.1 200 OK\r\n\r\n{\"error\":false,\"results\":[{\"alias\":\"s1\",\"value\":\"secretofaserver\"},{\"alias\":\"s2\",\"value\":\"abc****xyz\"}]}",
    b"HTTP/1.1 200 OK\r\n\r\nThe secret: secretofaserver has been created for user \"tigergraph\".\n__GSQL__RETURN__CODE__,0",
    b"HTTP/1.1 200 OK\r\n\r\n- Secret: s7s****3k5\n- Alias: s1\n- GraphName: MyGraph\n__GSQL__RETURN__CODE__,0",
    b"HTTP/1.1 200 OK\r\n\r\nSuccessfully dropped secrets\n",
    b"HTTP/1.1 200 OK\r\n\r\n{\"error\":false,\"message\":\"TigerGraph version: 3.9.3\"}",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>",
    b"HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\":true,\"code\":\"REST-10016\",\"message\":\"CANARYSECRET-481516234299 is refused\"}",
    b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"tokenofanauthority\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
    b"HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"CANARYSECRET-481516234299 is refused\"}",
    b"HTTP/1.1 503 Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
];

/// Runs the calls that the bytes stand for.
pub fn calls(data: &[u8]) {
    played::play(Default::default(), played::Manner::default());
    let released = AtomicUsize::new(0);
    let mut program = Program { bytes: data, ..Program::new(&released) };
    for _ in 0..MOST_CALLS {
        if program.bytes.is_empty() {
            break;
        }
        program.call();
    }
    let given = program.given;
    program.free_all();
    // A renewal on a thread of the library's may be the last that holds what it was started with.
    for _ in 0..10_000_000 {
        if released.load(Ordering::SeqCst) == given {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{given} pointers were given with functions, {} released", released.load(Ordering::SeqCst));
}

unsafe extern "C" fn log(_: i32, message: *const c_char, _: *mut c_void) {
    // SAFETY: the library gives a NUL-terminated text that lives for the call.
    let message = unsafe { CStr::from_ptr(message) };
    canary::check_obvious(message.to_str().expect("UTF-8"));
}

unsafe extern "C" fn wakeup(user_data: *mut c_void) {
    // SAFETY: not released yet, so `calls` still waits with its counter.
    unsafe { &*user_data.cast::<AtomicUsize>() }.load(Ordering::SeqCst);
}

/// What the next provider says; the one after it says the next.
static PROVIDED: AtomicU8 = AtomicU8::new(0);

unsafe extern "C" fn provide(request: *mut tg_provider_request, _: *mut c_void) {
    let turn = PROVIDED.fetch_add(1, Ordering::SeqCst);
    let token = CREDENTIALS[usize::from(turn) % CREDENTIALS.len()].map(|text| CString::new(text).expect("no NUL"));
    let (token, end) = (Argument(token), NUMBERS[usize::from(turn / 16) % NUMBERS.len()]);
    // SAFETY: the request lives until this returns; texts that live for the call.
    unsafe {
        assert!(tg_provider_request_time_left_ms(request) >= 0);
        assert!((0..=1).contains(&tg_provider_request_is_cancelled(request)));
        if turn & 1 == 0 {
            tg_provider_request_set_token(request, token.pointer(), end, null_mut());
        }
        if turn & 6 == 0 {
            tg_provider_request_fail(request, tg_status::UNAUTHENTICATED, token.pointer(), end, null_mut());
        }
    }
}

unsafe extern "C" fn release(user_data: *mut c_void) {
    // SAFETY: `calls` waits with its counter until all are released.
    unsafe { &*user_data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

/// A text that the library gave: never NULL, UTF-8.
fn text(pointer: *const c_char) -> String {
    assert!(!pointer.is_null());
    // SAFETY: not NULL, and the library gives NUL-terminated texts.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned()
}

fn check(pointer: *const c_char) {
    canary::check_obvious(&text(pointer));
}

/// A text as an argument: freed when the call is over, so that nobody keeps a pointer to it unnoticed.
struct Argument(Option<CString>);

impl Argument {
    fn pointer(&self) -> *const c_char {
        self.0.as_ref().map_or(null(), |text| text.as_ptr())
    }
}

/// The calls that are still to be made, and the handles that live.
struct Program<'a> {
    bytes: &'a [u8],
    /// How many pointers were given for log lines and wakeups, and how many of them were released.
    given: usize,
    released: &'a AtomicUsize,
    configs: Vec<*mut tg_config>,
    conns: Vec<*mut tg_conn>,
    tokens: Vec<*mut tg_token>,
    lists: Vec<*mut tg_secrets>,
    errors: Vec<*mut tg_error>,
    reports: Vec<*mut tg_report>,
}

/// One that lives, or NULL.
fn pick<T>(handles: &[*mut T], byte: u8) -> *mut T {
    // From the last: what was just made is what most calls are about.
    let index = usize::from(byte) % (handles.len() + 1);
    if index == handles.len() { null_mut() } else { handles[handles.len() - 1 - index] }
}

/// The same, which is about to be freed.
fn take<T>(handles: &mut Vec<*mut T>, byte: u8) -> *mut T {
    let handle = pick(handles, byte);
    // A token that was given twice may be the same one, and is to be freed as often.
    if let Some(place) = handles.iter().position(|other| *other == handle) {
        handles.remove(place);
    }
    handle
}

fn keep<T>(handles: &mut Vec<*mut T>, handle: *mut T) {
    if !handle.is_null() {
        handles.push(handle);
    }
}

impl<'a> Program<'a> {
    fn new(released: &'a AtomicUsize) -> Program<'a> {
        Program {
            bytes: &[],
            given: 0,
            released,
            configs: Vec::new(),
            conns: Vec::new(),
            tokens: Vec::new(),
            lists: Vec::new(),
            errors: Vec::new(),
            reports: Vec::new(),
        }
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
        self.bytes = rest;
        *first
    }

    fn argument(&mut self, choices: &[Option<&[u8]>]) -> Argument {
        let choice = choices[usize::from(self.byte()) % choices.len()];
        Argument(choice.map(|text| CString::new(text).expect("no NUL")))
    }

    fn text(&mut self) -> Argument {
        self.argument(&TEXTS)
    }

    fn credential(&mut self) -> Argument {
        self.argument(&CREDENTIALS)
    }

    fn number(&mut self) -> i64 {
        NUMBERS[usize::from(self.byte()) % NUMBERS.len()]
    }

    /// Mostly flags that there are.
    fn flags(&mut self) -> u32 {
        let byte = self.byte();
        if byte < 128 { u32::from(byte) & 7 } else { u32::from(byte) }
    }

    fn config(&mut self) -> *mut tg_config {
        let byte = self.byte();
        pick(&self.configs, byte)
    }

    fn conn(&mut self) -> *mut tg_conn {
        let byte = self.byte();
        pick(&self.conns, byte)
    }

    fn answer(&mut self) {
        let byte = self.byte();
        let answer = match ANSWERS.get(usize::from(byte) % (ANSWERS.len() + 1)) {
            Some(answer) => answer.to_vec(),
            None => {
                let length = usize::from(self.byte()).min(self.bytes.len());
                let (answer, rest) = self.bytes.split_at(length);
                self.bytes = rest;
                answer.to_vec()
            }
        };
        played::add_answer(answer);
    }

    /// Makes a call that may fail, with a place for the error or without. Its outcome must be told in both ways.
    fn fallible(&mut self, call: impl FnOnce(*mut *mut tg_error) -> tg_status) -> bool {
        let wants_error = self.byte() & 1 == 0;
        let mut error = std::ptr::dangling_mut::<tg_error>();
        let status = call(if wants_error { &mut error } else { null_mut() });
        assert!(status != tg_status::INTERNAL, "a panic: {}", text(tg_last_error_message()));
        let last = tg_last_error();
        // SAFETY: the last error lives until the next call.
        unsafe {
            assert!(tg_error_status(last) == status);
            check_error(last);
        }
        check(tg_status_name(status));
        if wants_error {
            assert_eq!(error.is_null(), status == tg_status::OK);
            keep(&mut self.errors, error);
        }
        status == tg_status::OK
    }

    /// One call of the interface.
    fn call(&mut self) {
        match self.byte() % 32 {
            0..=5 => self.set(),
            6..=9 => self.answer(),
            10..=12 => self.connect(),
            13..=18 => self.ask_for_token(),
            19..=24 => self.ask_for_secrets(),
            25 => self.ask_about_server(),
            26 => self.send(),
            27..=28 => self.read(),
            _ => self.free_one(),
        }
    }

    fn set(&mut self) {
        let which = self.byte() % 32;
        if which == 0 || self.configs.is_empty() {
            let host = self.text();
            // SAFETY: a NUL-terminated text or NULL.
            let config = unsafe { tg_config_new(host.pointer()) };
            assert!(!config.is_null());
            return self.configs.push(config);
        }
        let config = self.config();
        // SAFETY: a config that lives or NULL, and texts that live for the call.
        unsafe {
            match which {
                1 => tg_config_load_env(config),
                2 => tg_config_set_graph(config, self.text().pointer()),
                3 => tg_config_set_password(config, self.text().pointer(), self.credential().pointer()),
                4 => tg_config_set_secret(config, self.credential().pointer()),
                5 => tg_config_set_api_token(config, self.credential().pointer()),
                6 => tg_config_set_jwt(config, self.credential().pointer()),
                7 => tg_config_set_ports(config, self.number() as u16, self.number() as u16),
                8 => tg_config_set_tgcloud(config, self.number() as i32),
                9 => tg_config_set_server_version(config, self.text().pointer()),
                10 => tg_config_set_ca_file(config, self.text().pointer()),
                11 => tg_config_set_ca_pem(config, self.text().pointer()),
                12 => tg_config_set_client_cert(config, self.text().pointer(), self.text().pointer()),
                13 => tg_config_set_pin_sha256(config, self.text().pointer()),
                14 => tg_config_set_insecure_tls(config, self.number() as i32),
                15 => tg_config_set_allow_http(config, self.number() as i32),
                16 => tg_config_set_timeouts(config, self.number() as u32, self.number() as u32),
                17 => tg_config_set_proxy(config, self.text().pointer()),
                18 => tg_config_set_user_agent(config, self.text().pointer()),
                19 => tg_config_set_token_lifetime(config, self.number(), self.number()),
                20 => tg_config_set_password_file(config, self.text().pointer(), self.text().pointer()),
                21 => tg_config_set_secret_file(config, self.text().pointer()),
                22 => tg_config_set_jwt_file(config, self.text().pointer()),
                23 => tg_config_load_profile(config, self.text().pointer()),
                24 => tg_config_load_env_file(config, self.text().pointer()),
                25 => tg_config_add_ca_file(config, self.text().pointer()),
                26 => {
                    let provide: tg_provider_fn = if self.byte() & 1 == 0 { Some(provide) } else { None };
                    self.given += 1;
                    PROVIDED.store(self.byte(), Ordering::SeqCst);
                    let user_data = std::ptr::from_ref(self.released).cast_mut().cast();
                    tg_config_set_token_provider(config, provide, user_data, Some(release));
                }
                27 => {
                    let (url, id) = (self.text(), self.text());
                    tg_config_set_oauth2(config, url.pointer(), id.pointer(), self.credential().pointer());
                }
                28 => tg_config_set_oauth2_secret_file(config, self.text().pointer()),
                29 => tg_config_set_oauth2_parameter(
                    config,
                    self.argument(&PARAMETERS).pointer(),
                    self.credential().pointer(),
                ),
                30 => tg_config_set_token_cache(config, self.argument(&CACHES).pointer()),
                _ => {
                    let log: tigergraph_auth::ffi::log::tg_log_fn = if self.byte() & 1 == 0 { Some(log) } else { None };
                    self.given += 1;
                    let user_data = std::ptr::from_ref(self.released).cast_mut().cast();
                    tg_config_set_log(config, self.number() as i32, log, user_data, Some(release));
                }
            }
        }
    }

    fn connect(&mut self) {
        let (config, conn) = (self.config(), self.conn());
        let mut made = std::ptr::dangling_mut();
        let which = self.byte() % 7;
        // SAFETY: handles that live or NULL, and a place for the result.
        unsafe {
            match which {
                0 => keep(&mut self.conns, tg_conn_clone(conn)),
                1 => tg_conn_set_timeout(conn, self.number() as u32),
                2 => tg_conn_cancel(conn),
                3 => {
                    let wakeup: tg_wakeup_fn = if self.byte() & 1 == 0 { Some(wakeup) } else { None };
                    self.given += 1;
                    let user_data = std::ptr::from_ref(self.released).cast_mut().cast();
                    tg_conn_set_wakeup(conn, wakeup, user_data, Some(release));
                }
                _ => {
                    let good = self.fallible(|error| tg_conn_new(config, &mut made, error));
                    assert_eq!(made.is_null(), !good);
                    keep(&mut self.conns, made);
                }
            }
        }
    }

    fn ask_for_token(&mut self) {
        let (conn, secret, old) = (self.conn(), self.credential(), self.credential());
        let (secret, old, lifetime, flags) = (secret.pointer(), old.pointer(), self.number(), self.flags());
        let mut token = std::ptr::dangling_mut();
        let which = self.byte() % 9;
        let place: *mut *mut tg_token = if self.byte() < 240 { &mut token } else { null_mut() };
        // SAFETY: handles that live or NULL, texts that live for the call, and places for the results.
        unsafe {
            let good = match which {
                0 => self.fallible(|error| tg_get_token(conn, secret, lifetime, flags, place, error)),
                1 => self.fallible(|error| tg_refresh_token(conn, secret, old, lifetime, flags, place, error)),
                2 => self.fallible(|error| tg_authorization(conn, place, error)),
                3 => self.fallible(|error| tg_current_token(conn, place, error)),
                7 => self.fallible(|error| tg_try_authorization(conn, place, error)),
                4 => {
                    self.fallible(|error| tg_delete_token(conn, secret, old, flags, error));
                    return;
                }
                5 => {
                    let mut valid = 8;
                    self.fallible(|error| tg_check_jwt_token(conn, old, &mut valid, error));
                    return assert!(valid == 0 || valid == 1);
                }
                6 => {
                    let (byte, mut valid) = (self.byte(), 8);
                    let token = pick(&self.tokens, byte);
                    self.fallible(|error| tg_check_token(conn, token, &mut valid, error));
                    return assert!(valid == 0 || valid == 1);
                }
                _ => {
                    let byte = self.byte();
                    return tg_reject_token(conn, pick(&self.tokens, byte));
                }
            };
            if !place.is_null() {
                assert_eq!(token.is_null(), !good);
                keep(&mut self.tokens, token);
            }
        }
    }

    fn ask_for_secrets(&mut self) {
        let (conn, alias, value, user) = (self.conn(), self.text(), self.credential(), self.text());
        let (flags, which) = (self.flags(), self.byte() % 7);
        let mut list = std::ptr::dangling_mut();
        // SAFETY: handles that live or NULL, texts that live for the call, and places for the results.
        unsafe {
            let (alias, value, user) = (alias.pointer(), value.pointer(), user.pointer());
            #[allow(deprecated)]
            let good = match which {
                0 => self.fallible(|error| tg_get_secrets(conn, user, &mut list, error)),
                1 => self.fallible(|error| tg_show_secrets(conn, user, &mut list, error)),
                2 => self.fallible(|error| tg_create_secret(conn, alias, value, user, &mut list, error)),
                3 => self.fallible(|error| tg_ensure_secret(conn, alias, &mut list, error)),
                5 => self.fallible(|error| tg_get_secret(conn, alias, user, &mut list, error)),
                4 => {
                    self.fallible(|error| tg_drop_secret(conn, alias, user, flags, error));
                    return;
                }
                _ => {
                    let aliases = [alias, c"s2".as_ptr(), null()];
                    let count = usize::from(self.byte() & 3);
                    let mut dropped = usize::MAX;
                    let call = |error| tg_drop_secrets(conn, aliases.as_ptr(), count, user, flags, &mut dropped, error);
                    self.fallible(call);
                    return assert!(dropped <= count);
                }
            };
            assert_eq!(list.is_null(), !good);
            keep(&mut self.lists, list);
        }
    }

    fn ask_about_server(&mut self) {
        let (conn, flags) = (self.conn(), self.flags());
        // SAFETY: a handle that lives or NULL, and places for the results.
        unsafe {
            if self.byte() & 1 == 0 {
                let mut report = std::ptr::dangling_mut();
                let good = self.fallible(|error| tg_diagnose(conn, flags & 1, &mut report, error));
                assert_eq!(report.is_null(), !good);
                keep(&mut self.reports, report);
            } else {
                let mut parts = [-1; 3];
                let [major, minor, patch] = &mut parts;
                self.fallible(|error| tg_server_version(conn, major, minor, patch, error));
                assert!(parts.iter().all(|part| (0..100_000).contains(part)));
            }
        }
    }

    fn send(&mut self) {
        let (conn, method, path) = (self.conn(), self.argument(&METHODS), self.argument(&PATHS));
        let (name, value, server) = (self.text(), self.text(), i32::from(self.byte() % 4));
        let (body, limit, status) = (self.credential(), self.number() as u64, self.number() as i32);
        let mut response = std::ptr::dangling_mut();
        // SAFETY: handles that live or NULL, texts that live for the call, and a place for the result.
        unsafe {
            let request = tg_request_new(method.pointer(), server, path.pointer());
            if limit & 1 == 0 {
                tg_request_set_header(request, name.pointer(), value.pointer());
                let length = body.0.as_ref().map_or(0, |body| body.count_bytes());
                tg_request_set_body(request, body.pointer().cast(), length, value.pointer());
                tg_request_set_response_limit(request, limit);
            }
            let good = self.fallible(|error| tg_send(conn, request, &mut response, error));
            assert_eq!(response.is_null(), !good);
            tg_request_free(request);
            let (body, length) = (tg_response_body(response), tg_response_body_length(response));
            let bytes = std::slice::from_raw_parts(body.cast::<u8>(), length + 1);
            assert_eq!(bytes.last(), Some(&0));
            assert_eq!(good, tg_response_http_status(response) != 0);
            check(tg_response_header(response, name.pointer()));
            tg_is_token_refused(server, status, body, length);
            tg_response_free(response);
            check(tg_conn_url(conn, server));
            check(tg_conn_ca_pem(conn));
        }
    }

    fn read(&mut self) {
        let (byte, index) = (self.byte(), usize::from(self.byte()) % 4);
        let (token, list) = (pick(&self.tokens, byte), pick(&self.lists, byte));
        // SAFETY: handles that live or NULL.
        unsafe {
            check_error(pick(&self.errors, byte));
            let header = text(tg_token_header(token));
            assert_eq!(text(tg_token_value(token)), header.trim_start_matches("Bearer "));
            check(tg_token_url(token, i32::from(byte % 4)));
            assert_eq!(text(tg_token_expiration(token)).is_empty(), tg_token_expires_at(token) == 0);
            let is_there = index < tg_secrets_count(list);
            assert_eq!(text(tg_secrets_alias(list, index)).is_empty(), !is_there);
            let is_masked = text(tg_secrets_value(list, index)).contains("****");
            assert_eq!(tg_secrets_is_masked(list, index) == 1, is_masked);
            text(tg_secrets_graph(list, index));
            check(tg_report_text(pick(&self.reports, byte)));
            check(tg_report_json(pick(&self.reports, byte)));
        }
        assert!(text(tg_version()).contains('.') && tg_version_number() > 0);
    }

    fn free_one(&mut self) {
        let byte = self.byte();
        // SAFETY: each handle is taken out of those that live before it is freed.
        unsafe {
            match self.byte() % 6 {
                0 => tg_config_free(take(&mut self.configs, byte)),
                1 => tg_conn_free(take(&mut self.conns, byte)),
                2 => tg_token_free(take(&mut self.tokens, byte)),
                3 => tg_secrets_free(take(&mut self.lists, byte)),
                4 => tg_error_free(take(&mut self.errors, byte)),
                _ => tg_report_free(take(&mut self.reports, byte)),
            }
        }
    }

    fn free_all(self) {
        // SAFETY: all of these live, and nobody uses them after this.
        unsafe {
            self.configs.into_iter().for_each(|config| tg_config_free(config));
            self.conns.into_iter().for_each(|conn| tg_conn_free(conn));
            self.tokens.into_iter().for_each(|token| tg_token_free(token));
            self.lists.into_iter().for_each(|list| tg_secrets_free(list));
            self.errors.into_iter().for_each(|error| tg_error_free(error));
            self.reports.into_iter().for_each(|report| tg_report_free(report));
        }
    }
}

/// Everything that an error says; the caller passes NULL or one that lives.
unsafe fn check_error(error: *const tg_error) {
    // SAFETY: as the caller promises.
    unsafe {
        check(tg_error_message(error));
        check(tg_error_hint(error));
        check(tg_error_server_code(error));
        assert!(text(tg_error_reason(error)).bytes().all(|b| b.is_ascii_lowercase() || b"._28".contains(&b)));
        assert!((0..1000).contains(&tg_error_http_status(error)) && tg_error_retry_after_ms(error) >= -1);
    }
}
