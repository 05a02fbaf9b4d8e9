//! `findings`: its page names every script, and `findings/run` tells what has become of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, root};

/// The scripts of a folder, without what they share.
fn scripts(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("findings");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(".sh").map(str::to_owned)).filter(|name| name != "common").collect()
}

#[test]
fn the_page_of_findings_has_a_row_for_each() {
    let page = read("findings/README.md");
    let first = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let told: BTreeSet<String> = first.map(str::to_owned).collect();
    assert_eq!(told, scripts(&root().join("findings")));
    assert!(told.len() >= 12, "{told:?}");
}

/// What scripts end like: what each prints, its exit status, and the line that has to tell of it.
const ENDS: [(&str, &str, &str); 4] = [
    ("a", "echo fine", "same     a"),
    ("b", "echo 'curl  refused'; echo 'CHANGED: curl was expected to show: accepted' >&2; exit 1", "CHANGED  b"),
    ("c", "echo 'no such file'; exit 1", "broken   c"),
    ("d", "echo 'needed: apt-get install curl'; exit 2", "not run  d"),
];

/// A folder with `findings/run` and these scripts.
fn folder(name: &str, ends: &[(&str, &str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::copy(root().join("findings/run"), folder.join("run")).expect("findings/run");
    for (name, script, _) in ends {
        std::fs::write(folder.join(format!("{name}.sh")), script).expect("a script");
    }
    folder
}

/// What `run` of this folder prints, and its exit status.
fn run(folder: &Path) -> (String, Option<i32>) {
    let output = Command::new("bash").arg(folder.join("run")).output().expect("bash");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn the_run_of_all_findings_tells_what_has_changed() {
    let (said, status) = run(&folder("findings-all", &ENDS));
    for (.., line) in ENDS {
        assert!(said.lines().any(|told| told == line), "no line {line:?} in\n{said}");
    }
    for why in ["curl  refused", "CHANGED: curl was expected", "no such file", "needed: apt-get install curl"] {
        assert!(said.contains(why), "{why:?} is not told in\n{said}");
    }
    assert!(said.ends_with("1 same, 1 changed, 1 broken, 1 not run\n") && status == Some(1), "{status:?}\n{said}");
    assert_eq!(run(&folder("findings-same", &ENDS[..1])).1, Some(0));
    assert_eq!(run(&folder("findings-missing", &[ENDS[0], ENDS[3]])).1, Some(2));
}
