//! `Bind`: makes a portal of a statement and the values of its parameters.

use bytes::{BufMut, BytesMut};

use super::frame::{MAX_MESSAGE, count, framed, length, text};
use super::values::{IsNull, value};
use crate::errors::{BindError, EncodeError};
use crate::format::Format;

/// Writes a `Bind` of `parameters` values, each of which `encode(index, out)` appends.
///
/// `formats` and `results` hold nothing (all text), one for all, or one for each. A value is held to the length
/// of a message as soon as it is written, so that no more than one of them goes beyond it.
///
/// # Errors
/// [`BindError::Value`] with the error of `encode`; [`BindError::Encode`] for too many or too long.
pub fn bind<E>(
    out: &mut BytesMut,
    portal: &str,
    statement: &str,
    formats: &[Format],
    parameters: usize,
    mut encode: impl FnMut(usize, &mut BytesMut) -> Result<IsNull, E>,
    results: &[Format],
) -> Result<(), BindError<E>> {
    let parameters = count(parameters)?;
    let start = out.len();
    framed(out, b'B', MAX_MESSAGE, |out| {
        text(out, portal.as_bytes(), MAX_MESSAGE)?;
        text(out, statement.as_bytes(), MAX_MESSAGE)?;
        write_formats(out, formats)?;
        out.put_u16(parameters);
        for index in 0..usize::from(parameters) {
            value(out, index, &mut encode)?;
            length(out.len() - start, MAX_MESSAGE)?;
        }
        write_formats(out, results)?;
        Ok(())
    })
}

fn write_formats(out: &mut BytesMut, formats: &[Format]) -> Result<(), EncodeError> {
    out.put_u16(count(formats.len())?);
    for format in formats {
        out.put_u16(format.code());
    }
    Ok(())
}
