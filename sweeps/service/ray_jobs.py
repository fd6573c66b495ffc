"""Ray's Jobs API over HTTP, asked with a token: the part of it that runs sweeps, without Ray itself."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from sweeps.errors import SweepError

__all__ = ["Job", "RayError", "RayJobs", "read_ray_token"]

TIMEOUT = httpx2.Timeout(5.0)

CHANGE_TIMEOUT = httpx2.Timeout(5.0, read=60.0)
"""Taking or stopping a job takes Ray a second or two, and longer on a busy machine."""

ENDED = {"SUCCEEDED", "FAILED", "STOPPED"}

NOBODY = "sweeps-asks-whether-ray-answers"
"""A job that there is not: to answer so, Ray must look it up."""


class RayError(SweepError):
    """Ray does not answer, or refuses."""


@dataclass(frozen=True)
class Job:
    """What Ray knows of a job.

    Attributes:
        has_ended: Whether its process has ended, or will never begin.
        said: What Ray says of it, as why it failed.
        metadata: What it was submitted with.
    """

    has_ended: bool
    said: str
    metadata: Mapping[str, str]


class RayJobs:
    """The jobs of one cluster; for several threads. Every method raises RayError if Ray does not answer, or refuses."""

    def __init__(self, address: str, token: str, transport: httpx2.BaseTransport | None = None) -> None:
        """Keep whom to ask; nothing is sent yet.

        Args:
            address: Of the head's dashboard, as `http://127.0.0.1:8265`.
            token: Sent with every request, and told in no error.
            transport: Sends the requests; None is the network.
        """
        self._address, self._token = address, token
        self._http = httpx2.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {token}", "User-Agent": "sweeps"},
            # Asked rarely, of a head that may be another one the next time.
            limits=httpx2.Limits(max_keepalive_connections=0),
            transport=transport,
            trust_env=False,  # proxies of the environment are for the world outside
        )

    def submit(self, job: str, entrypoint: str, environment: Mapping[str, str], metadata: Mapping[str, str]) -> None:
        """Have a job run; one that is there already stays as it is.

        Args:
            job: Its submission id: Ray takes each once.
            entrypoint: A line for the shell of the head.
            environment: Variables, which whoever sees the job can read. Ray puts its own in the place of `$NAME`.
            metadata: Notes; the job that is there already must have the same.
        """
        body = {
            "submission_id": job,
            "entrypoint": entrypoint,
            "runtime_env": {"env_vars": dict(environment)},
            "metadata": dict(metadata),
        }
        answer = self._ask("POST", "/api/jobs/", json=body)
        if answer.is_success:
            return
        known = self.find(job)  # Ray refuses an id that it knows as it refuses what fails within it: by 500
        if known is None:
            raise self._refused(answer)
        if dict(known.metadata) != dict(metadata):
            rule = f"the job {job} of the Ray at {self._address} must be of this home, but is of another"
            raise RayError(f"{rule}. Use a Ray for each home, or another project or name for the sweep.")

    def find(self, job: str) -> Job | None:
        """Return what Ray knows of a job; None if it knows none of that id, as after its head was lost."""
        answer = self._ask("GET", _path(job))
        if answer.status_code == 404:
            return None
        told = self._content(answer)
        metadata = told.get("metadata") or {}
        return Job(told.get("status") in ENDED, str(told.get("message") or ""), metadata)

    def stop(self, job: str) -> None:
        """End a job, at once if it does not end within seconds; one that Ray does not know is none of its."""
        answer = self._ask("POST", f"{_path(job)}/stop")
        if answer.status_code != 404:
            self._content(answer)

    def said(self, job: str) -> str:
        """Return what a job's process said, and what Ray says of its end."""
        known = self.find(job)
        if known is None:
            return ""
        logs = self._content(self._ask("GET", f"{_path(job)}/logs")).get("logs", "")
        return "\n".join(text for text in (str(logs).rstrip(), known.said) if text)

    def check(self) -> None:
        """Ask Ray for a job that there is not."""
        self.find(NOBODY)

    def _ask(self, method: str, path: str, **parts: Any) -> httpx2.Response:
        try:
            timeout = TIMEOUT if method == "GET" else CHANGE_TIMEOUT
            answer = self._http.request(method, path, timeout=timeout, **parts)
        except httpx2.HTTPError as error:
            said = str(error) or type(error).__name__
            raise RayError(f"Ray must answer at {self._address}, but {said}. Start its head.") from error
        if answer.status_code in (401, 403):
            remedy = "Give the token of that Ray by $RAY_AUTH_TOKEN or $RAY_AUTH_TOKEN_PATH"
            raise RayError(f"Ray's token must be good at {self._address}, but is not. {remedy}.")
        return answer

    def _content(self, answer: httpx2.Response) -> dict[str, Any]:
        try:
            content = answer.json() if answer.is_success else None
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self._refused(answer)
        return content

    def _refused(self, answer: httpx2.Response) -> RayError:
        said = (answer.text.rstrip() or "nothing").splitlines()[-1][:200].replace(self._token, "…")
        rule = f"Ray must take {answer.request.method} {answer.request.url.path} at {self._address}"
        return RayError(f"{rule}, but answers {answer.status_code}: {said}. Look at the dashboard's log of its head.")


def read_ray_token(environment: Mapping[str, str] = os.environ) -> str:
    """Return the token for Ray, from where Ray itself looks: `$RAY_AUTH_TOKEN`, the file `$RAY_AUTH_TOKEN_PATH`, home.

    Raises:
        SweepError: There is none.
    """
    token = environment.get("RAY_AUTH_TOKEN", "").strip()
    path = Path(environment.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    if not token:
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            rule = f"Ray must be asked with a token, but there is no $RAY_AUTH_TOKEN and {path} cannot be read"
            raise SweepError(f"{rule}: {error}. Set $RAY_AUTH_TOKEN or $RAY_AUTH_TOKEN_PATH.") from error
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SweepError(
            "Ray's token must be one word, but $RAY_AUTH_TOKEN or $RAY_AUTH_TOKEN_PATH holds another. Mend it."
        )
    return token


def _path(job: str) -> str:
    return f"/api/jobs/{quote(job, safe='')}"
