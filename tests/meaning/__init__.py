"""The meaning of filters: random ones on real databases, row for row against the reference evaluator."""
