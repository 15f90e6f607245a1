//! The errors that Rust raises; their classes are written in Python, in `queryengine_orm.errors`.

use pyo3::import_exception;

import_exception!(queryengine_orm.errors, ConnectionFailed);
import_exception!(queryengine_orm.errors, ConnectionLost);
import_exception!(queryengine_orm.errors, DataError);
import_exception!(queryengine_orm.errors, ParameterError);
import_exception!(queryengine_orm.errors, UsageError);
