"""What the companion costs beside drivers and ORMs of the same databases: `make bench-orm`."""
