"""`okrlink doctor` on connections that are broken in one way each: it names the fault and its remedy."""

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from flask import Flask, redirect

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.simulators.entra import EntraSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_data_center_gate import Rate
from integration.simulators.server import Server
from tests.living import AZURE_DEVOPS, JIRA, OBJECTIVES, SECRETS
from tests.need import need
from tests.webhooks.typing_commands import run, sit_down

PUBLIC = "https://okr.example"
ENTRA = """\
    tenant: bookshop-tenant
    client: okrlink-client
    client_secret: env/ENTRA_SECRET
"""


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the kind of database."""
    return sqlite_url


@pytest.fixture
def jira():
    with JiraSimulator() as site:
        site.create_issue("SHOP", "Epic", "The new checkout")
        yield site


@pytest.fixture
def ado():
    with AzureDevOpsSimulator(back_off=0.01, probation_back_off=60) as sim:
        for name, kind in (("KR Progress", "double"), ("KR Status", "string"), ("KR Summary", "string")):
            sim.add_field(name, kind)
        sim.create_work_item("Epic", "A faster checkout")
        yield sim


@pytest.fixture
def sit(database, database_url, tmp_path, monkeypatch):
    """Sits down with a mapping of one connection, its secrets in the environment."""

    def sit(template, url, *changes):
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("OKRLINK_URL", PUBLIC)
        mapping = template.format(url=url, tracker="azure-devops", every="1 s", objectives=OBJECTIVES, cycle="2026-Q4")
        for old, new in changes:
            assert old in mapping
            mapping = mapping.replace(old, new)
        return sit_down(database, database_url, tmp_path, monkeypatch, mapping)

    return sit


def examine() -> tuple[int, list[tuple[str, str, str]]]:
    """The exit status, and what is not fine: topic, what is wrong, remedy."""
    result = run("doctor", "--json")
    for secret in (*SECRETS.values(), "entra-secret"):
        assert secret == SECRETS["JIRA_USER"] or secret == "pat" or secret not in result.stdout
    [report] = json.loads(result.stdout)["connections"]
    wrong = [one for one in report["findings"] if one["level"] != "ok" and one["topic"] not in ("history", "rescan")]
    return result.exit_code, [(one["topic"], one["says"], one["remedy"]) for one in wrong]


class TestAHealthyOne:
    def test_of_jira(self, sit, jira):
        terminal = sit(JIRA, jira.url)
        terminal("hooks", "register")
        before = list(jira.writes)
        result = terminal("doctor")

        for line in (
            f"reach        {jira.url} answers",
            "account      signed in as okrlink · okrlink@bookshop.example",
            "clock        agrees with the tracker's",
            "quota        the tracker tells of no limit that is near",
            "token        the tracker does not tell when it ends",
            "projects     SHOP",
            "permissions  SHOP: may browse, edit, link, write quietly",
            "fields       KR Progress, KR Status, KR Summary",
            "webhooks     1 is as wanted",
            "history      the past was not read to its end → okrlink backfill jira",
            "rescan       was never done → okrlink serve (or work) must be running; okrlink rescan asks at once",
            "0 failures, 2 warnings",
        ):
            assert line in result.stdout
        assert result.exit_code == 0
        assert jira.writes == before
        assert not jira.unmodelled

    def test_of_azure_devops(self, sit, ado):
        terminal = sit(AZURE_DEVOPS, ado.url)
        terminal("hooks", "register")
        result = terminal("doctor", "ado")

        assert "account      signed in as okrlink service" in result.stdout
        assert "permissions  Shop: may browse, edit, link, write quietly" in result.stdout
        assert "0 failures, 2 warnings" in result.stdout
        ado.assert_readonly()
        assert not ado.unmodelled

    def test_of_a_past_that_was_read(self, sit, jira):
        terminal = sit(JIRA, jira.url)
        terminal("hooks", "register")
        terminal("backfill", "jira")
        terminal("rescan", "jira")
        result = terminal("doctor")

        assert "history      read to its end on " in result.stdout
        assert "rescan       the last was " in result.stdout
        assert "0 failures, 0 warnings" in result.stdout


def expired(jira, _monkeypatch):
    jira.gate.accounts.clear()


def wrong_token(_jira, monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", "it is another")


def no_webhook_secret(_jira, monkeypatch):
    monkeypatch.delenv("JIRA_SECRET")


def no_token(_jira, monkeypatch):
    monkeypatch.delenv("JIRA_TOKEN")


def may_not_browse(jira, _monkeypatch):
    jira.forbid("BROWSE_PROJECTS")


def may_not_edit(jira, _monkeypatch):
    jira.forbid("EDIT_ISSUES")


def may_not_be_quiet(jira, _monkeypatch):
    jira.forbid("ADMINISTER_PROJECTS")
    jira.forbid("ADMINISTER")


def no_linking(jira, _monkeypatch):
    jira.site.linking = False


def on_no_screen(jira, _monkeypatch):
    jira.site.change_field("KR Progress", on_screens=False)


def no_webhook(jira, _monkeypatch):
    jira.webhooks.registered.clear()


def webhook_off(jira, _monkeypatch):
    [there] = jira.webhooks.registered.values()
    jira.webhooks.change(there.id, enabled=False)


def nearer_than_the_cloud(_jira, monkeypatch):
    monkeypatch.setenv("OKRLINK_URL", "https://elsewhere.example")


UNQUIET = "make it an administrator of the project, or set quiet: false under write_back"


@pytest.mark.parametrize(
    ("breaks", "topic", "says", "remedy"),
    [
        (wrong_token, "account", "HTTP 401: Client must be authenticated", "make a new token of the account"),
        (expired, "account", "HTTP 401: Client must be authenticated", "make a new token of the account"),
        (
            no_token,
            "secrets",
            "okr.yaml:8:12: connections.jira.token: the environment has no JIRA_TOKEN",
            "set it where",
        ),
        (
            no_webhook_secret,
            "secrets",
            "connections.jira.webhook_secret: the environment has no JIRA_SECRET",
            "set it",
        ),
        (may_not_browse, "projects", "the account sees no project 'SHOP'; it sees none", "let the account browse it"),
        (may_not_edit, "permissions", "SHOP: the account may not edit", "give it Edit issues"),
        (may_not_be_quiet, "permissions", "SHOP: the account may not write quietly", UNQUIET),
        (no_linking, "permissions", "SHOP: the account may not link", "must switch issue linking on"),
        (
            on_no_screen,
            "fields",
            "KR Progress: SHOP-1 (issue in SHOP): is not on the screen",
            "okrlink fields create puts it there",
        ),
        (no_webhook, "webhooks", "issues, versions and sprints is missing", "okrlink hooks register"),
        (webhook_off, "webhooks", "issues, versions and sprints is disabled", "okrlink hooks register"),
        (nearer_than_the_cloud, "webhooks", "issues, versions and sprints is missing", "okrlink hooks register"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, Callable) else None,
)
def test_a_broken_jira(sit, jira, monkeypatch, breaks, topic, says, remedy):
    terminal = sit(JIRA, jira.url)
    terminal("hooks", "register")
    breaks(jira, monkeypatch)
    status, wrong = examine()

    assert status == 1
    assert [(words, cure) for about, words, cure in wrong if about == topic and says in words and remedy in cure], wrong


@pytest.mark.parametrize(
    ("changes", "topic", "says", "remedy"),
    [
        (
            [("[SHOP]", "[SHPO]")],
            "projects",
            "the account sees no project 'SHPO'; did you mean SHOP?",
            "correct the name",
        ),
        ([("KR Progress:", "KR Progres:")], "fields", "KR Progres: there is no field of this name", "okrlink fields"),
        (
            [("KR Progress: percent", "KR Progress: summary")],
            "fields",
            "is a number field, and summary is text",
            "write percent, score",
        ),
    ],
    ids=["project misspelt", "field missing", "field of the wrong type"],
)
def test_a_mapping_that_does_not_fit_jira(sit, jira, changes, topic, says, remedy):
    terminal = sit(JIRA, jira.url, *changes)
    terminal("hooks", "register")
    status, wrong = examine()

    assert status == 1
    assert [(words, cure) for about, words, cure in wrong if about == topic and says in words and remedy in cure], wrong


def test_without_webhooks_it_says_how_fresh_numbers_are(sit, jira):
    sit(JIRA, jira.url, ("    webhook_secret: env/JIRA_SECRET\n", ""))
    status, wrong = examine()

    assert (status, wrong) == (
        0,
        [
            (
                "webhooks",
                "none are taken; changes are asked for every 1 minute",
                "name a webhook_secret in the mapping, then okrlink hooks register",
            )
        ],
    )


def test_a_clock_that_is_wrong(sit):
    with JiraSimulator(clock=lambda: datetime.now(UTC) - timedelta(minutes=10)) as jira:
        sit(JIRA, jira.url)("hooks", "register")
        status, wrong = examine()

    assert status == 1
    assert (
        "clock",
        "this machine's is 10 minutes ahead of the tracker's",
        "let this machine keep its time by NTP",
    ) in [(topic, says.replace("9 minutes", "10 minutes"), remedy) for topic, says, remedy in wrong]


def test_a_scoped_token_at_the_site_itself(sit):
    with JiraSimulator(scoped=True) as jira:
        sit(JIRA, jira.url)
        status, [(topic, says, remedy)] = examine()

    assert (status, topic) == (1, "account")
    assert "401" in says
    assert "a scoped token or a service account's needs gateway: true" in remedy


def test_a_scoped_token_through_the_gateway(sit, monkeypatch):
    with JiraSimulator(scoped=True) as jira:
        monkeypatch.setenv("OKRLINK_ATLASSIAN_API", jira.url)
        terminal = sit(JIRA, jira.url, ("    projects", "    gateway: true\n    projects"))
        terminal("hooks", "register")
        status, wrong = examine()

    assert (status, [one for one in wrong if one[0] != "fields"]) == (0, [])


class TestWhatIsNotReached:
    def test_a_host_that_is_not_there(self, sit):
        sit(JIRA, "http://127.0.0.1:9")

        assert examine() == (
            3,
            [
                (
                    "reach",
                    "127.0.0.1 cannot be reached",
                    "see that url is the tracker's own address, and that this machine reaches it",
                )
            ],
        )

    def test_an_address_that_leads_elsewhere(self, sit):
        app = Flask(__name__)
        app.register_error_handler(404, lambda _error: redirect("https://bookshop.example/login?secret=1", 301))
        with Server(app) as elsewhere:
            sit(JIRA, elsewhere.url)
            status, [(topic, says, remedy)] = examine()

        assert (status, topic) == (1, "reach")
        assert says.startswith("HTTP 301: redirected to https://bookshop.example")
        assert "secret" not in says
        assert "url is the tracker's own address" in remedy

    def test_a_site_that_is_none(self, sit, ado):
        sit(JIRA, ado.url.rpartition("/")[0])
        status, [(topic, says, remedy)] = examine()

        assert (status, topic) == (1, "reach")
        assert "HTTP 404" in says
        assert "url is the tracker's own address" in remedy

    def test_a_certificate_that_nobody_trusts(self, sit, tmp_path):
        need(shutil.which("openssl") is not None, "openssl")
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        words = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
        ]
        subprocess.run(["openssl", *words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            sit(JIRA, f"https://localhost:{server.server_port}")
            status, [(topic, says, _)] = examine()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

        assert (status, topic) == (3, "reach")
        assert says == "localhost has no certificate that we trust; ca_file names a private authority"


def disabled(ado):
    next(iter(ado.hooks.subscriptions.values())).status = "disabledBySystem"


def on_probation(ado):
    next(iter(ado.hooks.subscriptions.values())).status = "onProbation"


def may_not_suppress(ado):
    ado.settings.may_suppress = False


def may_not_write(ado):
    ado.settings.may_write = False


def read_only(ado):
    ado.add_field("KR Progress", "double", read_only=True)


def nearly_used_up(ado):
    ado.slow_down(1, retry_after=0)


def nobody(ado):
    ado.tokens.clear()


@pytest.mark.parametrize(
    ("breaks", "topic", "says", "remedy"),
    [
        (nobody, "account", "HTTP 203: a sign-in page", "make a new token of the account in this organisation"),
        (disabled, "webhooks", "is disabled", "okrlink hooks register"),
        (on_probation, "webhooks", "is on probation: new events are lost", "okrlink hooks register"),
        (may_not_suppress, "permissions", "Shop: the account may not write quietly", "Suppress notifications"),
        (may_not_write, "permissions", "Shop: the account may not edit", "Work items (read & write)"),
        (read_only, "fields", "KR Progress: may not be written", "choose a field that people can edit, too"),
        (nearly_used_up, "quota", "0 of 200 requests left", "let other programs of this account ask less"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, Callable) else None,
)
def test_a_broken_azure_devops(sit, ado, breaks, topic, says, remedy):
    terminal = sit(AZURE_DEVOPS, ado.url)
    terminal("hooks", "register")
    breaks(ado)
    status, wrong = examine()

    assert status == (0 if topic == "quota" else 1)
    assert [(words, cure) for about, words, cure in wrong if about == topic and says in words and remedy in cure], wrong


def test_an_organisation_that_is_none(sit, ado):
    sit(AZURE_DEVOPS, ado.url + "s")
    status, [(topic, says, _)] = examine()

    assert (status, topic) == (1, "reach")
    assert "The organization bookshops does not exist" in says


@pytest.mark.parametrize(("secret", "failures"), [("entra-secret", 0), ("an old one", 1)], ids=["right", "wrong"])
def test_a_service_principal(sit, ado, monkeypatch, secret, failures):
    with EntraSimulator(ado.tokens, ado.account) as entra:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", entra.url)
        monkeypatch.setenv("ENTRA_SECRET", secret)
        sit(AZURE_DEVOPS, ado.url, ("    token: env/ADO_TOKEN\n", ENTRA), ("    webhook_secret: env/ADO_SECRET\n", ""))
        status, wrong = examine()

    said = [one for one in wrong if one[0] == "account"]
    assert (status, len(said)) == (failures, failures)
    for _, says, remedy in said:
        assert says == "Entra gives no token: AADSTS7000215: Invalid client secret provided."
        assert "a secret ends some day, too" in remedy


class TestOnOnesOwnMachines:
    @pytest.fixture
    def data_center(self):
        """With a limit that an administrator set: each answer tells what is left of it."""
        with JiraDataCenterSimulator(rate=Rate(400, 400, 60)) as site:
            site.create_issue("SHOP", "Epic", "The new checkout")
            yield site
            assert not site.unmodelled

    @pytest.fixture(params=SERVERS)
    def server(self, request):
        with AzureDevOpsSimulator("DefaultCollection", edition=SERVERS[request.param]) as sim:
            for name, kind in (("KR Progress", "double"), ("KR Status", "string"), ("KR Summary", "string")):
                sim.add_field(name, kind)
            sim.create_work_item("Epic", "A faster checkout")
            yield sim
            assert not sim.unmodelled

    @pytest.mark.parametrize("user", ["", "    user: okrlink\n"], ids=["by a token", "by name and password"])
    def test_a_data_center(self, sit, data_center, monkeypatch, user):
        terminal = sit(JIRA, data_center.url, *self.as_data_center(user))
        monkeypatch.setenv("JIRA_TOKEN", data_center.password if user else data_center.token)
        terminal("hooks", "register")
        result = run("doctor")

        for line in (
            "account      signed in as okrlink · ",
            " of 400 requests left",
            "projects     SHOP",
            "permissions  SHOP: may browse, edit, link, write quietly",
            "webhooks     1 is as wanted",
            "0 failures, 2 warnings",
        ):
            assert line in result.stdout

    def test_a_data_center_whose_limit_is_near(self, sit, monkeypatch):
        with JiraDataCenterSimulator(rate=Rate(40, 40, 3600)) as jira:
            sit(JIRA, jira.url, *self.as_data_center())
            for _ in range(35):
                requests.get(
                    f"{jira.url}/rest/api/2/myself", headers={"Authorization": f"Bearer {jira.token}"}, timeout=5
                )
            _, wrong = examine()

        assert ("quota", "4 of 40 requests left") in [(topic, says) for topic, says, _ in wrong]

    @pytest.mark.parametrize(
        ("days", "level", "says"),
        [
            ({"okrlink": None}, "ok", "'okrlink' never ends"),
            ({"okrlink": 40}, "ok", "'okrlink' ends on {first}, in 40 days"),
            ({"okrlink": 9, "an old one": -3}, "warning", "'okrlink' ends on {first}, in 9 days"),
            ({"okrlink": None, "CI": None}, "ok", "none of the account's 2 tokens ever ends"),
            (
                {"okrlink": None, "CI": 9},
                "warning",
                "the tracker does not tell which of the account's 2 tokens it is; 'CI', the first of them, ends on {first}, in 9 days",
            ),
        ],
    )
    def test_when_a_token_ends(self, sit, data_center, days, level, says):
        now = datetime.now(UTC)
        ends = {name: None if number is None else now + timedelta(number, 60) for name, number in days.items()}
        data_center.token_ends.clear()
        data_center.token_ends.update(ends)
        sit(JIRA, data_center.url, *self.as_data_center())
        [report] = json.loads(run("doctor", "--json").stdout)["connections"]
        [found] = [one for one in report["findings"] if one["topic"] == "token"]

        first = min((end for end in ends.values() if end and end > now), default=now)
        assert (found["level"], found["says"]) == (level, says.format(first=f"{first:%Y-%m-%d}"))
        assert ("make a new token" in found["remedy"]) == (level == "warning")

    def test_a_token_that_ended(self, sit, data_center, monkeypatch):
        sit(JIRA, data_center.url, *self.as_data_center())
        monkeypatch.setenv("JIRA_TOKEN", "an old one")
        status, [(topic, says, remedy)] = examine()

        assert (status, topic, remedy) == (
            1,
            "account",
            "make a new token of the account, and see that user is its own",
        )
        assert "401" in says

    def test_azure_devops_server(self, sit, server):
        sit(AZURE_DEVOPS, server.url, ("tracker: azure-devops\n", "tracker: azure-devops-server\n"))(
            "hooks", "register"
        )
        status, wrong = examine()

        assert (status, wrong) == (0, [])
        server.assert_readonly()

    @staticmethod
    def as_data_center(user=""):
        return ("tracker: jira\n", "tracker: jira-data-center\n"), ("    user: env/JIRA_USER\n", user)


@pytest.mark.parametrize("command", [["doctor"], ["hooks", "list"], ["fields", "check"], ["rescan"]])
def test_a_mapping_without_connections_is_no_good_answer(sit, jira, tmp_path, command):
    terminal = sit(JIRA, jira.url)
    (tmp_path / "empty.yaml").write_text("version: 1\n")
    result = terminal(*command, "--mapping", str(tmp_path / "empty.yaml"))

    assert (result.exit_code, result.stderr) == (2, "the mapping has no connections\n")


def test_a_connection_that_is_not_there(sit, jira):
    assert "no connection is called 'jra'; there is jira" in sit(JIRA, jira.url)("doctor", "jra").stderr
