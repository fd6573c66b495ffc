"""The page of one sweep as HTML: what it tells, for whom, and to whom it says nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sweeps.execution.storage import Home, SweepFiles
from sweeps.record.dashboard import dashboard_url
from sweeps.service.pages import sweep_told
from sweeps.service.record_pages import RecordPages
from sweeps.service.tokens import Role
from tests.record.synthetic import write_samples
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, begin, diverged, finish, new_search, result_of, small_spec

SPEC = small_spec()
PAGE = f"/sweeps/{SPEC.sweep_id}"


class Reading(HTMLParser):
    """What a page says and holds: its text without the spaces between words, and every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def one(self, **wanted: str) -> dict[str, str | None]:
        """Return the attributes of the element that has some of them."""
        (found,) = [held for _, held in self.elements if wanted.items() <= held.items()]
        return found


def read(caller: Caller, path: str = PAGE, **headers: str) -> Reading:
    answer = caller.ask("GET", path, headers={"Accept": "text/html", **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Reading(answer.text)


@pytest.fixture
def files(service: Service, user: Caller) -> SweepFiles:
    """A sweep that has finished."""
    user.post("/api/v1/sweeps", RAW, 201)
    files = finish(Home(service.board.root), SPEC)
    champion = (files.read_json(files.conclusion) or {})["champion"]
    service.board.stand(SPEC.sweep_id, state="finished", evaluations=6, champion=champion)
    return files


def test_a_finished_sweep_tells_its_champion_and_best_yaml(user: Caller, files: SweepFiles) -> None:
    page = read(user)
    assert "Champion trial 0, 3 of 3 epochs 7.1 ± 0.091 fid" in page.text
    assert "6 of 6 evaluations" in page.text
    assert " ".join(files.best.read_text().split()) in page.text
    link = page.one(id="download")
    assert (link["href"], link["download"]) == (f"/api/v1{PAGE}/best", "best.yaml")
    assert user.ask("GET", str(link["href"])).text == files.best.read_text()


def test_the_leaderboard_lists_every_trial_with_its_folds(user: Caller, files: SweepFiles) -> None:
    page = read(user)
    ids = [held["id"] for tag, held in page.elements if tag == "tr" and held.get("id")]
    assert ids == ["leader-0", "leader-3", "leader-4", "leader-1", "leader-2"]
    assert page.one(id="leader-0")["class"] == "first"
    labels = [held["aria-label"] for _, held in page.elements if held.get("class") == "box" and "aria-label" in held]
    assert labels[0] == "Folds: 7, 7.1, 7.2"
    assert len(labels) == 5


def test_a_sweep_that_has_only_begun_keeps_room_for_what_comes(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    before = read(user)
    rows = [held for tag, held in before.elements if tag == "tr"]
    finish(Home(service.board.root), SPEC)
    after = [held for tag, held in read(user).elements if tag == "tr"]
    assert len(rows) == len(after)
    assert "no result with a score yet" in before.text
    assert "disabled" in before.one(title="Only a finished sweep has one.")


def test_the_part_that_changes_is_sent_alone(user: Caller, files: SweepFiles) -> None:
    part = read(user, **{"HX-Request": "true"})
    assert part.elements[0] == ("div", part.one(id="sweep"))
    assert part.one(id="sweep")["data-state"] == "finished"


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("queued", {"pause", "cancel"}),
        ("running", {"pause", "cancel"}),
        ("paused", {"resume", "cancel"}),
        ("cancelled", {"resume"}),
        ("finished", set()),
    ],
)
def test_buttons_are_those_that_change_something(service: Service, user: Caller, state: str, buttons: set[str]) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    service.board.stand(SPEC.sweep_id, state=state)

    def enabled(caller: Caller) -> set[str]:
        page = read(caller)
        return {name for name in ("pause", "resume", "cancel") if "disabled" not in page.one(id=name)}

    assert enabled(user) == buttons
    assert enabled(service.caller(Role.READ)) == set()


def test_whoever_may_only_read_is_told_so(service: Service, user: Caller, files: SweepFiles) -> None:
    assert read(service.caller(Role.READ)).one(id="pause")["title"] == "Your token may only read."


def test_a_long_leaderboard_has_pages(user: Caller, files: SweepFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_told, "PER_PAGE", 2)
    monkeypatch.setattr("sweeps.service.pages.sweep.PER_PAGE", 2)

    def listed(number: int) -> list[str | None]:
        page = read(user, f"{PAGE}?page={number}")
        assert f"5 trials, page {number} of 3" in page.text
        return [held["id"] for tag, held in page.elements if tag == "tr" and held.get("id")]

    assert [listed(number) for number in (1, 2, 3)] == [
        ["leader-0", "leader-3"],
        ["leader-4", "leader-1"],
        ["leader-2"],
    ]


def test_the_fallen_are_told_with_their_reason(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    files, evaluation = Home(service.board.root).sweep(SPEC.sweep_id), new_search(SPEC).ask()
    assert evaluation is not None
    files.write_result(diverged(result_of(SPEC, evaluation)))
    page = read(user)
    assert "diverged: loss/L became non-finite in epoch 1 of fold 2" in page.text
    assert "1 fell" in page.text


def test_pictures_of_leading_trials_are_shown(service: Service, user: Caller, files: SweepFiles) -> None:
    write_samples(files.samples(0, 1), 0, 1)
    picture = read(user).one(alt="Samples of trial 0 after 3 epochs")
    assert picture["src"] == f"/api/v1{PAGE}/trials/0/samples/1"
    assert user.ask("GET", str(picture["src"])).headers["content-type"] == "image/png"


def test_mlflow_is_linked_where_it_shows_the_sweep(service: Service, user: Caller, files: SweepFiles) -> None:
    assert "MLflow" not in read(user).text
    app = service.client.app
    desk = app.state.desk  # type: ignore[attr-defined]
    record = RecordPages("http://127.0.0.1:5000", "admin", "service/mlflow-password")
    app.state.desk = type(desk)(desk.board, desk.settings, desk.workers, record)  # type: ignore[attr-defined]
    page = read(user)
    assert "user admin , and what stands in service/mlflow-password" in page.text
    experiment = service.board.view(SPEC.sweep_id).experiment_id
    assert page.one(target="_blank", rel="noopener", **{"class": "button"})["href"] == dashboard_url(
        "http://127.0.0.1:5000", experiment
    )


def test_what_users_wrote_is_escaped(service: Service, user: Caller, files: SweepFiles) -> None:
    service.board.stand(SPEC.sweep_id, state="failed", why="<script>alert(1)</script>", submitted_by="<b>ann</b>")
    text = user.ask("GET", PAGE, headers={"Accept": "text/html"}).text
    assert "<script>alert" not in text
    assert "<b>ann" not in text
    assert "&lt;script&gt;" in text


def test_nothing_is_inline_that_the_policy_would_refuse(user: Caller, files: SweepFiles) -> None:
    answer = user.ask("GET", PAGE, headers={"Accept": "text/html"})
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
    page = Reading(answer.text)
    assert not [held for _, held in page.elements if "style" in held or any(name.startswith("on") for name in held)]
    scripts = [held for tag, held in page.elements if tag == "script"]
    assert scripts
    for held in scripts:
        assert user.ask("GET", str(held["src"])).status_code == 200


def test_every_script_finds_what_it_imports(user: Caller, files: SweepFiles) -> None:
    page = read(user)
    modules = [str(held["src"]) for tag, held in page.elements if tag == "script" and held.get("type") == "module"]
    imports = {
        (Path(module).parent / name).as_posix()
        for module in modules
        for name in re.findall(r'from "\./([a-z]+\.js)"', user.ask("GET", module).text)
    }
    assert {Path(address).name for address in imports} == {"chart.js", "data.js", "table.js"}
    assert all(user.ask("GET", address).status_code == 200 for address in imports)


def test_another_projects_sweep_is_as_one_that_is_not_there(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps?project=team-a", RAW, 201)
    outsider = service.caller(Role.ADMIN, "team-b")
    there, absent = (
        outsider.client.get(
            f"/sweeps/team-a~{name}", headers={"Accept": "text/html", "Authorization": f"Bearer {outsider.token}"}
        )
        for name in (SPEC.sweep_id, "absent-00000000")
    )
    assert (there.status_code, absent.status_code) == (404, 404)
    assert there.text.replace(SPEC.sweep_id, "") == absent.text.replace("absent-00000000", "")


def test_results_appear_as_they_come(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    service.board.stand(SPEC.sweep_id, state="running")
    for count in (1, 4):
        begin(Home(service.board.root), SPEC, evaluations=count)
        assert f"{count} of 6 evaluations" in read(user).text
