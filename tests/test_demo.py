"""`okrlink demo`: the whole of okrlink, a quarter of work, and pages that a browser shows without complaint."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.need import need
from tests.webhooks.typing_commands import run
from webhooks.demo.clock import DemoClock
from webhooks.demo.play import play
from webhooks.demo.stage import staged
from webhooks.demo.story import BEGIN, END, story

HELD = "Rehearsal on 18 Nov at 22:00, ask Sam"


@pytest.fixture(scope="module")
def ended():
    """The quarter, played at once."""
    result = run("demo", "--once", "--json")
    assert result.exit_code == 0, result.stderr
    assert not [name for name in os.environ if name.startswith("OKRLINK_DEMO")]
    return json.loads(result.stdout)


class TestOnce:
    def test_says_that_it_is_simulated(self, ended):
        assert list(ended) == ["simulated", "items", "key_results"]
        assert ended["simulated"] is True

    def test_key_results_end_where_the_story_takes_them(self, ended):
        """Search grew by three stories, lost one to another epic and one for good; one shelf is not finished."""
        assert {one["id"]: (one["percent"], one["status"]) for one in ended["key_results"]} == {
            "checkout.rebuilt": (100, "done"),
            "checkout.one-tap": (100, "done"),
            "checkout.abandoned": (102, "done"),
            "discovery.search": (58, "behind"),
            "discovery.shelves": (70, "at risk"),
            "discovery.weekly-pick": (76, "behind"),
            "open.peak": (100, "done"),
        }

    def test_scope_that_grew_is_told_apart(self, ended):
        search = next(one["work"] for one in ended["key_results"] if one["id"] == "discovery.search")

        assert (search["done"], search["scope_at_start"], search["scope"]) == (32, 43, 55)
        assert search["percent_of_scope_at_start"] == 74

    def test_work_is_what_the_trackers_hold(self, ended):
        """Counted again, from what the trackers show: stories below the epics of a key result, by points."""
        below = {}
        for item in ended["items"]:
            if item["tracker"] == "Jira" and item["parent"] == "SHOP-31":
                below[item["key"]] = (item["points"], item["status"])
        peak = next(one["work"] for one in ended["key_results"] if one["id"] == "open.peak")

        assert sum(points for points, _ in below.values()) == peak["scope"] == 28
        assert {status for _, status in below.values()} == {"Done"}

    def test_both_trackers_show_what_the_key_results_say(self, ended):
        results = {one["id"].rpartition(".")[2]: one for one in ended["key_results"]}
        tagged = [
            (item, results[tag.removeprefix("kr:")])
            for item in ended["items"]
            for tag in item["tags"]
            if tag != "kr:shelfes"  # mistyped on purpose: it feeds nothing
        ]

        assert {item["tracker"] for item, _ in tagged} == {"Jira", "Azure DevOps"}
        assert len(tagged) == 7
        for item, result in tagged:
            assert item["fields"]["KR Progress"] == result["percent"]
            assert item["fields"]["KR Status"] == result["status"]
            assert item["fields"]["KR Summary"] == (HELD if item["key"] == "SHOP-31" else result["summary"])
            [link] = item["remote_links"]
            assert link["url"].endswith(f"/key-results/{result['id']}")
            assert result["title"] in link["title"]

    def test_nothing_else_is_written(self, ended):
        plain = [item for item in ended["items"] if not set(item["tags"]) - {"kr:shelfes"}]

        assert len(plain) > 40
        assert not any(value for item in plain for value in item["fields"].values())
        assert not any(item["remote_links"] for item in plain)


def test_the_story_is_always_the_same():
    once, again = story(), story()

    assert [act.at for act in once] == [act.at for act in again]
    assert len({act.at for act in once}) == len(once)
    assert all(BEGIN <= act.at < END for act in once)


def test_json_alone_makes_no_sense():
    result = run("demo", "--json")

    assert result.exit_code == 2
    assert "--once --json" in result.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_and_at_once(sent):
    script = "from webhooks.cli import main; main(['demo', '--seconds', '60', '--port', '0'], prog_name='okrlink')"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        told = []
        for line in iter(demo.stdout.readline, ""):
            told.append(line)
            if "plans SHOP-1 " in line:
                break
        url = re.search(r"http://127\.0\.0\.1:\d+/", "".join(told)).group()
        assert "Simulated." in requests.get(url, timeout=60).text
        demo.send_signal(sent)
        asked = time.monotonic()
        out, err = demo.communicate(timeout=60)

    assert (demo.returncode, err) == (0, "")
    assert out.endswith("The demo has ended; nothing of it is left.\n")
    assert time.monotonic() - asked < 5
    folder = Path(re.search(r"sqlite:///(.*)/okrlink.db", "".join(told)).group(1))
    assert not folder.exists()


@pytest.fixture(scope="class")
def quarter():
    """A demo in which much has happened already, and more does."""
    clock, stop = DemoClock(BEGIN), threading.Event()
    with staged(clock, 0) as stage:
        player = threading.Thread(target=play, args=(stage, 8, stop))
        player.start()
        player.join()
        yield stage
        stop.set()


class TestInABrowser:
    @pytest.mark.parametrize(("look", "width"), [("light", 1280), ("dark", 400)])
    @pytest.mark.parametrize("page", ["objectives", "jira", "epic", "azure", "feature"])
    def test_a_browser_shows_the_pages_without_complaint(self, quarter, page, look, width, tmp_path):
        """OKRLINK_SCREENSHOTS names a folder in which they are kept, to be looked at."""
        need(shutil.which("chromium") is not None, "Chromium")
        jira, ado = quarter.jira.url, quarter.ado.url
        url = {
            "objectives": f"{quarter.url}/",
            "jira": f"{jira}/",
            "epic": f"{jira}/browse/SHOP-1",
            "azure": ado,
            "feature": f"{ado}/App/_workitems/edit/1",
        }[page]
        shot = Path(os.environ.get("OKRLINK_SCREENSHOTS", tmp_path)) / f"{page}-{look}-{width}.png"
        # A window has 500 pixels at least; scaled, these are the 400 of a phone.
        size = (
            ["--window-size=1280,1600"]
            if width == 1280
            else ["--window-size=500,1800", "--force-device-scale-factor=1.25"]
        )
        browser = subprocess.run(
            [
                "chromium",
                *(
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-sync",
                    "--hide-scrollbars",
                ),
                *(
                    "--disable-background-networking",
                    "--disable-component-update",
                    f"--user-data-dir={tmp_path / 'profile'}",
                ),
                *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=2500"),
                f"--blink-settings=preferredColorScheme={0 if look == 'dark' else 1}",
                *size,
                f"--screenshot={shot}",
                url,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert shot.stat().st_size > 10_000
        assert "CONSOLE" not in browser.stderr, browser.stderr
