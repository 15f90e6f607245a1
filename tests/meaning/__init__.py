"""What filters mean where SQLAlchemy has more than the conformance kit: its models, options and drivers."""
