use features::event::Event;
use features::field::{FieldId, Types};

use super::*;
use crate::read::Events;
use crate::scratch::Folder;

fn columns(names: usize) -> Columns {
    let names = (0..names).map(|at| format!("fact_{at}")).collect();
    Columns { time: true, names, label: true }
}

#[test]
fn what_is_written_in_many_groups_reads_back_as_cells() {
    let folder = Folder::new("parquet");
    let path = folder.path("facts.parquet");
    let mut writer = Writer::create(&path, &columns(2)).unwrap();
    writer.group_rows = 100;
    for row in 0..250_i64 {
        let facts = [row as f64 / 4.0, f64::NAN];
        let label = (row % 2 == 0).then_some(1);
        writer.row(&format!("e{row}"), 1_000 + row, &facts, label).unwrap();
    }
    assert!(!path.exists());
    writer.finish().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.header(), ["event_id", "event_time_ms", "fact_0", "fact_1", "label"]);
    assert_eq!(reader.rows(249, 10).unwrap(), [["e249", "1249", "62.25", "", ""]]);
    assert_eq!(reader.rows(250, 10).unwrap(), Vec::<Vec<&str>>::new());
    assert_eq!(reader.rows(0, 2).unwrap()[0], ["e0", "1000", "0.0", "", "1"]);
    assert_eq!(folder.names(), ["facts.parquet"]);
}

#[test]
fn wide_tables_get_short_groups() {
    let folder = Folder::new("parquet-wide");
    let narrow = Writer::create(&folder.path("a.parquet"), &columns(1)).unwrap();
    let wide = Writer::create(&folder.path("b.parquet"), &columns(200)).unwrap();
    assert_eq!(narrow.group_rows, GROUP_ROWS_MAX);
    assert!(wide.group_rows * 200 * 16 <= GROUP_BYTES);
}

#[test]
fn a_damaged_file_is_told_with_its_path() {
    let folder = Folder::new("parquet-bad");
    let path = folder.file("bad.parquet", b"PAR1 and no footer");
    let error = Reader::open(&path).unwrap_err().to_string();
    assert!(error.starts_with("cannot read") && error.contains("bad.parquet"), "{error}");
}

/// A few days of a simulated world as tables.
fn world_tables(folder: &Folder) -> Vec<String> {
    use crate::synth::{Atlas, Kind, Options, Peak, Settings, World};

    let options = Options {
        seed: 3,
        days: 3,
        accounts: 200,
        start_ms: 1_788_220_800_000,
        peaks: Peak::ALL.to_vec(),
        settings: Settings::default(),
        atlas: Atlas::built_in(),
    };
    let mut world = World::new(options).unwrap();
    let events = EventsWriter::create(&folder.path("events.parquet"), Types::ANY).unwrap();
    let mut events = events.in_groups_of(300);
    let mut lines = Vec::new();
    while world.play_hour(1) {
        for emitted in world.events().filter(|emitted| emitted.kind != Kind::Label) {
            events.put(&Event::read(emitted.line.as_bytes(), None).unwrap()).unwrap();
            lines.push(emitted.line.to_owned());
        }
    }
    events.finish().unwrap().complete().unwrap().2.publish().unwrap();
    lines
}

#[test]
fn events_come_back_from_a_table_as_the_events_they_were() {
    let folder = Folder::new("parquet-events");
    let lines = world_tables(&folder);
    assert!(700 < lines.len(), "several groups, the last one not full: {}", lines.len());
    let back = Events::open(&folder.path("events.parquet")).unwrap();
    let back: Vec<_> = back.map(|item| item.unwrap()).collect();
    assert_eq!(back.len(), lines.len());
    for ((line, item), row) in lines.iter().zip(&back).zip(1..) {
        assert_eq!(item.row, row);
        let was = Event::read(line.as_bytes(), None).unwrap();
        let is = item.event.as_ref().unwrap_or_else(|faults| panic!("{line}: {faults:?}"));
        for field in FieldId::all() {
            let (was_bits, is_bits) = (was.bits(field), is.bits(field));
            assert_eq!(was_bits, is_bits, "{} of {line}\n{}", field.path(), is.json());
            assert_eq!(was.text(field), is.text(field), "{} of {line}", field.path());
        }
    }
}

#[test]
fn the_same_events_make_the_same_bytes() {
    let (first, second) = (Folder::new("parquet-once"), Folder::new("parquet-twice"));
    world_tables(&first);
    world_tables(&second);
    let bytes = |folder: &Folder| std::fs::read(folder.path("events.parquet")).unwrap();
    assert_eq!(bytes(&first), bytes(&second));
}

#[test]
fn a_table_of_something_else_is_refused_with_everything_that_does_not_fit() {
    let folder = Folder::new("parquet-other");
    let path = folder.path("facts.parquet");
    let names = vec!["acount_id".to_owned(), "amount_minor".to_owned()];
    let columns = Columns { time: true, names, label: false };
    Writer::create(&path, &columns).unwrap().finish().unwrap();
    let error = Events::open(&path).unwrap_err().to_string();
    for part in [
        "\"acount_id\" is no field (did you mean \"account_id\"?)",
        "\"amount_minor\" is f64, wanted i64",
        "there is no column \"event_type\"",
    ] {
        assert!(error.contains(part), "{part:?} in {error}");
    }
}
