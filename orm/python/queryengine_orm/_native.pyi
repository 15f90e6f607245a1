"""What Rust does for queryengine-orm; mypy's stubtest holds these words against the built module."""

from typing import Final

__all__ = ["version"]

version: Final[str]
