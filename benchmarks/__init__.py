"""Measurements of kansr: what each script asks is in README.md, what came out in latest.md and results/."""
