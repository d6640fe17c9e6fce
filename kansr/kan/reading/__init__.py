"""How a network is read: importance and pruning, curves in the units of the table, symbolic edges, pictures."""
