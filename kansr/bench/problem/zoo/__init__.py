"""An endless seeded zoo of plausible laws, to develop on and to be checked with.

`frequencies` has the frequencies of functions and shapes, `draft` builds a law whose inputs can still be scaled,
`functions` are the functions of one group of inputs that laws use, `shapes` the ways in which groups become a law.
`plausible` rejects laws that nobody would measure, and `drawn` is law number k, with its rows, its noise and its
irrelevant columns.
"""
