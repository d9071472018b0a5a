//! Cells of bytes for growing things: no allocator call in steady state, no header, no long copy.
//!
//! A cell has one of 224 sizes: steps of 8 bytes, from 128 on of a sixteenth, up to tens of megabytes.
//! Cells of one size lie side by side in pages of 64 KiB. A page that nobody uses any more goes back to the allocator, which hands
//! it out again for another size: what a million entities outgrow together is not lost.

use prefetch_index::prefetch_index;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Cache lines of the next free cell that are fetched beforehand.
const NEXT_LINES: usize = 4;

/// Bytes of a page; a larger cell has a page of its own.
const PAGE: usize = 64 * 1_024;

/// Readable bytes behind every cell, so that eight bytes can be read at any place in one.
pub(crate) const PADDING: usize = 8;

const SIZES: [u32; 224] = sizes();

/// By eights of bytes: the first class with room, for all but large cells.
const CLASSES: [u8; 129] = classes();

/// Multiples of 8 from 16 to 128, then a sixteenth more each time.
const fn sizes() -> [u32; 224] {
    let mut sizes = [0; 224];
    let mut size = 8_u32;
    let mut i = 0;
    while i < sizes.len() {
        size = if size < 128 { size + 8 } else { (size + size / 16).div_ceil(8) * 8 };
        sizes[i] = size;
        i += 1;
    }
    sizes
}

const fn classes() -> [u8; 129] {
    let mut classes = [0; 129];
    let (mut eights, mut class) = (0, 0);
    while eights < classes.len() {
        if (SIZES[class] as usize) < 8 * eights {
            class += 1;
        } else {
            classes[eights] = class as u8;
            eights += 1;
        }
    }
    classes
}

/// A cell in use; the default one has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(Rust, packed)]
pub(crate) struct Cell {
    /// The number of its page, then its place within.
    index: u32,
    class: u8,
}

/// Bits of a place within a page: no page has more cells.
const WITHIN: u32 = 12;

impl Cell {
    fn page(self) -> usize {
        (self.index >> WITHIN) as usize
    }

    fn within(self) -> usize {
        (self.index & ((1 << WITHIN) - 1)) as usize
    }
}

impl Default for Cell {
    fn default() -> Cell {
        Cell { index: 0, class: u8::MAX }
    }
}

/// The cells; see the module's essay.
#[derive(Debug)]
pub(crate) struct Arena {
    classes: Vec<Class>,
}

#[derive(Clone, Debug)]
struct Class {
    size: usize,
    per_page: usize,
    pages: Vec<Page>,
    /// Pages with room, each once.
    open: Vec<u32>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    /// Empty while no cell is in use.
    bytes: Box<[u8]>,
    used: u16,
    /// Cells taken since the page was last empty.
    taken: u16,
    /// One more than the last cell given back, which holds the one before it in its first bytes.
    free: u16,
}

impl Default for Arena {
    fn default() -> Arena {
        let class = |size: &u32| {
            let size = *size as usize;
            Class { size, per_page: (PAGE / size).max(1), pages: Vec::new(), open: Vec::new() }
        };
        Arena { classes: SIZES.iter().map(class).collect() }
    }
}

impl Arena {
    /// A cell of at least so many bytes, with whatever bytes the last user left.
    pub(crate) fn take(&mut self, bytes: usize) -> Cell {
        let class = CLASSES.get(bytes.div_ceil(8)).map_or_else(
            || SIZES.partition_point(|size| (*size as usize) < bytes).min(SIZES.len() - 1),
            |class| usize::from(*class),
        );
        let Class { size, per_page, pages, open } = &mut self.classes[class];
        let number = open.last().copied().unwrap_or_else(|| {
            pages.push(Page::default());
            open.push(pages.len() as u32 - 1);
            pages.len() as u32 - 1
        });
        let page = &mut pages[number as usize];
        if page.bytes.is_empty() {
            // All pages of small cells are of one length, so that one serves after the other.
            page.bytes = vec![0; PAGE.max(*size) + PADDING].into_boxed_slice();
        }
        let within = match page.free.checked_sub(1) {
            Some(within) => {
                let at = usize::from(within) * *size;
                page.free = u16::from_le_bytes([page.bytes[at], page.bytes[at + 1]]);
                within
            }
            None => {
                page.taken += 1;
                page.taken - 1
            }
        };
        page.used += 1;
        if usize::from(page.used) == *per_page {
            open.pop();
        }
        // Whoever takes the next one of this size writes to it at once.
        let next = usize::from(page.free.checked_sub(1).unwrap_or(page.taken)) * *size;
        (next..next + *size)
            .step_by(LINE)
            .take(NEXT_LINES)
            .for_each(|at| prefetch_index(&page.bytes, at));
        Cell { index: number << WITHIN | u32::from(within), class: class as u8 }
    }

    /// Gives a cell back.
    pub(crate) fn give(&mut self, cell: Cell) {
        let Some(class) = self.classes.get_mut(usize::from(cell.class)) else { return };
        let (number, within) = (cell.page(), cell.within());
        let page = &mut class.pages[number];
        if usize::from(page.used) == class.per_page {
            class.open.push(number as u32);
        }
        page.used -= 1;
        if page.used == 0 {
            *page = Page::default();
            return;
        }
        let at = within * class.size;
        page.bytes[at..at + 2].copy_from_slice(&page.free.to_le_bytes());
        page.free = within as u16 + 1;
    }

    /// Bytes that the cell holds.
    pub(crate) fn size(cell: Cell) -> usize {
        SIZES.get(usize::from(cell.class)).map_or(0, |size| *size as usize)
    }

    /// The cell's bytes and the padding behind them.
    pub(crate) fn bytes(&self, cell: Cell) -> &[u8] {
        let Some(class) = self.classes.get(usize::from(cell.class)) else { return &[] };
        let at = cell.within() * class.size;
        &class.pages[cell.page()].bytes[at..at + class.size + PADDING]
    }

    /// The cell's bytes, to be written.
    pub(crate) fn bytes_mut(&mut self, cell: Cell) -> &mut [u8] {
        let Some(class) = self.classes.get_mut(usize::from(cell.class)) else { return &mut [] };
        let at = cell.within() * class.size;
        &mut class.pages[cell.page()].bytes[at..at + class.size]
    }

    /// The bytes of a cell, and those of another one to be written.
    pub(crate) fn pair(&mut self, from: Cell, to: Cell) -> (&[u8], &mut [u8]) {
        let (from_class, to_class) = (usize::from(from.class), usize::from(to.class));
        if self.classes.len() <= from_class {
            return (&[], self.bytes_mut(to));
        }
        if from_class != to_class {
            let (from_class, to_class) = two(&mut self.classes, from_class, to_class);
            let from_at = from.within() * from_class.size;
            let to_at = to.within() * to_class.size;
            return (
                &from_class.pages[from.page()].bytes[from_at..from_at + from_class.size],
                &mut to_class.pages[to.page()].bytes[to_at..to_at + to_class.size],
            );
        }
        let Class { size, pages, .. } = &mut self.classes[to_class];
        let (from_at, to_at) = (from.within() * *size, to.within() * *size);
        if from.page() != to.page() {
            let (from_page, to_page) = two(pages, from.page(), to.page());
            return (
                &from_page.bytes[from_at..from_at + *size],
                &mut to_page.bytes[to_at..to_at + *size],
            );
        }
        let bytes = &mut pages[to.page()].bytes;
        if from_at < to_at {
            let (before, behind) = bytes.split_at_mut(to_at);
            (&before[from_at..from_at + *size], &mut behind[..*size])
        } else {
            let (before, behind) = bytes.split_at_mut(from_at);
            (&behind[..*size], &mut before[to_at..to_at + *size])
        }
    }

    /// Bytes of all pages.
    pub(crate) fn held(&self) -> usize {
        let pages = self.classes.iter().flat_map(|class| &class.pages);
        pages.map(|page| page.bytes.len() + size_of::<Page>()).sum()
    }
}

/// Two different ones of a list.
fn two<T>(all: &mut [T], from: usize, to: usize) -> (&T, &mut T) {
    if from < to {
        let (before, behind) = all.split_at_mut(to);
        (&before[from], &mut behind[0])
    } else {
        let (before, behind) = all.split_at_mut(from);
        (&behind[0], &mut before[to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_bytes_and_come_back() {
        let mut arena = Arena::default();
        let cells: Vec<Cell> = (0..5_000).map(|i| arena.take(1 + i % 700)).collect();
        for (i, cell) in cells.iter().enumerate() {
            assert!(i % 700 < Arena::size(*cell));
            arena.bytes_mut(*cell).fill(i as u8);
        }
        for (i, cell) in cells.iter().enumerate() {
            let bytes = &arena.bytes(*cell)[..Arena::size(*cell)];
            assert!(bytes.iter().all(|byte| *byte == i as u8), "cell {i}");
        }
        let held = arena.held();
        cells.iter().for_each(|cell| arena.give(*cell));
        assert!(arena.held() * 50 < held, "pages that nobody uses are kept");
        let mut again: Vec<Cell> = (0..5_000).map(|i| arena.take(1 + i % 700)).collect();
        assert_eq!(arena.held(), held, "as many pages as before");
        again.sort_unstable_by_key(|cell| (cell.class, cell.index));
        again.dedup();
        assert_eq!(again.len(), 5_000, "no cell is handed out twice");
    }

    #[test]
    fn large_cells_have_pages_of_their_own() {
        let mut arena = Arena::default();
        let (a, b) = (arena.take(1_000_000), arena.take(1_000_000));
        arena.bytes_mut(a).fill(1);
        arena.bytes_mut(b).fill(2);
        assert_eq!((arena.bytes(a)[999_999], arena.bytes(b)[0]), (1, 2));
        assert_eq!(Arena::size(Cell::default()), 0);
        assert!(arena.bytes(Cell::default()).is_empty());
    }
}
