"""queryengine: a request's filter becomes a typed, safe query for the ORM of the service."""
