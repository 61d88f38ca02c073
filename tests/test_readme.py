"""The README is true: its mapping loads, its commands exist, its files are there, its first screen gets people going."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mappings import MappingInvalid, load_texts
from webhooks.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """The verbs of all `okrlink VERB` in the README's code."""
    code = re.findall(r"`[^`\n]+`", README) + re.findall(r"^    .+$", README, re.MULTILINE)
    return sorted({verb for one in code for verb in re.findall(r"\bokrlink ([a-z]+)\b", one)})


def test_the_first_screen_holds_both_commands():
    """Somebody who reads no further can run it and test it."""
    first_screen = README.splitlines()[:40]

    assert any("make demo" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)


def test_its_mapping_is_complete_and_without_mistake():
    mapping = next(block for block in blocks("yaml") if "objectives:" in block)

    loaded = load_texts({"okr.yaml": mapping}, "okr.yaml")

    assert [key_result.id for _, key_result in loaded.scorecard.key_results()] == ["checkout.built"]
    assert loaded.warnings == ()


@pytest.mark.parametrize("verb", commands())
def test_its_commands_exist_and_say_what_they_do(verb):
    result = CliRunner().invoke(main, [verb, "--help"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage: ")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"it"}))
def test_its_make_targets_exist(target):
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_its_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_its_message_of_a_mistake_is_the_real_one():
    """The example of `okrlink check` is what a file with that mistake says."""
    mapping = next(block for block in blocks("yaml") if "objectives:" in block).replace("    token:", "    tokn:")

    with pytest.raises(MappingInvalid) as caught:
        load_texts({"okr.yaml": mapping}, "okr.yaml")

    assert f"    $ okrlink check\n    {caught.value}\n" in README
