"""The sweeps of a service: submitted, seen and steered. What HTTP and the reconciler talk to; for many threads at once.

A wish is kept in the record and what was asked for in the sweep's folder; how a sweep stands is looked up. The views in
memory are a snapshot that `refresh` brings up to date.
"""

from sweeps.errors import SweepError
from sweeps.execution.storage import SweepFiles
from sweeps.service.state import Wish
from sweeps.service.view import SweepView
from sweeps.spec import SweepSpec

__all__ = ["Board", "KeyReused", "Refused", "SweepView", "UnknownSweep"]


class UnknownSweep(SweepError):  # noqa: N818  # what it says of a ref
    """No sweep has this ref; the text is the same for every ref, so that it tells nothing of other projects."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"a sweep is named by its ref, but none is named {ref!r}. Look it up among all sweeps.")


class Refused(SweepError):  # noqa: N818  # as above
    """A wish that makes no sense for how the sweep stands."""


class KeyReused(SweepError):  # noqa: N818  # as above
    """An idempotency key was used for another spec."""


class Board:
    """The sweeps of all projects of a home."""

    def submit(self, spec: SweepSpec, *, project: str, priority: int, by: str, key: str) -> tuple[SweepView, bool]:
        """Have a sweep run; the same spec in the same project is the same sweep, which stays as it is.

        Args:
            spec: What to search, checked.
            project: Where it belongs.
            priority: The higher, the sooner it starts.
            by: Who submits.
            key: Idempotency key of the submitter's own, or empty.

        Returns:
            The sweep, and whether it is new.

        Raises:
            KeyReused: The key was used for another spec.
            RecordError: MLflow cannot be written.
            StorageError: The home cannot be written.
        """
        raise NotImplementedError

    def views(self) -> list[SweepView]:
        """Return every sweep as it stood lately, the latest submitted first."""
        raise NotImplementedError

    def view(self, ref: str) -> SweepView:
        """Return a sweep as it stands now.

        Raises:
            UnknownSweep: There is none.
        """
        raise NotImplementedError

    def wish(self, ref: str, wish: Wish, by: str) -> SweepView:
        """Say what should become of a sweep; the reconciler sees to it.

        Raises:
            UnknownSweep: There is none.
            Refused: It makes no sense for how the sweep stands.
            RecordError: MLflow cannot be written.
        """
        raise NotImplementedError

    def set_priority(self, ref: str, priority: int, by: str) -> SweepView:
        """Say how soon a sweep should start.

        Raises:
            UnknownSweep: There is none.
            RecordError: MLflow cannot be written.
        """
        raise NotImplementedError

    def files(self, ref: str) -> SweepFiles:
        """Return a sweep's files.

        Raises:
            UnknownSweep: There is none.
        """
        raise NotImplementedError

    def health(self) -> dict[str, str]:
        """Ask `mlflow`, `storage` and `executor`; each answers "ok" or what is wrong."""
        raise NotImplementedError
