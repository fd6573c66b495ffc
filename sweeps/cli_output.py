"""How answers look on a terminal: tables and a few sentences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rich.console import Console
from rich.table import Table

from models.rule import in_a_spec
from sweeps.cli_command import command
from sweeps.execution.result import EvaluationResult
from sweeps.standing import Summary

if TYPE_CHECKING:
    from sweeps.driver import SweepReport
    from sweeps.service.answers import EvaluationSummary, PlanAnswer, Submitted

__all__ = [
    "evaluation_json",
    "show_datasets",
    "show_end",
    "show_link",
    "show_list",
    "show_models",
    "show_plan",
    "show_report",
    "show_spaces",
    "show_state",
    "show_submitted",
    "show_sweep",
    "show_unwatched",
]


class Place(TypedDict, total=False):
    """Where the sweeps of a command are, as it was given: a command that people are told to run names it again."""

    home: Path | None
    server: str | None


def show_plan(console: Console, plan: "PlanAnswer") -> None:
    """Show brackets, rungs and costs."""
    table = _table(f"plan of {plan.sweep_id}", "bracket", "rungs: trials × folds × epochs")
    for number, bracket in enumerate(plan.brackets):
        rungs = " → ".join(f"{rung.trials} × {rung.folds} × {rung.epochs}" for rung in bracket.rungs)
        table.add_row(str(number), rungs)
    console.print(table)
    if plan.preset is not None:
        fixed = ", ".join(f"{name} {in_a_spec(value)}" for name, value in sorted(plan.fixed.items()))
        _say(console, f"preset {plan.preset}: searched are {', '.join(plan.searched)}; fixed are {fixed}")
    _say(
        console,
        f"{plan.trials} trials, {plan.evaluations} evaluations, {plan.fold_epochs} fold-epochs",
        f"about {_duration(plan.estimated_seconds)} with {plan.workers} workers, by {plan.estimate_basis}",
        f"about {plan.estimated_disk_bytes / 1e6:.0f} MB of disk",
        "Nothing was started.",
    )


def show_report(console: Console, report: "SweepReport", spec: Path, home: Path | None) -> None:
    """Show how a run ended and what to do next; `spec` and `home` are as they were given."""
    again = command("run", str(spec), home=home)
    if report.best is not None:
        _show_champion(console, report.sweep_id, report.as_json()["champion"])
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


def show_list(console: Console, where: str, summaries: Sequence[Summary], **place: Unpack[Place]) -> None:
    """Show the sweeps of a home or a service; the place is as it was given."""
    if not summaries:
        verb = "submit" if place.get("server") else "run"
        begin = command(verb, "examples/digits-beta-vae.yaml", **place)
        _say(console, f"No sweeps in {where}. Begin with: {begin}")
        return
    table = _table(f"sweeps in {where}", "sweep", "state", "model", "dataset", "evaluations", "champion")
    for summary in summaries:
        done = f"{summary.evaluations}/{summary.planned}"
        best = f"{summary.objective} {summary.champion['mean']:.4g}" if summary.champion else ""
        table.add_row(summary.sweep_id, summary.state, summary.model, summary.dataset, done, best)
    console.print(table)


def show_sweep(
    console: Console,
    summary: Summary,
    results: Sequence["EvaluationResult | EvaluationSummary"],
    **place: Unpack[Place],
) -> None:
    """Show a sweep with its evaluations; the place is as it was given."""
    show_state(console, summary)
    table = _table("", "trial", "bracket", "rung", "epochs", summary.objective, "state")
    for result in results:
        mean = f"{result.mean:.4g}" if result.mean is not None else "–"
        status = result.status if isinstance(result, EvaluationResult) else result.state
        state = f"{result.state}: {result.reason}" if result.reason else status
        table.add_row(*map(str, (result.trial, result.bracket, result.rung, result.epochs)), mean, state)
    console.print(table)
    if summary.champion:
        export = command("export", summary.sweep_id, "-o", "best.yaml", **place)
        _say(console, f"champion: trial {summary.champion['trial']}; to take it away: {export}")


def show_state(console: Console, summary: Summary) -> None:
    """Show a sweep in one line, and why it failed."""
    done = f"{summary.evaluations} of {summary.planned} evaluations"
    said = f"{summary.sweep_id}: {summary.state}, {summary.model} on {summary.dataset}, {done}"
    _say(console, said, summary.why)


def show_submitted(console: Console, submitted: "Submitted", server: str | None) -> None:
    """Show a sweep that a service has accepted, what it will cost and how to follow it."""
    sweep, plan = submitted.sweep, submitted.plan
    cost = f"{plan.trials} trials, {plan.evaluations} evaluations, about {_duration(plan.estimated_seconds)}"
    _say(
        console, f"{sweep.ref}: {sweep.state}, {cost}", f"Follow it with: {command('watch', sweep.ref, server=server)}"
    )


def show_end(console: Console, summary: Summary, **place: Unpack[Place]) -> None:
    """Show how a sweep stands that was followed until it rests, and what comes next."""
    name, why = summary.sweep_id, summary.why.rstrip(".")
    if summary.state == "finished" and summary.champion:
        _show_champion(console, name, summary.champion)
        _say(console, f"best.yaml   {command('export', name, '-o', 'best.yaml', **place)}")
    elif summary.state == "interrupted":
        _say(console, f"Sweep {name} was interrupted. `sweeps run` with its spec continues it.")
    else:
        _say(console, f"Sweep {name} is {summary.state}{': ' if why else ''}{why}.")
        if place.get("home") is None:
            _say(console, f"Log         {command('logs', name, **place)}")
            _say(console, f"Continue    {command('resume', name, **place)}")


def show_unwatched(console: Console, name: str, **place: Unpack[Place]) -> None:
    """Say that a sweep goes on although nobody follows it."""
    again = command("watch", name, **place)
    _say(console, f"Sweep {name} is left as it is: only this view has ended. Follow it again with: {again}")


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


def _show_champion(console: Console, name: str, champion: Mapping[str, Any]) -> None:
    _say(console, f"Champion of {name}: trial {champion['trial']}")
    for hyperparameter, value in champion["hyperparameters"].items():
        _say(console, f"  {hyperparameter:<24}{f'{value:.6g}' if isinstance(value, float) else value}")
    mean = f"{champion['mean']:.4g} ± {champion['standard_error']:.2g}"
    told = f"{mean} (mean and standard error over {len(champion['folds'])} folds)"
    _say(console, f"  {champion['objective']:<24}{told}", "")


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
