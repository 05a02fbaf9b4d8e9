//! The environment, read by TigerGraph's own tools and by this library: the configuration code of tigergraph-mcp,
//! pytigergraph-mcp and TigerGraphX, unmodified, beside our loader. No credential may go to another server than theirs
//! without a reason.
//!
//! The table of both is `docs/environment.md`, written by this test; under CI it has to be the committed one.

#[expect(dead_code, reason = "the scripts here are not in tests/python")]
mod common;
#[path = "environment/explained.rs"]
mod explained;
#[path = "environment/ours.rs"]
mod ours;
#[path = "environment/page.rs"]
mod page;
#[path = "environment/rows.rs"]
mod rows;
#[path = "environment/seen.rs"]
mod seen;
#[path = "environment/theirs.rs"]
mod theirs;
#[path = "common/written.rs"]
mod written;

use std::collections::BTreeSet;

use explained::EXPLAINED;
use rows::{Row, SECTIONS};
use seen::{Facet, Seen};
use theirs::{PEERS, Peer};

/// An environment, and what comes of it here and there.
struct Compared {
    row: &'static Row,
    ours: Seen,
    theirs: Vec<Seen>,
}

impl Compared {
    /// The differences to one of them, and the numbers of their explanations.
    fn explained(&self, peer: usize) -> Vec<(Facet, Vec<usize>)> {
        let theirs = &self.theirs[peer];
        let differences = seen::differences(&self.ours, theirs).into_iter();
        let numbers = |facet: Facet| {
            let explains =
                |number: &usize| EXPLAINED[*number].explains(PEERS[peer].peer, facet, self.row, &self.ours, theirs);
            (0..EXPLAINED.len()).filter(explains).collect()
        };
        differences.map(|facet| (facet, numbers(facet))).collect()
    }
}

fn all_rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter())
}

/// Every environment here and there; `None` where one of them is not installed.
fn compare() -> Option<Vec<Compared>> {
    let place = ours::Place::new();
    let mut theirs = Vec::new();
    for peer in PEERS {
        theirs.push(theirs::observe(peer, &place)?.into_iter());
    }
    let rows = all_rows().map(|row| {
        let ours = ours::observe(row, &place);
        Compared { row, ours, theirs: theirs.iter_mut().map(|seen| seen.next().expect("a row")).collect() }
    });
    Some(rows.collect())
}

#[test]
fn every_environment_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = all_rows().map(|row| row.name).collect();
    assert_eq!(names.len(), all_rows().count());
    assert!(names.len() >= 60);
}

/// What is not explained, as a person who has to explain it wants to see it.
fn unexplained(all: &[Compared]) -> Vec<String> {
    let mut found = Vec::new();
    for one in all {
        for (number, (peer, theirs)) in PEERS.iter().zip(&one.theirs).enumerate() {
            for (facet, _) in one.explained(number).iter().filter(|(_, numbers)| numbers.is_empty()) {
                let Peer { package, .. } = peer;
                found.push(format!("{}: {facet:?} of {package}\n    {:?}\n    {theirs:?}", one.row.name, one.ours));
            }
        }
    }
    found
}

/// The explanations that nothing needs, and the rows that they name in vain.
fn unneeded(all: &[Compared]) -> Vec<String> {
    let mut used: BTreeSet<(usize, &str, usize)> = BTreeSet::new();
    for one in all {
        for peer in 0..PEERS.len() {
            let numbers = one.explained(peer).into_iter().flat_map(|(_, numbers)| numbers);
            used.extend(numbers.map(|number| (number, one.row.name, peer)));
        }
    }
    let mut found = Vec::new();
    for (number, explained) in EXPLAINED.iter().enumerate() {
        if !used.iter().any(|(used, ..)| *used == number) {
            found.push(format!("nothing needs: {}", explained.why));
        }
        for name in explained.names() {
            let of = |peer: usize| explained.peers.contains(&PEERS[peer].peer);
            for peer in (0..PEERS.len()).filter(|peer| of(*peer)) {
                if !used.contains(&(number, name, peer)) {
                    found.push(format!("{name} of {} does not need: {}", PEERS[peer].package, explained.why));
                }
            }
        }
    }
    found
}

#[test]
fn every_difference_has_its_reason() {
    let Some(all) = compare() else { return };
    let (unexplained, unneeded) = (unexplained(&all), unneeded(&all));
    assert!(unexplained.is_empty(), "not explained in tests/environment/explained.rs:\n{}", unexplained.join("\n"));
    assert!(unneeded.is_empty(), "tests/environment/explained.rs has too much:\n{}", unneeded.join("\n"));
    page::check(&all);
}
