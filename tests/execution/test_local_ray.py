"""A real Ray of a sweep's own: which processes it has, and that its workers are those that were started with it."""

import json
import subprocess
import sys

RESERVE_AND_ASK = """
import json, sys, time
from sweeps.execution.local_ray import local_ray, wait_for_workers

with local_ray(workers=1, cpus=1, gpus=0):
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    class Worker:
        def modules(self):
            return sorted(sys.modules)

    wait_for_workers(1)
    workers = set(ray._private.state.workers())
    reserved = ray.util.placement_group([{"CPU": 1}])
    ray.get(reserved.ready())
    time.sleep(2.5)  # Ray looks for idle workers every 0.2 s, and ends those that have been idle for one second
    strategy = PlacementGroupSchedulingStrategy(reserved)
    worker = ray.remote(num_cpus=1)(Worker).options(scheduling_strategy=strategy).remote()
    modules = ray.get(worker.modules.remote())
    workers |= set(ray._private.state.workers())
    processes = sorted(ray._private.worker._global_node.all_processes)
    print(json.dumps({"workers": len(workers), "processes": processes, "modules": modules}))
"""


def test_a_reserved_core_is_given_to_the_worker_that_was_started_with_ray() -> None:
    command = [sys.executable, "-c", RESERVE_AND_ASK]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert told["workers"] == 1
    assert told["processes"] == ["gcs_server", "raylet"]
    assert {"torch", "pytorch_lightning", "ray.tune", "sweeps.execution.evaluation"} <= set(told["modules"])
    assert not {"scipy.signal", "scipy.stats", "matplotlib", "sympy", "pandas", "ray.data"} & set(told["modules"])
    assert not [module for module in told["modules"] if module.startswith("torch._dynamo.")]
