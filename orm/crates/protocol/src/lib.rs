//! PostgreSQL's wire protocol as values: bytes in, messages out. It knows no socket, no runtime, no Python.
