//! A prepared statement, as an owner of SQLite's handle.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use crate::cells::{Cell, Cells, Value};
use crate::error::{Error, Result};

/// A bound parameter of more bytes is not kept between two runs.
const KEPT: usize = 1 << 10;

/// A prepared statement. Whoever holds one drops it before its connection, and uses both on one thread at a time.
#[derive(Debug)]
pub(crate) struct Statement {
    handle: *mut ffi::sqlite3_stmt,
    names: Arc<[String]>,
    prepared: c_int,
    /// Whether it only reads, and gives rows: what an event loop may run.
    pub(crate) reads: bool,
    /// The parameters that are bound: SQLite reads them where they stand, and between runs keeps the short ones.
    bound: Vec<Value>,
}

// SAFETY: SQLite's handles may move between threads; the connection's owner sees to it that one uses them at a time.
unsafe impl Send for Statement {}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and its connection is open still.
        unsafe { ffi::sqlite3_finalize(self.handle) };
    }
}

impl Statement {
    /// Prepare the first statement of `sql`; None where there is none. The rest of the text comes with it.
    ///
    /// # Safety
    /// `db` is open, and stays so until the statement is dropped.
    pub(crate) unsafe fn prepare(db: *mut ffi::sqlite3, sql: &str) -> Result<Option<(Self, &str)>> {
        // SQLite would stop reading there, and run what stands before it.
        if sql.contains('\0') {
            return Err(Error::new(ffi::SQLITE_ERROR, "the statement holds NUL"));
        }
        let length = c_int::try_from(sql.len())
            .map_err(|_| Error::new(ffi::SQLITE_TOOBIG, "the statement is too long"))?;
        let mut handle = ptr::null_mut();
        let mut tail: *const c_char = ptr::null();
        let flags = ffi::SQLITE_PREPARE_PERSISTENT;
        // SAFETY: the text is given with its length; SQLite copies it.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(
                db,
                sql.as_ptr().cast(),
                length,
                flags,
                &mut handle,
                &mut tail,
            )
        };
        if code != ffi::SQLITE_OK {
            // SAFETY: the caller says that the connection is open.
            return Err(unsafe { Error::last(db) });
        }
        if handle.is_null() {
            return Ok(None);
        }
        // SAFETY: SQLite points into the text, or to its end.
        let read = unsafe { tail.offset_from(sql.as_ptr().cast()) } as usize;
        // SAFETY: the handle was just made.
        let only_reads = unsafe {
            ffi::sqlite3_stmt_readonly(handle) != 0 && ffi::sqlite3_column_count(handle) > 0
        };
        let reads = only_reads && is_query(sql);
        let mut statement = Self {
            handle,
            names: Arc::new([]),
            prepared: 0,
            reads,
            bound: Vec::new(),
        };
        statement.read_names();
        Ok(Some((statement, sql.get(read..).unwrap_or(""))))
    }

    /// How many parameters it takes.
    pub(crate) fn parameters(&self) -> usize {
        // SAFETY: the handle is ours.
        unsafe { ffi::sqlite3_bind_parameter_count(self.handle) as usize }
    }

    /// The names of its columns, and how many there are.
    pub(crate) fn names(&mut self) -> Arc<[String]> {
        // SAFETY: the handle is ours.
        let prepared =
            unsafe { ffi::sqlite3_stmt_status(self.handle, ffi::SQLITE_STMTSTATUS_REPREPARE, 0) };
        if prepared != self.prepared {
            self.prepared = prepared;
            self.read_names();
        }
        Arc::clone(&self.names)
    }

    fn read_names(&mut self) {
        let name = |column| {
            // SAFETY: the column is there; the name is copied at once. It is null only without memory.
            unsafe {
                let name = ffi::sqlite3_column_name(self.handle, column);
                if name.is_null() {
                    String::new()
                } else {
                    CStr::from_ptr(name).to_string_lossy().into_owned()
                }
            }
        };
        // SAFETY: the handle is ours.
        let width = unsafe { ffi::sqlite3_column_count(self.handle) };
        self.names = (0..width).map(name).collect();
    }

    /// Bind all parameters. One that has the value of the last run stays as it is.
    ///
    /// SQLite plans with the values of some parameters, such as a limit or a pattern, and prepares the statement
    /// anew whenever one of these is bound: that costs several times what a short read does.
    pub(crate) fn bind(&mut self, values: Vec<Value>) -> Result<()> {
        let wanted = self.parameters();
        if values.len() != wanted {
            let words = format!(
                "the statement has {wanted} parameters, {} were given",
                values.len()
            );
            return Err(Error::new(ffi::SQLITE_RANGE, words));
        }
        for (index, value) in values.into_iter().enumerate() {
            if self
                .bound
                .get(index)
                .is_some_and(|old| is_same(old, &value))
            {
                continue;
            }
            // SAFETY: `bound` keeps the value, whose bytes stay where they are, until SQLite looks no more.
            let code = unsafe { bind(self.handle, index as c_int + 1, &value) };
            match self.bound.get_mut(index) {
                Some(old) => *old = value,
                None => self.bound.push(value),
            }
            if code != ffi::SQLITE_OK {
                self.take_bound();
                return Err(Error::new(code, "a parameter is too long"));
            }
        }
        Ok(())
    }

    /// Go on to the next row; false at the end.
    ///
    /// # Safety
    /// `db` is the connection that prepared it.
    pub(crate) unsafe fn step(&mut self, db: *mut ffi::sqlite3) -> Result<bool> {
        // SAFETY: the handle is ours, the connection open.
        match unsafe { ffi::sqlite3_step(self.handle) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            _ => Err(unsafe { Error::last(db) }),
        }
    }

    /// Add the current row.
    pub(crate) fn read(&self, width: usize, cells: &mut Cells) {
        for column in 0..width as c_int {
            // SAFETY: there is a row, and the column is in it; text and blobs are copied before the next call.
            cells.push(unsafe { cell(self.handle, column) });
        }
    }

    /// Make it ready for the next run, and take the parameters back for a run elsewhere.
    pub(crate) fn take_bound(&mut self) -> Vec<Value> {
        // SAFETY: the handle is ours. SQLite must not look at the parameters any more.
        unsafe {
            ffi::sqlite3_reset(self.handle);
            ffi::sqlite3_clear_bindings(self.handle);
        }
        std::mem::take(&mut self.bound)
    }

    /// Make it ready for the next run.
    pub(crate) fn reset(&mut self) {
        // SAFETY: the handle is ours. The code repeats the error of the last step.
        unsafe { ffi::sqlite3_reset(self.handle) };
        if self.bound.iter().any(is_long) {
            self.take_bound();
        }
    }
}

/// Whether a query counts all rows of a table in one step of SQLite's machine.
///
/// # Safety
/// `db` is open.
pub(crate) unsafe fn counts_at_once(db: *mut ffi::sqlite3, sql: &str) -> bool {
    let word = b"count";
    if !sql
        .as_bytes()
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word))
    {
        return false;
    }
    // SAFETY: the statement is dropped here; the second column of each row is the name of a step.
    unsafe {
        let Ok(Some((mut steps, _))) = Statement::prepare(db, &format!("EXPLAIN {sql}")) else {
            return false;
        };
        while matches!(steps.step(db), Ok(true)) {
            if matches!(cell(steps.handle, 1), Cell::Text(b"Count")) {
                return true;
            }
        }
        false
    }
}

/// Whether a cached statement should not keep it.
fn is_long(value: &Value) -> bool {
    value.size() > KEPT
}

/// Whether SQLite cannot tell one from the other: -0.0 is not 0.0.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Real(one), Value::Real(other)) => one.to_bits() == other.to_bits(),
        _ => one == other,
    }
}

unsafe fn bind(handle: *mut ffi::sqlite3_stmt, index: c_int, value: &Value) -> c_int {
    let keep = ffi::SQLITE_STATIC();
    // SAFETY: the caller says that the handle is good, and that the value stays where it is.
    unsafe {
        match value {
            Value::Null => ffi::sqlite3_bind_null(handle, index),
            Value::Integer(value) => ffi::sqlite3_bind_int64(handle, index, *value),
            Value::Real(value) => ffi::sqlite3_bind_double(handle, index, *value),
            Value::Text(value) => {
                let (text, length) = (value.as_ptr().cast(), value.len() as u64);
                ffi::sqlite3_bind_text64(handle, index, text, length, keep, ffi::SQLITE_UTF8 as u8)
            }
            Value::Blob(value) if value.is_empty() => ffi::sqlite3_bind_zeroblob(handle, index, 0),
            Value::Blob(value) => ffi::sqlite3_bind_blob64(
                handle,
                index,
                value.as_ptr().cast(),
                value.len() as u64,
                keep,
            ),
        }
    }
}

unsafe fn cell<'a>(handle: *mut ffi::sqlite3_stmt, column: c_int) -> Cell<'a> {
    // SAFETY: the caller says that there is such a column; the length is asked for after the value.
    unsafe {
        match ffi::sqlite3_column_type(handle, column) {
            ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_column_int64(handle, column)),
            ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_column_double(handle, column)),
            ffi::SQLITE_TEXT => Cell::Text(slice(
                ffi::sqlite3_column_text(handle, column),
                handle,
                column,
            )),
            ffi::SQLITE_BLOB => Cell::Blob(slice(
                ffi::sqlite3_column_blob(handle, column).cast(),
                handle,
                column,
            )),
            _ => Cell::Null,
        }
    }
}

unsafe fn slice<'a>(start: *const u8, handle: *mut ffi::sqlite3_stmt, column: c_int) -> &'a [u8] {
    if start.is_null() {
        return &[]; // an empty blob
    }
    // SAFETY: SQLite's value has that many bytes.
    unsafe { std::slice::from_raw_parts(start, ffi::sqlite3_column_bytes(handle, column) as usize) }
}

/// Whether the text is a query: SQLite takes BEGIN and most pragmas for reads too.
fn is_query(sql: &str) -> bool {
    begins_with(sql, &["select", "with", "values", "explain"])
}

/// Whether the text alone says that it only reads; behind WITH there may be an INSERT.
pub fn surely_reads(sql: &str) -> bool {
    begins_with(sql, &["select", "values", "explain"])
}

fn begins_with(sql: &str, words: &[&str]) -> bool {
    let letters = sql.trim_start().chars();
    let word: String = letters.take_while(char::is_ascii_alphabetic).collect();
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(db: &rusqlite::Connection, statement: &mut Statement, values: &[Value]) -> usize {
        statement.bind(values.to_vec()).unwrap();
        let mut rows = 0;
        // SAFETY: `db` prepared it, and is open.
        while unsafe { statement.step(db.handle()).unwrap() } {
            rows += 1;
        }
        statement.reset();
        rows
    }

    fn prepared_anew(statement: &Statement) -> c_int {
        // SAFETY: the handle is the statement's.
        unsafe { ffi::sqlite3_stmt_status(statement.handle, ffi::SQLITE_STMTSTATUS_REPREPARE, 0) }
    }

    #[test]
    fn the_same_limit_again_does_not_prepare_the_statement_anew() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        let sql =
            "WITH t (x) AS (VALUES (1), (2), (3)) SELECT x FROM t WHERE x > ?1 ORDER BY x LIMIT ?2";
        // SAFETY: the connection is open, and closed after the statement.
        let (mut statement, _) = unsafe { Statement::prepare(db.handle(), sql) }
            .unwrap()
            .unwrap();
        let limit = |key, limit| [Value::Integer(key), Value::Integer(limit)];
        assert_eq!(run(&db, &mut statement, &limit(0, 2)), 2);
        let before = prepared_anew(&statement);
        assert_eq!(run(&db, &mut statement, &limit(1, 2)), 2);
        assert_eq!(run(&db, &mut statement, &limit(2, 2)), 1);
        assert_eq!(prepared_anew(&statement), before);
        assert_eq!(run(&db, &mut statement, &limit(0, 1)), 1);
        assert_eq!(run(&db, &mut statement, &limit(0, 3)), 3);
    }

    #[test]
    fn each_run_has_its_own_values_and_long_ones_are_not_kept() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        // SAFETY: as above.
        let (mut statement, _) = unsafe { Statement::prepare(db.handle(), "SELECT ?1, ?2") }
            .unwrap()
            .unwrap();
        let text = |length| Value::Text("x".repeat(length));
        for values in [
            [Value::Real(0.0), text(3)],
            [Value::Real(-0.0), text(3)],
            [Value::Integer(0), text(KEPT + 1)],
            [Value::Integer(0), Value::Null],
            [Value::Null, Value::Blob(Vec::new())],
            [Value::Null, text(0)],
        ] {
            statement.bind(values.to_vec()).unwrap();
            // SAFETY: as above.
            assert!(unsafe { statement.step(db.handle()).unwrap() });
            for (column, value) in values.iter().enumerate() {
                // SAFETY: there is a row with both columns.
                let read = unsafe { cell(statement.handle, column as c_int) };
                match (read, value) {
                    (Cell::Null, Value::Null) => {}
                    (Cell::Integer(read), Value::Integer(value)) => assert_eq!(read, *value),
                    (Cell::Real(read), Value::Real(value)) => {
                        assert_eq!(read.to_bits(), value.to_bits());
                    }
                    (Cell::Text(read), Value::Text(value)) => assert_eq!(read, value.as_bytes()),
                    (Cell::Blob(read), Value::Blob(value)) => assert_eq!(read, value),
                    (read, value) => panic!("{value:?} was read as {read:?}"),
                }
            }
            statement.reset();
            assert!(!statement.bound.iter().any(is_long));
        }
    }
}
