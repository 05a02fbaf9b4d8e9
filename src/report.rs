//! What a diagnosis found, as a text for people and as JSON for programs.
//!
//! Everything in it comes from settings that are no credentials, from measurements, and from errors, which hold
//! none: a report may be shown to anybody.

use std::fmt::Write as _;
use std::time::Duration;

pub use crate::config::shown::Setting;
use crate::error::{Error, visible};
pub use crate::wire::probe::{Outcome, Step};

/// What a diagnosis found. The first failure decides the verdict.
#[derive(Debug)]
pub struct Report {
    /// One line: whether it works and, if not, why and what to do.
    pub verdict: String,
    /// What went wrong, if something did.
    pub failure: Option<Error>,
    /// What works, but needs attention.
    pub warnings: Vec<String>,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
    /// What was tried, in order.
    pub steps: Vec<Step>,
    /// What the connection has done so far, in numbers.
    pub counters: Vec<(&'static str, u64)>,
}

/// "What is wrong - what to do.", in one line.
pub fn advice(what: &str, remedy: &str) -> String {
    let mut letters = remedy.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase().to_string()).unwrap_or_default();
    if first.is_empty() { what.to_owned() } else { format!("{what} - {first}{}", letters.as_str()) }
}

/// With one decimal.
fn milliseconds(took: Duration) -> String {
    let tenths = (took.as_micros() + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Report {
    /// For a person. The first line is the verdict.
    pub fn text(&self) -> String {
        let mut out = String::new();
        line(&mut out, format_args!("{}", self.verdict));
        for warning in &self.warnings {
            line(&mut out, format_args!("Warning: {warning}"));
        }
        out.push_str("\nSteps\n");
        self.steps.iter().for_each(|step| write_step(step, &mut out));
        out.push_str("\nSettings\n");
        for Setting { name, value, from } in &self.settings {
            line(&mut out, format_args!("  {name:<16} {value}  ({from})"));
        }
        out.push_str("\nCounters\n");
        for (name, count) in &self.counters {
            line(&mut out, format_args!("  {name:<16} {count}"));
        }
        out
    }

    /// For a program: an object whose members are added to, never changed.
    pub fn json(&self) -> String {
        let settings = self
            .settings
            .iter()
            .map(|setting| (setting.name, object([("value", text(&setting.value)), ("from", text(&setting.from))])));
        object([
            ("report", "1".to_owned()),
            ("ok", self.failure.is_none().to_string()),
            ("verdict", text(&self.verdict)),
            ("failure", self.failure.as_ref().map_or_else(null, failure)),
            ("warnings", list(self.warnings.iter().map(|warning| text(warning)))),
            ("steps", list(self.steps.iter().map(step_json))),
            ("settings", object(settings)),
            ("counters", object(self.counters.iter().map(|(name, count)| (*name, count.to_string())))),
        ])
    }
}

fn line(out: &mut String, text: std::fmt::Arguments) {
    // Writing into a text cannot fail.
    let _ = writeln!(out, "{}", visible(text.to_string().into()));
}

fn text(text: &str) -> String {
    // A text can always be written as JSON.
    serde_json::to_string(text).unwrap_or_default()
}

fn null() -> String {
    "null".to_owned()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// Of members whose values are JSON already.
fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members: Vec<String> = members.into_iter().map(|(name, value)| format!("{}:{value}", text(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn failure(error: &Error) -> String {
    object([
        ("status", text(error.status().name())),
        ("reason", text(error.reason().id())),
        ("message", text(error.message())),
        ("hint", text(error.hint())),
        ("server_code", text(error.server_code())),
        ("http_status", error.http_status().to_string()),
        ("retry_after_ms", error.retry_after_ms().map_or_else(null, |ms| ms.to_string())),
    ])
}

fn write_step(step: &Step, out: &mut String) {
    let took = step.took.map_or(String::new(), |took| format!("{} ms", milliseconds(took)));
    let (mark, what) = match &step.outcome {
        Outcome::Passed => ("ok  ", String::new()),
        Outcome::Failed(error) => ("FAIL", format!("{} ({})", error.message(), error.reason().id())),
        Outcome::Skipped(why) => ("-   ", format!("not tried: {why}")),
    };
    let text = format!("  {mark}  {:<14} {took:>10}  {what}", step.name);
    line(out, format_args!("{}", text.trim_end()));
    for (name, value) in &step.facts {
        line(out, format_args!("        {name}: {value}"));
    }
}

fn step_json(step: &Step) -> String {
    let (outcome, detail) = match &step.outcome {
        Outcome::Passed => ("passed", null()),
        Outcome::Failed(error) => ("failed", failure(error)),
        Outcome::Skipped(why) => ("skipped", text(why)),
    };
    object([
        ("step", text(step.name)),
        ("outcome", text(outcome)),
        ("detail", detail),
        ("ms", step.took.map_or_else(null, milliseconds)),
        ("facts", object(step.facts.iter().map(|(name, value)| (*name, text(value))))),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::error::Reason;

    fn report() -> Report {
        let refused = Error::new(Reason::ConnectRefused, "cannot connect to 127.0.0.1:1: nothing listens there");
        let mut tried = Step::tried("connect", Err(refused.clone()), Duration::from_micros(1234));
        tried.facts.push(("address", "127.0.0.1:1".to_owned()));
        Report {
            verdict: advice(refused.message(), refused.hint()),
            failure: Some(refused),
            warnings: vec!["any certificate is accepted".to_owned()],
            settings: vec![Setting { name: "host", value: "http://127.0.0.1:1".into(), from: "TG_HOST".into() }],
            steps: vec![tried, Step::skipped("TLS", "there is no connection")],
            counters: vec![("requests", 3), ("cache_hits", 0)],
        }
    }

    #[test]
    fn the_text_begins_with_the_verdict_and_the_remedy() {
        let text = report().text();
        let expected = "\
cannot connect to 127.0.0.1:1: nothing listens there - check that TigerGraph is running there and that the port is right: 14240, or 443 in the cloud.
Warning: any certificate is accepted

Steps
  FAIL  connect            1.2 ms  cannot connect to 127.0.0.1:1: nothing listens there (connect.refused)
        address: 127.0.0.1:1
  -     TLS                        not tried: there is no connection

Settings
  host             http://127.0.0.1:1  (TG_HOST)

Counters
  requests         3
  cache_hits       0
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_json_says_the_same() {
        let json: Value = serde_json::from_str(&report().json()).unwrap();
        assert_eq!((&json["report"], &json["ok"]), (&json!(1), &json!(false)));
        assert_eq!(json["failure"]["reason"], "connect.refused");
        assert_eq!(json["failure"]["retry_after_ms"], Value::Null);
        assert_eq!(json["steps"][0]["facts"]["address"], "127.0.0.1:1");
        assert_eq!((&json["steps"][0]["ms"], &json["steps"][1]["outcome"]), (&json!(1.2), &json!("skipped")));
        assert_eq!(json["settings"]["host"]["from"], "TG_HOST");
        assert_eq!(json["counters"], json!({"requests": 3, "cache_hits": 0}));
    }

    #[test]
    fn advice_is_one_line() {
        assert_eq!(advice("it is broken", "Mend it."), "it is broken - mend it.");
        assert_eq!(advice("it works", ""), "it works");
    }
}
