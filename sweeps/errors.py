"""The one family of errors that people are meant to read: each states the rule, the value and the remedy."""

from dataclasses import asdict, dataclass

__all__ = [
    "Fault",
    "FaultsError",
    "LeaseError",
    "ServiceError",
    "SettingsError",
    "SpecError",
    "StorageError",
    "SweepError",
    "UnknownNameError",
]


class SweepError(Exception):
    """Something a person can put right; its text says how."""


class StorageError(SweepError):
    """A file of a sweep cannot be read or written; its text names the path."""


class LeaseError(SweepError):
    """Another driver holds the sweep."""


class UnknownNameError(SweepError):
    """Nothing has this name; its text says what there is."""


class ServiceError(SweepError):
    """A service refused a request, or did not answer it.

    Attributes:
        status: Of HTTP; 0 if there was no answer.
        kind: The refusal's name for programs, as `unknown-sweep`, or empty.
    """

    def __init__(self, text: str, *, status: int = 0, kind: str = "") -> None:
        self.status, self.kind = status, kind
        super().__init__(text)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a spec.

    Attributes:
        path: Where it stands in the file, as `space.beta.low`.
        rule: What must hold.
        value: What was given.
        remedy: What to write instead.
    """

    path: str
    rule: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}, but got {self.value}. {self.remedy}"


class FaultsError(SweepError):
    """Something written by a person that cannot be worked with, with all of its faults.

    Attributes:
        kind: What it should have been.
        faults: All of them.
        source: Where it is.
    """

    kind = ""

    def __init__(self, faults: list[Fault], source: str) -> None:
        self.faults = faults
        self.source = source
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(
            "\n".join([f"{source} has {count}, nothing was started:", *(f"  {fault}" for fault in faults)])
        )

    def as_json(self) -> dict[str, object]:
        """Return the faults for scripts."""
        return {"error": f"{self.source} is not {self.kind}", "faults": [asdict(fault) for fault in self.faults]}


class SpecError(FaultsError):
    """A spec that cannot be run."""

    kind = "a valid spec"

    def __init__(self, faults: list[Fault], source: str = "the spec") -> None:
        super().__init__(faults, source)


class SettingsError(FaultsError):
    """Settings that a service cannot be started with."""

    kind = "validly set up"
