//! A report in a browser.

use crate::driver::Driver;
use memprof::{Format, Report, compare};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The most elements that a page may ever have.
pub const MOST_ELEMENTS: u64 = 2_000;

/// Name of the file of a report.
const FILE: &str = "memory_report.html";

/// A page that is open. At its end it must not have written to the console or asked for anything but its file.
pub struct Page {
    driver: Driver,
    folder: TempDir,
    /// Beginning of all addresses that it may ask for.
    own: String,
}

impl Page {
    /// Opens the page of a report, at 1400 × 900 pixels.
    pub fn open(report: &Report) -> Self {
        Self::open_at(report, "")
    }

    /// Opens it with a fragment.
    pub fn open_at(report: &Report, fragment: &str) -> Self {
        Self::show(&report.to_format(Format::Html), fragment)
    }

    /// Opens the page of a comparison.
    pub fn compare((old, new): &(Report, Report)) -> Self {
        Self::show(&compare::diff(old, new).to_html(), "")
    }

    /// Opens the page of a server, which may ask it for more.
    pub fn at(url: &str) -> Self {
        let page = Self::new(Some(url));
        page.go_to("");
        page
    }

    fn show(file: &[u8], fragment: &str) -> Self {
        let page = Self::new(None);
        fs::write(page.file(), file).expect("the page is written");
        page.go_to(fragment);
        page
    }

    /// A browser for an address, or for the file.
    fn new(url: Option<&str>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let own = url.map_or_else(|| format!("file://{}", folder.path().join(FILE).display()), str::to_owned);
        let page = Self { driver: Driver::start(), folder, own };
        page.size(1400, 900);
        page
    }

    /// File of the page.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// Opens the page again, with a fragment.
    pub fn go_to(&self, fragment: &str) {
        self.driver.command("url", &json!({ "url": "about:blank" }));
        self.driver.command("url", &json!({ "url": format!("{}{fragment}", self.own) }));
        self.settle();
    }

    /// Waits until all is drawn.
    pub fn settle(&self) {
        let script = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done())), 180);";
        self.driver.command("execute/async", &json!({ "script": script, "args": [] }));
    }

    /// Size of the window.
    pub fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Emulates a medium (`screen` or `print`) and the system's colours (`light` or `dark`).
    pub fn media(&self, medium: &str, colours: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": colours }]);
        self.driver.devtools("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
    }

    /// Runs a script: the body of a function.
    pub fn run(&self, script: &str) -> Value {
        self.driver.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script that returns a number.
    pub fn number(&self, script: &str) -> f64 {
        let value = self.run(script);
        value.as_f64().unwrap_or_else(|| panic!("{script}: {value}"))
    }

    /// Runs a script that returns a text.
    pub fn string(&self, script: &str) -> String {
        let value = self.run(script);
        value.as_str().unwrap_or_else(|| panic!("{script}: {value}")).to_owned()
    }

    /// Number of the elements that a selector finds.
    pub fn count(&self, selector: &str) -> usize {
        self.number(&format!("return document.querySelectorAll({}).length", json!(selector))) as usize
    }

    /// Text of the first element that a selector finds.
    pub fn text(&self, selector: &str) -> String {
        self.string(&format!("return document.querySelector({}).textContent", json!(selector)))
    }

    /// Clicks on the first element that a selector finds, as a mouse does: it must be visible and on top.
    pub fn click(&self, selector: &str) {
        self.run(&format!(
            "document.querySelector({}).scrollIntoView({{block: 'center', behavior: 'instant'}})",
            json!(selector)
        ));
        self.settle();
        let element = self.driver.command("element", &json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        self.driver.command(&format!("element/{}/click", id.expect("an element")), &json!({}));
        self.settle();
    }

    /// Clicks on the first of the elements whose text begins with another one.
    pub fn click_text(&self, selector: &str, text: &str) {
        self.run(&format!(
            "document.querySelectorAll('[data-wanted]').forEach((old) => old.removeAttribute('data-wanted'));
            const found = [...document.querySelectorAll({})].find((one) => one.textContent.startsWith({}));
            found.setAttribute('data-wanted', '');",
            json!(selector),
            json!(text)
        ));
        self.click("[data-wanted]");
    }

    /// Chooses an entry of a list.
    pub fn choose(&self, selector: &str, value: &str) {
        self.run(&format!(
            "const list = document.querySelector({}); list.value = {}; list.dispatchEvent(new Event('change'));",
            json!(selector),
            json!(value)
        ));
        self.settle();
    }

    /// Presses keys, one after the other, wherever the focus is. Names such as `Enter` are keys; others are typed.
    pub fn press(&self, keys: &[&str]) {
        let key = |name: &&str| match *name {
            "Tab" => "\u{e004}".to_owned(),
            "Enter" => "\u{e007}".to_owned(),
            "Escape" => "\u{e00c}".to_owned(),
            "End" => "\u{e010}".to_owned(),
            "Home" => "\u{e011}".to_owned(),
            "ArrowLeft" => "\u{e012}".to_owned(),
            "ArrowUp" => "\u{e013}".to_owned(),
            "ArrowRight" => "\u{e014}".to_owned(),
            "ArrowDown" => "\u{e015}".to_owned(),
            "Backspace" => "\u{e003}".to_owned(),
            other => other.to_owned(),
        };
        let strokes = keys.iter().map(key).flat_map(|text| text.chars().map(String::from).collect::<Vec<_>>());
        let actions: Vec<Value> = strokes
            .flat_map(|value| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": value })))
            .collect();
        self.driver
            .command("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
        self.settle();
    }

    /// Moves the mouse to a point of the window.
    pub fn move_to(&self, x: f64, y: f64) {
        let moved = json!({ "type": "pointerMove", "x": x as i64, "y": y as i64, "duration": 0 });
        self.driver.command(
            "actions",
            &json!({ "actions": [{ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": [moved] }] }),
        );
        self.settle();
    }

    pub fn back(&self) {
        self.driver.command("back", &json!({}));
        self.settle();
    }

    /// Value of a key in the fragment; empty without it.
    pub fn fragment(&self, key: &str) -> String {
        self.string(&format!("return new URLSearchParams(location.hash.slice(1)).get({}) ?? ''", json!(key)))
    }

    /// Fails if the page has too many elements.
    #[track_caller]
    pub fn check_elements(&self) -> u64 {
        let number = self.number("return document.querySelectorAll('*').length") as u64;
        assert!(number <= MOST_ELEMENTS, "{number} elements");
        number
    }

    /// Leaves a picture where a person can look at it.
    pub fn picture(&self, name: &str) {
        let taken = self.driver.get("screenshot");
        keep(&format!("{name}.png"), &decode(taken.as_str().expect("a picture")));
    }

    /// Prints the page on A4, and leaves the document beside the pictures.
    pub fn print(&self, name: &str) -> Vec<u8> {
        let page = json!({ "page": { "width": 21.0, "height": 29.7 }, "background": true });
        let printed = decode(self.driver.command("print", &page).as_str().expect("a document"));
        keep(&format!("{name}.pdf"), &printed);
        printed
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub fn wait_until(&self, script: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.run(script) != json!(true) {
            assert!(Instant::now() < until, "never true: {script}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Forgets what the page has written to the console and asked for.
    pub fn forget_log(&self) {
        self.log("browser");
        self.log("performance");
    }

    /// Addresses that the page has asked for since the last look.
    pub fn requests(&self) -> Vec<String> {
        self.log("performance")
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter_map(|event| Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }

    /// Lines that the page has written to the console since the last look.
    pub fn console(&self) -> Vec<String> {
        let entries = self.log("browser");
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.driver.command("se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let console = self.log("browser");
        let mut requests = self.requests();
        requests.retain(|url| !url.starts_with(&self.own) && url != "about:blank" && url != "data:,");
        assert!(console.is_empty(), "the console has {console:?}");
        assert!(requests.is_empty(), "the page asked for {requests:?}");
    }
}

fn keep(name: &str, bytes: &[u8]) {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        |folder| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder),
    );
    let folder = target.join("browser-pictures");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    fs::write(folder.join(name), bytes).expect("a picture is kept");
}

/// Base64.
fn decode(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte))
        .map(|digit| digit as u32)
        .collect();
    digits
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect()
}
