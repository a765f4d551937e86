"""`python -m mailconnector` and the command `mailconnector`.

A process that parses mail beside a synchronisation loads the program that started it once more; so it is next to
nothing, and has the command line loaded by its name.
"""

from importlib import import_module


def main() -> None:
    """Run the command with the arguments of the process, and exit with its code."""
    import_module("mailconnector.cli.main").main()


if __name__ == "__main__":
    main()
