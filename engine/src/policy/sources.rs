//! The texts that one policy is made of, read together and told apart again.
//!
//! A policy text may `use` other files and take the entries of its lists from files. Here all of
//! them stand one after the other in one long text, so that a place in any of them is one span and
//! nobody who checks a policy needs to know of files; [`Sources::render`] and [`Sources::position`]
//! turn such a span back into a file and a line. The statements of a used file stand where its
//! `use` stands. Reading the files is left to whoever calls [`Sources::gather`]: paths are joined
//! here, as text, and nothing here touches a disk.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use features::diagnostic::{Diagnostic, Place, render};
use features::language::ast::{self, Span, Spanned, Statement};
use features::language::define::ListFile;
use features::language::{parse_part, text_of};

/// The most files one policy is made of, lists included.
const FILES_MAX: usize = 64;

/// The most bytes of all files together.
const BYTES_MAX: usize = 256 << 20;

/// The files of a policy; see the module's essay.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    text: String,
    files: Vec<File>,
    parsed: ast::Policy,
    faults: Vec<Diagnostic>,
    /// Faults of the texts beyond those that are kept.
    more: u64,
}

#[derive(Clone, Debug)]
struct File {
    name: String,
    /// Where it starts in the long text; it ends where the next one starts.
    start: usize,
}

/// A place in one of the files, as an editor counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// The file.
    pub file: &'a str,
    /// Its line, from one.
    pub line: usize,
    /// The column in characters, from one.
    pub column: usize,
    /// The bytes in the file.
    pub bytes: Range<usize>,
}

impl Sources {
    /// One text that stands alone: what it uses cannot be read.
    pub fn alone(name: &str, text: &str) -> Sources {
        let mut refuse = |_: &str| Err("this text is read alone".to_owned());
        Sources::gather(name, text.as_bytes(), &mut refuse)
    }

    /// A text with all files it uses and takes lists from.
    ///
    /// `read` gives the bytes of a file, or why there are none; it gets the path of a file relative
    /// to where `name` is relative to. What cannot be read is among [`Self::faults`], at the place
    /// that names it.
    pub fn gather(
        name: &str,
        bytes: &[u8],
        read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Sources {
        let mut sources = Sources::default();
        let mut gathering = Gathering { sources: &mut sources, read, open: Vec::new() };
        match text_of(bytes) {
            Ok(text) => gathering.sources.parsed = gathering.policy(name, text),
            Err(fault) => {
                gathering.sources.append(name, "");
                gathering.sources.faults.push(fault);
            }
        }
        sources
    }

    /// What the file that was asked for is called.
    pub fn name(&self) -> &str {
        self.files.first().map_or("", |file| &file.name)
    }

    /// All files: what each is called and what it says, the one that was asked for first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.files.len()).map(|index| (self.files[index].name.as_str(), self.text_at(index)))
    }

    /// The long text that all spans of [`Self::parsed`] point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statements of all files, those of a used file in the place of its `use`.
    pub fn parsed(&self) -> &ast::Policy {
        &self.parsed
    }

    /// What is wrong with the texts themselves, and how many such faults are not among them.
    pub fn faults(&self) -> (&[Diagnostic], u64) {
        (&self.faults, self.more)
    }

    /// The file that a list takes entries from, by the path in its `from`. `None` when it could not
    /// be read.
    pub fn list_file(&self, path: &Spanned<String>) -> Option<ListFile<'_>> {
        let name = self.resolved(path);
        let index = self.files.iter().position(|file| file.name == name)?;
        let file = &self.files[index];
        Some(ListFile { name: &file.name, start: file.start, text: self.text_at(index) })
    }

    /// Where a place is; `None` for one that is not in a text.
    pub fn position(&self, place: &Place) -> Option<Position<'_>> {
        let (index, start, end) = self.local(place)?;
        let before = &self.text_at(index)[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Position {
            file: &self.files[index].name,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            bytes: start..end,
        })
    }

    /// Diagnostics drawn for people, each over the file it is in.
    pub fn render(&self, diagnostics: &[Diagnostic]) -> String {
        let draw = |diagnostic: &Diagnostic| match self.local(&diagnostic.place) {
            Some((index, start, end)) => {
                let place = Place::Text { start: start as u32, end: end as u32 };
                let local = Diagnostic { place, ..diagnostic.clone() };
                render(&self.files[index].name, self.text_at(index), &[local])
            }
            None => render(self.name(), "", std::slice::from_ref(diagnostic)),
        };
        diagnostics.iter().map(draw).collect()
    }

    fn text_at(&self, index: usize) -> &str {
        let end = self.files.get(index + 1).map_or(self.text.len(), |next| next.start);
        &self.text[self.files[index].start..end]
    }

    /// The file of a place, and the place in it, on borders of characters.
    fn local(&self, place: &Place) -> Option<(usize, usize, usize)> {
        let Place::Text { start, end } = *place else { return None };
        let index = self.file_at(start as usize)?;
        let text = self.text_at(index);
        let first = self.files[index].start;
        let clamp = |at: u32| text.floor_char_boundary((at as usize).saturating_sub(first));
        Some((index, clamp(start), clamp(end)))
    }

    /// The file that holds a byte: the last that starts at or before it. An empty file at the end
    /// holds the byte after the text.
    fn file_at(&self, at: usize) -> Option<usize> {
        self.files.partition_point(|file| file.start <= at).checked_sub(1)
    }

    /// What a path that stands in one of the files means.
    fn resolved(&self, path: &Spanned<String>) -> String {
        let base = self.file_at(path.span.start as usize).map_or("", |at| &self.files[at].name);
        join(base, &path.node)
    }

    fn append(&mut self, name: &str, text: &str) {
        self.files.push(File { name: name.to_owned(), start: self.text.len() });
        self.text.push_str(text);
    }
}

/// Reading files while they name further ones.
struct Gathering<'a> {
    sources: &'a mut Sources,
    read: &'a mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    /// The policy files whose statements are being read, the first one first.
    open: Vec<String>,
}

impl Gathering<'_> {
    /// The statements of a text and of all that it uses.
    fn policy(&mut self, name: &str, text: &str) -> ast::Policy {
        let is_first = self.sources.files.is_empty();
        let first = self.sources.text.len();
        self.sources.append(name, text);
        let (mut policy, faults, more) = parse_part(&self.sources.text, first..first + text.len());
        let here = Place::Text { start: first as u32, end: first as u32 };
        self.sources.more += more;
        self.sources.faults.extend(faults.into_iter().map(|fault| match fault.place {
            Place::Whole if !is_first => Diagnostic { place: here.clone(), ..fault },
            _ => fault,
        }));
        if let Some(own) = policy.name.as_ref().filter(|_| !is_first) {
            let message = "got `policy` in a file that is used, wanted it in the first file alone";
            self.fault("P216", own.span, message.to_owned());
        }
        self.open.push(name.to_owned());
        let mut statements = Vec::with_capacity(policy.statements.len());
        for statement in std::mem::take(&mut policy.statements) {
            match &statement.node {
                Statement::Use(used) => statements.extend(self.used(&used.path)),
                Statement::List(list) => {
                    if let Some(path) = &list.from {
                        self.list(path);
                    }
                    statements.push(statement);
                }
                _ => statements.push(statement),
            }
        }
        self.open.pop();
        policy.statements = statements;
        policy
    }

    /// The statements of a file that is used; none when it cannot be.
    fn used(&mut self, path: &Spanned<String>) -> Vec<Spanned<Statement>> {
        let name = self.sources.resolved(path);
        if let Some(at) = self.open.iter().position(|open| *open == name) {
            let circle = [&self.open[at..], std::slice::from_ref(&name)].concat().join(" uses ");
            self.fault("P216", path.span, format!("got files that use each other: {circle}"));
            return Vec::new();
        }
        if self.sources.files.iter().any(|file| file.name == name) {
            let message = format!("got `{name}` a second time, wanted each file used once");
            self.fault("P216", path.span, message);
            return Vec::new();
        }
        let Some(text) = self.text(path, &name) else { return Vec::new() };
        self.policy(&name, &text).statements
    }

    fn list(&mut self, path: &Spanned<String>) {
        let name = self.sources.resolved(path);
        if self.sources.files.iter().any(|file| file.name == name) {
            return;
        }
        if let Some(text) = self.text(path, &name) {
            self.sources.append(&name, &text);
        }
    }

    fn text(&mut self, path: &Spanned<String>, name: &str) -> Option<String> {
        if FILES_MAX <= self.sources.files.len() {
            let message = format!("got more than {FILES_MAX} files in one policy");
            self.fault("P215", path.span, message);
            return None;
        }
        let bytes = match (self.read)(name) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.fault("P215", path.span, format!("cannot read `{name}`: {reason}"));
                return None;
            }
        };
        if BYTES_MAX < self.sources.text.len() + bytes.len() {
            let message = format!("got more than {} MiB in one policy", BYTES_MAX >> 20);
            self.fault("P215", path.span, message);
            return None;
        }
        match text_of(&bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(fault) => {
                self.fault("P215", path.span, format!("cannot read `{name}`: {}", fault.message));
                None
            }
        }
    }

    fn fault(&mut self, code: &'static str, span: Span, message: String) {
        let place = Place::Text { start: span.start, end: span.end };
        self.sources.faults.push(Diagnostic::error(code, place, message));
    }
}

/// A path as one of the files means it: relative to that file, without detours.
fn join(base: &str, path: &str) -> String {
    let folder = Path::new(base).parent().unwrap_or(Path::new(""));
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        let is_inside = matches!(joined.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_inside => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use features::language::TEXT_BYTES_MAX;

    use super::*;
    use crate::policy::{Policy, Wanted};

    /// The sources of `house/main.policy` among these files.
    fn gathered(files: &[(&str, &str)]) -> Sources {
        let mut read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or("no such file".to_owned())
        };
        let (name, text) = files[0];
        Sources::gather(name, text.as_bytes(), &mut read)
    }

    fn checked(files: &[(&str, &str)]) -> Result<Policy, String> {
        let sources = gathered(files);
        Policy::check_sources(&sources, None, Wanted::Judging)
            .map_err(|faults| sources.render(&faults))
    }

    #[test]
    fn what_a_used_file_says_stands_where_it_is_used() {
        let main = "policy \"house\"\nuse \"../common/base.policy\"\n\
                    rule r when spends and missing(qr) then decline because BIN_ATTACK\n";
        let base = "use \"lists.policy\"\nlet spends = payment or transfer and country_here\n";
        let lists = "let country_here = geo.country in @near\n\
                     list near = value (\"CN\")\n";
        let files = [
            ("house/main.policy", main),
            ("common/base.policy", base),
            (
                "common/lists.policy",
                "list near = value (\"CN\")\n\
                                     let country_here = geo.country in @near\n",
            ),
        ];
        let policy = checked(&files).unwrap();
        assert_eq!((policy.name(), policy.rules().rules.len()), ("house", 1));
        let sources = gathered(&files);
        let names: Vec<&str> = sources.files().map(|(name, _)| name).collect();
        assert_eq!(names, ["house/main.policy", "common/base.policy", "common/lists.policy"]);

        let faults = checked(&[files[0], files[1], ("common/lists.policy", lists)]).unwrap_err();
        assert!(faults.starts_with("common/lists.policy:1:35: error P101"), "{faults}");
    }

    #[test]
    fn every_text_counts_for_the_version() {
        let main = ("m", "use \"a\"\nlist l = value from \"l.csv\"\n");
        let version = |a: &str, list: &str| {
            let list = format!("value\n{list}");
            let sources = gathered(&[main, ("a", a), ("l.csv", &list)]);
            let checked = Policy::check_sources(&sources, None, Wanted::Judging);
            checked
                .unwrap_or_else(|faults| panic!("{}", sources.render(&faults)))
                .version()
                .to_owned()
        };
        let first = version("let b = payment\n", "x\n");
        assert_eq!(first, version("let b = payment\n", "x\n"));
        assert_ne!(first, version("let b = transfer\n", "x\n"));
        assert_ne!(first, version("let b = payment\n", "y\n"));
        let alone = Policy::check("let b = payment\n", None, Wanted::Judging).unwrap();
        assert_ne!(first, alone.version());
    }

    #[test]
    fn a_bad_line_of_a_list_is_shown_where_it_stands() {
        let files = [
            ("d/m", "list l = cidr (\"10.0.0.0/8\") from \"l.csv\"\n"),
            ("d/l.csv", "value,until\n10.1.0.0/16,\n10.2.0.1/16,soon\n"),
        ];
        assert_eq!(
            checked(&files).unwrap_err(),
            "d/l.csv:3:1: error L003: value: wanted the network 10.2.0.0/16\n\
             \x20  | 10.2.0.1/16,soon\n   | ^^^^^^^^^^^^^^^^\n\
             d/l.csv:3:1: error L005: until: wanted milliseconds since 1970 or a day such as \
             2027-06-30\n   | 10.2.0.1/16,soon\n   | ^^^^^^^^^^^^^^^^\n"
        );
        let sound = [files[0], ("d/l.csv", "value,until\n10.1.0.0/16,\n")];
        let policy = checked(&sound).unwrap();
        let list = policy.plan().lists().iter().find(|list| list.name() == "l").unwrap();
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn circles_repeats_and_missing_files_are_told_where_they_are_used() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[("m", "use \"m\"\n")], "m:1:5: error P216: got files that use each other: m uses m"),
            (
                &[
                    ("m", "use \"a\"\n"),
                    ("a", "let x = payment\nuse \"./b\"\n"),
                    ("b", "use \"a\""),
                ],
                "b:1:5: error P216: got files that use each other: a uses b uses a",
            ),
            (
                &[("m", "use \"a\"\nuse \"b\"\n"), ("a", ""), ("b", "use \"c/../a\"")],
                "b:1:5: error P216: got `a` a second time",
            ),
            (&[("d/m", "use \"a\"\n")], "d/m:1:5: error P215: cannot read `d/a`: no such file"),
            (
                &[("d/m", "list l = value from \"/l.csv\"")],
                "d/m:1:21: error P215: cannot read `/l.csv`: no such file",
            ),
            (
                &[("m", "use \"a\""), ("a", "policy \"b\"\n")],
                "a:1:8: error P216: got `policy` in a file that is used",
            ),
        ];
        for (files, wanted) in cases {
            let faults = checked(files).unwrap_err();
            assert!(faults.starts_with(wanted), "{faults}\n{wanted}");
        }
        let alone = Policy::check("use \"a\"", None, Wanted::Judging).unwrap_err();
        assert!(alone[0].message.ends_with("this text is read alone"), "{alone:?}");
    }

    #[test]
    fn a_file_that_is_not_utf8_or_too_long_is_told() {
        let mut read = |path: &str| match path {
            "binary" => Ok(vec![b'l', 0xff]),
            _ => Ok(vec![b'#'; TEXT_BYTES_MAX + 1]),
        };
        let sources = Sources::gather("m", b"use \"binary\"\nuse \"long\"\n", &mut read);
        let faults = Policy::check_sources(&sources, None, Wanted::Judging).unwrap_err();
        let text = sources.render(&faults);
        assert!(text.contains("m:1:5: error P215: cannot read `binary`: got byte 0xff"), "{text}");
        assert!(text.contains("long:1:1: error P001"), "{text}");
        let sources = Sources::gather("m", &[0xff, 0xfe, b'l', 0], &mut read);
        let faults = Policy::check_sources(&sources, None, Wanted::Judging).unwrap_err();
        assert_eq!(faults[0].code, "P039");
    }

    #[test]
    fn a_chain_of_files_ends_at_the_limit() {
        let mut read = |path: &str| {
            let number: usize = path.parse().map_err(|_| "odd".to_owned())?;
            Ok(format!("use \"{}\"\n", number + 1).into_bytes())
        };
        let sources = Sources::gather("0", b"use \"1\"", &mut read);
        let (faults, _) = sources.faults();
        assert_eq!(faults.len(), 1);
        assert_eq!(sources.files().count(), FILES_MAX);
        let position = sources.position(&faults[0].place).unwrap();
        assert_eq!((position.file, position.line, position.column), ("63", 1, 5));
        assert_eq!(position.bytes, 4..8);
    }

    #[test]
    fn the_file_of_a_list_is_found_by_its_path() {
        let files = [
            ("d/m", "use \"e/a\"\nlist l = value from \"l.csv\"\nlist k = value from \"l.csv\"\n"),
            ("d/e/a", "list j = value from \"l.csv\"\n"),
            ("d/l.csv", "one\n"),
            ("d/e/l.csv", "two\n"),
        ];
        let sources = gathered(&files);
        let found: Vec<(&str, &str)> = sources
            .parsed()
            .statements
            .iter()
            .filter_map(|statement| match &statement.node {
                Statement::List(list) => sources.list_file(list.from.as_ref()?),
                _ => None,
            })
            .map(|file| (file.name, file.text))
            .collect();
        assert_eq!(found, [("d/e/l.csv", "two\n"), ("d/l.csv", "one\n"), ("d/l.csv", "one\n")]);
        assert_eq!(sources.files().count(), 4);
    }
}
