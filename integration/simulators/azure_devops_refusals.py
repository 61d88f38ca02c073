"""How Azure DevOps says no: one exception with the status, the words and the type key of the real refusals."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The request is answered by a refusal in Microsoft's shape."""

    def __init__(self, status: int, message: str, type_key: str, *, custom: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type_key = type_key
        self.custom = custom

    def body(self) -> dict[str, Any]:
        """The JSON of a `WrappedException`."""
        space = "Microsoft.TeamFoundation.WorkItemTracking.Server"
        body: dict[str, Any] = {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": f"{space}.{self.type_key}, {space}",
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": 3200,
        }
        return body if self.custom is None else {**body, "customProperties": self.custom}


class Blocked(Refused):
    """[doc] More was asked than anybody may."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        message = (
            "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Core' "
            "in namespace 'User'."
        )
        super().__init__(429, message, "RequestBlockedException")
        self.headers = headers


class NotModelled(Exception):
    """The real service may answer this; the simulated one does not, and says so with a 501."""


def work_item_missing(work_item_id: int) -> Refused:
    """[3p] Unknown, deleted and forbidden look alike."""
    message = f"TF401232: Work item {work_item_id} does not exist, or you do not have permissions to read it."
    return Refused(404, message, "WorkItemUnauthorizedAccessException")


def field_missing(name: str, status: int = 400) -> Refused:
    """[3p] The same words for a field of no type and for one that this item's type lacks."""
    return Refused(status, f"TF51535: Cannot find field {name}.", "WorkItemTrackingFieldDefinitionNotFoundException")


def rule_broken(reference: str, name: str, flags: str) -> Refused:
    """[3p] A value that the type's rules do not admit."""
    message = f"TF401320: Rule Error for field {name}. Error code: {flags}."
    error = {
        "fieldReferenceName": reference,
        "fieldStatusFlags": flags[0].lower() + flags[1:],
        "errorMessage": message,
        "ruleValidationErrors": None,
    }
    return Refused(400, message, "RuleValidationException", custom={"RuleValidationErrors": [error]})
