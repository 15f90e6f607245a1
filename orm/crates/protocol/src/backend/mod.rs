//! What a server says: bytes go into a [`Decoder`], messages come out.

mod authentication;
mod copy;
mod decoder;
mod description;
mod limits;
mod message;
mod negotiation;
mod notification;
mod parse;
mod reader;
mod rows;
mod tag;
mod tls;

pub use authentication::Authentication;
pub use copy::CopyResponse;
pub use decoder::Decoder;
pub use description::Field;
pub use limits::Limits;
pub use message::{Message, TransactionStatus};
pub use negotiation::Negotiation;
pub use notification::Notification;
pub(crate) use reader::Reader;
pub use rows::{DataRows, Row};
pub use tag::CommandTag;
pub use tls::{TlsAnswer, TlsAnswerError, tls_answer};
