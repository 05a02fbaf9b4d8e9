//! The processor's traps for floating-point numbers. Rust expects that they are off, as they are when a process begins.
//! Programs in Free Pascal and in Common Lisp (SBCL) switch them on, and threads inherit that: then a number in an answer
//! that is too large for its type would end the program.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;

/// Does what computes with numbers from outside, with all traps off.
#[inline(never)]
pub fn without_traps<T>(run: impl FnOnce() -> T) -> T {
    let _before = Changed::to(Changed::USUAL);
    run()
}

/// The register that has the traps, as it was before; it is so again when this is dropped.
struct Changed(#[cfg(target_arch = "x86_64")] u32);

#[cfg(target_arch = "x86_64")]
impl Changed {
    /// No trap, and to the nearest number.
    const USUAL: u32 = 0x1f80;

    fn to(value: u32) -> Changed {
        let mut before = 0u32;
        // SAFETY: it writes four bytes to `before`, and nothing else.
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut before, options(nostack, preserves_flags)) };
        Changed::write(value);
        Changed(before)
    }

    fn write(value: u32) {
        // SAFETY: it reads four bytes, which the register has had before or are those that a process begins with.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "x86_64")]
impl Drop for Changed {
    fn drop(&mut self) {
        Changed::write(self.0);
    }
}

/// Other processors have no such traps, or nobody is known to switch them on.
#[cfg(not(target_arch = "x86_64"))]
impl Changed {
    const USUAL: u32 = 0;

    fn to(_: u32) -> Changed {
        Changed()
    }
}

/// Does something as a program with traps for invalid operations, division by zero and overflow.
#[cfg(test)]
pub fn with_traps<T>(run: impl FnOnce() -> T) -> T {
    let _before = Changed::to(Changed::USUAL & !0x0680);
    run()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    fn overflow() -> f64 {
        black_box(black_box(1e308) * black_box(10.0))
    }

    #[test]
    fn traps_are_off_while_it_runs_and_as_before_afterwards() {
        with_traps(|| assert_eq!(without_traps(overflow), f64::INFINITY));
        #[cfg(target_arch = "x86_64")]
        with_traps(|| {
            assert_eq!(without_traps(|| Changed::to(Changed::USUAL).0) & Changed::USUAL, Changed::USUAL);
            assert_eq!(Changed::to(Changed::USUAL).0 & Changed::USUAL, Changed::USUAL & !0x0680);
            let panicked = std::panic::catch_unwind(|| without_traps(|| panic!("on purpose")));
            assert!(panicked.is_err());
        });
        assert_eq!(overflow(), f64::INFINITY);
    }
}
