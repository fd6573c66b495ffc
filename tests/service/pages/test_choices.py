"""The form and the text say the same, whoever of them changes."""

from dataclasses import replace
from typing import Any

import pytest

from models.hyperparameters import HYPERPARAMETERS
from sweeps.service.pages.choices import INLINE, Choices
from sweeps.service.pages.draft import Draft, Posted
from sweeps.spec_file import parse_text

TEXT = """\
name: small  # mine
model: beta_vae
dataset: digits
space: beta_vae
fixed: {latent_dim: 4}
objective: nelbo
folds: 3
hyperband: {max_epochs: 3, lag: 2}
"""


def changed(text: str = TEXT, **fields: Any) -> dict[str, Any]:
    """Return what a text holds after fields were changed; `fixed` names the fields of hyperparameters."""
    held = {f"fixed-{name}": value for name, value in fields.pop("fixed", {}).items()}
    return parse_text(Posted(text, text, {**fields, **held}).draft().text.encode())


def test_the_form_shows_what_the_text_says() -> None:
    assert Draft.of(TEXT).choices == Choices(
        name="small",
        model="beta_vae",
        dataset="digits",
        space="beta_vae",
        objective="nelbo",
        folds="3",
        max_epochs="3",
        fixed={"latent_dim": "4"},
    )
    inline = Draft.of("dataset: {name: mnist, limit: 60}\nspace: {beta: {type: uniform, low: 0, high: 1}}\nseed: 1.5\n")
    assert inline.choices == Choices(dataset="mnist", limit="60", space=INLINE, seed="1.5")


@pytest.mark.parametrize(
    "raw", [{"name": [1], "hyperband": 3, "fixed": [], "dataset": {"name": {}}, "space": None}, {}]
)
def test_what_is_no_plain_value_is_left_open(raw: dict[str, Any]) -> None:
    assert Choices.of(raw) == Choices()


def test_what_nobody_changed_stays_as_it_is_written() -> None:
    shown = Draft.of(TEXT).choices
    fields = {name: value for name, value in vars(shown).items() if name != "fixed"}
    posted = Posted(TEXT, TEXT, {**fields, "fixed-latent_dim": "4", "fixed-hidden": ""})
    assert posted.draft().text == TEXT


@pytest.mark.parametrize(
    ("fields", "section", "value"),
    [
        ({"name": "other"}, "name", "other"),
        ({"dataset": "mnist"}, "dataset", "mnist"),
        ({"dataset": "mnist", "limit": "6000"}, "dataset", {"name": "mnist", "limit": 6000}),
        ({"limit": "many"}, "dataset", {"name": "digits", "limit": "many"}),
        ({"preset": "paper"}, "preset", "paper"),
        ({"objective": "fid"}, "objective", "fid"),
        ({"objective": ""}, "objective", None),
        ({"folds": "5"}, "folds", 5),
        ({"folds": ""}, "folds", None),
        ({"max_epochs": "27"}, "hyperband", {"max_epochs": 27, "lag": 2}),
        ({"eta": "2"}, "hyperband", {"max_epochs": 3, "lag": 2, "eta": 2}),
        ({"max_epochs": ""}, "hyperband", {"lag": 2}),
        ({"seed": "-1"}, "seed", -1),
        ({"searcher": "random"}, "searcher", "random"),
        ({"fixed": {"latent_dim": "8"}}, "fixed", {"latent_dim": 8}),
        ({"fixed": {"latent_dim": ""}}, "fixed", None),
        ({"fixed": {"lr": "1"}}, "fixed", {"latent_dim": 4, "lr": 1.0}),
        (
            {"fixed": {"hidden": "wide", "network": "dense"}},
            "fixed",
            {"latent_dim": 4, "hidden": "wide", "network": "dense"},
        ),
    ],
)
def test_a_field_changes_its_section_alone(fields: dict[str, Any], section: str, value: Any) -> None:
    before = parse_text(TEXT.encode())
    after = changed(**fields)
    assert after.get(section) == value
    assert {**after, section: 0} == {**before, section: 0}


def test_domains_are_written_out_to_be_changed_and_taken_back() -> None:
    inline = changed(space=INLINE)["space"]
    assert inline == {
        "beta": {"type": "log_uniform", "low": 0.1, "high": 16},
        "lr": {"type": "log_uniform", "low": 0.0003, "high": 0.01},
    }
    text = Posted(TEXT, TEXT, {"space": INLINE}).draft().text
    assert changed(text, space="beta_vae") == parse_text(TEXT.encode())


def test_another_model_brings_its_space_and_leaves_what_it_has_not() -> None:
    text = TEXT.replace("fixed: {latent_dim: 4}", "fixed: {latent_dim: 4, hidden: 16}\npreset: paper")
    after = changed(text, model="infogan")
    assert {name: after[name] for name in ("model", "space", "objective")} == {
        "model": "infogan",
        "space": "infogan",
        "objective": "fid",
    }
    assert after["fixed"] == {"hidden": 16} and after["preset"] == "paper"


@pytest.mark.parametrize("model", HYPERPARAMETERS)
def test_every_model_that_is_chosen_makes_a_sound_spec(model: str) -> None:
    draft = Posted(TEXT, TEXT, {"model": model, "max_epochs": "9"}).draft()
    assert draft.faults == [] and draft.spec is not None
    assert draft.spec.model == model and "# mine" in draft.text


def test_form_and_text_changed_at_once_are_both_kept() -> None:
    typed = TEXT.replace("folds: 3", "folds: 4")
    draft = Posted(typed, TEXT, {"name": "other", "folds": "3"}).draft()
    assert parse_text(draft.text.encode())["folds"] == 4
    assert draft.choices.name == "other" and draft.choices.folds == "4"


def test_a_text_that_cannot_be_read_keeps_the_form_and_tells_its_line() -> None:
    broken = f"{TEXT}seed: [1\n"
    draft = Posted(broken, TEXT, {"name": "other"}).draft()
    assert (draft.text, draft.readable, draft.choices.name) == (broken, TEXT, "other")
    assert draft.spec is None and [fault.line for fault in draft.faults] == [10]
    mended = Posted(broken.replace("[1", "1"), draft.readable, {"name": "other"}).draft()
    assert mended.text == f"{TEXT}seed: 1\n".replace("small", "other")


def test_an_empty_text_can_be_filled_by_the_form() -> None:
    draft = Posted("", "", {"name": "x", "folds": "2"}).draft()
    assert draft.text == "name: x\nfolds: 2\n"
    assert replace(draft.choices, name="", folds="") == Choices()
    assert {fault.fault.path for fault in draft.faults} >= {"model", "dataset", "space"}
