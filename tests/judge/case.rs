//! A case: what the three clients are asked, and what it is made of.

use std::path::{Path, PathBuf};

use crate::place::Role;

/// What a case has that a good one has not, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(pub Vec<&'static str>);

impl Features {
    pub fn push(&mut self, feature: &'static str) {
        if !self.0.contains(&feature) {
            self.0.push(feature);
        }
    }

    pub fn holds_all(&self, others: &[String]) -> bool {
        others.iter().all(|other| self.0.iter().any(|feature| feature == other))
    }
}

impl std::fmt::Display for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" + "))
    }
}

pub struct Case {
    pub features: Features,
    pub url: String,
    pub role: Role,
    /// The content of the CA file; `None`: anybody is trusted.
    pub ca: Option<Vec<u8>>,
    /// Of a proxy, if they count.
    pub variables: Option<Vec<(String, String)>>,
    /// The answer as the server means it.
    pub expected: (u16, Vec<u8>),
    /// What there is to see of it, for a person.
    pub shown: String,
}

/// A section of PEM.
pub fn to_pem(label: &str, content: &[u8]) -> String {
    pem::encode_config(&pem::Pem::new(label, content), pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF))
}

/// For what is built and written.
pub fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judge");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
