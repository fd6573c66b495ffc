"""Where people look at the record: MLflow's pages, opened at the ready-made view of a sweep."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sweeps.record.connection import shown_uri
from sweeps.record.dashboard import dashboard_url

__all__ = ["RecordPages", "pages_at"]


@dataclass(frozen=True)
class RecordPages:
    """MLflow's pages.

    Attributes:
        url: Their address.
        user: Whose password they ask for; empty if they are not this service's own.
        password_file: Where that password stands within the home.
    """

    url: str
    user: str = ""
    password_file: str = ""

    def of_experiment(self, experiment_id: str) -> str:
        """Return the link to a sweep's view."""
        return dashboard_url(self.url, experiment_id)


def pages_at(tracking_uri: str) -> RecordPages | None:
    """Return the pages of an MLflow server, without what signs in there; None for a database, which has none."""
    is_server = urlsplit(tracking_uri).scheme in ("http", "https")
    return RecordPages(shown_uri(tracking_uri)) if is_server else None
