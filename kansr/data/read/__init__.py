"""From bytes to a Table of named float64 columns."""
