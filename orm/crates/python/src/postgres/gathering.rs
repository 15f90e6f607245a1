//! The rows of an answer while they come, and what is made of them when all are there.

use pyo3::prelude::*;
use queryengine_protocol::backend::DataRows;

use super::call::{Call, Work};
use super::plans;
use super::replies::{Taken, one_of, python, unexpected};

impl Call {
    /// Take rows that came, if this call is to have some.
    pub(super) fn take_rows(&mut self, py: Python<'_>, rows: DataRows) -> Taken {
        let is_bound = self.expects.bound == 0 && self.expects.completed == 1;
        let gathered = match &mut self.work {
            Work::Query(query) if is_bound => match &mut query.gathered {
                Some(gathered) => gathered,
                None => return Ok(()), // its columns have changed; the caller is told at the end
            },
            Work::Portal {
                gathered: Some(gathered),
                ..
            } => gathered,
            Work::Many { .. } | Work::Script { .. } => return Ok(()), // nobody asked for the rows
            _ => return Err(unexpected("a row")),
        };
        if usize::from(rows.columns()) != gathered.columns.len() {
            return Err(unexpected("a row of another number of columns"));
        }
        if self.future.is_some() {
            gathered.take(py, rows);
        }
        Ok(())
    }

    /// A portal has given as many rows as it was asked for.
    pub(super) fn suspended(&mut self, py: Python<'_>) -> Taken {
        let gathered = match &mut self.work {
            Work::Query(query) if query.portal.is_some() => {
                query.gathered.take().ok_or_else(plans::unreadable)
            }
            Work::Portal {
                gathered: gathered @ Some(_),
                ..
            } => gathered.take().ok_or_else(plans::unreadable),
            _ => return Err(unexpected("PortalSuspended")),
        };
        one_of(&mut self.expects.completed, "PortalSuspended")?;
        let rows = gathered.and_then(|gathered| gathered.rows(py, 0, ""));
        self.outcome = Some(rows.and_then(|rows| answer_of(py, rows, true, true)));
        Ok(())
    }
}

/// Rows alone, or from a portal with whether there may be more.
pub(super) fn answer_of(
    py: Python<'_>,
    rows: Py<PyAny>,
    is_portal: bool,
    more: bool,
) -> PyResult<Py<PyAny>> {
    if is_portal {
        python(py, (rows, more))
    } else {
        Ok(rows)
    }
}
