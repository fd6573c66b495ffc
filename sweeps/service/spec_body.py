"""A spec as the body of a request: JSON or YAML, told by its content type and then read as a spec file is."""

import json
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec
from sweeps.spec_file import parse_text

__all__ = ["SPEC_BODY", "SpecText", "read_spec"]

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")

EXAMPLE: dict[str, Any] = {
    "name": "digits-beta-vae",
    "model": "beta_vae",
    "dataset": "digits",
    "space": "beta_vae",
    "fixed": {"latent_dim": 16},
    "objective": "fid",
    "folds": 10,
    "hyperband": {"max_epochs": 9, "eta": 3},
}

YAML_EXAMPLE = "".join(
    f"{key}: {value if isinstance(value, str) else json.dumps(value)}\n" for key, value in EXAMPLE.items()
)

SPEC_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/SweepSpec"}, "example": EXAMPLE},
            YAML[0]: {"schema": {"type": "string"}, "example": YAML_EXAMPLE},
        },
    }
}
"""What the OpenAPI document says of it."""


def read_spec(text: bytes) -> SweepSpec:
    """Return the spec that a body holds.

    Raises:
        SpecError: With every fault.
    """
    return parse_spec(parse_text(text))


async def _body(request: Request) -> bytes:
    """Return the body of a request whose content type is one of a spec's; parsing it is left to a thread.

    Raises:
        HTTPException: 415 for another content type.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in (JSON, *YAML):
        detail = f"A spec is sent as {JSON} or {YAML[0]}, but got {given[:60]!r}. Set the header Content-Type."
        raise HTTPException(415, detail, headers={"Accept-Post": f"{JSON}, {YAML[0]}"})
    return await request.body()


SpecText = Annotated[bytes, Depends(_body)]
