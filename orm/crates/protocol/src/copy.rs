//! The binary form of a COPY's data: a header, rows, a trailer. It travels in `CopyData` messages, cut anywhere.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::errors::{BindError, DecodeError, EncodeError};
use crate::frontend::{IsNull, value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();
/// The message that the data travels in.
const TAG: u8 = b'd';
/// The most bytes of a row; PostgreSQL itself makes none longer than 1 GiB.
const MAX_ROW: usize = 1 << 30;
/// The most columns of a row, of which the form counts 15 bits.
pub const MAX_COLUMNS: usize = 32_767;

/// Writes what comes before the first row.
pub fn header(out: &mut BytesMut) {
    out.put_slice(SIGNATURE);
    out.put_u32(0); // no flags
    out.put_u32(0); // no extension
}

/// Writes a row of `columns` values, each of which `encode(index, out)` appends.
///
/// # Errors
/// [`BindError::Value`] with the error of `encode`; [`BindError::Encode`] for too many or too long. The buffer is
/// as it was.
pub fn row<E>(
    out: &mut BytesMut,
    columns: usize,
    mut encode: impl FnMut(usize, &mut BytesMut) -> Result<IsNull, E>,
) -> Result<(), BindError<E>> {
    let count = i16::try_from(columns).map_err(|_| EncodeError::TooMany { count: columns })?;
    let start = out.len();
    out.put_i16(count);
    let written = (0..columns).try_for_each(|index| value(out, index, &mut encode));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Writes what comes after the last row.
pub fn trailer(out: &mut BytesMut) {
    out.put_slice(&TRAILER);
}

/// Reads what a COPY writes: the data of `CopyData` in, rows out.
///
/// ```
/// use bytes::BytesMut;
/// use queryengine_protocol::{copy, frontend::IsNull};
///
/// let mut data = BytesMut::new();
/// copy::header(&mut data);
/// copy::row(&mut data, 1, |_, _| Ok::<_, ()>(IsNull::Yes)).unwrap();
/// copy::trailer(&mut data);
/// let mut reader = copy::Reader::default();
/// reader.feed(&data);
/// assert_eq!(reader.next_row().unwrap().unwrap()[..], *b"\0\x01\xff\xff\xff\xff");
/// assert!(reader.next_row().unwrap().is_none() && reader.is_ended());
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    data: BytesMut,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    Rows,
    Ended,
}

impl Reader {
    /// Takes the data of one `CopyData`.
    pub fn feed(&mut self, data: &[u8]) {
        self.data.extend_from_slice(data);
    }

    /// The next row, as the body of a `DataRow` is; none if more data is needed, or after the trailer.
    ///
    /// # Errors
    /// [`DecodeError`] for what is no such data; it is for good.
    pub fn next_row(&mut self) -> Result<Option<Bytes>, DecodeError> {
        if self.state == State::Header {
            let Some(length) = header_length(&self.data)? else {
                return Ok(None);
            };
            self.data.advance(length);
            self.state = State::Rows;
        }
        if self.state == State::Rows && self.data.starts_with(&TRAILER) {
            self.data.advance(TRAILER.len());
            self.state = State::Ended;
        }
        if self.state == State::Ended {
            return match self.data.len() {
                0 => Ok(None),
                bytes => Err(DecodeError::Trailing { tag: TAG, bytes }),
            };
        }
        let length = row_length(&self.data)?;
        Ok(length.map(|length| self.data.split_to(length).freeze()))
    }

    /// Whether the trailer has come, and with it all rows.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }
}

/// How long the header is, if all of it is there.
fn header_length(data: &[u8]) -> Result<Option<usize>, DecodeError> {
    let known = data.len().min(SIGNATURE.len());
    if data[..known] != SIGNATURE[..known] {
        return Err(meaningless(data[0]));
    }
    let rest = &data[known..];
    let (Some(flags), Some(extension)) = (number(rest, 0), number(rest, 4)) else {
        return Ok(None);
    };
    if flags.cast_unsigned() >> 16 != 0 {
        return Err(meaningless(flags)); // what one has to know to read the rows
    }
    let extension = length(extension)?;
    let whole = bounded(known + 8 + extension)?;
    Ok((data.len() >= whole).then_some(whole))
}

/// How long the first row is, if all of it is there.
fn row_length(data: &[u8]) -> Result<Option<usize>, DecodeError> {
    let Some(count) = data.first_chunk() else {
        return Ok(None);
    };
    let count = i16::from_be_bytes(*count);
    let mut place = 2;
    for _ in 0..u16::try_from(count).map_err(|_| meaningless(count))? {
        let Some(value) = number(data, place) else {
            return Ok(None);
        };
        place += 4 + if value == -1 { 0 } else { length(value)? };
        bounded(place)?;
    }
    Ok((data.len() >= place).then_some(place))
}

fn number(data: &[u8], place: usize) -> Option<i32> {
    let bytes = data.get(place..)?.first_chunk()?;
    Some(i32::from_be_bytes(*bytes))
}

fn length(claimed: i32) -> Result<usize, DecodeError> {
    usize::try_from(claimed).map_err(|_| meaningless(claimed))
}

fn bounded(length: usize) -> Result<usize, DecodeError> {
    if length > MAX_ROW {
        return Err(DecodeError::TooLong {
            tag: TAG,
            length,
            limit: MAX_ROW,
        });
    }
    Ok(length)
}

fn meaningless(value: impl Into<i64>) -> DecodeError {
    DecodeError::Value {
        tag: TAG,
        value: value.into(),
    }
}
