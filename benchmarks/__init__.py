"""What queryengine costs beside its peers: `python -m benchmarks`. Nothing of the product imports this."""
