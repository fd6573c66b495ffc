"""The service from Python: `Client` asks it in the words of the API and returns typed, frozen answers.

    from pathlib import Path
    from sweeps import Client

    with Client("http://127.0.0.1:8000") as client:
        ref = client.submit(Path("spec.yaml")).sweep.ref
        print(client.wait(ref).champion)

What a request means, which role it needs and what it answers is told by the routes (`sweeps.service.routes`).
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from sweeps.caller import Caller, read_answer, read_object
from sweeps.errors import SweepError
from sweeps.event_stream import Event, follow_events
from sweeps.logins import choose_server, choose_token
from sweeps.service.answers import (
    EvaluationPage,
    EvaluationSummary,
    PlanAnswer,
    Submitted,
    SweepAnswer,
    SweepDetail,
    SweepPage,
    TrialAnswer,
    TrialPage,
    TrialSummary,
)
from sweeps.service.refs import REF_PATTERN
from sweeps.service.state import is_settled
from sweeps.spec_file import read_spec_text

__all__ = ["Client"]

API = "/api/v1"

PAGE = 200
"""Entries asked for at a time; the most that the service gives."""

POLL_SECONDS = 1.0

Answer = TypeVar("Answer", bound=BaseModel)


class Client:
    """A service, asked with one token.

    Every method raises `ServiceError` if the service refuses or does not answer, after as much patience as it has.
    """

    def __init__(
        self,
        server: str | None = None,
        token: str | None = None,
        *,
        patience_seconds: float = 30.0,
        timeout_seconds: float | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            server: Address of the service; else `$SWEEPS_SERVER`, else the latest `sweeps login`.
            token: Else `$SWEEPS_TOKEN`, else what `sweeps login` kept for the server.
            patience_seconds: How long a request is repeated while the service is away or has too much to do.
            timeout_seconds: How long one may take; None leaves a service that has much to do its time.
            transport: Sends the requests; None is the network.

        Raises:
            SweepError: There is no server or no token, or what was given is none.
        """
        self.server = choose_server(server)
        self._caller = Caller(
            self.server,
            choose_token(self.server, token),
            patience_seconds=patience_seconds,
            timeout_seconds=timeout_seconds,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Client({self.server!r})"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what connections there are."""
        self._caller.close()

    def submit(self, spec: Path | Mapping[str, Any], *, project: str | None = None, priority: int = 0) -> Submitted:
        """Submit a sweep; the same spec is the same sweep, however often it is submitted.

        Args:
            spec: A YAML or JSON file, or what it would hold.
            project: Where the sweep belongs; None is the token's only project, else `default`.
            priority: The higher, the sooner it starts; from -1000 to 1000.

        Raises:
            SpecError: With every fault of the spec.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._send_spec("/sweeps", Submitted, spec, headers, project=project, priority=priority)

    def plan(self, spec: Path | Mapping[str, Any], *, project: str | None = None) -> PlanAnswer:
        """Return what a sweep would do and cost; nothing is started.

        Raises:
            SpecError: With every fault of the spec.
        """
        return self._send_spec("/plan", PlanAnswer, spec, {}, project=project)

    def sweeps(
        self,
        *,
        state: str | None = None,
        name: str | None = None,
        model: str | None = None,
        project: str | None = None,
    ) -> Iterator[SweepAnswer]:
        """Yield the sweeps, the latest first.

        Args:
            state: Only those in this state.
            name: Only those whose name begins so.
            model: Only those of this model.
            project: Only those of this project.
        """
        for page in self._pages("/sweeps", SweepPage, state=state, name=name, model=model, project=project):
            yield from page.sweeps

    def sweep(self, ref: str) -> SweepDetail:
        """Return a sweep with its whole spec."""
        return read_answer(SweepDetail, self._get(_path(ref)))

    def find(self, name: str) -> SweepAnswer:
        """Return the sweep whose ref is, or begins with, a name.

        Raises:
            SweepError: No sweep, or more than one, is meant.
        """
        meant = [sweep for sweep in self.sweeps() if sweep.ref.startswith(name)]
        meant = [sweep for sweep in meant if sweep.ref == name] or meant
        if len(meant) == 1:
            return meant[0]
        listed = ", ".join(sweep.ref for sweep in meant[:10]) or "none"
        rule = "a sweep is named by its ref, or by a beginning that no other has"
        raise SweepError(f"{rule}, but got {name!r}. At {self.server} these begin so: {listed}.")

    def trials(self, ref: str) -> Iterator[TrialSummary]:
        """Yield the trials by number, each as far as it has come."""
        for page in self._pages(f"{_path(ref)}/trials", TrialPage):
            yield from page.trials

    def trial(self, ref: str, trial: int) -> TrialAnswer:
        """Return a trial with each of its evaluations, measures and curves."""
        return read_answer(TrialAnswer, self._get(f"{_path(ref)}/trials/{trial:d}"))

    def evaluations(self, ref: str) -> Iterator[EvaluationSummary]:
        """Yield the evaluations by trial and rung."""
        for page in self._pages(f"{_path(ref)}/evaluations", EvaluationPage):
            yield from page.evaluations

    def best(self, ref: str) -> dict[str, Any]:
        """Return the best configuration of a finished sweep."""
        return read_object(self._get(f"{_path(ref)}/best", accept="application/json"))

    def best_yaml(self, ref: str) -> str:
        """Return the best configuration of a finished sweep as the text of best.yaml."""
        return self._get(f"{_path(ref)}/best", accept="application/yaml").text

    def logs(self, ref: str, *, lines: int = 100, follow: bool = False) -> Iterator[str]:
        """Yield what the sweep's process said last, line by line.

        Args:
            ref: The sweep.
            lines: The last so many, from 1 to 10,000.
            follow: Go on with what is added, until the sweep rests.
        """
        asked = {"lines": str(lines), "follow": str(follow).lower()}
        return self._caller.lines(f"{API}{_path(ref)}/logs", params=asked)

    def events(self, ref: str, last_id: str | None = None) -> Iterator[Event]:
        """Yield what happens in a sweep until it has ended, over restarts of the service too.

        Args:
            ref: The sweep.
            last_id: The `id` of the last event that is known; None begins with the first evaluation.
        """
        return follow_events(self._caller, f"{API}{_path(ref)}/events", last_id)

    def cancel(self, ref: str) -> SweepAnswer:
        """End a sweep early; its record and the best so far stay."""
        return self._steer(ref, "cancel")

    def pause(self, ref: str) -> SweepAnswer:
        """Stop a sweep for now; nothing that has a result is lost."""
        return self._steer(ref, "pause")

    def resume(self, ref: str) -> SweepAnswer:
        """Have a sweep go on where it stopped."""
        return self._steer(ref, "resume")

    def set_priority(self, ref: str, priority: int) -> SweepAnswer:
        """Change how soon a sweep that waits is started: the higher, the sooner, from -1000 to 1000."""
        return self._steer(ref, "priority", json={"priority": priority})

    def wait(self, ref: str, timeout_seconds: float | None = None) -> SweepDetail:
        """Return a sweep once it rests: finished, failed, cancelled or paused.

        Raises:
            SweepError: It does not within the time.
        """
        deadline = None if timeout_seconds is None else monotonic() + timeout_seconds
        while not is_settled((sweep := self.sweep(ref)).state):
            if deadline is not None and monotonic() + POLL_SECONDS > deadline:
                rule = f"{ref} must rest within {timeout_seconds:g} s, but is {sweep.state}"
                raise SweepError(f"{rule}. It goes on; wait longer.")
            sleep(POLL_SECONDS)
        return sweep

    def models(self, name: str | None = None) -> dict[str, Any]:
        """Return the models, or one of them, with their hyperparameters."""
        return self._catalogue("models", name)

    def spaces(self, name: str | None = None) -> dict[str, Any]:
        """Return the search spaces that ship, or one of them."""
        return self._catalogue("spaces", name)

    def datasets(self, name: str | None = None) -> dict[str, Any]:
        """Return the datasets, or one of them."""
        return self._catalogue("datasets", name)

    def _get(
        self, path: str, query: Mapping[str, object] | None = None, *, accept: str = "application/json"
    ) -> httpx2.Response:
        return self._caller.ask("GET", API + path, params=_given(query or {}), headers={"Accept": accept})

    def _pages(self, path: str, page: type[Answer], **query: object) -> Iterator[Answer]:
        asked: dict[str, object] = {**query, "limit": PAGE, "cursor": None}
        while True:
            answer: Any = read_answer(page, self._get(path, asked))
            yield answer
            if answer.next is None:
                return
            asked["cursor"] = answer.next

    def _send_spec(
        self,
        path: str,
        answer: type[Answer],
        spec: Path | Mapping[str, Any],
        headers: Mapping[str, str],
        **query: object,
    ) -> Answer:
        if isinstance(spec, Path):
            content, media, source = read_spec_text(spec), "application/yaml", str(spec)
        else:
            content, media, source = _json(spec), "application/json", "the spec"
        said: dict[str, Any] = {"params": _given(query), "headers": {**headers, "Content-Type": media}}
        return read_answer(answer, self._caller.ask("POST", API + path, source=source, content=content, **said))

    def _steer(self, ref: str, verb: str, **body: Any) -> SweepAnswer:
        return read_answer(SweepAnswer, self._caller.ask("POST", f"{API}{_path(ref)}/{verb}", **body))

    def _catalogue(self, part: str, name: str | None) -> dict[str, Any]:
        return read_object(self._get(f"/{part}" if name is None else f"/{part}/{quote(name, safe='')}"))


def _path(ref: str) -> str:
    if re.fullmatch(REF_PATTERN, ref) is None:
        raise SweepError(f"a ref reads as digits-beta-vae-0a1b2c3d, but got {ref!r}. `sweeps list` shows them.")
    return f"/sweeps/{ref}"


def _json(spec: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(dict(spec)).encode()
    except (TypeError, ValueError) as error:
        rule = f"a spec holds what JSON can say: mappings, lists, texts and numbers, but {error}"
        raise SweepError(f"{rule}. Write it plainly, or give the path of a file.") from error


def _given(query: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}
