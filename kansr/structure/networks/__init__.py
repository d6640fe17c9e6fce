"""Networks as finders of structures: grown one node at a time, and read as sums of products of named functions.

`product_network.py` is the kind of network: a sum of curves beside products of curves. `growth.py` grows it under
transforms of the target, one product at a time, while held-out rows ask for it. `spans.py` reads which functions of
each input its curves are made of, and names these, the surest first. `terms.py` finds which products of named
functions the target is a sum of. `reading.py` takes sure curves out of the target, and `hidden_nodes.py` makes the
nodes of networks [n, 1, 1] and [n, 2, 1] inputs in turn.
"""
