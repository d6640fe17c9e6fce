"""`python -m kansr.cli`, as `python -m kansr`."""

from kansr.__main__ import main

main()
