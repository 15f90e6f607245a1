//! How a server's report and a broken protocol become Python's exceptions.

use pyo3::import_exception;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use queryengine_protocol::errors::ErrorFields;

import_exception!(queryengine_orm.errors, ConnectionLost);
import_exception!(queryengine_orm.errors, DataError);
import_exception!(queryengine_orm.errors, ParameterError);
import_exception!(queryengine_orm.errors, ProtocolViolation);
import_exception!(queryengine_orm.errors, StalePlan);
import_exception!(queryengine_orm.errors, TimeoutExceeded);
import_exception!(queryengine_orm.errors, UsageError);

static DATABASE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The exception of a server's report.
pub fn database_error(py: Python<'_>, fields: &ErrorFields) -> PyErr {
    make(py, fields).unwrap_or_else(|error| error)
}

fn make(py: Python<'_>, fields: &ErrorFields) -> PyResult<PyErr> {
    let function = DATABASE_ERROR.import(py, "queryengine_orm.errors", "database_error")?;
    let more = PyDict::new(py);
    let texts = [
        ("detail", &fields.detail),
        ("hint", &fields.hint),
        ("schema", &fields.schema),
        ("table", &fields.table),
        ("column", &fields.column),
        ("constraint", &fields.constraint),
        ("routine", &fields.routine),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            more.set_item(name, value)?;
        }
    }
    if let Some(position) = fields.position {
        more.set_item("position", position)?;
    }
    let error = function.call((fields.code.as_str(), &fields.message), Some(&more))?;
    Ok(PyErr::from_value(error))
}

/// Why a connection is over, told to each call that it had.
pub enum End {
    /// The server broke the protocol.
    Violation(String),
    /// The server ended the session and said why.
    Fatal(Box<ErrorFields>),
    /// The connection is gone.
    Lost(String),
}

impl End {
    /// The exception for one call.
    pub fn error(&self, py: Python<'_>) -> PyErr {
        match self {
            Self::Violation(what) => ProtocolViolation::new_err(format!(
                "the server broke the protocol, the connection was dropped: {what}"
            )),
            Self::Lost(why) => ConnectionLost::new_err(why.clone()),
            Self::Fatal(fields) => {
                let error = ConnectionLost::new_err(format!(
                    "the server ended the session: {} (SQLSTATE {})",
                    fields.message, fields.code
                ));
                error.set_cause(py, Some(database_error(py, fields)));
                error
            }
        }
    }
}
