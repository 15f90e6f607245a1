//! The rows of an answer while they come, and what is made of them when all are there.

use bytes::Bytes;
use pyo3::prelude::*;
use queryengine_protocol::backend::DataRows;

use super::call::{Call, Gathered, Work};
use super::plans;
use super::replies::{Taken, Unexpected, one_of, python, unexpected};
use crate::rows::{Batch, Rows, Store};

/// Rows up to this size are copied out of the memory that they were received in, so that it can be used again.
const SMALL: usize = 16 << 10;

impl Call {
    /// Take rows that came, if this call is to have some.
    pub(super) fn take_rows(&mut self, rows: DataRows) -> Taken {
        let is_bound = self.expects.bound == 0 && self.expects.completed == 1;
        match &mut self.work {
            Work::Query(query) if is_bound => match &mut query.gathered {
                Some(gathered) => gathered.take(rows),
                None => Ok(()), // its columns have changed; the caller is told at the end
            },
            Work::Portal {
                gathered: Some(gathered),
                ..
            } => gathered.take(rows),
            Work::Many { .. } | Work::Script { .. } => Ok(()), // nobody asked for the rows
            _ => Err(unexpected("a row")),
        }
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
        let rows = gathered.and_then(|gathered| rows(py, gathered, 0, ""));
        self.outcome = Some(rows.and_then(|rows| answer_of(py, rows, true, true)));
        Ok(())
    }
}

impl Gathered {
    fn take(&mut self, rows: DataRows) -> Taken {
        if usize::from(rows.columns()) != self.columns.len() {
            return Err(unexpected("a row of another number of columns"));
        }
        let (bytes, starts, _) = rows.into_parts();
        let bytes = if bytes.len() < SMALL {
            Bytes::copy_from_slice(&bytes)
        } else {
            bytes
        };
        let ends = starts
            .iter()
            .skip(1)
            .map(|next| next.saturating_sub(5) as usize);
        for (start, end) in starts.iter().zip(ends.chain([bytes.len()])) {
            let pushed = self.rows.push(bytes.slice(*start as usize..end));
            pushed.map_err(|error| Unexpected(error.0.to_owned()))?;
        }
        Ok(())
    }
}

/// The rows as Python sees them.
pub(super) fn rows(
    py: Python<'_>,
    gathered: Gathered,
    written: u64,
    tag: &str,
) -> PyResult<Py<PyAny>> {
    let rows = Rows::new(Batch {
        columns: gathered.columns,
        store: Store::Wire(gathered.rows),
        affected: i64::try_from(written).unwrap_or(i64::MAX),
        tag: tag.to_owned(),
    });
    Ok(Py::new(py, rows)?.into_any())
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
