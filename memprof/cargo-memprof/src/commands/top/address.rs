//! Addresses of programs.

use std::fmt::{self, Display};

/// Port without one in an address.
const PORT: u16 = 6070;

/// The way to the answers of a program, and the token that its address had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `HOST:PORT`.
    authority: String,
    /// Path of the page, from `/` to `/`.
    root: String,
    pub(super) token: Option<String>,
}

impl Address {
    /// Reads `HOST:PORT`, `:PORT`, `HOST`, `PORT` or `http://HOST:PORT/PATH/`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (has_scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (true, rest),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err("https is not supported: name the address behind the TLS proxy, over `ssh -L 6070:localhost:6070 HOST` if it is on another machine".into());
            }
            Some(_) => return Err("only http:// addresses are supported".into()),
            None => (false, text),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority, if has_scheme { 80 } else { PORT })?;
        let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        let token = token.filter(|token| !token.is_empty()).map(ToOwned::to_owned);
        Ok(Self { authority: format!("{host}:{port}"), root: root(path)?, token })
    }

    /// URL of the figures of the moment.
    pub(super) fn figures(&self) -> String {
        format!("http://{}{}report.json?names=0", self.authority, self.root)
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority)?;
        if self.root == "/" { Ok(()) } else { f.write_str(&self.root) }
    }
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), String> {
    if authority.contains('@') {
        return Err("a user name and a password are not supported: use --token".into());
    }
    // `6070`, but not the `10` that might be the beginning of an address.
    if let Ok(port @ 1..) = authority.parse::<u16>() {
        return Ok(("127.0.0.1".into(), port));
    }
    let (host, port) = match authority.rsplit_once(':') {
        // `::1`, without brackets.
        _ if authority.parse::<std::net::Ipv6Addr>().is_ok() => return Ok((format!("[{authority}]"), default)),
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().ok().filter(|port| *port > 0);
            (host, port.ok_or("the port must be a number from 1 to 65535")?)
        }
        _ => (authority, default),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = host.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'));
    if is_address || is_name { Ok((host.to_owned(), port)) } else { Err("the host is not valid".into()) }
}

/// The folder of the page. The address may be that of the page, or of a report.
fn root(path: &str) -> Result<String, String> {
    if !path.chars().all(|letter| letter.is_ascii_graphic()) {
        return Err("the path is not valid".into());
    }
    let path =
        ["report.json", "report.html", "metrics"].iter().find_map(|file| path.strip_suffix(file)).unwrap_or(path);
    let path = path.trim_matches('/');
    Ok(if path.is_empty() { "/".into() } else { format!("/{path}/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(text: &str) -> String {
        Address::parse(text).unwrap().figures()
    }

    #[test]
    fn an_address_has_a_host_a_port_and_a_path() {
        let cases = [
            ("127.0.0.1:6070", "http://127.0.0.1:6070/report.json?names=0"),
            (":7000", "http://127.0.0.1:7000/report.json?names=0"),
            ("7000", "http://127.0.0.1:7000/report.json?names=0"),
            ("localhost:7000", "http://localhost:7000/report.json?names=0"),
            ("web-07", "http://web-07:6070/report.json?names=0"),
            ("::1", "http://[::1]:6070/report.json?names=0"),
            ("[::1]", "http://[::1]:6070/report.json?names=0"),
            ("[::1]:7000", "http://[::1]:7000/report.json?names=0"),
            ("http://web-07:7000", "http://web-07:7000/report.json?names=0"),
            ("HTTP://web-07", "http://web-07:80/report.json?names=0"),
            ("http://web-07:7000/debug/memory", "http://web-07:7000/debug/memory/report.json?names=0"),
            ("http://web-07:7000/debug/memory/", "http://web-07:7000/debug/memory/report.json?names=0"),
            ("http://web-07:7000/report.html#groups", "http://web-07:7000/report.json?names=0"),
            (" web-07:7000/a/report.json ", "http://web-07:7000/a/report.json?names=0"),
        ];
        for (text, url) in cases {
            assert_eq!(figures(text), url, "{text}");
        }
    }

    #[test]
    fn the_address_of_the_page_has_its_token() {
        let address = Address::parse("http://web-07:7000/?token=0123456789abcdef").unwrap();
        assert_eq!(address.token.as_deref(), Some("0123456789abcdef"));
        assert_eq!(address.to_string(), "web-07:7000");
        assert_eq!(Address::parse("http://web-07:7000/?token=").unwrap().token, None);
    }

    #[test]
    fn other_addresses_are_refused() {
        let cases = [
            ("https://web-07", "https"),
            ("ftp://web-07", "only http://"),
            ("unix:///run/memprof", "only http://"),
            ("web-07:0", "the port"),
            ("web-07:99999", "the port"),
            ("web-07:", "the port"),
            ("user:secret@web-07:1", "--token"),
            ("we b", "the host"),
            ("[::zz]:1", "the host"),
            ("größe", "the host"),
            ("a\r\nHost", "the host"),
            ("a\r\nHost: b", "the port"),
            ("web-07/a b", "the path"),
        ];
        for (text, reason) in cases {
            let error = Address::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
