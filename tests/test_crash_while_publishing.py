"""kill -9 of the worker between the tracker's answer and its recording: the write is made once, and nothing is lost."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from integration.store import tables
from tests.living import Living, living_azure_devops, living_jira, until
from tests.webhooks.serving import WORKER


@contextmanager
def worker(living: Living) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, which can be killed."""
    url = living.database.engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "OKRLINK_DATABASE_URL": url, "OKRLINK_URL": "https://okr.example"}
    process = subprocess.Popen(WORKER, stdin=subprocess.PIPE, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def let_leases_run_out(living: Living) -> None:
    """As five minutes would."""
    with living.database.write() as connection:
        connection.execute(update(tables.outbox).values(leased_until=None))


def crash(living: Living, fault: Callable[[], None], hit: Callable[[], Any], change: Callable[[], None]) -> None:
    """Kills the worker while the tracker, which has written, does not answer; then lets another one work."""
    living.rest()
    fault()
    with worker(living) as process:
        change()
        until(hit, 60, "the write")
        process.kill()
        process.wait()
    let_leases_run_out(living)
    with worker(living):
        living.settle(60)


@pytest.mark.parametrize(("method", "what"), [("PUT", "the fields"), ("POST", "the remote link")])
def test_in_jira(database_url, tmp_path, monkeypatch, method, what):
    with (
        JiraSimulator(write_limits=()) as jira,
        living_jira(database_url, tmp_path, monkeypatch, jira) as living,
    ):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        story = jira.create_issue("SHOP", "Story", "A step", {"parent": epic.key})
        until(lambda: jira.value(epic, "KR Progress") == 0, what="the first write")
        living.settle()

        crash(
            living,
            lambda: jira.faults.add(Fault("work then hang", method=method, path="/issue/")),
            lambda: jira.faults.hits,
            lambda: jira.transition(story, "Done"),
        )
        assert jira.value(epic, "KR Progress") == 100
        history = [
            change.after[1]
            for entry in jira.site.issue(epic).history
            for change in entry.changes
            if change.name == "KR Progress"
        ]
        assert history == ["0", "100"]
        edits = [write for write in jira.writes if write.method == "PUT"]
        assert len(edits) == 2, f"{what}: what stands there is known to be ours; it is not written again"
        assert len(jira.site.issue(epic).remote_links) == 1


def test_in_azure_devops(database_url, tmp_path, monkeypatch):
    with AzureDevOpsSimulator() as ado:
        for name, kind in (("KR Progress", "double"), ("KR Status", "string"), ("KR Summary", "string")):
            ado.add_field(name, kind)
        with living_azure_devops(database_url, tmp_path, monkeypatch, ado) as living:
            epic = ado.create_work_item("Epic", "Block a card", tags=["kr:built"])
            story = ado.create_work_item("User Story", "A step", parent=epic)
            until(lambda: ado.value(epic, "KR Progress") == 0, what="the first write")
            living.settle()

            crash(
                living,
                lambda: ado.faults.add(Fault("work then hang", method="PATCH")),
                lambda: ado.faults.hits,
                lambda: ado.set_state(story, "Closed"),
            )
            assert ado.value(epic, "KR Progress") == 100
            updates = ado.item(epic).updates
            assert [made.fields["Custom.KRProgress"][1] for made in updates if "Custom.KRProgress" in made.fields] == [
                0,
                100,
            ]
            assert len(ado.writes) == 2
            assert len(ado.hyperlinks(epic)) == 1


def test_a_person_who_typed_in_that_moment_gets_it_back(sqlite_url, tmp_path, monkeypatch):
    """Both at once: Jira's answer is lost with the worker, and it had overwritten what a person was typing."""
    with (
        JiraSimulator(write_limits=()) as jira,
        living_jira(sqlite_url, tmp_path, monkeypatch, jira) as living,
    ):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        story = jira.create_issue("SHOP", "Story", "A step", {"parent": epic.key})
        until(lambda: jira.value(epic, "KR Progress") == 0, what="the first write")
        living.settle()

        living.rest()
        # The edit is held up until a person has made theirs.
        jira.faults.add(Fault("hang", method="PUT", seconds=30))
        with worker(living) as process:
            jira.transition(story, "Done")
            until(lambda: jira.faults.hits, 60, "the write")
            process.kill()
            process.wait()
        assert jira.deliveries.drain()
        jira.edit(epic, {"KR Progress": 77})
        jira.edit(epic, {"KR Progress": 100}, by="okrlink")  # what the dead worker had sent arrives at last
        let_leases_run_out(living)
        with worker(living):
            until(lambda: jira.value(epic, "KR Progress") == 77, 60, "their value")
            living.settle(60)
