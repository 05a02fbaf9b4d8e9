//! Chapter of the header: version.

use std::ffi::c_char;

const fn number(text: &str) -> u32 {
    match u32::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => 0,
    }
}

const MAJOR: u32 = number(env!("CARGO_PKG_VERSION_MAJOR"));
const MINOR: u32 = number(env!("CARGO_PKG_VERSION_MINOR"));
const PATCH: u32 = number(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library that is running, such as "0.1.0".
///
/// Compare it with the macros TIGERGRAPH_AUTH_VERSION_MAJOR and so on, which give the version of the header
/// that your program was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn tg_version() -> *const c_char {
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    TEXT.as_ptr().cast()
}

/// The same as one number: major << 16 | minor << 8 | patch.
#[unsafe(no_mangle)]
pub extern "C" fn tg_version_number() -> u32 {
    MAJOR << 16 | MINOR << 8 | PATCH
}
