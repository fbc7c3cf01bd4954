//! The server, asked over sockets.
#![cfg(feature = "serve")]

mod access;
mod client;
mod hostile;
mod life;
mod metrics;
mod pprof;
