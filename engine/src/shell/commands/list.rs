//! `gyr list`: what is on the lists of a service, and changing it.
//!
//! All but `check` speak to a running service over HTTP, so what they change is journalled and
//! counts from then on. A file is checked here first, whole, and then sent in requests of
//! [`CHANGE_ENTRIES_MAX`] entries at most.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use features::diagnostic::render;
use features::language::ast::ListKind;
use features::lists::{KINDS, Row, read_rows, write_header, write_row};
use serde_json::{Value, json};

use super::common::{self, Failure, Output};
use crate::shell::http::lists::{CHANGE_ENTRIES_MAX, CSV, PAGE_MAX};

/// Shows and changes the lists of a running service.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
    Add(Add),
    Remove(Remove),
    Import(Import),
    Export(Export),
    Check(Check),
}

/// The service that is asked.
#[derive(Debug, Args)]
struct At {
    /// The service.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    service: String,
    /// Only what counts for this tenant; without this, what counts for all.
    #[arg(long, value_name = "N", default_value_t = 0)]
    tenant: u32,
}

/// Who changes something, and why.
#[derive(Debug, Args)]
struct Why {
    /// Who makes the change.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Shows all lists, or the entries of one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list show
  gyr list show blocked_cards --json | jq '.[].value'
  gyr list show account:mule_suspect --service http://10.0.0.5:8080")]
struct Show {
    /// The list; without this, all lists are shown.
    name: Option<String>,
    /// Write JSON: one array of objects.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: At,
}

/// Adds values to a list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list add blocked_cards tok_7 tok_8 --reason 'ticket 4711' --who li
  gyr list add datacentres 203.0.113.0/24 --until 2027-06-30 --scope card_link,payment")]
struct Add {
    /// The list.
    name: String,
    /// Values, networks, ranges, prefixes or domains, as the list holds.
    #[arg(required = true)]
    values: Vec<String>,
    /// The last day, or the millisecond, until which they are on the list.
    #[arg(long, value_name = "DAY|MS")]
    until: Option<String>,
    /// Event types they count for; without this, all.
    #[arg(long, value_name = "TYPE,..", value_delimiter = ',')]
    scope: Vec<String>,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    at: At,
}

/// Takes values off a list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list remove blocked_cards tok_7 --reason 'ticket 4711 was a mistake' --who li")]
struct Remove {
    /// The list.
    name: String,
    /// The values.
    #[arg(required = true)]
    values: Vec<String>,
    #[command(flatten)]
    why: Why,
    #[command(flatten)]
    at: At,
}

/// Adds the entries of a file to a list: all of them, or none when the file has a fault.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list import datacentres ranges.csv --who feed
A file has a header with `value` and any of reason, source, who, from, until, scope.")]
struct Import {
    /// The list.
    name: String,
    /// The file; `-` is standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Who makes the change.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    #[command(flatten)]
    at: At,
}

/// Writes the entries of a list as a file that `import` reads.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list export blocked_cards --out blocked.csv
  gyr list export blocked_cards --as-of 1790000000000")]
struct Export {
    /// The list.
    name: String,
    /// As it was at this millisecond; without this, as it is.
    #[arg(long, value_name = "MS")]
    as_of: Option<i64>,
    /// Where it goes; without this, to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// Checks a list file without a service.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr list check ranges.csv --kind cidr")]
struct Check {
    /// The file; `-` is standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// What the list holds.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: ListKind,
}

fn kind(text: &str) -> Result<ListKind, String> {
    let names = || KINDS.map(|(name, _)| name).join(", ");
    ListKind::parse(text).ok_or_else(|| format!("wanted one of {}", names()))
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Show(show) => match &show.name {
            Some(name) => entries(show, name),
            None => lists(show),
        },
        Command::Add(add) => {
            // The same reading of a time as in a file.
            let until_ms = match &add.until {
                Some(until) => until_of(until)?,
                None => None,
            };
            let forms = add.values.iter().map(|value| {
                let mut form = form(value, "add", &add.why.reason);
                form["scope"] = json!(add.scope);
                form["until_ms"] = json!(until_ms);
                form
            });
            change(&add.at, &add.name, add.why.who.as_deref(), forms.collect())
        }
        Command::Remove(remove) => {
            let forms = remove.values.iter().map(|value| form(value, "remove", &remove.why.reason));
            change(&remove.at, &remove.name, remove.why.who.as_deref(), forms.collect())
        }
        Command::Import(import) => self::import(import),
        Command::Export(export) => self::export(export),
        Command::Check(check) => {
            let rows = file(&check.file, check.kind)?;
            common::say(&format!("{} entries", common::count(rows.len() as u64)));
            Ok(())
        }
    }
}

fn form(value: &str, op: &str, reason: &str) -> Value {
    json!({ "value": value, "op": op, "reason": reason, "source": "gyr list" })
}

fn until_of(text: &str) -> Result<Option<i64>, Failure> {
    let rows = read_rows(ListKind::Value, &format!("value,until\nx,{text}\n"));
    let refuse = |_| Failure::Usage(format!("got --until {text}, wanted a day such as 2027-06-30"));
    rows.map_err(refuse).map(|rows| rows.first().and_then(|row| row.until_ms))
}

/// The entries of a file.
fn file(path: &std::path::Path, kind: ListKind) -> Result<Vec<Row>, Failure> {
    let text = common::read_text(path)?;
    read_rows(kind, &text)
        .map_err(|faults| Failure::Findings(render(&path.display().to_string(), &text, &faults)))
}

fn lists(show: &Show) -> Result<(), Failure> {
    let body = ask(&show.at, "/v1/lists", None)?;
    if show.json {
        return common::print_json(&body["lists"]);
    }
    let mut table = common::table(&["list", "kind", "entries", "hits", "used by", "title"]);
    for list in body["lists"].as_array().into_iter().flatten() {
        let users = list["used_by"].as_array().into_iter().flatten().filter_map(Value::as_str);
        table.add_row([
            text(&list["name"]),
            text(&list["kind"]),
            text(&list["entries"]),
            text(&list["hits"]),
            users.collect::<Vec<_>>().join(", "),
            text(&list["title"]),
        ]);
    }
    common::print(&table.trim_fmt())
}

fn entries(show: &Show, name: &str) -> Result<(), Failure> {
    let mut all = Vec::new();
    let mut after = json!(0);
    while !after.is_null() {
        let path = format!("{}?limit={PAGE_MAX}&after={after}", path_of(name));
        let body = ask(&show.at, &path, None)?;
        all.extend(body["entries"].as_array().cloned().unwrap_or_default());
        after = body["next"].clone();
    }
    if show.json {
        return common::print_json(&Value::Array(all));
    }
    let columns = ["value", "reason", "source", "who", "from_ms", "until_ms", "hits"];
    let mut table = common::table(&columns);
    for entry in &all {
        table.add_row(columns.map(|column| text(&entry[column])));
    }
    common::print(&table.trim_fmt())?;
    common::say(&format!("{} entries", common::count(all.len() as u64)));
    Ok(())
}

fn change(at: &At, name: &str, who: Option<&str>, forms: Vec<Value>) -> Result<(), Failure> {
    let count = forms.len();
    let path = format!("{}?tenant_id={}", path_of(name), at.tenant);
    let body = Value::Array(forms).to_string();
    let answer = ask(at, &path, Some(Sent { media_type: "application/json", body, who }))?;
    told(count, &answer);
    Ok(())
}

fn told(count: usize, answer: &Value) {
    let state = answer["record"]["state"].as_str().unwrap_or("made before");
    common::say(&format!("{} changes, {state}", common::count(count as u64)));
}

fn import(import: &Import) -> Result<(), Failure> {
    let body = ask(&import.at, &format!("{}?limit=1", path_of(&import.name)), None)?;
    let kind = body["kind"].as_str().and_then(ListKind::parse).ok_or_else(|| {
        Failure::Environment(format!("{} does not say what the list holds", import.at.service))
    })?;
    let rows = file(&import.file, kind)?;
    let path = format!("{}?tenant_id={}", path_of(&import.name), import.at.tenant);
    let mut answer = Value::Null;
    for some in rows.chunks(CHANGE_ENTRIES_MAX) {
        let mut body = String::new();
        write_header(&mut body);
        some.iter().for_each(|row| write_row(row, None, 0, &mut body));
        let sent = Sent { media_type: CSV, body, who: import.who.as_deref() };
        answer = ask(&import.at, &path, Some(sent))?;
    }
    told(rows.len(), &answer);
    Ok(())
}

fn export(export: &Export) -> Result<(), Failure> {
    let as_of = export.as_of.map_or_else(String::new, |ms| format!("?at_ms={ms}"));
    let url = format!("{}{}{as_of}", export.at.url(), path_of(&export.name));
    let (agent, reader) = agent(&export.at.service);
    let text = reader.read(agent.get(&url).header("accept", CSV).call())?;
    let mut output = Output::create(export.out.as_deref())?;
    output.put(text.as_bytes())?;
    output.finish()
}

/// The path of a list's entries.
fn path_of(name: &str) -> String {
    format!("/v1/lists/{}/entries", encoded(name))
}

/// A part of a path, percent-encoded.
fn encoded(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    let encode = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    part.bytes().map(encode).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl At {
    fn url(&self) -> &str {
        self.service.trim_end_matches('/')
    }
}

/// What is sent with a request.
struct Sent<'a> {
    media_type: &'a str,
    body: String,
    who: Option<&'a str>,
}

/// Reads answers of one service.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn read(
        &self,
        reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<String, Failure> {
        let service = self.0;
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Environment(format!("cannot reach {service}: {error}"))
        };
        let mut reply = reply.map_err(|error| failed(&error))?;
        let status = reply.status();
        let body = reply.body_mut().with_config().limit(1 << 32).read_to_string();
        let body = body.map_err(|error| failed(&error))?;
        if status.is_success() { Ok(body) } else { Err(Failure::Findings(problem(&body))) }
    }
}

/// A problem as lines of text.
fn problem(body: &str) -> String {
    let Ok(problem) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    let mut lines = vec![format!("{}: {}", text(&problem["title"]), text(&problem["detail"]))];
    for error in problem["errors"].as_array().into_iter().flatten() {
        let (code, pointer) = (text(&error["code"]), text(&error["pointer"]));
        lines.push(format!("  {code} {pointer} {}", text(&error["detail"])));
    }
    lines.join("\n")
}

fn agent(service: &str) -> (ureq::Agent, Reader<'_>) {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(120)))
        .http_status_as_error(false);
    (config.build().into(), Reader(service))
}

/// Sends a body, or only asks, and reads the JSON that comes back.
fn ask(at: &At, path: &str, sent: Option<Sent<'_>>) -> Result<Value, Failure> {
    let (agent, reader) = agent(&at.service);
    let url = format!("{}{path}", at.url());
    let reply = match sent {
        Some(sent) => {
            let mut request = agent.post(&url).header("content-type", sent.media_type);
            if let Some(who) = sent.who {
                request = request.header("x-analyst", who);
            }
            request.send(&sent.body)
        }
        None => agent.get(&url).call(),
    };
    let body = reader.read(reply)?;
    serde_json::from_str(&body)
        .map_err(|error| Failure::Environment(format!("{}: {error}", at.service)))
}
