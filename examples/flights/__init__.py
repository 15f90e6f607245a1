"""The flights that left New York City in 2013, as a service: `python -m examples.flights demo` or `serve`."""
