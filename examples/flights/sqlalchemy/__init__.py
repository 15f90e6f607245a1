"""The service on SQLAlchemy and SQLite, whose file is also what all answers are checked against."""
