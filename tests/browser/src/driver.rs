//! WebDriver: commands of a browser as JSON, one HTTP request each.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// One chromedriver and its one session.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts a browser without a window.
    pub(crate) fn start() -> Self {
        // Another program may have taken the port that it has chosen.
        let (process, port) = (0..3).find_map(|_| start_driver()).expect("chromedriver says its port");
        let mut driver = Self { process, port, session: String::new() };
        let options = json!({
            "goog:chromeOptions": { "args": ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"] },
            // Console, and all requests.
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let answer = driver.send("POST", "/session", &json!({ "capabilities": { "alwaysMatch": options } }));
        driver.session = answer["sessionId"].as_str().expect("a session has an id").to_owned();
        driver
    }

    /// A command of the session.
    pub(crate) fn command(&self, path: &str, body: &Value) -> Value {
        self.send("POST", &format!("/session/{}/{path}", self.session), body)
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", &format!("/session/{}/{path}", self.session), &Value::Null)
    }

    /// A command of the DevTools.
    pub(crate) fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.request(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let value = answer["value"].clone();
        assert!(value["error"].is_null(), "{path} {body:.300}: {}: {}", value["error"], value["message"]);
        value
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
            Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while answer.read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            line.clear();
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Ends the browser, also after a failed test.
        let _ = self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// chromedriver and its port.
fn start_driver() -> Option<(Child, u16)> {
    let mut process = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts: install chromium-driver");
    let port = port_of(&mut process);
    if port.is_none() {
        let _ = process.kill();
        let _ = process.wait();
    }
    Some((process, port?))
}

/// The port that chromedriver has chosen: "ChromeDriver was started successfully on port 38247."
fn port_of(process: &mut Child) -> Option<u16> {
    let output = process.stdout.take().expect("the output is piped");
    let mut lines = BufReader::new(output).lines();
    let found = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // chromedriver must not meet a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    found
}
