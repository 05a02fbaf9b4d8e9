//! A server that dies when it is asked.

use std::io::Read as _;
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

/// A server that reads one request and ends without an answer: nothing listens there any more when its client sees that.
/// Its address, and the first line of what it was asked.
pub fn dies_when_asked() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let heard = spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut head = [0; 4096];
        let length = client.read(&mut head).expect("a request");
        drop(listener);
        drop(client);
        String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned()
    });
    (url, heard)
}
