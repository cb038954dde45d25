"""``python -m cameo.backend`` is the ``cameo`` command."""

from .cli import main

if __name__ == "__main__":
    main()
