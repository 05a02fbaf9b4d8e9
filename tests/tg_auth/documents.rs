//! Help, man page and completions: printed from one table, the same as the committed files, read by the real programs, and
//! in agreement with each other.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use crate::{Desk, c, common};

const DOCUMENTS: [(&str, &[&str]); 4] = [
    ("tg-auth.1", &["help", "--man"]),
    ("tg-auth.bash", &["help", "--completion", "bash"]),
    ("_tg-auth", &["help", "--completion", "zsh"]),
    ("tg-auth.fish", &["help", "--completion", "fish"]),
];

/// Command lines before an option, with the command that help is asked for.
const COMMANDS: [(&str, &str); 17] = [
    ("token", "token get"),
    ("token get", "token get"),
    ("-j --timeout 5 token check", "token check"),
    ("token refresh", "token refresh"),
    ("token delete", "token delete"),
    ("secret list", "secret list"),
    ("secret show x", "secret show"),
    ("-p doctor secret create", "secret create"),
    ("secret ensure", "secret ensure"),
    ("secret drop x y", "secret drop"),
    ("url", "url"),
    ("request /x", "request"),
    ("server", "server"),
    ("doctor", "doctor"),
    ("version", "version"),
    ("help", "help"),
    ("", ""),
];

fn folder() -> PathBuf {
    c::root().join("packaging/tg-auth")
}

fn desk() -> Desk {
    Desk { environment: Vec::new(), ..Desk::at("4.2") }
}

/// What a program prints, if it is there.
fn prints(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program).args(arguments).env("MANWIDTH", "100").env("TERM", "dumb").output() {
        Ok(output) => output,
        Err(error) => {
            common::skip::skip(format_args!("{program}: {error}; tests/setup/install installs it"));
            return None;
        }
    };
    c::succeeded(&format!("{program} {arguments:?}"), &output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{program} {arguments:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path(name: &str) -> String {
    folder().join(name).to_str().expect("UTF-8").to_owned()
}

/// The options that a text has at the beginning of its lines.
pub fn listed(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim_start);
    let options = lines.filter(|line| line.starts_with('-')).filter_map(|line| line.split("--").nth(1));
    options.map(|name| format!("--{}", name.split([' ', '=']).next().unwrap_or_default())).collect()
}

fn options_of(desk: &Desk, command: &str) -> BTreeSet<String> {
    let words: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
    listed(&desk.prints(&[&["help"], &words[..]].concat()))
}

/// The files are installed as they are, also where the program that is built does not run here.
#[test]
fn the_committed_documents_are_those_that_are_printed() {
    for (name, arguments) in DOCUMENTS {
        let (printed, path) = (desk().prints(arguments), folder().join(name));
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&printed) {
            assert!(std::env::var_os("CI").is_none(), "{name} is not what tg-auth prints: run this test and commit it");
            std::fs::write(path, printed).expect("a file");
        }
    }
}

#[test]
fn the_man_page_is_read_without_a_warning_and_has_every_option() {
    let page = path("tg-auth.1");
    for (program, arguments) in [
        ("groff", &["-man", "-Tutf8", "-ww", "-z", &page][..]),
        ("mandoc", &["-T", "lint", "-W", "warning", &page]),
        ("man", &["--warnings", "-l", &page]),
    ] {
        let Some(text) = prints(program, arguments) else { continue };
        if program == "man" {
            let shown = listed(&text.replace(['\u{2010}', '\u{2212}'], "-"));
            assert_eq!(shown, options_of(&desk(), ""), "{text}");
            for name in ["token refresh", "secret ensure ALIAS", "TG_CERT_PATH", "EXIT STATUS", "74"] {
                assert!(text.contains(name), "{name}: {text}");
            }
        } else {
            assert_eq!(text, "", "{program}");
        }
    }
}

/// What a shell completes after each line.
type Complete = fn(&[String]) -> Option<Vec<BTreeSet<String>>>;

fn words(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| line.split('\t').next()).map(|word| word.trim().to_owned()).collect()
}

/// Of a program that writes a line "end" after what belongs to a line.
fn completed(text: &str) -> Vec<BTreeSet<String>> {
    text.split_inclusive('\n')
        .collect::<Vec<_>>()
        .split(|line| *line == "end\n")
        .map(|lines| words(&lines.concat()))
        .collect()
}

fn complete_in_bash(lines: &[String]) -> Option<Vec<BTreeSet<String>>> {
    let script = "source \"$0\"; complete -p tg-auth > /dev/null; for line; do IFS=' ' read -ra COMP_WORDS <<< \"$line.\"; \
                  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_WORDS[COMP_CWORD]=${COMP_WORDS[COMP_CWORD]%.}; _tg_auth; \
                  [ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"; echo end; done";
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    prints("bash", &[&["-uc", script, &path("tg-auth.bash")], &lines[..]].concat()).map(|text| completed(&text))
}

fn complete_in_zsh(lines: &[String]) -> Option<Vec<BTreeSet<String>>> {
    let script = c::root().join("tests/tg_auth/complete.zsh");
    let folder = folder();
    let arguments = ["-f", script.to_str().expect("UTF-8"), folder.to_str().expect("UTF-8")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    prints("zsh", &[&arguments[..], &lines[..]].concat()).map(|text| completed(&text))
}

fn complete_in_fish(lines: &[String]) -> Option<Vec<BTreeSet<String>>> {
    let asked: String = lines.iter().map(|line| format!("complete -C '{line}'; echo end; ")).collect();
    let script = format!("source {}; {asked}", path("tg-auth.fish"));
    prints("fish", &["--no-config", "-c", &script]).map(|text| completed(&text))
}

/// Lines that end with a word that is no option, and what completes it.
const WORDS: [(&str, &str); 7] = [
    ("tg-auth ", "doctor help request secret server token url version"),
    ("tg-auth --host https://x -v sec", "secret"),
    ("tg-auth token ", "check delete get refresh"),
    ("tg-auth secret s", "show"),
    ("tg-auth help secret ", "create drop ensure list rotate show"),
    ("tg-auth help --completion ", "bash fish zsh"),
    ("tg-auth --cloud ", "no yes"),
];

/// Whether the shell is there, and completes what it should.
fn assert_completes(shell: &str, complete: Complete) -> bool {
    let options =
        COMMANDS.iter().map(|(line, _)| format!("tg-auth {line}{}--", if line.is_empty() { "" } else { " " }));
    let words = WORDS.iter().map(|(line, _)| (*line).to_owned());
    let file = format!("tg-auth --ca-file {}/Carg", c::root().display());
    let lines: Vec<String> = options.chain(words).chain([file]).collect();
    let Some(found) = complete(&lines) else { return false };
    let (mut lines, mut found) = (lines.iter(), found.iter());
    let mut next = || lines.next().expect("a line").as_str();
    let desk = desk();
    for (_, command) in COMMANDS {
        let line = next();
        let mut expected = options_of(&desk, command);
        if shell == "zsh" {
            // It does not offer again what stands there already.
            let given = [("-j ", "--json"), ("--timeout ", "--timeout"), ("-p ", "--profile")];
            given.iter().filter(|given| line.contains(given.0)).for_each(|given| assert!(expected.remove(given.1)));
        }
        assert_eq!(found.next(), Some(&expected), "{shell}: {line}");
    }
    for (_, words) in WORDS {
        let expected: BTreeSet<String> = words.split(' ').map(str::to_owned).collect();
        assert_eq!(found.next(), Some(&expected), "{shell}: {}", next());
    }
    let files = found.next().expect("files");
    assert!(files.iter().any(|name| name.ends_with("Cargo.toml")), "{shell}: {files:?}");
    true
}

#[test]
fn bash_completes() {
    if assert_completes("bash", complete_in_bash) {
        // bash has --name=value as three words.
        let found = complete_in_bash(&["tg-auth help --completion = z".to_owned()]).expect("bash");
        assert_eq!(found[0], BTreeSet::from(["zsh".to_owned()]));
    }
}

#[test]
fn zsh_completes() {
    assert_completes("zsh", complete_in_zsh);
}

#[test]
fn fish_completes() {
    assert_completes("fish", complete_in_fish);
}
