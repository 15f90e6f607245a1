"""The conformance kit on each back-end of this repository, and on all of them at once."""
