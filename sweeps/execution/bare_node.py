"""A node of Ray's on loopback with nothing but what runs workers: no dashboard, agents, log monitor or autoscaler.

`ray.init` has no option for that. Each is a Python process; together they keep the workers from starting for over two
seconds, compete with their imports for two more, and some listen on ports. A sweep's own Ray has no use for any. And
Ray takes 127.0.0.1 for the address by which others reach this machine, and then listens to all of them.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray._private import node, ray_constants, services, state

from sweeps.execution import fork_client, idle_agent

__all__ = ["bare_nodes"]

START_SECONDS = 30.0
"""After this Ray says itself that the node does not start."""

PORTS = {
    ray_constants.PROCESS_TYPE_DASHBOARD_AGENT: "metrics_agent_port,metrics_export_port,dashboard_agent_listen_port",
    ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT: "runtime_env_agent_port",
}
"""The ports of each agent. The second makes environments for workers that ask for one of their own: none does here."""


@contextmanager
def bare_nodes() -> Iterator[None]:
    """Have `ray.init` start a node of this kind."""
    whole, python = node.Node, services._build_python_executable_command_memory_profileable
    reachable = services.resolve_ip_for_localhost

    def idle_or_python(component: str, *arguments: Any, **more: Any) -> list[str]:
        """Return how a Python process of Ray's begins; the program follows, to an idle agent one argument of many."""
        ports = PORTS.get(component)
        if ports is not None:
            return [sys.executable, "-I", "-S", idle_agent.__file__, ports]
        begin: list[str] = python(component, *arguments, **more)
        return begin

    node.Node, services._build_python_executable_command_memory_profileable = _BareNode, idle_or_python
    services.resolve_ip_for_localhost = lambda host: host
    try:
        yield
    finally:
        node.Node, services._build_python_executable_command_memory_profileable = whole, python
        services.resolve_ip_for_localhost = reachable


class _BareNode(node.Node):  # type: ignore[misc]  # Ray has no types
    def __init__(self, ray_params: Any, **more: Any) -> None:
        ray_params.setup_worker_path = fork_client.__file__
        super().__init__(ray_params, **more)

    def start_ray_processes(self) -> None:
        """Return when the node is there: Ray, which looks for it next, would sleep for a second if it were not."""
        super().start_ray_processes()
        known = state.GlobalState()
        known._initialize_global_state(services._get_gcs_client_options(self.gcs_address))
        deadline = time.monotonic() + START_SECONDS
        while not known.node_table() and time.monotonic() < deadline:
            time.sleep(0.02)  # nothing tells when it is

    def start_monitor(self) -> None:
        """Start no autoscaler: the node is all there will be."""

    def start_log_monitor(self) -> None:
        """Start nothing that follows log files: a worker writes its evaluations' logs itself."""

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """Start no dashboard, as if Ray had failed to start one, which it can do without."""
