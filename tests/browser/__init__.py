"""The documentation page of a service, used in a real browser as a person would."""
