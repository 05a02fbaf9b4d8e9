//! What a proxy for CONNECT does, for tests that have one of their own.

use std::io::Read;
use std::net::TcpStream;

/// The head of a request, of which each byte is passed on as it comes; `None` if the client went away before its end.
pub fn read_head(client: &mut TcpStream, mut heard: impl FnMut(u8)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        head.push(byte[0]);
        heard(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Carries bytes between a client and the server that its CONNECT names, until one of them ends.
pub fn join(mut client: TcpStream, head: &str) {
    let server = TcpStream::connect(head.split(' ').nth(1).expect("a target")).expect("the server");
    let (mut from_client, mut to_server) =
        (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
    std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    let _ = std::io::copy(&mut &server, &mut client);
}
