//! What kind of TigerGraph to stand in for.

use std::str::FromStr;

use crate::switches::Switches;
use crate::tls::Tls;

/// A version of TigerGraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
    /// Third number.
    pub patch: u16,
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let numbers: Result<Vec<u16>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([major, minor]) => Ok(Version { major: *major, minor: *minor, patch: 0 }),
            Ok([major, minor, patch]) => Ok(Version { major: *major, minor: *minor, patch: *patch }),
            _ => Err(format!("{text} is not a version such as 3.10 or 4.1.2")),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// How tokens and secrets are managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 2.x to 3.4
    A,
    /// 3.5 to 3.11
    B,
    /// 4.1 and later
    C,
}

/// The kind of server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its version.
    pub version: Version,
    /// TLS on both listeners, if any.
    pub tls: Option<Tls>,
    /// Whether REST++ authentication is on.
    pub auth_enabled: bool,
    /// What to choose where nobody knows.
    pub switches: Switches,
    /// Port of the gateway; 0: any.
    pub gateway_port: u16,
    /// Port of REST++; 0: any.
    pub restpp_port: u16,
    /// Port to steer the stand-in by, for programs in other languages; `None`: none, 0: any.
    pub control_port: Option<u16>,
    /// `GSQL.MaxAuthTokenLifeTimeSec`; 0: unlimited.
    pub max_lifetime: u64,
}

impl Options {
    /// A server of this version. Panics if it is no version.
    pub fn new(version: &str) -> Options {
        Options {
            version: version.parse().expect("a version"),
            tls: None,
            auth_enabled: true,
            switches: Switches::default(),
            gateway_port: 0,
            restpp_port: 0,
            control_port: None,
            max_lifetime: 0,
        }
    }

    /// The same with a switch set. Panics if there is no such switch.
    pub fn switch(mut self, name: &str, value: &str) -> Options {
        self.switches.set(name, value).expect("a switch");
        self
    }

    /// The same with TLS.
    pub fn with_tls(mut self, tls: Tls) -> Options {
        self.tls = Some(tls);
        self
    }

    pub(crate) fn generation(&self) -> Generation {
        match (self.version.major, self.version.minor) {
            (0..=2, _) | (3, 0..=4) => Generation::A,
            (3, _) => Generation::B,
            (4, 0) if self.switches.version_4_0 == "b" => Generation::B,
            _ => Generation::C,
        }
    }

    pub(crate) fn has_rest_secrets(&self) -> bool {
        self.generation() == Generation::C && self.version >= Version { major: 4, minor: 1, patch: 0 }
    }
}
