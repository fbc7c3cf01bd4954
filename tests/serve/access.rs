//! Who is answered.

use crate::client::{Server, program};

const TOKEN: &str = "0123456789abcdef";

#[test]
fn every_path_answers_and_others_do_not() {
    let server = Server::start(program());
    for (target, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8"),
        ("/report.json", "application/json"),
        ("/report.html", "text/html; charset=utf-8"),
        ("/debug/pprof/", "text/html; charset=utf-8"),
        ("/debug/pprof/heap", "application/octet-stream"),
        ("/debug/pprof/heap?gc=1", "application/octet-stream"),
        ("/debug/pprof/allocs", "application/octet-stream"),
        ("/debug/pprof/allocs?debug=1", "text/plain; charset=utf-8"),
        ("/debug/pprof/cmdline", "text/plain; charset=utf-8"),
    ] {
        let answer = server.get(target);
        assert_eq!((answer.status, answer.header("Content-Type")), (200, Some(kind)), "{target}");
        assert_eq!(answer.header("Content-Length"), Some(answer.body.len().to_string().as_str()), "{target}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{target}");
        assert!(!answer.body.is_empty(), "{target}");
        let head = server.send(format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert_eq!((head.status, head.body.len()), (200, 0), "{target}");
    }
    let links = |target: &str| server.get(target).text().matches("href=\"../../").count();
    assert_eq!((links("/debug/pprof/"), links("/")), (7, 0));
    for target in ["/metrics/", "/x", "//", "/report", "/debug/pprof/goroutine", "/%2e%2e/etc/passwd"] {
        assert_eq!(server.get(target).status, 404, "{target}");
    }
    for seconds in ["0", "-1", "x", "601", ""] {
        assert_eq!(server.get(&format!("/debug/pprof/heap?seconds={seconds}")).status, 400, "{seconds}");
    }
    let ended = server.end();
    ended.expect_report();
}

#[test]
fn the_report_over_http_is_a_report() {
    let server = Server::start(program());
    let report = memprof::Report::from_json(&server.get("/report.json").text()).unwrap();
    memprof_tests::assert_rows_add_up(&report);
    assert!(!report.program.is_final);
    assert!(report.functions.iter().any(|function| function.name == "serves::grow"));
    let page = server.get("/report.html").text();
    assert!(page.starts_with("<!doctype html>") && page.contains("serves::grow"));
    server.end();
}

#[test]
fn the_live_page_has_no_figures_and_asks_its_own_server() {
    assert!(!memprof::serve::is_heavy("/"));
    let server = Server::start(program());
    let page = server.get("/").text();
    assert!(page.starts_with("<!doctype html>") && page.contains("connect-src 'self'"));
    assert!(page.contains("report.json?names=0") && !page.contains("serves::grow"));
    server.end();
}

#[test]
fn without_the_names_of_stacks_the_figures_are_the_same() {
    let server = Server::start(program().arg("idle").env("MEMPROF_BACKTRACES", "true"));
    let read = |path: &str| memprof::Report::from_json(&server.get(path).text()).unwrap();
    let (named, plain) = (read("/report.json"), read("/report.json?names=0"));
    assert_eq!(plain.totals, named.totals);
    assert_eq!(plain.functions, named.functions);
    let has_names = |report: &memprof::Report| {
        report.live.groups.iter().flat_map(|group| &group.stack).any(|frame| frame.function.is_some())
    };
    assert!(has_names(&named), "{:?}", named.live.groups);
    assert!(!has_names(&plain), "{:?}", plain.live.groups);
    server.end();
}

#[test]
fn names_that_are_not_of_this_machine_are_refused() {
    let server = Server::start(program());
    for host in ["attacker.example", "attacker.example:6070", "10.0.0.1", "localhost.attacker.example", ""] {
        let answer = server.get_with("/report.json", &format!("Host: {host}\r\n"));
        assert_eq!(answer.status, 403, "{host}");
    }
    assert_eq!(server.get_with("/report.json", "").status, 403);
    for host in ["localhost", "LocalHost:1", "127.0.0.1:80", "[::1]:80"] {
        assert_eq!(server.get_with("/debug/pprof/cmdline", &format!("Host: {host}\r\n")).status, 200, "{host}");
    }
    server.end();
}

#[test]
fn arguments_are_shown_as_configured() {
    let server = Server::start(program().arg("--password=x"));
    assert_eq!(server.get("/debug/pprof/cmdline").text(), "serves\0--password=x");
    server.end();
    let server = Server::start(program().arg("--password=x").env("MEMPROF_PROGRAM_ARGS", "0"));
    assert_eq!(server.get("/debug/pprof/cmdline").text(), "serves");
    for target in ["/report.json", "/report.html", "/metrics"] {
        assert!(!server.get(target).text().contains("password"), "{target}");
    }
    server.end();
}

#[test]
fn a_token_opens_every_address_and_is_in_no_answer() {
    let program = program().env("MEMPROF_SERVE_ADDRESS", "0.0.0.0:0").env("MEMPROF_SERVE_TOKEN", TOKEN);
    let mut server = Server::start(program);
    server.address.set_ip([127, 0, 0, 1].into());
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(server.get_with("/metrics", "Authorization: Bearer 0123456789abcdeF\r\n").status, 401);
    let bearer = format!("Host: pod.example\r\nAuthorization: Bearer {TOKEN}\r\n");
    for target in ["/", "/metrics", "/report.json", "/report.html", "/debug/pprof/cmdline", "/debug/pprof/heap?debug=1"]
    {
        let answer = server.get_with(target, &bearer);
        assert_eq!(answer.status, 200, "{target}");
        assert!(!answer.text().contains(TOKEN), "{target}");
    }
    let moved = server.get(&format!("/?token={TOKEN}"));
    assert_eq!((moved.status, moved.header("Location")), (303, Some("?")));
    let cookie = moved.header("Set-Cookie").unwrap().split(';').next().unwrap();
    assert_eq!(server.get_with("/metrics", &format!("Cookie: {cookie}\r\n")).status, 200);
    let ended = server.end();
    let report = std::fs::read_to_string(ended.work("data/logs/memory_allocations.json")).unwrap();
    assert!(report.contains("\"serve_token\": \"set\"") && !report.contains(TOKEN));
}
