"""Claims in a real SQLite store: made once, changed with a note of who did it, told from experiments of others."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow import MlflowClient

from sweeps.record.connection import RecordError
from sweeps.record.run_index import open_experiment
from sweeps.service.claims import Claim, Claims
from tests.record.store import Store

SWEEP = "small-01234567"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, MlflowClient)


def claims(store: Store, now_ms: int = 1_700_000_000_000) -> Claims:
    return Claims(store.uri, store.artifacts, lambda: now_ms)


def claim(known: Claims, project: str = "default", by: str = "ann") -> tuple[Claim, bool]:
    return known.claim(project=project, sweep_id=SWEEP, priority=2, by=by)


def test_a_sweep_is_claimed_once_in_each_project(store: Store) -> None:
    made, is_new = claim(claims(store))
    experiment = store.client.get_experiment_by_name(SWEEP)
    assert experiment is not None
    expected = Claim(SWEEP, "default", SWEEP, "run", 0, 2, 1_700_000_000_000, "ann", experiment.experiment_id)
    assert (made, is_new) == (expected, True)
    assert claim(claims(store, now_ms=5), by="bob") == (expected, False)
    assert claim(claims(store), project="team")[0].ref == f"team~{SWEEP}"
    assert {known.ref for known in claims(store).all()} == {SWEEP, f"team~{SWEEP}"}
    assert claims(store).get(SWEEP) == expected
    assert claims(store).get("other-01234567") is None


def test_of_many_who_claim_at_once_one_is_first(store: Store) -> None:
    with ThreadPoolExecutor(8) as many:
        made = list(many.map(lambda n: claim(claims(store), by=f"caller {n}"), range(16)))
    assert [created for _, created in made].count(True) == 1
    assert len({known for known, _ in made}) == 1
    assert len(claims(store).all()) == 1


def test_changes_are_kept_with_who_made_them_and_when(store: Store) -> None:
    known = claims(store)
    claim(known)
    known.set_wish(SWEEP, "pause", "bob", attempts=3)
    known.set_priority(SWEEP, -1, "eve")
    found = claims(store).get(SWEEP)
    assert found is not None
    assert (found.wish, found.attempts_at_wish, found.priority) == ("pause", 3, -1)
    experiment = store.client.get_experiment_by_name(SWEEP)
    assert experiment is not None
    audit = [(key, json.loads(tag)) for key, tag in experiment.tags.items() if key.startswith("sweep.audit.")]
    assert all(key.startswith("sweep.audit.1700000000000-") for key, _ in audit)
    assert [told for _, told in sorted(audit)] == [
        {"who": "ann", "what": "submitted"},
        {"who": "bob", "what": "wish pause"},
        {"who": "eve", "what": "priority -1"},
    ]


def test_a_sweep_that_was_begun_without_a_service_keeps_its_experiment(store: Store) -> None:
    experiment_id = open_experiment(store.client, SWEEP, store.artifacts, {"view": "kept"})
    assert claims(store).all() == []
    assert claim(claims(store))[1]
    experiment = store.client.get_experiment_by_name(SWEEP)
    assert experiment is not None
    assert (str(experiment.experiment_id), experiment.tags["view"]) == (experiment_id, "kept")
    assert [known.ref for known in claims(store).all()] == [SWEEP]


def test_a_deleted_experiment_is_no_claim_until_it_is_claimed_again(store: Store) -> None:
    claim(claims(store))
    experiment = store.client.get_experiment_by_name(SWEEP)
    assert experiment is not None
    store.client.delete_experiment(experiment.experiment_id)
    assert claims(store).all() == []
    assert claims(store).get(SWEEP) is None
    assert claim(claims(store))[1]
    assert len(claims(store).all()) == 1


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("sweep.claim", '{"project": "default", "sweep_id": "../../etc", "submitted_ms": 0, "submitted_by": "x"}'),
        ("sweep.claim", "[]"),
        ("sweep.wish", "run"),
        ("sweep.wish", '{"wish": "fly", "attempts": 0}'),
        ("sweep.priority", "high"),
    ],
)
def test_tags_that_were_changed_by_hand_into_nonsense_are_no_claim(store: Store, tag: str, value: str) -> None:
    claim(claims(store))
    claim(claims(store), project="team")
    experiment = store.client.get_experiment_by_name(SWEEP)
    assert experiment is not None
    store.client.set_experiment_tag(experiment.experiment_id, tag, value)
    assert [known.ref for known in claims(store).all()] == [f"team~{SWEEP}"]


def test_a_record_that_is_away_is_an_error_that_people_can_read() -> None:
    with pytest.raises(RecordError, match=r"MLflow at http://127\.0\.0\.1:9 must be writable"):
        Claims("http://127.0.0.1:9", None).all()


LEAN = """
import sys
from sweeps.service.claims import Claims
assert Claims(sys.argv[1], None).all() == []
held = {name for name in ("mlflow", "pandas", "pyarrow", "scipy") if name in sys.modules}
import pandas, scipy
print(sorted(held), pandas.DataFrame({"a": [1]}).shape)
"""


def test_a_service_holds_none_of_the_tables_that_mlflow_brings_and_forbids_them_to_nobody(store: Store) -> None:
    command = [sys.executable, "-W", "ignore", "-c", LEAN, store.uri]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "['mlflow'] (1, 1)\n"
