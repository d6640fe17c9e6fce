"""The network: from a batch of inputs to its outputs, and to files.

`spline.py` has B-splines, `spline_sums.py` their sums in little memory, `layer.py` one layer of edges, `fixed_edges.py`
edges with a known function, and `network.py` layers with sum and product nodes. `checkpoint.py` saves and loads a
network, `pykan_names.py` knows pykan's names of functions, and `threads.py` keeps small work on one thread.
Source: C. de Boor 1978 for the splines; Z. Liu et al. 2024, arXiv 2404.19756 and 2408.10205, for the networks.
"""
