"""`python -m kansr` is the command line."""

from kansr.cli import main

main()
