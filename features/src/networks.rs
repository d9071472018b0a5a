//! What files know about an address: where it is, whose it is, and whether it hides somebody.
//!
//! A [`NetworkFile`] is read from bytes: a MaxMind database (`mmdb`) or a list of ranges
//! (`ranges`). Both become one sorted table of disjoint ranges, so a look-up is a binary search,
//! allocates nothing and cannot fail: whatever is wrong with a file is said when it is read, all of
//! it at once. [`Networks`] are files in the order of trust. The first one that says something
//! about a field is believed, and [`Event::read_with`](crate::event::Event::read_with) takes over
//! only what the event does not say itself.
//!
//! **A look-up is data.** A [`Finding`] holds what was taken over and the versions of the files. It
//! stays with the event, is told with its decision and recorded beside it; a replay hands it to the
//! reader in the place of the files, and so gets the same event although the files have changed.
//!
//! **Unknown stays unknown.** An address that no file lists gets nothing, and a field that a file
//! is silent about is not `false`. A list that is complete says so with a row for `0.0.0.0/0`.
//!
//! **A place is taken whole.** Latitude, longitude and radius come from one file, and only where
//! nothing is known of them; a place is left alone when its country contradicts the known one.
//!
//! Cost of a look-up, measured with addresses at random on one core: 40 ns in a list of eight
//! thousand ranges, half a microsecond in four million (a database of cities), which is four misses
//! of the cache. Reading takes about a microsecond for each range.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::diagnostic::{Diagnostic, Place};
use crate::field::{FieldId, ids};
use crate::limits::FAULTS_MAX;

mod mmdb;
mod ranges;
mod table;
#[cfg(test)]
mod tests;

use table::Table;

/// The fields that are looked up.
pub const FIELDS: [FieldId; 10] = [
    ids::NETWORK_IP_COUNTRY,
    ids::NETWORK_IP_LAT,
    ids::NETWORK_IP_LON,
    ids::NETWORK_IP_ACCURACY_KM,
    ids::NETWORK_ASN,
    ids::NETWORK_IP_USAGE,
    ids::NETWORK_IS_VPN,
    ids::NETWORK_IS_PROXY,
    ids::NETWORK_IS_RESIDENTIAL_PROXY,
    ids::NETWORK_IS_TOR,
];

/// The bit of the country in [`Found::known`].
const COUNTRY: u16 = 1;
/// The bits of what makes a place.
const PLACE: u16 = 0b1110;

/// Every code of faults with files of networks: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    (fault::DATABASE, "a database that cannot be read"),
    (fault::HEADER, "a list without a header that can be read"),
    (fault::CELLS, "a row with another number of cells than the header"),
    (fault::NETWORK, "something that is no network"),
    (fault::VALUE, "a value that its field does not take"),
    (fault::CONTRADICTION, "a network of which two rows say different things"),
    (fault::TOO_MANY, "more networks than are kept"),
    (fault::NOTHING, "a file that says nothing of any network"),
    (fault::MORE, "there are more faults than are shown"),
];

mod fault {
    pub(super) const DATABASE: &str = "N001";
    pub(super) const HEADER: &str = "N002";
    pub(super) const CELLS: &str = "N003";
    pub(super) const NETWORK: &str = "N004";
    pub(super) const VALUE: &str = "N005";
    pub(super) const CONTRADICTION: &str = "N006";
    pub(super) const TOO_MANY: &str = "N007";
    pub(super) const NOTHING: &str = "N008";
    pub(super) const MORE: &str = "N009";
}

/// Some of the [`FIELDS`], as the slots of an event hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Found {
    /// One bit for each field that is there; the others' slots are zero.
    known: u16,
    slots: [u64; FIELDS.len()],
}

impl Found {
    /// What `read` knows of the fields.
    pub fn of(read: impl Fn(FieldId) -> Option<u64>) -> Found {
        let mut found = Found::default();
        for field in FIELDS {
            if let Some(bits) = read(field) {
                found.set(field, bits);
            }
        }
        found
    }

    /// Notes a field; one that is not among [`FIELDS`] is left out.
    pub fn set(&mut self, field: FieldId, bits: u64) {
        if let Some(index) = FIELDS.iter().position(|known| *known == field) {
            self.known |= 1 << index;
            self.slots[index] = bits;
        }
    }

    /// The slot of a field, if it is there.
    pub fn get(&self, field: FieldId) -> Option<u64> {
        let index = FIELDS.iter().position(|known| *known == field)?;
        (self.known >> index & 1 == 1).then(|| self.slots[index])
    }

    /// The fields that are there, in the order of [`FIELDS`], with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, u64)> {
        FIELDS.into_iter().filter_map(|field| Some((field, self.get(field)?)))
    }

    /// Whether no field is there.
    pub fn is_empty(&self) -> bool {
        self.known == 0
    }

    /// What this adds to what is known already, by the rules of the module's essay.
    pub(crate) fn beyond(&self, known: &Found) -> Found {
        let is_elsewhere =
            self.known & known.known & COUNTRY != 0 && self.slots[0] != known.slots[0];
        let keeps_place = is_elsewhere || known.known & PLACE != 0;
        let kept = known.known | if keeps_place { PLACE } else { 0 };
        let mut added = Found { known: self.known & !kept, ..*self };
        for (index, slot) in added.slots.iter_mut().enumerate() {
            // A slot without a field is zero, so that equal contents are equal.
            *slot &= u64::from(added.known >> index & 1).wrapping_neg();
        }
        added
    }

    /// Both together, where the other one adds something.
    fn with(&self, other: &Found) -> Found {
        let mut both = other.beyond(self);
        both.known |= self.known;
        // What one has, the other has not: its slots are zero.
        both.slots.iter_mut().zip(self.slots).for_each(|(slot, own)| *slot |= own);
        both
    }
}

/// What was looked up for one event, and in which files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The files, in the order of trust, as [`NetworkFile::label`] names them.
    pub networks: Arc<[String]>,
    /// What they say; with an event, what it took over.
    pub found: Found,
}

/// One file, ready to be asked.
#[derive(Debug)]
pub struct NetworkFile {
    label: String,
    tables: Tables,
}

impl NetworkFile {
    /// Reads a file. It is a MaxMind database when it is called `.mmdb` or looks like one, else a
    /// list of ranges.
    ///
    /// `name` is its name without folders; `hash` is the hash of its content, the version of a list
    /// of ranges. The version of a database is the second in which it was built.
    ///
    /// # Errors
    ///
    /// All faults, at most [`FAULTS_MAX`] and then one that counts the rest.
    pub fn read(name: &str, bytes: &[u8], hash: &str) -> Result<NetworkFile, Vec<Diagnostic>> {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let mut faults = Faults::default();
        let is_database = ending.eq_ignore_ascii_case("mmdb") || mmdb::is_database(bytes);
        let (tables, version) = if is_database {
            mmdb::read(bytes, &mut faults)
        } else {
            (ranges::read(bytes, &mut faults), hash.to_owned())
        };
        if faults.is_empty() && tables.rows.list.iter().all(Found::is_empty) {
            let message = "says nothing about any address";
            faults.add(Diagnostic::error(fault::NOTHING, Place::Whole, message));
        }
        faults.none_or(NetworkFile { label: format!("{stem}@{version}"), tables })
    }

    /// Name and version: `GeoLite2-City@1764201600`, `offices@93a0e1b2c3d4e5f6`.
    pub fn label(&self) -> &str {
        &self.label
    }

    fn find(&self, ip: IpAddr) -> Option<&Found> {
        let row = match ip {
            IpAddr::V4(ip) => self.tables.v4.find(ip.to_bits()),
            IpAddr::V6(ip) => self.tables.v6.find(ip.to_bits()),
        };
        self.tables.rows.list.get(row? as usize)
    }
}

/// Files in the order of trust; a copy is two pointers.
#[derive(Clone, Debug)]
pub struct Networks {
    files: Arc<[Arc<NetworkFile>]>,
    labels: Arc<[String]>,
}

impl Default for Networks {
    /// No files.
    fn default() -> Networks {
        Networks::new(Vec::new())
    }
}

impl Networks {
    /// These files, the most trusted first.
    pub fn new(files: Vec<Arc<NetworkFile>>) -> Networks {
        let labels = files.iter().map(|file| file.label.clone()).collect();
        Networks { files: files.into(), labels }
    }

    /// The files.
    pub fn files(&self) -> &[Arc<NetworkFile>] {
        &self.files
    }

    /// Name and version of each file.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What the files say about an address; one of version 4 that is written as version 6 is meant
    /// as version 4.
    pub fn find(&self, ip: IpAddr) -> Found {
        let ip = ip.to_canonical();
        let found = self.files.iter().filter_map(|file| file.find(ip));
        found.fold(Found::default(), |known, more| known.with(more))
    }

    /// What the files say about the address of an event, if it has one; `None` without files.
    pub fn look_up(&self, ip: Option<IpAddr>) -> Option<Finding> {
        if self.files.is_empty() {
            return None;
        }
        let found = ip.map_or(Found::default(), |ip| self.find(ip));
        Some(Finding { networks: Arc::clone(&self.labels), found })
    }
}

/// The ranges of one file.
#[derive(Debug, Default)]
struct Tables {
    v4: Table<u32>,
    v6: Table<u128>,
    rows: Rows,
}

/// What ranges say, each different content once.
#[derive(Debug, Default)]
struct Rows {
    list: Vec<Found>,
    numbers: HashMap<Found, u32, FixedState>,
}

impl Rows {
    /// The number of a content. Files are bounded well below what it can count.
    fn number(&mut self, found: Found) -> u32 {
        match self.numbers.entry(found) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                let number = self.list.len() as u32;
                self.list.push(found);
                *vacant.insert(number)
            }
        }
    }
}

/// The faults of one file, as many as are shown.
#[derive(Debug, Default)]
struct Faults {
    list: Vec<Diagnostic>,
    more: u64,
}

impl Faults {
    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn add(&mut self, fault: Diagnostic) {
        if self.list.len() < FAULTS_MAX {
            self.list.push(fault);
        } else {
            self.more += 1;
        }
    }

    fn at_row(&mut self, code: &'static str, row: u64, message: impl Into<String>) {
        self.add(Diagnostic::error(code, Place::Row(row), message));
    }

    fn whole(&mut self, code: &'static str, message: impl Into<String>) {
        self.add(Diagnostic::error(code, Place::Whole, message));
    }

    /// The value, when there was no fault.
    fn none_or<T>(mut self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.more != 0 {
            let message = format!("{} more faults are not shown", self.more);
            self.list.push(Diagnostic::error(fault::MORE, Place::Whole, message));
        }
        if self.list.is_empty() { Ok(value) } else { Err(self.list) }
    }
}
