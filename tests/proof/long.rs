//! What `tests/run --long` wrote into `tests/proof/long.tsv`: each step of it in the last run as a whole, and each
//! that was run alone.

use super::{read, rows};

/// How a step ended.
struct Ended {
    /// Whether it was a part of a run of all of them, as one command.
    whole: bool,
    step: String,
    began: String,
    seconds: u64,
    result: String,
    commit: String,
}

impl Ended {
    fn of(row: Vec<String>) -> Ended {
        let Ok([how, step, began, seconds, result, commit]) = <[String; 6]>::try_from(row.clone()) else {
            panic!("tests/proof/long.tsv: {row:?}")
        };
        assert!(["whole", "alone"].contains(&&*how), "tests/proof/long.tsv: {row:?}");
        Ended { whole: how == "whole", step, began, seconds: seconds.parse().expect("seconds"), result, commit }
    }

    fn told(&self) -> String {
        format!("{} on {}, {} s, {}", self.result, self.began, self.seconds, commit(&self.commit))
    }
}

/// A commit as `tests/run` names it: with a plus sign, there were changes that were not committed.
fn commit(name: &str) -> String {
    match name.strip_suffix('+') {
        Some(name) => format!("{name} with changes"),
        None => name.to_owned(),
    }
}

/// The steps of the long run, in their order, and what each does.
fn steps(run: &str) -> Vec<(String, String)> {
    let (_, rest) = run.split_once("\nlong=(").expect("the list of steps");
    let (list, _) = rest.split_once(')').expect("its end");
    let what = |step: &str| {
        let (_, rest) = run.split_once(&format!("\nstep_{step}() {{ # ")).expect(step);
        rest.lines().next().unwrap_or_default().to_owned()
    };
    list.split_whitespace().map(|step| (step.to_owned(), what(step))).collect()
}

/// What the last run as a whole came to.
fn whole(steps: &[(String, String)], ended: &[Ended]) -> String {
    let parts: Vec<&Ended> = ended.iter().filter(|ended| ended.whole).collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return "It was never run as one command: what is below was run step by step.".to_owned();
    };
    let seconds: u64 = parts.iter().map(|part| part.seconds).sum();
    let hours = format!("{}:{:02} hours", seconds / 3600, seconds / 60 % 60);
    let (of, began) = (commit(&first.commit), &first.began);
    let is_all = parts.iter().map(|part| &part.step).eq(steps.iter().map(|(step, _)| step));
    if is_all && parts.iter().all(|part| part.result == "passed" && part.commit == first.commit) {
        return format!("As one command it began on {began}, on commit {of}, and passed, all of it, in {hours}.");
    }
    let (count, of_all) = (parts.iter().filter(|part| part.result == "passed").count(), steps.len());
    format!(
        "As one command it began on {began}, on commit {of}, and did not come to its end: in {hours} {count} of {of_all} \
         steps passed, and the last was `{}`, which {}.",
        last.step, last.result
    )
}

fn section_of(steps: &[(String, String)], ended: &[Ended]) -> String {
    let told = |whole: bool, step: &str| {
        let mut of_step = ended.iter().filter(|ended| ended.whole == whole && ended.step == step);
        of_step.next_back().map_or_else(String::new, Ended::told)
    };
    let mut section = format!(
        "`tests/run --long` notes in `tests/proof/long.tsv` how each of its steps ended. {} A step that is run alone, by \
         `tests/run --step NAME`, is noted as that, and makes no whole of others.\n\n| step | what | as one command | \
         alone |\n|---|---|---|---|\n",
        whole(steps, ended)
    );
    for (step, what) in steps {
        section.push_str(&format!("| `{step}` | {what} | {} | {} |\n", told(true, step), told(false, step)));
    }
    section
}

/// A section of the page.
pub fn section() -> String {
    let ended: Vec<Ended> = rows("tests/proof/long.tsv").into_iter().map(Ended::of).collect();
    section_of(&steps(&read("tests/run")), &ended)
}

#[test]
fn a_run_as_a_whole_is_told_from_its_steps() {
    let steps = [("one".to_owned(), "first".to_owned()), ("two".to_owned(), "second".to_owned())];
    let ended = |rows: &[[&str; 3]]| -> Vec<Ended> {
        let of = |[how, step, result]: &[&str; 3]| {
            Ended::of([how, step, "2026-11-30 12:00", "3600", result, "abc"].map(str::to_owned).to_vec())
        };
        rows.iter().map(of).collect()
    };
    let said = |rows: &[[&str; 3]]| whole(&steps, &ended(rows));
    let (one, two) = (["whole", "one", "passed"], ["whole", "two", "passed"]);
    assert!(said(&[["alone", "one", "passed"], ["alone", "two", "passed"]]).starts_with("It was never run"));
    assert!(said(&[one, two]).ends_with("and passed, all of it, in 2:00 hours."));
    for rows in [&[one, ["whole", "two", "failed (1)"]][..], &[one], &[one, ["alone", "two", "passed"]], &[two, one]] {
        assert!(said(rows).contains("did not come to its end"), "{}", said(rows));
    }
    let other = Ended { commit: "def".to_owned(), ..ended(&[two]).remove(0) };
    assert!(whole(&steps, &[ended(&[one]).remove(0), other]).contains("did not come to its end"), "of two commits");
    let table = section_of(&steps, &ended(&[one, ["alone", "one", "failed (2)"]]));
    assert!(
        table.contains("| `one` | first | passed on 2026-11-30 12:00, 3600 s, abc | failed (2) on 2026-11-30 12:00")
    );
    assert!(table.contains("| `two` | second |  |  |\n"), "{table}");
}
