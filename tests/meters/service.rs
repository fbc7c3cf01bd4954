//! A search service that refuses a query beyond 64 MB and goes on serving.

use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::routing::get;
use memprof::{Context, Meter};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use tokio::net::TcpListener;

const LIMIT: u64 = 64 << 20;

/// Candidates of one part of the index, as many megabytes as the query asks for. It stops where the query is over.
fn candidates(meter: &Meter, megabytes: usize) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for _ in 0..megabytes {
        if meter.is_over(LIMIT) {
            return None;
        }
        found.push(vec![1; 1 << 20]);
    }
    Some(found)
}

async fn search(meter: &Meter, megabytes: usize) -> Option<usize> {
    let parts = (0..2).map(|_| {
        let (here, meter) = (Context::current(), meter.clone());
        tokio::task::spawn_blocking(here.wrap(move || candidates(&meter, megabytes)))
    });
    let mut found = Vec::new();
    for part in parts.collect::<Vec<_>>() {
        found.extend(part.await.ok()??);
    }
    Some(found.iter().map(Vec::len).sum())
}

async fn answer(RawQuery(query): RawQuery) -> (StatusCode, String) {
    let megabytes = query.and_then(|query| query.parse().ok()).unwrap_or(0);
    let meter = Meter::new();
    let found = meter.wrap_future(search(&meter, megabytes)).await;
    match found {
        Some(bytes) => (StatusCode::OK, format!("{bytes} bytes, peak {}", meter.peak())),
        None => (StatusCode::PAYLOAD_TOO_LARGE, format!("over {LIMIT} bytes, peak {}", meter.peak())),
    }
}

/// Status and body of one answer.
fn ask(server: SocketAddr, megabytes: usize) -> (String, String) {
    let mut connection = TcpStream::connect(server).unwrap();
    let request = format!("GET /search?{megabytes} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    (head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned())
}

fn peak(body: &str) -> u64 {
    body.rsplit(' ').next().and_then(|peak| peak.parse().ok()).expect("a peak")
}

#[test]
fn a_query_beyond_the_limit_is_refused_and_the_others_are_served() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let server = listener.local_addr().unwrap();
    runtime.spawn(async { axum::serve(listener, Router::new().route("/search", get(answer))).await });
    let clients: Vec<_> = (0..4)
        .map(|client| {
            thread::spawn(move || {
                for turn in 0..3 {
                    let large = (client + turn) % 2 == 0;
                    let (status, body) = ask(server, if large { 500 } else { 5 });
                    let peak = peak(&body);
                    if large {
                        assert_eq!(status, "413", "{body}");
                        // Each of the two threads may be one block and 64 KB late.
                        assert!((LIMIT..LIMIT + (4 << 20)).contains(&peak), "{body}");
                    } else {
                        assert_eq!(status, "200", "{body}");
                        assert!((10 << 20..(10 << 20) + (1 << 18)).contains(&peak), "{body}");
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}
