//! Stands for a server by a record of what it said.

mod escaped;

use std::fs;

use crate::exchanges::folder;
use crate::exchanges::wire::{From, MARKS, Wire};

use escaped::unescaped;

fn read_record(text: &str) -> Vec<(From, Vec<u8>)> {
    let line = |line: &str| {
        let (from, mark) = MARKS
            .into_iter()
            .find(|(_, mark)| line.starts_with(mark))
            .unwrap();
        (from, unescaped(&line.as_bytes()[mark.len()..]))
    };
    text.lines().map(line).collect()
}

/// Plays the server's part of a record in pieces, and holds the client to its own.
pub struct Replay {
    lines: std::vec::IntoIter<(From, Vec<u8>)>,
    piece: usize,
    pending: Vec<u8>,
}

impl Replay {
    /// A record that is heard in pieces of this many bytes.
    pub fn new(name: &str, piece: usize) -> Self {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        Self {
            lines: read_record(&text).into_iter(),
            piece,
            pending: Vec::new(),
        }
    }

    fn next(&mut self, from: From) -> Vec<u8> {
        let (found, bytes) = self.lines.next().expect("the record goes on");
        assert_eq!(found, from);
        bytes
    }

    /// Makes sure that all of the record was played.
    pub fn finish(self) {
        assert!(self.pending.is_empty());
        assert_eq!(self.lines.as_slice(), []);
    }
}

impl Wire for Replay {
    fn send(&mut self, bytes: &[u8]) {
        let expected = self.next(From::Client);
        assert_eq!(
            bytes.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    fn receive(&mut self) -> Vec<u8> {
        if self.pending.is_empty() {
            self.pending = self.next(From::Server);
        }
        let rest = self.pending.split_off(self.piece.min(self.pending.len()));
        std::mem::replace(&mut self.pending, rest)
    }

    fn send_aside(&mut self, bytes: &[u8]) {
        assert_eq!(bytes, self.next(From::Aside));
    }

    fn end_point(&mut self) -> Vec<u8> {
        self.next(From::Fact)
    }
}
