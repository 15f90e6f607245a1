"""Tests of the Tortoise back-end."""
