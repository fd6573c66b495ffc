"""How many workers fit into a cluster: node by node, since none is spread over two."""

import pytest

from sweeps.execution.joined_ray import places


@pytest.mark.parametrize(
    ("resources", "cpus", "gpus", "expected"),
    [
        ({"CPU": 4.0}, 1, 0, 4),
        ({"CPU": 4.0}, 3, 0, 1),
        ({"CPU": 2.0}, 3, 0, 0),
        ({}, 1, 0, 0),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 1.0, 2),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.5, 4),
        ({"CPU": 1.0, "GPU": 2.0}, 1, 0.5, 1),
        ({"CPU": 8.0}, 1, 1.0, 0),
    ],
)
def test_a_node_has_places_for_whole_workers(
    resources: dict[str, float], cpus: int, gpus: float, expected: int
) -> None:
    assert places(resources, cpus=cpus, gpus=gpus) == expected
