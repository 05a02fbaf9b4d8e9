//! The library beside real servers: Debian's nginx, HAProxy, Apache, squid, tinyproxy and stunnel, `openssl s_server`
//! and `gnutls-serv`, before and beside the stand-in, with certificates as people make them. Each row also says what
//! curl makes of the same.
//!
//! The rows are data, in `gateways.rs`, `tls.rs` and `proxies.rs`; the servers' settings are the other files here.
//! The run writes `docs/servers.md`; under CI it has to be the committed one. `REAL_ROW=TEXT` plays only the rows in
//! whose names the text is; `REAL_KEEP=1` leaves the servers' folder there.

#[path = "../common/c.rs"]
mod common;
mod daemon;
mod gateways;
mod page;
mod place;
#[expect(dead_code, reason = "no answer is compared whole here")]
#[path = "../common/program.rs"]
mod program;
mod proxies;
mod row;
#[path = "../common/skip.rs"]
mod skip;
mod tls;
#[path = "../common/written.rs"]
mod written;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use place::Place;
use row::{Result, Row};

/// Most rows wait most of the time.
const AT_ONCE: usize = 6;

/// The rows of the page, below its titles.
const GROUPS: [&[(&str, &[Row])]; 3] = [gateways::GROUPS, tls::GROUPS, proxies::GROUPS];

fn groups() -> Vec<(&'static str, &'static [Row])> {
    GROUPS.concat()
}

/// Plays all rows, some at a time.
fn play(place: &Place, rows: &[Row]) -> Vec<Result> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.get(number) else { break };
                    let result = row.play(place, number);
                    results.lock().expect("no panic").push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no panic");
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn real_servers() {
    let missing = place::missing();
    if !missing.is_empty() {
        skip::skip(format_args!("{missing:?} are not installed, which tests/setup/install does"));
        return;
    }
    let chosen = std::env::var("REAL_ROW").unwrap_or_default();
    let groups = groups();
    let all: Vec<Row> = groups.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let rows: Vec<Row> = all.iter().filter(|row| row.what.contains(&chosen)).copied().collect();
    let place = Place::start();
    let results = play(&place, &rows);
    let mut wrong = Vec::new();
    for (row, result) in rows.iter().zip(&results) {
        let complaints = row.complaints(&place, result);
        if !complaints.is_empty() {
            let said = place.without_values(&format!("{}. {}", result.message, result.hint));
            wrong.push(format!("{} ({}):\n    {}\n    {said}", row.what, row.url, complaints.join("\n    ")));
        }
    }
    if rows.len() == all.len() {
        page::write(&place, &groups, &results);
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// A name leads to one row.
#[test]
fn every_row_has_a_name_of_its_own() {
    for (title, rows) in groups() {
        let mut names: Vec<&str> = rows.iter().map(|row| row.what).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len(), "{title}");
    }
}
