"""Runs of pipelines, their stages, and deployments of classic releases -> deployments, and builds.

A run is one deployment however many of its stages match, dated by the last. What is attempted again is another one: a stage
that failed and then succeeded is a failed deployment and a successful one. Stages that are not production are one each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from integration.core.catalogue import folded
from integration.core.delivery.facts import Build, Deployment
from integration.core.delivery.membership import Membership, any_of, by_content, is_about
from integration.core.delivery.outcomes import Judged, earliest, fields_of, judged, together, word
from integration.core.delivery.rules import DeploymentRule
from integration.core.delivery.subjects import RELEASE_DEPLOYMENT
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.facts import RunFinished, Value

_BUILT: Mapping[str, str] = {
    "succeeded": "success",
    "partially succeeded": "success",
    "failed": "failed",
    "timed out": "failed",
    "canceled": "cancelled",
}
"""What a build's results are called; all other words stand as they are."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a run, or of one of its stages; `attempt` counts them from 1."""

    stage: str | None
    attempt: int
    fact: RunFinished


@dataclass(frozen=True, slots=True)
class Run:
    """All that was told of one run or release."""

    facts: Sequence[RunFinished]

    def told(self, name: str) -> str:
        """What its facts say of it, the latest first: they agree, but not each of them says all."""
        return next((str(value) for fact in reversed(self.facts) if (value := getattr(fact, name))), "")

    @property
    def is_release(self) -> bool:
        return self.facts[0].of == RELEASE_DEPLOYMENT

    @property
    def name(self) -> str:
        """The build's number or the release's name; stages and jobs have names of their own."""
        whole = [fact for fact in self.facts if fact.of not in ("stage", "job")]
        return next((fact.name for fact in reversed(whole) if fact.name), "")

    @property
    def ends(self) -> Sequence[End]:
        """Of the whole run. Its build and the run itself tell the same end in two ways: whichever knows of more of them."""
        builds, runs = (_ended(fact for fact in self.facts if fact.of == of) for of in ("build", "run"))
        return [End(None, number, fact) for number, fact in enumerate(builds if len(builds) >= len(runs) else runs, 1)]

    @property
    def stages(self) -> Sequence[End]:
        """Of its stages, or of a classic release's deployments to each of its environments. Jobs are parts of them."""
        told = _ended(fact for fact in self.facts if fact.of in ("stage", RELEASE_DEPLOYMENT) and fact.stage)
        ends: list[End] = []
        for stage, facts in groupby(sorted(told, key=_by_stage), key=lambda fact: fact.stage):
            last = 0
            for fact in facts:
                last = fact.attempt or last + 1
                ends.append(End(stage, last, fact))
        return ends


def run_of(facts: Iterable[RunFinished]) -> Run:
    return Run(sorted(facts, key=lambda fact: (fact.at, fact.source)))


def _ended(facts: Iterable[RunFinished]) -> list[RunFinished]:
    return [fact for fact in facts if fact.result]


def _by_stage(fact: RunFinished) -> tuple[str, int, object]:
    return fact.stage or "", fact.attempt or 0, fact.at


def deployments(run: Run, membership: Membership, vocabulary: Vocabulary) -> Iterator[Deployment]:
    """Those of each service; one that is the same for several services belongs to all of them."""
    made: defaultdict[str, dict[str, Deployment]] = defaultdict(dict)
    for service in membership.services:
        matched: defaultdict[tuple[int, str], list[tuple[End, Judged]]] = defaultdict(list)
        for rule in service.deployments:
            for end, judgement in _matched(run, rule, vocabulary):
                where = "" if judgement.production else folded(end.stage or "")
                matched[end.attempt, where].append((end, judgement))
        for (attempt, where), parts in matched.items():
            one = _deployment(run, attempt, where, parts, vocabulary)
            made[one.id][service.name] = one
    for contents in made.values():
        yield from by_content(contents, membership)


def _matched(run: Run, rule: DeploymentRule, vocabulary: Vocabulary) -> Iterator[tuple[End, Judged]]:
    patterns = rule.release_pipelines if run.is_release else rule.pipelines
    pipeline, project, branch = run.told("pipeline"), run.told("project"), run.told("branch")
    if not any_of(patterns, (pipeline,)):
        return
    if not is_about(rule.only, vocabulary.connection, vocabulary.project_names(project or None)):
        return
    if rule.branches and not any_of(rule.branches, (branch,)):
        return
    for end in run.stages if rule.stages or run.is_release else run.ends:
        if rule.stages and not any_of(rule.stages, (end.stage or "",)):
            continue
        names = (run.name, pipeline, branch, end.stage, end.fact.name)
        if one := judged(end.fact.result, end.stage, names, rule):
            yield end, one


def _deployment(
    run: Run, attempt: int, where: str, parts: Sequence[tuple[End, Judged]], vocabulary: Vocabulary
) -> Deployment:
    ends = [end for end, _ in parts]
    kind = "release" if run.is_release else "run"
    number = run.facts[0].run
    started = earliest(end.fact.started for end in ends)
    stages = tuple(dict.fromkeys(end.stage for end in ends if end.stage))
    told = {"version": run.name, "pipeline": run.told("pipeline"), "branch": run.told("branch")}
    told["project"] = run.told("project")
    fields: dict[str, Value] = {name: value for name, value in told.items() if value}
    if stages:
        fields["environment"] = stages[0] if len(stages) == 1 else stages
    commits = [fact.commit.lower() for fact in run.facts if fact.commit]
    names = (run.name, folded(run.name), number if kind == "run" else "", *commits)
    return Deployment(
        id=f"{vocabulary.connection}:{kind} {number}"
        + (f"/{attempt}" if attempt > 1 else "")
        + (f" to {where}" if where else ""),
        moments={
            **({"started": (started,)} if started else {}),
            "finished": (max(end.fact.at for end in ends),),
        },
        fields={**fields, **fields_of(together(judgement for _, judgement in parts))},
        names=tuple(dict.fromkeys(filter(None, names))),
    )


def builds(run: Run, membership: Membership, vocabulary: Vocabulary) -> Iterator[Build]:
    """Each end of a run that is no classic release. Cancelled ones are told apart by their result."""
    told = {name: run.told(name) for name in ("pipeline", "branch", "project")}
    projects = vocabulary.project_names(told["project"] or None)
    services = [
        service.name
        for service in membership.services
        if (len(membership.services) == 1 and is_about(service.only, vocabulary.connection, projects))
        or (
            (service.only.projects or service.only.connections)
            and is_about(service.only, vocabulary.connection, projects)
        )
        or any(any_of(rule.pipelines, (told["pipeline"],)) for rule in service.deployments)
    ]
    for end in run.ends:
        result = word(end.fact.result or "")
        yield Build(
            id=f"{vocabulary.connection}:build {end.fact.run}" + (f"/{end.attempt}" if end.attempt > 1 else ""),
            moments={
                **({"started": (end.fact.started,)} if end.fact.started else {}),
                "finished": (end.fact.at,),
            },
            fields={
                **{name: value for name, value in told.items() if value},
                "result": _BUILT.get(result, result),
                **membership.fields(services),
            },
        )
