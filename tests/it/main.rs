//! What is proved, in one binary. Each line below is a chapter.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

// One test for each numbered invariant of ARCHITECTURE.md.
mod invariants;
// Every fact of the catalogue, told: what happens, and what it must then be.
mod stories;
// The history against a recount of every event, and against polars.
mod oracle;
// Sequences of events against a judge that tries every way.
#[cfg(feature = "offline")]
mod polars_oracle;
mod sequences;
// The traps of looking ahead, each as a story that a leak would spoil.
mod leakage;
// The published features of the Fraud Detection Handbook, on an excerpt made here.
mod handbook;
// Every fault of a policy text, shown once.
mod policy;
// The house policy: every number of the rule set, every rule whole, and what it costs good customers.
mod pack;
// The suspected attack against the true one.
mod vectors;
// All rules at once against each by itself.
mod rules;
// Every code of every fault and warning: in one table, shown, documented.
mod codes;
// Which proof is asked for and why: the whole answer of every vector, floor and reason.
mod hints;
// The simulated world: believable, seeded, complete, and as hard as it should be.
mod world;
// HTTP, files and backtests give the same bits; `kill -9` loses nothing that was acknowledged.
mod parity;
// Shapes, statuses, limits and idempotency of the service.
mod http;
// Addresses looked up in files: what is found, told, recorded and replayed.
mod networks;
// Lists: changed at the doors and by rules, the same everywhere.
mod lists;
// A policy of other facts under load: filled from the journal, then exact; nothing lost.
mod staging;
// The commands, end to end.
mod cli;
// The commands on policy files: begun, checked, tested, compared, explained.
mod policy_commands;
// Worlds and the demo, end to end.
mod simulate;
// The documents are true.
mod documents;
// The style holds: floors, names, sizes.
mod tidy;
