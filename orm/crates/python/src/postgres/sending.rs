//! How calls are written to the server: one `Sync` for each, so that a failure stays within its call.

use std::sync::Arc;

use bytes::BytesMut;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use queryengine_protocol::errors::{BindError, EncodeError};
use queryengine_protocol::frontend::{self, Target};

use super::call::{Call, Expects, Query, Work};
use super::errors::ParameterError;
use super::gathered::Gathered;
use super::session::Session;
use super::statements::Statement;
use crate::values::{IsNull, Parameters};

impl Session {
    /// Write a call; what cannot be written fails, and leaves nothing of it in the buffer.
    pub(super) fn send(&mut self, py: Python<'_>, mut call: Call) {
        let start = self.out.len();
        if let Work::Prelude { sql } = call.work {
            return self.prelude.push(sql);
        }
        match self.write(py, &mut call) {
            Ok(true) => self.sent.push_back(call),
            Ok(false) => self.waiting.push_front(call), // behind the preparation of its statement
            Err(error) => {
                self.out.truncate(start);
                // The table may have changed since the types of the parameters were described.
                if let Some(sql) = call.sql()
                    && let Ok(sql) = sql.to_str(py)
                {
                    self.forget(sql);
                }
                self.finish(call, Err(error));
            }
        }
    }

    /// Write a call; false if its statement has to be prepared first, which was written instead.
    fn write(&mut self, py: Python<'_>, call: &mut Call) -> PyResult<bool> {
        if let Work::Query(query) = &call.work {
            check_most(query.parameters.bind(py).len())?;
        }
        if let Some(sql) = call.sql() {
            let Some(statement) = self.statements.get(sql.to_str(py)?) else {
                let sql = sql.clone_ref(py);
                return self.prepare(py, sql).map(|()| false);
            };
            self.write_prepared(py, call, statement)?;
        } else {
            self.write_plain(py, &mut call.work, &mut call.expects)?;
        }
        Ok(true)
    }

    fn prepare(&mut self, py: Python<'_>, sql: Py<PyString>) -> PyResult<()> {
        let name = self.statements.new_name();
        let mut expects = Expects::default();
        let out = &mut self.out;
        for gone in self.closing.drain(..) {
            frontend::close(out, Target::Statement(&gone)).map_err(refused)?;
            expects.closed += 1;
        }
        frontend::parse(out, &name, sql.to_str(py)?, &[]).map_err(refused)?;
        frontend::describe(out, Target::Statement(&name)).map_err(refused)?;
        frontend::sync(out);
        expects.parsed += 1;
        expects.described += 1;
        let oids = None;
        let mut preparation = Call::new(None, Work::Prepare { sql, name, oids });
        preparation.expects = expects;
        self.sent.push_back(preparation);
        Ok(())
    }

    fn write_prepared(
        &mut self,
        py: Python<'_>,
        call: &mut Call,
        statement: Arc<Statement>,
    ) -> PyResult<()> {
        let out = &mut self.out;
        let expects = &mut call.expects;
        match &mut call.work {
            Work::Query(query) => {
                let columns = statement.columns(py, query.result.as_ref())?;
                if let Some((portal, _)) = &query.portal {
                    self.portals.insert(portal.clone(), Arc::clone(&columns));
                }
                query.gathered = Some(Gathered::new(py, columns));
                write_prelude(out, &self.prelude, expects)?;
                write_query(py, out, query, statement, expects)?;
                self.prelude.clear();
            }
            Work::Many { sql, rows, .. } => {
                write_prelude(out, &self.prelude, expects)?;
                write_many(py, out, sql.to_str(py)?, rows, &statement, expects)?;
                self.prelude.clear();
            }
            _ => {
                let fields = statement.fields.iter();
                let fields: Vec<(&str, u32)> = fields.map(|(name, oid)| (&**name, *oid)).collect();
                call.outcome = Some(fields.into_py_any(py));
                frontend::sync(out);
            }
        }
        Ok(())
    }

    fn write_plain(
        &mut self,
        py: Python<'_>,
        work: &mut Work,
        expects: &mut Expects,
    ) -> PyResult<()> {
        let out = &mut self.out;
        match work {
            Work::Script { sql, .. } | Work::CopyIn { sql, .. } | Work::CopyOut { sql, .. } => {
                let parts: Vec<_> = self
                    .prelude
                    .iter()
                    .chain([&*sql])
                    .map(String::as_str)
                    .collect();
                frontend::query(out, &parts.join("; ")).map_err(refused)?;
                expects.is_preluded = !self.prelude.is_empty();
                self.prelude.clear();
            }
            Work::Portal {
                name,
                limit: Some(limit),
                gathered,
            } => {
                let columns = self.portals.get(name).map(Arc::clone);
                *gathered = columns.map(|columns| Gathered::new(py, columns));
                frontend::execute(out, name, *limit).map_err(refused)?;
                expects.completed += 1;
                frontend::sync(out);
            }
            Work::Portal {
                name, limit: None, ..
            } => {
                self.portals.remove(name);
                frontend::close(out, Target::Portal(name)).map_err(refused)?;
                expects.closed += 1;
                frontend::sync(out);
            }
            _ => frontend::sync(out),
        }
        Ok(())
    }
}

fn write_many(
    py: Python<'_>,
    out: &mut BytesMut,
    sql: &str,
    rows: &[Py<PyTuple>],
    statement: &Statement,
    expects: &mut Expects,
) -> PyResult<()> {
    parse_unnamed(out, statement, sql, expects)?;
    for row in rows {
        write_bind(out, "", statement, row.bind(py))?;
        frontend::execute(out, "", 0).map_err(refused)?;
        expects.bound += 1;
        expects.completed += 1;
    }
    frontend::sync(out);
    Ok(())
}

fn write_query(
    py: Python<'_>,
    out: &mut BytesMut,
    query: &mut Query,
    statement: Arc<Statement>,
    expects: &mut Expects,
) -> PyResult<()> {
    parse_unnamed(out, &statement, query.sql.to_str(py)?, expects)?;
    let (portal, limit) = match &query.portal {
        Some((portal, limit)) => (portal.as_str(), *limit),
        None => ("", 0),
    };
    write_bind(out, portal, &statement, query.parameters.bind(py))?;
    if statement.name.is_empty() {
        // Nobody keeps an unnamed statement: its tables may have changed since it was described.
        frontend::describe(out, Target::Portal(portal)).map_err(refused)?;
        expects.described += 1;
    }
    frontend::execute(out, portal, limit).map_err(refused)?;
    frontend::sync(out);
    expects.bound += 1;
    expects.completed += 1;
    query.statement = Some(statement);
    Ok(())
}

/// Write what goes before a call, under the same `Sync`: the call is passed over if one of these fails.
fn write_prelude(out: &mut BytesMut, prelude: &[String], expects: &mut Expects) -> PyResult<()> {
    for sql in prelude {
        frontend::parse(out, "", sql, &[]).map_err(refused)?;
        frontend::bind(
            out,
            "",
            "",
            &[],
            0,
            |_, _| Ok::<_, PyErr>(frontend::IsNull::Yes),
            &[],
        )
        .map_err(unbound)?;
        frontend::execute(out, "", 0).map_err(refused)?;
        expects.parsed += 1;
        expects.bound += 1;
        expects.completed += 1;
        expects.is_preluded = true;
    }
    Ok(())
}

fn parse_unnamed(
    out: &mut BytesMut,
    statement: &Statement,
    sql: &str,
    expects: &mut Expects,
) -> PyResult<()> {
    if statement.name.is_empty() {
        frontend::parse(out, "", sql, &statement.oids).map_err(refused)?;
        expects.parsed += 1;
    }
    Ok(())
}

fn write_bind(
    out: &mut BytesMut,
    portal: &str,
    statement: &Statement,
    values: &Bound<'_, PyTuple>,
) -> PyResult<()> {
    let encoders = &statement.parameters;
    check_count(encoders, values)?;
    let encode = |index: usize, out: &mut BytesMut| encoded(encoders, values, index, out);
    let (given, wanted) = (&statement.parameter_formats, &statement.result_formats);
    frontend::bind(
        out,
        portal,
        &statement.name,
        given,
        values.len(),
        encode,
        wanted,
    )
    .map_err(unbound)
}

/// Make sure that no statement is prepared for more values than any can take.
fn check_most(count: usize) -> PyResult<()> {
    if count <= frontend::MAX_PARAMETERS {
        return Ok(());
    }
    Err(refused(EncodeError::TooMany { count }))
}

/// Make sure that there are as many values as parameters.
pub(super) fn check_count(encoders: &Parameters, values: &Bound<'_, PyTuple>) -> PyResult<()> {
    if values.len() == encoders.len() {
        return Ok(());
    }
    let words = format!(
        "{} parameters are needed, {} were given",
        encoders.len(),
        values.len()
    );
    Err(ParameterError::new_err(words))
}

/// Append one value.
pub(super) fn encoded(
    encoders: &Parameters,
    values: &Bound<'_, PyTuple>,
    index: usize,
    out: &mut BytesMut,
) -> PyResult<frontend::IsNull> {
    let value = values.get_borrowed_item(index)?;
    Ok(match encoders.encode_one(index, &value, out)? {
        IsNull::Yes => frontend::IsNull::Yes,
        IsNull::No => frontend::IsNull::No,
    })
}

/// A message that cannot be written.
pub(super) fn refused(error: EncodeError) -> PyErr {
    ParameterError::new_err(error.to_string())
}

pub(super) fn unbound(error: BindError<PyErr>) -> PyErr {
    match error {
        BindError::Encode(error) => refused(error),
        BindError::Value { error, .. } => error,
    }
}
