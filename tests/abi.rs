//! The promise of docs/abi.md: what was compiled with a released header works with today's header and library.
//!
//! `tests/abi/freeze` keeps, in a folder for each release, its header, programs that were compiled with it, and what
//! abidw said about its library.

#[path = "abi/changes.rs"]
mod changes;
#[path = "common/c.rs"]
#[expect(dead_code, reason = "nothing here is built with a sanitizer")]
mod common;
#[path = "common/header.rs"]
mod header;
#[path = "common/install.rs"]
#[expect(dead_code, reason = "no package is built here")]
mod install;
#[path = "common/skip.rs"]
mod skip;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use changes::{ADDITIONS, BREAKS, Change, EDITS, Edit};
use common::{library_folder, program_command, root, scratch, succeeded, text};
use tigergraph_standin::{Options, Standin, Tls};

/// What is wrong, for a person; no error, if nothing is.
type Verdict = Result<(), String>;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The version and the folder of each release.
fn releases() -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root().join("tests/abi")).expect("tests/abi");
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let name = |folder: &Path| folder.file_name().expect("a name").to_string_lossy().into_owned();
    let releases: Vec<_> = folders.map(|folder| (name(&folder), folder)).collect();
    assert!(!releases.is_empty(), "no release is frozen");
    releases
}

fn newest_include() -> PathBuf {
    root().join("include")
}

fn newest_library() -> PathBuf {
    library_folder().join("libtigergraph_auth.so")
}

fn verdict(output: &Output) -> Verdict {
    if output.status.success() { Ok(()) } else { Err(text(output)) }
}

/// Whether a compiler takes this source, with the headers of this folder.
fn compiles(language: &str, source: &str, include: &Path) -> Verdict {
    let (compiler, standard) = if language == "c" { ("cc", "-std=c11") } else { ("c++", "-std=c++17") };
    let mut command = Command::new(compiler);
    command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-DTIGERGRAPH_AUTH_ALLOW_DEPRECATED"]);
    command.args([standard, "-x", language, "-I"]).arg(include).arg("-");
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a compiler");
    std::io::Write::write_all(&mut child.stdin.take().expect("its input"), source.as_bytes()).expect("it reads");
    verdict(&child.wait_with_output().expect("its end"))
}

/// The new header and the old one in one file: what both declare has to be the same. Sees every type, and every
/// constant with another value; not what is gone.
fn agree(release: &Path, include: &Path) -> Verdict {
    let old = read(&release.join("tigergraph_auth.h"));
    // The guard, the version and the macro for deprecation are each header's own.
    let macros = old.lines().filter_map(|line| line.trim().strip_prefix("#define "));
    let own: BTreeSet<&str> = macros.filter_map(|line| line.split([' ', '(']).next()).collect();
    let own = own.iter().filter(|name| name.starts_with("TIGERGRAPH_AUTH_"));
    let own = own.filter(|name| **name != "TIGERGRAPH_AUTH_ALLOW_DEPRECATED");
    let undefined: String = own.map(|name| format!("#undef {name}\n")).collect();
    let both =
        format!("#include <tigergraph_auth.h>\n{undefined}#include \"{}/tigergraph_auth.h\"\n", release.display());
    compiles("c", &both, include)?;
    compiles("c++", &both, include)
}

/// A program that names everything in the old header, compiled with the new one. Sees what is gone.
fn names_everything(release: &Path, include: &Path) -> Verdict {
    compiles("c", &read(&release.join("interface.c")), include)
}

/// Whether the library exports every function of the old header.
fn exports_all(release: &Path, library: &Path) -> Verdict {
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().expect("nm");
    verdict(&listed)?;
    let listed = text(&listed);
    let exported: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let functions = header::functions(&read(&release.join("tigergraph_auth.h")));
    let is_gone = |name: &String| !exported.contains(name.as_str());
    let gone: Vec<String> = functions.into_iter().map(|(name, _)| name).filter(is_gone).collect();
    if gone.is_empty() { Ok(()) } else { Err(format!("not exported: {gone:?}")) }
}

/// abidiff on what the debug information of both libraries says.
fn debug_information_agrees(release: &Path, library: &Path) -> Verdict {
    let reduced = Command::new("python3").arg(root().join("tests/abi/library.py")).arg(library).output();
    let reduced = reduced.expect("python3");
    verdict(&reduced)?;
    let release_name = release.file_name().expect("a name").to_string_lossy().into_owned();
    let new = scratch(&format!("{release_name}-{}.abi", library.to_string_lossy().replace('/', "_")));
    std::fs::write(&new, &reduced.stdout).expect("a file");
    let diff = Command::new("abidiff").arg("--no-added-syms").arg(release.join("library.abi")).arg(&new).output();
    verdict(&diff.expect("abidiff"))
}

fn has_abidiff() -> bool {
    let found = Command::new("abidiff").arg("--version").output().is_ok();
    if !found {
        skip::skip("abidiff is missing (Debian: abigail-tools)");
    }
    found
}

fn assert_good(what: &str, verdict: Verdict) {
    if let Err(why) = verdict {
        panic!("{what}: {why}");
    }
}

#[test]
fn every_released_header_agrees_with_todays() {
    for (version, release) in releases() {
        assert_good(&version, agree(&release, &newest_include()));
    }
}

#[test]
fn nothing_of_a_released_header_is_gone() {
    for (version, release) in releases() {
        assert_good(&version, names_everything(&release, &newest_include()));
        assert_good(&version, exports_all(&release, &newest_library()));
    }
}

#[test]
fn abidiff_finds_no_change_in_what_was_released() {
    if !has_abidiff() {
        return;
    }
    let library = build_in(Path::new(root()), "today's library");
    for (version, release) in releases() {
        assert_good(&version, debug_information_agrees(&release, &library));
    }
}

/// Builds a program of a release with the header of that release and today's library.
fn build_old(version: &str, program: &str) -> PathBuf {
    let (include, source) = (format!("-Itests/abi/{version}"), format!("tests/abi/{version}/{program}"));
    // Every function is looked for when the program starts, not when it is called.
    common::build(
        &[&source],
        &[&include, "-std=c11", "-DTIGERGRAPH_AUTH_ALLOW_DEPRECATED", "-Wl,-z,now"],
        &library_folder(),
    )
}

#[test]
fn programs_of_every_release_run_on_todays_library() {
    for (version, _) in releases() {
        let output = program_command(&build_old(&version, "interface.c")).output().expect("it runs");
        succeeded(&format!("{version}: interface.c"), &output);
        let life_cycle = build_old(&version, "life_cycle.c");
        for server_version in ["3.1.4", "3.10", "4.1.0", "4.2"] {
            live(&life_cycle, &format!("{version} with {server_version}"), server_version);
        }
    }
}

/// Walks the life of credentials with a server of this version.
fn live(program: &Path, what: &str, server_version: &str) {
    let tls = Tls::self_signed();
    let ca_file = scratch(&format!("abi-{server_version}.pem"));
    std::fs::write(&ca_file, &tls.ca_pem).expect("a file");
    let server = Standin::start(Options::new(server_version).with_tls(tls)).expect("a stand-in");
    let arguments = [&server.gateway_url(), "alice", "opensesame", "MyGraph", ca_file.to_str().expect("UTF-8")];
    let output = program_command(program).args(arguments).output().expect("it runs");
    succeeded(what, &output);
    assert!(text(&output).contains("\ndone\n"), "{what}: {}", text(&output));
}

#[test]
fn the_soname_stays() {
    let Some(prefix) = install::prefix() else { return };
    let dynamic = Command::new("readelf").arg("-d").arg(prefix.join("lib/libtigergraph_auth.so")).output();
    let dynamic = text(&dynamic.expect("readelf"));
    for (version, release) in releases() {
        let soname = read(&release.join("soname"));
        let wanted = format!("Library soname: [{}]", soname.trim());
        assert!(dynamic.contains(&wanted), "{version} was {soname}: programs that ask for it do not start\n{dynamic}");
    }
}

#[test]
fn a_release_is_what_it_was() {
    let release = root().join("tests/abi").join(env!("CARGO_PKG_VERSION"));
    if !release.exists() {
        return; // a version that is not released yet
    }
    let (old, new) = (read(&release.join("tigergraph_auth.h")), read(&newest_include().join("tigergraph_auth.h")));
    let lines = |header: &str| header::code(header).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&old), lines(&new), "what changes after a release has another version");
}

/// The words in backquotes of the sections about the ABI.
fn symbols_in_the_changelog() -> BTreeSet<String> {
    let changelog = read(&root().join("CHANGELOG.md"));
    let sections = changelog.split("\n### ABI\n").skip(1).map(|rest| rest.split("\n##").next().unwrap_or_default());
    let words: Vec<&str> = sections.flat_map(|section| section.split('`').skip(1).step_by(2)).collect();
    let is_symbol = |word: &&&str| word.starts_with("tg_") || word.starts_with("TG_");
    words.iter().filter(is_symbol).map(|word| word.to_string()).collect()
}

/// Functions, types and constants of a header.
fn symbols(header: &str) -> BTreeSet<String> {
    let code = header::code(header);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = code.split(|c| !is_word(c)).filter(|word| word.starts_with("tg_") || word.starts_with("TG_"));
    words.map(String::from).collect()
}

#[test]
fn the_changelog_names_every_symbol() {
    let declared = symbols(&read(&newest_include().join("tigergraph_auth.h")));
    assert!(declared.contains("tg_conn_new") && declared.contains("TG_STATUS_OK") && declared.contains("tg_log_fn"));
    assert_eq!(symbols_in_the_changelog(), declared);
}

/// A folder with a header in which something was changed.
fn changed_header(what: &str, from: &str, to: &str) -> PathBuf {
    let header = read(&newest_include().join("tigergraph_auth.h"));
    assert_eq!(header.matches(from).count(), 1, "{what}: {from}");
    let folder = scratch(&format!("abi-{}", what.replace(' ', "-")));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("tigergraph_auth.h"), header.replace(from, to)).expect("a file");
    folder
}

#[test]
fn every_kind_of_break_in_a_header_is_seen() {
    for (version, release) in releases() {
        for Change { what, from, to, seen_by, as_text } in &BREAKS {
            let why = seen_by(&release, &changed_header(what, from, to)).expect_err(what);
            assert!(why.contains(as_text), "{version}: {what}: {why}");
        }
        for (what, from, to) in ADDITIONS {
            let include = changed_header(what, from, to);
            assert_good(what, agree(&release, &include).and_then(|()| names_everything(&release, &include)));
        }
    }
}

/// The sources of the library in a folder of their own.
fn copied_sources() -> PathBuf {
    let folder = scratch("abi-sources");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let script = "git ls-files -z Cargo.toml Cargo.lock build.rs build src include tests/standin ':(glob)tests/*.rs' \
                  | xargs -0 cp --parents -t \"$0\"";
    let copied =
        Command::new("bash").args(["-euo", "pipefail", "-c", script]).arg(&folder).current_dir(root()).output();
    succeeded("a copy of the sources", &copied.expect("bash"));
    folder
}

/// Builds the library in a folder, which writes the header, too, with all that abidw reads.
fn build_in(folder: &Path, what: &str) -> PathBuf {
    // Where other builds of the library are that tests do not link, with the same dependencies: see tests/run. What
    // tests link has only line numbers.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("features");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline", "--locked", "--lib"]).current_dir(folder);
    command.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_DEV_DEBUG", "2").env_remove("CI");
    succeeded(what, &command.output().expect("cargo"));
    target.join("debug/libtigergraph_auth.so")
}

#[test]
#[ignore = "long: builds the library six times"]
fn every_kind_of_break_in_the_library_is_seen() {
    if !has_abidiff() {
        return;
    }
    let folder = copied_sources();
    for Edit { what, file, from, to, seen } in EDITS {
        let file = folder.join("src/ffi").join(file);
        let source = read(&file);
        assert_eq!(source.matches(from).count(), 1, "{what}: {from}");
        std::fs::write(&file, source.replace(from, to)).expect("a file");
        let (library, include) = (build_in(&folder, what), folder.join("include"));
        for (version, release) in releases() {
            let verdicts = [
                agree(&release, &include),
                names_everything(&release, &include),
                exports_all(&release, &library),
                debug_information_agrees(&release, &library),
            ];
            assert_eq!(verdicts.each_ref().map(Result::is_err), seen, "{version}: {what}: {verdicts:?}");
        }
        std::fs::write(&file, source).expect("a file");
    }
}
