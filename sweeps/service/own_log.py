"""What the service itself says: to standard error, with the time, and never with a token, whoever wrote it where."""

import logging
import sys

from sweeps.service.tokens import without_tokens

__all__ = ["TokenFree", "begin_log"]


class TokenFree(logging.Formatter):
    """Leaves tokens out of messages, and out of the traces and texts of errors with them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return without_tokens(super().format(record))


def begin_log() -> None:
    """Say warnings and worse from now on, of whichever library; for the process of a service."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TokenFree("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
