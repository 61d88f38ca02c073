import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings
from integration.core.scorecard import Measured, People, Work
from mappings.first import Answers, first_mapping, likely_cycle, short_name, wrong_with_numbers, wrong_with_target
from mappings.first_delivery import choices, likely_target
from mappings.schema.forms import NAME

FAILURES = "failed deployments"
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
    objective_name="first-harvest",
    key_result="The starter kit is in the shop",
    key_result_name="starter-kit",
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
        replace(ANSWERS, deployments=({"version": "*"}, {"reaches": "Live: at last"}), incidents=({"from": FAILURES},)),
        replace(
            ANSWERS,
            tracker="azure-devops",
            url="https://dev.azure.com/tidegarden",
            user="",
            deployments=({"release_pipeline": "[Gate] #1", "stage": "no"}, {"pipeline": "*-deploy"}),
            incidents=({"type": "Bug", "label": "prod"}, {"pushed": "true"}),
        ),
    ],
    ids=["badge", "fields", "number", "azure", "delivery in jira", "delivery in azure"],
)
def test_a_first_mapping_has_no_mistake_and_no_warning(answers: Answers) -> None:
    assert loaded(answers).warnings == ()


@pytest.mark.parametrize(("measured_by", "measure"), [("items", Work("items")), ("number", People("weekly"))])
def test_it_says_what_was_answered(measured_by: str, measure: object) -> None:
    made = loaded(replace(ANSWERS, measured_by=measured_by, start="1", target="9"))

    ((objective, key_result),) = made.scorecard.key_results()
    assert (objective.title, key_result.title, key_result.measure) == (ANSWERS.objective, ANSWERS.key_result, measure)
    assert key_result.id == "first-harvest.starter-kit"
    assert made.scorecard.connections["jira"].projects == ("SEED", "Ship & Co")
    assert made.scorecard.write_back["jira"].remote_link


@pytest.mark.parametrize("preset", choices())
def test_every_kpi_on_offer_measures_a_key_result(preset: str) -> None:
    made = loaded(replace(ANSWERS, measured_by="kpi", kpi=preset, target=likely_target(preset)))

    ((_, key_result),) = made.scorecard.key_results()
    assert made.warnings == ()
    assert isinstance(key_result.measure, Measured)
    assert key_result.measure.kpi.preset == preset
    assert wrong_with_target(preset, likely_target(preset)) is None


def test_rules_come_back_as_they_were_meant() -> None:
    rule = {"release_pipeline": "[Gate] #1", "stage": "no: 'yes'"}
    made = loaded(replace(ANSWERS, tracker="azure-devops", user="", deployments=(rule,), incidents=({"type": "Bug"},)))

    (service,) = made.scorecard.delivery.services.values()
    (deployment,) = service.deployments
    assert [one.text for one in (*deployment.release_pipelines, *deployment.stages)] == [*rule.values()]
    assert [one.text for one in service.incidents[0].only.types] == ["Bug"]
    assert service.changes[0].only.levels == ("item",)


words = st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40).map(
    lambda text: " ".join(f"{text} kit".split())
)


@settings(deadline=None)
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


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Nobody queues on the quay", "nobody-queues-quay"),
        ("Every customer knows where the parcel is", "customer-knows-where"),
        ("4,000 readers get the weekly pick", "4-000-readers"),
        ("Dépenser moins", "depenser-moins"),
        ("It is what it is", "what"),
        ("Donaudampfschifffahrtsgesellschaftskapitäne", "donaudampfschifffahrtsge"),
    ],
)
def test_a_name_is_made_of_the_words_that_tell(title: str, name: str) -> None:
    assert short_name(title) == name


@given(st.text(min_size=1, max_size=60))
def test_every_title_gives_a_name_that_can_be_typed(title: str) -> None:
    assert re.fullmatch(NAME, short_name(title))


@pytest.mark.parametrize(
    ("start", "target", "wrong"),
    [
        ("38 %", "60 %", None),
        ("120", "-50 %", None),
        ("14", "14", "equals its start (14); there is no way to go"),
        ("14", "4,5", "'4,5' has a decimal comma; write 4.5"),
        ("many", "4", "expected a number, got 'many'"),
    ],
)
def test_numbers_are_judged_in_the_words_of_the_language(start: str, target: str, wrong: str | None) -> None:
    assert wrong_with_numbers(start, target) == wrong


def test_it_reads_well() -> None:
    assert (
        first_mapping(ANSWERS)
        == """\
# yaml-language-server: $schema=okr.schema.json
# What we want, how it is measured, which work feeds it, and where progress is shown.
# `okrlink check` finds every mistake in it; `okrlink schema > okr.schema.json` lets an editor do so while you type.
version: 1
timezone: Europe/Lisbon  # where days begin
holidays: PT             # days on which no progress is expected
cycle: 2026-Q4           # 1 October to 31 December 2026; its dates follow from its name

connections:
  jira:                                      # its webhooks go to /webhooks/jira
    tracker: jira
    url: https://tidegarden.atlassian.net
    user: env/JIRA_USER                      # the account's e-mail address, from the environment
    token: env/JIRA_TOKEN                    # secrets stand in the environment or in a file, never here
    webhook_secret: env/JIRA_WEBHOOK_SECRET  # any long random text; the tracker's webhooks are told the same
    projects: [SEED, Ship & Co]              # what okrlink may read

objectives:
  first-harvest:     # a name, as it is typed; the title is what people read
    title: New growers harvest in their first month
    key_results:
      starter-kit:
        title: The starter kit is in the shop
        work: items  # the share of the linked work that is done

# How work is linked: an epic with the label kr:starter-kit counts with all that hangs below it.
links:
  - label: kr:*  # the * stands for a key result

# What a deployment, a change and an incident is. KPIs count these.
delivery:
  deployments:
    - pushed: true      # your CI tells of each, to /api/v1/facts or by okrlink import
  changes:
    - started: started  # each item, from the start of its work to the deployment that ships it
  incidents:
    - label: incident   # each item with this label, from its creation until it is done

# What is watched all the time: `okrlink kpis` shows it, and --explain the facts behind a number.
kpis:
  defaults: {review: monthly}                             # somebody looks at them once a month
  deployment-frequency: {use: dora/deployment-frequency}  # Deployment frequency
  lead-time: {use: dora/lead-time}                        # Lead time for changes
  change-failure-rate: {use: dora/change-failure-rate}    # Change failure rate
  time-to-restore: {use: dora/time-to-restore}            # Time to restore service

# Where progress is shown. `okrlink plan` tells what would be written; nothing is before `okrlink apply`.
write_back:
  jira:
    remote_link: true  # a badge on each linked item; needs no field
"""
    )
