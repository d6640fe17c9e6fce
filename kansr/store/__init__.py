"""Results on disk.

`folder` writes a result folder: discovery.json, front.csv, rows.csv and command.txt, each replaced whole or not at all,
under a lock. `load` reads the JSON object back, and `with_rows` adds the rows and the command beside it. `estimator`
does both for a fitted `SymbolicRegressor`. `open_law` opens the law that a command line names, by a folder or as a
formula. Formulas are parsed by the grammar of `kansr.expression`; no file can run code.
"""
