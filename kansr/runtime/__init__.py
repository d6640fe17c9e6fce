"""Where work runs, how long it may take, how it is ended. Knows no mathematics."""
