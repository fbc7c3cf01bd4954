//! `cargo memprof top`.

mod address;
mod client;
mod columns;
mod details;
mod headline;
mod history;
mod keys;
mod plot;
mod reading;
mod rows;
mod screen;
mod state;
mod terminal;
mod text;
mod watch;

use std::io::{IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;

use crate::failure::{Failure, Outcome};
use address::Address;
use client::Client;
use columns::Column;
use state::State;

/// Variable of the token.
const TOKEN: &str = "MEMPROF_SERVE_TOKEN";

/// Show the memory of a running program, live.
///
/// The program needs the feature `serve` of memprof, and an address: `serve_address` in memory_profile.toml, or
/// MEMPROF_SERVE_ADDRESS. Keys: `?` shows them.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The address of the program: HOST:PORT, :PORT, or http://HOST:PORT/PATH/
    #[arg(default_value = "127.0.0.1:6070")]
    address: String,
    /// Seconds between two readings, from 0.1 to 3600; the program makes at most one a second
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// The figure by which the functions are sorted
    #[arg(short, long, value_enum, default_value_t)]
    sort: Column,
    /// Print one table as text, with rates over one interval, and end; the default if standard output is no terminal
    #[arg(long)]
    once: bool,
    /// The token of the program (`serve_token`); better in MEMPROF_SERVE_TOKEN, which other users cannot read
    #[arg(long)]
    token: Option<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a number from 0.1 to 3600 is needed".into())
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let address = Address::parse(&arguments.address)
        .map_err(|reason| Failure::Usage(format!("the address `{}`: {reason}", arguments.address.escape_debug())))?;
    let token = arguments.token.clone().or_else(|| std::env::var(TOKEN).ok()).filter(|token| !token.is_empty());
    let client = Client::new(address, token);
    let shown = client.address().to_string();
    let report = client.figures().map_err(Failure::said)?;
    let mut state = State::new(shown, arguments.sort, report);
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    if arguments.once || is_dumb || !std::io::stdout().is_terminal() {
        once(&client, &mut state, arguments.interval)?;
        let mut out = std::io::stdout().lock();
        return Ok(out.write_all(text::table(&state).as_bytes()).and_then(|()| out.flush())?);
    }
    watch::watch(client, &mut state, arguments.interval)
}

/// Takes a second reading, from which rates are made.
fn once(client: &Client, state: &mut State, interval: Duration) -> Outcome {
    let started = Instant::now();
    sleep(interval);
    // The program makes at most one report a second.
    while !state.take(client.figures().map_err(Failure::said)?) {
        if started.elapsed() > interval + Duration::from_secs(3) {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}
