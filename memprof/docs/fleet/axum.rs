//! memprof in a service of axum: its answers are beneath `/memprof`, such as `/memprof/metrics`.
//!
//! Needs the feature `serve` of memprof, and `http1` and `tokio` of axum.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::{Router, routing::get};
use memprof::serve;

/// Answers a request. A reverse proxy that changes `Host` needs a `serve_token`.
async fn answer(request: Request) -> Result<Response<Body>, StatusCode> {
    let (head, _) = request.into_parts();
    // `nest_service` has removed the mount point from the path.
    let is_heavy = serve::is_heavy(head.uri.path());
    let respond = move || {
        let headers = head.headers.iter();
        let headers: Vec<_> = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        serve::respond(head.method.as_str(), head.uri.path(), head.uri.query().unwrap_or_default(), &headers)
    };
    let answer = if is_heavy {
        tokio::task::spawn_blocking(respond).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
    } else {
        respond()
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body.into()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The service.
fn routes() -> Router {
    let own = Router::new().route("/", get(|| async { "hello" }));
    own.nest_service("/memprof", Router::new().fallback(answer))
}

#[memprof::main]
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, routes()).await
}
