//! `NotificationResponse`: somebody sent a NOTIFY.

use super::Reader;
use crate::errors::DecodeError;

/// A NOTIFY that reached this session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The server's process of the session that sent it.
    pub process_id: i32,
    /// The channel.
    pub channel: Box<str>,
    /// The payload; empty if there was none.
    pub payload: Box<str>,
}

impl Notification {
    pub(super) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let process_id = reader.i32()?;
        let channel = reader.text()?.into();
        let payload = reader.text()?.into();
        reader.finish()?;
        Ok(Self {
            process_id,
            channel,
            payload,
        })
    }
}
