//! Requests to the database and the address they go to: what is sent, what is printed, and the exit code.

use std::path::Path;

use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, Tls};

use crate::options::private_file;
use crate::{Desk, VERSIONS, c};

const VERTICES: &str = "/graph/MyGraph/vertices/Person";

/// The requests that had a path of this beginning.
fn sent(desk: &Desk, path: &str) -> Vec<tigergraph_standin::Request> {
    let all = desk.server.take_requests();
    all.into_iter().filter(|request| request.path.starts_with(path)).collect()
}

#[test]
fn url_prints_the_address_that_request_uses() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let gateway = desk.server.gateway_url();
        assert_eq!(desk.prints(&["url"]), format!("{gateway}/restpp\n"));
        assert_eq!(desk.prints(&["url", "--gateway"]), format!("{gateway}\n"));
        assert_eq!(desk.prints_json(&["url", "--json"])["url"], format!("{gateway}/restpp"));
        assert!(desk.server.requests().is_empty(), "it sends nothing");
        let nobody = Desk { environment: vec![("TG_HOST", "https://db.example.com".to_owned())], ..desk };
        assert_eq!(nobody.prints(&["url"]), "https://db.example.com:14240/restpp\n");
        assert_eq!(nobody.prints(&["--cloud", "yes", "url"]), "https://db.example.com/restpp\n");
    }
}

/// Also after every token of the server has expired, and with a private CA.
#[test]
fn request_prints_the_answer() {
    for version in VERSIONS {
        let tls = Tls::self_signed();
        let ca_file = private_file(&format!("tg-auth-request-{version}.pem"), &tls.ca_pem);
        let mut desk = Desk::with(Options::new(version).with_tls(tls));
        desk.fails(&["request", VERTICES], 4, "tls.unknown_issuer");
        assert_eq!(desk.prints(&["--add-ca-file", &ca_file, "server"]).split('.').next(), version.split('.').next());
        desk.environment.push(("TG_CERT_PATH", ca_file));
        let answer = desk.prints_json(&["request", VERTICES]);
        assert_eq!(
            (&answer["error"], answer["results"].is_array()),
            (&Value::from(false), true),
            "{version}: {answer}"
        );
        let desk = desk.with_token();
        desk.server.expire_tokens();
        assert_eq!(desk.prints_json(&["request", VERTICES])["error"], false, "{version}");
    }
}

#[test]
fn method_headers_and_body_are_sent() {
    let file = private_file("tg-auth-body", "one\ntwo\n\0three");
    let at_file = format!("@{file}");
    for version in VERSIONS {
        let desk = Desk::at(version);
        for (arguments, method, kind, body) in [
            (&["request", "/echo"][..], "GET", "", &b""[..]),
            (&["request", "-X", "DELETE", "/echo"], "DELETE", "", b""),
            (&["request", "-d", "{}", "/echo"], "POST", "application/json", b"{}"),
            (&["request", "--data=", "/echo"], "POST", "application/json", b""),
            (&["request", "-XPUT", "-H", "content-type:  text/csv", "-d", "a,b", "/echo"], "PUT", "text/csv", b"a,b"),
            (&["request", "-d", &at_file, "/echo"], "POST", "application/json", b"one\ntwo\n\0three"),
            (&["request", "-d", "@-", "/echo"], "POST", "application/json", b"of the input\n"),
        ] {
            c::succeeded(&format!("{arguments:?}"), &desk.run_with_input(arguments, "of the input\n"));
            let requests = sent(&desk, "/restpp/echo");
            let [request] = &requests[..] else { panic!("{requests:?}") };
            assert_eq!((&*request.method, &request.body[..]), (method, body), "{arguments:?}");
            assert_eq!(request.header("Content-Type").unwrap_or_default(), kind, "{arguments:?}");
            assert!(request.header("Authorization").is_some_and(|value| value.starts_with("Bearer ")));
        }
        desk.prints(&["request", "-H", "GSQL-TIMEOUT: 60000", "--add-header", "X-Two:2", "-HX-Three:", "/echo?a=%2F"]);
        let request = sent(&desk, "/restpp/echo").remove(0);
        assert_eq!(request.query.as_deref(), Some("a=%2F"));
        assert_eq!((request.header("GSQL-TIMEOUT"), request.header("X-Two")), (Some("60000"), Some("2")));
        assert_eq!(request.header("X-Three"), Some(""));
        // Before the name of the command -H is the server, as with every other one.
        let url = desk.server.gateway_url();
        let elsewhere = Desk { environment: desk.environment.clone(), ..Desk::at(version) };
        elsewhere.prints(&["-H", &url, "request", "-H", "X: y", "/echo"]);
        assert_eq!(sent(&desk, "/restpp/echo").len(), 1, "{version}");
        desk.run(&["request", "--gateway", "/api/ping"]);
        assert_eq!(sent(&desk, "/api/ping").len(), 1, "{version}");
    }
}

#[test]
fn the_exit_code_is_the_outcome() {
    let desk = Desk::at("4.2").with_token();
    for (status, body, code) in [
        (200, r#"{"error":false,"results":[{"error":true}]}"#, 0),
        (200, r#" {"message":"\"error\":true,{","error" : false}"#, 0),
        (200, r#"{"results":[{"a":1}],"error": true,"code":"REST-30000"}"#, 13),
        (200, r#"{"error":"true"}"#, 13),
        (200, r#"[{"error":true}]"#, 0),
        (200, r#"{"x":{"error":true}}"#, 0),
        (200, r#"{"x":"{\"error\":true}"}"#, 0),
        (200, r#"{"error""#, 0),
        (200, "", 0),
        (200, "error:true", 0),
        (204, "", 0),
        (400, "{}", 1),
        (403, r#"{"error":true,"code":"REST-10018"}"#, 7),
        (401, r#"{"error":true,"code":"REST-10016"}"#, 6),
        (404, "<html>", 8),
        (405, "", 10),
        (408, "", 3),
        (409, "", 9),
        (418, "", 1),
        (429, "", 12),
        (500, "{}", 13),
        (501, "", 10),
        (502, "<html>", 12),
        (503, "", 12),
        (504, "", 3),
        (599, "", 13),
    ] {
        desk.server.clear_faults();
        desk.server.script(Fault::always("/restpp/echo", Action::reply(status, body)));
        let output = desk.run(&["request", "/echo"]);
        let said = c::text(&output);
        assert_eq!(output.status.code(), Some(code), "{status} {body}: {said}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), body, "{status}");
        assert_eq!(said.contains(&format!("the server answered HTTP {status}")), code != 0, "{status} {body}: {said}");
    }
}

#[test]
fn an_answer_is_printed_as_it_is_or_as_json() {
    let desk = Desk::at("4.2").with_token();
    let body = b"a\0\"\\\n\xff\xf0\x9f\x90\xaf\xed\xa0\x80\xc3";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: {}\r\n\r\n", body.len());
    desk.server.script(Fault::always("/restpp/echo", Action::RawBytes([head.as_bytes(), body].concat())));
    let output = desk.run(&["request", "/echo"]);
    c::succeeded("raw", &output);
    assert_eq!(output.stdout, body);
    let json = desk.prints_json(&["request", "/echo", "--json"]);
    let text = String::from_utf8_lossy(body);
    assert_eq!((&json["http_status"], &json["content_type"]), (&Value::from(200), &Value::from("text/x")));
    assert_eq!(json["body"].as_str(), Some(text.as_ref()));
}

#[test]
fn what_is_wrong_with_a_request_is_told_in_words() {
    let desk = Desk::at("4.2");
    for (arguments, code, telling) in [
        (&["request"][..], 64, "the command is: request PATH"),
        (&["request", "/restpp/echo"], 64, "PATH begins behind /restpp"),
        (&["request", "-H", "nothing", "/echo"], 64, "--add-header is not written as 'Name: value'"),
        (&["request", "-H", ": x", "/echo"], 64, "--add-header is not written as 'Name: value'"),
        (&["request", "-H", "Content-Type: x", "/echo"], 64, "use --data"),
        (&["request", "-d", "@/nowhere", "/echo"], 66, "--data: /nowhere: No such file"),
        (&["request", "-d", "@-", "--secret-file", "-", "/echo"], 64, "only one option"),
        (&["request", "--max-size", "0", "/echo"], 64, "--max-size must be more than 0"),
        (&["request", "--max-size", "1k", "/echo"], 64, "--max-size is not a whole number of bytes"),
        (&["request", "--max-size", "9999999999999", "/echo"], 64, "--max-size is larger than"),
        (&["url", "--data", "x"], 64, "--data does not belong to url"),
        (&["url", "x"], 64, "the command is: url"),
        (&["request", "echo"], 1, "argument.path"),
        (&["request", "/a/../b"], 1, "argument.path"),
        (&["request", "-X", "GE T", "/echo"], 1, "argument.method"),
        (&["request", "-H", "Authorization: Bearer canary", "/echo"], 1, "argument.header"),
        (&["request", "-H", "Cookie: canary", "/echo"], 1, "argument.header"),
    ] {
        desk.fails(arguments, code, telling);
        assert!(!c::text(&desk.run(arguments)).contains("canary"), "{arguments:?}");
    }
    assert!(desk.server.requests().is_empty());
    let desk = desk.with_token();
    desk.server.script(Fault::always("/restpp/echo", Action::reply(200, "0123456789")));
    assert_eq!(desk.prints(&["request", "/echo", "--max-size", "10"]), "0123456789");
    desk.fails(&["request", "/echo", "--max-size", "9"], 5, "protocol.too_large");
    desk.fails(&["request", "/echo", "--max-size", "9"], 5, "tg-auth: Raise --max-size, or ask for less.");
    desk.server.clear_faults();
    desk.server.script(Fault::always("/restpp/echo", Action::CloseBeforeReply));
    desk.fails(&["request", "/echo", "-d", "{}"], 14, "tg-auth: ");
    desk.server.clear_faults();
    desk.server.script(Fault::always("/restpp/echo", Action::reply(302, "").header("Location", "/elsewhere")));
    desk.fails(&["request", "/echo"], 5, "protocol.redirect");
}

/// The answer is larger than any buffer, and the disk is full.
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    if !Path::new("/dev/full").exists() {
        crate::common::skip::skip("there is no /dev/full");
        return;
    }
    let desk = Desk::at("4.2").with_token();
    desk.server.script(Fault::always("/restpp/echo", Action::reply(200, &"x".repeat(1 << 20))));
    assert_eq!(desk.prints(&["request", "/echo"]).len(), 1 << 20);
    let output = desk.shell("ulimit -f 1; \"$0\" request /echo > \"$(mktemp)\"");
    assert_eq!(output.status.code(), Some(74), "{}", c::text(&output));
    let output = desk.shell("\"$0\" request /echo > /dev/full");
    assert_eq!(output.status.code(), Some(74), "{}", c::text(&output));
    assert!(sent(&desk, "/restpp").len() == 2, "nothing is sent where it can be seen beforehand");
}
