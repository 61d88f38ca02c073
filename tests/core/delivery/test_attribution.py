"""What ships a change, what is blamed for an incident, and what that makes of a deployment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.delivery.attribution import attribute
from integration.core.delivery.facts import Change, Deployment, Incident
from integration.core.delivery.versions import is_older


def at(day: float) -> datetime:
    """Days since the first of October."""
    return datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=day)


def deployed(ident: str, finished: float, result: str = "success", **said: Any) -> Deployment:
    fields = {"production": said.pop("production", True), "result": result, "service": said.pop("service", ("shop",))}
    moments = {"finished": (at(finished),)}
    if "started" in said:
        moments["started"] = (at(said.pop("started")),)
    names = said.pop("names", ())
    return Deployment(id=ident, moments=moments, fields=fields | said, names=names)


def change(ident: str, *done: float, undone: Sequence[float] = (), merged: float | None = None, **said: Any) -> Change:
    moments = {"done": tuple(map(at, done))} if done else {}
    if merged is not None:
        moments["merged"] = (at(merged),)
    return Change(
        id=ident,
        moments=moments,
        undone={"done": tuple(map(at, undone))} if undone else {},
        fields={"service": said.pop("service", ("shop",))},
        **said,
    )


def incident(ident: str, opened: float, *restored: float, undone: Sequence[float] = (), **said: Any) -> Incident:
    moments = {"opened": (at(opened),)}
    if restored:
        moments["restored"] = tuple(map(at, restored))
    return Incident(
        id=ident,
        moments=moments,
        undone={"restored": tuple(map(at, undone))} if undone else {},
        fields={"service": said.pop("service", ("shop",))},
        **said,
    )


TWO = (deployed("d1", 1), deployed("d2", 5))

SHIPS = {
    "a change is shipped by the next deployment": (TWO, change("c", 2), [5]),
    "a change done when a deployment finished is in it": (TWO, change("c", 1), [1]),
    "a change after the last deployment waits": (TWO, change("c", 6), None),
    "a change that is not done is in none": (TWO, change("c"), None),
    "a failed deployment ships nothing": ((deployed("d1", 1, "failed"), *TWO[1:]), change("c", 0), [5]),
    "one to staging ships nothing": ((deployed("d1", 1, production=False), *TWO[1:]), change("c", 0), [5]),
    "another service's deployment ships nothing": (
        (deployed("d1", 1, service=("mail",)), *TWO[1:]),
        change("c", 0),
        [5],
    ),
    "a change of two services is shipped by the first of either": (
        (deployed("d1", 1, service=("mail",)), *TWO[1:]),
        change("c", 0, service=("shop", "mail")),
        [1],
    ),
    "what names the change ships it, before it was done, too": (
        (deployed("d1", 1, names=("1.4",)), *TWO[1:]),
        change("c", 3, names=("1.4",)),
        [1],
    ),
    "deployed twice by name, it was deployed twice": (
        (deployed("d1", 1, names=("abc",)), deployed("d2", 5, names=("abc",))),
        change("c", 0, names=("abc",)),
        [1, 5],
    ),
    "a name that no deployment has leaves it to the next": (TWO, change("c", 2, names=("9.9",)), [5]),
    "a name of another service is another's": (
        (deployed("d1", 1, names=("1.4",), service=("mail",)), *TWO[1:]),
        change("c", 0, names=("1.4",)),
        [5],
    ),
    "reopened before the deployment, it was not in it": (
        (*TWO, deployed("d3", 9)),
        change("c", 0, 7, undone=[0.5]),
        [9],
    ),
    "reopened after it, it was in it, and in the next": (
        (*TWO, deployed("d3", 9)),
        change("c", 0, 7, undone=[2]),
        [1, 9],
    ),
    "a merge is not undone by reopening": (TWO, change("c", 4, undone=[4.5], merged=0), [1]),
}


@pytest.mark.parametrize(("deployments", "changed", "days"), SHIPS.values(), ids=SHIPS.keys())
def test_what_ships_a_change(deployments: Sequence[Deployment], changed: Change, days: Sequence[float] | None) -> None:
    told = attribute(deployments, [changed], [])
    assert told.deployed.get("c") == (None if days is None else tuple(map(at, days)))
    assert sum(told.ships.values()) == (0 if days is None else len(days))


BLAME = {
    "the last deployment before it opened": (TWO, incident("i", 6), "d2"),
    "a failed one as well": ((*TWO, deployed("d3", 5.5, "failed")), incident("i", 6), "d3"),
    "none before it": (TWO, incident("i", 0.5), None),
    "one that was under way": ((deployed("d1", 3, started=1),), incident("i", 2), "d1"),
    "not one under way, where it must have finished": (
        (deployed("d1", 3, started=1),),
        incident("i", 2, last_deployment="before"),
        None,
    ),
    "one that finished at that moment, where that will do": (
        TWO,
        incident("i", 5, last_deployment="at or before"),
        "d2",
    ),
    "not one that finished at that moment": (TWO, incident("i", 5, last_deployment="before"), "d1"),
    "not one longer ago than a week": (TWO, incident("i", 12.5), None),
    "one a week ago to the second": (TWO, incident("i", 12), "d2"),
    "one of long ago, without limit": (TWO, incident("i", 99, within=None), "d2"),
    "never the last one, where only links count": (TWO, incident("i", 6, last_deployment="never"), None),
    "the one that it names, however long ago": (
        (deployed("d1", 1, names=("1.4",)), *TWO[1:]),
        incident("i", 99, causes=("1.4",)),
        "d1",
    ),
    "the first name that is known": (TWO, incident("i", 6, causes=("gone", "d1", "d2")), "d1"),
    "a commit by its beginning": (
        (deployed("d1", 1, names=("0123456789abcdef0123456789abcdef01234567",)), *TWO[1:]),
        incident("i", 6, causes=("0123456",)),
        "d1",
    ),
    "of a version deployed twice the last one before it": (
        (deployed("d1", 1, names=("1.4",)), deployed("d2", 3, names=("1.4",)), deployed("d3", 7, names=("1.4",))),
        incident("i", 6, causes=("1.4",)),
        "d2",
    ),
    "a link reaches across services": (
        (deployed("d1", 1, service=("mail",)), *TWO[1:]),
        incident("i", 6, causes=("d1",)),
        "d1",
    ),
    "another service's deployment is not blamed": ((deployed("d1", 1, service=("mail",)),), incident("i", 2), None),
    "of two services the one deployed last": (
        (deployed("d1", 1), deployed("d2", 2, service=("mail",))),
        incident("i", 3, service=("shop", "mail")),
        "d2",
    ),
}


@pytest.mark.parametrize(("deployments", "failure", "blamed"), BLAME.values(), ids=BLAME.keys())
def test_what_is_blamed_for_an_incident(
    deployments: Sequence[Deployment], failure: Incident, blamed: str | None
) -> None:
    told = attribute(deployments, [], [failure])
    assert (told.causes["i"].id if "i" in told.causes else None) == blamed
    assert [name for name, became in told.outcomes.items() if became.incidents] == ([blamed] if blamed else [])


RECOVERS = {
    "a failure recovers with the next success": ((deployed("d1", 1, "failed"), deployed("d2", 3)), (), [3], []),
    "a failure with nothing after it has not recovered": ((deployed("d1", 1, "failed"),), (), [], []),
    "failures in a row recover together": (
        (deployed("d1", 1, "failed"), deployed("d1b", 2, "failed"), deployed("d2", 3)),
        (),
        [3],
        [],
    ),
    "an incident's restoration counts, not the next success": (
        (deployed("d1", 1, "failed"), deployed("d2", 3)),
        (incident("i", 1.5, 2),),
        [2],
        [],
    ),
    "all incidents must be over": ((deployed("d1", 1),), (incident("i", 2, 3), incident("j", 2.5, 5)), [5], []),
    "an open incident keeps it from having recovered": (
        (deployed("d1", 1),),
        (incident("i", 2, 3), incident("j", 2.5)),
        [],
        [],
    ),
    "it can break again": ((deployed("d1", 1),), (incident("i", 2, 3), incident("j", 4, 5)), [3, 5], [4]),
    "a reopened incident breaks it again": ((deployed("d1", 1),), (incident("i", 2, 3, 6, undone=[4]),), [3, 6], [4]),
    "restored before it opened is restored at once": ((deployed("d1", 1),), (incident("i", 2, 1.5),), [2], []),
    "the same version again rolls it back": (
        (deployed("d1", 1, version="1.4"), deployed("d2", 3, version="1.4")),
        (),
        [3],
        [],
    ),
    "an older version rolls it back": (
        (deployed("d1", 1, version="Shop 1.10"), deployed("d2", 3, version="Shop 1.9")),
        (),
        [3],
        [],
    ),
    "what ran before rolls it back, however it is numbered": (
        (
            deployed("d0", 0, version="red"),
            deployed("d1", 1, version="blue"),
            deployed("d2", 3, version="red"),
        ),
        (),
        [3],
        [],
    ),
    "a rollback that failed is none": (
        (deployed("d1", 1, version="1.4"), deployed("d2", 3, "failed", version="1.3")),
        (),
        [],
        [],
    ),
    "a rollback by name": ((deployed("d1", 1), deployed("d2", 3, rollback=True)), (), [3], []),
    "where names tell, versions do not": (
        (deployed("d1", 1, version="1.4"), deployed("d2", 3, version="1.3", rollback=False)),
        (),
        [],
        [],
    ),
}


@pytest.mark.parametrize(("deployments", "incidents", "well", "ill"), RECOVERS.values(), ids=RECOVERS.keys())
def test_when_a_deployment_recovered(
    deployments: Sequence[Deployment], incidents: Sequence[Incident], well: list[float], ill: list[float]
) -> None:
    became = attribute(deployments, [], incidents).outcomes.get("d1")
    assert (became.recovered if became else ()) == tuple(map(at, well))
    assert (became.broken if became else ()) == tuple(map(at, ill))


def test_a_rollback_is_told_with_its_time() -> None:
    told = attribute([deployed("d1", 1, version="1.4"), deployed("d2", 3, version="1.3")], [], [])
    assert told.outcomes["d1"].rolled_back == at(3)
    assert "d2" not in told.outcomes


def test_failed_deployments_are_incidents_where_a_service_says_so() -> None:
    deployments = [
        deployed("d1", 1),
        deployed("d2", 2, "failed"),
        deployed("d3", 3, "failed"),
        deployed("d4", 4),
        deployed("d5", 5, "failed"),
    ]
    told = attribute(deployments, [], [], failures_of=["shop"])
    first, second = told.failures
    assert (first.opened, first.last("restored"), told.causes[first.id].id) == (at(2), at(4), "d2")
    assert (second.opened, second.last("restored"), told.causes[second.id].id) == (at(5), None, "d5")
    assert attribute(deployments, [], []).failures == []


OLDER = [
    ("1.9", "1.10", True),
    ("1.10", "1.9", False),
    ("v1.4", "1.4.0", False),
    ("Shop 1.4", "shop 2.0", True),
    ("Shop 1.4", "Mail 2.0", None),
    ("2.0-rc1", "2.0", True),
    ("2.0", "2.0-rc1", False),
    ("red", "blue", None),
    ("1", "2", None),
]


@pytest.mark.parametrize(("version", "than", "older"), OLDER)
def test_which_version_is_older(version: str, than: str, older: bool | None) -> None:
    assert is_older(version, than) is older


days = st.integers(0, 12)
deployments_of_a_fortnight = st.lists(
    st.builds(
        lambda day, ok, version, started: deployed(
            "", day, "success" if ok else "failed", version=f"1.{version}", started=day - started
        ),
        days,
        st.booleans(),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=7,
)


@given(
    deployments_of_a_fortnight, st.lists(days, max_size=5), st.lists(st.tuples(days, days), max_size=4), st.randoms()
)
def test_order_does_not_matter(
    deployments: list[Deployment], done: list[int], failed: list[tuple[int, int]], dice: Any
) -> None:
    named = [
        Deployment(id=f"d{number}", moments=one.moments, fields=one.fields) for number, one in enumerate(deployments)
    ]
    changes = [change(f"c{number}", day) for number, day in enumerate(done)]
    incidents = [incident(f"i{number}", opened, restored) for number, (opened, restored) in enumerate(failed)]
    told = attribute(named, changes, incidents, failures_of=["shop"])
    for facts in (named, changes, incidents):
        dice.shuffle(facts)
    again = attribute(named, changes, incidents, failures_of=["shop"])
    assert again == told
