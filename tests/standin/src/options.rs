//! What kind of TigerGraph to stand in for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::switches::{Port9000OnC, Switches, Version40};
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

impl Version {
    /// A version from its numbers.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Version {
        Version { major, minor, patch }
    }
}

/// The text is not two or three numbers with points between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVersion(String);

impl fmt::Display for BadVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no version such as 3.10 or 4.1.2", self.0)
    }
}

impl std::error::Error for BadVersion {}

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Version, BadVersion> {
        let numbers: Result<Vec<u16>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([major, minor]) => Ok(Version::new(*major, *minor, 0)),
            Ok([major, minor, patch]) => Ok(Version::new(*major, *minor, *patch)),
            _ => Err(BadVersion(text.to_owned())),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// How tokens and secrets are managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 2.x to 3.4.
    V2,
    /// 3.5 to 3.11.
    V35,
    /// 4.1 and later.
    V41,
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
    /// Whether to open a listener by which programs in other languages steer the stand-in.
    pub control: bool,
    /// Port of the gateway; 0: any.
    pub gateway_port: u16,
    /// Port of REST++; 0: any.
    pub restpp_port: u16,
    /// Port of the control listener; 0: any.
    pub control_port: u16,
    /// `GSQL.MaxAuthTokenLifeTimeSec`; 0: unlimited.
    pub max_lifetime: u64,
    /// `GSQL.UserInfoLimit.TokenSizeLimit`.
    pub token_limit: usize,
    /// `GSQL.Token.DropLimit`.
    pub drop_limit: usize,
    /// How long REST++ refuses a fresh token if the switch `fresh-token` says `delayed`.
    pub fresh_token_delay: Duration,
    /// A cross-region replica, which makes no tokens if asked for an existing one (3.9.3 and later).
    pub replica: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            version: Version::new(4, 2, 0),
            tls: None,
            auth_enabled: true,
            switches: Switches::default(),
            control: false,
            gateway_port: 0,
            restpp_port: 0,
            control_port: 0,
            max_lifetime: 0,
            token_limit: 60_000,
            drop_limit: 20,
            fresh_token_delay: Duration::from_secs(2),
            replica: false,
        }
    }
}

impl Options {
    /// A server of this version.
    ///
    /// # Panics
    /// If the text is no version.
    #[must_use]
    pub fn new(version: &str) -> Options {
        Options { version: version.parse().expect("a version"), ..Options::default() }
    }

    /// The same with a switch set.
    ///
    /// # Panics
    /// If there is no such switch or position.
    #[must_use]
    pub fn switch(mut self, name: &str, value: &str) -> Options {
        self.switches.set(name, value).expect("a switch");
        self
    }

    /// The same with TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Options {
        self.tls = Some(tls);
        self
    }

    /// The same with a control listener.
    #[must_use]
    pub fn with_control(mut self) -> Options {
        self.control = true;
        self
    }

    /// The same with REST++ authentication on or off.
    #[must_use]
    pub fn auth(mut self, enabled: bool) -> Options {
        self.auth_enabled = enabled;
        self
    }

    /// How this version manages tokens.
    #[must_use]
    pub fn generation(&self) -> Generation {
        match (self.version.major, self.version.minor) {
            (0..=2, _) | (3, 0..=4) => Generation::V2,
            (3, _) => Generation::V35,
            // Row 46.
            (4, 0) if self.switches.version_4_0 == Version40::B => Generation::V35,
            _ => Generation::V41,
        }
    }

    /// Whether this version is at least that one.
    pub(crate) fn since(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.version >= Version::new(major, minor, patch)
    }

    /// Whether REST++ has a port of its own (row 43).
    pub(crate) fn restpp_listens(&self) -> bool {
        self.generation() != Generation::V41 || self.switches.port_9000_on_c == Port9000OnC::Open
    }
}
