//! SQLite's errors by their extended codes, each with the SQLSTATE that PostgreSQL has for the same condition.

use std::ffi::CStr;
use std::fmt;

use rusqlite::ffi;

/// What can fail here fails with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What SQLite's own functions say of a result that has more than 64 bits, and ours of one that has too many.
pub(crate) const OVERFLOW: &str = "integer overflow";

/// An error of SQLite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// SQLite's extended code, `SQLITE_CONSTRAINT_UNIQUE` for instance.
    pub code: i32,
    /// What SQLite says; it names tables, columns, and words of the statement, never parameters.
    pub message: String,
    /// Where in the statement, in bytes from 0.
    pub offset: Option<usize>,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (SQLite {})", self.message, self.code)
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, message) => Self {
                code: failure.extended_code,
                message: message.unwrap_or_else(|| failure.to_string()),
                offset: None,
            },
            other => Self::new(ffi::SQLITE_ERROR, other.to_string()),
        }
    }
}

impl Error {
    /// An error of our own, with a code of SQLite's.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            offset: None,
        }
    }

    /// What went wrong last on a connection.
    ///
    /// # Safety
    /// `db` is an open connection that no other thread uses.
    pub(crate) unsafe fn last(db: *mut ffi::sqlite3) -> Self {
        // SAFETY: the caller says that the connection is open; the message is copied before the next call.
        unsafe {
            let message = CStr::from_ptr(ffi::sqlite3_errmsg(db))
                .to_string_lossy()
                .into_owned();
            let offset = usize::try_from(ffi::sqlite3_error_offset(db)).ok();
            Self {
                code: ffi::sqlite3_extended_errcode(db),
                message,
                offset,
            }
        }
    }

    /// Whether the statement was stopped: by its budget, or because it was cancelled.
    pub fn interrupted(&self) -> bool {
        self.code & 0xff == ffi::SQLITE_INTERRUPT
    }

    /// Whether another connection holds a lock.
    pub fn busy(&self) -> bool {
        matches!(self.code & 0xff, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED)
    }

    /// Whether a read that may not block has to be run where it may: out of its budget, or of its place.
    pub fn stops_short(&self) -> bool {
        self.interrupted() || self.busy() || self.code & 0xff == ffi::SQLITE_TOOBIG
    }

    /// The SQLSTATE that PostgreSQL has for this condition.
    pub fn sqlstate(&self) -> &'static str {
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => "23505",
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "23503",
            ffi::SQLITE_CONSTRAINT_CHECK => "23514",
            ffi::SQLITE_CONSTRAINT_NOTNULL => "23502",
            ffi::SQLITE_BUSY_SNAPSHOT => "40001",
            code => self.sqlstate_of_group(code & 0xff),
        }
    }

    fn sqlstate_of_group(&self, group: i32) -> &'static str {
        match group {
            ffi::SQLITE_CONSTRAINT => "23000",
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => "55P03",
            ffi::SQLITE_READONLY => "25006",
            ffi::SQLITE_PERM | ffi::SQLITE_AUTH => "42501",
            ffi::SQLITE_FULL => "53100",
            ffi::SQLITE_NOMEM => "53200",
            ffi::SQLITE_IOERR => "58030",
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => "XX001",
            ffi::SQLITE_CANTOPEN => "08001",
            ffi::SQLITE_INTERRUPT => "57014",
            ffi::SQLITE_TOOBIG => "22001",
            ffi::SQLITE_MISMATCH => "22000",
            ffi::SQLITE_MISUSE => "25P02",
            ffi::SQLITE_ERROR => self.sqlstate_of_words(),
            _ => "58000",
        }
    }

    /// SQLite has one code for all that is wrong with a statement; its words tell more.
    fn sqlstate_of_words(&self) -> &'static str {
        let message = self.message.as_str();
        if message.starts_with("no such table") || message.starts_with("no such view") {
            "42P01"
        } else if message.starts_with("no such column") || message.contains(" has no column named ")
        {
            "42703"
        } else if message.starts_with("no such function") {
            "42883"
        } else if message.contains("already exists") {
            "42P07"
        } else if message == OVERFLOW {
            "22003"
        } else if message.starts_with("malformed JSON") {
            "22P02"
        } else {
            "42601"
        }
    }

    /// The table, the column and the constraint that SQLite's words name.
    pub fn place(&self) -> Place<'_> {
        let message = self.message.as_str();
        let Some((kind, rest)) = message.split_once(" constraint failed: ") else {
            let table = message.strip_prefix("no such table: ");
            return Place {
                table,
                ..Place::default()
            };
        };
        if kind == "CHECK" {
            return Place {
                constraint: Some(rest),
                ..Place::default()
            };
        }
        if let Some(name) = rest
            .strip_prefix("index '")
            .and_then(|rest| rest.strip_suffix('\''))
        {
            return Place {
                constraint: Some(name),
                ..Place::default()
            };
        }
        let first = rest.split(", ").next().unwrap_or(rest);
        match first.rsplit_once('.') {
            Some((table, column)) => Place {
                table: Some(table),
                column: Some(column),
                constraint: None,
            },
            None => Place::default(),
        }
    }
}

/// Where a constraint failed, as far as SQLite says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: Option<&'a str>,
    /// The column, or the first of several.
    pub column: Option<&'a str>,
    /// The name of the constraint, or a check's text where it has no name.
    pub constraint: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(message: &str) -> (Option<String>, Option<String>, Option<String>) {
        let error = Error::new(ffi::SQLITE_CONSTRAINT, message);
        let place = error.place();
        (
            place.table.map(Into::into),
            place.column.map(Into::into),
            place.constraint.map(Into::into),
        )
    }

    #[test]
    fn the_words_of_a_failed_constraint_name_its_place() {
        let users = (Some("users".into()), Some("email".into()), None);
        assert_eq!(
            place("UNIQUE constraint failed: users.email, users.tenant"),
            users
        );
        assert_eq!(place("NOT NULL constraint failed: users.email"), users);
        assert_eq!(
            place("CHECK constraint failed: positive"),
            (None, None, Some("positive".into()))
        );
        assert_eq!(
            place("UNIQUE constraint failed: index 'folded'"),
            (None, None, Some("folded".into()))
        );
        assert_eq!(place("FOREIGN KEY constraint failed"), (None, None, None));
    }
}
