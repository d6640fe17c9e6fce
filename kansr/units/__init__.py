"""Units: what they are read from, what dimensions a formula has, and which dimensionless groups a table holds."""
