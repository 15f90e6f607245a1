//! SQLite with typed columns, a step budget for short reads, and one writer. It knows no Python.
