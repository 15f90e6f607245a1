"""The service on Beanie and MongoDB, in documents that link to one another and hold their weather."""
