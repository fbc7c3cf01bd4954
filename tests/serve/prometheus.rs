//! `/metrics` in a real Prometheus, asked by PromQL.

use crate::client::{Server, any_answer, program};
use memprof::Report;
use serde_json::Value;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "a-token-of-sixteen";

/// A Prometheus that scrapes one address each second, in a folder of its own.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Prometheus {
    /// `None`: there is none here.
    fn start(target: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memprof/docs/fleet/rules.yml");
        let configuration = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{rules:?}]\n\
             scrape_configs:\n\
             - job_name: service\n  \
               authorization: {{credentials: {TOKEN}}}\n  \
               static_configs: [{{targets: ['{target}']}}]\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        // It takes no port 0.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("said")).unwrap())
            .spawn();
        let Ok(process) = process else {
            println!("skipped: prometheus is missing");
            return None;
        };
        Some(Self { process, address, folder })
    }

    /// The only value of a query; `None` while it has none.
    fn value(&self, query: &str) -> Option<f64> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request =
            format!("GET /api/v1/query?query={escaped} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let answer = any_answer(&mut stream);
        // While it starts.
        if answer.status == 503 {
            return None;
        }
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let rows = answer["data"]["result"].as_array().unwrap();
        assert!(rows.len() <= 1, "{query}: {rows:?}");
        rows.first().map(|row| row["value"][1].as_str().unwrap().parse().unwrap())
    }

    /// The value of a query, once it has one.
    fn wait_for(&self, query: &str) -> f64 {
        let begun = Instant::now();
        loop {
            if let Some(value) = self.value(query) {
                return value;
            }
            let said = || std::fs::read_to_string(self.folder.path().join("said")).unwrap();
            assert!(begun.elapsed() < Duration::from_secs(60), "{query}: {}", said());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn its_figures_are_those_of_the_report() {
    let server = Server::start(program().env("MEMPROF_SERVE_TOKEN", TOKEN).arg("idle"));
    let Some(prometheus) = Prometheus::start(server.address) else {
        server.end();
        return;
    };
    // The rules need a second scrape.
    prometheus.wait_for("count_over_time(memprof_live_bytes[1m]) >= 3");
    let headers = format!("Host: {}\r\nAuthorization: Bearer {TOKEN}\r\n", server.address);
    let report = Report::from_json(&server.get_with("/report.json", &headers).text()).unwrap();
    let totals = &report.totals;
    let grow = report.functions.iter().find(|function| function.name == "serves::grow").unwrap();
    let rows = report.functions.iter().filter(|row| row.calls > 0);
    for (query, expected) in [
        ("memprof_allocated_bytes_total", totals.allocated_bytes),
        ("memprof_deallocated_bytes_total", totals.deallocated_bytes),
        ("memprof_allocations_total", totals.allocated_count),
        ("memprof_allocated_bytes_total - memprof_deallocated_bytes_total", totals.net_bytes.unsigned_abs()),
        ("memprof_live_bytes", totals.net_bytes.unsigned_abs()),
        ("memprof_peak_bytes", totals.peak_bytes),
        ("sum(memprof_function_self_allocated_bytes_total)", totals.allocated_bytes),
        ("memprof_function_self_allocated_bytes_total{function='serves::grow'}", grow.self_allocated_bytes),
        ("memprof_function_retained_bytes{function='serves::grow'}", grow.retained_bytes.unwrap()),
        ("sum(memprof_function_calls_total)", rows.map(|row| row.calls).sum()),
        // Nothing was allocated between two scrapes.
        ("sum(rate(memprof_allocated_bytes_total[1m]))", 0),
        ("up{job='service'}", 1),
    ] {
        assert_eq!(prometheus.wait_for(query), expected as f64, "{query}");
    }
    server.end();
}

#[test]
fn a_restart_of_the_program_is_a_reset_of_its_counters() {
    let start = |address: &str| {
        let program = program().env("MEMPROF_SERVE_TOKEN", TOKEN).env("MEMPROF_SERVE_ADDRESS", address);
        Server::start(program)
    };
    let server = start("127.0.0.1:0");
    let Some(prometheus) = Prometheus::start(server.address) else {
        server.end();
        return;
    };
    prometheus.wait_for("count_over_time(memprof_live_bytes[1m]) >= 3");
    let address = server.address;
    server.end();
    let server = start(&address.to_string());
    prometheus.wait_for("resets(memprof_allocated_bytes_total[1m]) == 1");
    // The function goes on in the same series.
    prometheus.wait_for("increase(memprof_function_self_allocated_bytes_total{function='serves::grow'}[1m]) > 10000");
    server.end();
}
