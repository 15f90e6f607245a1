"""The Tortoise back-end of queryengine: a bound filter becomes a typed `QuerySet`."""
