r"""What sets Azure DevOps Services and the releases of Azure DevOps Server apart; everything else they share.

| | Services | Server |
|---|---|---|
| address | host/organisation | host/tfs/collection, for releases and pipelines too [doc] |
| newest api-version | 7.2, in preview | by release; a higher one is refused [doc] |
| resource areas | listed | none [3p] |
| a token | as Basic or Bearer | as Basic only [doc] |
| whoever is not let in | is shown a sign-in page, with 203 [3p] | gets 401 [3p] |
| people | by mail address, descriptors of Entra | by `DOMAIN\user`, descriptors of Windows [3p] |
| too many requests | headers, then 429 [doc] | no limits [doc] |
| a webhook's containers | collection, account, project [doc] | collection, server, project [3p] |
| jobs of pipelines | are told [doc] | are not [doc] |
"""

import base64
import re
import uuid
from dataclasses import dataclass

from integration.simulators.azure_devops_items import Identity
from integration.simulators.azure_devops_refusals import Refused

_VERSION = re.compile(r"(\d+)\.(\d+)(-preview)?")


@dataclass(frozen=True, slots=True)
class Edition:
    """Services, or one release of Server. Versions above `released`, up to `newest`, are previews."""

    released: str
    newest: str
    is_server: bool = False

    @property
    def root(self) -> str:
        """What stands before an organisation or collection in an address."""
        return "/tfs" if self.is_server else ""

    @property
    def has_work_item_tags(self) -> bool:
        """Whether tags are listed among work items, too, which began with version 6.0 [3p]."""
        return _number(self.newest) >= (6, 0)

    def demand_version(self, asked: str) -> None:
        """Raises `Refused` for an api-version that this edition does not know [3p]."""
        known = _VERSION.match(asked)
        if known is None:
            raise Refused(400, f"The api-version {asked} is not valid.", "VssVersionNotSpecifiedException")  # [inf]
        version = f"{known[1]}.{known[2]}"
        if _number(version) > _number(self.newest):
            message = (
                f"The requested REST API version of {version} is out of range for this server. "
                f"The latest REST API version this server supports is {self.newest}."
            )
            raise Refused(400, message, "VssVersionOutOfRangeException")
        if _number(version) > _number(self.released) and not known[3]:
            message = (
                f'The requested version "{version}" of the resource is under preview. The -preview flag must be '
                f'supplied in the api-version for such requests. For example: "{version}-preview"'
            )
            raise Refused(400, message, "VssInvalidPreviewVersionException")

    def identity(self, guid: str, name: str, mail: str, organisation: str) -> Identity:
        """A person as this edition knows them."""
        if not self.is_server:
            return Identity(guid, name, mail, "aad." + guid.replace("-", ""))
        account = mail.partition("@")[0].rpartition("\\")[2]
        return Identity(guid, name, f"{organisation.upper()}\\{account}", "win." + _sid(guid))


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _sid(guid: str) -> str:
    """A Windows account's security identifier, as descriptors have it."""
    number = uuid.UUID(guid).int
    parts = "-".join(str(number >> shift & 0xFFFFFFFF) for shift in (96, 64, 32))
    return base64.urlsafe_b64encode(f"S-1-5-21-{parts}-{number & 0xFFFF}".encode()).decode().rstrip("=")


SERVICES = Edition("7.1", "7.2")
SERVERS = {
    "2019": Edition("5.0", "5.0", is_server=True),
    "2020": Edition("6.0", "6.1", is_server=True),  # [3p] the preview
    "2022": Edition("7.0", "7.0", is_server=True),
    "2022.1": Edition("7.1", "7.1", is_server=True),
}
"""The releases of Server, each with the api-version that its documentation names [doc]."""
