//! The Python module `queryengine_orm._native`: what joins the protocol and SQLite to asyncio and to models.

use pyo3::prelude::*;

pub mod arrow;
pub mod columns;
pub mod errors;
mod event_loop;
pub mod export;
pub mod instances;
pub mod models;
pub mod postgres;
pub mod row;
pub mod rows;
pub mod sqlite;
pub mod values;
pub mod wire_rows;

/// What Rust does for queryengine-orm; Python code of this package alone imports it.
#[pymodule(gil_used = true)]
mod _native {
    use pyo3::prelude::*;

    /// The version of the distribution that this module was built for.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const version: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::instances::identities::IdentityMap;
    #[pymodule_export]
    use crate::instances::{
        Place, changes_of, drop_value, forget_changes, loaded_values, note, put_value, value_of,
    };
    #[pymodule_export]
    use crate::models::ModelShape;
    #[pymodule_export]
    use crate::postgres::{CopyReader, Derivation, DerivedPassword, Link};
    #[pymodule_export]
    use crate::row::Row;
    #[pymodule_export]
    use crate::rows::Rows;
    #[pymodule_export]
    use crate::sqlite::{Ready, SQLitePost, SQLiteSession};
    #[pymodule_export]
    use crate::values::{decode_value, encode_value, given::given, is_binary};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("Instance", crate::instances::memory::class(module.py())?)
    }
}
