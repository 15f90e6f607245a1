"""An asyncio ORM with a Rust core: typed models on PostgreSQL and SQLite, and a back-end of queryengine."""

from __future__ import annotations
