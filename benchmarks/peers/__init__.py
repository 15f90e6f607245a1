"""The same questions in each peer's language, one file a peer, all against `benchmarks.models.Flight`."""
