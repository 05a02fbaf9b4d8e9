//! Chapter of the header: token providers.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::arguments::{Out, Text};
use super::config::{set, tg_config};
use super::error::tg_error;
use super::guard::guard;
use super::handle::{Borrowed, Exclusive, Handle};
use super::log::{UserData, tg_release_fn};
use super::panic::{Flag, THREAD, guard_value};
use super::status::tg_status;
use crate::config::provider::{ProviderRequest, TokenProvider};

/// One request to your function for a token. Valid until that function returns, on any thread.
pub struct tg_provider_request {
    _opaque: [u8; 0],
}

impl Handle for tg_provider_request {
    type Owner = Arc<ProviderRequest>;
}

/// Brings a token of your own: answer request once, with tg_provider_request_set_token() or
/// tg_provider_request_fail(), on this thread or on another one before this function returns. The first
/// answer counts, at once; what this function does after that, nobody waits for. If it returns without an
/// answer, callers get provider.unavailable.
///
/// It is called when a token is needed, on a thread of the library that runs nothing else, takes no signals
/// and has 1 MiB of stack; never twice at once for a connection. It may block, but should give up when
/// tg_provider_request_time_left_ms() is over or tg_provider_request_is_cancelled(): if it has not returned
/// then, calls that need a token fail with provider.unavailable until it has. It may call the library, also
/// with other connections; a call that needs a token of its own connection, or of a clone, is
/// argument.recursion. A process or a thread that it starts inherits that all signals are blocked, so that
/// SIGTERM does not end it: restore the mask before that, or set one by posix_spawnattr_setsigmask(). It must
/// return normally: no exception, no longjmp. In Node.js, LuaJIT and PHP, set none, for the reasons that
/// tg_log_fn has.
pub type tg_provider_fn = Option<unsafe extern "C" fn(request: *mut tg_provider_request, user_data: *mut c_void)>;

/// Your function, and what it is called with.
struct Target {
    provide: unsafe extern "C" fn(*mut tg_provider_request, *mut c_void),
    user_data: UserData,
}

impl TokenProvider for Target {
    fn provide(&self, request: &Arc<ProviderRequest>) {
        THREAD.with(|thread| thread.set(Flag::Provides, true));
        let request = Arc::as_ptr(request).cast_mut().cast();
        // SAFETY: the caller of `tg_config_set_token_provider` gave this function for this pointer; the request lives
        // through the call.
        unsafe { (self.provide)(request, self.user_data.pointer()) };
        THREAD.with(|thread| thread.set(Flag::Provides, false));
    }
}

/// Logs in with tokens that your function brings, such as those of an identity provider, a vault or a store
/// that several processes share. They are used wherever a JWT is (tg_config_set_jwt), for secrets and tokens
/// from 4.1 on, and at the database on every version that takes them. The function is asked when the first
/// token is needed, in time before the end of one (tg_config_set_token_lifetime), and after one was
/// rejected; it is asked once, however many threads need a token. provide NULL: no provider.
///
/// tg_get_token() without a secret asks for a new token; its lifetime_s must be 0 and TG_TOKEN_GLOBAL not
/// set, because whoever issues the tokens decides. tg_refresh_token() is unsupported.refresh, or a new token
/// with TG_TOKEN_OR_NEW. Failures are remembered for a while, as those of a server are; see
/// tg_provider_request_fail().
///
/// release (may be NULL) is called exactly once for each call of this function, after provide has returned
/// for the last time, when neither a config nor a connection can use user_data any more; at once if provide
/// or config is NULL. It may be called on any thread. In a child of fork() no provider runs until the child
/// needs a token; one that was running in the parent has not been released there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_config_set_token_provider(
    config: *mut tg_config,
    provide: tg_provider_fn,
    user_data: *mut c_void,
    release: tg_release_fn,
) {
    // SAFETY: `config` is NULL or a live config that no other thread uses; `provide` and `release` may be called with
    // `user_data` on any thread, until `release` was.
    let (config, user_data) = unsafe { (Exclusive::new(config), UserData::new(user_data, release)) };
    let target =
        guard_value(None, || provide.map(|provide| Arc::new(Target { provide, user_data }) as Arc<dyn TokenProvider>));
    set(config, |config| config.set_token_provider(target));
}

/// Answers with a token, without "Bearer " before it. expires_at: when it ends, in seconds since 1970 UTC;
/// 0: by the token's own exp if it is a JWT, else unknown, and then it is renewed after 15 minutes.
///
/// A token has 8 to 8192 letters, digits and characters of -._~+/=. Anything else is PROTOCOL, here and for
/// those who wait, and counts as the answer. INVALID_ARGUMENT: the request was answered before. CANCELLED:
/// nobody waits for it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_provider_request_set_token(
    request: *mut tg_provider_request,
    token: *const c_char,
    expires_at: i64,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `request` is NULL or live, which its provider sees to; `token` is NULL or a text; `error` is NULL or has
    // room.
    let (request, token, error) = unsafe { (Borrowed::new(request), Text::new(token), Out::new(error)) };
    guard(error, || {
        let request = request.required("request")?;
        request.set_token(token.required("token")?, expires_at)
    })
}

/// Answers that there is no token. UNAUTHENTICATED and FORBIDDEN say that whoever gives tokens refuses you:
/// callers get provider.refused, and the function is not asked again for about 30 seconds. With every other
/// status, OK too, callers get provider.unavailable, and it is asked again after about half a second, then
/// later and later. retry_after_ms: not before that, if it is longer (an hour at most); negative: not known.
///
/// message becomes part of the callers' error, at most 256 bytes of it, without control characters,
/// credentials of the connection and what looks like a credential. INVALID_ARGUMENT: the request was
/// answered before. CANCELLED: nobody waits for it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_provider_request_fail(
    request: *mut tg_provider_request,
    status: tg_status,
    message: *const c_char,
    retry_after_ms: i64,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `request` is NULL or live, which its provider sees to; `message` is NULL or a text; `error` is NULL or has
    // room.
    let (request, message, error) = unsafe { (Borrowed::new(request), Text::new(message), Out::new(error)) };
    guard(error, || {
        let request = request.required("request")?;
        request.fail(status.number(), message.required("message")?, u64::try_from(retry_after_ms).ok())
    })
}

/// How many milliseconds are left for the answer: those of the call that needs the token, or for a renewal
/// as configured with tg_config_set_timeouts(). 0: none, it is cancelled, or request is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_provider_request_time_left_ms(request: *const tg_provider_request) -> i64 {
    // SAFETY: `request` is NULL or live, which its provider sees to.
    let request = unsafe { Borrowed::new(request) };
    guard_value(0, || {
        request.get().map_or(0, |request| i64::try_from(request.time_left().as_millis()).unwrap_or(i64::MAX))
    })
}

/// Whether nobody waits for the answer any more: 1 after tg_conn_cancel() of the last caller, after
/// tg_conn_free() of the last handle, and when the time is over. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_provider_request_is_cancelled(request: *const tg_provider_request) -> i32 {
    // SAFETY: `request` is NULL or live, which its provider sees to.
    let request = unsafe { Borrowed::new(request) };
    guard_value(0, || request.get().is_some_and(ProviderRequest::is_cancelled).into())
}
