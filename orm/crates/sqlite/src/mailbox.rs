//! Where threads leave answers for an event loop: a queue, and a socket that becomes readable when it fills.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

/// A queue of answers, which wakes its reader.
#[derive(Debug)]
pub struct Mailbox<T> {
    answers: Mutex<Vec<T>>,
    bell: UnixStream,
    ear: UnixStream,
}

impl<T> Mailbox<T> {
    /// An empty one.
    pub fn new() -> std::io::Result<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self {
            answers: Mutex::new(Vec::new()),
            bell,
            ear,
        })
    }

    /// The descriptor that is readable while answers wait.
    pub fn descriptor(&self) -> RawFd {
        self.ear.as_raw_fd()
    }

    /// Leave an answer; from any thread.
    pub fn put(&self, answer: T) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push(answer);
        if answers.len() == 1 {
            // A full buffer is readable already; a closed one has no reader.
            let _ = (&self.bell).write(&[1]);
        }
    }

    /// Take all answers that wait.
    pub fn take(&self) -> Vec<T> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; 64];
        loop {
            match (&self.ear).read(&mut bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(64) => {}
                _ => break,
            }
        }
        std::mem::take(&mut answers)
    }
}
