//! The ground floor of Gyrfalcon: what happened (events, their fields, money and places) and what
//! was known at that moment (facts over exact windows).
//!
//! Nothing here reads a clock, a file or a socket: time comes in the event, settings are arguments.
//! Everything is a function of the events seen so far, so the service, a backtest, a training run
//! and an audit get the same facts bit for bit.

pub mod limits;

pub mod diagnostic;

pub mod money;

pub mod geo;

pub mod pan;

pub mod field;

pub mod networks;

pub mod scheme;

pub mod event;

pub mod language;

pub mod expr;

pub mod lists;

mod arena;

mod index;

mod entities;

mod origins;

pub(crate) mod graph;

pub mod window;

mod program;

pub mod formulas;

pub mod plan;

pub mod ranges;

pub mod catalog;

pub mod history;

pub mod columns;
