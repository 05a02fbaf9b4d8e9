//! `explained.tsv`: what the clients do differently, and why. A difference that no row explains is a bug of somebody's.

use std::cell::Cell;
use std::path::Path;

use crate::case::Features;

/// What the three clients make of a case, in the order of [`crate::player::CLIENTS`].
pub type Verdicts = [&'static str; 3];

/// The families, and what a verdict may be, the greater the further it is from that of a case without features. A case
/// with several features gets the greatest of the verdicts that each of them would get alone.
pub const FAMILIES: [(&str, &[&str]); 4] = [
    ("certificates", &["accept", "refuse"]),
    ("pem", &["accept", "refuse"]),
    ("proxies", &["proxy", "direct", "refuse"]),
    ("answers", &["accept", "shorter", "longer", "other", "refuse"]),
];

/// What the first line of the table says of its columns.
const COLUMNS: &str = "family\tfeatures\tcurl\tgo\ttg\twhy\tsource";

pub struct Row {
    pub family: &'static str,
    pub features: Vec<String>,
    pub verdicts: Verdicts,
    /// How many cases it explains without any other.
    pub used: Cell<usize>,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.family, self.features.join(" + "), self.verdicts.join(", "))
    }
}

fn level(family: &str, verdict: &str) -> usize {
    let (_, verdicts) = FAMILIES.iter().find(|(name, _)| *name == family).expect("a family");
    verdicts.iter().position(|known| *known == verdict).unwrap_or_else(|| panic!("{family} has no verdict {verdict:?}"))
}

/// A row of the table, without a look at others.
fn read_row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let [family, features, verdicts @ .., why, source] = &cells[..] else { panic!("a short row: {line}") };
    assert!(verdicts.len() == 3 && !why.is_empty() && !source.is_empty(), "a row has 7 cells, all with text: {line}");
    let (family, known) = FAMILIES.iter().find(|(name, _)| name == family).expect(line);
    let verdict = |at: usize| known.iter().copied().find(|verdict| *verdict == verdicts[at]).expect(line);
    let verdicts = [verdict(0), verdict(1), verdict(2)];
    assert!(verdicts.iter().any(|one| *one != verdicts[0]), "a row that explains nothing: {line}");
    let features = features.split(" + ").map(str::to_owned).collect();
    Row { family, features, verdicts, used: Cell::new(0) }
}

/// The rows of a table.
pub fn read(text: &str) -> Vec<Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some(COLUMNS), "the columns");
    let rows: Vec<Row> = lines.map(read_row).collect();
    for (at, row) in rows.iter().enumerate() {
        let is_same = |other: &Row| other.family == row.family && other.features == row.features;
        assert!(!rows[..at].iter().any(is_same), "twice in the table: {row}");
    }
    rows
}

/// The committed table.
pub fn committed() -> Vec<Row> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge/explained.tsv");
    read(&std::fs::read_to_string(file).expect("the table"))
}

/// Whether rows have these verdicts for every client, if something that all clients do the same way comes in.
fn explain<'a>(family: &str, rows: impl Iterator<Item = &'a Row> + Clone, seen: Verdicts) -> bool {
    let seen = seen.map(|verdict| level(family, verdict));
    let floor = *seen.iter().min().expect("three");
    (0..seen.len()).all(|client| {
        let told = rows.clone().map(|row| level(family, row.verdicts[client])).max().unwrap_or(0);
        told.max(floor) == seen[client]
    })
}

/// Whether the table has an explanation of what was seen of a case.
pub fn is_explained(table: &[Row], family: &str, features: &Features, seen: Verdicts) -> bool {
    if seen.iter().all(|verdict| *verdict == seen[0]) {
        return true;
    }
    let fits = |row: &&Row| row.family == family && features.holds_all(&row.features);
    let fitting: Vec<&Row> = table.iter().filter(fits).collect();
    // A row for features together counts in place of those for each of them.
    let is_part = |row: &Row, of: &Row| {
        row.features.len() < of.features.len() && row.features.iter().all(|feature| of.features.contains(feature))
    };
    let counting = fitting.iter().copied().filter(|row| !fitting.iter().any(|other| is_part(row, other)));
    for row in counting.clone().filter(|row| explain(family, std::iter::once(*row), seen)) {
        row.used.set(row.used.get() + 1);
    }
    explain(family, counting, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# words\nfamily\tfeatures\tcurl\tgo\ttg\twhy\tsource\n\
        pem\ta\taccept\trefuse\trefuse\tw\ts\n\
        pem\tb\taccept\taccept\trefuse\tw\ts\n\
        pem\ta + c\trefuse\taccept\trefuse\tw\ts\n\
        proxies\ta\tproxy\tdirect\tproxy\tw\ts\n\
        proxies\tb\tdirect\tproxy\trefuse\tw\ts\n";

    fn is_so(family: &str, features: &[&'static str], seen: Verdicts) -> bool {
        is_explained(&read(TABLE), family, &Features(features.to_vec()), seen)
    }

    #[test]
    fn a_difference_needs_a_row_and_gets_it_from_all_of_them() {
        let (yes, no) = ("accept", "refuse");
        assert!(is_so("pem", &["z"], [yes, yes, yes]) && is_so("pem", &["z"], [no, no, no]));
        assert!(!is_so("pem", &["z"], [yes, yes, no]), "no row");
        assert!(is_so("pem", &["b"], [yes, yes, no]) && is_so("pem", &["b", "z"], [yes, yes, no]));
        assert!(!is_so("pem", &["b"], [yes, no, no]), "another difference");
        assert!(is_so("pem", &["a", "b"], [yes, no, no]), "both together");
        assert!(!is_so("pem", &["a", "b"], [yes, yes, no]), "one of two");
        assert!(is_so("pem", &["a", "c"], [no, yes, no]), "a row for both");
        assert!(!is_so("pem", &["a", "c"], [yes, no, no]), "that of one of them does not count");
        assert!(!is_so("proxies", &["c"], ["proxy", "direct", "proxy"]), "a row of another feature");
    }

    #[test]
    fn what_all_do_comes_in() {
        assert!(is_so("proxies", &["a", "b"], ["direct", "direct", "refuse"]));
        assert!(is_so("proxies", &["b", "z"], ["direct", "direct", "refuse"]), "all of them go direct for z");
        assert!(!is_so("proxies", &["b", "z"], ["direct", "direct", "proxy"]));
    }

    #[test]
    fn rows_that_explain_alone_are_counted() {
        let table = read(TABLE);
        let features = Features(vec!["a", "b"]);
        assert!(is_explained(&table, "pem", &features, ["accept", "refuse", "refuse"]));
        assert_eq!(table.iter().map(|row| row.used.get()).collect::<Vec<_>>(), [1, 0, 0, 0, 0]);
    }

    #[test]
    #[should_panic(expected = "explains nothing")]
    fn a_row_without_a_difference_is_refused() {
        read("family\tfeatures\tcurl\tgo\ttg\twhy\tsource\npem\ta\taccept\taccept\taccept\tw\ts\n");
    }
}
