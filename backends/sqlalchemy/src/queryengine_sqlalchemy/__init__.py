"""The SQLAlchemy back-end of queryengine."""
