//! Many silent connections, and one that has something to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::operator::start_with_descriptors;
use crate::support::raw;

/// The proxy has too few descriptors for the sockets that are held open towards it: unless it lets
/// some go, nobody else gets in.
#[cfg(unix)]
#[test]
fn silent_sockets_do_not_keep_a_caller_out() {
    let variables = [("HOLDPOINT_ADDR", "127.0.0.1:0"), ("HOLDPOINT_DEMO_PACE", "0")];
    let mut program = start_with_descriptors(128, &variables);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.strip_prefix("holdpoint-proxy listening on http://").unwrap();
    let addr = addr.strip_suffix("/\n").unwrap();

    let silent: Vec<TcpStream> = (0..500)
        .map(|number| {
            let mut socket = TcpStream::connect(addr).unwrap();
            if number % 2 == 0 {
                // Who was closed already may say so.
                let _ = socket.write_all(b"POST /v1/responses HTTP/1.1\r\nhost: lo");
            }
            socket
        })
        .collect();
    for _ in 0..10 {
        let mut caller = TcpStream::connect(addr).unwrap();
        caller.write_all(&raw("/v1/responses", r#"{"input":"hello","stream":true}"#)).unwrap();
        let mut answer = String::new();
        while !answer.contains("response.completed") {
            let mut piece = [0; 4096];
            let read = caller.read(&mut piece).unwrap();
            assert_ne!(read, 0, "the caller was turned away: {answer}");
            answer.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    drop(silent);
}
