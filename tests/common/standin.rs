//! The stand-in as a program, for what is no Rust.

use std::path::PathBuf;

use crate::skip::skip;

/// Where `cargo build --workspace` leaves it, beside the folder of the tests, if it is there. Under CI it has to be.
pub fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().expect("this program");
    let program = own.ancestors().nth(2).expect("a folder").join("tigergraph-standin");
    if program.exists() {
        return Some(program);
    }
    skip("the stand-in is not built, which `cargo build --workspace` does");
    None
}
