"""How a sweep stands, read from its files alone: no search is replayed and no MLflow asked."""

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from sweeps.errors import StorageError, SweepError
from sweeps.execution.lease import is_held
from sweeps.execution.storage import Home, SweepFiles
from sweeps.spec import SweepSpec

__all__ = ["Summary", "find_sweep", "read_spec", "summarise"]


@dataclass(frozen=True)
class Summary:
    """A sweep in one line.

    Attributes:
        sweep_id: The sweep.
        state: `running` (a driver holds its lease), `finished`, `failed` or `interrupted`.
        model: Its model.
        dataset: Its dataset.
        objective: What it minimises.
        evaluations: Evaluations that have a result.
        planned: Evaluations in all.
        champion: The champion's trial, mean, standard error and hyperparameters; None before the end.
        why: Why it failed, or empty.
        folder: Where its files are.
    """

    sweep_id: str
    state: str
    model: str
    dataset: str
    objective: str
    evaluations: int
    planned: int
    champion: dict[str, Any] | None
    why: str
    folder: str

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return asdict(self)


def find_sweep(home: Home, name: str) -> SweepFiles:
    """Return the files of the sweep whose id is, or begins with, a name.

    Raises:
        SweepError: No sweep, or more than one, is meant.
    """
    known = home.sweep_ids()
    meant = [name] if name in known else [sweep_id for sweep_id in known if sweep_id.startswith(name)]
    if len(meant) == 1:
        return home.sweep(meant[0])
    listed = ", ".join(meant or known) or "none"
    rule = "a sweep is named by its id, or by a beginning that no other has"
    raise SweepError(f"{rule}, but got {name!r}. In {home.root} there are: {listed}.")


def read_spec(files: SweepFiles) -> SweepSpec:
    """Return the spec that lies with a sweep.

    Raises:
        StorageError: There is none, or it is damaged.
    """
    try:
        return SweepSpec.model_validate(files.read_json(files.spec))
    except (ValidationError, ValueError) as error:
        said = " ".join(str(error).split())
        raise StorageError(f"{files.spec} must hold the spec of a sweep, but {said}. Restore the file.") from error


def summarise(files: SweepFiles) -> Summary:
    """Return how a sweep stands.

    Raises:
        StorageError: One of its files is damaged.
    """
    spec = read_spec(files)
    running = is_held(files.lease)  # asked first: what a driver concludes, it writes before it lets go
    conclusion = files.read_json(files.conclusion) or {}
    return Summary(
        sweep_id=files.sweep_id,
        state="running" if running else conclusion.get("state", "interrupted"),
        model=spec.model,
        dataset=spec.dataset.name,
        objective=spec.objective,
        evaluations=sum(1 for _ in (files.root / "evaluations").glob("*/*.json")),
        planned=spec.ladder().evaluations,
        champion=conclusion.get("champion"),
        why=conclusion.get("why", ""),
        folder=str(files.root),
    )
