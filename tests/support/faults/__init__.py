"""What bad tables and faults are made of, and what has to come of each. The table of them is project/test_faults.py."""
