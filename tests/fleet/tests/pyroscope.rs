//! The document's example, which pushes to a receiver of this test.
#![cfg(feature = "profiled")]
#![allow(missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

/// Path, headers and body of a request, which is answered with 200.
fn receive(stream: TcpStream) -> (String, Vec<String>, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_lowercase()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut stream = reader.into_inner();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    (lines.remove(0), lines, body)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The profile stands in the message as it is: a gzip stream within a gzip stream.
#[test]
fn a_profile_arrives_as_the_program_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let example = std::path::Path::new(env!("CARGO_BIN_EXE_memprof-fleet")).with_file_name("examples/pyroscope");
    let mut program =
        Command::new(example).arg(format!("http://{address}")).current_dir(folder.path()).spawn().unwrap();
    let (request, headers, body) = receive(listener.accept().unwrap().0);
    // One more at its end.
    let rest = std::thread::spawn(move || listener.incoming().for_each(|stream| drop(receive(stream.unwrap()))));
    assert!(program.wait().unwrap().success());
    drop(rest);

    assert_eq!(request, "post /push.v1.pusherservice/push http/1.1");
    assert!(headers.contains(&"content-encoding: gzip".to_owned()), "{headers:?}");
    let mut message = Vec::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut message).unwrap();
    assert!(contains(&message, "vector-search") && contains(&message, "region"), "labels of the series");
    let begin = message.windows(3).position(|part| part == [0x1f, 0x8b, 8]).expect("a profile");
    let mut profile = Vec::new();
    flate2::read::GzDecoder::new(&message[begin..]).read_to_end(&mut profile).unwrap();
    for text in ["inuse_space", "alloc_objects", "pyroscope::build_index"] {
        assert!(contains(&profile, text), "{text}");
    }
}
