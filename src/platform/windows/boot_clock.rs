//! The clock that counts from the start of the machine.

use std::sync::OnceLock;

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};
use windows_sys::core::w;

/// In steps of 100 ns.
type InterruptTime = unsafe extern "system" fn(*mut u64);

/// Nanoseconds since the machine started. Interrupt time goes on while the machine sleeps; Windows has it since version 10.
/// wine has none, and there it is the performance counter.
#[inline]
pub fn nanoseconds() -> u64 {
    let Some(interrupt_time) = interrupt_time() else { return by_performance_counter() };
    let mut steps = 0;
    // SAFETY: the place is valid for the call.
    unsafe { interrupt_time(&mut steps) };
    steps * 100
}

fn interrupt_time() -> Option<InterruptTime> {
    static FOUND: OnceLock<Option<InterruptTime>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: the names end with NUL, and this library stays as long as the process does.
        let found = unsafe {
            let library = GetModuleHandleW(w!("kernelbase.dll"));
            if library.is_null() {
                return None;
            }
            GetProcAddress(library, c"QueryInterruptTimePrecise".as_ptr().cast())?
        };
        // SAFETY: Windows declares it so.
        Some(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, InterruptTime>(found) })
    })
}

fn by_performance_counter() -> u64 {
    let (mut count, mut a_second) = (0, 0);
    // SAFETY: both places are valid for the calls, which cannot fail.
    unsafe {
        QueryPerformanceCounter(&mut count);
        QueryPerformanceFrequency(&mut a_second);
    }
    let nanoseconds = i128::from(count) * 1_000_000_000 / i128::from(a_second.max(1));
    u64::try_from(nanoseconds).unwrap_or(0)
}
