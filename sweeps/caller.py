"""One request to a service: sent until it is answered, and every refusal turned into an error for people.

Every request of the API may be repeated: reading changes nothing, wishes say what should be, and a submission carries
its key. So each is sent again, ever more slowly, while the service is away or has too much to do.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from sweeps.errors import Fault, ServiceError, SpecError, SweepError
from sweeps.logins import is_on_this_machine

__all__ = ["Caller", "LostError", "read_answer", "read_object"]

FIRST_WAIT_SECONDS = 0.2

LONGEST_WAIT_SECONDS = 10.0

AGAIN = {429, 502, 503, 504}
"""The answers of a service that has too much to do or is away."""

TIMEOUT = httpx2.Timeout(10.0, read=60.0)

ENDLESS = httpx2.Timeout(10.0, read=None)
"""For what is followed: nothing may come for hours."""

Answer = TypeVar("Answer", bound=BaseModel)


class LostError(ServiceError):
    """A service went away in the middle of an answer."""


class Caller:
    """Asks one service with one token."""

    def __init__(
        self,
        server: str,
        token: str,
        *,
        patience_seconds: float,
        timeout_seconds: float | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Make a caller; nothing is sent yet.

        Args:
            server: Address of the service.
            token: Sent with every request, and told in no error.
            patience_seconds: How long a request is repeated.
            timeout_seconds: How long one may take; None leaves a service that has much to do its time.
            transport: Sends the requests; None is the network.
        """
        self.server, self.patience_seconds = server, patience_seconds
        self._token = token
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "sweeps"}
        self._http = httpx2.Client(
            base_url=server,
            headers=headers,
            timeout=TIMEOUT if timeout_seconds is None else httpx2.Timeout(timeout_seconds),
            transport=transport,
            trust_env=not is_on_this_machine(server),  # proxies of the environment do not know this machine
        )

    def close(self) -> None:
        """Close what connections there are."""
        self._http.close()

    def ask(self, method: str, path: str, *, source: str = "the spec", **parts: Any) -> httpx2.Response:
        """Return the answer to a request.

        Args:
            method: Of HTTP.
            path: What is asked for.
            source: What faults of a spec are told of.
            parts: `params`, `headers`, `content` and `json` of the request.

        Raises:
            SpecError: The service found faults in a spec.
            ServiceError: It refused the request otherwise, or gave no answer.
        """
        answer = self._until_answered(lambda: self._http.request(method, path, **parts))
        if not answer.is_success:
            raise self._refusal(answer, source)
        return answer

    def rest(self) -> None:
        """Wait as long as before a first repetition."""
        sleep(FIRST_WAIT_SECONDS)

    def lines(self, path: str, **parts: Any) -> Iterator[str]:
        """Yield the lines of a text as they come.

        Args:
            path: What is asked for.
            parts: `params` and `headers` of the request.

        Raises:
            LostError: The service went away meanwhile.
            ServiceError: It refused the request, or gave no answer.
        """
        request = self._http.build_request("GET", path, timeout=ENDLESS, **parts)
        answer = self._until_answered(lambda: self._http.send(request, stream=True))
        try:
            if not answer.is_success:
                answer.read()
                raise self._refusal(answer, "")
            yield from answer.iter_lines()
        except httpx2.TransportError as error:
            raise LostError(str(self._no_answer(error))) from error
        finally:
            answer.close()

    def _until_answered(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        deadline = monotonic() + self.patience_seconds
        for attempt in count():
            asked, wait = 0.0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(attempt, 10))
            try:
                answer = send()
            except httpx2.TransportError as error:
                if monotonic() + wait > deadline:
                    raise self._no_answer(error) from error
            else:
                asked = _retry_after(answer)
                if answer.status_code not in AGAIN or monotonic() + max(wait, asked) > deadline:
                    return answer
                answer.close()
            sleep(max(wait, asked))
        raise AssertionError("unreachable: counting has no end")

    def _no_answer(self, error: httpx2.TransportError) -> ServiceError:
        said = self._without_token(str(error) or type(error).__name__)
        remedy = "Start it with `sweeps serve`, or name another by --server or $SWEEPS_SERVER"
        return ServiceError(f"a service must answer at {self.server}, but none does: {said}. {remedy}.")

    def _refusal(self, answer: httpx2.Response, source: str) -> SweepError:
        status, problem = answer.status_code, _problem(answer)
        kind = str(problem.get("type", "")).rpartition(":")[2].removeprefix("blank")
        if not problem:
            media = answer.headers.get("content-type", "nothing")[:60]
            rule = f"a service of sweeps must answer at {self.server}, but something answers {status} with {media}"
            return ServiceError(f"{self._without_token(rule)}. Check the address.", status=status)
        if status == 401:
            remedy = f"`sweeps login {self.server}` with a token that is, or set $SWEEPS_TOKEN"
            return ServiceError(f"the token must be good at {self.server}, but is not. {remedy}.", status=status)
        faults = [_fault(told, self._without_token) for told in problem.get("faults", ())]
        if kind == "faulty-spec":
            return SpecError(faults, source)
        said = "\n".join([self._without_token(str(problem.get("detail", ""))), *(f"  {fault}" for fault in faults)])
        return ServiceError(said, status=status, kind=kind)

    def _without_token(self, text: str) -> str:
        return text.replace(self._token, "swp_…")


def read_answer(model: type[Answer], answer: httpx2.Response) -> Answer:
    """Return what an answer says; fields that a later service adds are left out.

    Raises:
        ServiceError: It is no such answer.
    """
    try:
        return model.model_validate_json(answer.content, extra="ignore")
    except ValidationError as error:
        raise _strange(answer) from error


def read_object(answer: httpx2.Response) -> dict[str, Any]:
    """Return the JSON object that an answer holds.

    Raises:
        ServiceError: It holds none.
    """
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _strange(answer)
    return content


def _strange(answer: httpx2.Response) -> ServiceError:
    rule = f"a service must answer {answer.request.url.path} as version 1 of the API does, but this one does not"
    return ServiceError(f"{rule}. Check the address, and that client and service are of one version.")


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    """Return the problem that an answer tells (RFC 9457), or nothing if it tells none."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _fault(told: Mapping[str, Any], clean: Callable[[str], str]) -> Fault:
    return Fault(*(clean(str(told.get(part, ""))) for part in ("path", "rule", "value", "remedy")))


def _retry_after(answer: httpx2.Response) -> float:
    """Return the seconds that an answer asks to wait; dates, which our service never sends, count as none."""
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdecimal() else 0.0
