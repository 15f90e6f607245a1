//! The copy of a whole database.

use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::ffi;

use crate::error::{Error, Result};
use crate::limits::Cancel;

/// How many pages are copied before others get their turn.
const PAGES: i32 = 256;

/// Copy a database into a file, as it is at one moment, while others read and write it.
pub(crate) fn copy(from: &rusqlite::Connection, path: &str, cancel: &Cancel) -> Result<()> {
    let mut target = rusqlite::Connection::open(path)?;
    let backup = Backup::new(from, &mut target)?;
    loop {
        if cancel.is_cancelled() {
            return Err(Error::new(ffi::SQLITE_INTERRUPT, "interrupted"));
        }
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
