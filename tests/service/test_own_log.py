"""Tokens are in nothing that a service says or keeps, wherever somebody wrote one."""

import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from sweeps.execution.lease import take_lock
from sweeps.service.own_log import TokenFree
from sweeps.service.refs import project_home
from sweeps.service.tokens import Role, Tokens
from tests.service.service_process import ServiceProcess
from tests.sweep_on_disk import RAW, small_spec

TOKEN = "swp_0123456789ab_" + "A" * 43


def test_a_record_holds_no_token_nor_does_its_trace() -> None:
    try:
        raise KeyError(TOKEN)
    except KeyError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "at %s", (TOKEN,), (KeyError, error, error.__traceback__)
        )
    text = TokenFree("%(message)s").format(record)
    assert text.startswith("at swp_…\nTraceback")
    assert text.endswith("KeyError: 'swp_…'")
    assert "AAAA" not in text


def secrets_in(folder: Path, *tokens: str) -> list[str]:
    """Return the names of files that hold a token's secret."""
    secrets = [token.split("_", 2)[2].encode() for token in tokens]
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if any(secret in path.read_bytes() for secret in secrets)]


@pytest.mark.slow
def test_a_real_service_keeps_and_says_no_token(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lease = take_lock(project_home(home, "team").sweep(small_spec().sweep_id).lease)
    assert lease is not None  # so that the sweep seems to run and is not started on this machine
    with lease, ServiceProcess(home) as service:
        made, token = Tokens.of(home).create("ann", Role.SUBMIT, ["team"])
        spec = {**RAW, "name": token, "model": token, "fixed": {token: token}, "notify": [token], token: token}
        asked = [
            service.ask("GET", "/readyz", token=token),
            service.ask("GET", f"/api/v1/sweeps/{token}?token={token}&state={token}", token=token),
            service.ask("GET", f"/{quote(token)}", token=token, headers={"User-Agent": token, "Cookie": token}),
            service.ask("POST", "/api/v1/sweeps", spec, token=token, headers={"Idempotency-Key": token}),
            service.ask("POST", "/api/v1/plan", spec, token=token, headers={"Idempotency-Key": token}),
            service.ask("GET", "/readyz", headers={"Authorization": f"Basic {token}"}),
            service.ask("GET", "/readyz", token=token + "x"),
            service.ask("GET", "/api/v1/openapi.json", token=token),
        ]
        # A key is anybody's text, and is kept: as a hash.
        assert service.ask("POST", "/api/v1/sweeps", RAW, token=token, headers={"Idempotency-Key": token})[0] == 201
        ref = service.ask("GET", "/api/v1/sweeps", token=token)[1]["sweeps"][0]["ref"]
        assert service.ask("POST", f"/api/v1/sweeps/{ref}/cancel", token=token)[0] == 202
        # What it logs: a token file that cannot be read.
        path = home / "service" / "tokens" / f"{made.id}.json"
        path.write_bytes(b"{" + path.read_bytes())
        asked.append(service.ask("GET", "/readyz", token=token))
        asked.append(service.ask("GET", "/api/v1/sweeps"))
    assert [status for status, _ in asked] == [200, 404, 404, 422, 422, 401, 401, 200, 503, 200]
    assert token not in str(asked)
    assert "a token could not be verified" in service.log.read_text()
    assert {"audit.log", "service.log", "record.db"} <= {path.name for path in tmp_path.rglob("*")}
    # Standard output, where the first administrator is told the token, this once.
    assert secrets_in(tmp_path, token, service.token) == ["service.json"]
    assert token not in (tmp_path / "service.json").read_text()
