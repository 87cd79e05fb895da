//! Many silent connections, and one that has something to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::operator::{start, start_with_descriptors};
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

#[test]
fn model_is_asked_by_the_proxy_that_the_environment_names() {
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = start(&[
        ("HOLDPOINT_ADDR", "127.0.0.1:0"),
        ("HOLDPOINT_UPSTREAM", "http://model.example/v1"),
        ("http_proxy", &format!("http://{}", front.local_addr().unwrap())),
    ]);
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.trim().trim_end_matches('/').rsplit('/').next().unwrap();
    let mut caller = TcpStream::connect(addr).unwrap();
    let request = "POST /v1/responses HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                   content-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    caller.write_all(request.as_bytes()).unwrap();

    let mut asked = BufReader::new(front.accept().unwrap().0);
    let mut first = String::new();
    asked.read_line(&mut first).unwrap();
    assert_eq!(first, "POST http://model.example/v1/responses HTTP/1.1\r\n");
    let answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"a\": 1}";
    asked.get_mut().write_all(answer.as_bytes()).unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("{\"a\": 1}"), "{answer}");
}
