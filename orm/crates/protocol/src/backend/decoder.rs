//! Cuts what was received into messages.

use bytes::BytesMut;

use super::parse::{self, known};
use super::rows::{self, DataRows};
use super::{Limits, Message, Reader};
use crate::errors::DecodeError;

/// The tag and the length before each body.
const HEADER: usize = 5;
/// The least space that is made for what comes next.
const SPACE: usize = 64 << 10;
/// Where a run of rows ends though there are more: their places are counted in 32 bits.
const LONGEST_RUN: usize = 1 << 31;

/// Takes bytes as they arrive and gives messages as they are whole.
///
/// Either [`feed`](Self::feed) copies bytes in, or they are received straight into [`space`](Self::space) and then
/// reported by [`filled`](Self::filled). The memory held grows with what was received, never with what a length
/// claims. After an error every further call returns the same error.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What was received, then space for more; all of it is initialised.
    buffer: BytesMut,
    /// How much of the buffer was received.
    received: usize,
    limits: Limits,
    error: Option<DecodeError>,
}

/// One message in the buffer.
struct Frame {
    tag: u8,
    /// Its length in the buffer, tag and all.
    end: usize,
}

impl Decoder {
    /// A decoder that takes messages up to these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes a copy of bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.truncate(self.received);
        self.buffer.extend_from_slice(bytes);
        self.received += bytes.len();
    }

    /// Space to receive into, of at least `least` bytes and never of none; what it holds is of no meaning.
    pub fn space(&mut self, least: usize) -> &mut [u8] {
        let least = least.max(1);
        if self.buffer.len() - self.received < least {
            // As much again as a long message has so far, so that its bytes are moved few times.
            let more = least.max(SPACE).max(self.received.min(self.missing()));
            self.buffer.truncate(self.received);
            self.buffer.reserve(more);
            self.buffer.resize(self.received + more, 0);
        }
        &mut self.buffer[self.received..]
    }

    /// Reports that the first bytes of the space were received into.
    ///
    /// # Errors
    /// More bytes than there was space for.
    pub fn filled(&mut self, bytes: usize) -> Result<(), DecodeError> {
        let space = self.buffer.len() - self.received;
        if bytes > space {
            return Err(DecodeError::Overfilled { bytes, space });
        }
        self.received += bytes;
        Ok(())
    }

    /// How many bytes were received that belong to no message given yet.
    #[must_use]
    pub const fn buffered(&self) -> usize {
        self.received
    }

    /// The next message; none if more bytes have to come first.
    ///
    /// # Errors
    /// The bytes are no message of the protocol, or one beyond the limits. The connection can only be dropped.
    pub fn next_message(&mut self) -> Result<Option<Message>, DecodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let message = self.read();
        self.error = message.as_ref().err().copied();
        message
    }

    fn read(&mut self) -> Result<Option<Message>, DecodeError> {
        let Some(Frame { tag, end }) = self.frame(0)? else {
            return Ok(None);
        };
        let message = match tag {
            b'D' => return self.rows(end).map(Some),
            b'd' => {
                let mut frame = self.take(end).freeze();
                return Ok(Some(Message::CopyData(frame.split_off(HEADER))));
            }
            _ => parse::message(Reader::new(tag, &self.buffer[HEADER..end]))?,
        };
        self.take(end);
        Ok(Some(message))
    }

    /// The frame at a place of the buffer, if all of it was received.
    fn frame(&self, start: usize) -> Result<Option<Frame>, DecodeError> {
        let rest = &self.buffer[start..self.received];
        // A wrong tag is reported before its length is waited for.
        let Some((tag, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let tag = *tag;
        if !known(tag) {
            return Err(DecodeError::UnknownTag { tag });
        }
        let Some((length, _)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*length);
        let limit = self.limits.of(tag);
        let frame = match usize::try_from(length) {
            Err(_) | Ok(..4) => return Err(DecodeError::Length { tag, length }),
            Ok(length) if length > limit => {
                return Err(DecodeError::TooLong { tag, length, limit });
            }
            Ok(length) => Frame {
                tag,
                end: start + 1 + length,
            },
        };
        Ok((frame.end <= self.received).then_some(frame))
    }

    /// How many bytes the message at the start of the buffer still lacks.
    fn missing(&self) -> usize {
        match self.buffer[..self.received].get(1..HEADER) {
            Some(&[a, b, c, d]) => {
                let length = u32::from_be_bytes([a, b, c, d]);
                usize::try_from(length)
                    .map_or(0, |length| (length + 1).saturating_sub(self.received))
            }
            _ => 0,
        }
    }

    /// Takes the row that ends at `end` and all that follow it.
    ///
    /// A row that is wrong is left for the next call, so that it makes no difference how the bytes were cut.
    fn rows(&mut self, mut end: usize) -> Result<Message, DecodeError> {
        let columns = rows::check(&self.buffer[HEADER..end])?;
        let mut starts = vec![place(HEADER)];
        while end < LONGEST_RUN
            && let Ok(Some(next)) = self.frame(end)
            && next.tag == b'D'
            && rows::check(&self.buffer[end + HEADER..next.end]) == Ok(columns)
        {
            starts.push(place(end + HEADER));
            end = next.end;
        }
        Ok(Message::DataRows(DataRows::new(
            self.take(end).freeze(),
            starts,
            columns,
        )))
    }

    fn take(&mut self, bytes: usize) -> BytesMut {
        self.received -= bytes;
        self.buffer.split_to(bytes)
    }
}

/// A place in a run of rows, which `LONGEST_RUN` keeps within 32 bits.
fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
