//! What was asked of a connection: each call from the time it is made until its `ReadyForQuery`.

use std::sync::Arc;
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use queryengine_protocol::Oid;

use super::gathered::Gathered;
use super::statements::Statement;

/// One call. It ends with a `ReadyForQuery`, whatever came before.
pub struct Call {
    /// Who waits for it; none if nobody does, or no longer.
    pub future: Option<Py<PyAny>>,
    /// What it is.
    pub work: Work,
    /// The answers that have to come before the end.
    pub expects: Expects,
    /// What it came to; known before the end.
    pub outcome: Option<PyResult<Py<PyAny>>>,
    /// When it was made.
    pub since: Instant,
    /// Whether it belongs to a transaction, which it must not end.
    pub is_inside: bool,
}

/// How many answers of a kind are still to come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expects {
    /// `ParseComplete`
    pub parsed: u32,
    /// `BindComplete`
    pub bound: u32,
    /// `CloseComplete`
    pub closed: u32,
    /// `CommandComplete` or its kin
    pub completed: u32,
    /// `RowDescription` or `NoData`
    pub described: u32,
    /// Whether a `BEGIN` or the like went before it.
    pub is_preluded: bool,
    /// Whether a COPY to the client is under way.
    pub is_copying: bool,
    /// Whether the call failed for a plan that no longer fits, and shall be run again.
    pub again: bool,
}

impl Expects {
    /// Whether any answer is still to come.
    pub fn is_any(&self) -> bool {
        self.parsed + self.bound + self.closed + self.completed + self.described > 0
    }
}

/// The kinds of calls.
pub enum Work {
    /// Parse and describe the statement that the first waiting call needs.
    Prepare {
        /// Its text.
        sql: Py<PyString>,
        /// The name it will have.
        name: String,
        /// The types of its parameters, once the server said them.
        oids: Option<Box<[Oid]>>,
    },
    /// Run one statement.
    Query(Box<Query>),
    /// Run one statement with many rows of parameters, all or nothing.
    Many {
        /// Its text.
        sql: Py<PyString>,
        /// The rows of parameters.
        rows: Vec<Py<PyTuple>>,
        /// How many rows it wrote so far.
        affected: u64,
        /// Whether it was prepared again already.
        again: bool,
    },
    /// Run one or more statements without parameters.
    Script {
        /// The text; taken when it is sent.
        sql: String,
        /// Whether it makes the session clean for others; if it fails, the connection has to go.
        is_reset: bool,
    },
    /// COPY from the client.
    CopyIn {
        /// The text; taken when it is sent.
        sql: String,
        /// Whether the server takes data.
        started: bool,
        /// Whether all of it was sent.
        ended: bool,
    },
    /// COPY to the client; each piece goes to `sink`.
    CopyOut {
        /// The text; taken when it is sent.
        sql: String,
        /// Called with each piece, as `bytes`.
        sink: Py<PyAny>,
    },
    /// The next rows of a portal, or its end.
    Portal {
        /// Its name.
        name: String,
        /// How many rows at most; none closes it.
        limit: Option<u32>,
        /// The rows, if there are any to come.
        gathered: Option<Gathered>,
    },
    /// Say what columns a statement has: the server is not asked for more than its preparation.
    Describe {
        /// Its text.
        sql: Py<PyString>,
    },
    /// A statement, `BEGIN` or `SAVEPOINT`, that travels with the call behind it: if it fails, that is not run.
    Prelude {
        /// Its text.
        sql: String,
    },
    /// Nothing but a `Sync`: everything before it is done when it returns.
    Barrier,
}

/// One statement and its parameters.
pub struct Query {
    /// Its text.
    pub sql: Py<PyString>,
    /// Its parameters.
    pub parameters: Py<PyTuple>,
    /// The kinds of columns that the caller wants.
    pub result: Option<Py<PyAny>>,
    /// The portal that stays open, and how many rows at once.
    pub portal: Option<(String, u32)>,
    /// The statement, once it is sent.
    pub statement: Option<Arc<Statement>>,
    /// Its rows so far.
    pub gathered: Option<Gathered>,
    /// Whether it was prepared again already.
    pub again: bool,
}

impl Query {
    /// A statement with its parameters, to be run.
    pub fn new(sql: Py<PyString>, parameters: Py<PyTuple>, result: Option<Py<PyAny>>) -> Self {
        Self {
            sql,
            parameters,
            result,
            portal: None,
            statement: None,
            gathered: None,
            again: false,
        }
    }
}

impl Call {
    /// A call that somebody waits for, or nobody.
    pub fn new(future: Option<Py<PyAny>>, work: Work) -> Self {
        Self {
            future,
            work,
            expects: Expects::default(),
            outcome: None,
            since: Instant::now(),
            is_inside: false,
        }
    }

    /// Whether it failed for a plan that no longer fits, and may be run again: once, and if nothing was done.
    pub fn may_run_again(&mut self) -> bool {
        let again = match &mut self.work {
            Work::Query(query) => &mut query.again,
            Work::Many {
                again, affected, ..
            } => {
                *affected = 0; // what the first rows wrote was undone with the others
                again
            }
            _ => return false,
        };
        !std::mem::replace(again, true) && !self.expects.is_preluded
    }

    /// The statement's text, if it is one that is prepared.
    pub fn sql(&self) -> Option<&Py<PyString>> {
        self.work.sql()
    }

    /// Whether its time runs: somebody waits for it, and it does not wait for us to read on.
    pub fn is_timed(&self, is_held_back: bool) -> bool {
        let waits_for_us = is_held_back && matches!(self.work, Work::CopyOut { .. });
        self.future.is_some() && !waits_for_us
    }

    /// Whether nothing may be sent behind it before it has ended.
    pub fn holds(&self) -> bool {
        match &self.work {
            Work::Prepare { .. } | Work::CopyIn { .. } | Work::CopyOut { .. } | Work::Barrier => {
                true
            }
            Work::Script { is_reset, .. } => *is_reset,
            _ => false,
        }
    }
}

impl Work {
    /// Statements without parameters; a reset makes the session clean for others.
    pub fn script(sql: String, is_reset: bool) -> Self {
        Self::Script { sql, is_reset }
    }

    /// One statement with many rows of parameters.
    pub fn many(sql: Py<PyString>, rows: Vec<Py<PyTuple>>) -> Self {
        let (affected, again) = (0, false);
        Self::Many {
            sql,
            rows,
            affected,
            again,
        }
    }

    /// More rows of a portal, or with no limit its end.
    pub fn portal(name: String, limit: Option<u32>) -> Self {
        let gathered = None;
        Self::Portal {
            name,
            limit,
            gathered,
        }
    }

    /// A COPY from the client that is to begin.
    pub fn copy_in(sql: String) -> Self {
        let (started, ended) = (false, false);
        Self::CopyIn {
            sql,
            started,
            ended,
        }
    }

    /// The statement's text, if it is one that is prepared.
    pub fn sql(&self) -> Option<&Py<PyString>> {
        match self {
            Self::Query(query) => Some(&query.sql),
            Self::Many { sql, .. } | Self::Describe { sql } => Some(sql),
            _ => None,
        }
    }
}
