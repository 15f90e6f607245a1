"""The tests: they mirror the modules, and each name states what it promises."""
