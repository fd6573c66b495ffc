"""A real sweep under a real service: whoever is killed, it ends as an undisturbed one does, and is told of once."""

from pathlib import Path
from typing import Any

import pytest

from models.datasets import load_training
from sweeps.conclude import DataFacts, champion_json, choose, write_best
from sweeps.execution.evaluation import evaluate
from sweeps.execution.lease import Holder, is_held, read_holder
from sweeps.execution.storage import Home, SweepFiles
from sweeps.execution.supplies import Supplies
from sweeps.execution.workbench import set_up_workbench
from sweeps.record.completeness import is_complete
from sweeps.search.cross_validation import assign_folds
from sweeps.search.search import Outcome
from sweeps.search.seeds import Purpose, derive_seed
from tests.end_to_end.sweep_process import descendants_of, kill, wait_until
from tests.service.receiver import Receiver, receive
from tests.service.service_process import ServiceProcess
from tests.sweep_on_disk import RAW, new_search, small_spec

CHANGES: dict[str, Any] = {"dataset": {"name": "digits", "limit": 200}, "folds": 2, "hyperband": {"max_epochs": 9}}

SPEC = small_spec(**CHANGES)


class Watched:
    """A sweep of a service, seen by HTTP and on disk."""

    def __init__(self, service: ServiceProcess, files: SweepFiles, receiver: Receiver) -> None:
        """Submit it."""
        spec = {**RAW, **CHANGES, "notify": [receiver.address()], "tensorboard": True}
        status, told = service.ask("POST", "/api/v1/sweeps", spec)
        assert status == 201, told
        self.service, self.files, self.ref = service, files, told["sweep"]["ref"]

    def view(self) -> dict[str, Any]:
        """Return how it stands."""
        told: dict[str, Any] = self.service.ask("GET", f"/api/v1/sweeps/{self.ref}")[1]
        return told

    def wish(self, wish: str) -> str:
        """Wish something of it, and return its state."""
        status, told = self.service.ask("POST", f"/api/v1/sweeps/{self.ref}/{wish}")
        assert status == 202, told
        return str(told["state"])

    def wait_for(self, *states: str) -> dict[str, Any]:
        """Return how it stands once it is in one of some states."""
        wait_until(lambda: self.view()["state"] in states)
        return self.view()

    def wait_for_more(self) -> None:
        """Return when there is another result."""
        known = len(self.files.evaluations())
        wait_until(lambda: len(self.files.evaluations()) > known)

    def driver(self, other: Holder | None = None) -> Holder:
        """Return who runs it now, once that is another."""
        wait_until(lambda: read_holder(self.files.lease) not in (None, other))
        holder = read_holder(self.files.lease)
        assert holder is not None
        return holder


def champion_without_any_of_it(home: Home) -> dict[str, Any]:
    """Return what the sweep finds when its evaluations follow one another in this process, without Ray and MLflow."""
    files, search = home.sweep(SPEC.sweep_id), new_search(SPEC)
    dataset = load_training(SPEC.dataset.name, limit=SPEC.dataset.limit, folder=None)
    folds = assign_folds(dataset.labels, SPEC.folds, derive_seed(SPEC.seed, Purpose.SPLIT))
    bench = set_up_workbench(Supplies(SPEC, files, home.features, dataset, folds))
    while (evaluation := search.ask()) is not None:
        result = files.write_result(evaluate(bench, evaluation))
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
    verdict = choose(SPEC, search)
    assert verdict is not None
    data = DataFacts(dataset_sha256="1" * 64, folds_sha256="2" * 64)
    return champion_json(write_best(SPEC, files, verdict, data, tracking_uri="sqlite://", run_id=""))


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(900)
def test_a_sweep_ends_the_same_whoever_is_killed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    expected = champion_without_any_of_it(Home(tmp_path / "alone"))
    with receive() as receiver, ServiceProcess(home.root, SWEEPS_NOTIFY_HOSTS=receiver.host) as service:
        sweep = Watched(service, home.sweep(SPEC.sweep_id), receiver)
        # The service alone: the sweep goes on, and the next one finds it.
        sweep.wait_for_more()
        first = sweep.driver()
        service.kill()
        sweep.wait_for_more()
        service.start()
        assert (sweep.view()["state"], sweep.view()["attempts"], sweep.driver()) == ("running", 1, first)
        # All at once, Ray and its workers too, then the driver alone: each time it is started again.
        everybody = [first.pid, *descendants_of(first.pid)]
        assert len(everybody) > 4
        service.kill()
        for pid in everybody:
            kill(pid)
        service.start()
        second = sweep.driver(first)
        sweep.wait_for_more()
        kill(second.pid)
        sweep.driver(second)
        assert sweep.view()["attempts"] == 3
        sweep.wait_for_more()
        assert sweep.wish("pause") in ("pausing", "paused")
        paused = sweep.wait_for("paused", "finished")
        assert (paused["state"], paused["attempts"]) == ("paused", 3)
        assert 0 < paused["evaluations"] < paused["planned"]
        assert not is_held(sweep.files.lease)
        wait_until(lambda: "paused" in receiver.states())

        # What was cancelled does not come back, and what is resumed ends as if nothing had happened.
        assert sweep.wish("cancel") == "cancelled"
        wait_until(lambda: "cancelled" in receiver.states())
        service.kill()
        service.start()
        assert service.ask("GET", "/readyz")[0] == 200
        assert (sweep.view()["state"], sweep.view()["attempts"]) == ("cancelled", 3)
        sweep.wish("resume")
        ended = sweep.wait_for("finished", "failed")
        assert (ended["state"], ended["attempts"], ended["champion"]) == ("finished", 4, expected)
        wait_until(lambda: told(receiver)[-1:] == ["finished"])

    assert told(receiver) == ["running", "paused", "cancelled", "running", "finished"]
    rungs = {result.trial: result.rung for result in sweep.files.results()}
    assert is_complete(f"sqlite:///{service.database}", sweep.ref, rungs)
    assert len(list(sweep.files.tensorboard.rglob("events.out.tfevents.*"))) == ended["evaluations"]
    assert holders_of(tmp_path, service.token) == []


def told(receiver: Receiver) -> list[str]:
    """Return the states that were told, each message once."""
    messages = {each.told["id"]: each.told["data"] for each in receiver.messages}
    return [data["state"] for data in sorted(messages.values(), key=lambda data: data["number"])]


def holders_of(folder: Path, token: str) -> list[Path]:
    """Return the files, logs and records among them, that hold a token's secret."""
    secret = token.split("_", 2)[2].encode()  # it may hold that character too
    return [path for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]
