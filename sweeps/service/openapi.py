"""The service's OpenAPI document: FastAPI's, with problems for refusals and the spec's own schema."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sweeps.service.problems import MEDIA_TYPE, Problem
from sweeps.spec import SweepSpec

__all__ = ["describe"]

REF = "#/components/schemas/{model}"

REFUSALS = {
    "400": "The request cannot be read.",
    "401": "There is no good token.",
    "403": "The token may not do this.",
    "404": "There is no such thing, or not for this token.",
    "409": "The sweep is in no state for this, or the key was used for another spec.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "The spec or the request has faults; all of them are told.",
    "429": "Too many requests; wait as long as Retry-After says.",
    "500": "The service failed.",
    "503": "MLflow, the storage or the executor is away.",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of an app, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(_schemas("Problem", Problem.model_json_schema(ref_template=REF)))
        schemas.update(_schemas("SweepSpec", _spec_schema()))
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                operation["responses"].update(_refusals(path, method))
        app.openapi_schema = document
    return app.openapi_schema


def _schemas(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema and those within it, each by its name."""
    inner = schema.pop("$defs", {})
    return {**inner, name: schema}


def _spec_schema() -> dict[str, Any]:
    """Return the schema of a spec with its short forms: a dataset's name, a shipped space's name."""
    schema = SweepSpec.model_json_schema(ref_template=REF)
    for section, meaning in (("dataset", "A dataset's name."), ("space", "The name of a space that ships.")):
        whole = schema["properties"][section]
        schema["properties"][section] = {"anyOf": [{"type": "string", "description": meaning}, whole]}
    return schema


def _refusals(path: str, method: str) -> dict[str, Any]:
    if path == "/healthz":
        possible = {"500"}
    else:
        possible = {"400", "401", "403", "404", "413", "422", "429", "500", "503"}
        possible |= {"409", "415"} if method == "post" else set()
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {status: {"description": REFUSALS[status], "content": content} for status in sorted(possible)}
