"""`python -m kansr` is the command line."""

from kansr.cli.main import main

if __name__ == "__main__":
    main()
