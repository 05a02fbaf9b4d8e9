//! Chapter of the header: requests.

use std::ffi::{CString, c_char, c_void};

use super::arguments::{EMPTY, Out, Text};
use super::conn::{connection, server_of, tg_conn};
use super::error::tg_error;
use super::guard::guard;
use super::handle::{Borrowed, Exclusive, Freed, Handle, Live, into_handle};
use super::panic::guard_value;
use super::status::tg_status;
use crate::conn::{Request, Response};
use crate::protocol::refused_token::is_token_refused;

/// A request to the database. May be sent any number of times, by several threads at once; must not be
/// changed or freed while it is being sent.
pub struct tg_request(Request);

/// The answer to a request, complete. Immutable; may be read on any thread.
pub struct tg_response {
    http_status: i32,
    headers: Vec<(String, CString)>,
    /// With a 0 byte behind it.
    body: Vec<u8>,
}

impl Handle for tg_request {
    type Owner = Box<tg_request>;
}

impl Handle for tg_response {
    type Owner = Box<tg_response>;
}

impl tg_response {
    fn new(response: Response) -> Box<tg_response> {
        let Response { http_status, headers, mut body } = response;
        body.push(0);
        // No header has a NUL.
        let headers =
            headers.into_iter().map(|(name, value)| (name, CString::new(value).unwrap_or_default())).collect();
        Box::new(tg_response { http_status: http_status.into(), headers, body })
    }
}

/// Some bytes of a caller's.
struct Bytes(*const c_void, usize);

impl Bytes {
    /// The caller promises that `bytes` is NULL or points to `length` bytes, which stay as they are while this value is
    /// used.
    unsafe fn new(bytes: *const c_void, length: usize) -> Bytes {
        Bytes(bytes, length)
    }

    /// The bytes; `None` for NULL.
    fn get(&self) -> Option<&[u8]> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not NULL, and the caller of `new` promised so many bytes.
        Some(unsafe { std::slice::from_raw_parts(self.0.cast(), self.1) })
    }
}

/// Changes a request; NULL is ignored.
fn set(mut request: Exclusive<tg_request>, change: impl FnOnce(&mut Request)) {
    guard_value((), || {
        if let Some(request) = request.get() {
            change(&mut request.0);
        }
    });
}

/// Whether an answer that your own HTTP client got from this server, with this HTTP status and body, says that
/// the token is refused: 1 if so. Then call tg_reject_token() and tg_authorization(), and send the request
/// once more. tg_send() does all of this itself.
///
/// 1 for the codes REST-10016 and REST-10019 beside a true "error", and for HTTP 401 of TG_SERVER_GATEWAY with
/// the message "Authentication failed." and no code. 0 for everything else: REST-10018 (the token is valid,
/// but not allowed to do this), web pages, unfinished bodies, and anything within the result of a query. A
/// GSQL server before 4.1.2 accepts no tokens, and gives the second answer to all of them: reject a token for
/// it once, not for each request.
///
/// Sends nothing and never fails. body NULL: an empty one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_is_token_refused(server: i32, http_status: i32, body: *const c_void, length: usize) -> i32 {
    // SAFETY: `body` is NULL or points to `length` bytes.
    let body = unsafe { Bytes::new(body, length) };
    guard_value(0, || match (server_of(server), u16::try_from(http_status)) {
        (Some(server), Ok(status)) => is_token_refused(server, status, body.get().unwrap_or_default()).into(),
        _ => 0,
    })
}

/// A request with this method, to this part of TigerGraph (TG_SERVER_RESTPP or TG_SERVER_GATEWAY), without
/// headers of its own and without a body. tg_send() reports what is wrong with it.
///
/// path begins with "/", is already percent-encoded, may have a query, and has at most 8 KiB:
/// "/query/MyGraph/my_query?vertex=5". What comes before it, "/restpp" included, is the connection's. A path
/// with a segment "." or "..", also encoded, a fragment, a backslash, a blank or a control character is
/// argument.path. method is sent as it is written: GET, POST or another one in capital letters, but not
/// CONNECT or TRACE.
///
/// Free it with tg_request_free(). NULL only if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_request_new(method: *const c_char, server: i32, path: *const c_char) -> *mut tg_request {
    // SAFETY: `method` and `path` are NULL or texts.
    let (method, path) = unsafe { (Text::new(method), Text::new(path)) };
    guard_value(std::ptr::null_mut(), || {
        let request = Request::new(method.bytes(), server_of(server), path.bytes());
        into_handle(Box::new(tg_request(request)))
    })
}

/// Sets a header, such as "GSQL-TIMEOUT" in milliseconds, instead of one with the same name, whatever its
/// case; value NULL removes it. At most 8 KiB each and 64 KiB together.
///
/// The library sets these itself, and tg_send() refuses them with argument.header: Authorization, Host,
/// Content-Length, Content-Type, Transfer-Encoding, Accept-Encoding, Connection, Keep-Alive, Cookie, Expect,
/// GSQL-Secret, TE, Trailer, Upgrade and Proxy-...
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_request_set_header(request: *mut tg_request, name: *const c_char, value: *const c_char) {
    // SAFETY: `request` is NULL or a live request that nothing else uses; `name` and `value` are NULL or texts.
    let (request, name, value) = unsafe { (Exclusive::new(request), Text::new(name), Text::new(value)) };
    set(request, |request| request.set_header(name.bytes(), value.bytes()));
}

/// Sets the body, of any length, and its type, such as "application/json", instead of earlier ones. Both are
/// copied. body NULL with length 0: no body. content_type NULL or "": no Content-Type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_request_set_body(
    request: *mut tg_request,
    body: *const c_void,
    length: usize,
    content_type: *const c_char,
) {
    let (request, bytes, content_type) =
        // SAFETY: `request` is NULL or a live request that nothing else uses; `body` is NULL or points to `length` bytes;
        // `content_type` is NULL or a text.
        unsafe { (Exclusive::new(request), Bytes::new(body, length), Text::new(content_type)) };
    set(request, |request| match bytes.get() {
        None if length > 0 => request.set_missing_body(),
        body => request.set_body(body, content_type.bytes()),
    });
}

/// The longest body that an answer may have, in bytes; 0: 64 MiB. A longer one is protocol.too_large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_request_set_response_limit(request: *mut tg_request, bytes: u64) {
    // SAFETY: `request` is NULL or a live request that nothing else uses.
    let request = unsafe { Exclusive::new(request) };
    set(request, |request| request.set_response_limit(bytes));
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_request_free(request: *mut tg_request) {
    // SAFETY: `request` is NULL or a request of tg_request_new, which is not used again.
    let request = unsafe { Freed::new(request) };
    guard_value((), || drop(request.take()));
}

/// Sends a request with a token as tg_authorization() gives it, or without one where authentication is off,
/// and waits for the whole answer, within the time limit of conn. Connections, TLS, proxy, time limit and
/// cancellation are those of the other calls.
///
/// OK means that there is a complete answer, whatever its HTTP status: look at tg_response_http_status(). Not
/// OK are a redirect (protocol.redirect), a compressed answer (protocol.encoding) and one over its limit
/// (protocol.too_large).
///
/// If the answer says that the token is refused (tg_is_token_refused()), the token is rejected and the
/// request sent once more with a new one; a second refusal is the answer. Without a login that can renew the
/// token, the first refusal is the answer. The GSQL server's 401 counts only if the server is known to accept
/// tokens there: 4.1.2 and later, by tg_config_set_server_version(), or because it has accepted one.
///
/// Nothing else is repeated once a byte of the request was written, because a GET may run a query that
/// writes. If there is no complete answer then, also because of the time limit or tg_conn_cancel(), the
/// status is UNKNOWN_OUTCOME, for GET and HEAD the failure itself.
///
/// The log gets method, HTTP status and time on level TG_LOG_DEBUG, but no path. Free the result with
/// tg_response_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_send(
    conn: *mut tg_conn,
    request: *const tg_request,
    response: *mut *mut tg_response,
    error: *mut *mut tg_error,
) -> tg_status {
    let (conn, request, response, error) =
        // SAFETY: `conn` is NULL or live when the call begins, `request` is NULL or live and nothing changes it;
        // `response` and `error` are NULL or have room.
        unsafe { (Live::new(conn), Borrowed::new(request), Out::new(response), Out::new(error)) };
    guard(error, || {
        let response = response.required("response")?;
        let conn = connection(&conn)?;
        let request = request.required("request")?;
        response.give(tg_response::new(conn.send(&request.0)?));
        Ok(())
    })
}

/// Reads a part of an answer; `fallback` for NULL.
fn read<T: Copy>(response: Borrowed<tg_response>, fallback: T, part: impl FnOnce(&tg_response) -> T) -> T {
    guard_value(fallback, || response.get().map_or(fallback, part))
}

/// The HTTP status, such as 200. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_response_http_status(response: *const tg_response) -> i32 {
    // SAFETY: `response` is NULL or a live response.
    let response = unsafe { Borrowed::new(response) };
    read(response, 0, |response| response.http_status)
}

/// The value of the first header with this name, whatever its case; "" if there is none. What is not UTF-8
/// in it is replaced. Valid as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_response_header(response: *const tg_response, name: *const c_char) -> *const c_char {
    // SAFETY: `response` is NULL or a live response, `name` is NULL or a text.
    let (response, name) = unsafe { (Borrowed::new(response), Text::new(name)) };
    read(response, EMPTY, |response| {
        let name = name.bytes().unwrap_or_default();
        let found = response.headers.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
        found.map_or(EMPTY, |(_, value)| value.as_ptr())
    })
}

/// The body. Never NULL; a 0 byte follows it, so that a text can be used as a string. It may have 0
/// bytes in it: its length is tg_response_body_length(). Valid as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_response_body(response: *const tg_response) -> *const c_void {
    // SAFETY: `response` is NULL or a live response.
    let response = unsafe { Borrowed::new(response) };
    read(response, EMPTY.cast(), |response| response.body.as_ptr().cast())
}

/// The length of the body in bytes, without the 0 byte that follows it. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_response_body_length(response: *const tg_response) -> usize {
    // SAFETY: `response` is NULL or a live response.
    let response = unsafe { Borrowed::new(response) };
    read(response, 0, |response| response.body.len() - 1)
}

/// Frees a response, and wipes its body. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_response_free(response: *mut tg_response) {
    // SAFETY: `response` is NULL or a response of tg_send, which is not used again.
    let response = unsafe { Freed::new(response) };
    guard_value((), || drop(response.take()));
}
