//! The fault matrix, row by row, through the C interface. `matrix.rs` lists the rows; FAULTS.md, which the
//! run writes, tells what each came to.

mod arguments;
mod cache;
mod callers;
mod canary;
mod check;
#[path = "../common/c.rs"]
mod common;
mod connect;
mod content;
mod driver;
#[path = "../common/dying.rs"]
mod dying;
mod exchange;
mod jwts;
mod managed;
mod matrix;
mod oauth2;
mod operations;
mod process;
mod providers;
mod proxies;
mod refusals;
#[path = "../common/release.rs"]
mod release;
mod routes;
mod send;
mod servers;
mod session;
mod shapes;
mod status;
#[path = "../common/threads.rs"]
mod threads;
mod tls;
#[path = "../common/written.rs"]
mod written;
