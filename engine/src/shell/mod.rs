//! The roof: the only place with clocks, sockets, files, threads and the environment.
//!
//! Doors: the command line (`cli`), the service (`serve`, `http`) and the journal. Everything that
//! decides is below; what is here turns bytes into events and outcomes into bytes.
#![allow(clippy::disallowed_methods)]

pub mod record;

pub mod journal;

pub mod wire;

pub(crate) mod client;

pub mod answer;
pub(crate) mod explained;

pub mod meter;

pub(crate) mod networks;

pub mod openapi;

pub mod http;

pub(crate) mod backfill;

pub mod serve;

pub mod wallet;

pub mod codes;

pub mod commands;

pub mod cli;
