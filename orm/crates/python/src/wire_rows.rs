//! Rows as PostgreSQL sent them: the bodies of DataRow messages, checked once when they come, decoded when touched.

use bytes::Bytes;

/// Why the body of a DataRow is none: the server lies, and the connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedRow(
    /// What is wrong, safe to show.
    pub &'static str,
);

/// The bodies of DataRow messages of one width, in order; each shares the buffer that it came in.
#[derive(Debug)]
pub struct WireRows {
    width: usize,
    bodies: Vec<Bytes>,
}

impl WireRows {
    /// No rows yet, of `width` columns.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            bodies: Vec::new(),
        }
    }

    /// Add the body of one DataRow: what follows the message's length, the count of columns first.
    pub fn push(&mut self, body: Bytes) -> Result<(), MalformedRow> {
        check(&body, self.width)?;
        self.bodies.push(body);
        Ok(())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// How many bytes the rows hold.
    pub fn size(&self) -> usize {
        self.bodies.iter().map(Bytes::len).sum()
    }

    /// The fields of row `index`, None for null.
    pub fn fields(&self, index: usize) -> Fields<'_> {
        Fields {
            rest: self.bodies.get(index).map_or(&[], |body| &body[2..]),
        }
    }
}

/// The fields of one row, in order.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
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
            0.. => after
                .get(i32::from_be_bytes(*length) as usize..)
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
    use super::*;

    fn body(count: u16, fields: &[Option<&[u8]>]) -> Bytes {
        let mut bytes = count.to_be_bytes().to_vec();
        for field in fields {
            match field {
                None => bytes.extend((-1i32).to_be_bytes()),
                Some(field) => {
                    bytes.extend((field.len() as i32).to_be_bytes());
                    bytes.extend(*field);
                }
            }
        }
        bytes.into()
    }

    #[test]
    fn fields_come_back_as_they_were_sent() {
        let fields: [Option<&[u8]>; 3] = [Some(b"ab"), None, Some(b"")];
        let mut rows = WireRows::new(3);
        rows.push(body(3, &fields)).unwrap();
        assert_eq!(rows.fields(0).collect::<Vec<_>>(), fields);
        assert_eq!(rows.fields(1).count(), 0);
    }

    #[test]
    fn a_row_that_lies_about_itself_is_refused() {
        let mut rows = WireRows::new(1);
        let whole = body(1, &[Some(b"abc")]);
        for end in 0..whole.len() {
            assert!(rows.push(whole.slice(..end)).is_err(), "{end}");
        }
        assert!(rows.push(body(2, &[Some(b"abc")])).is_err());
        assert!(rows.push(body(1, &[Some(b"abc"), None])).is_err());
        assert!(
            rows.push(Bytes::from_static(&[0, 1, 0xff, 0xff, 0xff, 0xfe]))
                .is_err()
        );
        assert!(
            rows.push(Bytes::from_static(&[0, 1, 0x7f, 0xff, 0xff, 0xff]))
                .is_err()
        );
        assert!(rows.is_empty());
    }
}
