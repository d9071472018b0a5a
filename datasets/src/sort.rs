//! Lines in the order of their times, for more lines than fit into memory.
//!
//! Lines come with a time and are gathered up to a bound, sorted (stable: equal times keep their
//! order of arrival) and written as a run to a temporary file. A block that continues where the
//! last run ended joins that run, so that an input which is sorted already, as most are, becomes
//! one run that is renamed and never copied. Several runs are merged at the end, the earlier run
//! first at equal times. Memory is the block and sixteen bytes for each line.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::{Complete, Output, Temporary};

/// Bytes of lines that are gathered before a run is written.
pub(crate) const BLOCK_BYTES: usize = 64 << 20;

/// A line of a run: its time and its length with the line end.
type Mark = (i64, u32);

/// Gathers lines and gives them out sorted by time.
#[derive(Debug)]
pub(crate) struct Sorter {
    path: PathBuf,
    block_bytes: usize,
    lines: Vec<u8>,
    // Time and span of each gathered line, in order of arrival.
    spans: Vec<(i64, usize, u32)>,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    output: Output,
    marks: Vec<Mark>,
}

impl Sorter {
    /// A sorter whose result gets the name `path`; runs lie beside it.
    pub(crate) fn new(path: &Path, block_bytes: usize) -> Sorter {
        let (lines, spans, runs) = (Vec::new(), Vec::new(), Vec::new());
        Sorter { path: path.to_owned(), block_bytes, lines, spans, runs }
    }

    /// Adds one line, without its line end.
    pub(crate) fn push(&mut self, time: i64, line: &[u8]) -> Result<(), Error> {
        let start = self.lines.len();
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        // A line is one event of a few kilobytes, far below the bound of its length.
        self.spans.push((time, start, (self.lines.len() - start) as u32));
        if self.block_bytes <= self.lines.len() {
            self.write_block()?;
        }
        Ok(())
    }

    fn write_block(&mut self) -> Result<(), Error> {
        self.spans.sort_by_key(|(time, ..)| *time);
        let Some((first, ..)) = self.spans.first() else { return Ok(()) };
        let ends = self.runs.last().and_then(|run| run.marks.last());
        if ends.is_none_or(|(last, _)| first < last) {
            let name = format!("{}.run{}", self.path.display(), self.runs.len());
            let path = if self.runs.is_empty() { self.path.clone() } else { PathBuf::from(name) };
            self.runs.push(Run { output: Output::create(&path)?, marks: Vec::new() });
        }
        let run = self.runs.last_mut().expect("a run was pushed above if there was none");
        for (time, start, length) in &self.spans {
            let line = &self.lines[*start..*start + *length as usize];
            run.output.write_all(line).map_err(|source| Error::write(&self.path, source))?;
            run.marks.push((*time, *length));
        }
        self.lines.clear();
        self.spans.clear();
        Ok(())
    }

    /// Writes all lines in order; the file is complete but has no name yet.
    pub(crate) fn finish(mut self) -> Result<Complete, Error> {
        self.write_block()?;
        if self.runs.len() <= 1 {
            return match self.runs.pop() {
                Some(run) => run.output.complete(),
                None => Output::create(&self.path)?.complete(),
            };
        }
        // The first run holds the temporary name of the result, so the merge goes by another.
        let merged = Output::create(&PathBuf::from(format!("{}.merged", self.path.display())))?;
        merge(&self.path, self.runs, merged)
    }
}

fn merge(path: &Path, runs: Vec<Run>, mut merged: Output) -> Result<Complete, Error> {
    let failed = |source: io::Error| Error::write(path, source);
    let mut sources: Vec<Source> = Vec::with_capacity(runs.len());
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for (index, run) in runs.into_iter().enumerate() {
        let temporary = run.output.complete()?.into_temporary();
        let file = File::open(temporary.path()).map_err(failed)?;
        let reader = BufReader::with_capacity(1 << 18, file);
        heads.extend(run.marks.first().map(|(time, _)| Reverse((*time, index))));
        sources.push(Source { reader, marks: run.marks, at: 0, _temporary: temporary });
    }
    let mut line = Vec::new();
    while let Some(Reverse((_, index))) = heads.pop() {
        let source = &mut sources[index];
        line.resize(source.marks[source.at].1 as usize, 0);
        source.reader.read_exact(&mut line).map_err(failed)?;
        merged.write_all(&line).map_err(failed)?;
        source.at += 1;
        heads.extend(source.marks.get(source.at).map(|(time, _)| Reverse((*time, index))));
    }
    Ok(merged.complete()?.renamed(path))
}

/// A run that is being read back. Its file goes when it is dropped.
#[derive(Debug)]
struct Source {
    reader: BufReader<File>,
    marks: Vec<Mark>,
    at: usize,
    _temporary: Temporary,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    fn sorted(name: &str, block_bytes: usize, times: &[i64]) -> (String, Vec<String>) {
        let folder = Folder::new(name);
        let mut sorter = Sorter::new(&folder.path("out"), block_bytes);
        for (index, time) in times.iter().enumerate() {
            sorter.push(*time, format!("{time} {index}").as_bytes()).unwrap();
        }
        let complete = sorter.finish().unwrap();
        assert!(!folder.path("out").exists());
        complete.publish().unwrap();
        (folder.text("out"), folder.names())
    }

    fn wanted(times: &[i64]) -> String {
        let mut lines: Vec<(i64, usize)> = times.iter().copied().zip(0..).collect();
        lines.sort();
        lines.iter().map(|(time, index)| format!("{time} {index}\n")).collect()
    }

    #[test]
    fn runs_merge_to_the_order_of_one_stable_sort() {
        let times: Vec<i64> = (0..500).map(|i| (i * 7919) % 23).collect();
        for block_bytes in [1, 50, 1 << 20] {
            let (text, names) = sorted("merge", block_bytes, &times);
            assert_eq!(text, wanted(&times), "blocks of {block_bytes} bytes");
            assert_eq!(names, ["out"], "no run is left behind");
        }
    }

    #[test]
    fn a_sorted_input_is_one_run() {
        let folder = Folder::new("one-run");
        let mut sorter = Sorter::new(&folder.path("out"), 1);
        for time in [1, 1, 2, 5] {
            sorter.push(time, b"line").unwrap();
        }
        assert_eq!(sorter.runs.len(), 1);
        sorter.push(4, b"line").unwrap();
        assert_eq!(sorter.runs.len(), 2);
    }

    #[test]
    fn nothing_sorts_to_an_empty_file() {
        assert_eq!(sorted("nothing", 10, &[]), (String::new(), vec!["out".to_owned()]));
    }
}
