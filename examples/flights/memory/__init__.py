"""The service on Python objects: no database, each request looks at every row."""
