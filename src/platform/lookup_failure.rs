//! Why a name has no address, whichever system says so.

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupFailure {
    /// It does not exist.
    Unknown,
    /// The name servers cannot tell just now.
    Passing,
    /// This process or machine has run out of something.
    Resource,
}
