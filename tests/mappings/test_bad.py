"""Every message has a file that shows it: its first lines are comments with all that `check` says of it, word by word."""

from pathlib import Path

import pytest

import mappings

BAD = Path(__file__).parent / "bad"
CASES = sorted(path for path in BAD.iterdir() if path.suffix == ".yaml" or path.is_dir())


def texts_of(case: Path) -> tuple[dict[str, str], str]:
    """The files of a case, and which is the main one."""
    if case.is_dir():
        return {path.relative_to(case).as_posix(): path.read_text() for path in case.rglob("*.yaml")}, "okr.yaml"
    return {case.name: case.read_text()}, case.name


def said_of(texts: dict[str, str], main: str) -> list[str]:
    try:
        problems = mappings.load_texts(texts, main).warnings
    except mappings.MappingInvalid as invalid:
        problems = invalid.problems
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_mistake_is_told_in_these_words(case: Path) -> None:
    texts, main = texts_of(case)
    expected = []
    for line in texts[main].splitlines():
        if not line.startswith("# "):
            break
        expected.append(line.removeprefix("# "))

    assert expected
    assert said_of(texts, main) == expected
