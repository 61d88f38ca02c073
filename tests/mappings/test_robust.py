"""Whatever stands in a file, the answer is a mapping or a list of problems; never a crash, never a secret."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mappings
from tests.mappings.test_bad import BAD

BODIES = [path.read_text() for path in sorted(BAD.rglob("*.yaml"))]
EXAMPLES = [path.read_text() for path in sorted(Path(mappings.__file__).parent.glob("examples/**/*.yaml"))]
WORDS = st.sampled_from(
    [
        "okr",
        "objectives",
        "connections",
        "jira",
        "links",
        "key_results",
        "checkout",
        "title",
        "work",
        "items",
        "target",
        "keep",
        "start",
        "cycle",
        "2026-Q4",
        "{}",
        "[]",
        ":",
        "-",
        "&",
        "*",
        "!",
        ">",
        "|",
        "%",
        "@",
        "'",
        '"',
        "#",
        "<<",
        "~",
        "null",
        "yes",
        "+10",
        "%",
        "4,5",
        "env/X",
        "kpi",
        "kpis",
        "use",
        "dora/lead-time",
        "measure",
        "count",
        "between",
        "of",
        "per",
        "where",
        "aggregate",
        "delivery",
        "write_back",
        "fields",
        "include",
        "was",
        "label",
        "kr:*",
    ]
)


def said(data: str) -> list[str]:
    try:
        mappings.load_texts({"okr.yaml": data}, "okr.yaml")
    except mappings.MappingInvalid as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    assert all("\n" not in line for line in said(text))


@given(data=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "okr.yaml"
    file.write_bytes(data)
    with contextlib.suppress(mappings.MappingInvalid):
        mappings.load(file)


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(WORDS, min_size=1, max_size=4)), max_size=12))
def test_any_words_of_the_language_are_answered(lines: list[tuple[int, list[str]]]) -> None:
    said("\n".join("  " * depth + " ".join(words) for depth, words in lines))


@settings(deadline=None)  # days off and time zones are read when they are first asked for
@given(st.sampled_from(BODIES + EXAMPLES), st.data())
def test_any_damage_to_a_mapping_is_answered(body: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body)))
    until = data.draw(st.integers(at, min(at + 12, len(body))))
    said(body[:at] + data.draw(st.text(alphabet=" \t\n:-'\"{}[]#&*!|>%@`,?xä0é+", max_size=4)) + body[until:])


json_like = st.recursive(
    st.none() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | WORDS, inner, max_size=4),
    max_leaves=20,
)


def flow(value: object) -> str:
    """The value as YAML in braces and brackets, all texts in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return "" if value is None else "'" + str(value).replace("'", "''") + "'"


@given(st.dictionaries(st.sampled_from(sorted(mappings.MainFile.model_fields)), json_like, max_size=6))
def test_any_values_under_the_language_s_keys_are_answered(value: dict[str, object]) -> None:
    said(flow(value))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"owner: \xff", "owner: \ud800"], ids=["utf-16", "latin-1", "surrogate"])
def test_what_is_no_text_is_said(data: bytes | str, tmp_path: Path) -> None:
    if isinstance(data, str):
        assert said(data)
        return
    (tmp_path / "okr.yaml").write_bytes(data)
    with pytest.raises(mappings.MappingInvalid, match="not UTF-8; save the file as UTF-8"):
        mappings.load(tmp_path / "okr.yaml")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(mappings.MappingInvalid, match="no such file; okrlink init writes a first one"):
        mappings.load(tmp_path / "okr.yaml")


def test_aliases_of_aliases_end() -> None:
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert any("unfolds to more than any mapping says" in line for line in said("\n".join(lines)))


def some(**keys: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional={key.rstrip("_"): value for key, value in keys.items()})


moment = st.sampled_from(["created", "done", "finished", "first commit or now", "entered X", "field D", "merged", ""])
streams = st.sampled_from(["deployments", "changes", "incidents", "items", "stays", "test runs", "pushed", "bugs"])
tests = st.sampled_from(["a", ["a", ">= 1"], ">= 3", "true", "*", [], {"a": "b"}])
filters = st.recursive(
    st.dictionaries(st.sampled_from(["type", "service", "result", "label", "Tag", "query", "open"]), tests, max_size=2),
    lambda inner: some(either=st.lists(inner, max_size=2), not_=inner, type=tests),
    max_leaves=3,
)
side_keys: dict[str, st.SearchStrategy[object]] = {
    "count": streams | filters,
    "number": st.just("passed"),
    "between": st.lists(moment, min_size=1, max_size=3),
    "share": filters,
    "of": streams | filters,
    "at": moment | st.lists(moment, max_size=2),
    "hours": st.just("business"),
    "paused_in": st.just("Waiting"),
    "only": st.sampled_from([">= 1 min", "<= 5"]),
}
bounds = st.sampled_from([">= 5", ">= 5 / week", "<= 15 %", "<= 4 h", "at most 3 USD", "-30 %"])
kpis = some(
    use=st.sampled_from(["dora/lead-time", "flow/wip", "dora/deployment-frequency", "quality/defect-density", "x/y"]),
    measure=some(**side_keys, per=st.just("week") | some(**side_keys), pushed=st.just("true")),
    where=filters,
    aggregate=st.sampled_from(
        ["p90", "ratio", "share <= 4 h", "median over weeks of active days", "mean over team of x"]
    ),
    window=st.sampled_from(["28 days", "now", "this quarter", "3 whole months"]),
    by=st.sampled_from(["week", "team", ["service", "assignee"]]),
    timezone=st.sampled_from(["Asia/Tokyo", "Mars"]),
    unit=st.sampled_from(["h", "%", "USD", "/ day"]),
    target=bounds,
    keep=bounds,
    bands=some(a=bounds, b=st.sampled_from(["else", "p90 <= 4 h", "x"])),
)


@settings(deadline=None)  # presets and time zones are read when they are first asked for
@given(kpis, kpis, st.sampled_from(["5", "-30 %", "12 h"]), filters)
def test_any_kpi_is_answered(kpi: dict[str, object], defaults: dict[str, object], target: str, where: object) -> None:
    key_result = {"title": "B", "kpi": "a", "where": where, "target": target}
    objectives = {"o": {"title": "O", "guardrails": ["a"], "key_results": {"k": key_result}}}
    said(flow({"cycle": "2026-Q4", "kpis": {"a": kpi, "defaults": defaults}, "objectives": objectives}))
