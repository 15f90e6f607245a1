//! One connection: its settings, its statement cache, and the runs of statements on it.

use std::collections::HashMap;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{OpenFlags, ffi};

use crate::backup;
use crate::cells::{Answer, Cells, Value};
use crate::error::{Error, Result};
use crate::functions;
use crate::limits::{Budget, Cancel, Handlers};
use crate::statement::{Statement, counts_at_once};

/// An answer of more bytes, or one value of so many, is no short read.
const SHORT: usize = 1 << 20;
/// The most bytes that SQLite allows a value.
const MOST: c_int = 1_000_000_000;
/// How often a statement goes to the thread at once after it was found to be long.
const REMEMBERED: u8 = 16;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It writes, and makes the file where there is none.
    Write,
    /// It reads, and refuses to write.
    Read,
}

/// How a connection is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A file's path, a `file:` URI, or `:memory:`.
    pub path: String,
    /// What it is for.
    pub mode: Mode,
    /// How long a statement waits for a lock of another connection.
    pub busy: Duration,
    /// How many prepared statements are kept.
    pub statements: usize,
    /// Run once it is open: pragmas.
    pub script: String,
}

/// What became of a read that may not block.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done(Result<Answer>),
    /// It takes longer, or another connection holds a lock: nothing was kept; here are its parameters.
    Longer(Vec<Value>),
    /// A lock of another connection keeps it from being looked at.
    Unseen(Vec<Value>),
    /// It is no query.
    Writes(Vec<Value>),
}

/// An open connection. One thread uses it at a time.
#[derive(Debug)]
pub struct Connection {
    // Declared, and so dropped, in the order in which SQLite wants to lose them.
    cached: HashMap<Box<str>, Cached>,
    cursors: HashMap<u64, Statement>,
    raw: rusqlite::Connection,
    handlers: Handlers,
    capacity: usize,
    clock: u64,
    /// What a run may take that is no long one.
    short: Duration,
}

#[derive(Debug)]
struct Cached {
    statement: Statement,
    used: u64,
    long: u8,
}

impl Cached {
    /// Remember that a run took long.
    fn took(&mut self, time: Duration, short: Duration) {
        if time > short {
            self.long = REMEMBERED;
        }
    }
}

impl Connection {
    /// Open a connection, and set it up.
    pub fn open(settings: &Settings) -> Result<Self> {
        let access = match settings.mode {
            Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Mode::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let flags = access
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let raw = rusqlite::Connection::open_with_flags(&settings.path, flags)?;
        // SAFETY: the connection is open, and dropped before the handlers.
        let handlers = unsafe { Handlers::install(raw.handle(), settings.busy) };
        // A misspelt column in double quotes is an error, not a text.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        functions::install(&raw)?;
        let capacity = settings.statements.max(1);
        let mut connection = Self {
            cached: HashMap::new(),
            cursors: HashMap::new(),
            raw,
            handlers,
            capacity,
            clock: 0,
            short: Duration::MAX,
        };
        connection.threaded(&Cancel::default());
        connection.each_statement(&settings.script)?;
        if settings.mode == Mode::Read {
            connection.each_statement("PRAGMA query_only = ON")?;
        }
        Ok(connection)
    }

    fn db(&self) -> *mut ffi::sqlite3 {
        // SAFETY: the handle is used while `self` lives, and never closed.
        unsafe { self.raw.handle() }
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        !self.raw.is_autocommit()
    }

    /// Run a query here and now, if it is one, and short.
    ///
    /// No handler can look into a single step of SQLite's machine. So one that counts a table at once goes to the
    /// thread until it was seen to be short, one that took long goes there too, and values have a limit.
    pub fn run_inline(&mut self, sql: &str, values: Vec<Value>, budget: Budget) -> Outcome {
        let begun = Instant::now();
        self.handlers.inline(budget);
        self.limit_values(SHORT as c_int);
        self.short = budget.time;
        let db = self.db();
        let cached = match self.cached(sql) {
            Ok(cached) => cached,
            Err(error) if error.stops_short() => return Outcome::Unseen(values),
            Err(error) => return Outcome::Done(Err(error)),
        };
        if !cached.statement.reads {
            return Outcome::Writes(values);
        }
        if values.iter().any(|value| value.size() > SHORT) {
            return Outcome::Longer(values);
        }
        if cached.long > 0 {
            cached.long -= 1;
            return Outcome::Longer(values);
        }
        if let Err(error) = cached.statement.bind(values) {
            cached.statement.reset();
            return Outcome::Done(Err(error));
        }
        // SAFETY: `db` prepared the statement.
        let done = unsafe { collect(db, &mut cached.statement, SHORT) };
        let done = match done {
            Ok(answer) if !answer.more => Ok(answer),
            Err(error) if !error.stops_short() => Err(error),
            _ => {
                cached.long = REMEMBERED;
                return Outcome::Longer(cached.statement.take_bound());
            }
        };
        cached.statement.reset();
        cached.took(begun.elapsed(), budget.time);
        Outcome::Done(done)
    }

    /// What runs next runs on a thread, until `cancel` says that nobody waits.
    pub fn threaded(&mut self, cancel: &Cancel) {
        self.handlers.threaded(cancel);
        self.limit_values(MOST);
    }

    fn limit_values(&self, bytes: c_int) {
        // SAFETY: the connection is open.
        unsafe { ffi::sqlite3_limit(self.db(), ffi::SQLITE_LIMIT_LENGTH, bytes) };
    }

    /// Run one statement to its end.
    pub fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<Answer> {
        let (db, short, begun) = (self.db(), self.short, Instant::now());
        let before = self.total_changes();
        let cached = self.cached(sql)?;
        let statement = &mut cached.statement;
        let reads = statement.reads;
        // SAFETY: `db` prepared the statement.
        let done = statement
            .bind(values)
            .and_then(|()| unsafe { collect(db, statement, usize::MAX) });
        statement.reset();
        cached.took(begun.elapsed(), short);
        let mut answer = done?;
        if !reads {
            answer.affected = self.changes_since(before);
        }
        Ok(answer)
    }

    fn total_changes(&self) -> i64 {
        // SAFETY: the connection is open.
        unsafe { ffi::sqlite3_total_changes64(self.db()) }
    }

    /// What the last statement wrote; SQLite repeats the number of the one before for those that write no rows.
    fn changes_since(&self, before: i64) -> i64 {
        // SAFETY: the connection is open.
        if self.total_changes() == before {
            0
        } else {
            unsafe { ffi::sqlite3_changes64(self.db()) }
        }
    }

    fn cached(&mut self, sql: &str) -> Result<&mut Cached> {
        self.clock += 1;
        if !self.cached.contains_key(sql) {
            // SAFETY: the statements are dropped before the connection.
            let found = unsafe { Statement::prepare(self.db(), sql)? };
            let (statement, rest) =
                found.ok_or_else(|| Error::new(ffi::SQLITE_ERROR, "there is no statement"))?;
            self.only_statement(rest)?;
            // SAFETY: the connection is open.
            let counts = statement.reads && unsafe { counts_at_once(self.db(), sql) };
            self.make_room();
            self.cached.insert(
                sql.into(),
                Cached {
                    statement,
                    used: 0,
                    long: u8::from(counts),
                },
            );
        }
        match self.cached.get_mut(sql) {
            Some(cached) => {
                cached.used = self.clock;
                Ok(cached)
            }
            None => Err(Error::new(
                ffi::SQLITE_INTERNAL,
                "the statement cache lost a statement",
            )),
        }
    }

    fn only_statement(&self, rest: &str) -> Result<()> {
        // SAFETY: the statement is dropped here.
        match unsafe { Statement::prepare(self.db(), rest) } {
            Ok(None) => Ok(()),
            _ => Err(Error::new(
                ffi::SQLITE_ERROR,
                "there are several statements; a script takes these",
            )),
        }
    }

    fn make_room(&mut self) {
        while self.cached.len() >= self.capacity {
            let oldest = self
                .cached
                .iter()
                .min_by_key(|(_, cached)| cached.used)
                .map(|(sql, _)| sql.clone());
            match oldest {
                Some(sql) => self.cached.remove(&sql),
                None => return,
            };
        }
    }

    /// Run one statement with each of `rows`, all or nothing; returns how many rows they wrote.
    pub fn run_many(&mut self, sql: &str, rows: Vec<Vec<Value>>) -> Result<i64> {
        self.whole(|connection| {
            let mut written = 0;
            for values in rows {
                written += connection.run(sql, values)?.affected;
            }
            Ok(written)
        })
    }

    /// Run several statements, all or nothing.
    pub fn script(&mut self, sql: &str) -> Result<()> {
        self.whole(|connection| connection.each_statement(sql))
    }

    fn each_statement(&mut self, sql: &str) -> Result<()> {
        let mut rest = sql;
        let db = self.db();
        // SAFETY: each statement is dropped before the next is made.
        while let Some((mut statement, after)) = unsafe { Statement::prepare(db, rest)? } {
            // SAFETY: `db` prepared it.
            while unsafe { statement.step(db)? } {}
            rest = after;
        }
        Ok(())
    }

    /// Do it in a transaction of its own, or in a savepoint of the one that is open.
    fn whole<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let (begin, end, undo) = if self.in_transaction() {
            (
                "SAVEPOINT \"queryengine whole\"",
                "RELEASE \"queryengine whole\"",
                "ROLLBACK TO \"queryengine whole\"; RELEASE \"queryengine whole\"",
            )
        } else {
            ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        };
        self.each_statement(begin)?;
        let done = work(self).and_then(|value| self.each_statement(end).map(|()| value));
        if done.is_err() && self.in_transaction() {
            self.threaded(&Cancel::default()); // undoing is never cancelled
            let _ = self.each_statement(undo);
        }
        done
    }

    /// Run one statement that controls a transaction.
    pub fn control(&mut self, sql: &str) -> Result<()> {
        self.each_statement(sql)
    }

    /// Make a cursor, whose rows are asked for in batches.
    pub fn open_cursor(&mut self, id: u64, sql: &str, values: Vec<Value>) -> Result<()> {
        // SAFETY: the cursors are dropped before the connection.
        let found = unsafe { Statement::prepare(self.db(), sql)? };
        let (mut statement, rest) =
            found.ok_or_else(|| Error::new(ffi::SQLITE_ERROR, "there is no statement"))?;
        self.only_statement(rest)?;
        statement.bind(values)?;
        self.cursors.insert(id, statement);
        Ok(())
    }

    /// Give the next rows of a cursor, `batch` at most; it is gone after the last.
    pub fn fetch(&mut self, id: u64, batch: usize) -> Result<Answer> {
        let db = self.db();
        let statement = self.cursors.get_mut(&id);
        let statement =
            statement.ok_or_else(|| Error::new(ffi::SQLITE_MISUSE, "the cursor is closed"))?;
        let names = statement.names();
        let mut cells = Cells::new(names.len());
        let mut more = true;
        while more && cells.len() < batch {
            // SAFETY: `db` prepared the statement.
            match unsafe { statement.step(db) } {
                Ok(true) => statement.read(names.len(), &mut cells),
                Ok(false) => more = false,
                Err(error) => {
                    self.cursors.remove(&id);
                    return Err(error);
                }
            }
        }
        if !more {
            self.cursors.remove(&id);
        }
        Ok(Answer {
            names,
            affected: cells.len() as i64,
            cells,
            more,
        })
    }

    /// Close a cursor, if it is open.
    pub fn close_cursor(&mut self, id: u64) {
        self.cursors.remove(&id);
    }

    /// Copy the whole database into a file, as it is at one moment, while others read and write it.
    pub fn back_up(&mut self, path: &str, cancel: &Cancel) -> Result<()> {
        backup::copy(&self.raw, path, cancel)
    }
}

/// Run a statement to its end, or until its rows take more than `most` bytes.
///
/// # Safety
/// `db` is the connection that prepared the statement.
unsafe fn collect(db: *mut ffi::sqlite3, statement: &mut Statement, most: usize) -> Result<Answer> {
    // SAFETY: as the caller says.
    let mut more = unsafe { statement.step(db)? };
    let names = statement.names(); // after the first step, which may prepare it anew
    let mut cells = Cells::new(names.len());
    while more && cells.size() <= most {
        statement.read(names.len(), &mut cells);
        // SAFETY: as the caller says.
        more = unsafe { statement.step(db)? };
    }
    Ok(Answer {
        names,
        affected: cells.len() as i64,
        cells,
        more,
    })
}
