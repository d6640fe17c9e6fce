"""`python -m kansr.cli`, as `python -m kansr`."""

from kansr.cli.main import main

main()
