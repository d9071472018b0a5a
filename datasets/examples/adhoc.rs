use std::path::{Path, PathBuf};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    let inputs: Vec<PathBuf> = args[3..].iter().map(PathBuf::from).collect();
    let map = datasets::ColumnMap::find(&args[1]).unwrap();
    let mut n = 0;
    match datasets::import(&inputs, &map, Path::new(&args[2]), &mut |_| n += 1) {
        Ok(r) => {
            println!("{} rows {} events {} fraud {} legit {} unl {} rejected {} types {:?} time {:?}..{:?} {:.2}s", r.map, r.rows, r.events, r.fraud, r.legit, r.unlabelled, r.rejected, r.by_type, r.first_time_ms, r.last_time_ms, t.elapsed().as_secs_f64());
            for x in r.reasons { println!("   {:?}", x); }
        }
        Err(e) => { println!("{e}"); return; }
    }
    let t = std::time::Instant::now();
    let (mut ok, mut bad, mut last, mut sorted) = (0u64, 0u64, i64::MIN, true);
    let mut ev = datasets::Events::open(Path::new(&args[2])).unwrap();
    for i in ev.by_ref() { let i = i.unwrap(); match i.event { Ok(e) => { ok += 1; if i.source == datasets::Source::Events { sorted &= last <= e.time(); last = e.time(); } } Err(d) => { bad += 1; if bad < 5 { println!("{d:?}") } } } }
    println!("   read back {ok} ok {bad} bad sorted {sorted} {:.2}s", t.elapsed().as_secs_f64());
    let t = std::time::Instant::now();
    let l = datasets::labels(Path::new(&args[2])).unwrap();
    println!("   labels {} {:.2}s", l.len(), t.elapsed().as_secs_f64());
}
