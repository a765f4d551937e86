"""`python -m mailconnector` is the command `mailconnector`."""

from mailconnector.cli.main import main

if __name__ == "__main__":
    main()
