"""Laws of one input: curve matching, Prony's method, periodograms."""
