"""How a sweep is searched, run and recorded. `docs/structure.md` is the map of the rooms.

`from sweeps import Client` talks to a service; nothing is imported for it before it is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeps.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> Any:
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sweeps.client import Client

    return Client
