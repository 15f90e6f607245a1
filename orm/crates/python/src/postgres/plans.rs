//! Tables that change under a plan, and statements that the server does not have: what is run again, and what fails.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;
use queryengine_protocol::backend::{Field, TransactionStatus};
use queryengine_protocol::errors::ErrorFields;

use super::call::{Call, Query, Work};
use super::errors::StalePlan;
use super::gathered::Gathered;
use super::session::Session;
use super::statements::{Statement, Statements};
use crate::columns::Columns;

/// What an error says of the plan that it met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing.
    Sound,
    /// It was made for tables that were others.
    Stale,
    /// The server does not have the statement, or has one of its name: a pooler hands its sessions around.
    Gone,
}

impl Verdict {
    fn of(fields: &ErrorFields) -> Self {
        match fields.code.as_str() {
            "26000" | "42P05" => Self::Gone,
            "08P01" if fields.message.contains("not exist") => Self::Gone,
            "08P01" => Self::Stale, // other numbers of parameters or columns than were bound
            "0A000" if is_of_another_result(fields) => Self::Stale,
            // The tables have changed under a plan whose parameters were of other types.
            _ if fields.code.class() == "42" => Self::Stale,
            _ => Self::Sound,
        }
    }
}

/// Whether the result of a plan would be another: the function that says so has one name in every language.
fn is_of_another_result(fields: &ErrorFields) -> bool {
    fields.routine.as_deref() == Some("RevalidateCachedQuery")
        || fields.message.starts_with("cached plan must not change")
}

impl Session {
    /// Forget a plan that no longer fits; the call that met it is run again, if nothing was done and once.
    pub(super) fn look_at_plan(&mut self, py: Python<'_>, fields: &ErrorFields) {
        let verdict = Verdict::of(fields);
        let Some(call) = self.sent.front_mut() else {
            return;
        };
        let is_preparation = matches!(call.work, Work::Prepare { .. });
        if verdict == Verdict::Sound || (call.sql().is_none() && !is_preparation) {
            return;
        }
        let is_unrun = call.expects.bound > 0 || call.expects.parsed > 0;
        let is_unnamed = verdict == Verdict::Gone && is_unrun && self.statements.are_named();
        if is_unrun && self.status == TransactionStatus::Idle {
            call.expects.again = call.may_run_again() || (is_preparation && is_unnamed);
        }
        let sql = call.sql().map(|sql| sql.clone_ref(py));
        if is_unnamed {
            self.statements.unname();
        } else if let Some(sql) = sql
            && let Ok(sql) = sql.to_str(py)
        {
            self.forget(sql);
        }
    }

    /// A statement could not be prepared: tell the call that needs it, which is the next.
    pub(super) fn unprepared(&mut self, py: Python<'_>, sql: &Py<PyString>, error: PyErr) {
        let text = sql.to_str(py).ok();
        let needs = |call: &Call| call.sql().and_then(|sql| sql.to_str(py).ok()) == text;
        if self.waiting.front().is_some_and(needs)
            && let Some(call) = self.waiting.pop_front()
        {
            self.finish(call, Err(error));
        }
    }
}

/// A statement that nobody keeps gives other columns than were described: they are read as they come.
///
/// It runs all the same, so it may not be run again. Columns whose form is not the one to be read are passed over.
pub(super) fn changed(
    py: Python<'_>,
    query: &mut Query,
    statement: &Statement,
    fields: &[Field],
    statements: &mut Statements,
    portals: &mut HashMap<String, Arc<Columns>>,
) -> PyResult<()> {
    let sql = query.sql.to_str(py)?;
    query.gathered = None;
    statements.remove(sql);
    let Some(anew) = statement.giving(py, fields)? else {
        return Ok(());
    };
    // What the caller wanted the columns shown as may not suit these.
    if let Ok(columns) = anew.columns(py, query.result.as_ref()) {
        if let Some((portal, _)) = &query.portal {
            portals.insert(portal.clone(), Arc::clone(&columns));
        }
        query.gathered = Some(Gathered::new(py, columns));
    }
    statements.insert(sql, Arc::new(anew));
    Ok(())
}

/// The rows came in a form that they cannot be read in.
pub(super) fn unreadable() -> PyErr {
    StalePlan::new_err((
        "0A000",
        "the statement ran, but gave other columns than it was described to, in a form that they cannot be read in",
    ))
}
