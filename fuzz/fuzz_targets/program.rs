#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tigergraph_auth_fuzz::program(data));
