//! Gyrfalcon decides: rules and a model judge the facts of an event, and the cheapest answer in
//! expectation wins, with the second factor that would stop the suspected attack.
//!
//! The core below is synchronous and pure and cannot fail. `shell` is the roof, the only place
//! with sockets, files, clocks and threads; it stands behind the Cargo feature of that name. The
//! `mod` lines are in import order: a module may only use earlier ones.

pub mod reason;

pub mod situation;

pub mod vector;

pub mod decision;

pub mod economics;

pub mod steering;

pub mod stepup;

pub mod resolve;

pub mod retry;

pub mod rules;

pub mod policy;

pub mod explain;

pub mod helm;

pub mod engine;

pub mod changes;

pub mod story;

pub mod backtest;

pub mod census;

#[cfg(feature = "shell")]
pub mod shell;
