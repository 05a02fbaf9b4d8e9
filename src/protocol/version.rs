//! Versions of servers, and the generations that differ in how tokens and secrets are managed.

use std::fmt;

/// How a server manages tokens and secrets. Found by asking it, or told by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 2.x to 3.4: `requesttoken` with its parameters in the query.
    V2 {
        /// From 3.2 on a token can be requested with the secret in the body of a POST.
        post: bool,
    },
    /// 3.5 to 3.11: `requesttoken` with a JSON body.
    V35,
    /// 4.1 and later: `gsql/v1/tokens` and `gsql/v1/secrets`.
    V41,
}

/// A server's version, compared as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number, 0 where not told.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads "3.10" or "4.1.2".
    pub fn parse(text: &str) -> Option<Version> {
        let mut numbers = [0u32; 3];
        let parts: Vec<&str> = text.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(&parts) {
            if part.len() > 5 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            *number = part.parse().ok()?;
        }
        Some(Version { major: numbers[0], minor: numbers[1], patch: numbers[2] })
    }

    /// The generation of this version; `None` for 4.0, which belongs to none provably and is asked.
    pub fn generation(self) -> Option<Generation> {
        match (self.major, self.minor) {
            (0..=2, _) | (3, 0..=1) => Some(Generation::V2 { post: false }),
            (3, 2..=4) => Some(Generation::V2 { post: true }),
            (3, _) => Some(Generation::V35),
            (4, 0) => None,
            _ => Some(Generation::V41),
        }
    }
}

/// The version in the text of `/version`: of its own line since 3.9.3, else that of the product, else the first that is
/// called a version or release.
pub fn version_in(text: &str) -> Option<Version> {
    let lower = text.to_ascii_lowercase();
    let after = |words: &str| lower.split(words).skip(1).find_map(|rest| version_of(rest.split_whitespace().next()?));
    let product = || {
        let mut words = lower.split_whitespace().skip_while(|word| *word != "product");
        words.nth(1).and_then(version_of)
    };
    let release = || lower.split_whitespace().filter(|word| word.starts_with("release")).find_map(version_of);
    after("tigergraph version:").or_else(product).or_else(|| after("version:")).or_else(release)
}

/// The version in a word such as `3.9.3`, `v4.1.2`, `tg_3.9.3_dev` or `release-3.9.3-2023`.
fn version_of(word: &str) -> Option<Version> {
    let mut parts = word.split(|c: char| !c.is_ascii_digit() && c != '.');
    parts.find_map(|part| Version::parse(part.trim_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("3.10") > version("3.9") && version("10.1") > version("4.1"));
        let generation = |text| version(text).generation();
        assert_eq!(generation("2.6.1"), Some(Generation::V2 { post: false }));
        assert_eq!(generation("3.1"), Some(Generation::V2 { post: false }));
        assert_eq!(generation("3.2"), Some(Generation::V2 { post: true }));
        assert_eq!(generation("3.4.9"), Some(Generation::V2 { post: true }));
        assert_eq!(generation("3.5"), Some(Generation::V35));
        assert_eq!(generation("3.10"), Some(Generation::V35));
        assert_eq!(generation("4.0"), None);
        assert_eq!(generation("4.1"), Some(Generation::V41));
        assert_eq!(generation("5.0"), Some(Generation::V41));
        assert_eq!(generation("10.1"), Some(Generation::V41));
        for bad in ["", "4", "4.", "4.1.2.3", "v4.1", "4.x", "-1.0", "4.1 "] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn versions_in_the_text_of_the_version_endpoint() {
        let old = "TigerGraph RESTPP: \n --- Version --- \nproduct              release_2.6.0_05-09-2020 ab1e3d0d  2020-04-15 15:46:29 -0700\n";
        assert_eq!(version_in(old), Version::parse("2.6.0"));
        assert_eq!(version_in("x\nTigerGraph version: 3.9.3\n"), Version::parse("3.9.3"));
        assert_eq!(version_in("TigerGraph version: \nproduct release_4.1.2_x"), Version::parse("4.1.2"));
        for (told, product, version) in [
            ("3.9.3", "tg_3.9.4_dev", Some("3.9.3")),
            ("tg_3.9.3_dev", "tg_3.9.4_dev", Some("3.9.3")),
            ("", "tg_3.9.3_dev", Some("3.9.3")),
            ("", "release-3.9.3-2023", Some("3.9.3")),
            ("", "release_3.10.1_01-08-2024", Some("3.10.1")),
            ("dev", "4.2.0-rc1", Some("4.2.0")),
            ("v4.1", "", Some("4.1")),
            ("4.1.2.", "", Some("4.1.2")),
            ("dev", "master", None),
            ("", "", None),
        ] {
            let columns = "559b6532eaf39c8e8074d2fa4960bb5158424aaa  2023-09-28 19:58:18 -0700";
            let text = format!(
                "TigerGraph RESTPP:\n --- Version ---\n TigerGraph version: {told}\n product  {product}  {columns}\n cqrs  tg_3.6.4_dev  {columns}\n"
            );
            let expected = version.and_then(Version::parse);
            assert_eq!(version_in(&text), expected, "{text}");
            assert_eq!(version_in(&text.replace('\n', " ")), expected, "without line breaks: {text}");
        }
        for (text, version) in [
            ("Version: 4.1.2", Some("4.1.2")),
            ("GSQL version: GLE-7162\nversion:4.2.1", Some("4.2.1")),
            ("restpp release_4.1.2_x", Some("4.1.2")),
            ("cqrs tg_3.6.4_dev 2023-10-04 15:20:34", None),
            ("TigerGraph version: dev\n", None),
        ] {
            assert_eq!(version_in(text), version.and_then(Version::parse), "{text}");
        }
    }
}
