"""Tables of measurements instead of laws to sample from: the suites `pmlb` and `empirical`.

`folder` finds the tables in the folder that the user names; `pmlb` splits one as SRBench does, `figures` measures a
formula on its test rows, and `published` reads what other methods reached on the same tables. `empirical` gives the
rows that laws of history were found from.
`odebench` is the suite of systems of differential equations, found from one trajectory and tried on another.
"""
