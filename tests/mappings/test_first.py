from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mappings
from integration.core.scorecard import People, Work
from mappings.first import Answers, first_mapping, likely_cycle

ANSWERS = Answers(
    url="https://tidegarden.atlassian.net",
    tracker="jira",
    user="JIRA_USER",
    token="JIRA_TOKEN",
    webhook_secret="JIRA_WEBHOOK_SECRET",
    projects=("SEED", "Ship & Co"),
    timezone="Europe/Lisbon",
    holidays="PT",
    cycle="2026-Q4",
    objective="New growers harvest in their first month",
    key_result="The starter kit is in the shop",
    measured_by="items",
    start="",
    target="",
    field="",
    label="kr:*",
    shown="badge",
)


def loaded(answers: Answers) -> mappings.Loaded:
    return mappings.load_texts({"okr.yaml": first_mapping(answers)}, "okr.yaml")


@pytest.mark.parametrize(
    "answers",
    [
        ANSWERS,
        replace(ANSWERS, measured_by="story points", field="Key Result", label="", shown="fields"),
        replace(ANSWERS, measured_by="number", start="38 %", target="60 %", shown="nowhere", holidays=""),
        replace(ANSWERS, tracker="azure-devops", url="https://dev.azure.com/tidegarden", user=""),
    ],
    ids=["badge", "fields", "number", "azure"],
)
def test_a_first_mapping_has_no_mistake_and_no_warning(answers: Answers) -> None:
    assert loaded(answers).warnings == ()


@pytest.mark.parametrize(("measured_by", "measure"), [("items", Work("items")), ("number", People("weekly"))])
def test_it_says_what_was_answered(measured_by: str, measure: object) -> None:
    made = loaded(replace(ANSWERS, measured_by=measured_by, start="1", target="9"))

    ((objective, key_result),) = made.scorecard.key_results()
    assert (objective.title, key_result.title, key_result.measure) == (ANSWERS.objective, ANSWERS.key_result, measure)
    assert made.scorecard.connections["jira"].projects == ("SEED", "Ship & Co")
    assert made.scorecard.write_back["jira"].remote_link


words = st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40).map(
    lambda text: " ".join(f"{text} kit".split())
)


@given(words, words, st.lists(words, min_size=1, max_size=3, unique=True))
def test_any_words_come_back_as_they_were_typed(objective: str, key_result: str, projects: list[str]) -> None:
    made = loaded(replace(ANSWERS, objective=objective, key_result=key_result, projects=tuple(projects)))

    ((said, of_it),) = made.scorecard.key_results()
    assert (said.title, of_it.title) == (objective, key_result)
    assert made.scorecard.connections["jira"].projects == tuple(projects)


@pytest.mark.parametrize(
    ("today", "cycle"),
    [
        (date(2026, 10, 1), "2026-Q4"),
        (date(2026, 12, 10), "2026-Q4"),
        (date(2026, 12, 11), "2027-Q1"),
        (date(2026, 2, 1), "2026-Q1"),
    ],
)
def test_late_in_a_quarter_the_next_one_is_planned(today: date, cycle: str) -> None:
    assert likely_cycle(today) == cycle
