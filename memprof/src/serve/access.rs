//! The right to read the figures: method, host and token.

use super::response::Response;
use crate::config::Config;
use crate::os::process::fork_lock::ForkLock;
use std::hint::black_box;
use std::net::IpAddr;

/// Name of the cookie that holds the token.
const COOKIE: &str = "memprof_token";

static ACCESS: ForkLock<Access> = ForkLock::new();

/// Settings of the profile that decide on answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    /// Secret that requests must present; empty: none.
    token: String,
    /// True if the program's arguments may be shown.
    pub(super) has_arguments: bool,
}

impl Access {
    pub(super) fn of(config: &Config) -> Self {
        Self { token: config.serve.serve_token.clone(), has_arguments: config.reporting.program_args }
    }
}

pub(super) fn set(access: Access) {
    ACCESS.lock().put(access);
}

pub(super) fn get() -> Access {
    ACCESS.lock().get().cloned().unwrap_or_default()
}

/// A refusal, or the answer that sets the cookie. `None`: the request may be answered.
pub(super) fn check(
    access: &Access,
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
) -> Option<Response> {
    if !matches!(method, "GET" | "HEAD") {
        return Some(Response::refusal(405, "only GET and HEAD are answered").with("Allow", "GET, HEAD".to_owned()));
    }
    let value =
        |name: &str| headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    if access.token.is_empty() {
        let host = value("Host").unwrap_or_default();
        return (!is_local(host)).then(|| {
            Response::refusal(403, "this host is not localhost; set serve_token to answer under other names")
        });
    }
    if path == "/"
        && let Some(token) = parameter(query, "token")
    {
        if !is_same(&percent_decoded(token), access.token.as_bytes()) {
            return Some(denied());
        }
        let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", access.token);
        // The same page without the token, under whichever path the program has mounted it.
        let moved = Response::refusal(303, "the token is now in a cookie").with("Location", "?".to_owned());
        return Some(moved.with("Set-Cookie", cookie));
    }
    let bearer = value("Authorization").and_then(bearer);
    let cookies = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Cookie"));
    let cookies = cookies.flat_map(|(_, value)| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let tokens = cookies.filter(|(name, _)| *name == COOKIE).map(|(_, token)| token).chain(bearer);
    let is_known = tokens.fold(false, |is_known, token| is_known | is_same(token.as_bytes(), access.token.as_bytes()));
    (!is_known).then(denied)
}

fn denied() -> Response {
    Response::refusal(
        401,
        "the token is missing or wrong: send `Authorization: Bearer TOKEN`, or open /?token=TOKEN once",
    )
    .with("WWW-Authenticate", "Bearer realm=\"memprof\"".to_owned())
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Compares a text with the secret in a time that depends on the secret's length alone.
fn is_same(text: &[u8], secret: &[u8]) -> bool {
    let mut difference = usize::from(text.len() != secret.len());
    for (place, byte) in secret.iter().enumerate() {
        let other = text.get(place).copied().unwrap_or_default();
        difference = black_box(difference | usize::from(byte ^ other));
    }
    difference == 0
}

/// The bytes of a parameter, in which a client may have written any as `%` and two digits.
fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |place: usize| char::from(*text.as_bytes().get(place)?).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut place = 0;
    while let Some(&byte) = text.as_bytes().get(place) {
        let escape = (byte == b'%').then(|| Some(16 * digit(place + 1)? + digit(place + 2)?)).flatten();
        place += if escape.is_some() { 3 } else { 1 };
        bytes.push(escape.and_then(|code| u8::try_from(code).ok()).unwrap_or(byte));
    }
    bytes
}

/// True for a host, with or without a port, that no name server can point elsewhere.
fn is_local(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or((host, ""), |(name, port)| (name, port)),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    let is_loopback = name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    has_port && (name.eq_ignore_ascii_case("localhost") || is_loopback)
}

/// Value of a parameter of the query.
pub(super) fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-token-of-sixteen";

    fn status(token: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        let access = Access { token: token.to_owned(), has_arguments: false };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        check(&access, method, path, query, headers).map_or(200, |refusal| refusal.status)
    }

    #[test]
    fn only_loopback_hosts_are_answered_without_a_token() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:6070", "[::1]", "[::1]:1", "[::1]:65535"] {
            assert_eq!(status("", "GET", "/metrics", &[("hOST", host)]), 200, "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "localhost:",
            "localhost:x",
            "127.0.0.1.example.com",
            "[::1",
            "::1",
            "10.0.0.1",
            "0.0.0.0",
            "localhost:80:80",
            "[::1]x",
            "localhost:123456",
            "127.1",
            "0x7f.1",
        ] {
            assert_eq!(status("", "GET", "/metrics", &[("Host", host)]), 403, "{host}");
        }
        assert_eq!(status("", "GET", "/metrics", &[]), 403);
    }

    #[test]
    fn other_methods_are_refused() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "", "TRACE", "CONNECT"] {
            assert_eq!(status("", method, "/", &[("Host", "localhost")]), 405, "{method}");
        }
        assert_eq!(status("", "HEAD", "/", &[("Host", "localhost")]), 200);
    }

    #[test]
    fn a_token_is_asked_for_under_every_name() {
        let with = |headers: &[(&str, &str)]| status(TOKEN, "GET", "/metrics", headers);
        assert_eq!(with(&[("Host", "localhost")]), 401);
        assert_eq!(with(&[("Authorization", "Bearer a-token-of-sixteen"), ("Host", "example.com")]), 200);
        assert_eq!(with(&[("authorization", "bearer   a-token-of-sixteen ")]), 200);
        assert_eq!(with(&[("Cookie", "a=b; memprof_token=a-token-of-sixteen")]), 200);
        for wrong in
            ["", "Bearer", "Bearer a-token-of-sixtee", "Bearer a-token-of-sixteenn", "Basic a-token-of-sixteen"]
        {
            assert_eq!(with(&[("Authorization", wrong)]), 401, "{wrong}");
        }
        assert_eq!(with(&[("Cookie", "memprof_token=")]), 401);
        assert_eq!(status(TOKEN, "GET", "/metrics?token=a-token-of-sixteen", &[]), 401, "only `/` takes it");
        assert_eq!(status(TOKEN, "GET", "/?token=wrong", &[]), 401);
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let access = Access { token: TOKEN.to_owned(), has_arguments: false };
        let moved = check(&access, "GET", "/", "x=1&token=a-token-of-sixteen", &[]).expect("an answer");
        let header =
            |name: &str| moved.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
        assert_eq!((moved.status, header("Location")), (303, Some("?")));
        let cookie = "memprof_token=a-token-of-sixteen; HttpOnly; SameSite=Strict; Path=/";
        assert_eq!(header("Set-Cookie"), Some(cookie));
    }

    #[test]
    fn a_token_may_be_written_with_escapes() {
        let token = "a-token+of/sixteen=~";
        for (text, expected) in [
            ("a-token+of/sixteen=~", 303),
            ("a-token%2Bof%2fsixteen%3D%7E", 303),
            ("%61-token%2Bof%2Fsixteen%3D~", 303),
            ("a-token%2Bof%2Fsixteen%3D%7", 401),
            ("a-token%2Bof%2Fsixteen%3D%", 401),
            ("a-token%2Bof%2Fsixteen%3D%é", 401),
            ("a-token%2Bof%2Fsixteen%3D%+E", 401),
            ("a-token%252Bof%2Fsixteen%3D~", 401),
        ] {
            assert_eq!(status(token, "GET", &format!("/?token={text}"), &[]), expected, "{text}");
        }
        assert_eq!(percent_decoded("%00%zz%"), b"\0%zz%");
    }
}
