"""Regular expressions of mappings: what `re` says, in a time that depends on the text only."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integration.core.expressions import Expression

PIECES = st.sampled_from(
    ["a", "b", "B", "1", " ", "-", ".", r"\d", r"\w", r"\W", "[ab]", "[^a-c1]", "[]a]", r"\.", r"\b", r"\B", "^", "$"]
)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(inner, min_size=1, max_size=3).map("".join)
    quantifiers = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{,2}", "{1,2}", "*?", "+?", "??"])
    return st.one_of(
        many,
        st.lists(many, min_size=2, max_size=3).map("|".join).map(lambda options: f"({options})"),
        st.tuples(many, quantifiers).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


expressions = st.recursive(PIECES, nested, max_leaves=6)


@given(expressions, st.text("abB1 -.\n", max_size=8))
def test_it_finds_what_re_finds(written: str, text: str) -> None:
    assume(text or r"\B" not in written)  # in no text at all there is no edge of a word, which `re` denies before 3.14
    assert Expression(written).found_in(text) == bool(re.search(written, text, re.IGNORECASE))


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        (r"^v\d+(\.\d+)*$", "V1.20.3", True),
        (r"^v\d+(\.\d+)*$", "v1.20.", False),
        ("^(hotfix|release)/", "Hotfix/12", True),
        (r"(?P<year>\d{4})-Q[1-4]", "plan 2026-Q4", True),
        ("[[a]b", "[b", True),
        (r"[\]&]x", "]x", True),
        (r"\u00e9t\xe9", "été", True),
        ("straße", "STRASSE", False),
        ("a{", "a{", True),
        ("a{}", "a{}", True),
        ("", "anything", True),
    ],
)
def test_expressions_that_people_write(written: str, text: str, found: bool) -> None:
    assert Expression(written).found_in(text) is found


@pytest.mark.parametrize(
    "written", ["(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a*)*b", "a*a*a*a*a*a*b", "(.*a){12}$", "((){999}){999}b"]
)
def test_no_expression_takes_for_ever(written: str) -> None:
    """Each of these takes `re` longer than anybody waits."""
    assert not Expression(written).found_in("a" * 300 + "!")


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("(", "a ( that is never closed"),
        ("a)", "a ) that closes nothing"),
        ("*a", "a * that belongs to nothing"),
        ("[a", "a [ that belongs to nothing"),
        ("[b-a]", "bad character range b-a"),
        ("a**", "a repetition is repeated"),
        ("a++", "a repetition is repeated"),
        ("a{3,2}", "a repetition ends before it begins"),
        (r"(a)\1", r"\1 is not read here"),
        ("(?=a)", "(?= is not read here"),
        ("(?i)a", "(?i is not read here"),
        (r"\q", r"bad escape \q"),
        ("a\\", "\\ is not read here"),
        ("(" * 5000, "it repeats or nests more than any name needs"),
        ("((a{99}){99}){99}", "it repeats or nests more than any name needs"),
        ("a{99999999999}", "it repeats or nests more than any name needs"),
        ("(){500}" * 3 + "()*" * 2000, "it repeats or nests more than any name needs"),
    ],
)
def test_what_cannot_be_read_says_why(written: str, wrong: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is asked below
        Expression(written)

    assert str(raised.value) == wrong
