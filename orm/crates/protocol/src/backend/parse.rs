//! Makes a message of a tag and a body. Rows and COPY's data are not done here, as they share the body's memory.

use super::{Authentication, CommandTag, CopyResponse, Field, Message, Negotiation, Notification};
use super::{Reader, TransactionStatus};
use crate::Oid;
use crate::errors::{DecodeError, ErrorFields};

/// The most bytes of a key in `BackendKeyData`, in any version of the protocol.
const MAX_KEY: usize = 256;

/// Whether the protocol has messages of this tag.
pub(super) const fn known(tag: u8) -> bool {
    matches!(
        tag,
        b'1' | b'2'
            | b'3'
            | b'A'
            | b'C'
            | b'c'
            | b'D'
            | b'd'
            | b'E'
            | b'G'
            | b'H'
            | b'I'
            | b'K'
            | b'N'
            | b'n'
            | b'R'
            | b'S'
            | b's'
            | b'T'
            | b't'
            | b'v'
            | b'W'
            | b'Z'
    )
}

/// Reads the body of a message of `reader`'s tag.
pub(super) fn message(reader: Reader<'_>) -> Result<Message, DecodeError> {
    Ok(match reader.tag() {
        b'1' => empty(reader, Message::ParseComplete)?,
        b'2' => empty(reader, Message::BindComplete)?,
        b'3' => empty(reader, Message::CloseComplete)?,
        b'A' => Message::Notification(Notification::parse(reader)?),
        b'C' => Message::CommandComplete(CommandTag::parse(reader)?),
        b'c' => empty(reader, Message::CopyDone)?,
        b'E' => Message::Error(Box::new(ErrorFields::parse(reader)?)),
        b'G' => Message::CopyIn(CopyResponse::parse(reader)?),
        b'H' => Message::CopyOut(CopyResponse::parse(reader)?),
        b'I' => empty(reader, Message::EmptyQueryResponse)?,
        b'K' => backend_key_data(reader)?,
        b'N' => Message::Notice(Box::new(ErrorFields::parse(reader)?)),
        b'n' => empty(reader, Message::NoData)?,
        b'R' => Message::Authentication(Authentication::parse(reader)?),
        b'S' => parameter_status(reader)?,
        b's' => empty(reader, Message::PortalSuspended)?,
        b'T' => Message::RowDescription(Field::parse_all(reader)?),
        b't' => parameter_description(reader)?,
        b'v' => Message::NegotiateProtocolVersion(Negotiation::parse(reader)?),
        b'W' => Message::CopyBoth(CopyResponse::parse(reader)?),
        b'Z' => ready_for_query(reader)?,
        tag => return Err(DecodeError::UnknownTag { tag }),
    })
}

fn empty(reader: Reader<'_>, message: Message) -> Result<Message, DecodeError> {
    reader.finish().map(|()| message)
}

fn backend_key_data(mut reader: Reader<'_>) -> Result<Message, DecodeError> {
    let process_id = reader.i32()?;
    let key = reader.rest();
    match key.len() {
        ..4 => Err(DecodeError::Truncated { tag: reader.tag() }),
        4..=MAX_KEY => Ok(Message::BackendKeyData {
            process_id,
            key: key.into(),
        }),
        length => Err(DecodeError::Trailing {
            tag: reader.tag(),
            bytes: length - MAX_KEY,
        }),
    }
}

fn parameter_status(mut reader: Reader<'_>) -> Result<Message, DecodeError> {
    let name = reader.text()?.into();
    let value = reader.text()?.into();
    reader.finish()?;
    Ok(Message::ParameterStatus { name, value })
}

fn parameter_description(mut reader: Reader<'_>) -> Result<Message, DecodeError> {
    let count = usize::from(reader.u16()?);
    // The body is there already, so what is allocated is in proportion to what was received.
    let (types, rest) = reader.take(count * 4)?.as_chunks::<4>();
    debug_assert!(rest.is_empty());
    reader.finish()?;
    Ok(Message::ParameterDescription(
        types.iter().map(|oid| Oid::from_be_bytes(*oid)).collect(),
    ))
}

fn ready_for_query(mut reader: Reader<'_>) -> Result<Message, DecodeError> {
    let status = match reader.u8()? {
        b'I' => TransactionStatus::Idle,
        b'T' => TransactionStatus::Active,
        b'E' => TransactionStatus::Failed,
        other => return Err(reader.meaningless(other)),
    };
    empty(reader, Message::ReadyForQuery(status))
}
