//! The commands of `gyr`, one file each: arguments, help and what they do.
//!
//! A command reads its inputs, folds events through the same engine as the service, and writes its
//! result to standard output or to a file that appears whole. It talks on standard error only, and
//! ends with a [`common::Failure`] that knows its exit code. Nothing here decides anything: what an
//! event means, what a rule says and how good a score is are questions to the floors below.

pub(crate) mod backtest;
pub(crate) mod codes;
pub(crate) mod common;
pub(crate) mod dataset;
pub(crate) mod days;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod facts;
pub(crate) mod features;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod names;
pub(crate) mod policy;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod train;
