//! `CopyInResponse`, `CopyOutResponse`, `CopyBothResponse`: a COPY begins.

use super::Reader;
use crate::errors::DecodeError;
use crate::format::Format;

/// The form of a COPY's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyResponse {
    /// The form of the whole.
    pub format: Format,
    /// The form of each column.
    pub columns: Box<[Format]>,
}

impl CopyResponse {
    pub(super) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let format = reader.u8()?;
        let format = Format::from_code(format.into()).ok_or(reader.meaningless(format))?;
        let count = reader.u16()?;
        let columns = (0..count)
            .map(|_| {
                let code = reader.u16()?;
                Format::from_code(code).ok_or(reader.meaningless(code))
            })
            .collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { format, columns })
    }
}
