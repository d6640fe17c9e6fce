"""One run from a table to a result: partition of rows, plan, attempts in parallel, refiners, conclusion, journal."""
