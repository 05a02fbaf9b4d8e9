//! What pyTigerGraph 2.0.5 gets wrong, as regression tests of this library. Each defect is one situation
//! on a stand-in, met by unmodified pyTigerGraph 2.0.5, which must still show the defect, or the row would
//! say nothing, and by this library, which must not. The server's side judges wherever it can. pyTigerGraph
//! 1.8.4 meets it too, and may show it or not.
//!
//! Requests that may be repeated are counted as "at most three"; refused credentials and creations are not
//! among them.

/// A list of defects from rows `what => the function that proves it`.
macro_rules! defects {
    ($($what:literal => $meet:ident,)*) => {
        &[$(Defect { what: $what, evidence: stringify!($meet), meet: $meet }),*]
    };
}

mod credentials;
mod helpers;
mod injection;
mod peer;
mod results;
mod shown;
mod surroundings;
mod transport;
mod versions;

use crate::common;
use peer::Peer;

/// What the peer did, and what this library did.
type Outcome = (String, &'static str);

/// A defect: its name, and what proves both halves of its outcome.
struct Defect {
    what: &'static str,
    evidence: &'static str,
    meet: fn(&Peer) -> Outcome,
}

/// Defects of a kind, which are met at once.
const KINDS: &[(&str, &[Defect])] = &[
    ("transport", transport::DEFECTS),
    ("credentials", credentials::DEFECTS),
    ("injection", injection::DEFECTS),
    ("what is shown", shown::DEFECTS),
    ("what is reported", results::DEFECTS),
    ("versions and arguments", versions::DEFECTS),
    ("surroundings", surroundings::DEFECTS),
];

/// A row of the page: a defect, what each client did, and the function that shows it.
pub struct Row {
    pub kind: &'static str,
    pub what: &'static str,
    pub ours: &'static str,
    pub theirs: [String; 2],
    pub evidence: &'static str,
}

/// What defects of a kind came to with this version of pyTigerGraph; `None` where something was not as expected.
fn meet_all(defects: &[Defect], version: &str) -> Vec<Option<Outcome>> {
    let peer = &Peer(common::python(version));
    std::thread::scope(|scope| {
        let running: Vec<_> = defects.iter().map(|defect| scope.spawn(|| (defect.meet)(peer))).collect();
        running.into_iter().map(|row| row.join().ok()).collect()
    })
}

/// Meets all defects, with 2.0.5 and 1.8.4.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, defects) in KINDS {
        let of_1_8_4 = meet_all(defects, "1.8.4");
        for ((defect, newer), older) in defects.iter().zip(meet_all(defects, "2.0.5")).zip(of_1_8_4) {
            let (theirs, ours) = newer.unwrap_or_else(|| panic!("{}: FAILED, see above", defect.what));
            // The half of 2.0.5 is the measure: an older version that fails it does something else.
            let older = older.map_or("not shown in this way".to_owned(), |(older, _)| older);
            rows.push(Row { kind, what: defect.what, ours, theirs: [theirs, older], evidence: defect.evidence });
        }
    }
    rows
}
