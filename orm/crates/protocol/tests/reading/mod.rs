//! Reads bytes as a connection does, in one piece and cut at every byte, and makes sure that it finds the same.

use queryengine_protocol::backend::{DataRows, Decoder, Message};
use queryengine_protocol::errors::DecodeError;

/// A message of a server's.
pub fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// The messages in some bytes, and the error after them if there is one. Runs of rows are taken apart.
pub fn read(bytes: &[u8]) -> (Vec<Message>, Option<DecodeError>) {
    let whole = read_pieces([bytes]);
    assert_eq!(read_pieces(bytes.chunks(1)), whole, "byte by byte");
    whole
}

/// The messages in bytes that come in pieces.
pub fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Message>, Option<DecodeError>) {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(Message::DataRows(rows))) => messages.extend(apart(rows)),
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// Each row of a run as a message of its own.
fn apart(rows: DataRows) -> impl Iterator<Item = Message> {
    let (bytes, starts, _) = rows.into_parts();
    let places: Vec<usize> = starts
        .iter()
        .map(|start| *start as usize - 5)
        .chain([bytes.len()])
        .collect();
    let mut decoder = Decoder::default();
    (1..places.len()).map(move |index| {
        decoder.feed(&bytes[places[index - 1]..places[index]]);
        decoder.next_message().unwrap().unwrap()
    })
}

/// The only message in some bytes.
pub fn one(bytes: &[u8]) -> Message {
    let (mut messages, error) = read(bytes);
    assert_eq!((messages.len(), error), (1, None));
    messages.remove(0)
}

/// The error that some bytes begin with.
pub fn error(bytes: &[u8]) -> DecodeError {
    let (messages, error) = read(bytes);
    assert_eq!(messages, []);
    error.expect("no message")
}
