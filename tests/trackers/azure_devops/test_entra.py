"""A service principal signs in with a secret, and its token is renewed in time."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.core.errors import Refused, Retryable
from integration.ledger import Ledgers
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.entra import EntraSimulator
from integration.store.db import Database
from integration.trackers.azure_devops import TRACKER
from integration.trackers.azure_devops.entra import PrincipalAuth
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, Secret, ServicePrincipal


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        yield sim


@pytest.fixture
def entra(ado: AzureDevOpsSimulator) -> Iterator[EntraSimulator]:
    with EntraSimulator(ado.tokens, ado.account) as sim:
        yield sim


@pytest.fixture
def principal(entra: EntraSimulator) -> ServicePrincipal:
    return ServicePrincipal(entra.tenant, entra.client, Secret(entra.secret), entra.url)


def connection(ado: AzureDevOpsSimulator, principal: ServicePrincipal) -> Connection:
    return Connection("ado", "azure-devops", ado.url, ("Shop",), principal=principal)


def test_one_token_serves_all_requests(
    ado: AzureDevOpsSimulator, entra: EntraSimulator, principal: ServicePrincipal
) -> None:
    item = ado.create_work_item("Epic", "A faster checkout")
    client = TRACKER.connect(connection(ado, principal))
    client.catalogue()
    client.write(str(item), {"System.Title": "A fast checkout"})

    assert ado.value(item, "System.Title") == "A fast checkout"
    assert entra.given == ["entra-token-1"]


def test_a_token_is_renewed_before_it_ends(
    ado: AzureDevOpsSimulator, entra: EntraSimulator, principal: ServicePrincipal, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = PrincipalAuth(connection(ado, principal), principal)
    first, now = auth.token(), time.monotonic()
    monkeypatch.setattr("integration.trackers.azure_devops.entra.time.monotonic", lambda: now + 3599 - 301)
    assert auth.token() == first

    monkeypatch.setattr("integration.trackers.azure_devops.entra.time.monotonic", lambda: now + 3599 - 299)
    assert auth.token() != first


def test_signing_in_is_counted_to_the_connection_by_itself(
    ado: AzureDevOpsSimulator, entra: EntraSimulator, principal: ServicePrincipal, database: Database
) -> None:
    ledgers = Ledgers(database)
    client = TRACKER.connect(ledgers.share(connection(ado, principal)))
    with asking("catalogue"):
        client.catalogue()

    assert ledgers.spent() == {"ado": {"sign-in": 1, "catalogue": len(ado.journal.requests)}}


def test_after_a_refused_token_the_next_request_brings_a_new_one(
    ado: AzureDevOpsSimulator, entra: EntraSimulator, principal: ServicePrincipal
) -> None:
    client = TRACKER.connect(connection(ado, principal))
    client.catalogue()
    entra.expire()
    with pytest.raises(Refused):
        client.catalogue()

    assert client.catalogue().account


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"secret": Secret("it is another")}, "AADSTS7000215: Invalid client secret provided.$"),
        ({"client": "somebody"}, "AADSTS700016: Application with identifier 'somebody'"),
        ({"tenant": "elsewhere"}, "AADSTS90002: Tenant 'elsewhere' not found"),
    ],
    ids=["secret", "client", "tenant"],
)
def test_what_entra_refuses_is_told_in_its_words_and_without_the_secret(
    ado: AzureDevOpsSimulator, principal: ServicePrincipal, wrong: dict[str, object], words: str
) -> None:
    client = TRACKER.connect(connection(ado, replace(principal, **wrong)))
    with pytest.raises(Refused, match=words) as refused:
        client.catalogue()

    assert refused.value.scope == "connection"
    assert "it is another" not in str(refused.value)


def test_an_authority_that_cannot_be_reached_may_be_later(
    ado: AzureDevOpsSimulator, principal: ServicePrincipal
) -> None:
    with pytest.raises(Retryable, match="localhost cannot be reached"):
        TRACKER.connect(connection(ado, replace(principal, authority="http://localhost:9"))).catalogue()


def test_the_secret_shows_itself_to_nobody(ado: AzureDevOpsSimulator, principal: ServicePrincipal) -> None:
    assert "entra-secret" not in repr(
        (principal, connection(ado, principal), PrincipalAuth(connection(ado, principal), principal))
    )
