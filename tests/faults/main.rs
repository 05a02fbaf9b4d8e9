//! The fault matrix, row by row, through the C interface. `matrix.rs` lists the rows; FAULTS.md, which the
//! run writes, tells what each came to.

mod arguments;
mod canary;
mod check;
#[path = "../common/c.rs"]
mod common;
mod connect;
mod content;
mod driver;
mod exchange;
mod matrix;
mod operations;
mod process;
#[path = "../common/release.rs"]
mod release;
mod session;
mod status;
mod tls;
