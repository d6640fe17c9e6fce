"""Graphs of curves, whose functions are named afterwards.

`additive.py` fits sums of curves by linear least squares, and products of curves. `tensor_curves.py` fits
A(u) + B(u)·g(v) by alternating least squares (Carroll and Chang 1970). `trained_network.py` trains and prunes a
Kolmogorov-Arnold network. Each gives a `Graph`; the search matches its curves with the library.
"""
