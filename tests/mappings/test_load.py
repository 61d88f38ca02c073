from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import mappings
from integration.core.kpi.language import Dates, Rate
from integration.core.links import LinkedWork, Pattern, Selector, TagRule
from integration.core.quantities import Bound, Quantity, Relative
from integration.core.queries import Query
from integration.core.scorecard import Count, Cycle, Measured, People, Scorecard, Work

EXAMPLES = sorted((Path(mappings.__file__).parent / "examples").glob("*.yaml"))

JIRA = """
connections:
  jira: {tracker: jira, url: https://bookshop.jira.example/, user: env/U, token: env/T, projects: [SHOP, "P*"]}
"""


def scorecard(body: str) -> Scorecard:
    return mappings.load_texts({"okr.yaml": body}, "okr.yaml").scorecard


def key_result(body: str) -> str:
    """A mapping of one key result, `checkout.rebuilt`."""
    return (
        "cycle: 2026-Q4\nobjectives: {checkout: {title: Buying is quick, key_results: {rebuilt: {title: Rebuilt, "
        + body
        + "}}}}"
    )


def test_every_published_mapping_loads(published: Path) -> None:
    mains = sorted(published.glob("*.yaml"))

    read = [name for main in mains for name in mappings.load(main).files]

    assert len(read) == len([*published.rglob("*.yaml")])


def test_the_published_mappings_ask_for_little_that_is_not_done(published: Path) -> None:
    said = [str(warning) for main in sorted(published.glob("*.yaml")) for warning in mappings.load(main).warnings]

    undone = {line.partition("warning: ")[2] for line in said if "this version" in line}
    assert undone == {
        "dashboards are not kept by this version",
        "edited fields do not become check-ins in this version; they are left alone",
    }


@pytest.mark.parametrize("main", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_load_without_a_warning(main: Path) -> None:
    loaded = mappings.load(main)

    assert [str(warning) for warning in loaded.warnings] == []
    assert loaded.scorecard.objectives


def test_kept_texts_become_the_same_scorecard() -> None:
    loaded = mappings.load(next(path for path in EXAMPLES if path.stem == "both"))

    again = mappings.load_texts(loaded.files, "both.yaml")

    assert list(loaded.files) == ["both.yaml", "both/care.yaml", "both/devices.yaml"]
    assert (again.scorecard, again.digest, again.connections) == (loaded.scorecard, loaded.digest, loaded.connections)


def test_a_digest_changes_with_every_text() -> None:
    files = {"okr.yaml": "include: teams/*.yaml", "teams/a.yaml": "team: A"}

    digests = {
        mappings.load_texts(files, "okr.yaml").digest,
        mappings.load_texts({**files, "teams/a.yaml": "team: B"}, "okr.yaml").digest,
        mappings.load_texts({"okr.yaml": "include: teams/*.yaml", "teams/b.yaml": "team: A"}, "okr.yaml").digest,
    }

    assert len(digests) == 3


def test_included_files_are_found_beside_the_main_one(tmp_path: Path) -> None:
    (tmp_path / "teams/deep").mkdir(parents=True)
    (tmp_path / "okr.yaml").write_text("include: [teams/*.yaml, ./teams/**/*.yaml]\n")
    for name in ("teams/b.yaml", "teams/a.yaml", "teams/deep/c.yaml", "teams/notes.txt"):
        (tmp_path / name).write_text("team: T\n")

    loaded = mappings.load(tmp_path / "okr.yaml")

    assert list(loaded.files) == ["okr.yaml", "teams/a.yaml", "teams/b.yaml", "teams/deep/c.yaml"]
    assert mappings.load_texts(loaded.files, "okr.yaml").digest == loaded.digest


def test_problems_name_included_files_as_the_main_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mappings/teams").mkdir(parents=True)
    (tmp_path / "mappings/okr.yaml").write_text("include: teams/*.yaml\ntaem: T\n")
    (tmp_path / "mappings/teams/a.yaml").write_text("\ntaem: T\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(mappings.MappingInvalid) as invalid:
        mappings.load(Path("mappings/okr.yaml"))

    assert str(invalid.value).splitlines() == [
        "mappings/okr.yaml:2:1: taem: not a known key; did you mean team?",
        "mappings/teams/a.yaml:2:1: taem: not a known key; did you mean team?",
    ]


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-T3", date(2026, 9, 1), date(2026, 12, 31)),
    ],
)
def test_a_cycle_has_dates_by_its_name_or_under_cycles(written: str, first: date, last: date) -> None:
    body = (
        key_result("work: items").replace("2026-Q4", written)
        + "\ncycles: {2026-T3: {from: 2026-09-01, to: 2026-12-31}}"
    )

    (objective,) = scorecard(body).objectives

    assert objective.cycle == Cycle(written, first, last)


@pytest.mark.parametrize(
    ("written", "measure", "start", "target", "keep"),
    [
        ("work: items", Work("items"), None, Quantity(Decimal(100), "%"), None),
        ("work: Story  Points, target: 80", Work("story points"), None, Quantity(Decimal(80), "%"), None),
        ("work: Effort, unestimated: zero", Work("Effort", "zero"), None, Quantity(Decimal(100), "%"), None),
        ("work: field items", Work("field items"), None, Quantity(Decimal(100), "%"), None),
        ("work: field storypoints, unestimated: 3", Work("storypoints", Decimal(3)), None, Quantity(Decimal(100), "%"), None),
        ("check_in: daily, start: 18 USD, target: 24 USD", People("daily"), Quantity(Decimal(18), "USD"), Quantity(Decimal(24), "USD"), None),
        ("count: {type: Bug, open: true}, target: -50 %", Count(Selector(types=(Pattern("Bug"),), open=True)), None, Relative(Decimal(-50), percent=True), None),
        ("start: 310, target: -50 %", People("weekly"), Quantity(Decimal(310)), Relative(Decimal(-50), percent=True), None),
        ("start: 010, target: +5 points", People("weekly"), Quantity(Decimal(10)), Relative(Decimal(5), percent=False), None),
        ("start: 3, target: 5 /  week", People("weekly"), Quantity(Decimal(3)), Quantity(Decimal(5), "/ week"), None),
        ("keep: at least 90 %", People("weekly"), None, None, Bound(">=", Quantity(Decimal(90), "%"))),
        ('check_in: monthly, keep: "< 7"', People("monthly"), None, None, Bound("<", Quantity(Decimal(7)))),
    ],
)  # fmt: skip
def test_a_key_result_is_measured_as_it_says(
    written: str, measure: object, start: object, target: object, keep: object
) -> None:
    ((_, made),) = scorecard(key_result(written)).key_results()

    assert (made.measure, made.start, made.target, made.keep) == (measure, start, target, keep)


def test_a_key_result_is_measured_by_a_preset_as_it_stands() -> None:
    ((_, made),) = scorecard(key_result("kpi: dora/lead-time, target: -30 %")).key_results()

    assert isinstance(made.measure, Measured)
    assert (made.measure.kpi.name, made.measure.kpi.title) == ("dora/lead-time", "Lead time for changes")
    assert (made.start, made.measure.start) == (None, None)
    assert made.target == Relative(Decimal(-30), percent=True)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("measured", None),
        ("measured 2026-Q3", Dates(date(2026, 7, 1), date(2026, 9, 30))),
        ("measured 2026-08-01..2026-08-31", Dates(date(2026, 8, 1), date(2026, 8, 31))),
        ("12", None),
    ],
)
def test_a_start_is_measured_over_the_days_that_it_names(written: str, days: Dates | None) -> None:
    ((_, made),) = scorecard(key_result(f"kpi: dora/lead-time, start: {written}, target: 5")).key_results()

    assert isinstance(made.measure, Measured)
    assert made.measure.start == days


def test_a_key_result_narrows_a_kpi_to_one_of_its_own() -> None:
    body = key_result("kpi: speed, where: {Team: Platform}, target: 5")

    made = scorecard(body + "\nkpis: {speed: {use: dora/deployment-frequency, keep: '>= 1 / week'}}")

    ((_, narrowed),) = made.key_results()
    assert isinstance(narrowed.measure, Measured)
    assert narrowed.measure.kpi.name == "checkout.rebuilt"
    assert isinstance(narrowed.measure.kpi.measure, Rate)
    assert narrowed.measure.kpi.measure.side.where.fields == {"result", "team"}
    assert list(made.watched) == ["checkout.rebuilt", "speed"]
    assert made.watched["speed"].keep == Bound(">=", Quantity(Decimal(1), "/ week"))


def test_the_words_of_a_key_result_reach_the_scorecard() -> None:
    body = key_result(
        "owner: dana, weight: 2, kind: aspirational, ramp: back-loaded, by: 2027-01-31, was: [old, gone.older], "
        "milestones: {2026-12-01: 80 %, 2026-11-01: 40 %}, work: weight, "
        "linked: [{project: SHOP, label: x*, weight: 3, not: {status: Won't do}}]"
    )

    ((_, made),) = scorecard(JIRA + body).key_results()

    assert (made.id, made.owner, made.weight, made.kind, made.ramp) == (
        "checkout.rebuilt",
        "dana",
        Decimal(2),
        "aspirational",
        "back-loaded",
    )
    assert made.by == date(2027, 1, 31)
    assert made.was == ("checkout.old", "gone.older")
    assert [day for day, _ in made.milestones] == [date(2026, 11, 1), date(2026, 12, 1)]
    assert made.linked == (
        LinkedWork(
            Selector(
                projects=(Pattern("SHOP"),),
                labels=(Pattern("x*"),),
                excluded=Selector(statuses=(Pattern("Won't do"),)),
            ),
            Decimal(3),
        ),
    )


def test_the_place_decides_the_type_not_the_look() -> None:
    body = (
        "cycle: 2026\nowner: no\nteam: 007\nobjectives: {a: {title: 1.10, key_results: {b: {title: yes, work: 2026}}}}"
    )

    ((objective, made),) = scorecard(body).key_results()

    assert (objective.owner, objective.team, objective.title, made.title) == ("no", "007", "1.10", "yes")
    assert made.measure == Work("2026")


@pytest.mark.parametrize("title", ["Is it fast?", "Why? Because", "a?b", "?", "?why"])
def test_a_question_mark_is_text_in_braces_too(title: str) -> None:
    text = f"cycle: 2026-Q4\nobjectives: {{a: {{title: A, key_results: {{b: {{title: {title}x, work: items}}}}}}}}"

    ((_, key_result),) = mappings.load_texts({"okr.yaml": text}, "okr.yaml").scorecard.key_results()

    assert key_result.title == f"{title}x"


def test_what_is_said_once_for_a_file_holds_for_that_file() -> None:
    objective = "objectives: {NAME: {title: T, key_results: {k: {title: K, work: items}}}}"
    files = {
        "okr.yaml": "include: teams/*\ncycle: 2026-Q4\nowner: boss\nteam: All\n" + objective.replace("NAME", "main"),
        "teams/a.yaml": "cycle: 2026-H2\nteam: A\n" + objective.replace("NAME", "a"),
        "teams/b.yaml": objective.replace("NAME", "b"),
    }

    made = mappings.load_texts(files, "okr.yaml").scorecard

    assert [(each.id, each.cycle.name, each.owner, each.team) for each in made.objectives] == [
        ("main", "2026-Q4", "boss", "All"),
        ("a", "2026-H2", "boss", "A"),
        ("b", "2026-Q4", "boss", "All"),
    ]


def test_people_tag_with_kr_unless_links_say_otherwise() -> None:
    assert scorecard("cycle: 2026-Q4").tags == (TagRule(label="kr:*"),)
    assert scorecard("links: []").tags == ()
    assert scorecard(JIRA + "links: [{field: Key Result, type: Epic, connection: jira}, {tag: goal/*}]").tags == (
        TagRule(field="Key Result", only=Selector(connections=("jira",), types=(Pattern("Epic"),))),
        TagRule(label="goal/*"),
    )


def test_queries_of_links_linked_work_and_counts_are_asked_of_the_connections_they_are_about() -> None:
    ado = "  ado: {url: https://dev.azure.com/bookshop, token: env/T, projects: Web}\n"
    links = "links: [{label: kr:*, connection: jira, query: type = Epic}]\n"
    work = "work: items, linked: [{project: Web, not: {saved_query: Mine}}]"

    made = scorecard(JIRA + ado + links + key_result(work))

    tag, linked = Query("type = Epic"), Query("Mine", saved=True)
    assert made.queries == {"jira": {tag}, "ado": {linked}}
    assert made.questions(made.objectives[0].key_results[0]) == {("jira", tag), ("ado", linked)}

    counting = scorecard(JIRA + links + key_result("count: {query: type = Bug}, target: 5"))
    assert counting.questions(counting.objectives[0].key_results[0]) == {("jira", Query("type = Bug"))}


def test_write_back_is_polite_by_default() -> None:
    ado = "  ado: {url: https://dev.azure.com/bookshop, token: env/T, projects: Shop}\n"
    made = scorecard(
        JIRA + ado + "write_back: {jira: {fields: {KR Progress: percent}}, ado: {every: 1 s, quiet: false}}"
    )

    jira, azure = made.write_back["jira"], made.write_back["ado"]
    assert (jira.fields, jira.to, jira.remote_link, jira.many, jira.quiet) == (
        {"KR Progress": "percent"},
        (),
        False,
        "list",
        True,
    )
    assert (jira.every, jira.stop_above) == (timedelta(minutes=1), Decimal(25))
    assert (azure.every, azure.quiet) == (timedelta(seconds=1), False)
    assert scorecard(JIRA + ado + "write_back: {ado: {to: Epic}}").write_back["ado"].every == timedelta(minutes=15)


def test_a_connection_keeps_names_of_secrets_only() -> None:
    loaded = mappings.load_texts({"okr.yaml": JIRA}, "okr.yaml")

    (source,) = loaded.connections
    rule = loaded.scorecard.connections["jira"]

    assert (rule.tracker, rule.url, rule.projects) == ("jira", "https://bookshop.jira.example", ("SHOP", "P*"))
    assert (source.user and source.user.text, source.token and source.token.text) == ("U", "T")
    assert source.rescan == timedelta(minutes=1)


def test_days_off_and_opening_hours_decide_what_is_a_working_day() -> None:
    body = key_result("work: items") + "\nholidays: DE-BE\nbusiness_hours: Sun-Thu 08:00-17:00\ntimezone: Europe/Berlin"

    made = scorecard(body)

    assert made.working_days == frozenset({6, 0, 1, 2, 3})
    assert date(2026, 12, 25) in made.holidays
    assert made.timezone.key == "Europe/Berlin"
