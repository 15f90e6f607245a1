"""The Beanie back-end of queryengine: a bound filter becomes a typed `FindMany` or `AggregationQuery`."""
