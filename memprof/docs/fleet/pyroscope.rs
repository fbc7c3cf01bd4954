//! memprof's profiles pushed to Pyroscope by its own crate, where no scraper can reach the program.
//!
//! Needs the feature `serve` of memprof, and `pyroscope` 2.1, whose allocations stand outside tracked functions.

use memprof::track_memory;
use pyroscope::PyroscopeError;
use pyroscope::backend::{Backend, BackendImpl, BackendUninitialized, ReportBatch, ReportData, ThreadTag};
use pyroscope::pyroscope::PyroscopeAgentBuilder;
use std::time::Duration;

/// Live memory of the moment, and allocations since the program began.
struct Memprof;

impl Memprof {
    fn backend() -> BackendImpl<BackendUninitialized> {
        BackendImpl::new(Box::new(Memprof))
    }
}

impl Backend for Memprof {
    fn initialize(&mut self) -> pyroscope::Result<()> {
        Ok(())
    }

    fn report(&mut self) -> pyroscope::Result<ReportBatch> {
        // A `serve_token` must stand in the headers.
        let answer = memprof::serve::respond("GET", "/debug/pprof/heap", "", &[("Host", "localhost")]);
        if answer.status != 200 {
            return Err(PyroscopeError::new(String::from_utf8_lossy(&answer.body).trim_end()));
        }
        Ok(ReportBatch { profile_type: "memory".into(), data: ReportData::RawPprof(answer.body) })
    }

    fn shutdown(self: Box<Self>) -> pyroscope::Result<()> {
        Ok(())
    }

    fn add_tag(&self, _: ThreadTag) -> pyroscope::Result<()> {
        Ok(())
    }

    fn remove_tag(&self, _: ThreadTag) -> pyroscope::Result<()> {
        Ok(())
    }
}

#[track_memory]
fn build_index() -> Vec<Vec<f32>> {
    (0..1_000).map(|_| vec![0.5; 128]).collect()
}

#[memprof::main]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:4040".to_owned());
    let agent = PyroscopeAgentBuilder::new(server, "vector-search", 100, "memprof", "0.1", Memprof::backend())
        .tags(vec![("region", "eu")])
        .upload_interval(Duration::from_secs(10))
        .build()?
        .start()?;
    let index = build_index();
    std::thread::sleep(Duration::from_secs(15));
    drop(index);
    agent.stop()?.shutdown();
    Ok(())
}
