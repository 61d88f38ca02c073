"""What every tracker must do, asked of all that are registered. A new one adds a line to `SITES` and is asked the same.

Its recorded shapes stand in `tests/trackers/<its folder>`, each beside what it says.
"""

import base64
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from integration.core.errors import Gone, Malformed, Permanent, Refused, Retryable, Unsupported, Unverified
from integration.core.facts import ItemSeen
from integration.core.write_back import Badge
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault, Faults
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_simulated import SimulatedJira
from integration.trackers import TRACKERS, recognise
from integration.trackers.contract import Connection, Secret, Tracker, TrackerClient
from mappings.schema.connections import TrackerName

HERE = Path(__file__).parent
RECEIVED = datetime(2026, 11, 1, 12, tzinfo=UTC)
OLD, NEW = Secret("last year's"), Secret("this year's")
BADGE = Badge(url="https://okr.example/kr/rebuilt", title="The new checkout is built", summary="62 % · on track")

tracked = pytest.mark.parametrize("tracker", TRACKERS.values(), ids=TRACKERS)


def folder(tracker: Tracker) -> Path:
    """Editions of a tracker share a folder, as they share their code."""
    return HERE / tracker.translate.__module__.split(".")[2]


def recorded(tracker: Tracker) -> list[Path]:
    return sorted(path for path in folder(tracker).glob("*.json") if not path.name.endswith(".events.json"))


def signed(secret: Secret, body: bytes) -> dict[str, str]:
    return {"x-hub-signature": "sha256=" + hmac.new(secret.reveal().encode(), body, "sha256").hexdigest()}


def basic(secret: Secret, _body: bytes) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"hook:{secret.reveal()}".encode()).decode()}


@dataclass(frozen=True)
class Site:
    """A simulated tracker with one item, and what there is to write on it."""

    connection: Connection
    faults: Faults
    item: str
    field: str
    value: Callable[[], Any]
    writes: Callable[[], int]


@contextmanager
def a_jira() -> Iterator[Site]:
    with JiraSimulator() as jira:
        yield with_an_epic(jira, Connection("site", "jira", jira.url, ("SHOP",), jira.email, Secret(jira.token)))


@contextmanager
def a_data_center() -> Iterator[Site]:
    with JiraDataCenterSimulator() as jira:
        yield with_an_epic(jira, Connection("site", "jira-data-center", jira.url, ("SHOP",), token=Secret(jira.token)))


def with_an_epic(jira: SimulatedJira, connection: Connection) -> Site:
    epic = jira.create_issue("SHOP", "Epic", "A faster checkout")
    progress = "customfield_10051"
    return Site(
        connection,
        jira.faults,
        epic.id,
        progress,
        lambda: jira.value(epic, progress),
        lambda: sum(progress in {change.field_id for change in entry.changes} for entry in epic.history),
    )


@contextmanager
def an_organisation() -> Iterator[Site]:
    with AzureDevOpsSimulator() as ado:
        progress = ado.add_field("KR Progress", "double", types=("Epic",))
        epic = ado.create_work_item("Epic", "A faster checkout")
        before = len(ado.item(epic).revisions)
        yield Site(
            Connection("site", "azure-devops", ado.url, ("Shop",), token=Secret("pat")),
            ado.faults,
            str(epic),
            progress,
            lambda: ado.value(epic, progress),
            lambda: len(ado.item(epic).revisions) - before,
        )


@dataclass(frozen=True)
class Kind:
    """How senders of this kind prove themselves, whether their proof covers the body, and where one is simulated."""

    proof: Callable[[Secret, bytes], dict[str, str]]
    signs: bool
    site: Callable[[], AbstractContextManager[Site]]
    webhook_user: str | None = None


SITES: Mapping[str, Kind] = {
    "jira": Kind(signed, signs=True, site=a_jira),
    "jira-data-center": Kind(signed, signs=True, site=a_data_center),
    "azure-devops": Kind(basic, signs=False, site=an_organisation, webhook_user="hook"),
    "azure-devops-server": Kind(basic, signs=False, site=an_organisation, webhook_user="hook"),
}


def kind_of(tracker: Tracker) -> Kind:
    return SITES[tracker.name]


def connection_of(tracker: Tracker) -> Connection:
    return Connection(
        "site",
        tracker.name,
        "https://tracker.example",
        webhook_user=kind_of(tracker).webhook_user,
        webhook_secrets=(OLD, NEW),
    )


def test_every_tracker_that_a_mapping_can_name_is_known() -> None:
    assert set(TRACKERS) == set(get_args(TrackerName))


class TestWhoSent:
    @tracked
    def test_either_secret_proves_the_sender(self, tracker: Tracker) -> None:
        for secret in (OLD, NEW):
            tracker.verify(connection_of(tracker), kind_of(tracker).proof(secret, b"{}"), b"{}")

    @tracked
    def test_a_missing_proof_is_refused(self, tracker: Tracker) -> None:
        with pytest.raises(Unverified):
            tracker.verify(connection_of(tracker), {}, b"{}")

    @tracked
    def test_a_wrong_secret_is_refused_and_not_told(self, tracker: Tracker) -> None:
        headers = kind_of(tracker).proof(Secret("a guess"), b"{}")

        with pytest.raises(Unverified) as refusal:
            tracker.verify(connection_of(tracker), headers, b"{}")
        assert not any(word in str(refusal.value) for word in ("a guess", OLD.reveal(), NEW.reveal()))

    @tracked
    def test_without_a_configured_secret_nobody_is_believed(self, tracker: Tracker) -> None:
        open_to_all = replace(connection_of(tracker), webhook_secrets=())

        for secret in (NEW, Secret("")):
            with pytest.raises(Unverified):
                tracker.verify(open_to_all, kind_of(tracker).proof(secret, b"{}"), b"{}")

    @pytest.mark.parametrize("tracker", [one for one in TRACKERS.values() if kind_of(one).signs])
    def test_a_tampered_body_is_refused(self, tracker: Tracker) -> None:
        headers = kind_of(tracker).proof(NEW, b'{"value": 1}')

        with pytest.raises(Unverified):
            tracker.verify(connection_of(tracker), headers, b'{"value": 2}')

    @tracked
    def test_a_connection_shows_its_secrets_to_nobody(self, tracker: Tracker) -> None:
        shown = repr(replace(connection_of(tracker), token=Secret("the token"))) + str(NEW)

        assert not any(word in shown for word in ("the token", OLD.reveal(), NEW.reveal()))

    @tracked
    def test_no_kept_header_is_a_credential(self, tracker: Tracker) -> None:
        proofs = {name for proof in (signed, basic) for name in proof(NEW, b"")}

        assert not {*proofs, "cookie", "x-okrlink-secret"} & set(tracker.kept_headers)
        assert all(name == name.lower() for name in tracker.kept_headers)


class TestWhatWasSent:
    @tracked
    def test_a_delivery_keeps_its_id_when_it_is_repeated(self, tracker: Tracker) -> None:
        ids = {tracker.delivery_id({}, path.read_bytes()) for path in recorded(tracker)}

        for path in recorded(tracker):
            body = path.read_bytes()
            assert tracker.delivery_id({}, body) == tracker.delivery_id({"user-agent": "later"}, body)
        assert all(ids)

    @tracked
    def test_an_unreadable_body_has_an_id_too(self, tracker: Tracker) -> None:
        assert tracker.delivery_id({}, b"{") == tracker.delivery_id({}, b"{")
        assert tracker.delivery_id({}, b"{") != tracker.delivery_id({}, b"[")

    @tracked
    def test_every_recorded_shape_has_its_meaning_beside_it(self, tracker: Tracker) -> None:
        assert recorded(tracker)
        assert all(path.with_suffix(".events.json").is_file() for path in recorded(tracker))

    @tracked
    def test_every_recorded_shape_is_recognised_and_understood_twice_the_same(self, tracker: Tracker) -> None:
        for path in recorded(tracker):
            body = orjson.loads(path.read_bytes())
            try:
                first, again = tracker.translate(body, RECEIVED), tracker.translate(body, RECEIVED)
            except (Malformed, Unsupported):
                continue
            assert first == again, path
            recognised = recognise(body)
            assert recognised is not None, path
            assert folder(recognised) == folder(tracker), path

    @tracked
    def test_facts_have_a_time_in_utc_and_an_identity_of_their_own(self, tracker: Tracker) -> None:
        for path in recorded(tracker):
            try:
                facts = tracker.translate(orjson.loads(path.read_bytes()), RECEIVED).facts
            except (Malformed, Unsupported):
                continue
            assert all(fact.at.utcoffset() == timedelta(0) for fact in facts), path
            # `ItemSeen` is folded, not kept: two of one source are joined field by field.
            identities = [(fact.kind, fact.source) for fact in facts if not isinstance(fact, ItemSeen)]
            assert len(identities) == len(set(identities)), path
            assert all(fact.source for fact in facts), path

    @tracked
    def test_a_body_names_its_items_whatever_becomes_of_it(self, tracker: Tracker) -> None:
        for path in recorded(tracker):
            body = orjson.loads(path.read_bytes())
            try:
                assert tracker.translate(body, RECEIVED).items == tracker.items_of(body), path
            except (Malformed, Unsupported):
                assert isinstance(tracker.items_of(body), tuple)

    @tracked
    def test_what_is_ignored_is_ignored_for_a_reason(self, tracker: Tracker) -> None:
        assert tracker.translated
        assert not set(tracker.translated) & set(tracker.ignored)
        assert all(tracker.ignored.values())


@pytest.fixture(
    params=[TRACKERS[name] for name in ("jira", "jira-data-center", "azure-devops")], ids=lambda tracker: tracker.name
)
def tracker(request: pytest.FixtureRequest) -> Tracker:
    """The editions that have a simulator."""
    found: Tracker = request.param
    return found


@pytest.fixture
def site(tracker: Tracker) -> Iterator[Site]:
    with kind_of(tracker).site() as site:
        yield site


@pytest.fixture
def client(tracker: Tracker, site: Site) -> TrackerClient:
    return tracker.connect(site.connection)


class TestTalking:
    def test_what_was_written_stands_there(self, site: Site, client: TrackerClient) -> None:
        client.write(site.item, {site.field: 62}, badge=BADGE)

        current = client.current(site.item, [site.field], badge=True)
        assert client.same("number", 62, current.fields[site.field])
        assert current.badge == BADGE
        assert site.value() == 62

    def test_writing_twice_writes_once(self, site: Site, client: TrackerClient) -> None:
        for _ in range(2):
            client.write(site.item, {site.field: 62})

        assert site.writes() == 1

    def test_a_wrong_token_is_permanent_and_not_told(self, tracker: Tracker, site: Site) -> None:
        stranger = tracker.connect(replace(site.connection, token=Secret("not-the-token")))

        with pytest.raises(Refused) as refusal:
            stranger.write(site.item, {site.field: 62})
        assert isinstance(refusal.value, Permanent)
        assert "not-the-token" not in str(refusal.value)
        assert site.value() is None

    def test_a_limit_is_retryable_with_the_trackers_wish(self, site: Site, client: TrackerClient) -> None:
        client.catalogue()
        site.faults.add(Fault("throttle", times=None, retry_after=17))

        with pytest.raises(Retryable) as wish:
            client.write(site.item, {site.field: 62})
        assert wish.value.after is not None
        assert 15 <= wish.value.after <= 17
        assert site.value() is None

    @pytest.mark.parametrize("fault", ["unavailable", "error", "html", "broken json", "cut"])
    def test_an_outage_is_retryable(self, site: Site, client: TrackerClient, fault: Any) -> None:
        client.catalogue()
        site.faults.add(Fault(fault, times=None))

        with pytest.raises(Retryable):
            client.item(site.item)
        with pytest.raises(Retryable):
            client.write(site.item, {site.field: 62})

    def test_an_item_that_is_not_there_is_gone(self, client: TrackerClient) -> None:
        with pytest.raises(Gone):
            client.item("999999999")
