//! What nobody knows about TigerGraph, as switches. The numbers are rows of the table of unknowns in
//! the README; the first position of each switch is the default.

use std::fmt;
use std::str::FromStr;

macro_rules! switches {
    ($($(#[$doc:meta])* $field:ident: $kind:ident = $name:literal, row $row:literal {
        $first:ident = $first_name:literal $(, $other:ident = $other_name:literal)*
    })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub enum $kind {
                #[default]
                #[doc = concat!("`", $first_name, "`, the default.")]
                $first,
                $(#[doc = concat!("`", $other_name, "`.")] $other,)*
            }

            impl $kind {
                fn parse(value: &str) -> Option<$kind> {
                    match value {
                        $first_name => Some($kind::$first),
                        $($other_name => Some($kind::$other),)*
                        _ => None,
                    }
                }
            }
        )+

        /// One position for every unknown that has more than one.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Switches {
            $(
                $(#[$doc])*
                #[doc = concat!("Row ", $row, ", `", $name, "`.")]
                pub $field: $kind,
            )+
        }

        /// Name, row and positions of every switch; the first position is the default.
        pub const SWITCHES: &[(&str, u32, &[&str])] =
            &[$(($name, $row, &[$first_name $(, $other_name)*])),+];

        impl Switches {
            /// Sets a switch by its name.
            ///
            /// # Errors
            /// If there is no such switch or position.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
                let unknown = || UnknownSwitch(format!("{name}={value}"));
                match name {
                    $($name => self.$field = $kind::parse(value).ok_or_else(unknown)?,)+
                    _ => return Err(unknown()),
                }
                Ok(())
            }
        }
    };
}

switches! {
    /// A secret that is not accepted, up to 3.11.
    wrong_secret: WrongSecret = "wrong-secret", row 1 { Ok200 = "200", Unauthorized401 = "401" }
    /// A secret that is not accepted, from 4.1 on.
    wrong_secret_c: WrongSecretC = "wrong-secret-c", row 1 { Bad400 = "400", Unauthorized401 = "401" }
    /// A lifetime above the maximum.
    lifetime_above: LifetimeAbove = "lifetime-above", row 3 { Clamp = "clamp", Refuse = "refuse" }
    /// Unit of `lifetime` on `/gsql/v1/tokens`.
    lifetime_unit: LifetimeUnit = "lifetime-unit", row 4 { Seconds = "seconds", Milliseconds = "milliseconds" }
    /// Where the token stands in the reply to a GET with user and password, up to 3.4.
    get_password_token: GetPasswordToken = "get-password-token", row 6 { Results = "results", Top = "top" }
    /// Reply to a POST with a secret, 3.2 to 3.4.
    post_reply: PostReply = "post-reply", row 7 { Real = "real", Documented = "documented" }
    /// Status of `REST-1000`.
    no_endpoint: NoEndpoint = "no-endpoint", row 9 { NotFound404 = "404", Ok200 = "200" }
    /// Status for an unknown graph, from 4.1 on.
    unknown_graph: UnknownGraph = "unknown-graph", row 11 { Bad400 = "400", NotFound404 = "404" }
    /// The form of deleting a token from 4.1 on that the older pyTigerGraph's tests prove: `{"secret":S,"token":T}`, or
    /// `{"tokens":T}` without a login.
    delete_form: DeleteForm = "delete-form", row 22 { Secret = "secret", NoLogin = "no-login" }
    /// Status of a failed check of a token.
    failed_check: FailedCheck = "failed-check", row 24 { Ok200 = "200", Unauthorized401 = "401" }
    /// JWTs after their secret was dropped.
    jwt_after_drop: JwtAfterDrop = "jwt-after-drop", row 33 { Valid = "valid", Refused = "refused" }
    /// Shape of the REST list of secrets.
    list_shape: ListShape = "list-shape", row 34 { List = "list", Object = "object" }
    /// Status of REST++ refusals: no or unusable token, then expired or unprivileged.
    refusals: Refusals = "refusals", row 37 { Absent403 = "403-401", Absent401 = "401-403", Ok200 = "200" }
    /// Status for a JWT with bad signature, issuer or user.
    jwt_refusal: JwtRefusal = "jwt-refusal", row 40 { Unauthorized401 = "401", Forbidden403 = "403" }
    /// `/gsqlserver` from 4.1 on.
    gsqlserver_on_c: GsqlserverOnC = "gsqlserver-on-c", row 42 { Absent = "404", Works = "works" }
    /// REST++ port from 4.1 on.
    port_9000_on_c: Port9000OnC = "port-9000-on-c", row 43 { Closed = "closed", Open = "open" }
    /// Control lines in replies of `/gsql/v1/statements`.
    control_lines_on_c: ControlLinesOnC = "control-lines-on-c", row 45 { Absent = "absent", Present = "present" }
    /// What 4.0 behaves like.
    version_4_0: Version40 = "version-4.0", row 46 { B = "b", C = "c" }
    /// When REST++ accepts a fresh token; the delay is in the options.
    fresh_token: FreshToken = "fresh-token", row 49 { AtOnce = "at-once", Delayed = "delayed" }
}

/// No switch has this name or position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSwitch(String);

impl fmt::Display for UnknownSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such switch: {}. There are:", self.0)?;
        SWITCHES.iter().try_for_each(|(name, row, values)| write!(f, "\n  {name}={}  (row {row})", values.join("|")))
    }
}

impl std::error::Error for UnknownSwitch {}

impl FromStr for Switches {
    type Err = UnknownSwitch;

    /// Reads `name=position`, several divided by commas.
    fn from_str(text: &str) -> Result<Switches, UnknownSwitch> {
        let mut switches = Switches::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| UnknownSwitch(part.to_owned()))?;
            switches.set(name, value)?;
        }
        Ok(switches)
    }
}
