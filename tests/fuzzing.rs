//! How `fuzz/run long` counts: over several starts, machines and versions of the code, each execution once. The programs
//! that would fuzz are played by a script that writes a log as libFuzzer does.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only run of the goals here.
const GOALS: &str = "claims texts 100 none 64\n";

/// The target: as many executions as it is asked for, or STOPS_AT of them. A failing input if there is one.
const TARGET: &str = r##"#!/bin/sh
for option; do case $option in -runs=*) runs=${option#-runs=} ;; esac; done
{
    echo "INFO: Seed: $runs"
    echo "#2	INITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 30Mb"
    echo "#3	NEW    cov: 9 ft: 6 corp: 2/2b exec/s: 0 rss: 30Mb"
    echo "stat::number_of_executed_units: ${STOPS_AT:-$runs}"
    [ -z "${FAILING:-}" ] || echo "artifact_prefix='x'; Test unit written to fuzz/artifacts/x"
} >&2
[ -z "${FAILING:-}" ]
"##;

/// What else `fuzz/run` calls: nothing is built, and the code is what CODE says.
const TOOLS: [(&str, &str); 4] = [
    ("cargo", "#!/bin/sh\n"),
    ("c++", "#!/bin/sh\n"),
    ("rustc", "#!/bin/sh\necho host: here\n"),
    ("git", "#!/bin/sh\n[ \"$1\" != rev-parse ] || echo \"${CODE:-aaaa}\"\n"),
];

/// A checkout with fuzzing alone in it, gone after the test.
struct Checkout(PathBuf);

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
}

impl Checkout {
    /// One whose RUNS.md has this row.
    fn new(name: &str, row: &str) -> Checkout {
        let folder = std::env::temp_dir().join(format!("tigergraph-auth-fuzzing-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let checkout = Checkout(folder);
        for file in ["run", "row.awk"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(file);
            checkout.write(&format!("fuzz/{file}"), &fs::read_to_string(path).expect("a file of fuzz"));
        }
        checkout.write("fuzz/goals", &format!("# run target executions sanitizer longest\n{GOALS}"));
        checkout.write("fuzz/targets", "texts\n");
        checkout.write("target/fuzz-none/here/release/texts", TARGET);
        TOOLS.iter().for_each(|(name, script)| checkout.write(&format!("bin/{name}"), script));
        checkout.write_row(row);
        checkout
    }

    fn write(&self, path: &str, content: &str) {
        write(&self.0.join(path), content);
    }

    fn write_row(&self, row: &str) {
        self.write("fuzz/RUNS.md", &format!("# Long runs\n\n| target | parser |\n|---|---|\n{row}\n"));
    }

    /// Runs `fuzz/run`, with these variables, and returns the row that RUNS.md has after it.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut path = self.0.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("bash");
        command.arg(self.0.join("fuzz/run")).args(arguments).env("PATH", path);
        for name in ["FUZZ_SECONDS", "STOPS_AT", "FAILING", "CODE"] {
            command.env_remove(name);
        }
        let output = command.envs(variables.iter().copied()).output().expect("bash");
        let is_failing = variables.iter().any(|(name, _)| *name == "FAILING");
        assert_eq!(output.status.success(), !is_failing, "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(self.0.join("fuzz/RUNS.md")).expect("RUNS.md");
        assert!(text.starts_with("# Long runs\n\n| target | parser | executions | hours |"), "{text}");
        text.lines().last().expect("a row").to_owned()
    }

    fn log(&self) -> PathBuf {
        self.0.join("fuzz/work/long-claims.log")
    }
}

const FIRST: &str = "| texts | claims | 60 | 0.25 | 7 | 1 | 30 | 60 of bbbb | 11 12 |";

#[test]
fn a_fresh_checkout_goes_on_from_the_row() {
    let checkout = Checkout::new("fresh", FIRST);
    let whole = "| texts | claims | 100 | 0.25 | 9 | 1 | 30 | 60 of bbbb, 40 of aaaa | 11 12 40 |";
    assert_eq!(checkout.run(&["long"], &[]), whole);
    // Reached: nothing is built or started, with the log and without it.
    checkout.write("bin/cargo", "#!/bin/sh\nexit 1\n");
    assert_eq!(checkout.run(&["long"], &[]), whole);
    fs::remove_file(checkout.log()).expect("a log");
    assert_eq!(checkout.run(&["long"], &[]), whole);
    assert!(!checkout.log().exists());
}

#[test]
fn what_is_counted_is_not_counted_again() {
    let checkout = Checkout::new("again", FIRST);
    let first = "| texts | claims | 75 | 0.25 | 9 | 1 | 30 | 60 of bbbb, 15 of aaaa | 11 12 40 |";
    assert_eq!(checkout.run(&["long", "claims"], &[("STOPS_AT", "15")]), first);
    assert_eq!(checkout.run(&["runs"], &[]), first);
    let second = "| texts | claims | 80 | 0.25 | 9 | 1 | 30 | 60 of bbbb, 20 of aaaa | 11 12 40 25 |";
    assert_eq!(checkout.run(&["long"], &[("STOPS_AT", "5")]), second);
    let third = "| texts | claims | 100 | 0.25 | 9 | 1 | 30 | 60 of bbbb, 20 of aaaa, 20 of cccc | 11 12 40 25 20 |";
    // The last start may have been killed within a line.
    let log = fs::read_to_string(checkout.log()).expect("a log");
    checkout.write("fuzz/work/long-claims.log", &(log + "#5\tNE"));
    assert_eq!(checkout.run(&["long"], &[("CODE", "cccc")]), third);
}

#[test]
fn a_start_that_goes_on_is_counted_as_far_as_it_came() {
    let checkout = Checkout::new("going", FIRST);
    let append = |text: &str, at: u64| {
        let log = fs::read_to_string(checkout.log()).unwrap_or_default();
        checkout.write("fuzz/work/long-claims.log", &(log + text));
        let file = fs::File::options().append(true).open(checkout.log()).expect("a log");
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at)).expect("a time");
    };
    // Half an hour, and then a line that is not whole.
    append("INFO: began 1000000 on aaaa\nINFO: Seed: 8\n#4\tNEW    cov: 8 ft\n#16\tpulse  cov: 8 ft", 1_001_800);
    let half = "| texts | claims | 64 | 0.75 | 8 | 1 | 30 | 60 of bbbb, 4 of aaaa | 11 12 8 |";
    assert_eq!(checkout.run(&["runs"], &[]), half);
    assert_eq!(checkout.run(&["runs"], &[]), half);
    append(": 9\n#20\tNEW    cov: 10 ft\n", 1_002_160);
    let more = "| texts | claims | 80 | 0.85 | 10 | 1 | 30 | 60 of bbbb, 20 of aaaa | 11 12 8 |";
    assert_eq!(checkout.run(&["runs"], &[]), more);
    // It was killed, so it has no end. What comes next is another start.
    append("INFO: began 1009000 on aaaa\nINFO: Seed: 9\n#10\tDONE   cov: 8 ft\nINFO: ended 1009360\n", 1_009_360);
    let last = "| texts | claims | 90 | 0.95 | 10 | 1 | 30 | 60 of bbbb, 30 of aaaa | 11 12 8 9 |";
    assert_eq!(checkout.run(&["runs"], &[]), last);
}

#[test]
fn what_another_machine_counted_stays() {
    let checkout = Checkout::new("other", FIRST);
    checkout.run(&["long"], &[("STOPS_AT", "5")]);
    checkout.write_row("| texts | claims | 70 | 2.00 | 7 | 4 | 90 | 60 of bbbb, 10 of dddd | 11 12 77 |");
    let both = "| texts | claims | 75 | 2.00 | 9 | 4 | 90 | 60 of bbbb, 10 of dddd, 5 of aaaa | 11 12 77 30 |";
    assert_eq!(checkout.run(&["long"], &[("STOPS_AT", "5")]), both);
}

#[test]
fn what_was_not_recorded_is_not_made_up() {
    let of_old = "| texts | claims | 60 | 0.25 | not recorded | not recorded | 30 | 60 of 26 November | 11 |";
    let checkout = Checkout::new("old", of_old);
    assert_eq!(checkout.run(&["runs"], &[]), of_old);
    let failing =
        "| texts | claims | 65 | 0.25 | 9 | not recorded, then 1 | 30 | 60 of 26 November, 5 of aaaa | 11 40 |";
    assert_eq!(checkout.run(&["long"], &[("STOPS_AT", "5"), ("FAILING", "1")]), failing);
    let again =
        "| texts | claims | 70 | 0.25 | 9 | not recorded, then 2 | 30 | 60 of 26 November, 10 of aaaa | 11 40 35 |";
    assert_eq!(checkout.run(&["long"], &[("STOPS_AT", "5"), ("FAILING", "1")]), again);
    let new = Checkout::new("new", "");
    assert_eq!(new.run(&["runs"], &[]), "| texts | claims | 0 | 0 | 0 | 0 | 0 |  |  |");
    assert_eq!(new.run(&["long"], &[]), "| texts | claims | 100 | 0.00 | 9 | 0 | 0 | 100 of aaaa | 100 |");
}
