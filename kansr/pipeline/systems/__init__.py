"""Systems of differential equations from time series, and jobs with several targets.

`read` makes runs (`series`) of a table, `smoothing` curves of their states. `regression` offers right-hand sides for
each state. `trajectories` fits the constants of all right-hand sides (`rates`) by multiple shooting, `joint` compares
combinations of them by description length, with the nice numbers of `snapping`; `solve` is all of it in turn.
`simulate` integrates a system by scipy's solvers, `laws` makes results of it, and `run` does what a job asks.
"""
