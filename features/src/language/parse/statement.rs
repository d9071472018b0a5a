//! Statements, and the loop over their clauses: what may stand in which, once, in any order.

use super::{
    Kind, Name, Parsed, Parser, Policy, Spanned, Spelling, Stop, did_you_mean, faults,
    nearest_word, quoted,
};
use crate::language::ast::{Expr, Feature, Let, List, Op, Set, Span, Statement, Unit, Use, Window};

use crate::language::words::{
    CONTINUING, LIST_KINDS, STATEMENTS, find, is_clause, is_continuing, is_statement, names,
};

/// What one kind of statement is made of.
pub(super) struct Form {
    pub(super) keyword: &'static str,
    /// The keywords of its clauses.
    pub(super) clauses: &'static [&'static str],
    /// Those that must be there.
    pub(super) required: &'static [&'static str],
}

pub(super) const FEATURE: Form =
    Form { keyword: "feature", clauses: &["id", "unit", "missing", "="], required: &["="] };

impl<'a> Parser<'a> {
    pub(super) fn policy(&mut self) -> Policy {
        let mut policy = Policy::default();
        while *self.kind() != Kind::End {
            let start = self.span();
            match self.statement_keyword() {
                Some("policy") => self.policy_name(&mut policy, start),
                Some(keyword) => {
                    let statement = self.statement(keyword, start);
                    let span = self.span_from(start);
                    policy.statements.extend(statement.map(|node| Spanned { node, span }));
                }
                None => self.skip_to_statement(),
            }
        }
        policy
    }

    /// Takes the keyword of a statement, also a misspelt or a misplaced one; anything else is
    /// reported and passed over.
    fn statement_keyword(&mut self) -> Option<&'static str> {
        let span = self.span();
        let is_at_margin = self.token(0).is_at_margin;
        let word = self.word().unwrap_or("");
        if let Some(keyword) = find(&STATEMENTS, word).map(|known| known.word) {
            self.take_keyword(keyword, true);
            if !is_at_margin {
                let message = format!("got `{word}` inside a line, wanted it in the first column");
                let help = "a statement starts its own line, without blanks before it";
                self.report(faults::INDENTED, span, message, Some(help.to_owned()));
            }
            return Some(keyword);
        }
        let message = format!("got {}, wanted a statement", self.got());
        let near = nearest_word(word, names(&STATEMENTS));
        let help = match near {
            Some(keyword) => format!("did you mean `{keyword}`?"),
            None if is_clause(word) => format!("`{word}` belongs after a statement"),
            None => format!("statements are {}", names(&STATEMENTS).collect::<Vec<_>>().join(", ")),
        };
        self.report(faults::STATEMENT, span, message, Some(help));
        match near {
            Some(keyword) => self.take_keyword(keyword, true),
            None => self.advance(),
        }
        near
    }

    fn skip_to_statement(&mut self) {
        while !(self.is_at_border() || self.is_at_misspelt_statement()) {
            self.advance();
        }
    }

    fn policy_name(&mut self, policy: &mut Policy, start: Span) {
        if policy.name.is_some() || !policy.statements.is_empty() {
            let message =
                "got `policy` after other statements, wanted it first and once".to_owned();
            self.report(faults::POLICY_NAME, start, message, None);
        }
        match self.quoted_text("the name of the policy in double quotes") {
            Ok(name) => {
                policy.name.get_or_insert(name);
                self.end_of_statement("policy");
            }
            Err(Stop) => self.skip_to_statement(),
        }
    }

    /// Reads the statement whose keyword was taken; `None` when it cannot be understood.
    fn statement(&mut self, keyword: &'static str, start: Span) -> Option<Statement> {
        let statement = match keyword {
            "let" => self.binding(keyword).map(|(name, body)| Statement::Let(Let { name, body })),
            "set" => self.binding(keyword).map(|(name, value)| Statement::Set(Set { name, value })),
            "list" => self.list().map(Statement::List),
            "feature" => self.feature(start).map(Statement::Feature),
            "use" => self.inclusion().map(Statement::Use),
            "band" => self.band(start).map(Statement::Band),
            "rule" => self.rule(start).map(Statement::Rule),
            _ => self.exempt(start).map(Statement::Exempt),
        };
        match statement {
            Ok(statement) => Some(statement),
            Err(Stop) => {
                self.skip_to_statement();
                None
            }
        }
    }

    /// `name = expression`, the whole of `let` and `set`.
    fn binding(&mut self, keyword: &str) -> Parsed<(Name, Expr)> {
        let name = self.name(&format!("a name after `{keyword}`"), Spelling::Plain)?;
        self.assign()?;
        let body = self.whole_expression()?;
        self.end_of_statement(keyword);
        Ok((name, body))
    }

    /// Takes `=`; `==` is mended.
    pub(super) fn assign(&mut self) -> Parsed<()> {
        let span = self.span();
        if self.take(&Kind::Assign) {
            return Ok(());
        }
        if self.take(&Kind::Sign(Op::Equal)) {
            let message = "got `==`, wanted `=`".to_owned();
            self.report(faults::ASSIGNMENT, span, message, Some("`==` compares".to_owned()));
            return Ok(());
        }
        Err(self.unexpected("`=`", None))
    }

    /// Reports what stands between a finished statement and the next, and skips it.
    fn end_of_statement(&mut self, keyword: &str) {
        let is_next = self.word().is_some_and(is_statement);
        if self.is_at_border() || is_next || self.is_at_misspelt_statement() {
            return;
        }
        let wanted = match keyword {
            "let" | "set" => "an operator or the next statement",
            _ => "the next statement",
        };
        let help = self.word().and_then(|word| did_you_mean(word, CONTINUING));
        let Stop = self.unexpected(wanted, help);
        self.skip_to_statement();
    }

    pub(super) fn title(&mut self) -> String {
        match self.kind() {
            Kind::Text(text) => {
                let title = text.clone();
                self.advance();
                title
            }
            _ => String::new(),
        }
    }

    fn inclusion(&mut self) -> Parsed<Use> {
        let path = self.path()?;
        self.end_of_statement("use");
        Ok(Use { path })
    }

    fn list(&mut self) -> Parsed<List> {
        let name = self.name("the name of the list", Spelling::Plain)?;
        self.check_list_name(name.span, name.node.len());
        let title = self.title();
        self.assign()?;
        let kind = self.choice("the kind of the list", &LIST_KINDS)?;
        let is_file_alone = self.word() == Some("from") && !self.is_at_border();
        let entries = if is_file_alone { Vec::new() } else { self.entries()? };
        let mut from = None;
        if self.word() == Some("from") {
            self.take_keyword("from", false);
            from = Some(self.path()?);
        }
        self.end_of_statement("list");
        Ok(List { name, title, kind, entries, from })
    }

    fn entries(&mut self) -> Parsed<Vec<Spanned<String>>> {
        let open = self.span();
        if !self.take(&Kind::LeftParen) {
            return Err(self.unexpected("`(` before the entries, or `from` and a file", None));
        }
        let mut entries = Vec::new();
        while *self.kind() != Kind::RightParen {
            entries.push(self.quoted_text("an entry in double quotes")?);
            if !self.take(&Kind::Comma) {
                break;
            }
        }
        self.close(open, &Kind::RightParen)?;
        Ok(entries)
    }

    fn feature(&mut self, start: Span) -> Parsed<Feature> {
        let name = self.name("the name of the feature", Spelling::Plain)?;
        let windows = match self.kind() {
            Kind::LeftBrace => self.windows(&name)?,
            _ => Vec::new(),
        };
        let title = self.title();
        let (mut id, mut unit, mut missing, mut body) = (None, None, None, None);
        let mut seen = Vec::new();
        while let Some(clause) = self.next_clause(&FEATURE, &mut seen) {
            let read = match clause {
                "id" => self.name("a catalogue number", Spelling::Any).map(|n| id = Some(n)),
                "unit" => self.name("a unit", Spelling::Lower).map(|n| unit = Some(n)),
                "missing" => self.stand_in().map(|n| missing = Some(n)),
                _ => self.whole_expression().map(|e| body = Some(e)),
            };
            if read.is_err() {
                self.skip_to_clause(&FEATURE, &seen);
            }
        }
        self.check_required(&FEATURE, &name, start, &seen);
        let body = body.ok_or(Stop)?;
        Ok(Feature { name, windows, title, id, unit, missing, body })
    }

    /// What stands for a missing value: a word, or a number as it is written.
    fn stand_in(&mut self) -> Parsed<Name> {
        let span = self.span();
        if matches!(self.kind(), Kind::Number { .. }) {
            self.advance();
            return Ok(Name { node: self.slice(span).to_owned(), span });
        }
        self.name("what stands for a missing value", Spelling::Lower)
    }

    fn windows(&mut self, stem: &Name) -> Parsed<Vec<Spanned<Window>>> {
        let open = self.span();
        self.advance();
        let mut windows: Vec<Spanned<Window>> = Vec::new();
        loop {
            let length = self.duration("a window")?;
            self.check_parts(windows.len(), "windows", length.span)?;
            let text = self.slice(length.span).replace([' ', '_'], "");
            if windows.iter().any(|window| window.node.ms == length.node) {
                let message = format!("got the window {} twice", quoted(&text));
                self.report(faults::REPEATED, length.span, message, None);
            } else {
                let node = Window { text, ms: length.node };
                windows.push(Spanned { node, span: length.span });
            }
            if !self.take(&Kind::Comma) || *self.kind() == Kind::RightBrace {
                break;
            }
        }
        self.close(open, &Kind::RightBrace)?;
        if !stem.node.ends_with('_') {
            let message = format!("got windows after `{}`, wanted a name ending in `_`", stem.node);
            let help = format!("write `{}_{{..}}`", stem.node);
            self.report(faults::WINDOW_STEM, stem.span, message, Some(help));
        }
        Ok(windows)
    }

    /// Takes the keyword of the next clause of `form`; `None` where the statement ends. What is no
    /// clause is reported and skipped, a misspelt keyword is mended.
    pub(super) fn next_clause(
        &mut self,
        form: &Form,
        seen: &mut Vec<&'static str>,
    ) -> Option<&'static str> {
        while !self.is_at_end_of(form) {
            let span = self.span();
            let found = match self.own_clause(form) {
                Some(clause) => clause,
                None => match self.foreign_clause(form, seen) {
                    Some(clause) => clause,
                    None => {
                        self.advance();
                        self.skip_to_clause(form, seen);
                        continue;
                    }
                },
            };
            self.take_keyword(found, false);
            if seen.contains(&found) {
                let message = format!("got `{found}` twice in one `{}`", form.keyword);
                self.report(faults::REPEATED, span, message, None);
            } else {
                seen.push(found);
            }
            return Some(found);
        }
        None
    }

    /// Whether the statement ends here: also before a statement that stands inside a line, or that
    /// is misspelt.
    fn is_at_end_of(&self, form: &Form) -> bool {
        let Some(word) = self.word() else {
            return *self.kind() == Kind::End;
        };
        let is_misspelt = self.token(0).is_at_margin
            && self.own_clause(form).is_none()
            && nearest_word(word, form.clauses.iter().copied()).is_none();
        is_statement(word) || is_misspelt
    }

    fn own_clause(&self, form: &Form) -> Option<&'static str> {
        let written = match self.kind() {
            Kind::Word(word) => word,
            Kind::Assign => "=",
            _ => return None,
        };
        form.clauses.iter().copied().find(|clause| *clause == written)
    }

    /// Reports what is no clause of `form`; gives the one that was probably meant, if it is still
    /// to come.
    fn foreign_clause(&mut self, form: &Form, seen: &[&str]) -> Option<&'static str> {
        let word = self.word().unwrap_or("");
        let own = self.meant_clause(form, seen);
        let clauses = form.clauses.join(", ");
        let help = match (own, nearest_word(word, CONTINUING)) {
            (Some(clause), _) => format!("did you mean `{clause}`?"),
            (None, _) if is_continuing(word) => {
                format!("`{word}` cannot go on with what stands before it")
            }
            (None, Some(operator)) => format!("did you mean `{operator}`?"),
            (None, None) if is_clause(word) => {
                format!("`{word}` is a clause of another statement; those of this are {clauses}")
            }
            (None, None) => format!("clauses of `{}` are {clauses}", form.keyword),
        };
        let message = format!("got {}, wanted a clause of `{}`", self.got(), form.keyword);
        self.report(faults::CLAUSE, self.span(), message, Some(help));
        own
    }

    /// Moves to the next clause of `form` or the end of the statement. A `=` counts only before the
    /// body was seen, because later it is more often a mistake inside an expression; a misspelt
    /// keyword only at the start of a line.
    pub(super) fn skip_to_clause(&mut self, form: &Form, seen: &[&'static str]) {
        while !(self.is_at_border() || self.is_at_misspelt_statement()) {
            let is_start = match self.own_clause(form) {
                Some("=") => !seen.contains(&"="),
                Some("shadow" | "then" | "when") => true,
                Some(_) => self.is_at_clause(),
                None => self.is_first_of_line() && self.meant_clause(form, seen).is_some(),
            };
            if is_start {
                return;
            }
            self.advance();
        }
    }

    /// The clause that a misspelt keyword was meant to be, if the clause is still to come.
    fn meant_clause(&self, form: &Form, seen: &[&str]) -> Option<&'static str> {
        let word = self.word().filter(|word| !is_continuing(word))?;
        let unseen = form.clauses.iter().copied().filter(|clause| !seen.contains(clause));
        nearest_word(word, unseen)
    }

    /// Reports the clauses that the statement must have and does not.
    pub(super) fn check_required(&mut self, form: &Form, name: &Name, start: Span, seen: &[&str]) {
        let absent: Vec<String> = form
            .required
            .iter()
            .filter(|clause| !seen.contains(clause))
            .map(|clause| format!("`{clause}`"))
            .collect();
        if !absent.is_empty() {
            let span = Span { start: start.start, end: name.span.end };
            let (keyword, name) = (form.keyword, quoted(&name.node));
            let message = format!("got {keyword} {name} without {}", absent.join(" and "));
            self.report(faults::NO_CLAUSE, span, message, None);
        }
    }

    /// A fraction, written plain, in `%` or in `bps`.
    pub(super) fn share(&mut self, wanted: &str) -> Parsed<Spanned<f64>> {
        let span = self.span();
        let node = match *self.kind() {
            Kind::Number { value, unit: None | Some(Unit::Percent | Unit::BasisPoints) } => value,
            _ => return Err(self.unexpected(wanted, None)),
        };
        self.advance();
        Ok(Spanned { node, span })
    }
}
