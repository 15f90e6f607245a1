"""What tests of back-ends need: random filters and values, and the comparison with the reference evaluator.

Needs the extra `testing`; nothing in queryengine itself imports it.
"""
