//! MaxMind databases made by hand: the least of the format that a reader needs.
//!
//! The search tree has one node for each bit that some network goes on from, with two records of 32
//! bits; a record is another node, a place in the data, or nothing. In a database of version 6 the
//! addresses of version 4 lie at `::/96`, and `::ffff:0:0/96` leads to the same node, as in the
//! databases that are sold. Equal values are written once and shared.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

/// What stands before the description of a database.
const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Zeros between tree and data.
const GAP: u32 = 16;

/// Types of the format.
const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const U16: u8 = 5;
const U32: u8 = 6;
const MAP: u8 = 7;
const U64: u8 = 9;
const LIST: u8 = 11;
const FLAG: u8 = 14;

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(u32),
}

/// A database of these networks (`203.0.113.0/24`) and records, larger networks first.
///
/// # Panics
/// When a network cannot be read.
pub fn mmdb(version: u8, build_epoch: u64, kind: &str, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let (mut data, mut known) = (Vec::new(), Vec::<(Value, u32)>::new());
    for (network, value) in networks {
        let at = known.iter().find(|(known, _)| known == value).map(|(_, at)| *at);
        let at = at.unwrap_or_else(|| {
            let at = data.len() as u32;
            encode(value, &mut data);
            known.push((value.clone(), at));
            at
        });
        set(&mut nodes, &bits(network, version), Record::Data(at));
    }
    if version == 6 {
        let start = find(&nodes, &[false; 96]);
        let alias = bits("::ffff:0:0/96", 6);
        if let Record::Node(_) = start {
            set(&mut nodes, &alias, start);
        }
    }
    let count = nodes.len() as u32;
    let mut bytes = Vec::new();
    for record in nodes.iter().flatten() {
        let number = match record {
            Record::Nothing => count,
            Record::Node(node) => *node as u32,
            Record::Data(at) => count + GAP + at,
        };
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend([0; GAP as usize]);
    bytes.extend(data);
    bytes.extend(MARK);
    let numbers = [
        ("binary_format_major_version", U16, 2),
        ("binary_format_minor_version", U16, 0),
        ("build_epoch", U64, build_epoch),
        ("ip_version", U16, version.into()),
        ("node_count", U32, count.into()),
        ("record_size", U16, 32),
    ];
    let texts = [
        ("database_type", json!(kind)),
        ("description", json!({ "en": "made by hand" })),
        ("languages", json!(["en"])),
    ];
    head(MAP, numbers.len() + texts.len(), &mut bytes);
    for (name, kind, number) in numbers {
        encode(&json!(name), &mut bytes);
        integer(kind, number, &mut bytes);
    }
    for (name, value) in texts {
        encode(&json!(name), &mut bytes);
        encode(&value, &mut bytes);
    }
    bytes
}

/// The bits of a prefix in a tree of this version.
fn bits(network: &str, version: u8) -> Vec<bool> {
    let (address, length) = network.split_once('/').expect("a prefix");
    let length: usize = length.parse().expect("a length");
    let (bits, width) = match address.parse().expect("an address") {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    let lead = if version == 6 { 128 - width } else { 0 };
    let own = (0..length).map(|bit| bits >> (width - 1 - bit) & 1 == 1);
    std::iter::repeat_n(false, lead).chain(own).collect()
}

fn find(nodes: &[[Record; 2]], bits: &[bool]) -> Record {
    bits.iter().fold(Record::Node(0), |record, bit| match record {
        Record::Node(node) => nodes[node][usize::from(*bit)],
        record => record,
    })
}

/// Sets a record; data on the way is handed down to both sides.
fn set(nodes: &mut Vec<[Record; 2]>, bits: &[bool], record: Record) {
    let Some((last, way)) = bits.split_last() else {
        nodes[0] = [record; 2];
        return;
    };
    let mut node = 0;
    for bit in way {
        let next = nodes[node][usize::from(*bit)];
        node = match next {
            Record::Node(next) => next,
            leaf => {
                nodes.push([leaf; 2]);
                nodes[node][usize::from(*bit)] = Record::Node(nodes.len() - 1);
                nodes.len() - 1
            }
        };
    }
    nodes[node][usize::from(*last)] = record;
}

/// A value of the format; whole numbers in the least of its integers that holds them.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(TEXT, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Bool(flag) => head(FLAG, usize::from(*flag), out),
        Value::Object(members) => object(members, out),
        Value::Array(items) => {
            head(LIST, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Number(number) => match number.as_u64() {
            Some(number @ 0..=0xffff) => integer(U16, number, out),
            Some(number @ 0x1_0000..=0xffff_ffff) => integer(U32, number, out),
            Some(number) => integer(U64, number, out),
            None => {
                head(DOUBLE, 8, out);
                out.extend(number.as_f64().expect("a finite number").to_be_bytes());
            }
        },
        Value::Null => panic!("the format has no null"),
    }
}

fn integer(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    head(kind, 8 - zeros, out);
    out.extend(&bytes[zeros..]);
}

fn object(members: &Map<String, Value>, out: &mut Vec<u8>) {
    head(MAP, members.len(), out);
    for (name, value) in members {
        head(TEXT, name.len(), out);
        out.extend(name.as_bytes());
        encode(value, out);
    }
}

/// The type and size of a value.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, more) = if size < 29 { (size as u8, None) } else { (29, Some(size - 29)) };
    // Types beyond seven stand in a byte of their own.
    if kind <= 7 {
        out.push(kind << 5 | short)
    } else {
        out.extend([short, kind - 7])
    }
    out.extend(more.map(|more| u8::try_from(more).expect("short values only")));
}
