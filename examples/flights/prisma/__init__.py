"""The service on Prisma and SQLite, in a file of its own: Prisma has no dates and no times of day there."""
