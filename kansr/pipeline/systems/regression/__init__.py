"""Right-hand sides for one state at a time, by sparse regression without differences.

`terms` are what right-hand sides are sums of. `views` has what a state and the integrals of its right-hand side have in
common, in integral and weak form, so that nothing is differentiated. `subsets` is the sparse regression in them,
`integrals` fits a right-hand side there, and `candidates` keeps the best for each state.
"""
