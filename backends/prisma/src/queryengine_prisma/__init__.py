"""The Prisma back-end of queryengine: a bound filter becomes the typed arguments of `find_many`."""
