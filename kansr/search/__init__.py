"""Best-first search over states: what is tried on one table, in what order, and when it stops."""
