"""The names of the KPI presets that the language promises; their definitions come with the version that measures them."""

from __future__ import annotations

FILES = {
    "dora": (
        "deployment-frequency",
        "lead-time",
        "change-failure-rate",
        "recovery-time",
        "rework-rate",
        "time-to-restore",
    ),
    "flow": ("throughput", "cycle-time", "wip", "age", "time-in-status"),
    "sla": ("time-to-respond", "time-to-plan", "time-to-resolve"),
    "quality": (
        "test-pass-rate",
        "defect-density",
        "bug-resolution-time",
        "escaped-defects",
        "build-success-rate",
    ),
    "devlake": ("deployment-frequency", "recovery-time"),
    "fourkeys": ("lead-time", "change-failure-rate"),
    "gitlab": ("lead-time", "change-failure-rate"),
    "metrik": ("change-failure-rate", "time-to-restore"),
    "middleware": ("lead-time", "change-failure-rate"),
}
PRESETS = frozenset(f"{file}/{name}" for file, names in FILES.items() for name in names)
