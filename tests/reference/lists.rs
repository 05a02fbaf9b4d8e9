//! Lists and tables that name files, tests and versions, held to what they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{read, root};

type Names = BTreeSet<String>;

/// The rows of a list, as columns. What begins with # is a comment.
fn rows(list: &str) -> Vec<Vec<String>> {
    let text = read(list);
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<Vec<String>> = rows.map(|row| row.split_whitespace().map(str::to_owned).collect()).collect();
    assert!(!rows.is_empty(), "{list} has no rows");
    rows
}

fn column(list: &str, index: usize) -> Names {
    rows(list).into_iter().map(|row| row[index].clone()).collect()
}

/// What is directly in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn names(folder: &str) -> Names {
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries(&root().join(folder)).iter().map(name).collect()
}

/// All files of Rust in a folder and the folders in it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let (folders, files): (Vec<_>, Vec<_>) = entries(folder).into_iter().partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// What stands between backquotes in the first cells of a page's tables.
fn first_cells(page: &str) -> Names {
    let page = read(page);
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn the_readme_of_the_tests_names_every_file() {
    // Its first tables are about commands.
    let is_command = |name: &String| name.contains(' ') || name.starts_with("tests/");
    let told: Names = first_cells("tests/README.md").into_iter().filter(|name| !is_command(name)).collect();
    let missing: Vec<&String> = told.iter().filter(|name| !root().join("tests").join(name).exists()).collect();
    assert!(missing.is_empty(), "tests/README.md names {missing:?}, which tests has not");
    let told: Names = told.iter().map(|name| name.split('/').next().unwrap_or(name).to_owned()).collect();
    let untold: Vec<String> = names("tests").difference(&told).cloned().collect();
    assert!(untold.is_empty(), "tests/README.md does not name {untold:?}");
}

#[test]
fn every_fuzz_target_is_everywhere() {
    let targets = column("fuzz/targets", 0);
    let manifest = read("fuzz/Cargo.toml");
    let programs = manifest.split("[[bin]]\nname = \"").skip(1).map(|bin| bin.split('"').next().unwrap_or_default());
    assert_eq!(programs.map(str::to_owned).collect::<Names>(), targets, "fuzz/Cargo.toml");
    let files = names("fuzz/fuzz_targets");
    assert_eq!(files.iter().map(|file| file.trim_end_matches(".rs").to_owned()).collect::<Names>(), targets);
    assert_eq!(names("fuzz/corpus"), targets);
    assert_eq!(first_cells("fuzz/README.md"), targets, "fuzz/README.md");
    assert_eq!(column("fuzz/goals", 1), targets, "fuzz/goals");
}

#[test]
fn every_skipped_test_is_one() {
    let files: Vec<PathBuf> = ["src", "tests"].iter().flat_map(|folder| sources(&root().join(folder))).collect();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).expect("a file")).collect();
    for name in column("tests/sanitize.skip", 1) {
        let is_there = match name.strip_suffix("::tests") {
            Some(module) => files.iter().any(|file| file.file_stem().is_some_and(|stem| stem == module)),
            None => text.contains(&format!("fn {name}()")),
        };
        assert!(is_there, "tests/sanitize.skip has {name}, which is no test");
    }
}

#[test]
fn versions_in_documents_are_those_that_are_installed() {
    let (page, clients) = (read("docs/bakeoff.md"), read("tests/bakeoff/clients.rs"));
    let (beside, tools) = (read("docs/environment.md"), read("tests/environment/theirs.rs"));
    for peer in rows("tests/setup/peers") {
        match &peer[..] {
            [folder, package, version] => {
                assert!(clients.contains(&format!("Some({folder:?})")), "tests/bakeoff/clients.rs has no {folder}");
                assert!(page.contains(package) && page.contains(version), "docs/bakeoff.md has no {package} {version}");
            }
            [folder, package, version, _, _, ..] => {
                assert!(tools.contains(&format!("{folder:?}")), "tests/environment/theirs.rs has no {folder}");
                let named = format!("{package} {version}");
                assert!(beside.contains(&named), "docs/environment.md has no {named}");
            }
            _ => panic!("tests/setup/peers: {peer:?}"),
        }
    }
    let other_languages = read("docs/other-languages.md");
    for row in rows("tests/setup/languages") {
        let [_, package, version] = &row[..] else { panic!("tests/setup/languages: {row:?}") };
        // The page names the parts that a reader installs, by their own names.
        let name = match package.as_str() {
            "pycparser" => continue,
            "ziglang" => "Zig",
            package => package,
        };
        let named = format!("{name} {version}");
        assert!(other_languages.contains(&named), "docs/other-languages.md has no {named}");
    }
    let tools = rows("tests/setup/tools");
    let cargo_c = tools.iter().find(|tool| tool[2] == "cargo-c").expect("cargo-c");
    let command = format!("cargo-c@{} ", cargo_c[3]);
    assert!(read("packaging/README.md").contains(&command), "packaging/README.md does not install {command}");
}
