//! Handles, errors and texts as C uses them, with nothing sent: for Miri, which sees every pointer.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::config::{tg_config_free, tg_config_new, tg_config_set_api_token, tg_config_set_graph, tg_config_set_log};
use super::conn::{tg_conn, tg_conn_cancel, tg_conn_clone, tg_conn_free, tg_conn_new};
use super::error::{tg_error, tg_error_free, tg_error_message, tg_error_reason, tg_last_error_message};
use super::status::tg_status;
use super::token::{tg_current_token, tg_reject_token, tg_token, tg_token_free, tg_token_value};

/// A text that the library gave; it lives as long as what it belongs to.
fn text(given: *const c_char) -> String {
    // SAFETY: never NULL, and every caller here still holds what it belongs to.
    unsafe { CStr::from_ptr(given) }.to_str().expect("UTF-8").to_owned()
}

/// The caller promises nothing that is used: only whether there is a text is looked at.
unsafe extern "C" fn log(_: i32, message: *const c_char, _: *mut c_void) {
    assert!(!message.is_null());
}

/// The caller promises the counter that the test gave.
unsafe extern "C" fn release(user_data: *mut c_void) {
    // SAFETY: the counter of the test that gave it, which outlives the connection.
    unsafe { *user_data.cast::<u32>() += 1 };
}

/// A connection that has a token already.
fn connection(released: *mut u32) -> *mut tg_conn {
    let mut conn = ptr::null_mut();
    // SAFETY: as a C program would: texts end in NUL, and each handle is live.
    unsafe {
        let config = tg_config_new(c"http://127.0.0.1:1".as_ptr());
        tg_config_set_graph(config, c"MyGraph".as_ptr());
        tg_config_set_api_token(config, c"atoken".as_ptr());
        tg_config_set_log(config, 4, Some(log), released.cast(), Some(release));
        assert!(tg_conn_new(config, &mut conn, ptr::null_mut()) == tg_status::OK);
        tg_config_free(config);
    }
    conn
}

fn failure() -> *mut tg_error {
    let mut error = ptr::null_mut();
    // SAFETY: NULL is an error that is told, and the output has room.
    let status = unsafe { tg_conn_new(ptr::null(), ptr::null_mut(), &mut error) };
    assert!(status == tg_status::INVALID_ARGUMENT);
    error
}

#[test]
fn an_error_outlives_the_one_of_the_thread() {
    let (first, second) = (failure(), failure());
    // SAFETY: both errors are live until they are freed, each once.
    unsafe {
        assert_eq!(text(tg_error_message(first)), text(tg_last_error_message()));
        tg_error_free(second);
        assert_eq!(text(tg_error_reason(first)), "argument.null");
        tg_error_free(first);
        tg_error_free(ptr::null_mut());
    }
    assert_eq!(text(tg_last_error_message()), "conn is NULL");
}

#[test]
fn an_error_is_freed_on_another_thread() {
    let error = failure() as usize;
    // SAFETY: a live error that is freed once.
    let freed = std::thread::spawn(move || unsafe { tg_error_free(error as *mut tg_error) });
    freed.join().expect("it frees");
}

#[test]
fn user_data_is_released_once_after_the_last_handle() {
    let mut released = 0;
    let counter = &raw mut released;
    let conn = connection(counter);
    // SAFETY: live handles, each freed once; the counter is read through the pointer that the library has.
    unsafe {
        let clone = tg_conn_clone(conn);
        tg_conn_cancel(conn);
        tg_conn_free(conn);
        assert_eq!(*counter, 0);
        tg_conn_free(clone);
        assert_eq!(*counter, 1);
    }
}

#[test]
fn a_token_outlives_its_connection() {
    let mut released = 0;
    let conn = connection(&raw mut released);
    let mut token: *mut tg_token = ptr::null_mut();
    // SAFETY: live handles, each freed once.
    unsafe {
        assert!(tg_current_token(conn, &mut token, ptr::null_mut()) == tg_status::OK);
        tg_reject_token(conn, token);
        tg_conn_free(conn);
        assert_eq!(text(tg_token_value(token)), "atoken");
        tg_token_free(token);
    }
}
