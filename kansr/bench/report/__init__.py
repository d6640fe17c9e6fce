"""The records of a run summed up.

`tally` computes rates with confidence intervals, `tables` prints them on a terminal, `plots` draws them, and `html`
puts both on a page with every miss.
"""
