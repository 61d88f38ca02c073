"""Random deployments, changes, incidents, items and pushed numbers of two months, with all that can be odd about them."""

from datetime import timedelta

from hypothesis import strategies as st

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.language import (
    Count,
    Dates,
    Kpi,
    Now,
    Number,
    PushedNumbers,
    Rate,
    Ratio,
    Rolling,
    This,
    Whole,
)
from tests.core.kpi.sentences import (
    AGE,
    BERLIN,
    CYCLE,
    FAILURE_RATE,
    FREQUENCY,
    LEAD_TIME,
    NOW,
    OFFICE,
    RECOVERY,
    RESTORE,
    WIP,
    between,
    change,
    choice,
    deployment,
    incident,
    item,
    kpi,
    pushed,
    where,
)

times = st.integers(-61 * 24 * 4, 24 * 4).map(lambda quarters: NOW + quarters * timedelta(minutes=15))
maybe = st.none() | times
names = st.integers(0, 30).map(str)


@st.composite
def deployments(draw) -> DeliveryFact:
    said = {"service": draw(st.sampled_from([("shop",), ("pay",), ("shop", "pay"), ()]))}
    return deployment(
        draw(names),
        draw(maybe),
        draw(st.sampled_from(["success", "failed"])),
        incidents=draw(st.integers(0, 2)),
        recovered=draw(maybe),
        production=draw(st.booleans()),
        **said,
    )


@st.composite
def items(draw) -> DeliveryFact:
    """Perhaps reopened, perhaps deleted."""
    done, undone = draw(maybe), draw(maybe)
    ends = tuple(sorted(at for at in {done, draw(maybe)} if at))
    when = {
        "created": draw(times),
        "started": draw(maybe),
        "done": ends,
        "deleted": draw(st.none() | st.none() | times),
    }
    entries = sorted(draw(st.lists(times, max_size=4, unique=True)))
    states = draw(st.lists(st.sampled_from(["to do", "in progress", "done"]), min_size=4, max_size=4))
    history = {"state": tuple(zip(entries, states, strict=False)), "status": tuple(zip(entries, states, strict=False))}
    return item(draw(names), when, undone={"done": [undone] if undone else []}, history=history)


@st.composite
def others(draw) -> DeliveryFact:
    name, one, another = draw(names), draw(maybe), draw(maybe)
    made = [
        change(name, one, another),
        incident(name, one, another),
        pushed(name, one or NOW, draw(st.sampled_from([7, 2.5, "3", None, "high"])), team=("a",)),
    ]
    return draw(st.sampled_from(made))


facts = st.lists(deployments() | items() | others(), max_size=25).map(
    lambda several: list({(one.stream, one.id): one for one in several}.values())
)

KPIS: list[Kpi] = [
    kpi(FREQUENCY),
    kpi(FREQUENCY, window=Whole(3, "week"), timezone=BERLIN, week_starts=6),
    kpi(FAILURE_RATE, window=This("quarter")),
    kpi(LEAD_TIME, "p90", nearest=True),
    kpi(RESTORE, "mean", window=Rolling(1, "month"), timezone=BERLIN),
    kpi(RECOVERY, "share <= 4 h"),
    kpi(CYCLE, "p85", unit="days", decimals=1),
    kpi(between("created", "first response or now", "items", at=["created"])),
    kpi(between("opened", "restored", "incidents", at=["opened", "restored"], whole="minutes")),
    kpi(between("created", "done", "items", hours="business", paused_in=["in progress"]), business=OFFICE),
    kpi(WIP, window=Now()),
    kpi(AGE, "max", window=Now(), unit="days"),
    kpi(Count(stream="items", at=(choice("created"),)), window=Dates(NOW.date() - timedelta(20), NOW.date())),
    kpi(
        Ratio(
            Count(stream="items", where=where(type="Bug"), at=(choice("created"),)),
            Count(stream="items", at=(choice("done"),)),
        )
    ),
    kpi(Rate(Count(stream="items", at=(choice("done"),)), "month"), window=Rolling(2, "month")),
    kpi(Count(stream="deployments"), "median over weeks of active days", window=Whole(4, "week")),
    kpi(Count(stream="deployments"), "mean over service of count"),
    kpi(Number(stream="deployments", field="incidents"), "sum"),
    kpi(PushedNumbers(), window=Rolling(20, "day")),
    kpi(PushedNumbers(where=where(team="a")), "mean over team of last", window=Rolling(20, "day")),
]
