//! Values on their way to and from SQLite: rows are kept in two allocations, however many they are.

use std::ops::Range;
use std::sync::Arc;

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// INTEGER
    Integer(i64),
    /// REAL; NaN would become NULL, so the caller refuses it
    Real(f64),
    /// TEXT
    Text(String),
    /// BLOB
    Blob(Vec<u8>),
}

impl Value {
    /// How many bytes it has that stand elsewhere.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(value) => value.len(),
            Self::Blob(value) => value.len(),
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
        }
    }
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// NULL
    Null,
    /// INTEGER
    Integer(i64),
    /// REAL
    Real(f64),
    /// TEXT, which other programs may have filled with what is no UTF-8
    Text(&'a [u8]),
    /// BLOB
    Blob(&'a [u8]),
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Null,
    Integer(i64),
    Real(f64),
    Text { start: u64, length: u32 },
    Blob { start: u64, length: u32 },
}

/// The values of rows of one width, in order.
#[derive(Debug, Default)]
pub struct Cells {
    width: usize,
    slots: Vec<Slot>,
    bytes: Vec<u8>,
}

impl Cells {
    /// No rows yet, of `width` columns.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.slots.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many bytes the rows take.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.slots.len() * size_of::<Slot>()
    }

    /// The cells of row `index`, which is there.
    pub fn row(&self, index: usize) -> impl ExactSizeIterator<Item = Cell<'_>> {
        self.slots[index * self.width..(index + 1) * self.width]
            .iter()
            .map(|slot| self.cell(*slot))
    }

    /// One cell, which is there.
    pub fn get(&self, row: usize, column: usize) -> Cell<'_> {
        self.cell(self.slots[row * self.width + column])
    }

    fn cell(&self, slot: Slot) -> Cell<'_> {
        match slot {
            Slot::Null => Cell::Null,
            Slot::Integer(value) => Cell::Integer(value),
            Slot::Real(value) => Cell::Real(value),
            Slot::Text { start, length } => Cell::Text(&self.bytes[range(start, length)]),
            Slot::Blob { start, length } => Cell::Blob(&self.bytes[range(start, length)]),
        }
    }

    /// Add the next value; SQLite has none of more than 2 GiB.
    pub fn push(&mut self, cell: Cell<'_>) {
        let slot = match cell {
            Cell::Null => Slot::Null,
            Cell::Integer(value) => Slot::Integer(value),
            Cell::Real(value) => Slot::Real(value),
            Cell::Text(text) => {
                let (start, length) = self.keep(text);
                Slot::Text { start, length }
            }
            Cell::Blob(blob) => {
                let (start, length) = self.keep(blob);
                Slot::Blob { start, length }
            }
        };
        self.slots.push(slot);
    }

    fn keep(&mut self, value: &[u8]) -> (u64, u32) {
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(value);
        (start, value.len() as u32)
    }
}

fn range(start: u64, length: u32) -> Range<usize> {
    start as usize..start as usize + length as usize
}

/// What a statement gave.
#[derive(Debug)]
pub struct Answer {
    /// The names of the columns; the same allocation for each run of one prepared statement.
    pub names: Arc<[String]>,
    /// The rows.
    pub cells: Cells,
    /// How many rows it wrote, or gave where it only reads.
    pub affected: i64,
    /// Of a batch: whether more may follow.
    pub more: bool,
}

impl Answer {
    /// What a statement gives that gives no rows.
    pub fn written(affected: i64) -> Self {
        Self {
            names: Arc::new([]),
            cells: Cells::default(),
            affected,
            more: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_were_pushed() {
        let given = [
            Cell::Null,
            Cell::Integer(-1),
            Cell::Real(0.5),
            Cell::Text(b"ab"),
            Cell::Blob(b""),
            Cell::Text(b"c"),
        ];
        let mut cells = Cells::new(3);
        given.iter().for_each(|cell| cells.push(*cell));
        assert_eq!(cells.len(), 2);
        assert_eq!(cells.row(0).chain(cells.row(1)).collect::<Vec<_>>(), given);
        assert_eq!(cells.get(1, 2), Cell::Text(b"c"));
        assert_eq!(Cells::new(0).len(), 0);
    }
}
