"""Every figure of the tables that our language does not give, and why. What is not named here is reproduced."""

from typing import NamedTuple


class Different(NamedTuple):
    """Figures of cases of a suite; without cases of all of them, without figures all that a case has."""

    suite: str
    reason: str
    cases: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


def _dashboard(*names: str) -> tuple[str, ...]:
    return tuple(f"devlake-dashboard-{name}" for name in names)


def _fourkeys(*names: str) -> tuple[str, ...]:
    return tuple(f"fourkeys-metrics-{name}" for name in names)


def _bands(name: str) -> tuple[str, ...]:
    return tuple(f"{bands}.{name}" for bands in ("bands_2023", "bands_2021"))


NOT_REPRODUCED = (
    # DevLake
    Different(
        "devlake/dashboard",
        "LOOKS WRONG there: a rate of 0 % has no band where no incident of any project was collected. Ours is known to be 0 "
        "where a rule says what an incident is",
        _dashboard(
            "daily",
            "weekly",
            "one-in-three-months",
            "week-starts-monday",
            "odd-count-median",
            "undeployed-changes",
            "lead-time-a-day",
            "window-over-400-days",
        ),
        _bands("change_failure_band"),
    ),
    Different(
        "devlake/dashboard",
        "LOOKS WRONG there: the low band needs two groups of six months, so that a slow team is told in a shorter window that "
        "nothing was collected. Ours is low, which a known zero is, too (kpi-language section 8: windows by quirk)",
        _dashboard(
            "one-in-three-months",
            "other-environments",
            "incident-between-the-parts",
            "incident-at-the-same-instant",
            "incident-weeks-later",
            "resolved-after-the-window",
            "recovery-against-restore",
            "odd-count-median",
            "undeployed-changes",
            "lead-time-a-day",
            "no-deployments-but-incidents",
            "nothing",
            "window-over-400-days",
        ),
        _bands("deployment_frequency_band"),
    ),
    Different(
        "devlake/dashboard",
        "a deployment that is still under way is blamed although the rule is `finished before` (kpi-language section 8: blame "
        "by quirk); `begun before` does blame it",
        _dashboard("incident-between-the-parts"),
        (
            "change_failure_rate",
            "median_recovery_minutes",
            "deployment_by_incident",
            "bands_2023.recovery_band",
            *_bands("change_failure_band"),
        ),
    ),
    Different(
        "devlake/deployment_generator",
        "LOOKS WRONG there: a pipeline that is still running is a failed deployment without a time",
        figures=("457475337",),
    ),
    Different(
        "devlake/deployment_generator",
        "the result is that of the whole pipeline, though all of its deployment jobs succeeded; ours is that of the stage",
        figures=("485877118",),
    ),
    Different(
        "devlake/deployment_generator",
        "no environment is no production there; ours is production where the source names none",
        figures=("485932863",),
    ),
    Different(
        "devlake/issue_status_history",
        "milliseconds are dropped before the difference is made: 57 min 59.7 s are 58 there",
        ("devlake-status-history-I11",),
    ),
    Different(
        "devlake/issue_status_history",
        "an issue that is done and has no history was in that status from its creation on; ours from when it was done, since "
        "what it was in before nobody told",
        ("devlake-status-history-I31",),
    ),
    Different(
        "devlake/previous_success_deployment",
        "which deployment came before another is no figure of ours: a change is shipped by the deployment that names it, else "
        "by its service's next one (kpi-language section 8: facts of single items)",
    ),
    Different(
        "devlake/change_to_issue_links",
        "not ours: changes are measured as items, pull requests or commits, and no text of one is searched for the key of "
        "another",
    ),
    # Four Keys
    Different(
        "fourkeys/metrics",
        "LOOKS WRONG there: no data reads as 0, and as the best bucket. Ours is unknown (kpi-language section 8: no data as a "
        "good value)",
        _fourkeys(
            "no-changes-at-all",
            "three-days-a-week",
            "two-days-a-week",
            "every-other-week",
            "twice-in-three-months",
            "once-in-three-months",
            "ten-on-one-day",
            "young-project",
            "week-starts-sunday",
            "nothing",
        ),
        ("lead_time.bucket", "lead_time.median_minutes", "change_failure.bucket", "change_failure.ratio"),
    ),
    Different(
        "fourkeys/metrics",
        "LOOKS WRONG there: an incident counts twice, because its text was edited (kpi-language section 8)",
        _fourkeys("root-cause-named-twice"),
        ("change_failure.bucket", "change_failure.ratio"),
    ),
    Different(
        "fourkeys/metrics",
        "a change counts for each deployment that ships it, and fails all of them (kpi-language section 8: one fact, many "
        "samples; blame by quirk)",
        _fourkeys("change-in-two-deployments"),
        (
            "lead_time.median_minutes",
            "lead_time.daily_median_hours",
            "change_failure.bucket",
            "change_failure.ratio",
            "change_failure.daily_ratio",
        ),
    ),
    Different(
        "fourkeys/metrics",
        "no incident restored yet reads as the worst bucket; ours has no value and so no band",
        _fourkeys("only-open-incidents"),
        ("restore.bucket",),
    ),
    Different(
        "fourkeys/metrics",
        "three levels, each week's own month (kpi-language section 8); ours cuts weeks where months end: near, not the same",
        _fourkeys("three-days-a-week"),
        ("deployment_frequency.median_weeks_with_deployment_per_month",),
    ),
    Different(
        "fourkeys/timestamp_spellings",
        "a time without offset is UTC there; pushed to us it is refused, as nobody knows when it was",
        ("fourkeys-timestamp-5", "fourkeys-timestamp-6"),
        ("instant",),
    ),
    Different(
        "fourkeys/event_rows",
        "not ours: webhooks of GitHub, GitLab, PagerDuty, CircleCI, ArgoCD and Cloud Build; what they tell is pushed as facts "
        "or imported, and how their times are read is in timestamp_spellings",
    ),
    Different(
        "fourkeys/webhook_intake",
        "not ours: signatures of GitHub, GitLab, CircleCI and PagerDuty; ours are those of Jira and Azure DevOps",
    ),
    # metrik
    Different(
        "metrik/change_failure_rate",
        "a window of one millisecond in the middle of a day; ours are days (kpi-language section 8: windows by quirk)",
        ("metrik-failure-rate-none-in-window",),
    ),
    # jira-agile-metrics
    Different(
        "jira-agile-metrics/issue_cycle_time",
        "dates of each step and blocked days of single items are no KPIs (kpi-language section 8)",
        figures=("steps", "impediments", "blocked_days"),
    ),
)
