//! Options: each reaches the library, those that do not fit are refused in words, and credentials come from files and
//! standard input.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, TestCa, Tls, wall_clock};

use crate::{Desk, VERSIONS, c, has_curl, program, tg_auth};

/// A file that nobody else may read.
pub fn private_file(name: &str, content: &str) -> String {
    let path = c::scratch(name);
    std::fs::write(&path, content).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    path.to_str().expect("UTF-8").to_owned()
}

fn without_login(mut desk: Desk) -> Desk {
    desk.environment.retain(|(name, _)| !["TG_SECRET", "TG_USERNAME", "TG_PASSWORD"].contains(name));
    desk
}

/// What the settings of a diagnosis say that is offline.
fn setting(desk: &Desk, arguments: &[&str], name: &str) -> (String, String) {
    let report = desk.prints_json(&[arguments, &["doctor", "--offline", "--json"]].concat());
    let setting = &report["settings"][name];
    let part = |part: &str| setting[part].as_str().unwrap_or_default().to_owned();
    (part("value"), part("from"))
}

#[test]
fn every_option_reaches_the_library() {
    let desk = Desk::at("4.2");
    let (cert, key) = (private_file("tg-auth-cert.pem", ""), private_file("tg-auth-key.pem", ""));
    let ca = TestCa::new("An authority");
    let leaf = ca.leaf(&["client"]);
    std::fs::write(&cert, &leaf.chain_pem).expect("a file");
    std::fs::write(&key, &leaf.key_pem).expect("a file");
    let ca_file = private_file("tg-auth-ca.pem", ca.pem());
    let pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (arguments, name, value) in [
        (&["--host", "https://localhost:1"][..], "host", "https://localhost:1"),
        (&["-gOther"], "graph", "Other"),
        (&["--restpp-port=9001"], "restpp_port", "9001"),
        (&["--gsql-port", "9002"], "gsql_port", "9002"),
        (&["--cloud", "yes"], "tgcloud", "1"),
        (&["--cloud", "no"], "tgcloud", "-1"),
        (&["--server-version", "3.10"], "server_version", "3.10"),
        (&["--allow-http", "--host", "http://db.example.com"], "allow_http", "on"),
        (&["--proxy", "http://localhost:3128"], "proxy", "http://localhost:3128"),
        (&["-c", &ca_file], "ca_file", &ca_file),
        (&["--pin", pin], "pin_sha256", pin),
        (&["--client-cert", &cert, "--client-key", &key], "client_cert", &cert),
        (&["--client-cert", &cert, "--client-key", &key], "client_key", &key),
        (&["--insecure"], "insecure_tls", "on"),
        (&["-t", "1.5"], "total_ms", "1500"),
        (&["--timeout", "0.0001"], "total_ms", "1"),
        (&["--timeout", "4294967.2"], "total_ms", "4294967200"),
        (&["--timeout", "4294967.295"], "total_ms", "4294967295"),
        (&["--connect-timeout", "4294967.2949"], "connect_ms", "4294967295"),
        (&["--connect-timeout", ".25"], "connect_ms", "250"),
        (&["--user-agent", "mine"], "user_agent", "mine"),
        (&["--cache", "none"], "token_cache", "none"),
    ] {
        assert_eq!(setting(&desk, arguments, name), (value.to_owned(), "program".to_owned()), "{arguments:?}");
    }
    let secret_file = private_file("tg-auth-client-secret", "ofafile\n");
    let client = ["--oauth2-url", "https://login.example.com/token", "--oauth2-client-id", "me"];
    let client = [&client[..], &["--oauth2-client-secret-file", &secret_file, "--oauth2-scope", "a b"]].concat();
    for (name, value) in [
        ("oauth2_url", "https://login.example.com/token"),
        ("oauth2_client_id", "me"),
        ("oauth2_client_secret_file", &secret_file),
        ("oauth2_parameter", "scope"),
    ] {
        assert_eq!(setting(&desk, &client, name), (value.to_owned(), "program".to_owned()), "{name}");
    }
    desk.fails(&[&client[..4], &["server"]].concat(), 1, "--oauth2-client-id");
    // The stand-in gives the answers of a token endpoint.
    let answer = r#"{"access_token":"of-the-token-endpoint","token_type":"Bearer","expires_in":600}"#;
    desk.server.script(Fault::always("/oauth2/token", Action::reply(200, answer)));
    let url = format!("{}/oauth2/token", desk.server.gateway_url());
    let client = [&["--oauth2-url", &url], &client[2..]].concat();
    assert_eq!(desk.prints(&[&client[..], &["token"]].concat()), "of-the-token-endpoint\n");
    let asked = desk.server.requests().into_iter().find(|request| request.path == "/oauth2/token").expect("a request");
    assert_eq!(asked.header("authorization"), Some("Basic bWU6b2ZhZmlsZQ=="), "me:ofafile");
    assert_eq!(asked.text(), "grant_type=client_credentials&scope=a%20b");
    let file = private_file("tg-auth.env", &format!("TG_HOST={}\nTG_GRAPHNAME=OfTheFile\n", desk.server.gateway_url()));
    let bare = Desk { environment: vec![("TG_GRAPHNAME", "OfTheEnvironment".to_owned())], ..Desk::at("4.2") };
    assert_eq!(setting(&bare, &["--env-file", &file], "host").1, format!("TG_HOST in {file}"));
    assert_eq!(setting(&bare, &["--env-file", &file], "graph").0, "OfTheEnvironment");
    assert!(bare.prints(&["--env-file", &file, "doctor", "--offline"]).contains(&format!("  (in {file})\n")));
    let profile = Desk { environment: vec![("STAGING_TG_HOST", desk.server.gateway_url())], ..Desk::at("4.2") };
    assert_eq!(setting(&profile, &["--profile", "staging"], "host").1, "STAGING_TG_HOST");
    // Whatever the environment says of it.
    let mut other = profile;
    other.environment.extend([("TG_PROFILE", "nobody".to_owned()), ("TG_DEFAULT_PROFILE", "none".to_owned())]);
    assert_eq!(setting(&other, &["--profile", "staging"], "host").1, "STAGING_TG_HOST");
    other.fails(&["doctor"], 1, "choose different profiles");
}

/// On Windows the library has no name for standard input, which is said.
#[test]
fn variables_come_from_standard_input() {
    let desk = Desk { environment: Vec::new(), ..Desk::at("4.2") };
    desk.fails(&["--env-file", "-", "--secret-file", "-", "server"], 64, "only one option");
    let variables = format!("TG_HOST={}\n", desk.server.gateway_url());
    let output = desk.run_with_input(&["--env-file", "-", "server", "--secret-file", "/nowhere"], &variables);
    let said = c::text(&output);
    if tg_auth::is_on_windows() {
        assert_eq!(output.status.code(), Some(66), "{said}");
        assert!(said.contains("--env-file: standard input: ") && said.contains("save it in a file"), "{said}");
        return;
    }
    assert!(said.contains("/nowhere") && !said.contains("TG_HOST"), "{said}");
    let told = desk.run_with_input(&["--env-file", "-", "doctor", "--offline"], "export TG_HOST=db.example.com\n");
    assert!(c::text(&told).contains("db.example.com"), "{}", c::text(&told));
}

/// The lifetime is longer than 4 000 000 seconds, which was the limit.
#[test]
fn a_token_may_live_long() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let json = desk.prints_json(&["token", "--json", "--lifetime", "8000000"]);
        let left = json["expires_at"].as_i64().expect("a time") - wall_clock();
        assert!((7_999_900..=8_000_000).contains(&left), "{version}: {left}");
    }
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let desk = Desk::at("4.2");
    for (arguments, telling) in [
        (&["--timeout", "soon", "token"][..], "--timeout is not a number of seconds"),
        (&["--timeout", "", "token"], "--timeout needs a value"),
        (&["--timeout", "-1", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "1e3", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "0x10", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", " 1", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "1.", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", ".", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "1,5", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "1.5s", "token"], "--timeout is not a number of seconds"),
        (&["--timeout", "0", "token"], "--timeout must be more than 0 seconds"),
        (&["--connect-timeout", "0.0", "token"], "--connect-timeout must be more than 0 seconds"),
        (&["--connect-timeout", "nan", "token"], "--connect-timeout is not a number of seconds"),
        (&["--timeout", "4294968", "token"], "--timeout is longer than 4294967.295 seconds"),
        (&["--timeout", "4294967.2950001", "token"], "--timeout is longer than 4294967.295 seconds"),
        (&["--timeout", "4294967.296", "token"], "--timeout is longer than 4294967.295 seconds"),
        (&["--timeout", "4294967.3", "token"], "--timeout is longer than 4294967.295 seconds"),
        (&["--timeout", "4294967.999", "token"], "--timeout is longer than 4294967.295 seconds"),
        (&["--connect-timeout", "4294967.296", "token"], "--connect-timeout is longer than 4294967.295 seconds"),
        (&["--timeout", "4294967.299x", "token"], "--timeout is not a number of seconds"),
        (&["--grace", "4294967.296", "secret", "rotate", "a"], "--grace is longer than 4294967.295 seconds"),
        (&["--wait", "4294967.296", "doctor"], "--wait is longer than 4294967.295 seconds"),
        (&["--wait", "99999999999999999999999999", "doctor"], "--wait is longer than 4294967.295 seconds"),
        (&["--wait", "soon", "doctor"], "--wait is not a number of seconds"),
        (&["--lifetime", "0.5", "token"], "--lifetime is not a whole number of seconds"),
        (&["--lifetime", "", "token"], "--lifetime needs a value"),
        (&["--lifetime", "31556952001", "token"], "--lifetime is longer than 1000 years"),
        (&["--lifetime", "18446744073709551617", "token"], "--lifetime is longer than 1000 years"),
        (&["--restpp-port", "0", "token"], "--restpp-port is not a port number"),
        (&["--restpp-port", "65536", "token"], "--restpp-port is not a port number"),
        (&["--gsql-port", "1 ", "token"], "--gsql-port is not a port number"),
        (&["--gsql-port", "-1", "token"], "--gsql-port is not a port number"),
        (&["--cloud", "maybe", "token"], "--cloud must be one of: yes no"),
        (&["--completion", "csh", "help"], "--completion must be one of: bash zsh fish"),
        (&["--man", "--completion", "zsh", "help"], "--man and --completion"),
        (&["token", "--host"], "--host needs a value"),
        (&["token", "-H"], "--host needs a value"),
        (&["token", "--header=yes"], "--header takes no value"),
        (&["token", "-x"], "unknown option -x"),
        (&["token", "--nothing=canary"], "unknown option --nothing"),
        (&["token", "--time", "5"], "perhaps you mean --timeout"),
        (&["--proxy", "http://user:canary@proxy:3128", "token"], "--proxy must not have a login in it"),
        (&["token", "--secret", "canary"], "a credential is never an argument"),
        (&["token", "--password=canary"], "a credential is never an argument"),
        (&["token", "check", "--token", "canary"], "a credential is never an argument"),
        (&["token", "--secretcanary"], "a credential is never an argument"),
        (&["token", "--secret:canary"], "a credential is never an argument"),
        (&["token", "--secret-filecanary"], "a credential is never an argument"),
        (&["token", "--secret-file:canary"], "a credential is never an argument"),
        (&["token", "--passwordcanary"], "a credential is never an argument"),
        (&["token", "--passwd:canary"], "a credential is never an argument"),
        (&["token", "--tokencanary"], "a credential is never an argument"),
        (&["token", "--api-token-canary"], "a credential is never an argument"),
        (&["token", "--jwtcanary"], "a credential is never an argument"),
        (&["token", "--TG_SECRETcanary"], "a credential is never an argument"),
        (&["token", "--my-Secret-canary=canary"], "a credential is never an argument"),
        (&["token", "--oauth2-client-secretcanary"], "a credential is never an argument"),
        (&["token", "--oauth2-client-secret", "canary"], "perhaps you mean --oauth2-client-secret-file"),
        (&["token", "--secret-fil=canary"], "perhaps you mean --secret-file"),
        (&["token", "-scanary"], "unknown option -s"),
        (&["token", "-secretcanary"], "unknown option -s"),
        (&["token", "-tokencanary"], "--timeout is not a number of seconds"),
        (&["token", "check", "canary"], "the command is: token check"),
        (&["token", "canary"], "a token itself is never an argument"),
        (&["secret", "canary"], "secret must be followed by"),
        (&["canary"], "unknown command"),
        (&["help", "canary"], "help of an unknown command"),
        (&["secret", "show"], "the command is: secret show ALIAS"),
        (&["secret", "ensure", "a", "b"], "the command is: secret ensure ALIAS"),
    ] {
        desk.fails(arguments, 64, telling);
        assert!(!c::text(&desk.run(arguments)).contains("canary"), "{arguments:?}");
    }
    assert!(desk.server.requests().is_empty());
}

#[test]
fn an_option_of_another_command_is_an_error() {
    let desk = Desk::at("4.2");
    for (arguments, telling) in [
        (&["token", "--offline"][..], "--offline does not belong to token get"),
        (&["token", "--wait", "5"], "--wait does not belong to token get"),
        (&["doctor", "--header"], "--header does not belong to doctor"),
        (&["server", "--lifetime", "5"], "--lifetime does not belong to server"),
        (&["secret", "list", "--ignore-missing"], "--ignore-missing does not belong to secret list"),
        (&["secret", "ensure", "x", "--user", "bob"], "--user does not belong to secret ensure"),
        (&["token", "get", "--token-file", "-"], "--token-file does not belong to token get"),
        (&["version", "--host", "x"], "--host does not belong to version"),
        (&["token", "--man"], "--man does not belong to token get"),
        (&["--host", "http://a", "--host", "http://b", "token"], "--host is given twice, with different values"),
        (&["-t5", "--timeout=6", "token"], "--timeout is given twice"),
    ] {
        desk.fails(arguments, 64, telling);
    }
    assert!(desk.server.requests().is_empty());
    // The same again, as an alias of a shell and its user may write it, is the same.
    assert!(desk.prints(&["--header", "-t5", "token", "--header", "--timeout", "5"]).starts_with("Authorization: "));
    // What stands behind -- is no option.
    desk.fails(&["secret", "show", "--", "--offline"], 8, "missing.secret");
}

#[test]
fn a_credential_comes_from_a_file_or_standard_input() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let secret = desk.environment.iter().find(|(name, _)| *name == "TG_SECRET").expect("a secret").1.clone();
        let desk = without_login(desk);
        let secret_file = private_file("tg-auth-secret", &format!("{secret}\n"));
        let password_file = private_file("tg-auth-password", "opensesame\n");
        assert!(desk.prints(&["--secret-file", &secret_file, "token"]).len() > 20);
        assert!(
            desk.prints(&["--username", "alice", "--password-file", &password_file, "secret", "list"])
                .contains("standing")
        );
        for input in [
            secret.clone(),
            format!("{secret}\n"),
            format!("{secret}\r\n"),
            format!("{secret}\nmore\n"),
            format!("\u{feff}{secret}\r\n"),
        ] {
            let output = desk.run_with_input(&["--secret-file", "-", "token"], &input);
            c::succeeded(version, &output);
        }
        let output =
            desk.run_with_input(&["--username", "alice", "--password-file=-", "secret", "list"], "opensesame\n");
        c::succeeded(version, &output);
        let output = desk.run_with_input(&["--username", "alice", "--password-file", "-", "token"], "canary\n");
        assert_eq!(output.status.code(), Some(6), "{}", c::text(&output));
        assert!(!c::text(&output).contains("canary"));
        // A file, and a socket.
        let file = std::fs::File::open(&secret_file).expect("a file");
        c::succeeded(
            "a file",
            &desk.command(program(), &["--secret-file", "-", "token"]).stdin(file).output().expect("it"),
        );
        if tg_auth::is_on_windows() {
            continue;
        }
        let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().expect("sockets");
        std::io::Write::write_all(&mut ours, format!("{secret}\n").as_bytes()).expect("it is written");
        let mut command = desk.command(program(), &["--secret-file", "-", "token"]);
        c::succeeded("a socket", &command.stdin(OwnedFd::from(theirs)).output().expect("it"));
    }
}

/// A JWT: the token of another login.
#[test]
fn a_jwt_comes_from_standard_input() {
    let desk = Desk::at("4.2");
    let jwt = desk.prints(&["token"]);
    let output = without_login(desk).run_with_input(&["--jwt-file", "-", "token"], &jwt);
    c::succeeded("--jwt-file", &output);
    assert_eq!(String::from_utf8_lossy(&output.stdout), jwt);
}

#[test]
fn standard_input_without_a_credential_is_told() {
    let desk = without_login(Desk::at("4.2"));
    for (input, telling) in
        [("", "is empty"), ("\n", "is empty"), ("a\0b\n", "NUL"), (&"x".repeat(70_000), "longer than 64 KiB")]
    {
        let output = desk.run_with_input(&["--secret-file", "-", "token"], input);
        let said = c::text(&output);
        assert_eq!(output.status.code(), Some(66), "{said}");
        assert!(said.contains("--secret-file: standard input ") && said.contains(telling), "{said}");
    }
    let output = desk.shell("\"$0\" --secret-file - token <&-");
    assert_eq!(output.status.code(), Some(66), "{}", c::text(&output));
    desk.fails(&["--secret-file", "-", "--jwt-file", "-", "token"], 64, "only one option");
    desk.fails(&["--secret-file", "-", "--token-file", "-", "token", "check"], 64, "only one option");
    desk.fails(&["--secret-file", "-", "--env-file", "-", "token"], 64, "only one option");
    assert!(desk.server.requests().is_empty());
}

/// On a terminal what is typed is not shown, and is shown again afterwards, whatever ends the program.
#[test]
fn a_terminal_does_not_show_what_is_typed() {
    let script = c::root().join("tests/tg_auth/terminal.py");
    let desk = Desk::at("4.2");
    let secret = desk.environment.iter().find(|(name, _)| *name == "TG_SECRET").expect("a secret").1.clone();
    let desk = without_login(desk);
    // A console paints a blank by moving on, and Ctrl-C is success for wine, as it is not for Windows.
    let (asked, interrupted) =
        if tg_auth::is_on_windows() { ("Secret:", "exited 0") } else { ("Secret: ", "killed by 2") };
    for (typed, ending) in [(format!("{secret}\r"), "exited 0"), ("\u{3}".to_owned(), interrupted)] {
        desk.server.clear_requests();
        let is_secret = typed.contains(&secret);
        let mut command = desk.command(&script, &[]);
        command.arg(program()).args(["--secret-file", "-", "token"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut child = command.spawn().expect("python3");
        std::io::Write::write_all(&mut child.stdin.take().expect("its input"), typed.as_bytes()).expect("it listens");
        let output = child.wait_with_output().expect("its end");
        let said = c::text(&output);
        assert!(said.contains(asked) && said.contains(ending) && said.contains("echo is on"), "{said}");
        assert!(!said.contains(&secret), "what is typed is shown");
        assert_eq!(!desk.server.requests().is_empty(), is_secret, "{said}");
    }
}

/// The program stops while it asks, and goes on: it is asked again, and what is typed then is not shown either.
#[test]
fn a_program_that_was_stopped_does_not_show_what_is_typed() {
    if tg_auth::is_on_windows() {
        return;
    }
    let desk = Desk::at("4.2");
    let secret = desk.environment.iter().find(|(name, _)| *name == "TG_SECRET").expect("a secret").1.clone();
    let desk = without_login(desk);
    for (steps, asked, ending) in [
        ("stop,fg,secret", 2, "eyJ"),
        // In the background it stops again, because it reads.
        ("stop,fg,stop,bg,fg,secret", 3, "eyJ"),
        ("stop,kill %1", 1, "Terminated"),
    ] {
        let mut command = desk.command(&c::root().join("tests/tg_auth/job.py"), &[steps]);
        command.arg(program()).args(["--secret-file", "-", "token"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut child = command.spawn().expect("python3");
        std::io::Write::write_all(&mut child.stdin.take().expect("its input"), secret.as_bytes()).expect("it listens");
        let said = c::text(&child.wait_with_output().expect("its end"));
        assert!(!said.contains(&secret), "{steps}: what is typed is shown");
        assert_eq!(said.matches("Secret: ").count(), asked, "{steps}: {said}");
        assert!(said.contains(ending) && said.lines().any(|line| line == "echo"), "{steps}: {said}");
    }
}

/// Whatever its code page is, on Windows.
#[test]
fn a_terminal_shows_characters_of_every_script() {
    let desk = Desk::at("4.2");
    let mut command = desk.command(&c::root().join("tests/tg_auth/terminal.py"), &[]);
    command.arg(program()).args(["--host", "https://localhost", "--ca-file", "/nowhere/Schlüssel-ключ", "token"]);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let said = c::text(&command.output().expect("python3"));
    assert!(said.contains("/nowhere/Schlüssel-ключ") && said.contains("exited 1"), "{said}");
}

#[test]
fn tokens_are_checked_refreshed_and_deleted() {
    let desk = Desk::at("4.2");
    let token = desk.prints(&["token"]);
    let file = private_file("tg-auth-token", &token);
    assert_eq!(desk.prints(&["token", "check", "--token-file", &file]), "valid\n");
    assert_eq!(desk.prints_json(&["token", "check", "--json"])["valid"], true);
    let refreshed = desk.run_with_input(&["token", "refresh", "--token-file", "-", "--or-new", "--header"], &token);
    c::succeeded("refresh", &refreshed);
    assert!(refreshed.stdout.starts_with(b"Authorization: Bearer eyJ"));
    desk.fails(&["token", "refresh", "--token-file", &file], 10, "unsupported.refresh");
    c::succeeded("delete", &desk.run_with_input(&["token", "delete", "--token-file", "-"], &token));
    let output = desk.run(&["token", "check", "--token-file", &file]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(6), &b"invalid\n"[..]), "{}", c::text(&output));
    let output = desk.run(&["token", "check", "--json", "--token-file", &file]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["valid"], false);
    desk.fails(&["token", "check", "--token-file", "/nowhere"], 66, "--token-file: /nowhere: No such file");
}

#[test]
fn what_a_terminal_would_obey_is_shown() {
    let desk = Desk::at("4.2");
    if tg_auth::is_on_windows() {
        return; // No name has such characters there.
    }
    let name = "/no/\x1b[31mwhere\n\u{9b}\u{e4}";
    let of_token: &[&str] = &["--host", "https://localhost", "token"];
    for (words, option) in [
        (&["token", "check"][..], "--token-file"),
        (of_token, "--secret-file"),
        (of_token, "--ca-file"),
        (of_token, "--env-file"),
        (of_token, "--cache"),
    ] {
        let output = desk.run(&[words, &[option, name]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("/no/\\033[31mwhere\\") && said.contains("\\302\\233\u{e4}"), "{said:?}");
        assert!(!said.replace('\n', "").contains(char::is_control), "{said:?}");
    }
    desk.fails(&["--no\x1b[31m"], 64, "unknown option --no\\033[31m");
}

#[test]
fn tokens_before_4_1_are_refreshed_and_deleted() {
    let desk = Desk::at("3.10").with_token();
    let token = desk.environment.last().expect("a token").1.clone() + "\n";
    let json = desk.prints_json(&["token", "refresh", "--json", "--lifetime", "5000000"]);
    assert_eq!(json["token"], token.trim());
    desk.fails(&["token", "check"], 10, "unsupported.check");
    assert_eq!(desk.prints(&["token", "delete"]), "", "the one of TG_API_TOKEN");
    desk.fails(&["token", "delete"], 8, "missing.token");
    assert_eq!(desk.prints_json(&["token", "delete", "--ignore-missing", "--json"])["deleted"], true);
    assert!(desk.server.snapshot().tokens.is_empty());
}

#[test]
fn a_secret_is_shown_and_ensured() {
    for version in VERSIONS {
        let desk = Desk::at(version).with_password("opensesame");
        let made = desk.prints(&["secret", "ensure", "mine"]);
        assert!(made.starts_with("mine "), "{version}");
        let output = desk.run(&["secret", "show", "mine"]);
        c::succeeded(version, &output);
        let (shown, note) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(shown.starts_with("mine ") && shown.lines().count() == 1, "{version}: {shown}");
        if version == "4.2" {
            assert_eq!((shown.as_ref(), note.as_ref()), (made.as_str(), ""));
            assert_eq!(desk.prints(&["secret", "ensure", "mine"]), made);
        } else {
            assert!(note.contains("masked"), "{note}");
            desk.fails(&["secret", "ensure", "mine"], 9, "exists.secret");
        }
        let json: Value = serde_json::from_slice(&desk.run(&["secret", "show", "mine", "-j"]).stdout).expect("JSON");
        assert_eq!((&json[0]["alias"], json.as_array().map(Vec::len)), (&Value::from("mine"), Some(1)));
        desk.fails(&["secret", "show", "min"], 8, "missing.secret");
        let output = desk.run(&["secret", "show", "min", "--json"]);
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["error"]["status"], "NOT_FOUND");
    }
}

#[test]
fn commands_have_help_of_their_own() {
    let desk = Desk { environment: Vec::new(), ..Desk::at("4.2") };
    let help = desk.prints(&["help", "secret", "drop"]);
    assert!(
        help.contains("secret drop ALIAS...") && help.contains("--ignore-missing") && !help.contains("--wait"),
        "{help}"
    );
    assert_eq!(desk.prints(&["secret", "drop", "--help"]), help);
    let tokens = desk.prints(&["token", "-h"]);
    assert!(tokens.contains("token check") && tokens.contains("(token delete)") && !tokens.contains("secret drop"));
    assert_eq!(desk.prints(&["help"]), desk.prints(&["-h"]));
    assert_eq!(desk.prints(&["version"]), desk.prints(&["--version"]));
    assert_eq!(desk.prints_json(&["version", "-j"])["version"], env!("CARGO_PKG_VERSION"));
}

/// What curl sends with `-H "$(tg-auth token --header)"`.
fn curl(desk: &Desk, options: &str) -> std::process::Output {
    let script = format!(
        "header=$(\"$0\" {options} token --header) || exit; \
         curl --silent --show-error --output /dev/null --write-out '%{{http_code}}' -H \"$header\" {}/restpp/graph/MyGraph/vertices/Person",
        desk.server.gateway_url()
    );
    desk.shell(&script)
}

#[test]
fn the_header_is_never_empty() {
    if !has_curl() {
        return;
    }
    let desk = Desk::at("3.10");
    desk.server.set_auth_enabled(false);
    let output = curl(&desk, "");
    c::succeeded("curl", &output);
    assert!(
        output.stdout.ends_with(b"200") && c::text(&output).contains("authentication is off"),
        "{}",
        c::text(&output)
    );
    let requests = desk.server.requests();
    let asked = requests.last().expect("a request");
    assert_eq!(asked.header("X-Tg-Auth"), Some("off"));
    assert!(asked.header("Authorization").is_none());
    for version in VERSIONS {
        let output = curl(&Desk::at(version), "--host http://127.0.0.1:1");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{version}: {}", c::text(&output));
    }
}

#[test]
fn a_pin_and_a_client_certificate_are_used() {
    let ca = TestCa::new("A client's authority");
    let leaf = ca.leaf(&["client"]);
    let (cert, key) = (private_file("tg-auth-c.pem", &leaf.chain_pem), private_file("tg-auth-k.pem", &leaf.key_pem));
    for version in VERSIONS {
        let tls = Tls::self_signed().require_client(&ca);
        let ca_file = private_file(&format!("tg-auth-server-{version}.pem"), &tls.ca_pem);
        let desk = Desk::with(Options::new(version).with_tls(tls));
        let trusting = ["--ca-file", &ca_file, "--client-cert", &cert, "--client-key", &key];
        let output = desk.run(&[&trusting[..], &["server"]].concat());
        c::succeeded(version, &output);
    }
    let desk = Desk::with(Options::new("4.2").with_tls(Tls::self_signed()));
    let said = c::text(&desk.run(&["doctor"]));
    let pin = said.split("The pin of the key it shows is ").nth(1).and_then(|rest| rest.split(".\n").next());
    let pin = pin.expect("a pin").split_whitespace().next().expect("a pin").trim_end_matches('.');
    assert_eq!(desk.prints(&["--pin", pin, "server"]), "4.2.0\n");
}
