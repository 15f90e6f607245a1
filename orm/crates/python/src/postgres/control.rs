//! Statements that begin or end a transaction beside those that do so for us: known by what the server says.

use pyo3::prelude::*;
use queryengine_protocol::backend::TransactionStatus;

use super::call::{Call, Work};
use super::errors::UsageError;
use super::session::Session;

impl Session {
    /// A call has ended in this status: make sure that a transaction lasts as long as it should, and no longer.
    pub(super) fn look_at_control(&mut self, call: &mut Call, status: TransactionStatus) {
        let is_done = !call.outcome.as_ref().is_some_and(Result::is_err);
        // Once ours is finished, nothing of it can be left any more.
        if call.is_inside && status == TransactionStatus::Idle && self.transactions > 0 {
            let was_there = self.status != TransactionStatus::Idle;
            self.is_left |= was_there || (call.expects.is_preluded && is_done);
        }
        if !is_done || matches!(call.work, Work::Barrier) {
            return; // a barrier is ours, wherever it stands
        }
        if call.is_inside && self.is_left {
            call.outcome = Some(Err(left()));
        } else if status != TransactionStatus::Idle && self.is_reset_next() {
            call.outcome = Some(Err(misplaced()));
        }
    }

    /// Whether the session is made clean at once: what has just ended was a call of its own.
    fn is_reset_next(&self) -> bool {
        let next = self.sent.front().or_else(|| self.waiting.front());
        next.is_some_and(|call| matches!(call.work, Work::Script { is_reset: true, .. }))
    }
}

/// Whether a statement of this tag is one that begins a transaction.
pub(super) fn begins(tag: &str) -> bool {
    matches!(tag, "BEGIN" | "START TRANSACTION")
}

/// A statement began a transaction that nobody would end.
pub(super) fn misplaced() -> PyErr {
    UsageError::new_err("BEGIN belongs to transaction(): it did nothing")
}

/// A statement ended the transaction that it was in.
pub(super) fn left() -> PyErr {
    UsageError::new_err(
        "a statement of its own ended the transaction: commit(), rollback() or its `async with` do that",
    )
}
