"""The back-ends side by side: each with its engine, and with the same query as users of its ORM write it."""
