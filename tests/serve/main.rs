//! The server, asked over sockets.
#![cfg(feature = "serve")]

mod access;
mod client;
mod fleet;
mod hostile;
mod life;
mod metrics;
mod mounted;
mod pprof;
mod prometheus;
