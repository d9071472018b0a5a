//! What may stand at a place of a policy text: the help of an editor.
//!
//! The text before the place is read as if it ended there. The parser notes each statement and
//! clause it begins, also in a text that breaks off in the middle of one; the last of them, and the
//! tokens after it, say what is wanted here. What the names of the whole text mean comes from
//! definitions that took it with all its faults.

use super::ast::{self, Action, ExprNode, Statement};
use super::define::{Definitions, KEYS};
use super::lexer::{Kind, Token};
use super::parse::{Mark, clauses_of, read};
use super::resolve::Type;
use super::words::{self, Role, is_continuing, words};
use super::{TEXT_BYTES_MAX, print};
use crate::field::{self, EventType};

/// Something that may stand at the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word to write.
    pub text: String,
    /// What it is: a [`Role`], or `fact`, `field`, `let`, `list`, `event_type`, `category` and the
    /// like.
    pub kind: &'static str,
    /// Its type or unit; empty where it has none.
    pub of: String,
    /// What it says, in one line.
    pub says: String,
}

/// What may stand at a place, and what of it is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Where the word at the place starts, in bytes; the place itself where there is none yet.
    pub start: usize,
    /// What may stand there, the most likely first.
    pub candidates: Vec<Candidate>,
}

/// Words that mean something to a policy and are none of the language: each with what it says.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Reason codes.
    pub reasons: Vec<(String, String)>,
    /// Message keys.
    pub messages: Vec<(String, String)>,
    /// Typologies.
    pub vectors: Vec<(String, String)>,
    /// Strengths of proofs.
    pub strengths: Vec<(String, String)>,
    /// Whom or what to prove.
    pub proofs: Vec<(String, String)>,
    /// Factors.
    pub factors: Vec<(String, String)>,
    /// What `set` sets.
    pub settings: Vec<(String, String)>,
}

/// What is wanted at a place.
#[derive(Clone, Debug)]
enum Slot {
    Role(Role),
    Clauses(&'static str),
    EventTypes,
    Operand,
    /// Beside a value of this name: its categories.
    Category(String),
    Lists,
    Keys,
    Windows,
    Durations,
    Tags,
    Rules,
    Units,
    StandIns,
    Outside(fn(&Outside) -> &Vec<(String, String)>, &'static str),
    Words(&'static [&'static str]),
}

/// What may stand at byte `at` of a text.
///
/// `policy` is the whole policy, which other files may belong to; `definitions` know what it
/// defines.
pub fn complete(
    text: &str,
    at: usize,
    policy: &ast::Policy,
    definitions: &mut Definitions,
    outside: &Outside,
) -> Completion {
    let at = text.floor_char_boundary(at);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@');
    let start = text[..at].rfind(|c| !is_part(c)).map_or(0, |end| text.ceil_char_boundary(end + 1));
    let prefix = &text[start..at];
    let mut completion = Completion { start, candidates: Vec::new() };
    if TEXT_BYTES_MAX < start || prefix.starts_with(|c: char| c.is_ascii_digit()) {
        return completion;
    }
    let mut offered = Offered { policy, definitions, outside, candidates: Vec::new() };
    for slot in slots(&text[..start], prefix) {
        offered.offer(&slot);
    }
    let lower = prefix.to_lowercase();
    for candidate in offered.candidates {
        let is_new = completion.candidates.iter().all(|known| known.text != candidate.text);
        if is_new && candidate.text.to_lowercase().starts_with(&lower) {
            completion.candidates.push(candidate);
        }
    }
    completion
}

/// What is wanted at the end of a text.
fn slots(before: &str, prefix: &str) -> Vec<Slot> {
    let reading = read(before, 0);
    let end = before.len() as u32;
    let is_open = |token: &Token<'_>| match token.kind {
        Kind::Text(_) => {
            let written = &before[token.span.start as usize..token.span.end as usize];
            token.span.end == end && (written.len() < 2 || !written.ends_with('"'))
        }
        _ => false,
    };
    let tokens = &reading.tokens[..reading.tokens.len() - 1];
    let is_comment = reading.comments.last().is_some_and(|comment| comment.end == end);
    if is_comment || tokens.last().is_some_and(is_open) {
        return Vec::new();
    }
    if before.is_empty() || before.ends_with('\n') {
        return vec![Slot::Role(Role::Statement)];
    }
    let Some(first) = reading.marks.iter().rposition(|mark| mark.is_statement) else {
        return Vec::new();
    };
    let statement = reading.marks[first].keyword;
    let Some(last) = reading.marks.last() else { return Vec::new() };
    let place = Place { statement, last, tokens: &tokens[last.token..], prefix };
    place.slots()
}

/// The statement and clause that a text breaks off in.
struct Place<'a> {
    statement: &'static str,
    last: &'a Mark,
    /// From the keyword of the clause, or of the statement before its first clause.
    tokens: &'a [Token<'a>],
    prefix: &'a str,
}

impl Place<'_> {
    fn slots(&self) -> Vec<Slot> {
        let is_first = self.tokens.len() == 1;
        let next = Slot::Clauses(self.statement);
        if self.last.is_statement {
            return match self.statement {
                "let" | "set" | "list" => self.after_assign(),
                "policy" | "use" => Vec::new(),
                _ if is_first => Vec::new(),
                _ => vec![next],
            };
        }
        let is_in_list = is_first || self.kind(0) == Some(&Kind::Comma);
        let value = match (self.statement, self.last.keyword) {
            ("band", "=") | (_, "expect" | "owner" | "until" | "id") if is_first => return vec![],
            (_, "when" | "=") => return self.expression(),
            (_, "then" | "undecided") => return self.actions(),
            (_, "hits" | "misses") => return self.examples(),
            (_, "as") => Slot::Role(Role::Class),
            (_, "on") => Slot::EventTypes,
            (_, "because") => Slot::Outside(|o| &o.reasons, "reason"),
            (_, "message") => Slot::Outside(|o| &o.messages, "message"),
            (_, "suspects") => Slot::Outside(|o| &o.vectors, "typology"),
            (_, "cooldown") => Slot::Durations,
            ("exempt", "from") => Slot::Rules,
            (_, "unit") => Slot::Units,
            (_, "missing") => Slot::StandIns,
            _ => return vec![next],
        };
        vec![if is_in_list { value } else { next }]
    }

    /// The kind of the token so many before the place; the keyword of the clause does not count.
    fn kind(&self, back: usize) -> Option<&Kind<'_>> {
        let inside = &self.tokens[1..];
        let index = inside.len().checked_sub(back + 1)?;
        Some(&inside[index].kind)
    }

    fn word(&self, back: usize) -> Option<&str> {
        match self.kind(back) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// `let name =`, `set name =`, `list name "title" =`.
    fn after_assign(&self) -> Vec<Slot> {
        if !self.tokens.iter().any(|token| token.kind == Kind::Assign) {
            return match (self.statement, self.tokens.len()) {
                ("set", 1) => vec![Slot::Outside(|o| &o.settings, "setting")],
                _ => Vec::new(),
            };
        }
        match self.statement {
            "list" if self.kind(0) == Some(&Kind::Assign) => vec![Slot::Role(Role::ListKind)],
            "list" => vec![Slot::Words(&["from"])],
            _ => self.expression(),
        }
    }

    fn expression(&self) -> Vec<Slot> {
        if self.prefix.starts_with('@') {
            return vec![Slot::Lists];
        }
        let is_keyword_alone = self.tokens.len() == 1;
        match self.kind(0) {
            _ if is_keyword_alone => vec![Slot::Operand],
            Some(Kind::Sign(ast::Op::Equal | ast::Op::NotEqual)) => match self.word(1) {
                Some(name) => vec![Slot::Category(name.to_owned()), Slot::Operand],
                None => vec![Slot::Operand],
            },
            Some(Kind::LeftParen | Kind::Comma) => self.in_brackets(),
            Some(Kind::Sign(_) | Kind::Assign | Kind::LeftBracket) => vec![Slot::Operand],
            Some(Kind::Word(word)) => match *word {
                "in" => vec![Slot::Lists],
                "by" | "matching" => vec![Slot::Keys],
                "over" => vec![Slot::Windows],
                "offset" | "within" => vec![Slot::Durations],
                "including" => vec![Slot::Words(&["this"])],
                "tagged" => vec![Slot::Tags],
                "not" if self.is_after_operand(1) => {
                    vec![Slot::Words(&["in", "between", "tagged"])]
                }
                "if" => vec![Slot::Operand],
                word if is_continuing(word) || word == "missing" => vec![Slot::Operand],
                _ => self.after_operand(),
            },
            _ => self.after_operand(),
        }
    }

    fn after_operand(&self) -> Vec<Slot> {
        let next = match self.statement {
            "let" | "set" => Vec::new(),
            statement => vec![Slot::Clauses(statement)],
        };
        [vec![Slot::Role(Role::Operator)], next].concat()
    }

    /// Whether the token so many before the place ends an operand.
    fn is_after_operand(&self, back: usize) -> bool {
        match self.kind(back) {
            Some(Kind::Word(word)) => !is_continuing(word) && *word != "if",
            Some(Kind::RightParen | Kind::RightBracket | Kind::Number { .. } | Kind::Text(_)) => {
                true
            }
            _ => false,
        }
    }

    /// After `(` or `,`: one of several values, an argument, or a further key.
    fn in_brackets(&self) -> Vec<Slot> {
        let mut depth = 0;
        for back in 0..self.tokens.len() - 1 {
            match self.kind(back) {
                Some(Kind::RightParen) => depth += 1,
                Some(Kind::LeftParen) if 0 < depth => depth -= 1,
                Some(Kind::LeftParen) => {
                    return match (self.word(back + 1), self.word(back + 2)) {
                        (Some("in"), Some("not")) => self.categories(back + 3),
                        (Some("in"), _) => self.categories(back + 2),
                        (Some("component"), _) => vec![Slot::Role(Role::Component)],
                        _ => vec![Slot::Operand],
                    };
                }
                Some(Kind::Word("by" | "matching")) if depth == 0 => return vec![Slot::Keys],
                _ => {}
            }
        }
        vec![Slot::Operand]
    }

    fn categories(&self, back: usize) -> Vec<Slot> {
        self.word(back).map(|name| Slot::Category(name.to_owned())).into_iter().collect()
    }

    fn actions(&self) -> Vec<Slot> {
        if self.prefix.starts_with('@') {
            return vec![Slot::Lists];
        }
        let inside = self.tokens[1..].iter().rev().filter_map(|token| match token.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        });
        let detail = inside.clone().find(|word| matches!(*word, "prove" | "forbid" | "with"));
        let list_of = |detail: &str| match detail {
            "prove" => Slot::Outside(|o| &o.proofs, "proof"),
            _ => Slot::Outside(|o| &o.factors, "factor"),
        };
        match (self.kind(0), self.word(0)) {
            (None, _) | (_, Some("and")) => vec![Slot::Role(Role::Action)],
            (Some(Kind::Comma), _) => detail.map(list_of).into_iter().collect(),
            (_, Some("strength")) => vec![Slot::Outside(|o| &o.strengths, "strength")],
            (_, Some(word @ ("prove" | "forbid" | "with"))) => vec![list_of(word)],
            (_, Some("freeze")) => vec![Slot::Words(&["account", "card"])],
            (_, Some("delay")) => vec![Slot::Words(&["settlement"])],
            (_, Some("tag" | "add")) => vec![Slot::Keys],
            (_, Some("to")) => vec![Slot::Lists],
            (_, Some("for" | "hold")) => vec![Slot::Durations],
            (_, Some("limit")) => Vec::new(),
            (_, Some(_)) if self.word(1) == Some("tag") => vec![Slot::Tags],
            (_, Some(_)) if self.word(1) == Some("add") => vec![Slot::Words(&["to"])],
            (_, Some(_)) if self.word(2) == Some("tag") => vec![Slot::Words(&["for"])],
            _ => {
                let mut slots = vec![Slot::Words(&["and"])];
                let verb = inside.clone().find(|w| words::find(&words::VERBS, w).is_some());
                if verb == Some("challenge") {
                    slots.push(Slot::Words(&["strength", "prove", "forbid", "with"]));
                }
                if matches!(self.kind(0), Some(Kind::List(_))) {
                    slots.push(Slot::Words(&["for"]));
                }
                slots.push(Slot::Clauses(self.statement));
                slots
            }
        }
    }

    fn examples(&self) -> Vec<Slot> {
        match self.kind(0) {
            Some(Kind::LeftBrace) => vec![Slot::EventTypes, Slot::Operand],
            Some(Kind::Comma) => vec![Slot::Operand],
            Some(Kind::Assign) => match self.word(1) {
                Some(name) => vec![Slot::Category(name.to_owned()), Slot::Role(Role::Constant)],
                None => vec![Slot::Role(Role::Constant)],
            },
            Some(Kind::RightBrace) => vec![Slot::Clauses(self.statement)],
            _ => Vec::new(),
        }
    }
}

/// The candidates found so far.
struct Offered<'a> {
    policy: &'a ast::Policy,
    definitions: &'a mut Definitions,
    outside: &'a Outside,
    candidates: Vec<Candidate>,
}

impl Offered<'_> {
    fn offer(&mut self, slot: &Slot) {
        match slot {
            Slot::Role(role) => self.role(*role),
            Slot::Clauses(statement) => {
                for clause in clauses_of(statement) {
                    self.word(Role::Clause, clause);
                }
            }
            Slot::EventTypes => self.event_types(|event_type| event_type.is_scored()),
            Slot::Operand => self.operand(),
            Slot::Category(name) => self.categories(name),
            Slot::Lists => self.lists(),
            Slot::Keys => self.keys(),
            Slot::Windows => {
                self.add("window", "operator", "", "the window of the family of features");
                self.durations();
            }
            Slot::Durations => self.durations(),
            Slot::Tags => self.tags(),
            Slot::Rules => self.rules(),
            Slot::Units => self.of_features(|feature| &feature.unit, "unit"),
            Slot::StandIns => self.of_features(|feature| &feature.missing, "missing"),
            Slot::Outside(table, kind) => {
                for (text, says) in table(self.outside) {
                    self.candidates.push(candidate(text, kind, "", says));
                }
            }
            Slot::Words(wanted) => {
                for word in *wanted {
                    let known = words().iter().find(|known| known.word == *word);
                    let kind = known.map_or("operator", |known| known.role.name());
                    self.add(word, kind, "", known.map_or("", |known| known.says));
                }
            }
        }
    }

    fn add(&mut self, text: &str, kind: &'static str, of: &str, says: &str) {
        self.candidates.push(candidate(text, kind, of, says));
    }

    fn role(&mut self, role: Role) {
        for known in words().iter().filter(|known| known.role == role) {
            self.add(known.word, role.name(), "", known.says);
        }
    }

    fn word(&mut self, role: Role, word: &str) {
        let known = words().iter().find(|known| known.word == word && known.role == role);
        self.add(word, role.name(), "", known.map_or("what it is", |known| known.says));
    }

    fn operand(&mut self) {
        for statement in &self.policy.statements {
            if let Statement::Let(item) = &statement.node {
                let kind = self.definitions.type_of(&item.name.node);
                let says = print(&item.body);
                let of = kind.map_or(String::new(), |kind| kind.describe());
                self.candidates.push(candidate(&item.name.node, "let", &of, &says));
            }
        }
        for feature in self.definitions.features() {
            let says = &feature.title;
            self.candidates.push(candidate(&feature.name, "fact", &feature.unit, says));
        }
        for field in field::FIELDS {
            let kind = field::find(field.path).map(Type::of_field);
            let of = kind.map_or(String::new(), |kind| kind.describe());
            self.candidates.push(candidate(field.path, "field", &of, field.meaning));
        }
        self.event_types(|_| true);
        self.keys();
        for role in [Role::Aggregate, Role::Function, Role::Constant] {
            self.role(role);
        }
        for word in ["not", "if", "missing"] {
            self.word(Role::Operator, word);
        }
    }

    fn event_types(&mut self, is_wanted: impl Fn(&EventType) -> bool) {
        for event_type in EventType::ALL.iter().filter(|event_type| is_wanted(event_type)) {
            let says = if event_type.is_scored() { "a scored event" } else { "an event" };
            self.add(event_type.name(), "event_type", "a condition", says);
        }
    }

    fn categories(&mut self, name: &str) {
        match self.definitions.type_of(name) {
            Some(Type::Category(names)) => {
                for category in names {
                    self.candidates.push(candidate(&category, "category", "", name));
                }
            }
            Some(Type::Bool) => {
                for word in ["true", "false"] {
                    self.word(Role::Constant, word);
                }
            }
            _ => {}
        }
    }

    fn lists(&mut self) {
        for statement in &self.policy.statements {
            if let Statement::List(list) = &statement.node {
                let kind = words::LIST_KINDS.iter().find(|known| known.node == list.kind.node);
                let text = format!("@{}", list.name.node);
                let of = kind.map_or("", |known| known.word);
                self.candidates.push(candidate(&text, "list", of, &list.title));
            }
        }
    }

    fn keys(&mut self) {
        for (alias, path) in KEYS {
            let meaning = field::find(path).map_or("", |field| field.field().meaning);
            self.add(alias, "entity", path, meaning);
        }
    }

    fn durations(&mut self) {
        for length in ["5m", "15m", "1h", "6h", "24h", "7d", "30d", "90d"] {
            self.add(length, "duration", "", "");
        }
    }

    /// The tags that the policy gives or asks for.
    fn tags(&mut self) {
        let mut tags: Vec<(String, String)> = Vec::new();
        for statement in &self.policy.statements {
            let Statement::Rule(rule) = &statement.node else { continue };
            for action in rule.then.iter().chain(&rule.undecided) {
                if let Action::Tag { entity, tag, .. } = &action.node {
                    tags.push((tag.node.clone(), entity.node.clone()));
                }
            }
            rule.when.walk(&mut |expr| {
                if let ExprNode::Tagged { entity, tag, .. } = &expr.node {
                    tags.push((tag.node.clone(), entity.node.clone()));
                }
            });
        }
        for (tag, entity) in tags {
            self.candidates.push(candidate(&tag, "tag", &entity, "a tag of this policy"));
        }
    }

    fn rules(&mut self) {
        for statement in &self.policy.statements {
            if let Statement::Rule(rule) = &statement.node {
                self.candidates.push(candidate(&rule.name.node, "rule", "", &rule.title));
            }
        }
    }

    /// What the features of the catalogue have in one of their clauses.
    fn of_features(&mut self, part: fn(&super::define::Feature) -> &String, kind: &'static str) {
        let features = self.definitions.features();
        let mut found: Vec<&str> = features.iter().map(|feature| part(feature).as_str()).collect();
        found.sort_unstable();
        found.dedup();
        let of_features = |text: &&str| candidate(text, kind, "", "as in the catalogue");
        let texts = found.iter().filter(|text| !text.is_empty());
        self.candidates.extend(texts.map(of_features).collect::<Vec<_>>());
    }
}

fn candidate(text: &str, kind: &'static str, of: &str, says: &str) -> Candidate {
    let says = says.lines().next().unwrap_or_default().to_owned();
    Candidate { text: text.to_owned(), kind, of: of.to_owned(), says }
}
