//! The bytes of columns of one row group, made by whoever has their numbers.

use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, CompressionCodec, DataPageHeader, Encoding, PageHeader, PageType,
    Type,
};

/// Integers whose differences are written above the least of them.
const BLOCK: usize = 128;

/// Integers that share a width in bits.
const MINIBLOCK: usize = 32;

/// Columns of one row group as they will lie in the file; can be cleared and filled again.
#[derive(Debug, Default)]
pub struct Chunks {
    bytes: Vec<u8>,
    columns: Vec<Column>,
    /// A page whose header has to say how long it is.
    page: Vec<u8>,
}

/// Where a column lies.
#[derive(Clone, Copy, Debug)]
struct Column {
    physical: Type,
    encoding: Encoding,
    rows: usize,
    start: usize,
    end: usize,
}

impl Chunks {
    /// Forgets all columns, but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.columns.clear();
    }

    /// Adds a column of integers of 32 bits.
    pub fn short(&mut self, values: impl ExactSizeIterator<Item = i32>) {
        self.whole(Type::INT32, values);
    }

    /// Adds a column of integers of 64 bits.
    pub fn long(&mut self, values: impl ExactSizeIterator<Item = i64>) {
        self.whole(Type::INT64, values);
    }

    /// Adds a column of floats.
    pub fn float(&mut self, values: impl ExactSizeIterator<Item = f64>) {
        let (rows, size) = (values.len(), size_of::<f64>());
        let start = self.header(Encoding::PLAIN, rows, rows * size);
        let data = self.bytes.len();
        self.bytes.resize(data + rows * size, 0);
        let places = self.bytes[data..].chunks_exact_mut(size);
        places.zip(values).for_each(|(place, value)| place.copy_from_slice(&value.to_le_bytes()));
        self.column(Type::DOUBLE, Encoding::PLAIN, rows, start);
    }

    fn whole<W: Whole>(&mut self, physical: Type, values: impl ExactSizeIterator<Item = W>) {
        let (rows, encoding) = (values.len(), Encoding::DELTA_BINARY_PACKED);
        self.page.clear();
        differences(values, &mut self.page);
        let start = self.header(encoding, rows, self.page.len());
        self.bytes.extend_from_slice(&self.page);
        self.column(physical, encoding, rows, start);
    }

    /// Adds the header of a page of so many bytes, and says where it starts.
    fn header(&mut self, encoding: Encoding, rows: usize, size: usize) -> usize {
        let start = self.bytes.len();
        let size = i32::try_from(size).expect("a page has less than 2 GiB");
        // There are no levels, as nothing is missing or nested; their encoding has to be named.
        let header = DataPageHeader::new(rows as i32, encoding, Encoding::RLE, Encoding::RLE, None);
        let header =
            PageHeader::new(PageType::DATA_PAGE, size, size, None, header, None, None, None);
        let written =
            header.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut self.bytes));
        written.expect("memory takes all bytes");
        start
    }

    fn column(&mut self, physical: Type, encoding: Encoding, rows: usize, start: usize) {
        self.columns.push(Column { physical, encoding, rows, start, end: self.bytes.len() });
    }

    /// As it is written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a footer says of each when they start at `offset`; their names come in order.
    pub(super) fn described<'a>(
        &'a self,
        names: &'a [String],
        offset: usize,
    ) -> impl ExactSizeIterator<Item = ColumnChunk> {
        self.columns.iter().zip(names).map(move |(column, name)| {
            let (start, size) = ((offset + column.start) as i64, column.end - column.start);
            let metadata = ColumnMetaData::new(
                column.physical,
                vec![column.encoding, Encoding::RLE],
                vec![name.clone()],
                CompressionCodec::UNCOMPRESSED,
                column.rows as i64,
                size as i64,
                size as i64,
                None,
                start,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
            );
            ColumnChunk::new(None, start, metadata, None, None, None, None, None, None)
        })
    }
}

/// An integer whose differences wrap.
trait Whole: Copy + Default + Ord {
    fn minus(self, other: Self) -> Self;
    /// Its bits, which are an integer without a sign.
    fn bits(self) -> u64;
    fn signed(self) -> i64;
}

impl Whole for i32 {
    fn minus(self, other: i32) -> i32 {
        self.wrapping_sub(other)
    }

    fn bits(self) -> u64 {
        u64::from(self as u32)
    }

    fn signed(self) -> i64 {
        i64::from(self)
    }
}

impl Whole for i64 {
    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }

    fn bits(self) -> u64 {
        self as u64
    }

    fn signed(self) -> i64 {
        self
    }
}

/// Appends integers as Parquet's `DELTA_BINARY_PACKED`: each as its difference from the one before.
fn differences<W: Whole>(mut values: impl ExactSizeIterator<Item = W>, bytes: &mut Vec<u8>) {
    let mut left = values.len();
    let mut last = values.next().unwrap_or_default();
    for number in [BLOCK, BLOCK / MINIBLOCK, left] {
        varint(number as u64, bytes);
    }
    zigzag(last.signed(), bytes);
    left = left.saturating_sub(1);
    let mut block = [W::default(); BLOCK];
    while left != 0 {
        let filled = left.min(BLOCK);
        for (into, value) in block[..filled].iter_mut().zip(&mut values) {
            (*into, last) = (value.minus(last), value);
        }
        left -= filled;
        let least = block[..filled].iter().copied().min().unwrap_or_default();
        block[filled..].fill(least);
        zigzag(least.signed(), bytes);
        let above = block.map(|difference| difference.minus(least));
        let above = above.as_chunks::<MINIBLOCK>().0;
        let mut widths = [0; BLOCK / MINIBLOCK];
        for (width, above) in widths.iter_mut().zip(above) {
            let any = above.iter().fold(0, |any, above| any | above.bits());
            // As many bits as `pack` can end with a byte.
            *width = match (u64::BITS - any.leading_zeros()) as usize {
                width @ ..=16 => width,
                width @ 17..=32 => width.next_multiple_of(2),
                width => width.next_multiple_of(4),
            };
        }
        bytes.extend(widths.map(|width| width as u8));
        for (above, width) in above.iter().zip(widths) {
            match width {
                0 => {}
                width @ ..=16 => pack::<W, 4>(above, width, bytes),
                width @ ..=32 => pack::<W, 2>(above, width, bytes),
                width => pack::<W, 1>(above, width, bytes),
            }
        }
    }
}

/// Appends integers of so many bits, the lowest first. Twice so many at once fit two words.
fn pack<W: Whole, const HALF: usize>(values: &[W; MINIBLOCK], width: usize, bytes: &mut Vec<u8>) {
    let mut packed = [0; MINIBLOCK * size_of::<u64>() + size_of::<u128>()];
    let mut end = 0;
    for halves in values.chunks_exact(2 * HALF) {
        let half = |values: &[W]| {
            let values = values.iter().enumerate();
            values.fold(0, |word, (number, value)| word | (value.bits() << (number * width)))
        };
        let (low, high) = halves.split_at(HALF);
        let all = u128::from(half(low)) | (u128::from(half(high)) << (HALF * width));
        // The next ones are written over what these do not fill.
        packed[end..end + size_of::<u128>()].copy_from_slice(&all.to_le_bytes());
        end += 2 * HALF * width / 8;
    }
    bytes.extend_from_slice(&packed[..end]);
}

fn zigzag(number: i64, bytes: &mut Vec<u8>) {
    varint(((number << 1) ^ (number >> 63)) as u64, bytes);
}

fn varint(mut number: u64, bytes: &mut Vec<u8>) {
    while 0x7F < number {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
