//! Two typical programs, a web service and an index that is built in parallel: with one worker and with two, each
//! function has the same figures to the byte.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use memprof::{Context, track_memory};
use memprof_tests::{Flow, Profile, assert_stats_agree, function, own, paths, total};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Which documents have a word.
type Index = BTreeMap<String, Vec<usize>>;

/// Every document has other words, and as many as it likes.
#[track_memory(name = "index: documents")]
fn documents(number: usize) -> Vec<String> {
    let words = |document: usize| (0..document % 37 + 5).map(move |word| format!("w{} ", document * word % 501));
    (0..number).map(|document| words(document).collect()).collect()
}

#[track_memory(name = "index: words")]
fn words(document: &str) -> Vec<String> {
    document.split_whitespace().map(str::to_uppercase).collect()
}

#[track_memory(name = "index: part")]
fn part(first: usize, documents: &[String]) -> Index {
    let mut index = Index::new();
    for (number, document) in documents.iter().enumerate() {
        for word in words(document) {
            index.entry(word).or_default().push(first + number);
        }
    }
    index
}

#[track_memory(name = "index: merge")]
fn merge(parts: Vec<Index>) -> Index {
    let mut whole = Index::new();
    for part in parts {
        for (word, documents) in part {
            whole.entry(word).or_default().extend(documents);
        }
    }
    whole
}

const PART: usize = 32;

#[track_memory(name = "index: build")]
fn build(documents: &[String]) -> Index {
    let here = Context::current();
    let part = here.wrap_fn(|(number, documents)| part(number * PART, documents));
    let parts = documents.par_chunks(PART).enumerate().map(part).collect();
    merge(parts)
}

const INDEX: [&str; 5] = ["index: documents", "index: words", "index: part", "index: merge", "index: build"];

/// Self figures and number of calls of each of these functions.
fn figures<const N: usize>(profile: &Profile, names: [&str; N]) -> [(Flow, Flow, u64); N] {
    let report = profile.report();
    names.map(|name| match report.functions.iter().any(|row| row.name == name) {
        false => Default::default(),
        true => {
            let row = function(&report, name);
            assert_eq!(row.active, 0, "{name}");
            (own(row), total(row), row.calls)
        }
    })
}

fn since<const N: usize>(before: [(Flow, Flow, u64); N], after: [(Flow, Flow, u64); N]) -> [(Flow, Flow, u64); N] {
    let minus = |a: Flow, b: Flow| {
        let allocated = (a.allocated - b.allocated, a.allocations - b.allocations);
        Flow::new(allocated, (a.freed - b.freed, a.frees - b.frees))
    };
    std::array::from_fn(|index| {
        let (a, b) = (after[index], before[index]);
        (minus(a.0, b.0), minus(a.1, b.1), a.2 - b.2)
    })
}

#[test]
fn an_index_built_in_parallel() {
    let profile = Profile::start();
    let built = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let build = || {
            let documents = documents(2000);
            // On a worker, so that what hands the work over to the pool is not in it.
            let index = pool.install(|| build(&documents));
            assert!(index.len() > 400);
        };
        // What rayon's threads make for themselves when they first take work is made.
        (0..3).for_each(|_| build());
        let before = figures(&profile, INDEX);
        build();
        let after = figures(&profile, INDEX);
        drop(pool);
        assert_stats_agree();
        since(before, after)
    });
    for (name, (one, two)) in INDEX.iter().zip(built[0].iter().zip(&built[1])) {
        println!("{name}: {one:?}");
        assert_eq!(one, two, "{name}");
    }
    let report = profile.report();
    // All is beneath the function that gave the work away.
    let below = paths(&report, "index: words");
    assert_eq!(below.keys().collect::<Vec<_>>(), ["index: build → index: part → index: words"]);
    let [_, words, part, merge, build] = built[1];
    assert_eq!(build.1, words.0 + part.0 + merge.0 + build.0);
}

#[track_memory(name = "service: search")]
async fn search(State(index): State<Arc<Index>>, RawQuery(query): RawQuery) -> String {
    let query = query.unwrap_or_default();
    let mut found = Vec::new();
    for word in query.split('+') {
        found.extend(lookup(&index, word).await);
        tokio::task::consume_budget().await;
    }
    found.sort();
    found.dedup();
    render(&found)
}

#[track_memory(name = "service: lookup")]
async fn lookup(index: &Index, word: &str) -> Vec<usize> {
    let word = word.to_uppercase();
    memprof_tests::pause().await;
    index.get(&word).cloned().unwrap_or_default()
}

#[track_memory(name = "service: render")]
fn render(found: &[usize]) -> String {
    found.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

const SERVICE: [&str; 3] = ["service: search", "service: lookup", "service: render"];
const CLIENTS: usize = 4;
const REQUESTS: usize = 50;

/// One connection for all its requests; how many bytes were answered.
fn client(server: SocketAddr, number: usize) -> usize {
    let mut connection = TcpStream::connect(server).unwrap();
    let mut answered = 0;
    for request in 0..REQUESTS {
        let (one, two) = (number * 7 + request, request * 3);
        let line = format!("GET /search?w{one}+w{two}+none HTTP/1.1\r\nhost: localhost\r\n\r\n");
        connection.write_all(line.as_bytes()).unwrap();
        answered += answer(&mut connection);
    }
    answered
}

/// Reads one answer; the length of its body.
fn answer(connection: &mut TcpStream) -> usize {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let bytes = connection.read(&mut buffer).unwrap();
        assert!(bytes > 0, "the connection was closed");
        read.extend_from_slice(&buffer[..bytes]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return body.len();
        }
    }
}

#[test]
fn a_web_service() {
    let profile = Profile::start();
    let postings = |word: usize| (word..word + word % 50).collect();
    let index: Arc<Index> = Arc::new((0..500).map(|word| (format!("W{word}"), postings(word))).collect());
    let served = [1, 2].map(|workers| {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
        let service = Router::new().route("/search", get(search)).with_state(Arc::clone(&index));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let server = listener.local_addr().unwrap();
        runtime.spawn(async { axum::serve(listener, service).await });
        let before = figures(&profile, SERVICE);
        let clients: Vec<_> = (0..CLIENTS).map(|number| thread::spawn(move || client(server, number))).collect();
        let answered: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
        drop(runtime);
        assert_stats_agree();
        (since(before, figures(&profile, SERVICE)), answered)
    });
    let [(one, answered), (two, answered_by_two)] = served;
    assert!(answered > 10_000 && answered == answered_by_two);
    for (name, (one, two)) in SERVICE.iter().zip(one.iter().zip(&two)) {
        println!("{name}: {one:?}");
        assert_eq!(one, two, "{name}");
    }
    let requests = (CLIENTS * REQUESTS) as u64;
    assert_eq!(one.map(|row| row.2), [requests, 3 * requests, requests]);
    assert_eq!(one[0].1, one[0].0 + one[1].0 + one[2].0);
    assert!(one[2].0.allocated - one[2].0.freed >= answered as u64);
}
