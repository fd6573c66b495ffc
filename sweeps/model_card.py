"""The README.md of a trained model: what it is, how good its configuration is, how it was trained, how to use it."""

from collections.abc import Iterable

from models.dataset_facts import DATASETS
from models.rule import in_a_spec
from models.saved import ModelConfig
from sweeps.catalogue import describe_models
from sweeps.record.export import BestConfig

__all__ = ["model_card"]

REPEATABLE = {
    "cpu": "The same best.yaml trains the same weights to the last bit on one kind of CPU.",
    "gpu": "It was trained on a GPU, where the same best.yaml may end with other last bits.",
}
"""What a training gives again, by the kind of device that it was on."""


def model_card(best: BestConfig, config: ModelConfig) -> str:
    """Return the card's text, in Markdown."""
    paragraphs = [
        f"# {best.model} on {best.measured.dataset}",
        _meaning(best.model),
        "![Samples](samples.png)",
        "## Use",
        "```sh\nsweeps sample . -n 64 -o samples.png --seed 0\n```",
        "```python\nimport models, torch\n\n"
        'model = models.load(".")\n'
        "images = model.sample(64, torch.Generator().manual_seed(0))  # (64, side, side) in [0, 1]\n```",
        "## Score",
        *_score(best),
        "## Training",
        *_training(best, config),
        "## Hyperparameters",
        _table(("hyperparameter", "value"), best.champion.hyperparameters.items()),
        "## Versions",
        _table(("package", "version"), config.training["versions"].items()),
        f"Source: {config.training['git_commit'] or 'not a checkout'}.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def _meaning(model: str) -> str:
    return str(describe_models(model)["models"][model]["meaning"])


def _score(best: BestConfig) -> list[str]:
    champion, measured = best.champion, best.measured
    told = f"{champion.mean:.6g} ± {champion.standard_error:.2g}"
    return [
        f"`{best.objective}` {told} (lower is better): mean and standard error over {measured.folds} folds, measured "
        f"by sweep `{best.provenance.sweep_id}` (trial {champion.trial}) on models trained without the fold that they "
        "were measured on. It says how good this configuration is. The weights here were trained on all folds, so "
        "nothing in the training part can measure them.",
        _table(("fold", best.objective), enumerate(champion.folds)),
    ]


def _training(best: BestConfig, config: ModelConfig) -> list[str]:
    measured = best.measured
    examples = measured.limit or DATASETS[measured.dataset].size
    part = "a subset of the training part" if measured.limit else "the whole training part"
    return [
        f"{measured.epochs} epochs on {examples} images, {part} of `{measured.dataset}` "
        f"(SHA-256 `{measured.dataset_sha256}`), seed {measured.seed}, precision {measured.precision}. "
        "The test part was not touched. " + REPEATABLE[config.training["recipe"]["device"]],
        _table(("term", "mean over the last epoch"), config.training["terms"].items()),
    ]


def _table(heads: tuple[str, str], rows: Iterable[tuple[object, object]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {_shown(value)} |" for name, value in rows)])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return in_a_spec(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
