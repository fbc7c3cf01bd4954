//! memprof in a service of hyper: its answers are beneath `/memprof`, such as `/memprof/metrics`.
//!
//! Needs the feature `serve` of memprof, `http1` and `server` of hyper, `tokio` of hyper-util, and http-body-util.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, http, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use memprof::serve;

/// Answers a request. A reverse proxy that changes `Host` needs a `serve_token`.
async fn memprof_answer(request: Request<Incoming>, path: String) -> http::Result<Response<Full<Bytes>>> {
    let (head, _) = request.into_parts();
    let is_heavy = serve::is_heavy(&path);
    let respond = move || {
        let headers = head.headers.iter();
        let headers: Vec<_> = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        serve::respond(head.method.as_str(), &path, head.uri.query().unwrap_or_default(), &headers)
    };
    let answer = if is_heavy { tokio::task::spawn_blocking(respond).await } else { Ok(respond()) };
    let Ok(answer) = answer else { return Response::builder().status(500).body(Full::default()) };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Full::from(answer.body))
}

/// The service.
async fn answer(request: Request<Incoming>) -> http::Result<Response<Full<Bytes>>> {
    match request.uri().path().strip_prefix("/memprof").map(str::to_owned) {
        Some(path) if path.starts_with('/') => memprof_answer(request, path).await,
        _ => Ok(Response::new(Full::from("hello"))),
    }
}

#[memprof::main]
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut connection = http1::Builder::new();
            connection.timer(TokioTimer::new());
            let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}
