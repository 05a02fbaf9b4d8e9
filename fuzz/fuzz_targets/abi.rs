#![no_main]
#[path = "../abi.rs"]
mod abi;
libfuzzer_sys::fuzz_target!(|data: &[u8]| abi::calls(data));
