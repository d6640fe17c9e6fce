"""`python -m kansr` is the command line."""

from kansr.cli.main import main

main()
