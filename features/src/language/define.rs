//! From statements to facts: names are resolved, types and units checked, windows become measures.
//!
//! [`Definitions`] starts with the built-in catalogue and takes policy texts on top, all at once
//! and with every fault they have. It knows every fact that can be named; [`Definitions::plan`]
//! lays out what a chosen few of them need. Conditions of rules are resolved by
//! [`Definitions::condition`] into expressions **over facts alone**: each event field, list test
//! and aggregate that a rule names becomes a fact of its own, so that a record of facts is enough
//! to judge again.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::FAULTS_MAX;
use super::ast;
use super::resolve::{Resolver, Type};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::event::hash_text;
use crate::expr::{Expr, Op, key_number};
use crate::field::{self, EventType, FieldId, Kind, Types};
use crate::limits::{DEFINITIONS_MAX, LISTS_MAX, MEASURES_MAX};
use crate::lists::{Declared, Row, read_rows};
use crate::pan::holds_card_number;
use crate::plan::{Definition, KeyPart, Measure, Plan, Reading};

/// Diagnostics of names, types and units: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("P101", "unknown name"),
    ("P102", "name defined twice"),
    ("P103", "types or units do not fit"),
    ("P104", "a condition is wanted"),
    ("P105", "not allowed here"),
    ("P106", "key that names no entity"),
    ("P107", "window that cannot be kept"),
    ("P108", "list entry that cannot be read"),
    ("P109", "field that no event of the rule carries"),
    ("P110", "too many facts or window aggregates"),
    ("P111", "expression that grows too large"),
    ("P112", "sequence that no events can follow"),
];

/// What a catalogue shows of a fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Name.
    pub name: String,
    /// Number in the catalogue, empty for an analyst's own.
    pub id: String,
    /// What it says.
    pub title: String,
    /// Unit of the value.
    pub unit: String,
    /// What stands for the value when there is none.
    pub missing: String,
    /// Entities whose past it reads, joined by commas; `event` when it reads none.
    pub entity: String,
    /// Window lengths in milliseconds, shortest first; 0 is for life.
    pub windows_ms: Vec<i64>,
    /// Cost: nodes evaluated plus eight for each question to the past.
    pub cost: u32,
    /// Whether it comes with the engine.
    pub is_builtin: bool,
    /// Index of its definition.
    pub definition: usize,
}

/// Everything that can be named, and what it means.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    pub(crate) lets: HashMap<String, ast::Expr, FixedState>,
    lists: Vec<Arc<Declared>>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) types: Vec<Type>,
    pub(crate) measures: Vec<Measure>,
    names: HashMap<String, usize, FixedState>,
    features: Vec<Feature>,
    /// How often all names were looked through for a near one.
    suggestions: usize,
}

/// A file that a list takes entries from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFile<'a> {
    /// What it is called in diagnostics.
    pub name: &'a str,
    /// Where it starts in the text that places point into, in bytes.
    pub start: usize,
    /// What it says.
    pub text: &'a str,
}

/// Whose statements are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The engine's own catalogue.
    Builtin,
    /// A policy.
    Policy,
}

impl Definitions {
    /// Adds the `let`, `list` and `feature` statements of a text; returns all their faults.
    ///
    /// A statement with a fault defines its name all the same, so that one fault is reported once.
    pub fn add(&mut self, policy: &ast::Policy, origin: Origin) -> Vec<Diagnostic> {
        self.add_with(policy, origin, &|_| None)
    }

    /// The same, with the files that lists take entries from: `file` gives one by its path, `None`
    /// where somebody else has said that it cannot be read.
    pub fn add_with<'a>(
        &mut self,
        policy: &ast::Policy,
        origin: Origin,
        file: &dyn Fn(&ast::Name) -> Option<ListFile<'a>>,
    ) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for statement in &policy.statements {
            match &statement.node {
                ast::Statement::Let(item) => self.add_let(item, &mut faults),
                ast::Statement::List(item) => self.add_list(item, file, &mut faults),
                ast::Statement::Feature(item) => self.add_feature(item, origin, &mut faults),
                ast::Statement::Use(_)
                | ast::Statement::Set(_)
                | ast::Statement::Band(_)
                | ast::Statement::Rule(_)
                | ast::Statement::Exempt(_) => {}
            }
        }
        faults
    }

    /// Resolves the condition of a rule on events of these types into an expression over facts.
    pub fn condition(&mut self, expr: &ast::Expr, on: Types) -> Result<Expr, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let (resolved, found) = Resolver::for_rule(self, on, &mut faults).expression(expr);
        if found != Type::Bool && found != Type::Broken {
            let message = format!("got {}, wanted a condition", found.describe());
            faults.push(fault("P104", expr.span, message));
        }
        if faults.is_empty() { Ok(self.over_facts(resolved)) } else { Err(faults) }
    }

    /// What an example says, `left = right`: the fact that a rule on these types reads by `left`, by
    /// its index, and the value it is given.
    pub fn given(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        on: Types,
    ) -> Result<(usize, f64), Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let (expr, value) = Resolver::for_rule(self, on, &mut faults).given(left, right);
        if faults.is_empty() {
            if let Expr::Fact(fact) = self.over_facts(expr) {
                return Ok((usize::from(fact), value));
            }
            let message = "got an expression over several facts, wanted one fact";
            faults.push(fault("P105", left.span, message));
        }
        Err(faults)
    }

    /// Resolves a constant amount, share, duration or number, as `set` and `limit` have them.
    ///
    /// Amounts are minor units with their currency, durations milliseconds.
    pub fn constant(&mut self, expr: &ast::Expr) -> Result<(f64, Option<String>), Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let (resolved, found) = Resolver::for_rule(self, Types::ANY, &mut faults).expression(expr);
        let currency = match found {
            Type::Money(code) => Some(code),
            _ => None,
        };
        let scope = crate::expr::Scope { event: None, readings: &[], facts: &[] };
        let value = resolved.value(scope);
        if faults.is_empty() && value.is_nan() {
            faults.push(fault(
                "P105",
                expr.span,
                "got a value that depends on the event, wanted a constant",
            ));
        }
        if faults.is_empty() { Ok((value, currency)) } else { Err(faults) }
    }

    /// Index of the fact of this name: a feature, or an event field by its path.
    pub fn fact(&mut self, name: &str) -> Option<usize> {
        if let Some(index) = self.names.get(name) {
            return Some(*index);
        }
        let field = field::find(name)?;
        Some(self.field_fact(field))
    }

    /// Name of the fact of this index.
    pub fn name(&self, index: usize) -> &str {
        &self.definitions[index].name
    }

    /// How the number of the fact of this index is read.
    pub fn reading(&self, index: usize) -> &Reading {
        &self.definitions[index].reading
    }

    /// Catalogue entries of all features, in order of definition.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The layout for these facts.
    pub fn plan(&self, wanted: &[usize]) -> Plan {
        Plan::new(&self.definitions, &self.measures, &self.lists, wanted)
    }

    /// The lists, by number: those that are declared, and tags.
    pub fn lists(&self) -> &[Arc<Declared>] {
        &self.lists
    }

    /// The number of a list.
    pub fn list(&self, name: &str) -> Option<u16> {
        self.lists.iter().position(|list| list.name() == name).map(|number| number as u16)
    }

    /// The number of the list that carries a tag of an entity (`account`, `watched`), which need
    /// not be declared; `None` when there are too many lists.
    pub fn tag(&mut self, entity: &str, tag: &str) -> Option<u16> {
        let name = format!("{entity}:{tag}");
        self.list(&name).or_else(|| {
            let title = format!("{entity} tagged {tag}");
            self.declare(Declared::new(&name, &title, ast::ListKind::Value))
        })
    }

    fn declare(&mut self, list: Declared) -> Option<u16> {
        if LISTS_MAX <= self.lists.len() {
            return None;
        }
        self.lists.push(Arc::new(list));
        Some(self.lists.len() as u16 - 1)
    }

    /// The lists that a fact asks, by number, also by way of other facts and of the events that
    /// windows count; sorted.
    pub fn lists_of(&self, fact: usize) -> Vec<u16> {
        let mut asked = Vec::new();
        let mut open = vec![fact];
        let mut seen = vec![false; self.definitions.len()];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let mut ask = |node: &Expr| {
                if let Expr::Listed(_, list) = node {
                    asked.push(*list);
                }
            };
            self.definitions[index].expr.walk(&mut |node| match node {
                Expr::Fact(fact) => open.push(usize::from(*fact)),
                Expr::Reading(measure) => {
                    let measure = &self.measures[usize::from(*measure)];
                    measure.condition.walk(&mut ask);
                    measure.value.iter().for_each(|value| value.expr.walk(&mut ask));
                    open.extend(measure.read_by.iter().filter_map(|part| match part {
                        KeyPart::Fact(fact) => Some(usize::from(*fact)),
                        KeyPart::Field(_) => None,
                    }));
                }
                node => ask(node),
            });
        }
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    /// The type of a name in an expression over one event or in a rule; `None` for none.
    pub(crate) fn type_of(&mut self, name: &str) -> Option<Type> {
        let node = ast::ExprNode::Name(name.to_owned());
        let expr = ast::Expr { node, span: ast::Span::default() };
        let mut faults = Vec::new();
        let (_, found) = Resolver::for_rule(self, Types::ANY, &mut faults).value(&expr);
        faults.is_empty().then_some(found)
    }

    /// All names an expression may use, for suggestions.
    ///
    /// None any more after as many times as faults are shown: nobody would read them, and a long text
    /// of nothing but unknown names would take for ever.
    pub(crate) fn suggested_names(&mut self) -> Vec<&str> {
        if FAULTS_MAX <= self.suggestions {
            return Vec::new();
        }
        self.suggestions += 1;
        let mut names: Vec<&str> = self.features.iter().map(|f| f.name.as_str()).collect();
        // The nearest name is chosen by distance, then by text: the order here does not matter.
        #[allow(clippy::iter_over_hash_type)]
        for name in self.lets.keys() {
            names.push(name);
        }
        names.extend(field::FIELDS.iter().map(|f| f.path));
        names.extend(KEYS.iter().map(|(alias, _)| *alias));
        names.extend(EventType::ALL.iter().map(|t| t.name()));
        names.sort_unstable();
        names
    }

    pub(crate) fn feature_index(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(crate) fn define(&mut self, definition: Definition, kind: Type) -> usize {
        if let Some(index) = self.names.get(&definition.name) {
            return *index;
        }
        self.names.insert(definition.name.clone(), self.definitions.len());
        self.definitions.push(definition);
        self.types.push(kind);
        self.definitions.len() - 1
    }

    /// The number of a measure, equal ones sharing theirs; `None` when there are too many.
    pub(crate) fn add_measure(&mut self, measure: Measure) -> Option<u16> {
        if let Some(known) = self.measures.iter().position(|m| *m == measure) {
            return Some(known as u16);
        }
        if MEASURES_MAX <= self.measures.len() {
            return None;
        }
        self.measures.push(measure);
        Some((self.measures.len() - 1) as u16)
    }

    /// Every leaf that is not a fact becomes one.
    pub(crate) fn over_facts(&mut self, expr: Expr) -> Expr {
        expr.map(&mut |node| match node {
            Expr::Field(field) | Expr::Key(field) => Expr::Fact(self.field_fact(field) as u16),
            Expr::Has(field) => {
                let fact = Expr::Fact(self.field_fact(field) as u16);
                Expr::Not(Box::new(Expr::Missing(Box::new(fact))))
            }
            Expr::IsType(types) => {
                let fact = Expr::Fact(self.field_fact(field::ids::EVENT_TYPE) as u16);
                let listed = EventType::ALL.iter().filter(|t| types.contains(**t));
                Expr::In(Box::new(fact), listed.map(|t| f64::from(*t as u8)).collect())
            }
            Expr::Listed(field, list) => {
                let name = format!("{} in @{}", field.path(), self.lists[usize::from(list)].name());
                let expr = Expr::Listed(field, list);
                let definition = Definition { name, reading: Reading::Bool, expr };
                Expr::Fact(self.define(definition, Type::Bool) as u16)
            }
            other => other,
        })
    }

    fn field_fact(&mut self, field: FieldId) -> usize {
        let kind = Type::of_field(field);
        let expr = if kind.is_key() { Expr::Key(field) } else { Expr::Field(field) };
        let name = field.path().to_owned();
        self.define(Definition { name, reading: kind.reading(), expr }, kind)
    }

    fn is_taken(&self, name: &str) -> bool {
        self.lets.contains_key(name)
            || self.names.contains_key(name)
            || EventType::parse(name).is_some()
            || key_field(name).is_some()
    }

    fn claim(&self, name: &ast::Name, faults: &mut Vec<Diagnostic>) {
        if self.is_taken(&name.node) {
            let message = format!("`{}` already means something", name.node);
            faults.push(fault("P102", name.span, message).help("choose another name"));
        }
    }

    fn add_let(&mut self, item: &ast::Let, faults: &mut Vec<Diagnostic>) {
        self.claim(&item.name, faults);
        let before = faults.len();
        Resolver::for_event(self, faults).expression(&item.body);
        let mut body = item.body.clone();
        if before < faults.len() {
            // A body with a fault may name itself: nothing of it is written out again.
            body.node = ast::ExprNode::Name("unknown".to_owned());
        }
        self.lets.entry(item.name.node.clone()).or_insert(body);
    }

    fn add_list<'a>(
        &mut self,
        item: &ast::List,
        file: &dyn Fn(&ast::Name) -> Option<ListFile<'a>>,
        faults: &mut Vec<Diagnostic>,
    ) {
        if self.list(&item.name.node).is_some() {
            let message = format!("list `{}` is defined twice", item.name.node);
            faults.push(fault("P102", item.name.span, message));
        }
        let kind = item.kind.node;
        let mut list = Declared::new(&item.name.node, &item.title, kind);
        for entry in &item.entries {
            let row = Row { source: "policy".to_owned(), ..Row::of(&entry.node) };
            if let Err(wanted) = list.start_with(&row) {
                let message = format!("got `{}`, wanted {wanted}", entry.node);
                faults.push(fault("P108", entry.span, message));
            } else if kind != ast::ListKind::Bin && holds_card_number(&entry.node) {
                faults.push(fault("P108", entry.span, "got a card number, wanted a token"));
            }
        }
        if let Some(ListFile { name, start, text }) = item.from.as_ref().and_then(file) {
            match read_rows(kind, text) {
                Ok(rows) => faults.extend(start_with(&mut list, rows, name, item.name.span)),
                Err(found) => {
                    let place = |fault: Diagnostic| Diagnostic {
                        place: place_in(text, start, &fault.place),
                        ..fault
                    };
                    faults.extend(found.into_iter().map(place));
                }
            }
        }
        if self.declare(list).is_none() {
            let message = format!("more than {LISTS_MAX} lists are defined");
            faults.push(fault("P110", item.name.span, message));
        }
    }

    fn add_feature(&mut self, item: &ast::Feature, origin: Origin, faults: &mut Vec<Diagnostic>) {
        let windows: Vec<Option<&ast::Window>> = match item.windows.as_slice() {
            [] => vec![None],
            windows => windows.iter().map(|w| Some(&w.node)).collect(),
        };
        for window in windows {
            let name = match window {
                None => item.name.node.clone(),
                Some(window) => format!("{}{}", item.name.node, window.text),
            };
            let claimed = ast::Name { node: name.clone(), span: item.name.span };
            self.claim(&claimed, faults);
            if DEFINITIONS_MAX <= self.definitions.len() {
                let message = format!("more than {DEFINITIONS_MAX} facts are defined");
                faults.push(fault("P110", item.name.span, message));
                return;
            }
            let before = faults.len();
            let mut resolver = Resolver::for_feature(self, window.map(|w| w.ms), faults);
            let (expr, kind) = resolver.expression(&item.body);
            // The windows of a family share their faults: say each once.
            let broken = before < faults.len();
            let definition = Definition { name: name.clone(), reading: kind.reading(), expr };
            let index = self.define(definition, kind);
            self.features.push(self.describe(item, name, index, origin));
            if broken {
                return;
            }
        }
    }

    fn describe(&self, item: &ast::Feature, name: String, index: usize, origin: Origin) -> Feature {
        let text =
            |name: &Option<ast::Name>| name.as_ref().map_or(String::new(), |n| n.node.clone());
        let expr = &self.definitions[index].expr;
        let mut entities: Vec<String> = Vec::new();
        let mut windows_ms = Vec::new();
        let mut questions = 0;
        expr.walk(&mut |node| {
            if let Expr::Reading(measure) = node {
                let measure = &self.measures[usize::from(*measure)];
                questions += 1;
                windows_ms.push(measure.window_ms.unwrap_or(0));
                let parts = measure.read_by.iter().zip(&measure.record_by).map(
                    |(read, recorded)| match read {
                        KeyPart::Field(field) => key_alias(*field),
                        KeyPart::Fact(_) => key_alias(*recorded),
                    },
                );
                let key = parts.collect::<Vec<_>>().join(" x ");
                let key = if key.is_empty() { "everyone".to_owned() } else { key };
                if !entities.contains(&key) {
                    entities.push(key);
                }
            }
            if let Expr::Component(_) = node {
                questions += 1;
                let key = "component".to_owned();
                if !entities.contains(&key) {
                    entities.push(key);
                }
            }
        });
        windows_ms.sort_unstable();
        windows_ms.dedup();
        Feature {
            name,
            id: text(&item.id),
            title: item.title.clone(),
            unit: text(&item.unit),
            missing: text(&item.missing),
            entity: if entities.is_empty() { "event".to_owned() } else { entities.join(", ") },
            windows_ms,
            cost: expr.cost() + 8 * questions,
            is_builtin: origin == Origin::Builtin,
            definition: index,
        }
    }
}

/// Short names of entities and the fields that name them.
pub const KEYS: &[(&str, &str)] = &[
    ("account", "account_id"),
    ("asn", "network.asn"),
    ("beneficiary", "beneficiary_id"),
    ("bin", "card.bin"),
    ("campaign", "campaign_id"),
    ("card", "card.card_token"),
    ("device", "device.device_id"),
    ("document", "doc_hash"),
    ("email", "email_hash"),
    ("envelope", "envelope_id"),
    ("group", "group_id_hash"),
    ("intermediary", "intermediary_id"),
    ("ip", "network.ip"),
    ("ip_prefix", "network.ip_prefix"),
    ("issuer", "card.issuer_id"),
    ("merchant", "merchant.merchant_id"),
    ("pass", "pass_id"),
    ("phone", "phone_hash"),
    ("qr", "merchant.qr_id"),
    ("session", "session_id"),
    ("terminal", "merchant.terminal_id"),
];

/// The field that an entity's short name or a path stands for.
pub(crate) fn key_field(name: &str) -> Option<FieldId> {
    let path = KEYS.iter().find(|(alias, _)| *alias == name).map(|(_, path)| *path);
    field::find(path?)
}

fn key_alias(field: FieldId) -> String {
    let path = field.path();
    let alias = KEYS.iter().find(|(_, p)| *p == path).map(|(alias, _)| *alias);
    alias.unwrap_or(path).to_owned()
}

/// A fault at a place of the text.
pub(crate) fn fault(code: &'static str, span: ast::Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, Place::Text { start: span.start, end: span.end }, message)
}

/// An unknown name, with the nearest known one.
pub(crate) fn unknown(span: ast::Span, what: &str, name: &str, known: &[&str]) -> Diagnostic {
    let diagnostic = fault("P101", span, format!("unknown {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// The key number of a text as a field of this kind keeps it; `None` when the kind refuses it.
pub(crate) fn key_of_text(kind: Kind, text: &str) -> Option<f64> {
    let bits = match kind {
        Kind::Country => u64::from(crate::geo::pack_country(text)?),
        Kind::Currency => crate::money::Currency::parse(text)?.bits(),
        Kind::Ip => hash_text(&text.parse::<std::net::IpAddr>().ok()?.to_string()),
        Kind::Id | Kind::Text { .. } => hash_text(text),
        Kind::Bool
        | Kind::Int { .. }
        | Kind::Float { .. }
        | Kind::Time
        | Kind::Money
        | Kind::Enum(_)
        | Kind::Set(_)
        | Kind::Date
        | Kind::YearMonth => return None,
    };
    Some(key_number(bits))
}

/// Both sides with a three-valued operator between them.
pub(crate) fn both(op: Op, left: Expr, right: Expr) -> Expr {
    Expr::Binary(op, Box::new(left), Box::new(right))
}

/// Adds the entries of a file to a list; tells when they do not fit.
fn start_with(
    list: &mut Declared,
    rows: Vec<Row>,
    file: &str,
    span: ast::Span,
) -> Option<Diagnostic> {
    for mut row in rows {
        if row.source.is_empty() {
            file.clone_into(&mut row.source);
        }
        if let Err(wanted) = list.start_with(&row) {
            return Some(fault("P108", span, format!("`{file}`: wanted {wanted}")));
        }
    }
    None
}

/// A row of a file as a place in the text that the file stands in from `start` on.
fn place_in(text: &str, start: usize, place: &Place) -> Place {
    let row = match place {
        Place::Row(row) => *row as usize,
        Place::Field(_) | Place::Text { .. } | Place::Whole => 1,
    };
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(row.saturating_sub(1)).map(str::len).sum();
    let line = lines.next().unwrap_or_default().trim_end();
    let first = start + before;
    Place::Text { start: first as u32, end: (first + line.len()) as u32 }
}
