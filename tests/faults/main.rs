//! The fault matrix, row by row, through the C interface. `matrix.rs` lists the rows; FAULTS.md, which the
//! run writes, tells what each came to.

mod arguments;
mod callers;
mod canary;
mod check;
#[path = "../common/c.rs"]
mod common;
mod connect;
mod content;
mod driver;
mod exchange;
mod jwts;
mod matrix;
mod operations;
mod process;
mod proxies;
mod refusals;
#[path = "../common/release.rs"]
mod release;
mod routes;
mod send;
mod session;
mod shapes;
mod status;
mod tls;
