"""Reductions: a state with fewer or simpler inputs. `gradient/` asks the surrogate model, `direct/` the rows."""
