"""Reading: from a trained network to what it says about the inputs.

`importance.py` measures edges and nodes, `prune.py` removes those that matter little, `compact.py` the nodes that are
left without edges. `symbolic.py` finds functions for single edges, `formulas.py` for all of them, and gives the formula
of the network. `trace.py` turns a network into a Graph of sampled curves, from which the rest of kansr goes on.
`plot.py` draws.
"""
