"""Records of a benchmark as tables, plots and a page."""
