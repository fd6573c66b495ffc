"""How answers look on a terminal: tables and a few sentences."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from models.rule import in_a_spec
from sweeps.cli_command import command
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home
from sweeps.plan import Plan
from sweeps.standing import Summary

if TYPE_CHECKING:
    from sweeps.driver import SweepReport

__all__ = [
    "evaluation_json",
    "show_datasets",
    "show_link",
    "show_list",
    "show_models",
    "show_plan",
    "show_report",
    "show_spaces",
    "show_sweep",
]


def show_plan(console: Console, plan: Plan) -> None:
    """Show brackets, rungs and costs."""
    table = _table(f"plan of {plan.spec.sweep_id}", "bracket", "rungs: trials × folds × epochs")
    for bracket in plan.spec.ladder():
        rungs = " → ".join(f"{rung.trials} × {plan.spec.folds} × {rung.epochs}" for rung in bracket.rungs)
        table.add_row(str(bracket.number), rungs)
    console.print(table)
    estimate = plan.estimate
    if plan.spec.preset is not None:
        fixed = ", ".join(f"{name} {in_a_spec(value)}" for name, value in sorted(plan.spec.fixed.items()))
        searched = ", ".join(plan.spec.search_space().names)
        _say(console, f"preset {plan.spec.preset}: searched are {searched}; fixed are {fixed}")
    _say(
        console,
        f"{plan.trials} trials, {plan.evaluations} evaluations, {plan.fold_epochs} fold-epochs",
        f"about {_duration(estimate.seconds)} with {plan.workers} workers, by {estimate.basis}",
        f"about {estimate.disk_bytes / 1e6:.0f} MB of disk",
        "Nothing was started.",
    )


def show_report(console: Console, report: "SweepReport", spec: Path, home: Path | None) -> None:
    """Show how a run ended and what to do next; `spec` and `home` are as they were given."""
    again = command("run", str(spec), home=home)
    if report.best is not None:
        champion = report.best.champion
        _say(console, f"Champion of {report.sweep_id}: trial {champion.trial}")
        for name, value in champion.hyperparameters.items():
            _say(console, f"  {name:<24}{value:.6g}" if isinstance(value, float) else f"  {name:<24}{value}")
        mean = f"{champion.mean:.4g} ± {champion.standard_error:.2g}"
        told = f"{mean} (mean and standard error over {len(champion.folds)} folds)"
        _say(console, f"  {report.best.objective:<24}{told}", "")
        _say(console, f"best.yaml   {report.files.best}", *(f"figure      {figure}" for figure in report.figures))
        _say(console, f"model       {command('train', str(report.files.best), '-o', 'model/')}")
        _say(console, f"dashboard   {command('dashboard', report.sweep_id, home=home)}")
    elif report.state == "interrupted":
        _say(
            console, f"Sweep {report.sweep_id} was interrupted: {report.why.rstrip('.')}.", f"Continue it with: {again}"
        )
    else:
        _say(console, f"Sweep {report.sweep_id} failed: {report.why}.", f"Its files are in {report.files.root}")
    if report.trouble:
        _say(console, f"The record is behind: {report.trouble}", f"To let it catch up: {again}")
    told = f"{report.computed} evaluations computed, {report.restored} restored, {report.fold_epochs} fold-epochs"
    _say(console, f"{told}, {_duration(report.seconds)}")


def show_list(console: Console, place: Home, summaries: Sequence[Summary], home: Path | None) -> None:
    """Show the sweeps of a home; `home` is as it was given."""
    if not summaries:
        begin = command("run", "examples/digits-beta-vae.yaml", home=home)
        _say(console, f"No sweeps in {place.root}. Begin with: {begin}")
        return
    table = _table(f"sweeps in {place.root}", "sweep", "state", "model", "dataset", "evaluations", "champion")
    for summary in summaries:
        done = f"{summary.evaluations}/{summary.planned}"
        best = f"{summary.objective} {summary.champion['mean']:.4g}" if summary.champion else ""
        table.add_row(summary.sweep_id, summary.state, summary.model, summary.dataset, done, best)
    console.print(table)


def show_sweep(console: Console, summary: Summary, results: Sequence[EvaluationResult], home: Path | None) -> None:
    """Show a sweep with its evaluations; `home` is as it was given."""
    done = f"{summary.evaluations} of {summary.planned} evaluations"
    _say(console, f"{summary.sweep_id}: {summary.state}, {summary.model} on {summary.dataset}, {done}", summary.why)
    table = _table("", "trial", "bracket", "rung", "epochs", summary.objective, "state")
    for result in results:
        mean = f"{result.mean:.4g}" if result.mean is not None else "–"
        state = f"{result.state}: {result.reason}" if result.reason else result.status
        table.add_row(*map(str, (result.trial, result.bracket, result.rung, result.epochs)), mean, state)
    console.print(table)
    if summary.champion:
        export = command("export", summary.sweep_id, "-o", "best.yaml", home=home)
        _say(console, f"champion: trial {summary.champion['trial']}; to take it away: {export}")


def show_link(console: Console, url: str, shown_by: str) -> None:
    """Show where the pages are, and whose."""
    _say(console, f"{shown_by} shows the sweep at {url}", "Ctrl-C ends it.")


def show_models(console: Console, described: dict[str, Any], name: str | None) -> None:
    """Show the models, or one with its hyperparameters."""
    for model, facts in described["models"].items():
        _say(console, f"{model}: {facts['meaning']}")
        if name is None:
            continue
        table = _table("", "hyperparameter", "default", "range", "meaning")
        for rule in facts["hyperparameters"]:
            limits = ", ".join(map(str, rule["choices"])) or f"[{rule['low']:g}, {rule['high']:g}]"
            meaning = f"{rule['meaning']} ({rule['effect']})" if rule["effect"] else rule["meaning"]
            table.add_row(rule["name"], str(rule["default"]), limits, meaning)
        console.print(table)
        _show_presets(console, facts["presets"])


def _show_presets(console: Console, presets: Sequence[dict[str, Any]]) -> None:
    table = _table("presets", "preset", "epochs", "max_epochs at eta 3", "meaning, source and values")
    for preset in presets:
        values = ", ".join(f"{name} {in_a_spec(value)}" for name, value in preset["hyperparameters"].items())
        told = (f"{preset['meaning']}.", preset["source"], f"{values}.")
        table.add_row(preset["name"], str(preset["epochs"]), str(preset["max_epochs"]), " ".join(told))
    console.print(table)


def show_spaces(console: Console, described: dict[str, Any], name: str | None) -> None:
    """Show the shipped spaces, or one with its sources."""
    for space, content in described["spaces"].items():
        table = _table(f"space {space}, for model {content['model']}", "hyperparameter", "domain", "range", "source")
        for hyperparameter, domain in content["domains"].items():
            limits = domain.get("values") or [domain["low"], domain["high"]]
            table.add_row(hyperparameter, domain["type"], str(limits), domain.get("source", "") if name else "")
        console.print(table)


def show_datasets(console: Console, described: dict[str, Any], name: str | None) -> None:
    """Show the datasets, or one with its files."""
    table = _table("datasets", "dataset", "training examples", "pixels", "meaning")
    for dataset, facts in described["datasets"].items():
        table.add_row(dataset, str(facts["training_examples"]), f"{facts['side']}×{facts['side']}", facts["meaning"])
    console.print(table)
    if name is not None and described["datasets"][name]["files"]:
        files = ", ".join(described["datasets"][name]["files"])
        _say(console, f"Read from $SWEEPS_DATA/{name}/, plain or with .gz: {files}")


def evaluation_json(result: EvaluationResult) -> dict[str, Any]:
    """Return an evaluation for scripts, with every digit of its scores."""
    names = ("trial", "bracket", "rung", "epochs", "state", "reason", "folds", "mean", "hyperparameters", "scores")
    return {name: getattr(result, name) for name in names}


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = True
    return table


def _say(console: Console, *lines: str) -> None:
    for text in lines:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
