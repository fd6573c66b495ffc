"""A node of Ray's without its dashboard, log monitor and autoscaler: a sweep's own Ray has no use for them.

`ray.init` has no option for that. Each is a Python process, and together they keep the workers from starting for over a
second and compete with their imports for two more. Nor does it wait for its node more often than once a second.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ray._private import node, services, state, utils

__all__ = ["bare_nodes"]

START_SECONDS = 30.0
"""After this Ray says itself that the node does not start."""


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
    def start_ray_processes(self) -> None:
        """Return when the node is there: Ray, which looks for it next, would sleep for a second if it were not."""
        super().start_ray_processes()
        known = state.GlobalState()
        known._initialize_global_state(services._get_gcs_client_options(self.gcs_address))
        deadline = time.monotonic() + START_SECONDS
        while not known.node_table() and time.monotonic() < deadline:
            time.sleep(0.02)

    def start_monitor(self) -> None:
        """Start no autoscaler: the node is all there will be."""

    def start_log_monitor(self) -> None:
        """Start nothing that follows log files: a worker writes its evaluations' logs itself."""

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Start no dashboard, as if Ray had failed to start one, which it can do without."""


def _not_wanted() -> ImportError:
    """Say that the dashboard's packages are missing, upon which Ray starts its agent without a server."""
    return ImportError("a sweep's own Ray has no dashboard")
