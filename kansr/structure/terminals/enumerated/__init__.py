"""Laws out of a table of small expressions."""
