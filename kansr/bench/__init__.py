"""The benchmark: how often methods recover known laws from the same rows in the same time.

A `problem` is a known law with ranges to sample from; a `trial` is one problem, noise level, seed and method. `run`
does all trials of a run, on processes of this machine or on a dask cluster (`backends`), shows the `progress`, and
appends each `record` to a file (`records`). For each record, one child process searches and another grades (`child`).
`methods` are the searches that are compared, `real` has tables of measurements, whose law is not known; `grade` decides
whether a formula is the law: strictly, by its skeleton, and by the rule of SRBench (La Cava et al. 2021). `report` sums
records up in tables, plots and a page.
"""
