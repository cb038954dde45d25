"""How a file is refused. Imports nothing, so that the package may import it, too."""

REFUSED = 3
"""Exit code of the reader when the file is at fault; a JSON string on standard error says why."""


class Refused(Exception):  # noqa: N818 - the file is at fault, not the reader
    """The file asks for something that arrays do not need, or is not what it says."""
