//! `cargo memprof top` with a running program, in a real terminal.
#![allow(missing_docs)]
// There is a pseudo terminal with tmux in it.
#![cfg(unix)]

mod project;
#[path = "top/terminal.rs"]
mod terminal;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use terminal::Terminal;

/// The service, built.
fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = project::kept("cargo-memprof-top");
        let files =
            [("Cargo.toml", include_str!("top/Cargo.toml.txt")), ("src/main.rs", include_str!("top/service.rs"))];
        project::write(&folder, &files);
        // The folder in which another project has built what the library needs.
        let target = project::kept("cargo-memprof-test/target");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--offline"]).current_dir(&folder).env("CARGO_TARGET_DIR", &target);
        assert!(project::outside_of_cargo(&mut build).status().unwrap().success());
        target.join("debug/service")
    });
    built.clone()
}

/// The service, running.
struct Service {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Service {
    fn start(address: &str, variables: &[(&str, &str)]) -> Self {
        let program = program();
        let folder = tempfile::tempdir().unwrap();
        let words = folder.path().join("words");
        let mut command = Command::new(program);
        command.current_dir(folder.path()).env("MEMPROF_SERVE_ADDRESS", address).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&words).unwrap());
        let mut service = Self { child: command.spawn().unwrap(), address: String::new(), _folder: folder };
        let begun = Instant::now();
        while service.address.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the service does not serve");
            std::thread::sleep(Duration::from_millis(20));
            let words = fs::read_to_string(&words).unwrap();
            let served = words.split_once("memprof: serving http://").and_then(|(_, rest)| rest.split_once('/'));
            service.address = served.map_or_else(String::new, |(address, _)| address.to_owned());
        }
        service
    }

    fn new() -> Self {
        Self::start("127.0.0.1:0", &[])
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn top(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
    command.args(["memprof", "top"]).args(arguments).env_remove("MEMPROF_SERVE_TOKEN").output().unwrap()
}

/// The command in a terminal. After its end the terminal tells the status, and if its settings are as before.
fn in_terminal(prefix: &str, arguments: &str, size: (u16, u16)) -> Terminal {
    let command = env!("CARGO_BIN_EXE_cargo-memprof");
    let script = format!(
        "before=$(stty -g); {prefix} {command} memprof top {arguments}; echo \"status $?\"; \
         [ \"$before\" = \"$(stty -g)\" ] && echo 'as before'; exec sleep 60"
    );
    Terminal::run(&script, size)
}

/// The row of a function, in words.
fn row<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line[name.len()..].split_whitespace().collect()
}

#[test]
fn one_table_for_scripts() {
    let service = Service::new();
    let output = top(&[&service.address, "--interval", "2"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(&format!("service 1.2.0, pid {}", service.child.id())), "{text}");
    // 100,000 bytes in each call, at most 100 calls a second.
    let [rate, unit, .., share, _] = row(&text, "service::answer")[..] else { panic!("{text}") };
    let rate: f64 = rate.parse().unwrap();
    assert!(unit == "MB" && rate > 0.5 && rate < 10.0, "{text}");
    assert!(share.parse::<f64>().unwrap() > 10.0, "{text}");
    assert!(row(&text, "(outside tracked functions)").contains(&"MB"), "{text}");
    // The name commands no terminal.
    assert!(text.contains("größe 数据\\u{1b}[2J\\u{202e}\\nline "), "{text}");
    let by_name = top(&[&format!("http://{}/", service.address), "--once", "--sort", "retained"]);
    let text = String::from_utf8(by_name.stdout).unwrap();
    let place = |name: &str| text.find(name).unwrap();
    assert!(place("service::load_index") < place("(outside"), "{text}");
}

#[test]
fn the_screen_shows_a_running_program() {
    if !terminal::is_there() {
        return;
    }
    let service = Service::new();
    let terminal = in_terminal("", &service.address, (80, 24));
    let text = terminal.until("rates", |text| text.contains("MB/s in"));
    let first = text.lines().next().unwrap();
    assert!(first.contains(&format!("pid {}", service.child.id())) && first.ends_with(&service.address), "{text}");
    assert!(text.contains("live heap") && text.contains("now") && text.contains("▼self/s"), "{text}");
    // The function that keeps its memory is found.
    terminal
        .until("growth", |text| row(text, "service::open_session").iter().filter(|word| **word == "KB").count() >= 2);
    terminal.press(&["g"]);
    terminal.shows("▼growth/s");
    let names: Vec<String> =
        terminal.text().lines().skip_while(|line| !line.starts_with("function")).map(ToOwned::to_owned).collect();
    assert!(names[1].starts_with("service::open_session"), "{names:#?}");
    // Details.
    terminal.press(&["Down", "Enter"]);
    let text = terminal.shows("growing by");
    assert!(text.contains("src/main.rs:15") && text.contains("retained"), "{text}");
    terminal.press(&["Escape"]);
    // Search.
    terminal.press(&["/"]);
    terminal.type_text("RANK");
    let text = terminal.shows("/RANK▏");
    assert!(text.contains("service::rank") && !text.contains("service::answer"), "{text}");
    terminal.press(&["Enter", "Escape"]);
    terminal.shows("service::answer");
    // Pause: the figures stand.
    terminal.press(&["p"]);
    let paused = terminal.shows("‖ paused");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(terminal.text(), paused);
    terminal.press(&["p"]);
    terminal.until("other figures", |text| text.contains("● live") && text.lines().next() != paused.lines().next());
    // Sizes.
    terminal.resize(60, 15);
    // The screen is empty between the two forms.
    let is_small = |text: &str| text.contains("▼growth/s") && text.contains("q quit") && !text.contains("live heap");
    terminal.until("the small form", is_small);
    terminal.resize(40, 10);
    terminal.shows("60 × 15 are needed, 40 × 10 are there");
    terminal.resize(120, 40);
    terminal.shows("total/s");
    terminal.press(&["?"]);
    terminal.shows("sort by calls/s");
    terminal.press(&["q"]);
    let text = terminal.shows("as before");
    assert!(text.contains("status 0") && !text.contains("service::"), "{text}");
}

#[test]
fn a_program_that_ends_is_waited_for() {
    if !terminal::is_there() {
        return;
    }
    let service = Service::new();
    let address = service.address.clone();
    let terminal = in_terminal("", &address, (90, 24));
    terminal.until("rates", |text| text.contains("MB/s in"));
    let signal = |name: &str| {
        let process = service.child.id().to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    };
    signal("-STOP");
    terminal.shows("still waiting");
    signal("-CONT");
    terminal.shows("● live");
    drop(service);
    let text = terminal.shows("does not answer (nothing listens there); next try in");
    assert!(text.contains("○ no answer") && text.contains("service::open_session"), "the last figures stay: {text}");
    let service = Service::start(&address, &[]);
    let text = terminal.shows("● live");
    assert!(text.contains("figures begin anew") && text.contains(&format!("pid {}", service.child.id())), "{text}");
}

/// The command in a terminal, when it shows the service, and the number of its process.
fn with_process(prefix: &str, service: &Service) -> (Terminal, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    let prefix = format!("{prefix} sh -c 'echo $$ >\"$0\"; exec \"$@\"' {}", file.display());
    let terminal = in_terminal(&prefix, &service.address, (80, 24));
    terminal.shows("service::answer");
    (terminal, fs::read_to_string(file).unwrap().trim().to_owned())
}

#[test]
fn the_command_ends_with_its_terminal() {
    if !terminal::is_there() {
        return;
    }
    let service = Service::new();
    // In a session of its own it gets no signal.
    for prefix in ["", "setsid --wait"] {
        if Command::new("setsid").arg("true").status().is_err() && !prefix.is_empty() {
            continue;
        }
        let (terminal, process) = with_process(prefix, &service);
        let is_there = || Command::new("kill").args(["-0", &process]).stderr(Stdio::null()).status().unwrap().success();
        assert!(is_there());
        // Nothing is drawn, which would fail.
        terminal.press(&["p"]);
        terminal.shows("‖ paused");
        drop(terminal);
        let begun = Instant::now();
        while is_there() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{prefix}: the process is still there");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn the_terminal_is_as_before_after_a_signal() {
    if !terminal::is_there() {
        return;
    }
    let service = Service::new();
    for (signal, status) in [("TERM", "143"), ("INT", "130"), ("HUP", "129")] {
        let (terminal, process) = with_process("", &service);
        assert!(Command::new("kill").args([&format!("-{signal}"), &process]).status().unwrap().success());
        let text = terminal.shows("as before");
        assert!(text.contains(&format!("status {status}")) && !text.contains("service::"), "{signal}: {text}");
    }
    let terminal = in_terminal("", &service.address, (80, 24));
    terminal.shows("service::answer");
    terminal.press(&["C-c"]);
    assert!(terminal.shows("as before").contains("status 0"));
}

#[test]
fn a_job_can_be_stopped_and_goes_on() {
    if !terminal::is_there() || Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    let service = Service::new();
    let terminal = Terminal::run("PS1='> ' bash --norc --noprofile -i", (80, 24));
    terminal.shows(">");
    let start = format!("{} memprof top {}", env!("CARGO_BIN_EXE_cargo-memprof"), service.address);
    terminal.type_text(&start);
    terminal.press(&["Enter"]);
    terminal.shows("service::answer");
    terminal.press(&["C-z"]);
    let text = terminal.shows("Stopped");
    assert!(!text.contains("service::answer"), "{text}");
    // The shell has its terminal: what is typed is shown and done.
    terminal.type_text("echo $((40 + 2))");
    terminal.press(&["Enter"]);
    terminal.until("42", |text| text.lines().any(|line| line == "42"));
    terminal.type_text("fg");
    terminal.press(&["Enter"]);
    terminal.shows("service::answer");
    terminal.press(&["t"]);
    terminal.shows("▼total/s");
    terminal.press(&["q"]);
    terminal.until("the shell", |text| !text.contains("service::answer"));
}

#[test]
fn colours_can_be_switched_off() {
    if !terminal::is_there() {
        return;
    }
    let service = Service::new();
    let coloured = |prefix: &str, option: &str| {
        let terminal = in_terminal(prefix, &format!("{} {option}", service.address), (80, 24));
        terminal.shows("service::answer");
        let codes = terminal.coloured();
        // `31`, `38;5;1`: a colour of the text.
        let is_colour = |code: &str| {
            let code = code.split('m').next().unwrap_or_default();
            code.split(';').any(|part| part.len() == 2 && part.starts_with('3') && part != "39")
        };
        codes.split("\u{1b}[").skip(1).any(is_colour)
    };
    assert!(coloured("env -u NO_COLOR", ""));
    assert!(!coloured("env NO_COLOR=1", ""));
    assert!(!coloured("env -u NO_COLOR", "--color never"));
    assert!(coloured("env NO_COLOR=1", "--color always"));
}

#[test]
fn a_token_is_asked_for() {
    const TOKEN: &str = "0123456789abcdef";
    let service = Service::start("127.0.0.1:0", &[("MEMPROF_SERVE_TOKEN", TOKEN)]);
    let words = |arguments: &[&str]| {
        let output = top(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let address = service.address.as_str();
    assert_eq!(
        words(&[address]),
        format!("error: {address} asks for a token: set MEMPROF_SERVE_TOKEN, or use --token\n")
    );
    let wrong = format!("error: {address} does not accept this token: it is `serve_token` of the program\n");
    assert_eq!(words(&[address, "--token", "fedcba9876543210"]), wrong);
    assert!(top(&[address, "--token", TOKEN]).status.success());
    assert!(top(&[&format!("http://{address}/?token={TOKEN}")]).status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
    command.args(["memprof", "top", address]).env("MEMPROF_SERVE_TOKEN", TOKEN);
    assert!(command.output().unwrap().status.success());
}

#[test]
fn an_address_that_is_no_program_is_one_line() {
    let words = |arguments: &[&str], status: i32| {
        let output = top(arguments);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), words.lines().count()), (Some(status), 1), "{words}");
        words
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert!(words(&[&free], 1).contains("does not answer (nothing listens there): start the program"));
    assert!(words(&["https://localhost:6070"], 2).contains("https is not supported"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>\x1b[2J</html>");
        }
    });
    let said = words(&[&address], 1);
    assert!(said.contains("does not answer with a report of memprof") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(top(&["--interval", "0"]).status.code(), Some(2));
}
