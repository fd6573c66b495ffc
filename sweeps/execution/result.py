"""The immutable fact that a sweep is made of: one finished evaluation, and its form as JSON."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from sweeps.search.cross_validation import fold_mean

__all__ = ["FORMAT", "EvaluationResult", "State", "digest"]

FORMAT = 2
"""Version of the file's form; a file of another version is refused, never guessed at."""

State = Literal["scored", "diverged", "failed"]


@dataclass(frozen=True)
class EvaluationResult:
    """One trial brought to one rung.

    Attributes:
        sweep_id: The sweep it belongs to.
        trial: Number of the trial, from 0, in the order in which configurations are drawn.
        bracket: Number of its bracket, from 0.
        rung: Number of the rung within the bracket, from 0.
        epochs: Epochs that every fold has been trained for in all.
        hyperparameters: The whole configuration, searched and fixed.
        state: `scored`; `diverged` (a fold became non-finite); `failed` (its worker died too often).
        reason: Why it is not `scored`, with fold and epoch, or with the path of the log; else empty.
        folds: The objective of each fold; empty unless `scored`.
        scores: Every measure by fold, as `{"fid": [...], "fid_floor": [...], "nelbo": [...]}`.
        curves: Terms by fold and epoch, `curves["loss/L"][fold][epoch - first_epoch]`, mean over the minibatches.
        first_epoch: The first epoch (from 1) that this evaluation trained.
        epoch_times: When each of its epochs ended, in milliseconds since 1970, last fold.
        started: When the worker began, in milliseconds since 1970.
        ended: When it was scored, in milliseconds since 1970.
        train_seconds: Time spent training.
        score_seconds: Time spent scoring and drawing samples.
        checkpoint_sha256: Hash of the checkpoint file; empty unless `scored`.
        worker: Host and process that computed it.
        feature_network: Version of the network whose features `fid` compares; distances by others do not compare.
        alarms: The folds in which each alarm of the model rings, by the names of `models.alarms`.
    """

    sweep_id: str
    trial: int
    bracket: int
    rung: int
    epochs: int
    hyperparameters: dict[str, Any]
    state: State
    reason: str
    folds: list[float]
    scores: dict[str, list[float]]
    curves: dict[str, list[list[float]]]
    first_epoch: int
    epoch_times: list[int]
    started: int
    ended: int
    train_seconds: float
    score_seconds: float
    checkpoint_sha256: str
    worker: str
    feature_network: str = ""
    alarms: dict[str, list[int]] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Its state with the alarms that ring: `scored, codes_ignored in folds 0 3`."""
        rings = [f"{name} in folds {' '.join(map(str, folds))}" for name, folds in sorted(self.alarms.items())]
        return ", ".join([self.state, *rings])

    @property
    def mean(self) -> float | None:
        """Mean of the objective over the folds, or None if it was not scored."""
        return fold_mean(self.folds) if self.folds else None

    def to_json(self) -> str:
        """Return the file's text, with a digest of everything else in it."""
        body = {"format": FORMAT, **asdict(self)}
        return json.dumps({**body, "digest": digest(body)}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "EvaluationResult":
        """Parse what `to_json` wrote.

        Raises:
            ValueError: The text is truncated, changed, or not of this form.
        """
        body = json.loads(text)
        if not isinstance(body, dict):
            raise ValueError("it must hold a JSON object")
        expected = body.pop("digest", None)
        if body.pop("format", None) != FORMAT:
            raise ValueError(f"its format must be {FORMAT}")
        if set(body) != {each.name for each in fields(cls)}:
            raise ValueError("it must hold the fields of an evaluation and no others")
        if digest({"format": FORMAT, **body}) != expected:
            raise ValueError("its digest must match its contents")
        return cls(**body)


def digest(body: dict[str, Any]) -> str:
    """Return the SHA-256 of a JSON object, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, allow_nan=False).encode()).hexdigest()
