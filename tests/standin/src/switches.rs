//! What nobody knows about TigerGraph, as switches. The numbers are the rows of the list of unknowns
//! in this crate's README; the first value of each is the default.

use std::fmt;

macro_rules! switches {
    ($($(#[$doc:meta])* $field:ident: $name:literal, $row:literal, [$($value:literal),+];)+) => {
        /// One position for every unknown that has more than one.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Switches {
            $($(#[$doc])* pub $field: &'static str,)+
        }

        /// Name, row and values of every switch; the first value is the default.
        pub const SWITCHES: &[(&str, u32, &[&str])] = &[$(($name, $row, &[$($value),+])),+];

        impl Default for Switches {
            fn default() -> Switches {
                Switches { $($field: [$($value),+][0],)+ }
            }
        }

        impl Switches {
            /// Sets a switch by its name.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownSwitch> {
                let unknown = || UnknownSwitch(format!("{name}={value}"));
                match name {
                    $($name => {
                        self.$field = [$($value),+].into_iter().find(|known| *known == value).ok_or_else(unknown)?;
                    })+
                    _ => return Err(unknown()),
                }
                Ok(())
            }
        }
    };
}

switches! {
    /// Wrong secret on A and B.
    wrong_secret: "wrong-secret", 1, ["200", "401"];
    /// Wrong secret on C.
    wrong_secret_c: "wrong-secret-c", 1, ["400", "401"];
    /// A lifetime above the maximum.
    lifetime_above: "lifetime-above", 3, ["clamp", "refuse"];
    /// The unit of `lifetime` on C.
    lifetime_unit: "lifetime-unit", 4, ["seconds", "milliseconds"];
    /// Where the token stands in the reply to a GET with a password, 3.2 to 3.4.
    get_password_token: "get-password-token", 6, ["results", "top"];
    /// The reply to a POST with a secret, 3.2 to 3.4.
    post_reply: "post-reply", 7, ["real", "documented"];
    /// An unknown graph on C.
    unknown_graph: "unknown-graph", 11, ["400", "404"];
    /// A check that fails.
    failed_check: "failed-check", 24, ["200", "401"];
    /// JWTs after their secret was dropped.
    jwt_after_drop: "jwt-after-drop", 33, ["valid", "refused"];
    /// The shape of the list of secrets.
    list_shape: "list-shape", 34, ["list", "object"];
    /// Which status refusals of REST++ have: no token 403 and expired 401, the reverse, or 200.
    refusals: "refusals", 37, ["403-401", "401-403", "200"];
    /// `/gsqlserver` on C.
    gsqlserver_on_c: "gsqlserver-on-c", 42, ["404", "works"];
    /// Port 9000 on C.
    port_9000_on_c: "port-9000-on-c", 43, ["closed", "open"];
    /// Control lines in the reply of `/gsql/v1/statements`.
    control_lines_on_c: "control-lines-on-c", 45, ["absent", "present"];
    /// What 4.0 is like.
    version_4_0: "version-4.0", 46, ["b", "c"];
}

/// No switch has this name or value.
#[derive(Debug)]
pub struct UnknownSwitch(String);

impl fmt::Display for UnknownSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no such switch: {}. There are:", self.0)?;
        SWITCHES.iter().try_for_each(|(name, row, values)| writeln!(f, "  {name}={}  (row {row})", values.join("|")))
    }
}

impl std::error::Error for UnknownSwitch {}
