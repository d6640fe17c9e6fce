"""An endless seeded zoo of plausible laws, to develop on and to be checked with.

`frequencies` says how often laws have what, `draft` is a law in the making, whose inputs can still be scaled,
`functions` are the functions of one group that laws use, `shapes` the ways in which groups become a law. `plausible`
refuses what no table would be measured of, and `drawn` is law number k, with its rows, its noise and its idle columns.
"""
