"""The service on Tortoise and SQLite, in a file of its own: Tortoise has no keys of two columns."""
