"""A discovery as one page to read, to print and to hand on."""
