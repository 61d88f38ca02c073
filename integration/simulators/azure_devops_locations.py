"""Where things are: the answers that the azure-devops SDK asks for before it asks for anything else.

`OPTIONS {org}/_apis` maps the SDK's location ids to route templates; `_apis/resourceAreas` says which host serves which
area. Only what the simulator serves is listed, so that the SDK itself refuses the rest.
"""

from typing import Any

from integration.simulators.azure_devops_editions import Edition
from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, who
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_refusals import Refused

_WIT = "wit"
_LOCATIONS = (
    # area, resource, id, template, resource version
    (_WIT, "workItems", "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b", "{project}/_apis/{area}/{resource}/{id}", 3),
    (_WIT, "workItemsBatch", "908509b6-4248-4475-a1cd-829139ba419f", "{project}/_apis/{area}/{resource}", 1),
    (
        _WIT,
        "updates",
        "6570bf97-d02c-4a91-8d93-3abe9895b1a9",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{updateNumber}",
        3,
    ),
    (
        _WIT,
        "revisions",
        "a00c85a5-80fa-4565-99c3-bcd2181434bb",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{revisionNumber}",
        3,
    ),
    (_WIT, "wiql", "1a9c53f7-f243-4447-b110-35ef023636e4", "{project}/{team}/_apis/{area}/{resource}", 2),
    (
        _WIT,
        "fields",
        "b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94",
        "{project}/_apis/{area}/{resource}/{fieldNameOrRefName}",
        3,
    ),
    (_WIT, "workItemTypes", "7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa", "{project}/_apis/{area}/{resource}/{type}", 2),
    (
        _WIT,
        "workItemTypeCategories",
        "9b9f5734-36c8-415e-ba67-f83b45c31408",
        "{project}/_apis/{area}/{resource}/{category}",
        2,
    ),
    (
        _WIT,
        "states",
        "7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa",
        "{project}/_apis/{area}/workItemTypes/{type}/{resource}",
        1,
    ),
    (
        _WIT,
        "fields",
        "bd293ce5-3d25-4192-8e67-e8092e879efb",
        "{project}/_apis/{area}/workItemTypes/{type}/{resource}/{field}",
        3,
    ),
    (_WIT, "recyclebin", "b70d8d39-926c-465e-b927-b1bf0e5ca0e0", "{project}/_apis/{area}/{resource}/{id}", 2),
    (
        _WIT,
        "workItemRevisions",
        "f828fe59-dd87-495d-a17c-7a8d6211ca6c",
        "{project}/_apis/{area}/reporting/{resource}",
        2,
    ),
    (_WIT, "workItemLinks", "b5b5b6d0-0308-40a1-b3f4-b9bb3c66878f", "{project}/_apis/{area}/reporting/{resource}", 3),
    ("core", "projects", "603fe2ac-9723-48b9-88ad-09305aa6c6e1", "_apis/{resource}/{*projectId}", 4),
    ("Location", "resourceAreas", "e81700f7-3be2-46de-8624-2eb35882fcaa", "_apis/{resource}/{areaId}", 1),
    ("Location", "connectionData", "00d9565f-ed9c-4a06-9a50-00e7896ccab4", "_apis/{resource}", 1),
    ("hooks", "Subscriptions", "fc50d02a-849f-41fb-8af1-0a5216103269", "_apis/{area}/{resource}/{subscriptionId}", 1),
)
_AREAS = {
    "5264459e-e5e0-4bd8-b118-0985e68a4ec5": _WIT,
    "79134c72-4a58-4b42-976c-04e7115f32bf": "core",
    # Known areas without anything in them: for an unknown one the SDK would ask a host on the internet.
    "965220d5-5bb9-42cf-8d67-9b146df2a5a4": "build",
    "4e080c62-fa21-4fbc-8fef-2a10a2b38049": "git",
    "efc2f575-36ef-48e9-b672-0c6fb4a48ac5": "Release",
    "31c84e0a-3ece-48fd-a29d-100849af99ba": "Dashboard",
    "1d4f49f9-02b9-4e26-b826-2cdb6195f2a9": "work",
}


def locations(edition: Edition) -> list[dict[str, Any]]:
    """The resource locations, as `ApiResourceLocation`."""
    return [
        {
            "id": guid,
            "area": area,
            "resourceName": resource,
            "routeTemplate": template,
            "resourceVersion": version,
            "minVersion": 1.0,
            "maxVersion": float(edition.newest),
            "releasedVersion": edition.released,
        }
        for area, resource, guid, template, version in _LOCATIONS
    ]


def areas(organisation: Organisation) -> list[dict[str, str]]:
    """The resource areas; in an organisation without parallel hosts all are at one address. Server lists none."""
    known = {} if organisation.edition.is_server else _AREAS
    return [{"id": guid, "name": name, "locationUrl": organisation.url} for guid, name in known.items()]


def add_locations(entrance: Entrance) -> None:
    """Where the SDK looks first, and who it is."""
    organisation = entrance.service.organisation

    @entrance.blueprint.route("/_apis", methods=["OPTIONS"])
    def deployment_locations() -> Answer:
        return listing([])  # where the SDK looks for what the organisation does not list

    @entrance.route("", "OPTIONS", project=False)
    def resource_locations() -> Answer:
        return listing(locations(organisation.edition))

    @entrance.route("resourceareas", project=False)
    def resource_areas() -> Answer:
        return listing(areas(organisation))

    @entrance.route("resourceareas/<area>", project=False)
    def resource_area(area: str) -> Answer:
        found = next((one for one in areas(organisation) if one["id"] == area), None)
        if found is None:
            raise Refused(404, f"The resource area {area} does not exist.", "ResourceAreaNotFoundException")
        return found

    @entrance.route("connectiondata", project=False)
    def connection_data() -> Answer:
        account = {"Account": {"$type": "System.String", "$value": who().mail}}
        user = {
            "id": who().id,
            "subjectDescriptor": who().descriptor,
            "providerDisplayName": who().name,
            "isActive": True,
            "properties": account,
        }
        instance = {"instanceId": organisation.id, "deploymentId": organisation.guid("deployment")}
        place = "onPremises" if organisation.edition.is_server else "hosted"  # [doc]
        return {"authenticatedUser": user, "authorizedUser": user, **instance, "deploymentType": place}
