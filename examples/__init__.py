"""Services that show queryengine on real data, run from a checkout; no part of the distribution."""
