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

/// The version in the text of `/version`: its own line since 3.9.3, else the release of the product.
pub fn version_in(text: &str) -> Option<Version> {
    let number = |rest: &str| {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        Version::parse(rest[..end].trim_end_matches('.'))
    };
    let after = |words: &str| text.split(words).nth(1).and_then(number);
    after("TigerGraph version:").or_else(|| after("release_"))
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
        assert_eq!(version_in("TigerGraph version: dev\n"), None);
    }
}
