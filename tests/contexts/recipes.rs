//! The recipes of `memprof/docs/recipes.md`, judged by their figures.

use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Router, routing::post};
use memprof::{Context, track, track_memory};
use memprof_tests::{Profile, function};
use rayon::prelude::*;
use std::io::{Read, Write};
use std::net::TcpStream;

const ITEMS: u64 = 1000;

#[track_memory]
fn folded() -> u64 {
    let here = Context::current();
    let add = |mut all: Vec<Box<u64>>, number: u64| {
        all.push(Box::new(number));
        all
    };
    let merge = |mut left: Vec<Box<u64>>, right: Vec<Box<u64>>| {
        left.extend(right);
        left
    };
    let numbers = (0..ITEMS).into_par_iter();
    let all = numbers.fold(Vec::new, here.wrap_fn2(add)).reduce(Vec::new, here.wrap_fn2(merge));
    all.iter().map(|number| **number).sum()
}

#[track_memory]
fn mapped() -> u64 {
    let here = Context::current();
    (0..ITEMS).into_par_iter().map(here.wrap_fn(|number| *Box::new(std::hint::black_box(number)))).sum()
}

#[test]
fn closures_of_a_pool_belong_to_the_function_that_gave_them_away() {
    let profile = Profile::start();
    // The first job makes the pool's threads.
    rayon::join(|| (), || ());
    assert_eq!((folded(), mapped()), (ITEMS * (ITEMS - 1) / 2, ITEMS * (ITEMS - 1) / 2));
    let report = profile.report();
    for name in ["contexts::recipes::folded", "contexts::recipes::mapped"] {
        let row = function(&report, name);
        assert_eq!(row.calls, 1, "{name}: the context is no call");
        assert!(row.self_allocated_bytes >= 8 * ITEMS, "{row:?}");
    }
}

async fn measured(request: Request, next: Next) -> Response {
    track("request", next.run(request)).await
}

#[track_memory]
async fn length(body: String) -> String {
    body.len().to_string()
}

const BODY: usize = 100_000;

#[test]
fn a_middleware_sees_what_extractors_allocate() {
    let profile = Profile::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let app = Router::new().route("/", post(length)).layer(middleware::from_fn(measured));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let server = listener.local_addr().unwrap();
    runtime.spawn(async { axum::serve(listener, app).await });
    let mut connection = TcpStream::connect(server).unwrap();
    let head = format!("POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: {BODY}\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&vec![b'x'; BODY]).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n100000"), "{answer}");
    drop(runtime);
    let report = profile.report();
    let (request, handler) = (function(&report, "request"), function(&report, "contexts::recipes::length"));
    assert_eq!((request.calls, handler.calls), (1, 1));
    assert!(request.allocated_bytes >= BODY as u64, "{request:?}");
    assert!(handler.allocated_bytes < 100, "{handler:?}");
}
