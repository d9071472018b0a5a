//! What is proved, in one binary. Each line below is a chapter.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

// One test for each numbered invariant of ARCHITECTURE.md.
mod invariants;
// The history against a recount of every event, and against polars.
mod oracle;
#[cfg(feature = "offline")]
mod polars_oracle;
// The published features of the Fraud Detection Handbook, on an excerpt made here.
mod handbook;
// Every fault of a policy text, shown once.
mod policy;
// The simulated world: believable, seeded, complete, and as hard as it should be.
mod world;
// HTTP, files and backtests give the same bits; `kill -9` loses nothing that was acknowledged.
mod parity;
// Shapes, statuses, limits and idempotency of the service.
mod http;
// The commands, end to end.
mod cli;
// Worlds and the demo, end to end.
mod simulate;
// The documents are true.
mod documents;
// The style holds: floors, names, sizes.
mod tidy;
