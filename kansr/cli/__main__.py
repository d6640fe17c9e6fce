"""`python -m kansr.cli`, as `python -m kansr`."""

from kansr.cli.main import main

if __name__ == "__main__":
    main()
