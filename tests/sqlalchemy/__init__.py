"""The SQLAlchemy back-end: schemas, SQL, rows."""
