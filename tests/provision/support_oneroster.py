"""A OneRoster reader written from the standard's tables alone, sharing nothing with the writer: as strict as a strict
receiver, and it rejects what that rejects.

Belongs here: reading a zip and every rule of it that a receiver checks. Does not belong here: whom an export may name.
"""

import csv
import io
import re
import zipfile
from datetime import datetime

HEADERS = {
    ("1.1", "users"): "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,"
    "familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
    ("1.2", "users"): "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,"
    "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
    ("1.1", "orgs"): "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    ("1.2", "orgs"): "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    ("1.2", "roles"): "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
    "userProfileSourcedId",
}
REQUIRED = {
    ("1.1", "users"): "sourcedId enabledUser orgSourcedIds role username givenName familyName",
    ("1.2", "users"): "sourcedId enabledUser username givenName familyName",
    ("1.1", "orgs"): "sourcedId name type",
    ("1.2", "orgs"): "sourcedId name type",
    ("1.2", "roles"): "sourcedId userSourcedId roleType role orgSourcedId",
}
FILES = {
    "1.1": "academicSessions categories classes classResources courses courseResources demographics enrollments "
    "lineItems orgs resources results users",
}
FILES["1.2"] = FILES["1.1"] + (
    " roles userProfiles userResources scoreScales lineItemLearningObjectiveIds lineItemScoreScales "
    "resultLearningObjectiveIds resultScoreScales"
)
ROLES = {"student", "guardian", "parent", "relative"}
Row = dict[str, str]


class Rejected(Exception):
    """A receiver would not take this file."""


def read(data: bytes) -> dict[str, list[Row]]:
    """The files of a zip by name, every rule checked; "manifest" as one row of properties."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = packed.namelist()
        _must(all(re.fullmatch(r"[A-Za-z]+\.csv", name) for name in names), "a folder or a foreign file")
        texts = {name.removesuffix(".csv"): packed.read(name).decode("utf-8", "strict") for name in names}
    _must(not any(text.startswith("\ufeff") for text in texts.values()), "a byte order mark")
    properties = dict(list(csv.reader(io.StringIO(texts.pop("manifest"), newline="")))[1:])
    version = properties.get("oneroster.version", "")
    _must(properties.get("manifest.version") == "1.0" and version in FILES, "versions")
    kinds = {name.removeprefix("file."): v for name, v in properties.items() if name.startswith("file.")}
    _must(set(kinds) == set(FILES[version].split()), "a file without its property")
    _must({name for name, kind in kinds.items() if kind != "absent"} == set(texts), "files and properties differ")
    _must(set(kinds.values()) <= {"bulk", "delta", "absent"}, "a kind")
    found = {name: _file(version, name, text, kinds[name]) for name, text in texts.items()}
    _references(version, found, complete=kinds["users"] == "bulk")
    return {**found, "manifest": [properties]}


def _file(version: str, name: str, text: str, kind: str) -> list[Row]:
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header = HEADERS[version, name].split(",")
    _must(lines[0] == header, f"the header of {name}")
    _must(all(len(line) == len(header) for line in lines), f"a line of {name} of another length")
    rows = [dict(zip(header, line, strict=True)) for line in lines[1:]]
    for row in rows:
        lacking = [column for column in REQUIRED[version, name].split() if not row[column].strip()]
        _must(not lacking, f"{name} without {lacking}")
        _must(bool(re.fullmatch(r"[A-Za-z0-9._-]{1,100}", row["sourcedId"])), "an id")
        if kind == "bulk":
            _must(row["status"] == row["dateLastModified"] == "", "bulk with status or date")
        else:
            _must(row["status"] in ("active", "tobedeleted"), "delta without status")
            _must(row["dateLastModified"].endswith("Z"), "a date without a zone")
            datetime.fromisoformat(row["dateLastModified"])
    _must(len({row["sourcedId"] for row in rows}) == len(rows), "an id twice")
    return rows


def _references(version: str, found: dict[str, list[Row]], *, complete: bool) -> None:
    users = {row["sourcedId"]: row for row in found["users"]}
    orgs = {row["sourcedId"] for row in found["orgs"]}
    _must(len({row["username"] for row in users.values()}) == len(users), "a username twice")
    role = {ident: row.get("role", "") for ident, row in users.items()}
    for row in found.get("roles", []):
        _must(row["userSourcedId"] in users and row["orgSourcedId"] in orgs, "a role of nobody")
        _must(row["roleType"] == "primary", "a role's type")
        role[row["userSourcedId"]] = row["role"]
    _must(set(role.values()) <= ROLES, "a role")
    for ident, row in users.items():
        _must(row["enabledUser"] in ("true", "false"), "enabledUser")
        _must(set(row.get("orgSourcedIds", next(iter(orgs))).split(",")) <= orgs, "an org of nowhere")
        agents = [one for one in row["agentSourcedIds"].split(",") if one]
        for agent in agents if complete else ():
            _must(agent in users, "an agent of nowhere")
            _must(ident in users[agent]["agentSourcedIds"].split(","), "an agent one way only")
            _must((role[ident] == "student") != (role[agent] == "student"), "an agent of the same side")


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Rejected(what)
