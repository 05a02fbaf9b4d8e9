//! A panic never leaves the library: every exported function gives INTERNAL, its outputs empty, or its
//! fallback; nothing is printed, and the handle stays usable.

use std::ffi::{CStr, c_char};
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::atomic::Ordering;

use tigergraph_auth::ffi::panic::PANIC;
use tigergraph_auth::ffi::{
    config::*, conn::*, error::*, provider::*, report::*, request::*, secrets::*, status::*, token::*, wakeup::*,
};

fn text(pointer: *const c_char) -> String {
    assert!(!pointer.is_null());
    // SAFETY: the library gives NUL-terminated texts.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned()
}

/// The names of the functions that take a `tg_error **`, from the header, without "tg_".
fn fallible() -> Vec<String> {
    let header = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/include/tigergraph_auth.h"));
    let header = header.expect("the header");
    let declared =
        header.split(';').filter(|part| part.contains("tg_error **error)") && part.contains("tg_status tg_"));
    declared
        .map(|part| {
            part.rsplit("tg_status tg_").next().and_then(|rest| rest.split('(').next()).unwrap_or_default().to_owned()
        })
        .collect()
}

#[test]
fn every_function_survives() {
    if std::env::var_os("PANIC_CHILD").is_none() {
        // In a process of its own, whose output can be seen to be empty.
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "every_function_survives", "--nocapture"])
            .env("PANIC_CHILD", "1")
            .output()
            .expect("itself");
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stdout));
        assert!(!shown.contains("forced by a test") && !shown.contains("panicked"), "{shown}");
        return;
    }
    let mut tried: Vec<&str> = Vec::new();
    let mut conn: *mut tg_conn = null_mut();
    // SAFETY: every pointer is NULL where that is allowed, or valid.
    unsafe {
        let config = tg_config_new(c"http://127.0.0.1:1".as_ptr());
        assert_eq!(tg_conn_new(config, &mut conn, null_mut()), tg_status::OK);

        PANIC.store(true, Ordering::SeqCst);
        let mut survives = |name: &'static str, call: &mut dyn FnMut(*mut *mut tg_error) -> tg_status| {
            let mut error: *mut tg_error = null_mut();
            assert_eq!(call(&mut error), tg_status::INTERNAL, "{name}");
            PANIC.store(false, Ordering::SeqCst);
            assert_eq!(text(tg_error_reason(error)), "internal.panic", "{name}");
            tg_error_free(error);
            PANIC.store(true, Ordering::SeqCst);
            tried.push(name);
        };
        let (mut secrets, mut token, mut number): (*mut tg_secrets, *mut tg_token, i32) =
            (std::ptr::dangling_mut(), std::ptr::dangling_mut(), 8);
        let alias = c"a".as_ptr();
        let mut made: *mut tg_conn = std::ptr::dangling_mut();
        survives("tg_conn_new", &mut |error| tg_conn_new(config, &mut made, error));
        survives("tg_server_version", &mut |error| tg_server_version(conn, &mut number, null_mut(), null_mut(), error));
        survives("tg_get_secrets", &mut |error| tg_get_secrets(conn, null(), &mut secrets, error));
        #[allow(deprecated)]
        survives("tg_show_secrets", &mut |error| tg_show_secrets(conn, null(), &mut secrets, error));
        survives("tg_get_secret", &mut |error| tg_get_secret(conn, alias, null(), &mut secrets, error));
        survives("tg_create_secret", &mut |e| tg_create_secret(conn, alias, null(), null(), &mut secrets, e));
        survives("tg_ensure_secret", &mut |error| tg_ensure_secret(conn, alias, &mut secrets, error));
        survives("tg_drop_secret", &mut |error| tg_drop_secret(conn, alias, null(), 0, error));
        survives("tg_drop_secrets", &mut |e| tg_drop_secrets(conn, &alias, 1, null(), 0, null_mut(), e));
        survives("tg_get_token", &mut |error| tg_get_token(conn, null(), 0, 0, &mut token, error));
        survives("tg_authorization", &mut |error| tg_authorization(conn, &mut token, error));
        survives("tg_try_authorization", &mut |error| tg_try_authorization(conn, &mut token, error));
        survives("tg_refresh_token", &mut |e| tg_refresh_token(conn, null(), null(), 0, 0, &mut token, e));
        survives("tg_delete_token", &mut |error| tg_delete_token(conn, null(), null(), 0, error));
        survives("tg_check_jwt_token", &mut |error| tg_check_jwt_token(conn, alias, &mut number, error));
        survives("tg_check_token", &mut |error| tg_check_token(conn, null(), &mut number, error));
        survives("tg_provider_request_set_token", &mut |e| tg_provider_request_set_token(null_mut(), alias, 0, e));
        let connect = tg_status::CONNECT;
        survives("tg_provider_request_fail", &mut |e| tg_provider_request_fail(null_mut(), connect, alias, -1, e));
        let mut response: *mut tg_response = std::ptr::dangling_mut();
        survives("tg_send", &mut |error| tg_send(conn, null(), &mut response, error));
        assert!(response.is_null());
        survives("tg_current_token", &mut |error| tg_current_token(conn, &mut token, error));
        let mut report: *mut tg_report = std::ptr::dangling_mut();
        survives("tg_diagnose", &mut |error| tg_diagnose(conn, 0, &mut report, error));
        assert!(report.is_null());
        assert!(made.is_null() && secrets.is_null() && token.is_null() && number == 0);

        // Accessors answer with their fallback, setters do nothing.
        assert_eq!(text(tg_error_message(null())), "");
        assert_eq!(text(tg_status_name(tg_status::OK)), "UNKNOWN");
        assert_eq!(tg_secrets_count(null()), 0);
        assert_eq!(text(tg_token_value(null())), "");
        assert!(tg_config_new(null()).is_null());
        assert!(tg_request_new(null(), TG_SERVER_RESTPP, null()).is_null());
        assert_eq!(text(tg_conn_url(conn, TG_SERVER_RESTPP)), "");
        tg_config_set_graph(config, c"a graph that is none".as_ptr());

        PANIC.store(false, Ordering::SeqCst);
        assert_eq!(tg_conn_new(config, &mut made, null_mut()), tg_status::OK);
        assert_eq!(tg_current_token(conn, &mut token, null_mut()), tg_status::NO_CREDENTIALS);
        tg_conn_free(made);
        tg_conn_free(conn);
        tg_config_free(config);
    }
    for name in fallible() {
        assert!(tried.contains(&format!("tg_{name}").as_str()), "tg_{name} was not tried");
    }
    assert!(!fallible().is_empty());
}
