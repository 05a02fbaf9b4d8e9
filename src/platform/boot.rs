//! Which start of the machine this is.

use std::time::Duration;

use super::file;

/// Tells this start of the machine from others: what the boot clock showed before is worth nothing after.
pub type BootId = [u8; 16];

/// The number that the system gave this start of the machine; `None` where it gives none.
pub fn boot_id() -> Option<BootId> {
    let (opened, _) = file::open("/proc/sys/kernel/random/boot_id").ok()?;
    let text = file::read(&opened, 64, Duration::ZERO).ok()?;
    let digits = std::str::from_utf8(&text).ok()?.trim_end().replace('-', "");
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_start_of_the_machine_has_one_number() {
        let id = boot_id().expect("Linux gives one");
        assert_eq!((boot_id(), id == [0; 16]), (Some(id), false));
    }
}
