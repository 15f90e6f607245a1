//! Reads the body of one message, field by field, and never beyond its end.

use crate::errors::DecodeError;

/// What is left to read of a message's body.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    tag: u8,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(tag: u8, body: &'a [u8]) -> Self {
        Self { tag, rest: body }
    }

    pub(crate) const fn tag(&self) -> u8 {
        self.tag
    }

    /// The bytes that were not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<&'a [u8], DecodeError> {
        let truncated = DecodeError::Truncated { tag: self.tag };
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let truncated = DecodeError::Truncated { tag: self.tag };
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// The bytes up to the next NUL, which is read too.
    pub(crate) fn until_nul(&mut self) -> Result<&'a [u8], DecodeError> {
        let end = self.rest.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or(DecodeError::Truncated { tag: self.tag })?)?;
        self.take(1)?;
        Ok(text)
    }

    /// The text up to the next NUL.
    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let tag = self.tag;
        std::str::from_utf8(self.until_nul()?).map_err(|_| DecodeError::NotUtf8 { tag })
    }

    /// Makes sure that nothing is left.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::Trailing {
                tag: self.tag,
                bytes,
            }),
        }
    }

    /// The error that a number in this message stands for nothing.
    pub(crate) fn meaningless(&self, value: impl Into<i64>) -> DecodeError {
        DecodeError::Value {
            tag: self.tag,
            value: value.into(),
        }
    }
}
