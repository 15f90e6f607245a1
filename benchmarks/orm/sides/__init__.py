"""The sides: one module a driver or ORM, each with `opened`, a context manager that gives a `Side`."""
