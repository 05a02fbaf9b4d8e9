//! Errors and hints name options, variables and commands, never functions of C or the library's names of settings.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tigergraph_standin::{Action, Fault, Options, TestCa, Tls};

use crate::{Desk, VERSIONS, c, options, tg_auth};

/// The texts between quotation marks of a Rust file, without comments and its unit tests.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut found, mut text): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut letters =
        source.replace("'\"'", "").replace("b'\\\"'", "").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(letter) = letters.next() {
        match (&mut text, letter) {
            (None, '/') if letters.peek() == Some(&'/') => while letters.next().is_some_and(|letter| letter != '\n') {},
            (None, '"') => text = Some(String::new()),
            (Some(_), '"') => found.extend(text.take()),
            (Some(text), '\\') => match letters.next() {
                Some('\n') => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                Some('n') | None => text.push(' '),
                Some(other) => text.push(other),
            },
            (Some(text), letter) => text.push(letter),
            (None, _) => {}
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let (folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.extend(folders.iter().flat_map(|folder| sources(folder)));
    files
}

/// Every text in the library's sources.
fn texts() -> Vec<String> {
    let files = sources(&c::root().join("src"));
    files.iter().flat_map(|file| literals(&std::fs::read_to_string(file).expect("a source"))).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
}

/// The functions and flags of the header.
fn names() -> BTreeSet<String> {
    let header = std::fs::read_to_string(c::root().join("include/tigergraph_auth.h")).expect("the header");
    let is_name = |word: &&str| {
        word.starts_with("tg_") && header.contains(&format!("{word}("))
            || word.starts_with("TG_") && header.contains(&format!("#define {word} "))
    };
    words(&header).filter(is_name).map(str::to_owned).collect()
}

/// What tg-auth makes of each of these lines.
fn in_own_words(lines: &[String]) -> Vec<String> {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let mut sources = tg_auth::sources();
        sources[0] = "tests/tg_auth/words.c".to_owned();
        c::build_sanitized(&sources.iter().map(String::as_str).collect::<Vec<_>>(), &["-std=c11"])
    });
    let mut command = c::program_command(program);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("its input");
    let text = lines.iter().map(|line| line.replace('\n', " ") + "\n").collect::<String>();
    std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("its end");
    c::succeeded("words", &output);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn every_function_that_a_text_names_has_a_word() {
    let (texts, names) = (texts(), names());
    let named: Vec<String> = texts.into_iter().filter(|text| words(text).any(|word| names.contains(word))).collect();
    assert!(named.len() > 30, "{named:?}");
    assert!(named.iter().any(|text| text.contains("tg_config_set_allow_http") && text.contains("Use https://")));
    for (text, said) in named.iter().zip(in_own_words(&named)) {
        assert!(!words(&said).any(|word| names.contains(word)), "{text}\n{said}");
    }
}

#[test]
fn every_setting_has_a_word() {
    let table = std::fs::read_to_string(c::root().join("src/config/table.rs")).expect("the table");
    let mut settings: BTreeSet<String> = table
        .split("row(\"")
        .skip(1)
        .filter_map(|row| row.split('"').next())
        .map(str::to_owned)
        .chain(["token lifetime", "renew before"].map(str::to_owned))
        .collect();
    for text in texts() {
        let named = ["setting \"", "settings \""].map(|before| text.split(before).skip(1).collect::<Vec<_>>()).concat();
        let named = named.into_iter().filter_map(|rest| rest.split('"').next());
        settings.extend(named.filter(|name| !name.is_empty() && !name.contains(['{', ' '])).map(str::to_owned));
    }
    assert!(settings.len() >= 27 && settings.contains("ca_file"), "{settings:?}");
    for name in &settings {
        let lines = [
            format!("the setting \"{name}\" is wrong"),
            format!("the setting \"{name}\" (from STAGING_TG_X) is wrong"),
            format!("the settings \"{name}\" and \"{name}\" are two, as \"{name}\" (from X in y) with \"{name}\" is"),
            format!("json {{\"{name}\":\"the setting \\\"{name}\\\" (from TG_X) is\"}}"),
            format!("the server says \"{name}\""),
        ];
        let said = in_own_words(&lines);
        assert!(!said[0].contains('"'), "{name}: {}", said[0]);
        assert_eq!(said[1], "the setting STAGING_TG_X is wrong");
        assert!(!said[2].contains('"'), "{name}: {}", said[2]);
        assert_eq!(said[3], format!("json {{\"{name}\":\"the setting TG_X is\"}}"));
        assert_eq!(said[4], lines[4], "only what the library says of its settings");
    }
}

/// The packages put their own names there.
#[test]
fn every_package_has_a_word_for_each_function_that_a_text_names() {
    let (texts, names) = (texts(), names());
    let named: BTreeSet<&str> =
        texts.iter().flat_map(|text| words(text)).filter(|word| names.contains(*word)).collect();
    assert!(named.len() > 25, "{named:?}");
    for table in [
        "bindings/go/words.go",
        "bindings/ruby/lib/tigergraph_auth/words.rb",
        "bindings/dotnet/src/OwnWords.cs",
        "include/tigergraph_auth.hpp",
    ] {
        let table = std::fs::read_to_string(c::root().join(table)).unwrap_or_else(|error| panic!("{table}: {error}"));
        let missing: Vec<&&str> = named
            .iter()
            .filter(|name| {
                ![": ", ", ", " => ", "] = "].iter().any(|before| table.contains(&format!("\"{name}\"{before}")))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// Texts that are replaced as a whole are still those of the library.
#[test]
fn every_phrase_is_one_of_the_library() {
    let source = std::fs::read_to_string(c::root().join("examples-c/tg_auth/words.c")).expect("the words");
    let table = source.split("phrases[][2] = {").nth(1).and_then(|rest| rest.split("};").next()).expect("phrases");
    let (table, texts) = (literals(table), texts());
    assert!(table.len() >= 6 && table.len() % 2 == 0, "{table:?}");
    for phrase in table.iter().step_by(2) {
        assert!(texts.iter().any(|text| text.contains(phrase)), "{phrase}");
    }
}

#[test]
fn words_are_whole_words() {
    let lines = [
        "Give it to tg_config_new().",
        "xtg_config_new tg_config_newer",
        "\"ca_file\" (from X",
        "the setting \"ca_file",
    ];
    let said = in_own_words(&lines.map(str::to_owned));
    assert_eq!(
        said,
        ["Give it to --host.", "xtg_config_new tg_config_newer", "\"ca_file\" (from X", "the setting \"ca_file"]
    );
}

#[test]
fn a_variable_may_be_in_a_file_whose_path_has_brackets() {
    let lines = [
        "the setting \"ca_file\" (from X in /a (copy)/b (2)/.env of the profile p) is wrong (really)",
        "the setting \"ca_file\" (from X in /a(/.env) is wrong",
    ];
    let said = in_own_words(&lines.map(str::to_owned));
    let first = "the setting X in /a (copy)/b (2)/.env of the profile p is wrong (really)";
    assert_eq!(said, [first, "the setting X in /a(/.env is wrong"]);
}

/// Nothing of C is in it.
fn assert_own_words(output: &Output, what: &str) {
    let said = c::text(output);
    let names = names();
    assert!(!words(&said).any(|word| names.contains(word)), "{what}: {said}");
    assert!(!said.contains("setting \"") && !said.contains("setting \\\""), "{what}: {said}");
}

/// It fails, and says so in these words: as a text, as JSON and in a diagnosis.
fn assert_says(desk: &Desk, arguments: &[&str], reason: &str, expected: &[&str]) {
    let what = format!("{arguments:?}");
    let output = desk.run(arguments);
    assert_own_words(&output, &what);
    let said = c::text(&output);
    assert!(!output.status.success() && said.contains(&format!("({reason})")), "{what}: {said}");
    assert!(expected.iter().all(|word| said.contains(word)), "{what}: {said}");
    let output = desk.run(&[arguments, &["--json"]].concat());
    assert_own_words(&output, &what);
    let error = &serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["error"];
    assert_eq!(error["reason"], reason, "{what}");
    let told = format!("{} {}", error["message"], error["hint"]);
    assert!(expected.iter().all(|word| told.contains(word)), "{what}: {told}");
    for form in [&["doctor"][..], &["doctor", "--json"]] {
        let options = arguments.split(|word| ["server", "token", "secret"].contains(word)).next().unwrap_or_default();
        assert_own_words(&desk.run(&[options, form].concat()), &format!("{options:?} {form:?}"));
    }
}

#[test]
fn failures_are_told_in_own_words() {
    for version in VERSIONS {
        let desk = Desk::at(version);
        let other = "gopher://proxy";
        for (arguments, reason, expected) in [
            (&["--host", "http://db.example.com", "server"][..], "config.plain_http", &["--allow-http"][..]),
            (&["--host", "http://127.0.0.1:1", "server"], "connect.refused", &["127.0.0.1:1"]),
            (&["--host", "ftp://x", "server"], "argument.url", &["the setting --host"]),
            (&["--graph", "a b", "server"], "argument.graph", &["the setting --graph"]),
            (&["--server-version", "four", "server"], "argument.range", &["the setting --server-version"]),
            (&["--proxy", other, "server"], "argument.url", &["the setting --proxy"]),
            (&["--pin", "short", "server"], "argument.range", &["the setting --pin"]),
            (
                &["--client-cert", "/nowhere", "server"],
                "argument.null",
                &["the setting --client-cert", "Give what the message names"],
            ),
            (&["--username", "alice", "server"], "argument.null", &["the setting --password-file is missing"]),
            (&["--ca-file", "/nowhere", "--host", "https://localhost", "server"], "config.file", &["--ca-file"]),
            (&["--secret-file", "/nowhere", "server"], "config.file", &["the setting --secret-file"]),
            (
                &["--secret-file", "/s", "--jwt-file", "/j", "server"],
                "config.conflict",
                &["--secret-file and the setting --jwt-file"],
            ),
        ] {
            assert_says(&desk, arguments, reason, expected);
        }
        assert_says(
            &Desk { environment: Vec::new(), ..Desk::at(version) },
            &["server"],
            "argument.null",
            &["--host", "TG_HOST"],
        );
    }
}

#[test]
fn what_came_from_variables_is_told_by_their_names() {
    for version in VERSIONS {
        for (variable, value, reason, expected) in [
            ("TG_CERT_PATH", "/nowhere", "config.file", "TG_CERT_PATH"),
            ("TG_JWT_TOKEN", "canarycanary", "config.conflict", "TG_SECRET and the setting TG_JWT_TOKEN"),
            ("TG_RESTPP_PORT", "canary", "argument.range", "the setting TG_RESTPP_PORT"),
            ("TG_GSQL_PORT", "70000", "argument.range", "the setting TG_GSQL_PORT"),
            ("TG_TGCLOUD", "canary", "argument.range", "the setting TG_TGCLOUD"),
        ] {
            let mut desk = Desk::at(version);
            desk.environment.push((variable, value.to_owned()));
            assert_says(&desk, &["server"], reason, &[expected]);
        }
        let mut desk = Desk::at(version);
        desk.environment.retain(|(name, _)| *name != "TG_SECRET");
        desk.environment.push(("TG_SECRET", "canarycanarycanarycanarycanarycan".to_owned()));
        assert_says(&desk, &["token"], "auth.bad_secret", &["tg-auth secret create"]);
    }
}

#[test]
fn failures_of_servers_are_told_in_own_words() {
    for version in VERSIONS {
        let desk = Desk::with(Options::new(version).with_tls(Tls::self_signed()));
        assert_says(&desk, &["server"], "tls.unknown_issuer", &["--ca-file", "--pin"]);
        let pin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_says(&desk, &["--pin", pin, "server"], "tls.pin_mismatch", &["--pin"]);
        let ca = TestCa::new("A client's authority");
        let desk = Desk::with(Options::new(version).with_tls(Tls::self_signed().require_client(&ca)));
        assert_says(&desk, &["--insecure", "server"], "tls.client_certificate", &["--client-cert"]);
        let desk = Desk::at(version);
        desk.server.script(Fault::always("/", Action::Delay(Duration::from_millis(300))));
        assert_says(&desk, &["--timeout", "0.05", "server"], "timeout.response", &["--timeout"]);
        let limited = Action::reply(429, "{}").header("Retry-After", "77");
        let desk = Desk::at(version);
        desk.server.script(Fault::always("/", limited));
        assert_says(&desk, &["--timeout", "2", "token"], "unavailable.rate_limited", &["the server says"]);
        let said = c::text(&desk.run(&["--timeout", "2", "token", "--json"]));
        assert!(said.contains("\"retry_after_ms\":7"), "{said}");
        let said = c::text(&desk.run(&["--timeout", "2", "token"]));
        assert!(said.contains("It asks to wait 7"), "{said}");
    }
    let desk = Desk::at("4.2");
    assert_says(&desk, &["--graph", "NoGraph", "token"], "missing.graph", &["--graph"]);
    assert_says(&desk.with_token(), &["token", "refresh"], "unsupported.refresh", &["--or-new"]);
}

/// A server is not asked whether its tokens are for all graphs.
#[test]
fn a_flag_that_does_not_fit_is_an_option() {
    let secret = options::private_file("tg-auth-words-client", "canarycanary\n");
    let client = ["--oauth2-url", "http://127.0.0.1:1/token", "--oauth2-client-id", "me"];
    let client = [&client[..], &["--oauth2-client-secret-file", &secret, "token", "--global"]].concat();
    let expected = ["--global cannot be used, because this login's tokens come from elsewhere", "Leave --global out"];
    assert_says(&Desk::at("4.2"), &client, "argument.flags", &expected);
}

/// The log, and the list of settings of a diagnosis.
#[test]
fn settings_are_listed_as_they_were_given() {
    let desk = Desk::with(Options::new("4.2").with_tls(Tls::self_signed()));
    let output = desk.run(&["--insecure", "--verbose", "--timeout", "7.5", "--graph", "MyGraph", "doctor"]);
    assert_own_words(&output, "doctor");
    let said = c::text(&output);
    for line in [
        "  TG_HOST              https://",
        "  TG_SECRET            given  (environment)",
        "  --graph              MyGraph  (option)",
        "  --timeout            7.5  (option)",
        "  --connect-timeout    5  (default)",
        "  --insecure           on  (option)",
        "Warning: any certificate is accepted (--insecure)",
    ] {
        assert!(said.lines().any(|told| told.starts_with(line)), "{line}: {said}");
    }
}
