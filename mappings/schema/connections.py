"""Trackers: where they are, and the names of the secrets that open them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from mappings.schema.forms import (
    Bool,
    Duration,
    FromOutside,
    Keys,
    Number,
    Patterns,
    SecretName,
    SecretNames,
    Text,
    Texts,
    about,
    text,
)

TrackerName: TypeAlias = Literal["jira", "jira-data-center", "azure-devops", "azure-devops-server"]


class ConnectionKeys(Keys):
    """One tracker that okrlink reads, and writes to if `write_back` says so."""

    tracker: Annotated[TrackerName, BeforeValidator(text)] | None = about(
        "which tracker; `jira` is the Cloud. By the address for *.atlassian.net and dev.azure.com", "jira"
    )
    url: FromOutside = about(
        "what people open: the site; for Azure DevOps with the organisation or collection",
        "https://acme.atlassian.net",
        "https://dev.azure.com/acme",
        needed=True,
    )
    projects: Patterns = about(
        'what okrlink may read, by key or name; "*": all that the account sees', ["SHOP", "PAY"], needed=True
    )
    user: FromOutside | None = about("the account's e-mail address or name; with it basic auth", "env/JIRA_USER")
    token: SecretName | None = about("API token or password; without a user a personal access token", "env/JIRA_TOKEN")
    tenant: FromOutside | None = about("Entra tenant, to sign in as a service principal", "env/AZURE_TENANT")
    client: FromOutside | None = about("Entra client id", "env/AZURE_CLIENT")
    client_secret: SecretName | None = about("Entra client secret", "env/AZURE_CLIENT_SECRET")
    gateway: Bool | None = about("the token is scoped or a service account's: call api.atlassian.com", default=False)
    webhook_secret: SecretNames | None = about(
        "what signs or opens this tracker's webhooks; two in a list while it changes", "env/JIRA_WEBHOOK_SECRET"
    )
    webhook_user: FromOutside | None = about("user of the webhooks' basic auth", "okrlink")
    rescan: Duration | None = about("how often to ask for what webhooks missed", "5 min", default="15 min")
    estimate: Text | None = about("the field meant by `story points`; found by itself", "Story point estimate")
    sub_tasks: Texts | None = about("types never counted, being part of another item", "Sub-task")
    requests_per_second: Number | None = about("politeness; the tracker's limits otherwise", 5)
    ca_file: FromOutside | None = about("file of an own certificate authority", "/etc/ssl/acme.pem")
    was: Texts | None = about("former names")
