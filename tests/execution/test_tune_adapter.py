"""The order in which Tune is told to run trials; whole sweeps under Tune are in tests/end_to_end."""

from dataclasses import dataclass, field

from sweeps.execution.tune_adapter import _InTurn


@dataclass
class TuneTrial:
    """What the scheduler sees of one of Tune's trials."""

    trial_id: str
    status: str = "PENDING"


@dataclass
class Controller:
    """What the scheduler asks Tune."""

    trials: list[TuneTrial] = field(default_factory=list)

    def get_trials(self) -> list[TuneTrial]:
        return self.trials


def test_a_worker_that_is_free_takes_the_oldest_trial_but_those_that_bring_up_the_others() -> None:
    scheduler, controller = _InTurn(workers=2), Controller([TuneTrial(name) for name in "abcd"])
    for trial in controller.trials:
        scheduler.on_trial_add(controller, trial)
    first, _, third, fourth = controller.trials
    assert scheduler.choose_trial_to_run(controller) is third
    third.status = "RUNNING"
    assert scheduler.choose_trial_to_run(controller) is fourth
    first.status = fourth.status = "TERMINATED"
    assert scheduler.choose_trial_to_run(controller) is None
