"""The records of a run summed up.

`tally` computes rates with confidence intervals, `tables` prints them on a terminal, `plots` draws them, and `html`
puts both on a page with every miss. `pmlb_tally` and `pmlb_tables` do the same for tables that no law is known of: how
accurate and how long formulas are there, beside published methods; `pmlb_compare` sets two runs side by side.
"""
