//! What the server's answers do to the calls: each belongs to the oldest that was sent, and must be one it expects.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use queryengine_protocol::Oid;
use queryengine_protocol::backend::{CommandTag, Field, Message, TransactionStatus};
use queryengine_protocol::errors::{ErrorFields, Severity};
use queryengine_protocol::frontend;

use super::call::{Call, Expects, Work};
use super::control;
use super::errors::{End, UsageError, database_error};
use super::gathering::answer_of;
use super::plans;
use super::session::{Event, FORGET, Session};
use super::statements::Statement;

/// What the server said does not belong here.
pub(super) struct Unexpected(pub String);

pub(super) type Taken = Result<(), Unexpected>;

impl Session {
    /// Take all that was received.
    pub fn receive(&mut self, py: Python<'_>) {
        while self.end.is_none() {
            match self.decoder.next_message() {
                Ok(Some(message)) => {
                    if let Err(Unexpected(what)) = self.take(py, message) {
                        self.violation(py, what);
                    }
                }
                Ok(None) => return,
                Err(error) => self.violation(py, error.to_string()),
            }
        }
    }

    fn take(&mut self, py: Python<'_>, message: Message) -> Taken {
        match message {
            // A reset rolls back whether or not there is a transaction.
            Message::Notice(fields) if fields.code.as_str() == "25P01" && self.is_resetting() => {}
            Message::Notice(fields) => self.events.push(Event::Notice(fields)),
            Message::ParameterStatus { name, value } => self.set(py, name, value),
            Message::Notification(said) => {
                let event = Event::Notification(said.process_id, said.channel, said.payload);
                self.events.push(event);
            }
            Message::Error(fields) => self.error(py, fields)?,
            Message::ReadyForQuery(status) => self.ready(py, status)?,
            message => return self.answer(py, message),
        }
        Ok(())
    }

    /// An answer of the oldest call.
    fn answer(&mut self, py: Python<'_>, message: Message) -> Taken {
        let Some(call) = self.sent.front_mut() else {
            return Err(unexpected("an answer to no question"));
        };
        if call.outcome.as_ref().is_some_and(Result::is_err) {
            return Err(unexpected("an answer after an error"));
        }
        match message {
            Message::ParseComplete => one_of(&mut call.expects.parsed, "ParseComplete"),
            Message::BindComplete => one_of(&mut call.expects.bound, "BindComplete"),
            Message::CloseComplete => one_of(&mut call.expects.closed, "CloseComplete"),
            Message::ParameterDescription(types) => call.take_types(types),
            Message::RowDescription(fields) => self.description(py, &fields),
            Message::NoData => self.description(py, &[]),
            Message::DataRows(_) if call.expects.is_copying => Err(unexpected("a row in a COPY")),
            Message::DataRows(rows) => call.take_rows(py, rows),
            Message::CommandComplete(tag) => self.completed(py, Some(&tag)),
            Message::EmptyQueryResponse => self.completed(py, None),
            Message::PortalSuspended => call.suspended(py),
            Message::CopyIn(_) => self.copy_in(py),
            Message::CopyOut(_) => call.copy_out(),
            Message::CopyData(_) | Message::CopyDone if !call.expects.is_copying => {
                Err(unexpected("data of no COPY"))
            }
            Message::CopyData(data) => self.copied(py, &data),
            Message::CopyDone => Ok(()),
            _ => Err(unexpected("a message of another state")),
        }
    }

    fn description(&mut self, py: Python<'_>, fields: &[Field]) -> Taken {
        let Some(call) = self.sent.front_mut() else {
            return Ok(());
        };
        match &mut call.work {
            Work::Prepare { sql, name, oids } => {
                one_of(&mut call.expects.described, "RowDescription")?;
                let oids = oids
                    .take()
                    .ok_or_else(|| unexpected("columns before parameters"))?;
                let text = sql
                    .to_str(py)
                    .map_err(|error| Unexpected(error.to_string()))?;
                let statement = Statement::new(py, std::mem::take(name), oids, fields);
                let statement = statement.map_err(|error| Unexpected(error.to_string()))?;
                if let Some(gone) = self.statements.insert(text, Arc::new(statement))
                    && !gone.name.is_empty()
                {
                    self.closing.push(gone.name.clone());
                }
            }
            Work::Query(query) => {
                one_of(&mut call.expects.described, "RowDescription")?;
                let Some(statement) = query.statement.clone() else {
                    return Err(unexpected("RowDescription"));
                };
                if !statement.gives(fields) {
                    let (statements, portals) = (&mut self.statements, &mut self.portals);
                    plans::changed(py, query, &statement, fields, statements, portals)
                        .map_err(|error| Unexpected(error.to_string()))?;
                }
            }
            Work::Script { .. } | Work::CopyIn { .. } | Work::CopyOut { .. } => {}
            _ => return Err(unexpected("RowDescription")),
        }
        Ok(())
    }

    fn completed(&mut self, py: Python<'_>, tag: Option<&CommandTag>) -> Taken {
        let Some(call) = self.sent.front_mut() else {
            return Ok(());
        };
        let words = tag.map_or("", CommandTag::as_str);
        if words.starts_with("DEALLOCATE") || words == "DISCARD ALL" {
            self.statements.clear();
        }
        self.has_prepared |= words == "PREPARE";
        self.is_left |= call.is_inside && self.transactions > 0 && words == "COMMIT";
        let is_lost = std::mem::take(&mut call.expects.is_copying);
        let written = tag.and_then(CommandTag::rows).unwrap_or_default();
        match &mut call.work {
            Work::Query(query) => {
                one_of(&mut call.expects.completed, "CommandComplete")?;
                if call.expects.completed == 0 {
                    let outcome = match query.gathered.take() {
                        Some(_) if is_lost => Err(lost_copy()),
                        Some(_) if call.is_inside && control::begins(words) => {
                            Err(control::misplaced())
                        }
                        Some(gathered) => gathered.rows(py, written, words),
                        None => Err(plans::unreadable()),
                    };
                    let is_portal = query.portal.is_some();
                    call.outcome =
                        Some(outcome.and_then(|rows| answer_of(py, rows, is_portal, false)));
                }
            }
            Work::Many { affected, .. } => {
                one_of(&mut call.expects.completed, "CommandComplete")?;
                *affected += written;
                if call.expects.completed == 0 {
                    call.outcome = Some(python(py, *affected));
                }
            }
            Work::Portal { gathered, .. } => {
                one_of(&mut call.expects.completed, "CommandComplete")?;
                let gathered = gathered
                    .take()
                    .ok_or_else(|| unexpected("rows of no portal"))?;
                let rows = gathered.rows(py, written, words);
                call.outcome = Some(rows.and_then(|rows| answer_of(py, rows, true, false)));
            }
            Work::Script { .. } if is_lost => call.outcome = Some(Err(lost_copy())),
            Work::Script { .. } => call.outcome = Some(python(py, words)),
            Work::CopyIn { .. } | Work::CopyOut { .. } => call.outcome = Some(python(py, written)),
            Work::Prepare { .. } | Work::Describe { .. } | Work::Prelude { .. } | Work::Barrier => {
                return Err(unexpected("CommandComplete"));
            }
        }
        Ok(())
    }

    fn copy_in(&mut self, py: Python<'_>) -> Taken {
        let Some(call) = self.sent.front_mut() else {
            return Ok(());
        };
        if let Work::CopyIn { started, ended, .. } = &mut call.work {
            if std::mem::replace(started, true) {
                return Err(unexpected("CopyInResponse"));
            }
            if let Some(future) = call.future.take() {
                self.events.push(Event::Done(future, Ok(py.None())));
                return Ok(());
            }
            *ended = true; // it was given up before it began
        }
        // Nobody has data for it.
        frontend::copy_fail(&mut self.out, "COPY from the client needs copy_rows")
            .map_err(|error| Unexpected(error.to_string()))?;
        if !matches!(call.work, Work::Script { .. } | Work::CopyIn { .. }) {
            frontend::sync(&mut self.out);
        }
        Ok(())
    }

    fn copied(&mut self, py: Python<'_>, data: &Bytes) -> Taken {
        if let Some(call) = self.sent.front_mut()
            && let Work::CopyOut { sink, .. } = &call.work
            && call.future.is_some()
        {
            call.since = Instant::now(); // it may go on for long, as long as it goes on
            let piece = PyBytes::new(py, data).into_any().unbind();
            self.events.push(Event::Copied(sink.clone_ref(py), piece));
        }
        Ok(())
    }

    fn error(&mut self, py: Python<'_>, fields: Box<ErrorFields>) -> Taken {
        if fields.severity >= Some(Severity::Fatal) {
            self.fail(py, End::Fatal(fields));
            return Ok(());
        }
        self.look_at_plan(py, &fields);
        let Some(call) = self.sent.front_mut() else {
            return Err(unexpected("an error of no call"));
        };
        call.outcome = Some(Err(database_error(py, &fields)));
        Ok(())
    }

    /// The oldest call has ended.
    fn ready(&mut self, py: Python<'_>, status: TransactionStatus) -> Taken {
        // What comes too early leaves the call where it is, so that it fails with the connection.
        if self.sent.front().is_some_and(Call::is_unanswered) {
            return Err(unexpected(
                "ReadyForQuery before the answers that precede it",
            ));
        }
        let Some(mut call) = self.sent.pop_front() else {
            return Err(unexpected("ReadyForQuery of no call"));
        };
        self.look_at_control(&mut call, status);
        self.status = status;
        if status == TransactionStatus::Idle && self.sent.is_empty() {
            self.portals.clear(); // none outlives its transaction, whether or not it was closed
        }
        let outcome = call.outcome.take();
        if call.expects.again && call.future.is_some() && status == TransactionStatus::Idle {
            call.expects = Expects::default();
            self.waiting.push_front(call);
        } else {
            self.end_of(py, call, outcome)?;
        }
        self.pump(py);
        self.look_whether_alone();
        Ok(())
    }

    fn end_of(
        &mut self,
        py: Python<'_>,
        call: Call,
        outcome: Option<PyResult<Py<PyAny>>>,
    ) -> Taken {
        let is_failed = outcome.as_ref().is_some_and(Result::is_err);
        match &call.work {
            Work::Prepare { sql, .. } => {
                // If it shall be tried again, the call that waits for it will see to that.
                if let Some(Err(error)) = outcome
                    && !call.expects.again
                {
                    self.unprepared(py, &sql.clone_ref(py), error);
                }
                return Ok(());
            }
            Work::Script { is_reset: true, .. } => {
                if is_failed && self.is_cancelling {
                    // The request to cancel came too late for its query and hit this: once more, when it is over.
                    self.waiting.push_front(Call::new(None, call.work));
                    return Ok(());
                }
                if is_failed || self.status != TransactionStatus::Idle {
                    self.fail(py, End::Lost("the session could not be reset".to_owned()));
                    return Ok(());
                }
                self.is_dirty = false;
                if std::mem::take(&mut self.has_prepared) {
                    let forget = Work::script(FORGET.to_owned(), true);
                    self.waiting.push_front(Call::new(None, forget));
                }
            }
            // Who sends its rows asks for it; one that was given up is nobody's, and never the next one's.
            Work::CopyIn {
                started: true,
                ended: false,
                ..
            } => {
                self.copy_outcome = outcome;
                return Ok(());
            }
            Work::Barrier => self.is_cancelling = false,
            _ => {}
        }
        self.finish(call, outcome.unwrap_or_else(|| Ok(py.None())));
        Ok(())
    }
}

impl Call {
    /// Whether answers that come before its end have not come, though nothing has failed.
    fn is_unanswered(&self) -> bool {
        let is_failed = self.outcome.as_ref().is_some_and(Result::is_err);
        !is_failed && self.expects.is_any()
    }

    /// A COPY to the client begins: wanted, or at least of a statement that runs.
    fn copy_out(&mut self) -> Taken {
        let is_run = match &self.work {
            Work::CopyOut { .. } | Work::Script { .. } => true,
            Work::Query(_) => self.expects.bound == 0 && self.expects.completed > 0,
            _ => false,
        };
        if !is_run || std::mem::replace(&mut self.expects.is_copying, true) {
            return Err(unexpected("CopyOutResponse"));
        }
        Ok(())
    }

    fn take_types(&mut self, types: Box<[Oid]>) -> Taken {
        match &mut self.work {
            Work::Prepare { oids, .. } if oids.is_none() && self.expects.parsed == 0 => {
                *oids = Some(types);
                Ok(())
            }
            _ => Err(unexpected("ParameterDescription")),
        }
    }
}

pub(super) fn python<'py>(py: Python<'py>, value: impl IntoPyObject<'py>) -> PyResult<Py<PyAny>> {
    value.into_py_any(py)
}

pub(super) fn one_of(count: &mut u32, what: &str) -> Taken {
    *count = count.checked_sub(1).ok_or_else(|| unexpected(what))?;
    Ok(())
}

/// The data of a COPY came, and there was nobody to take it.
fn lost_copy() -> PyErr {
    UsageError::new_err("COPY to the client needs copy_query")
}

pub(super) fn unexpected(what: &str) -> Unexpected {
    Unexpected(format!("{what} was not expected"))
}
