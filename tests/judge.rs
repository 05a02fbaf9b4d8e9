//! The judge: the same certificates, files of certificates, proxy variables and answers through curl (with OpenSSL),
//! Go's net/http and crypto/tls, and this library. `judge/explained.tsv` says why they differ where they do; a difference
//! that it does not explain fails, and so does a row that explains nothing any more.
//!
//! Cases are made of a seed and a number. `tests/judge/run SEED COUNT` plays thousands, and
//! `tests/judge/run SEED FAMILY:NUMBER` shows one.

#[path = "judge/answers.rs"]
mod answers;
#[path = "judge/case.rs"]
mod case;
#[path = "judge/certificates.rs"]
mod certificates;
#[path = "common/c.rs"]
#[allow(dead_code)]
mod common;
#[path = "judge/made.rs"]
mod made;
#[path = "judge/pem.rs"]
mod pem;
#[path = "judge/place.rs"]
mod place;
#[path = "judge/player.rs"]
mod player;
#[path = "judge/proxies.rs"]
mod proxies;
#[path = "judge/random.rs"]
mod random;
#[path = "common/skip.rs"]
mod skip;
#[path = "judge/table.rs"]
mod table;
#[path = "common/tunnel.rs"]
mod tunnel;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use case::{Case, Features, folder};
use certificates::Keys;
use pem::Pem;
use place::Place;
use player::{CLIENTS, Players, Question, Told};
use proxies::Proxies;
use random::Random;
use table::{FAMILIES, Row, Verdicts};

/// The seed and the number of cases of each family that are played in every run of the tests.
const SAMPLE: (u64, u64) = (1, 60);
/// So many cases are played at a time: most of their time goes by while one program waits for another.
const JUDGES: usize = 4;
/// So many cases of a family show each of its differences.
const ENOUGH: u64 = 3000;

/// What plays cases.
struct Judge {
    place: Place,
    players: Players,
    keys: Arc<Keys>,
    pem: Pem,
    proxies: Proxies,
    ca_file: PathBuf,
}

/// What was seen of a case.
struct Seen {
    case: Case,
    told: [Told; 3],
    verdicts: Verdicts,
}

impl Judge {
    fn new(programs: &(PathBuf, PathBuf), keys: Arc<Keys>, name: &str) -> Judge {
        let place = Place::start();
        let players = Players::start(programs, &place);
        let (pem, proxies) = (Pem::make(&keys), Proxies::make(&keys, place.proxy_port));
        let ca_file = folder().join(format!("{name}.pem"));
        Judge { place, players, keys, pem, proxies, ca_file }
    }

    fn case(&self, family: &str, seed: u64, number: u64) -> Case {
        let mut random = Random::new(seed, family, number);
        match family {
            "certificates" => certificates::case(&mut random, &self.keys),
            "pem" => self.pem.case(&mut random),
            "proxies" => self.proxies.case(&mut random),
            "answers" => answers::case(&mut random),
            _ => panic!("there is no family {family:?}"),
        }
    }

    fn play(&mut self, family: &str, seed: u64, number: u64) -> Seen {
        let case = self.case(family, seed, number);
        self.place.play(case.role.clone());
        if let Some(ca) = &case.ca {
            std::fs::write(&self.ca_file, ca).expect("a file");
        }
        let ca = case.ca.as_ref().map(|_| self.ca_file.as_path());
        let question = Question { url: &case.url, ca, variables: case.variables.as_deref() };
        let both = CLIENTS.map(|client| {
            self.place.forget();
            let told = self.players.ask(client, &question);
            let verdict = match question.variables {
                Some(_) => who_was_asked(self.place.asked()),
                None => judge(&told, &case.expected),
            };
            (told, verdict)
        });
        let verdicts = both.each_ref().map(|(_, verdict)| *verdict);
        Seen { case, told: both.map(|(told, _)| told), verdicts }
    }
}

fn who_was_asked(asked: (bool, bool)) -> &'static str {
    match asked {
        (_, true) => "proxy",
        (true, false) => "direct",
        (false, false) => "refuse",
    }
}

fn judge(told: &Told, expected: &(u16, Vec<u8>)) -> &'static str {
    match told {
        Told::Refused(_) => "refuse",
        Told::Accepted { status, .. } if *status != expected.0 => "other",
        Told::Accepted { body, .. } if *body == expected.1 => "accept",
        Told::Accepted { body, .. } if expected.1.starts_with(body) => "shorter",
        Told::Accepted { body, .. } if body.starts_with(&expected.1) => "longer",
        Told::Accepted { .. } => "other",
    }
}

impl Seen {
    /// All there is to know, for a person.
    fn show(&self) -> String {
        let clients = CLIENTS.iter().zip(&self.verdicts).zip(&self.told);
        let lines = clients.map(|((client, verdict), told)| match told {
            Told::Refused(why) => format!("  {client:5} {verdict:8} {why}\n"),
            Told::Accepted { status, body } => {
                format!("  {client:5} {verdict:8} {status} {:?}\n", String::from_utf8_lossy(body))
            }
        });
        format!("{}  {}\n{}", lines.collect::<String>(), self.case.url, self.case.shown)
    }
}

/// Differences without an explanation: the first case of each, and how many.
#[derive(Default)]
struct Unexplained(Vec<(&'static str, Features, Verdicts, u64, String, usize)>);

impl Unexplained {
    fn add(&mut self, family: &'static str, number: u64, seen: &Seen) {
        let features = &seen.case.features;
        let is_same = |known: &&mut (&str, Features, Verdicts, u64, String, usize)| {
            (known.0, &known.1, known.2) == (family, features, seen.verdicts)
        };
        match self.0.iter_mut().find(is_same) {
            Some(known) => known.5 += 1,
            None => self.0.push((family, features.clone(), seen.verdicts, number, seen.show(), 1)),
        }
    }
}

/// Plays the first cases of each family, by several judges at a time; what is not explained.
fn play(judges: &mut [Judge], table: &[Row], seed: u64, count: u64) -> Unexplained {
    let mut unexplained = Unexplained::default();
    for (family, _) in FAMILIES {
        let (started, mut differ) = (Instant::now(), 0);
        for (number, seen) in differences(judges, family, seed, count) {
            differ += 1;
            if !table::is_explained(table, family, &seen.case.features, seen.verdicts) {
                unexplained.add(family, number, &seen);
            }
        }
        println!("{family:12} {count} cases, {differ} differ, {:.1} s", started.elapsed().as_secs_f64());
    }
    unexplained
}

/// The cases of a family that the clients do not agree on, in their order.
fn differences(judges: &mut [Judge], family: &'static str, seed: u64, count: u64) -> Vec<(u64, Seen)> {
    let turns = judges.len();
    let differs = |seen: &Seen| seen.verdicts.iter().any(|verdict| *verdict != seen.verdicts[0]);
    let part = move |judge: &mut Judge, turn: usize| {
        let seen = (turn as u64..count).step_by(turns).map(|number| (number, judge.play(family, seed, number)));
        seen.filter(|(_, seen)| differs(seen)).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let parts = judges.iter_mut().enumerate().map(|(turn, judge)| scope.spawn(move || part(judge, turn)));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("no panic")).collect()
    });
    found.sort_by_key(|(number, _)| *number);
    found
}

/// Fails if something is not explained.
fn assert_explained(unexplained: &Unexplained, seed: u64) {
    for (family, features, verdicts, number, shown, times) in &unexplained.0 {
        println!(
            "{family}\t{features}\t{}\t\t\n# {times} times; seed {seed}, {family}:{number}\n{shown}",
            verdicts.join("\t")
        );
    }
    assert!(unexplained.0.is_empty(), "{} differences have no row in explained.tsv", unexplained.0.len());
}

/// Both programs, unless this machine cannot build them.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let header = ["-E", "-include", "curl/curl.h", "-x", "c", "/dev/null"];
    let has_curl = Command::new("cc").args(header).output().is_ok_and(|output| output.status.success());
    let has_go = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    if !has_curl || !has_go {
        skip::skip("the judge needs Go and the headers of libcurl, which tests/run installs");
        return None;
    }
    Some(player::build())
}

/// Several judges with the same keys.
fn judges(programs: &(PathBuf, PathBuf), name: &str, count: usize) -> Vec<Judge> {
    let keys = Arc::new(Keys::make());
    (0..count).map(|number| Judge::new(programs, keys.clone(), &format!("{name}-{number}"))).collect()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect(variable))
}

/// Whether the clients are those that the table tells of: others have other differences.
fn are_of_the_table() -> bool {
    let says = |program: &str, argument: &str, start: &str| {
        let output = Command::new(program).arg(argument).output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with(start))
    };
    let are = says("curl", "--version", "curl 7.88.") && says("go", "version", "go version go1.19.");
    if !are {
        skip::skip("explained.tsv tells of curl 7.88 and Go 1.19, and one of them is another here");
    }
    are
}

/// A sample, which is the same every time.
#[test]
fn curl_go_and_this_library_differ_as_the_table_says() {
    let Some(programs) = programs().filter(|_| are_of_the_table()) else { return };
    let (seed, count) = SAMPLE;
    let mut judges = judges(&programs, "sample", 2);
    let unexplained = play(&mut judges, &table::committed(), seed, count);
    assert_explained(&unexplained, seed);
}

/// As many as `JUDGE_COUNT` says, of `JUDGE_SEED`; or the one that `JUDGE_CASE` names, to be looked at.
#[test]
#[ignore = "tests/judge/run does this"]
fn at_length() {
    let programs = programs().expect("Go and libcurl");
    let (seed, count) = (number("JUDGE_SEED").unwrap_or(1), number("JUDGE_COUNT").unwrap_or(ENOUGH));
    let mut judges = judges(&programs, "length", JUDGES);
    if let Ok(case) = std::env::var("JUDGE_CASE") {
        let (family, number) = case.split_once(':').expect("FAMILY:NUMBER");
        let seen = judges[0].play(family, seed, number.parse().expect("a number"));
        println!("{}\n{}", seen.case.features, seen.show());
        return;
    }
    let table = table::committed();
    let unexplained = play(&mut judges, &table, seed, count);
    assert_explained(&unexplained, seed);
    let idle: Vec<_> = table.iter().filter(|row| row.used.get() == 0).collect();
    idle.iter().for_each(|row| println!("explains nothing: {row}"));
    assert!(idle.is_empty() || count < ENOUGH, "{} rows of explained.tsv explain no difference", idle.len());
}
