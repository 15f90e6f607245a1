"""The service on queryengine-orm and SQLite, in a file of its own: its relations follow one column each."""
