//! Lists against a naive list that keeps all changes and looks at each of them.

use serde_json::json;

use super::*;
use crate::limits::{ENTRY_CHANGES_MAX, HOUR_MS, LIST_MEMORY_MS};

const NOW: i64 = 1_784_088_000_000;

fn sought_text(text: &str) -> Sought<'_> {
    Sought::Text(hash_text(text), text)
}

/// A small generator of its own: tests must not depend on another crate's stream.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn address(&mut self) -> String {
        let parts = [10, 192, 203].map(|part| part + self.below(2));
        match self.below(4) {
            0 => format!("2001:db8:{:x}::{:x}", self.below(3), self.below(3)),
            _ => format!("{}.{}.{}.{}", parts[0], self.below(3), self.below(3), self.below(4)),
        }
    }

    /// An entry as somebody may write it.
    fn entry(&mut self, kind: ListKind) -> String {
        match kind {
            ListKind::Value => self.pick(&["a", "b", "KP", "5944", "10.1.1.1", "x y"]).to_owned(),
            ListKind::Prefix => self.pick(&["a", "ab", "abc", "abcd", "b", "Ab"]).to_owned(),
            ListKind::Domain => self
                .pick(&["example.com", "mail.example.com", "Com", "a.b.c.d", "x.org"])
                .to_owned(),
            ListKind::Cidr => {
                let address: std::net::IpAddr = self.address().parse().unwrap();
                let bits = match address {
                    std::net::IpAddr::V4(v4) => {
                        let length = self.below(33) as u32;
                        let kept = u32::MAX.checked_shl(32 - length).unwrap_or(0);
                        let first = std::net::Ipv4Addr::from_bits(v4.to_bits() & kept);
                        return format!("{first}/{length}");
                    }
                    std::net::IpAddr::V6(v6) => v6.to_bits(),
                };
                let length = 30 + self.below(99) as u32;
                let kept = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                format!("{}/{length}", std::net::Ipv6Addr::from_bits(bits & kept))
            }
            ListKind::Bin => {
                let digits = 1 + self.below(6) as usize;
                let most = 10_u64.pow(digits as u32);
                let (a, b) = (self.below(most), self.below(most));
                match self.below(3) {
                    0 => format!("{a:0digits$}"),
                    1 => format!("{:0digits$}-{:0digits$}", a.min(b), a.max(b)),
                    _ => format!("{:0digits$}..{:0digits$}", a.min(b), a.max(b)),
                }
            }
        }
    }

    /// A value that is looked for.
    fn value(&mut self, kind: ListKind) -> String {
        match kind {
            ListKind::Value => {
                self.pick(&["a", "b", "KP", "5944", "10.1.1.1", "x y", "c", ""]).to_owned()
            }
            ListKind::Prefix => {
                self.pick(&["a", "abcdef", "abc", "ba", "c", "", "äb", "Abc"]).to_owned()
            }
            ListKind::Domain => {
                let names = [
                    "example.com",
                    "www.mail.example.com",
                    "EXAMPLE.COM",
                    "notexample.com",
                    "com.",
                    "b.c.d",
                    "z.a.b.c.d",
                    "x.org.",
                    "..",
                    "",
                    ".com",
                    "org",
                ];
                self.pick(&names).to_owned()
            }
            ListKind::Cidr => match self.below(9) {
                0 => self.pick(&["", "10.0.0", "10.0.0.0/8", "x"]).to_owned(),
                1 => format!("::ffff:{}", self.address()),
                _ => self.address(),
            },
            ListKind::Bin => match self.below(9) {
                0 => self.pick(&["", "4x1", "x"]).to_owned(),
                _ => {
                    let digits = 1 + self.below(8) as usize;
                    format!("{:0digits$}", self.below(10_u64.pow(digits as u32)))
                }
            },
        }
    }
}

/// Whether an entry matches a value, by the definition of its kind.
fn matches(kind: ListKind, entry: &str, value: &str) -> bool {
    match kind {
        ListKind::Value => entry == value,
        ListKind::Prefix => value.starts_with(entry),
        ListKind::Domain => {
            let value = value.strip_suffix('.').unwrap_or(value).to_lowercase();
            let entry = entry.to_lowercase();
            value == entry || value.ends_with(&format!(".{entry}"))
        }
        ListKind::Cidr => {
            let Ok(value) = value.parse::<std::net::IpAddr>() else { return false };
            let (first, length) = entry.split_once('/').unwrap();
            let first: std::net::IpAddr = first.parse().unwrap();
            let length: u32 = length.parse().unwrap();
            match (first, value.to_canonical()) {
                (std::net::IpAddr::V4(first), std::net::IpAddr::V4(value)) => {
                    (first.to_bits() ^ value.to_bits()).leading_zeros() >= length
                }
                (std::net::IpAddr::V6(first), std::net::IpAddr::V6(value)) => {
                    (first.to_bits() ^ value.to_bits()).leading_zeros() >= length
                }
                _ => false,
            }
        }
        ListKind::Bin => {
            let (low, high) =
                entry.split_once("..").or_else(|| entry.split_once('-')).unwrap_or((entry, entry));
            let Some(digits) = value.get(..low.len()) else { return false };
            let Ok(number) = digits.parse::<u64>() else { return false };
            (low.parse().unwrap()..=high.parse().unwrap()).contains(&number)
        }
    }
}

/// A change, as the naive list keeps it.
#[derive(Clone, Debug)]
struct Made {
    entry: String,
    made: (i64, u32),
    /// From when, until when, for what; `None` for a removal.
    stay: Option<(i64, i64, Types)>,
    tenant: u32,
}

/// The definition: added by then, begun, not ended, and not taken out since.
fn is_in(changes: &[Made], kind: ListKind, value: &str, at: At) -> bool {
    changes.iter().any(|added| {
        let Some((from, until, scope)) = added.stay else { return false };
        let same = |other: &&Made| {
            let canonical = |entry: &str| canonical(kind, entry).unwrap();
            canonical(&other.entry) == canonical(&added.entry) && other.tenant == added.tenant
        };
        let removals = changes.iter().filter(|other| other.stay.is_none()).filter(same);
        let mut removed = removals.filter(|r| added.made <= r.made && r.made.0 <= at.time);
        matches(kind, &added.entry, value)
            && (added.tenant == 0 || added.tenant == at.tenant)
            && added.made.0 <= at.time
            && from <= at.time
            && at.time < until
            && scope.contains(at.on)
            && removed.next().is_none()
    })
}

fn apply(entries: &mut Entries, kind: ListKind, made: &Made) -> bool {
    let key = Key::read(kind, &made.entry).unwrap();
    let note = entries.note("", "", "");
    let change = match made.stay {
        Some((from, until, scope)) => Change::add(made.made, (from, until), scope, note),
        None => Change::remove(made.made, note),
    };
    entries.change(&key, made.tenant, change)
}

#[test]
fn membership_is_that_of_a_naive_list_whatever_the_order_of_the_changes() {
    for (seed, (name, kind)) in (20_261_127..).zip(KINDS) {
        println!("seed {seed}, {name}");
        let mut chance = Chance(seed);
        let (mut hits, mut misses) = (0, 0);
        for round in 0..60 {
            let mut changes: Vec<Made> = Vec::new();
            for sequence in 0..25 {
                let made = NOW + chance.below(40) as i64;
                let from = made.max(NOW + chance.below(50) as i64);
                let until = if chance.below(3) == 0 {
                    i64::MAX
                } else {
                    from + 1 + chance.below(30) as i64
                };
                let scope = match chance.below(4) {
                    0 => Types::of(&[EventType::Payment]),
                    _ => Types::ANY,
                };
                changes.push(Made {
                    entry: chance.entry(kind),
                    made: (made, sequence),
                    stay: (chance.below(4) != 0).then_some((from, until, scope)),
                    tenant: [0, 0, 7][chance.below(3) as usize],
                });
            }
            let mut orders = [Entries::new(kind), Entries::new(kind)];
            changes.iter().for_each(|made| assert!(apply(&mut orders[0], kind, made)));
            // The other way round, and each of them twice.
            for made in changes.iter().rev().flat_map(|made| [made, made]) {
                assert!(apply(&mut orders[1], kind, made));
            }
            for _ in 0..200 {
                let value = chance.value(kind);
                let at = At {
                    time: NOW + chance.below(90) as i64 - 2,
                    on: [EventType::Payment, EventType::Login][chance.below(2) as usize],
                    tenant: [0, 7, 8][chance.below(3) as usize],
                };
                let wanted = is_in(&changes, kind, &value, at);
                for entries in &orders {
                    let (got, entry) = entries.test(sought_text(&value), at);
                    assert_eq!(got == 1.0, wanted, "round {round}: {value:?} {at:?} {changes:#?}");
                    assert_eq!(entry.is_some(), wanted);
                    assert!(wanted || got == 0.0);
                }
                *if wanted { &mut hits } else { &mut misses } += 1;
            }
        }
        println!("{hits} hits, {misses} misses");
        assert!(800 < hits && 800 < misses, "{hits} hits, {misses} misses");
    }
}

#[test]
fn an_entry_reads_back_as_it_is_shown() {
    let shown = |kind, text| canonical(kind, text).unwrap_or_else(|wanted| format!("! {wanted}"));
    for (kind, text, wanted) in [
        (ListKind::Value, "::FFFF:10.0.0.1", "10.0.0.1"),
        (ListKind::Value, "2001:DB8::1", "2001:db8::1"),
        (ListKind::Domain, "Mail.Example.COM", "mail.example.com"),
        (ListKind::Domain, "*.example.com", "! a domain such as example.com"),
        (ListKind::Cidr, "10.0.0.7", "10.0.0.7/32"),
        (ListKind::Cidr, "10.0.0.7/8", "! the network 10.0.0.0/8"),
        (ListKind::Cidr, "2001:db8::1/32", "! the network 2001:db8::/32"),
        (ListKind::Cidr, "::ffff:10.0.0.0/104", "10.0.0.0/8"),
        (ListKind::Cidr, "::/0", "::/0"),
        (ListKind::Cidr, "0.0.0.0/33", "! a network such as 10.0.0.0/8 or 2001:db8::/32"),
        (ListKind::Cidr, "0.0.0.0/+8", "! a network such as 10.0.0.0/8 or 2001:db8::/32"),
        (ListKind::Bin, "411111-411999", "411111..411999"),
        (ListKind::Bin, "41111111..41111111", "41111111"),
        (ListKind::Bin, "4-55", "! two numbers of equally many digits"),
        (ListKind::Bin, "9-1", "! the lower number first"),
    ] {
        assert_eq!(shown(kind, text), wanted, "{text}");
        if let Ok(value) = canonical(kind, text) {
            assert_eq!(canonical(kind, &value), Ok(value));
        }
    }
    for kind in KINDS.map(|(_, kind)| kind) {
        for odd in ["", "a\nb", &"7".repeat(257)] {
            assert!(canonical(kind, odd).is_err(), "{kind:?} {odd:?}");
        }
    }
}

#[test]
fn a_card_range_is_few_prefixes_that_make_it_up() {
    let pieces = |text: &str| {
        let key = Key::read(ListKind::Bin, text).unwrap();
        let mut count = 0;
        key.each(ListKind::Bin, |_, _| count += 1);
        count
    };
    assert_eq!(pieces("411111"), 1);
    assert_eq!(pieces("400000-499999"), 1);
    assert_eq!(pieces("00000000-99999999"), 10);
    assert_eq!(pieces("411111-411999"), 9 + 8 + 8);
}

#[test]
fn a_value_that_is_much_changed_keeps_what_is_in_force() {
    let seed = 20_261_128;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let kind = ListKind::Value;
    let mut entries = Entries::new(kind);
    let mut changes = Vec::new();
    for step in 0..600_i64 {
        let made = (NOW + step * 10, 0);
        let until = made.0 + 5 + chance.below(200) as i64;
        let stay = (chance.below(9) != 0).then_some((made.0, until, Types::ANY));
        let made = Made { entry: "a".into(), made, stay, tenant: 0 };
        assert!(apply(&mut entries, kind, &made));
        changes.push(made);
        assert!(entries.held() <= 1 + ENTRY_CHANGES_MAX, "{}", entries.held());
        // What counts now, and what counted at the times of the newest changes.
        for back in 0..(8 * 10_i64).min(step * 10 + 1) {
            let at = At { time: NOW + step * 10 - back + 9, on: EventType::Login, tenant: 0 };
            let newest = &changes[changes.len().saturating_sub(200)..];
            let wanted = is_in(newest, kind, "a", at);
            assert_eq!(entries.test(sought_text("a"), at).0 == 1.0, wanted, "step {step}");
        }
    }
    // Of what was dropped nothing is claimed.
    let long_ago = At { time: NOW + 100, on: EventType::Login, tenant: 0 };
    assert!(entries.test(sought_text("z"), long_ago).0.is_nan());
}

#[test]
fn what_ended_long_ago_makes_room() {
    let kind = ListKind::Bin;
    let mut entries = Entries::new(kind);
    let day = 24 * HOUR_MS;
    for step in 0..3_000_i64 {
        let made = NOW + step * day;
        let stay = Some((made, made + day, Types::ANY));
        let entry = format!("{:05}-{:05}", step, step + 3);
        assert!(apply(&mut entries, kind, &Made { entry, made: (made, 0), stay, tenant: 0 }));
        let kept = (LIST_MEMORY_MS / day) as usize;
        assert!(entries.len() <= 2 * kept, "step {step}: {}", entries.len());
        let at = At { time: made, on: EventType::Login, tenant: 0 };
        assert_eq!(entries.test(sought_text(&format!("{step:05}")), at).0, 1.0);
    }
    assert_eq!(entries.len(), entries.values().count());
    let at = At { time: NOW + 3_000 * day, on: EventType::Login, tenant: 0 };
    assert_eq!(entries.test(sought_text("00007"), at).0, 0.0);
    assert!(entries.test(sought_text("00007"), At { time: NOW + day, ..at }).0.is_nan());
}

fn update(id: u64, time: i64, members: serde_json::Value) -> Event {
    let mut whole = json!({
        "event_id": format!("l{id}"), "event_type": "list_update", "channel": "batch", "event_time_ms": time,
        "received_time_ms": time, "list_name": "blocked", "list_action": "add", "entry": "v1",
    });
    whole.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Event::read(whole.to_string().as_bytes(), None).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn a_change_that_a_list_cannot_take_is_counted_and_changes_nothing() {
    let declared = [
        Declared::new("blocked", "Blocked", ListKind::Value),
        Declared::new("nets", "", ListKind::Cidr),
    ];
    let mut lists = Lists::new(&declared.map(Arc::new));
    for (id, members) in (0..).zip([
        json!({"list_name": "blockd"}),
        json!({"entry_kind": "cidr"}),
        json!({"list_name": "nets", "entry": "10.0.0.1/8"}),
        json!({"entry_scope": "payment nothing"}),
        json!({"entry_expires_ms": NOW}),
        json!({"list_action": "other"}),
    ]) {
        assert!(!lists.apply(&update(id, NOW, members.clone())), "{members}");
        assert_eq!((lists.ignored(), lists.held()), (id + 1, 0));
    }
    let wanted = Wanted {
        list: "blockd",
        kind: None,
        value: "v",
        tenant: 0,
        is_removal: false,
        made_ms: NOW,
        from_ms: None,
        until_ms: None,
        scope: "",
    };
    let refused = lists.check(&wanted, 0).unwrap_err();
    assert_eq!(refused.to_string(), "the policy has no such list; did you mean `blocked`?");
    assert!(lists.check(&Wanted { list: "blocked", ..wanted.clone() }, 0).is_ok());
    let full = Wanted { list: "blocked", ..wanted };
    assert_eq!(lists.check(&full, LIST_ENTRIES_MAX), Err(Refused::Full));
}

#[test]
fn a_look_shows_who_put_what_there_and_how_often_it_was_met() {
    let mut blocked = Declared::new("blocked", "Blocked", ListKind::Value);
    blocked.start_with(&Row::of("v0")).unwrap();
    let mut lists = Lists::new(&[Arc::new(blocked)]);
    let members = json!({
        "entry_reason": "ticket 1", "entry_source": "console", "actor_id": "li",
        "entry_expires_ms": NOW + HOUR_MS, "entry_scope": "payment login", "tenant_id": 7,
    });
    assert!(lists.apply(&update(1, NOW, members)));
    assert!(lists.apply(&update(2, NOW + 5, json!({"entry": "v0", "list_action": "remove"}))));
    lists.count(&[(0, 0), (0, 1), (0, 1)]);
    lists.count(&[(0, 1)]);
    let page = |time| lists.page("blocked", time, 0, 10).unwrap();
    let first = page(NOW);
    assert_eq!(first.next, None);
    assert_eq!(first.entries[0], EntryLook { row: Row::of("v0"), tenant: None, hits: 1 });
    let row = Row {
        value: "v1".into(),
        reason: "ticket 1".into(),
        source: "console".into(),
        who: "li".into(),
        from_ms: Some(NOW),
        until_ms: Some(NOW + HOUR_MS),
        scope: Types::of(&[EventType::Payment, EventType::Login]),
    };
    let second = EntryLook { row, tenant: Some(7), hits: 2 };
    assert_eq!(first.entries[1], second);
    assert_eq!(page(NOW + 5).entries, [second]);
    assert_eq!(page(NOW + HOUR_MS).entries, []);
    assert_eq!((lists.look()[0].entries, lists.look()[0].hits), (2, 2));
    let (half, rest) = (lists.page("blocked", NOW, 0, 1), lists.page("blocked", NOW, 1, 1));
    assert_eq!((half.unwrap().next, rest.unwrap().next), (Some(1), None));
    assert!(lists.has("blocked", "v0", 0, NOW) && !lists.has("blocked", "v0", 0, NOW + 5));
}

#[test]
fn an_export_reads_back() {
    let rows = [
        Row::of("plain"),
        Row {
            value: "#odd, \"quoted\"".into(),
            reason: "said \"no\", twice".into(),
            source: "feed".into(),
            who: "li".into(),
            from_ms: Some(NOW),
            until_ms: Some(NOW + 1),
            scope: Types::of(&[EventType::Payment, EventType::CardLink]),
        },
    ];
    let mut text = String::new();
    write_header(&mut text);
    rows.iter().for_each(|row| write_row(row, Some(3), 9, &mut text));
    assert_eq!(read_rows(ListKind::Value, &text), Ok(rows.to_vec()), "{text}");
}

#[test]
fn a_file_with_faults_is_refused_with_all_of_them() {
    let told = |kind, text: &str| match read_rows(kind, text) {
        Ok(rows) => format!("{} rows", rows.len()),
        Err(faults) => crate::diagnostic::render("f", "", &faults),
    };
    let text = "# a comment\n\nvalue,reason,until,scope\n\
        10.0.0.0/8,fine,2027-06-30,payment\n\
        10.0.0.1/8,host bits,,\n\
        10.0.0.0/8,again,,\n\
        10.1.0.0/16\n\
        \"10.2.0.0/16,open,,\n\
        10.3.0.0/16,,soon,\n\
        10.4.0.0/16,4111 1111 1111 1111,,paymnt\n";
    assert_eq!(
        told(ListKind::Cidr, text),
        "f: row 5: error L003: value: wanted the network 10.0.0.0/8\n\
         f: row 6: error L007: the value stands in row 4 already\n\
         f: row 7: error L002: got 1 cells, wanted the 4 of the header\n\
         f: row 8: error L002: a quote is open\n\
         f: row 9: error L005: until: wanted milliseconds since 1970 or a day such as 2027-06-30\n\
         f: row 10: error L004: reason: a card number\n\
         f: row 10: error L006: scope: wanted names of event types, apart by blanks\n"
    );
    let header = "f: row 1: error L001: unknown column\n   = help: did you mean `value`?\n\
         f: row 1: error L001: wanted a column `value`\n";
    assert_eq!(told(ListKind::Value, "vaule\nx\n"), header);
    assert!(told(ListKind::Value, " \n").contains("L001: the file is empty"));
    assert!(told(ListKind::Value, "value,value\n").contains("`value` stands twice"));
    assert!(told(ListKind::Value, "value\n4111111111111111\n").contains("L004: value: a card"));
    assert!(told(ListKind::Value, &format!("value\n{}\n", "x".repeat(257))).contains("L003"));
    let long = format!("value,who\nx,{}\n", "x".repeat(65));
    assert!(told(ListKind::Value, &long).contains("L009: who"));
    // Two sides of a card range read together like a card number, and are none.
    assert_eq!(
        told(ListKind::Bin, "value\n41111111-11111111\n41111111-41119999\n").lines().count(),
        1
    );
    let many = format!("value\n{}", "10.0.0.1/8\n".repeat(1_200));
    let faults = read_rows(ListKind::Cidr, &many).unwrap_err();
    assert_eq!((faults.len(), faults[1_000].code), (1_001, "L010"));
    assert!(faults[1_000].message.starts_with("200 more"));
    let day = read_rows(ListKind::Value, "value,from,until\na,2027-06-30,2027-06-30\n").unwrap();
    assert_eq!(day[0].until_ms.unwrap() - day[0].from_ms.unwrap(), 24 * HOUR_MS);
}
