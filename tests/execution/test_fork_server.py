"""Workers of a real Ray, forked from one process; and what becomes of them when that process is not there."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TWO_WORKERS = """
import json, os, random, socket, sys
from pathlib import Path
from sweeps.execution.fork_client import ADDRESS, abstract
from sweeps.execution.local_ray import local_ray, ray_ahead, wait_for_workers
from tests.end_to_end.sweep_process import descendants_of, kill

with ray_ahead(cpus=1, log=Path(sys.argv[1])):
    (server,) = descendants_of(os.getpid())
    if "server killed" in sys.argv:
        kill(server)
    else:
        with socket.socket(socket.AF_UNIX) as died_while_it_asked:
            died_while_it_asked.connect(abstract(os.environ[ADDRESS]))
            died_while_it_asked.sendall(b"{")
        with socket.socket(socket.AF_UNIX) as given_up:
            given_up.connect(abstract(os.environ[ADDRESS]))
            no_program = {"arguments": ["given_up.py"], "environment": {}, "folder": "/"}
            given_up.sendall(json.dumps(no_program).encode())
    with local_ray(workers=2, cpus=1, gpus=0):
        import ray

        class Worker:
            def tell(self):
                return {
                    "process": os.getpid(),
                    "parent": os.getppid(),
                    "group": os.getpgid(0),
                    "threads": os.environ["OMP_NUM_THREADS"],
                    "names": [ray.ObjectRef.from_random().hex() for _ in range(3)],
                    "random": random.random(),
                }

        wait_for_workers(2)
        workers = [ray.remote(num_cpus=1)(Worker).remote() for _ in range(2)]
        told = ray.get([worker.tell.remote() for worker in workers])
        threads = len(os.listdir(f"/proc/{server}/task")) if Path(f"/proc/{server}/task").exists() else 0
        ours = [os.getpid(), *descendants_of(os.getpid())]
        print(json.dumps({"server": server, "threads": threads, "ours": ours, "workers": told}), flush=True)
        sys.stdin.readline()
"""


def started(log: Path, *more: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
    """Start a Ray with two workers, and return its driver, which ends with its input, and what it tells of them."""
    command = [sys.executable, "-c", TWO_WORKERS, str(log), *more]
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    return driver, json.loads(driver.stdout.readline())


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_workers_are_forked_from_a_process_of_one_thread_and_have_nothing_random_in_common(tmp_path: Path) -> None:
    driver, told = started(tmp_path / "workers.log")
    listening = _addresses_that_listen(set(told["ours"]))
    driver.communicate(timeout=60)
    first, second = told["workers"]
    assert {first["parent"], second["parent"]} == {told["server"]}
    assert told["threads"] == 1
    assert (first["process"], second["process"]) == (first["group"], second["group"])
    assert {first["threads"], second["threads"]} == {"1"}
    assert len({*first["names"], *second["names"]}) == 6
    assert first["random"] != second["random"]
    assert listening == {"127.0.0.1"}
    assert not Path(f"/proc/{told['server']}").exists()
    assert "given_up.py" not in (tmp_path / "workers.log").read_text(encoding="utf-8")  # it would not have been found


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_workers_start_by_themselves_when_the_process_to_fork_has_died(tmp_path: Path) -> None:
    driver, told = started(tmp_path / "workers.log", "server killed")
    driver.communicate(timeout=60)
    assert told["server"] not in {worker["parent"] for worker in told["workers"]}
    assert len(told["workers"]) == 2


def _addresses_that_listen(processes: set[int]) -> set[str]:
    """Return the addresses at which any of these processes listens, as the system knows them."""
    sockets = {
        link.readlink().name.removeprefix("socket:[").removesuffix("]")
        for process in processes
        for link in Path(f"/proc/{process}/fd").iterdir()
        if link.is_symlink() and str(link.readlink()).startswith("socket:")
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:  # 0A: it listens
                found.add(_readable(fields[1].partition(":")[0]))
    return found


def _readable(address: str) -> str:
    """Return an address as people write it, of one that the kernel prints as words of four reversed bytes."""
    raw = b"".join(bytes.fromhex(address[begin : begin + 8])[::-1] for begin in range(0, len(address), 8))
    mapped = raw.removeprefix(b"\0" * 10 + b"\xff\xff")
    return socket.inet_ntop(socket.AF_INET if len(mapped) == 4 else socket.AF_INET6, mapped)
