//! Work on chunks in several threads whose results come out in the order of the input.
//!
//! One thread produces chunks, a few work on them, and whoever holds `Ordered` takes the results.
//! Chunk `k` goes to worker `k mod n` and is taken from there again, so order needs no bookkeeping
//! and memory is bounded by two waiting chunks a worker on either side. Results do not depend on
//! the number of threads. Dropping `Ordered` early ends the threads at their next hand-over. A
//! panic in any of them is passed on to the taker: a lost worker must never look like the end of a
//! file.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Chunks that wait at each hand-over: one being filled while the other is worked on.
const WAITING: usize = 2;

/// More workers than this only wait: producing and taking are one thread each.
const MAX_WORKERS: usize = 8;

/// The results, in the order of the input.
#[derive(Debug)]
pub(crate) struct Ordered<O> {
    results: Vec<Receiver<O>>,
    next: usize,
    threads: Vec<JoinHandle<()>>,
}

/// Starts the threads. `produce` is called until it gives `None`, `work` once for each chunk.
pub(crate) fn spawn<I, O>(
    mut produce: impl FnMut() -> Option<I> + Send + 'static,
    work: impl Fn(I) -> O + Send + Sync + 'static,
) -> Ordered<O>
where
    I: Send + 'static,
    O: Send + 'static,
{
    let count = thread::available_parallelism().map_or(1, |n| n.get().min(MAX_WORKERS));
    let work = Arc::new(work);
    let mut inputs: Vec<SyncSender<I>> = Vec::with_capacity(count);
    let mut results = Vec::with_capacity(count);
    let mut threads = Vec::with_capacity(count + 1);
    for _ in 0..count {
        let (give, todo) = sync_channel::<I>(WAITING);
        let (done, take) = sync_channel::<O>(WAITING);
        let work = Arc::clone(&work);
        threads.push(thread::spawn(move || {
            for chunk in todo {
                if done.send(work(chunk)).is_err() {
                    return;
                }
            }
        }));
        inputs.push(give);
        results.push(take);
    }
    threads.push(thread::spawn(move || {
        for give in inputs.iter().cycle() {
            let Some(chunk) = produce() else { return };
            if give.send(chunk).is_err() {
                return;
            }
        }
    }));
    Ordered { results, next: 0, threads }
}

impl<O> Iterator for Ordered<O> {
    type Item = O;

    fn next(&mut self) -> Option<O> {
        if let Ok(result) = self.results.get(self.next)?.recv() {
            self.next = (self.next + 1) % self.results.len();
            return Some(result);
        }
        // The channels go first, so that every thread still at work ends at its next hand-over.
        self.results.clear();
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_to(end: u32) -> impl FnMut() -> Option<u32> + Send + 'static {
        let mut next = 0..end;
        move || next.next()
    }

    #[test]
    fn results_come_in_the_order_of_the_input() {
        let squares: Vec<u32> = spawn(count_to(1000), |n| n * n).collect();
        let wanted: Vec<u32> = (0..1000).map(|n| n * n).collect();
        assert_eq!(squares, wanted);
    }

    #[test]
    fn dropping_early_ends_an_endless_producer() {
        let mut results = spawn(|| Some(1_u32), |n| n);
        assert_eq!(results.next(), Some(1));
        drop(results);
    }

    #[test]
    #[should_panic(expected = "chunk 7")]
    fn a_panic_in_a_worker_reaches_the_taker() {
        let results = spawn(count_to(100), |n| {
            assert!(n != 7, "chunk 7");
            n
        });
        assert_eq!(results.count(), 100);
    }
}
