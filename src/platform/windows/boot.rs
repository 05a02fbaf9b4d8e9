//! Which start of the machine this is.

/// Tells this start of the machine from others: what the boot clock showed before is worth nothing after.
pub type BootId = [u8; 16];

/// Windows gives none, so that what processes share is measured by the wall clock.
pub fn boot_id() -> Option<BootId> {
    None
}
