//! `CommandComplete`: what was done, and to how many rows.

use super::Reader;
use crate::errors::DecodeError;

/// The tag of a statement that was done, such as `INSERT 0 3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandTag(Box<str>);

impl CommandTag {
    pub(super) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let tag = reader.text()?.into();
        reader.finish()?;
        Ok(Self(tag))
    }

    /// The tag as the server sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rows that were read or changed; none for a statement that counts none.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let (_, last) = self.0.rsplit_once(' ')?;
        last.parse().ok()
    }
}
