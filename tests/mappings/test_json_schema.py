"""The schema that editors use says what the loader says, as far as a schema can."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import mappings
from mappings.json_schema import json_schema
from tests.mappings.test_load import EXAMPLES

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


class CoreSchema(yaml.SafeLoader):
    """YAML 1.2 as editors read it: numbers, truths and nothing by their look, but no dates, and `no` is a word."""


CoreSchema.yaml_implicit_resolvers = {}

for tag, form, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    CoreSchema.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{form})$"), first)
CoreSchema.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
CoreSchema.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def as_editors_read(text: str) -> Any:
    """Keys are words, whatever they look like."""

    def spoken(value: Any) -> Any:
        if isinstance(value, dict):
            return {key if isinstance(key, str) else f"{key}": spoken(inner) for key, inner in value.items()}
        return [spoken(inner) for inner in value] if isinstance(value, list) else value

    return spoken(yaml.load(text, Loader=CoreSchema))


def refused(text: str) -> list[str]:
    """What an editor underlines, and at which path."""
    errors = VALIDATOR.iter_errors(as_editors_read(text))
    return [f"{'.'.join(str(step) for step in error.absolute_path)}: {error.message}" for error in errors]


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(part)


def places(schema: Any, path: str = "file") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language with what the schema says of it."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}.{name}", part
    for name, part in schema.get("definitions", {}).items():
        yield from places(part, name)


def test_it_is_draft_7_and_every_place_has_one_shape() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    text = json.dumps(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not [word for word in ("anyOf", "oneOf", "$defs", "if", "patternProperties") if f'"{word}":' in text]
    assert all(set(part) == {"$ref"} for part in parts(SCHEMA) if "$ref" in part)


def test_keys_that_are_not_known_are_refused_everywhere() -> None:
    """But where people name fields and bands themselves."""
    models = [part for part in parts(SCHEMA) if "properties" in part and "type" in part]
    open_ones = [model for model in models if model["additionalProperties"] is not False]

    assert len(models) > 15
    assert {tuple(model["properties"]) for model in open_ones} == {("either", "not"), ("from",)}


@pytest.mark.parametrize(
    ("path", "place"), list(places(SCHEMA)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_is_described_and_takes_its_own_default_and_examples(path: str, place: dict[str, Any]) -> None:
    assert place.get("description"), path
    for value in [*place.get("examples", []), *([place["default"]] if "default" in place else [])]:
        jsonschema.Draft7Validator({**place, "definitions": SCHEMA["definitions"]}).validate(value)


def test_a_pattern_comes_with_its_message_and_works_in_editors() -> None:
    """Editors are written in JavaScript: what Python alone reads would silence the whole place."""
    patterned = [part for part in parts(SCHEMA) if isinstance(part.get("pattern"), str)]

    assert len(patterned) > 10
    assert all(part.get("patternErrorMessage") for part in patterned)
    assert not [part["pattern"] for part in patterned if re.search(r"\(\?[^:]|\\[AZ]|[^\W\d]\+\+", part["pattern"])]


@pytest.mark.parametrize("main", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_satisfy_it(main: Path) -> None:
    for text in mappings.load(main).files.values():
        assert refused(text) == []


def test_the_published_mappings_satisfy_it(published: Path) -> None:
    for path in published.rglob("*.yaml"):
        assert refused(path.read_text(encoding="utf-8")) == [], path.name


KEY_RESULT = "objectives: {a: {title: A, cycle: 2026-Q4, key_results: {b: {title: B, KEYS}}}}"
JIRA = "url: https://a.atlassian.net, projects: S, user: env/U, token: env/T, webhook_secret: env/W"


@pytest.mark.parametrize(
    "text",
    [
        "cycle: 2026\nteam: 007\nowner: no",
        "version: 1",
        "cycles: {2026: {was: 1}, FY27.1: {from: 2026-09-01, to: 2026-12-31}}",
        "business_hours: mon-fri 9:00-17:30, Saturday 10:00 - 14:00",
        "holidays: NO\ntimezone: UTC",
        "connections: {ado: {url: https://dev.azure.com/a, projects: [1, S*], token: file/t, webhook_secret: [env/W, file/w]}}",
        f"connections: {{jira: {{{JIRA}}}}}\nwrite_back: {{jira: {{fields: {{42: percent}}, to: Epic, every: 90 seconds, stop_above: 5}}}}",
        "retention: {deliveries: 2 weeks, dead: 6 months}",
        KEY_RESULT.replace("KEYS", "work: items, unestimated: 1.5, weight: 0.5"),
        KEY_RESULT.replace(
            "KEYS", "work: 2026, linked: [{project: S, key: [S-1, 4711], state: [to do, done], level: item}]"
        ),
        KEY_RESULT.replace(
            "KEYS", "work: items, linked: [{type: Bug, open: TRUE, not: {label: [1, x], not: {tag: y}}}]"
        ),
        KEY_RESULT.replace("KEYS", "start: 010, target: -5 points"),
        KEY_RESULT.replace("KEYS", "start: 18 USD, target: +50 percent, by: 2026-12-31"),
        KEY_RESULT.replace("KEYS", "start: 3 / week, target: 5 / week, milestones: {2026-11-01: 4}"),
        KEY_RESULT.replace("KEYS", "start: -3.5, target: 0 €, check_in: every 2 weeks"),
        KEY_RESULT.replace("KEYS", "keep: at least 90 %"),
        KEY_RESULT.replace("KEYS", 'keep: "<=15%"'),
        KEY_RESULT.replace("KEYS", "kpi: dora/lead-time, start: measured 2026-Q3, target: 5"),
        "kpis: {a: {use: dora/lead-time, aggregate: p90, where: {service: [a, b], escaped: true, changes: '>= 1'}}}",
        "kpis: {a: {measure: {count: {type: Bug, not: {label: x}}, at: [created, done], per: week}, target: at most 5 / week}}",
        "kpis: {a: {measure: {number: passed, of: test runs, per: {number: run, of: test runs}}, unit: '%', decimals: 1}}",
        "kpis: {a: {measure: {share: {either: [{result: failed}]}, of: deployments}, by: [team, week], window: 12 whole weeks}}",
        "kpis: {a: {measure: {between: [first commit or started, now], of: changes, paused_in: Waiting, whole: days, only: '<= 9 days'}}}",
        "kpis: {a: {measure: {count: builds}, aggregate: median over weeks of active days, window: 2026-07-01..2026-09-30}}",
        "kpis: {a: {use: dora/lead-time, bands: {from: ours, fast: '<= 1 day', odd: 'p90 <= 2 days', slow: else}}}",
        "kpis: {defaults: {measure: {pushed: true}, kind: team health}, a: {week_starts: sunday, indicator: leading}}",
    ],
)
def test_it_takes_what_the_loader_takes(text: str) -> None:
    assert mappings.load_texts({"okr.yaml": text}, "okr.yaml").files
    assert refused(text) == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("okrs: {}", ": Additional"),
        ("version: 2", "version"),
        ("timezone: [UTC]", "timezone"),
        ("business_hours: 9 to 5", "business_hours"),
        ("grading: strict", "grading"),
        ("week_starts: mon", "week_starts"),
        ("retention: 30 days", "retention"),
        ("retention: {deliveries: 30}", "retention.deliveries"),
        ("links: {label: kr:*}", "links"),
        ("cycles: {Q4 2026: {}}", "cycles"),
        ("cycles: {T3: {from: 1.9.2026}}", "cycles.T3.from"),
        ("connections: {jira: {tracker: jira, projects: S}}", "connections.jira: 'url'"),
        (f"connections: {{jira: {{{JIRA}, tokn: env/X}}}}", "connections.jira: Additional"),
        (f"connections: {{jira: {{{JIRA}, tracker: ado}}}}", "connections.jira.tracker"),
        (f"connections: {{jira: {{{JIRA}, gateway: 'yes'}}}}", "connections.jira.gateway"),
        (f"connections: {{jira: {{{JIRA}}}}}".replace("env/T", "abc123"), "connections.jira.token"),
        (f"connections: {{Jira: {{{JIRA}}}}}", "connections: 'Jira'"),
        ("objectives: [{title: A}]", "objectives"),
        ("objectives: {a: {title: A, key_results: {}, key-results: {}}}", "objectives.a: Additional"),
        ("objectives: {a: {key_results: {}}}", "objectives.a: 'title'"),
        ("objectives: {trustedByReaders: {title: A, key_results: {}}}", "objectives: 'trustedByReaders'"),
        (KEY_RESULT.replace("KEYS", "measure: x"), "objectives.a.key_results.b: Additional"),
        (KEY_RESULT.replace("KEYS", "check_in: often"), "objectives.a.key_results.b.check_in"),
        (KEY_RESULT.replace("KEYS", "target: '>= 50 %'"), "objectives.a.key_results.b.target"),
        (KEY_RESULT.replace("KEYS", "target: '4,5'"), "objectives.a.key_results.b.target"),
        (KEY_RESULT.replace("KEYS", "start: half"), "objectives.a.key_results.b.start"),
        (KEY_RESULT.replace("KEYS", "keep: 15 %"), "objectives.a.key_results.b.keep"),
        (KEY_RESULT.replace("KEYS", "by: 31.12.2026"), "objectives.a.key_results.b.by"),
        (KEY_RESULT.replace("KEYS", "milestones: {November: 4}"), "objectives.a.key_results.b.milestones"),
        (
            KEY_RESULT.replace("KEYS", "milestones: {2026-11-01: soon}"),
            "objectives.a.key_results.b.milestones.2026-11-01",
        ),
        (KEY_RESULT.replace("KEYS", "count: {type: Bug, open: 'yes'}"), "objectives.a.key_results.b.count.open"),
        (KEY_RESULT.replace("KEYS", "count: {state: finished}"), "objectives.a.key_results.b.count.state"),
        (KEY_RESULT.replace("KEYS", "count: {state: [done, finished]}"), "objectives.a.key_results.b.count.state.1"),
        (
            KEY_RESULT.replace("KEYS", "linked: [{not: {lable: x}}]"),
            "objectives.a.key_results.b.linked.0.not: Additional",
        ),
        (KEY_RESULT.replace("KEYS", "kind: ambitious"), "objectives.a.key_results.b.kind"),
        ("kpis: {a: {keep: 15 %}}", "kpis.a.keep"),
        ("kpis: {a: {measure: {pushed: true}, target: -30 %}}", "kpis.a.target"),
        ("kpis: {a: {use: dora/lead-time, aggregate: average}}", "kpis.a.aggregate"),
        ("kpis: {a: {use: dora/lead-time, window: 28}}", "kpis.a.window"),
        ("kpis: {a: {use: dora/lead-time, kind: money}}", "kpis.a.kind"),
        ("kpis: {a: {measure: {count: deployment}}}", "kpis.a.measure.count"),
        ("kpis: {a: {measure: {count: items, at: done, per: year}}}", "kpis.a.measure.per"),
        ("kpis: {a: {measure: {cuont: items}}}", "kpis.a.measure: Additional"),
        ("kpis: {a: {use: flow/wip, where: {fields: {Severity: High}}}}", "kpis.a.where.fields"),
        ("kpis: {a: {use: dora/lead-time, bands: {good: quick}}}", "kpis.a.bands.good"),
        ("delivery: {deployments: {version: Shop}}", "delivery.deployments"),
        ("delivery: {incidents: [{stage: prod}]}", "delivery.incidents.0: Additional"),
        ("delivery: {incidents: [{caused_by: {within: 3}}]}", "delivery.incidents.0.caused_by.within"),
        ("write_back: {jira: {fields: {percent: KR Progress}}}", "write_back.jira.fields.percent"),
        ("write_back: {jira: {fields: {KR Progress: progress}}}", "write_back.jira.fields.KR Progress"),
        ("write_back: {jira: {on: Epic}}", "write_back.jira: Additional"),
        ("write_back: {jira: {stop_above: a quarter}}", "write_back.jira.stop_above"),
    ],
)
def test_it_refuses_what_the_loader_refuses_and_where(text: str, at: str) -> None:
    with pytest.raises(mappings.MappingInvalid):
        mappings.load_texts({"okr.yaml": text}, "okr.yaml")

    (error,) = refused(text)
    assert error.startswith(at)
