//! The messages of a server.

use bytes::Bytes;

use super::{Authentication, CommandTag, CopyResponse, DataRows, Field, Negotiation, Notification};
use crate::Oid;
use crate::errors::ErrorFields;

/// Where a session stands when a server is ready for the next query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// In no transaction.
    Idle,
    /// In a transaction.
    Active,
    /// In a transaction that failed; only its end is taken.
    Failed,
}

/// A message of a server. Rows and COPY's data share the memory that they were received in; the rest owns its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A step of the authentication.
    Authentication(Authentication),
    /// What a `CancelRequest` for this connection has to say.
    BackendKeyData {
        /// The server's process for this connection.
        process_id: i32,
        /// The secret, of 4 bytes in protocol 3.0.
        key: Box<[u8]>,
    },
    /// A `Bind` was done.
    BindComplete,
    /// A `Close` was done.
    CloseComplete,
    /// A statement was done.
    CommandComplete(CommandTag),
    /// Data of a COPY.
    CopyData(Bytes),
    /// A COPY out has no more data.
    CopyDone,
    /// A COPY from the client begins.
    CopyIn(CopyResponse),
    /// A COPY to the client begins.
    CopyOut(CopyResponse),
    /// A COPY in both directions begins, which only replication has.
    CopyBoth(CopyResponse),
    /// One or more rows, as many as had arrived in one piece.
    DataRows(DataRows),
    /// The statement was empty.
    EmptyQueryResponse,
    /// The statement, or the session, failed.
    Error(Box<ErrorFields>),
    /// The server does not speak all that it was asked to.
    NegotiateProtocolVersion(Negotiation),
    /// The statement or portal that was described gives no rows.
    NoData,
    /// A report that is no error.
    Notice(Box<ErrorFields>),
    /// Somebody sent a NOTIFY.
    Notification(Notification),
    /// The types of a statement's parameters.
    ParameterDescription(Box<[Oid]>),
    /// A setting of the session has this value, from now on.
    ParameterStatus {
        /// The setting.
        name: Box<str>,
        /// Its value.
        value: Box<str>,
    },
    /// A `Parse` was done.
    ParseComplete,
    /// An `Execute` came to its limit of rows; there may be more.
    PortalSuspended,
    /// The server waits for the next query.
    ReadyForQuery(TransactionStatus),
    /// The columns of a statement's or portal's rows.
    RowDescription(Box<[Field]>),
}
