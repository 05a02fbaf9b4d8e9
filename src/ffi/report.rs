//! Chapter of the header: diagnosis.

use std::ffi::{CString, c_char};

use super::arguments::{EMPTY, Out, known_flags};
use super::conn::{connection, tg_conn};
use super::error::tg_error;
use super::guard::guard;
use super::handle::{Borrowed, Freed, Handle, Live};
use super::panic::guard_value;
use super::status::tg_status;
use crate::report::Report;

/// Report only what is known, and send nothing.
pub const TG_REPORT_OFFLINE: u32 = 1u32;

/// What a diagnosis found. Immutable; may be read on any thread. Contains no credential, so it can be shown
/// to anybody.
pub struct tg_report {
    text: CString,
    json: CString,
}

impl Handle for tg_report {
    type Owner = Box<tg_report>;
}

impl tg_report {
    fn new(report: &Report) -> tg_report {
        let text = |text: String| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default();
        tg_report { text: text(report.text()), json: text(report.json()) }
    }
}

/// Finds out whether this connection can work and, if not, why, and how to fix it: name lookup, connection,
/// TLS, server, credentials, database, each with its time, and where each setting came from.
///
/// The status is OK whenever there is a report, even if it says that nothing works. flags: 0, or
/// TG_REPORT_OFFLINE, which sends nothing. All steps together end within the time limit of a call.
///
/// One lookup of the server's name and, for https, one look at its certificate; one request for its version,
/// if that is not known; one login, if there is no valid token yet (the token becomes the connection's own);
/// one GET /version of REST++. A refused login is not tried again, so that no account is locked. Of several
/// servers each is connected to, and one is asked. Free the result with tg_report_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_diagnose(
    conn: *mut tg_conn,
    flags: u32,
    report: *mut *mut tg_report,
    error: *mut *mut tg_error,
) -> tg_status {
    // SAFETY: `conn` is NULL or live when the call begins; `report` and `error` are NULL or have room.
    let (conn, report, error) = unsafe { (Live::new(conn), Out::new(report), Out::new(error)) };
    guard(error, || {
        let report = report.required("report")?;
        let conn = connection(&conn)?;
        known_flags(flags, TG_REPORT_OFFLINE)?;
        let found = conn.diagnose(flags & TG_REPORT_OFFLINE != 0)?;
        report.give(Box::new(tg_report::new(&found)));
        Ok(())
    })
}

/// Reads a text of a report; "" for NULL.
fn read(report: Borrowed<tg_report>, part: impl FnOnce(&tg_report) -> &CString) -> *const c_char {
    guard_value(EMPTY, || report.get().map_or(EMPTY, |report| part(report).as_ptr()))
}

/// For a person: the first line is the verdict and what to do, then come the steps, the settings and the
/// counters.
/// Never NULL; valid as long as the report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_text(report: *const tg_report) -> *const c_char {
    // SAFETY: `report` is NULL or a live report.
    let report = unsafe { Borrowed::new(report) };
    read(report, |report| &report.text)
}

/// For a program: a JSON object. Never NULL; valid as long as the report.
///
/// report: 1. ok: whether everything works. verdict: the first line of the text. failure: null, or status,
/// reason, message, hint, server_code, http_status and retry_after_ms of the failure. warnings: texts.
/// steps: objects with step, outcome ("passed", "failed", "skipped"), detail (as failure, or why it was
/// skipped), ms, and facts. settings: by name, each with value and from. counters: what all handles of this
/// connection have done since it was made: requests (of which a byte or more was written), tokens (issued or
/// refreshed, by a server or where the login has its tokens from), renewals (new tokens for the connection,
/// with its first one), failed_renewals, rejected (tokens of the connection that a server or tg_reject_token()
/// refused), waited (calls that had to wait for a token), cache_hits (tokens from the token cache). Later
/// versions may add members; existing ones do not change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_json(report: *const tg_report) -> *const c_char {
    // SAFETY: `report` is NULL or a live report.
    let report = unsafe { Borrowed::new(report) };
    read(report, |report| &report.json)
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_report_free(report: *mut tg_report) {
    // SAFETY: `report` is NULL or a report of tg_diagnose, which is not used again.
    let report = unsafe { Freed::new(report) };
    guard_value((), || drop(report.take()));
}
