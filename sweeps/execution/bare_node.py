"""A node of Ray's without its dashboard, log monitor and autoscaler: a sweep's own Ray has no use for them.

`ray.init` has no option for that. Each is a Python process, and together they keep the workers from starting for over a
second and compete with their imports for two more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ray._private import node, utils

__all__ = ["bare_nodes"]


@contextmanager
def bare_nodes() -> Iterator[None]:
    """Have `ray.init` start a node of this kind."""
    whole, node.Node = node.Node, _BareNode
    missing, utils.get_dashboard_dependency_error = utils.get_dashboard_dependency_error, _not_wanted
    try:
        yield
    finally:
        node.Node, utils.get_dashboard_dependency_error = whole, missing


class _BareNode(node.Node):  # type: ignore[misc]  # Ray has no types
    def start_monitor(self) -> None:
        """Start no autoscaler: the node is all there will be."""

    def start_log_monitor(self) -> None:
        """Start nothing that follows log files: a worker writes its evaluations' logs itself."""

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Start no dashboard, as if Ray had failed to start one, which it can do without."""


def _not_wanted() -> ImportError:
    """Say that the dashboard's packages are missing, upon which Ray starts its agent without a server."""
    return ImportError("a sweep's own Ray has no dashboard")
