//! The state of one session: calls that wait, calls that were sent, and what is to be told to whom.
//!
//! It holds Python's objects but calls none of asyncio's: what has to be done outside is left in `events`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use pyo3::prelude::*;
use queryengine_protocol::backend::{Decoder, Limits, TransactionStatus};
use queryengine_protocol::errors::ErrorFields;

use super::call::{Call, Work};
use super::control;
use super::errors::End;
use super::statements::Statements;
use crate::columns::Columns;

/// What has to be done when the session is no longer borrowed.
pub enum Event {
    /// A call ended; its future takes this.
    Done(Py<PyAny>, PyResult<Py<PyAny>>),
    /// The server remarks something.
    Notice(Box<ErrorFields>),
    /// Somebody sent a NOTIFY: process, channel, payload.
    Notification(i32, Box<str>, Box<str>),
    /// A piece of a COPY out, and who takes it.
    Copied(Py<PyAny>, Py<PyAny>),
    /// Nothing runs but what nobody waits for: the server may be asked to cancel it.
    Alone,
    /// The connection is over and has to be dropped at once.
    Drop,
}

/// Makes a session as it was when it began, whatever was done in it, but for prepared statements.
const RESET: &str = "ROLLBACK; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP";
/// How many settings are kept; PostgreSQL reports some fifteen.
const MOST_SETTINGS: usize = 1_000;
/// What a server does that reports more.
pub const TOO_MANY_SETTINGS: &str = "more settings than a server has";
/// Lets go of all prepared statements: ours are prepared again, those of others are not known.
pub const FORGET: &str = "DEALLOCATE ALL";

/// The state of one session.
pub struct Session {
    /// What is to be sent.
    pub out: BytesMut,
    /// What was received.
    pub decoder: Decoder,
    /// Calls that were not sent yet.
    pub waiting: VecDeque<Call>,
    /// What travels with the next statement that is sent.
    pub prelude: Vec<String>,
    /// Calls that were sent, in the order of their answers.
    pub sent: VecDeque<Call>,
    /// The prepared statements.
    pub statements: Statements,
    /// Names of statements that the server may forget.
    pub closing: Vec<String>,
    /// Where the session stood at the last `ReadyForQuery`.
    pub status: TransactionStatus,
    /// The server's settings that it reports.
    pub settings: HashMap<Box<str>, Box<str>>,
    /// The server's process and the secret that a request to cancel needs.
    pub key: Option<(i32, Box<[u8]>)>,
    /// What a COPY from the client came to that ended before all was sent.
    pub copy_outcome: Option<PyResult<Py<PyAny>>>,
    /// What is to be done outside.
    pub events: Vec<Event>,
    /// Whether the server is being asked to cancel: nothing is sent until that is over.
    pub is_cancelling: bool,
    /// Whether the transport has enough to send for now.
    pub is_paused: bool,
    /// Whether nothing is read for now, because who takes what a COPY writes is slower than the server.
    pub is_held_back: bool,
    /// Whether it was said that nothing is under way, and nothing was taken since.
    pub is_said_idle: bool,
    /// Whether something ran that may have changed the session for those who come after.
    pub is_dirty: bool,
    /// How many transactions of ours are open, one inside of the other.
    pub transactions: u32,
    /// Whether a statement of its own ended the transaction that is open for us.
    pub is_left: bool,
    /// Whether a statement was prepared by SQL.
    pub has_prepared: bool,
    /// The columns of the portals that are open.
    pub portals: HashMap<String, Arc<Columns>>,
    /// Why it is over.
    pub end: Option<End>,
}

impl Session {
    /// A session that keeps so many prepared statements; 0 for servers behind a pool of transactions.
    ///
    /// Their names begin with `prefix`.
    pub fn new(statements: usize, prefix: &str) -> Self {
        Self {
            out: BytesMut::new(),
            decoder: Decoder::new(Limits::default()),
            waiting: VecDeque::new(),
            prelude: Vec::new(),
            sent: VecDeque::new(),
            statements: Statements::new(statements, prefix),
            closing: Vec::new(),
            status: TransactionStatus::Idle,
            settings: HashMap::new(),
            key: None,
            copy_outcome: None,
            events: Vec::new(),
            is_cancelling: false,
            is_paused: false,
            is_held_back: false,
            is_said_idle: false,
            is_dirty: false,
            transactions: 0,
            is_left: false,
            has_prepared: false,
            portals: HashMap::new(),
            end: None,
        }
    }

    /// How many calls are under way.
    pub fn load(&self) -> usize {
        self.waiting.len() + self.sent.len()
    }

    /// Whether it is open, and its server is not being asked to cancel.
    pub fn is_ready(&self) -> bool {
        self.end.is_none() && !self.is_cancelling
    }

    /// Whether nothing is under way any more, which is said once.
    pub fn turns_idle(&mut self) -> bool {
        let is_idle = self.load() == 0 && self.is_ready();
        is_idle && !std::mem::replace(&mut self.is_said_idle, true)
    }

    /// Take a call, and send it if nothing is in its way.
    pub fn submit(&mut self, py: Python<'_>, mut call: Call) {
        self.is_said_idle = false;
        call.is_inside = self.transactions > 0;
        if let Some(end) = &self.end {
            let error = end.error(py);
            self.finish(call, Err(error));
            return;
        }
        if self.is_left {
            self.finish(call, Err(control::left()));
            return;
        }
        self.waiting.push_back(call);
        self.pump(py);
    }

    /// Send what waits, as far as that is possible.
    pub fn pump(&mut self, py: Python<'_>) {
        while !self.is_held() {
            let Some(call) = self.waiting.pop_front() else {
                return;
            };
            self.send(py, call);
        }
    }

    fn is_held(&self) -> bool {
        self.is_cancelling
            || self.is_paused
            || self.end.is_some()
            || self.sent.back().is_some_and(Call::holds)
    }

    /// Take a prelude back if it was not sent, and nothing waits that it should travel with.
    pub fn withdraw(&mut self, sql: &str) -> bool {
        if let Some(call) = self.waiting.back() {
            let is_it = matches!(&call.work, Work::Prelude { sql: own } if own == sql);
            return is_it && self.waiting.pop_back().is_some();
        }
        self.prelude.pop_if(|own| own == sql).is_some()
    }

    /// Tell the one who waits for a call.
    pub fn finish(&mut self, call: Call, outcome: PyResult<Py<PyAny>>) {
        if let Some(future) = call.future {
            self.events.push(Event::Done(future, outcome));
        }
    }

    /// Nobody waits for this future any more. A call that was not sent is forgotten, another one is drained.
    pub fn abandon(&mut self, future: &Bound<'_, PyAny>) {
        let is_its = |call: &Call| call.future.as_ref().is_some_and(|own| own.is(future));
        if let Some(place) = self.waiting.iter().position(is_its) {
            self.waiting.remove(place);
            return;
        }
        if let Some(call) = self.sent.iter_mut().find(|call| is_its(call)) {
            call.future = None;
            self.look_whether_alone();
        }
    }

    /// If nobody waits for anything that was sent, but something that may take long runs, say so.
    pub fn look_whether_alone(&mut self) {
        let is_reset = |call: &Call| matches!(call.work, Work::Script { is_reset: true, .. });
        let matters = |call: &Call| match call.work {
            Work::Prepare { .. } | Work::Barrier => true,
            Work::CopyIn { started, ended, .. } => call.future.is_some() || (started && !ended),
            _ => call.future.is_some(),
        };
        let is_vain = !self.sent.iter().any(matters) && !self.sent.iter().all(is_reset);
        if is_vain && !self.is_cancelling && self.end.is_none() {
            self.is_cancelling = true;
            self.events.push(Event::Alone);
        }
    }

    /// Forget a statement: the next run, or description, of this text is prepared anew.
    pub fn forget(&mut self, sql: &str) {
        if let Some(gone) = self.statements.remove(sql)
            && !gone.name.is_empty()
        {
            self.closing.push(gone.name.clone());
        }
    }

    /// Make the session as it was when it began, behind all that is under way.
    pub fn reset(&mut self, py: Python<'_>) {
        self.prelude.clear();
        let reset = Work::script(RESET.to_owned(), true);
        self.submit(py, Call::new(None, reset));
    }

    /// Whether the oldest call is a reset.
    pub fn is_resetting(&self) -> bool {
        let is_reset = |call: &Call| matches!(call.work, Work::Script { is_reset: true, .. });
        self.sent.front().is_some_and(is_reset)
    }

    /// The server was asked to cancel and has heard it: when a `Sync` returns, nothing of that is left.
    pub fn barrier(&mut self, py: Python<'_>, future: Py<PyAny>) {
        let call = Call::new(Some(future), Work::Barrier);
        match &self.end {
            Some(end) => {
                let error = end.error(py);
                self.finish(call, Err(error));
            }
            None => self.send(py, call),
        }
    }

    /// Since when the call has waited for the server that has done so longest; none if none does.
    pub fn oldest(&self) -> Option<Instant> {
        let calls = self.sent.iter().chain(&self.waiting);
        let timed = calls.filter(|call| call.is_timed(self.is_held_back));
        timed.map(|call| call.since).min()
    }

    /// Read on; the time of what waited for us begins anew.
    pub fn read_on(&mut self) {
        self.is_held_back = false;
        if let Some(call) = self.sent.front_mut() {
            call.since = Instant::now();
        }
    }

    /// Take from the calls those that have waited since before this time.
    pub fn overdue(&mut self, since: Instant) -> Vec<Py<PyAny>> {
        let mut futures = Vec::new();
        self.waiting.retain_mut(|call| {
            let is_late = call.since <= since && call.future.is_some();
            if is_late {
                futures.extend(call.future.take());
            }
            !is_late
        });
        let late = (self.sent.iter_mut())
            .filter(|call| call.since <= since && call.is_timed(self.is_held_back));
        futures.extend(late.filter_map(|call| call.future.take()));
        self.look_whether_alone();
        futures
    }

    /// Keep a setting that the server reports; false if it reports more than any server has.
    pub fn keep(&mut self, name: Box<str>, value: Box<str>) -> bool {
        if self.settings.len() == MOST_SETTINGS && !self.settings.contains_key(&name) {
            return false;
        }
        self.settings.insert(name, value);
        true
    }

    /// Take a setting that has changed. Text of another encoding would be read as other text.
    pub fn set(&mut self, py: Python<'_>, name: Box<str>, value: Box<str>) {
        let is_utf8 = matches!(&*value, "UTF8" | "UTF-8" | "UNICODE");
        if &*name == "client_encoding" && !is_utf8 {
            let words = format!("client_encoding was set to {value}: only UTF8 can be read");
            self.fail(py, End::Lost(words));
        }
        if !self.keep(name, value) {
            self.violation(py, TOO_MANY_SETTINGS);
        }
    }

    /// The session is over: every call fails.
    pub fn fail(&mut self, py: Python<'_>, end: End) {
        if self.end.is_some() {
            return;
        }
        let calls: Vec<_> = self.sent.drain(..).chain(self.waiting.drain(..)).collect();
        for call in calls {
            let error = end.error(py);
            self.finish(call, Err(error));
        }
        self.out.clear();
        self.end = Some(end);
        self.events.push(Event::Drop);
    }

    /// The server broke the protocol.
    pub fn violation(&mut self, py: Python<'_>, what: impl Into<String>) {
        self.fail(py, End::Violation(what.into()));
    }
}
