//! Rows as PostgreSQL sent them: the bodies of DataRow messages, checked when they came, decoded when touched.

use bytes::Bytes;
use queryengine_protocol::backend::DataRows;

/// Below this, bytes are copied: they share the connection's memory, which a few rows would keep for long.
const SMALL: usize = 16 << 10;

/// Why bytes are no row: the server lies, and the connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedRow(
    /// What is wrong, safe to show.
    pub &'static str,
);

/// Rows that arrived in one piece.
#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// Where the body of each row begins.
    starts: Vec<u32>,
    /// How many rows there are with this piece and all before it.
    end: usize,
}

/// The rows of one answer, in order; each piece shares the buffer that it came in.
#[derive(Debug, Default)]
pub struct WireRows {
    pieces: Vec<Piece>,
}

impl WireRows {
    /// Add rows.
    pub fn push(&mut self, rows: DataRows) {
        let (bytes, starts, _) = rows.into_parts();
        let bytes = if bytes.len() < SMALL {
            Bytes::copy_from_slice(&bytes)
        } else {
            bytes
        };
        let end = self.len() + starts.len();
        self.pieces.push(Piece { bytes, starts, end });
    }

    /// Add a copy of rows that nobody has checked: of each what a DataRow has for a body, of `width` fields.
    pub fn push_unchecked(&mut self, bodies: &[Bytes], width: usize) -> Result<(), MalformedRow> {
        let mut bytes = Vec::with_capacity(bodies.iter().map(Bytes::len).sum());
        let mut starts = Vec::with_capacity(bodies.len());
        for body in bodies {
            check(body, width)?;
            let start = u32::try_from(bytes.len());
            starts.push(start.map_err(|_| MalformedRow("more than 4 GiB of rows at once"))?);
            bytes.extend_from_slice(body);
        }
        if !starts.is_empty() {
            let end = self.len() + starts.len();
            let bytes = Bytes::from(bytes);
            self.pieces.push(Piece { bytes, starts, end });
        }
        Ok(())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |piece| piece.end)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The fields of row `index`, None for null; the columns of the answer say how many there are.
    pub fn fields(&self, index: usize) -> Fields<'_> {
        let place = self.pieces.partition_point(|piece| piece.end <= index);
        let rest = self.pieces.get(place).and_then(|piece| {
            let start = piece.starts.get(index + piece.starts.len() - piece.end)?;
            piece.bytes.get(*start as usize + 2..)
        });
        Fields {
            rest: rest.unwrap_or_default(),
        }
    }
}

/// The fields of one row, in order, and then what follows it: whoever reads them knows how many there are.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of the row whose body begins there.
    pub fn at(bytes: &'a [u8], start: u32) -> Self {
        Self {
            rest: bytes.get(start as usize + 2..).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        if length < 0 {
            self.rest = rest;
            return Some(None);
        }
        let (field, rest) = rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(Some(field))
    }
}

fn check(body: &[u8], width: usize) -> Result<(), MalformedRow> {
    let (count, mut rest) = body
        .split_first_chunk::<2>()
        .ok_or(MalformedRow("a row without a count of columns"))?;
    if usize::from(u16::from_be_bytes(*count)) != width {
        return Err(MalformedRow(
            "a row of another number of columns than its description",
        ));
    }
    for _ in 0..width {
        let (length, after) = rest
            .split_first_chunk::<4>()
            .ok_or(MalformedRow("a row that ends in a length"))?;
        rest = match i32::from_be_bytes(*length) {
            -1 => after,
            length @ 0.. => after
                .get(length as usize..)
                .ok_or(MalformedRow("a row that ends in a value"))?,
            _ => return Err(MalformedRow("a value of negative length")),
        };
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(MalformedRow("bytes after a row's last value"))
    }
}

#[cfg(test)]
mod tests {
    use queryengine_protocol::backend::{Decoder, Limits, Message};

    use super::*;

    fn row(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut body = (fields.len() as u16).to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |field| field.len() as i32);
            body.extend(length.to_be_bytes());
            body.extend(field.unwrap_or_default());
        }
        let length = (body.len() as i32 + 4).to_be_bytes();
        [&b"D"[..], &length, &body].concat()
    }

    #[test]
    fn fields_come_back_as_they_were_sent_from_whatever_piece() {
        let one: [Option<&[u8]>; 3] = [Some(b"ab"), None, Some(b"")];
        let two: [Option<&[u8]>; 3] = [None, Some(&[7; SMALL]), Some(b"x")];
        let mut rows = WireRows::default();
        for piece in [[row(&one), row(&two)], [row(&two), row(&one)]] {
            let mut decoder = Decoder::new(Limits::default());
            decoder.feed(&piece.concat());
            match decoder.next_message().unwrap() {
                Some(Message::DataRows(piece)) => rows.push(piece),
                other => panic!("{other:?}"),
            }
        }
        let sent = [one, two, two, one];
        assert_eq!(rows.len(), sent.len());
        for (index, sent) in sent.iter().enumerate() {
            assert_eq!(rows.fields(index).take(3).collect::<Vec<_>>(), sent);
        }
        assert_eq!(rows.fields(4).count(), 0);
    }

    #[test]
    fn a_row_that_lies_about_itself_is_refused() {
        let refused = |body: &[u8], width| {
            let mut rows = WireRows::default();
            let pushed = rows.push_unchecked(&[Bytes::copy_from_slice(body)], width);
            assert_eq!(rows.is_empty(), pushed.is_err());
            pushed.is_err()
        };
        let whole = &row(&[Some(b"abc")])[5..];
        assert!(!refused(whole, 1));
        for end in 0..whole.len() {
            assert!(refused(&whole[..end], 1), "{end}");
        }
        assert!(refused(whole, 2));
        assert!(refused(&[whole, b"x"].concat(), 1));
        assert!(refused(&[0, 1, 0xff, 0xff, 0xff, 0xfe], 1));
        assert!(refused(&[0, 1, 0x7f, 0xff, 0xff, 0xff], 1));
    }
}
