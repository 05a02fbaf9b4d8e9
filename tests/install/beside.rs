//! Another static library with Rust in it, as a program may have it beside ours.

/// 1 if a panic is caught in here.
#[unsafe(no_mangle)]
pub extern "C" fn beside_catches() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    std::panic::catch_unwind(|| panic!("caught")).is_err().into()
}
