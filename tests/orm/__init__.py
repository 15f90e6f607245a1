"""Tests of the companion, `queryengine-orm`."""
