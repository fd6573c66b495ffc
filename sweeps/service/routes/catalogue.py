"""What there is to choose from: models, search spaces, datasets."""

from typing import Any

from fastapi import APIRouter

from sweeps.catalogue import describe_datasets, describe_models, describe_spaces
from sweeps.service.auth import MAY_READ

__all__ = ["router"]

router = APIRouter(tags=["catalogue"], dependencies=[MAY_READ])


@router.get("/models")
def models() -> dict[str, Any]:
    """List the models with their hyperparameters."""
    return describe_models()


@router.get("/models/{name}")
def model(name: str) -> dict[str, Any]:
    """Show a model with its hyperparameters."""
    return {"name": name, **describe_models(name)["models"][name]}


@router.get("/spaces")
def spaces() -> dict[str, Any]:
    """List the search spaces that ship."""
    return describe_spaces()


@router.get("/spaces/{name}")
def space(name: str) -> dict[str, Any]:
    """Show a search space with the source of each range."""
    return {"name": name, **describe_spaces(name)["spaces"][name]}


@router.get("/datasets")
def datasets() -> dict[str, Any]:
    """List the datasets."""
    return describe_datasets()


@router.get("/datasets/{name}")
def dataset(name: str) -> dict[str, Any]:
    """Show a dataset."""
    return {"name": name, **describe_datasets(name)["datasets"][name]}
