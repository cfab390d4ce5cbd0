"""OneRoster CSV 1.1 and 1.2: a zip with users, the school, in 1.2 roles, and a manifest. Bulk or delta.

Belongs here: files, columns, and how a person stands in them. Does not belong here: who may (`store.exported`), whether
the school has decided it. Guardians are agents of their pupils and the other way round; they stand in no enrolment, and
pupils' classes, birth dates and numbers are not told at all. Source: the facts' tables of both versions.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from store import audit, exported
from store.database import Transaction
from store.exported import Exported

Version = Literal["1.1", "1.2"]
Row = dict[str, str]

_ALL: Final = ("sourcedId", "status", "dateLastModified")
_USER: Final = ("username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone")
_USER_END: Final = ("agentSourcedIds", "grades", "password")
USERS: Final[dict[Version, tuple[str, ...]]] = {
    "1.1": (*_ALL, "enabledUser", "orgSourcedIds", "role", *_USER, *_USER_END),
    "1.2": (
        *_ALL, "enabledUser", *_USER, *_USER_END, "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
        "preferredFamilyName", "primaryOrgSourcedId", "pronouns",
    ),
}  # fmt: skip
ORGS: Final = (*_ALL, "name", "type", "identifier", "parentSourcedId")
ROLES: Final = (
    *_ALL, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId",
)  # fmt: skip
_OLD: Final = (
    "academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
    "enrollments", "lineItems", "orgs", "resources", "results", "users",
)  # fmt: skip
_NEW: Final = (
    "roles", "userProfiles", "userResources", "scoreScales", "lineItemLearningObjectiveIds", "lineItemScoreScales",
    "resultLearningObjectiveIds", "resultScoreScales",
)  # fmt: skip
KNOWN_FILES: Final[dict[Version, tuple[str, ...]]] = {"1.1": _OLD, "1.2": (*_OLD, *_NEW)}
"""Each has a line in the manifest, whether it is there or not."""
NOBODY: Final = "-"
"""Where a name is required of somebody who is gone, and of whom nothing is known any more."""


@dataclass(frozen=True, slots=True)
class Export:
    """The zip, and how many of each it tells."""

    data: bytes
    students: int
    guardians: int
    gone: int


def export(tx: Transaction, by: str, *, delta: bool = False) -> Export:
    """Make the export, note in the audit that it was made, and remember who was told of. Raises `SafetyRefusal` where
    the school has not decided it, `UsageFault` where a delta has nothing to follow."""
    exported.require_decided(tx)
    told = tx.settings.oneroster
    people = exported.exportable(tx)
    change = exported.since_last(tx, people) if delta else exported.Delta(people, [])
    data = pack(
        change.active,
        change.gone if delta else None,
        version=told.version,
        school=(exported.opaque_id(tx, "school"), tx.settings.school.name),
        guardian_role=told.guardian_role,
        at=tx.now,
    )
    students = sum(one.role == "student" for one in change.active)
    counts = Export(data, students, len(change.active) - students, len(change.gone))
    kind, number = "delta" if delta else "bulk", "yes" if told.identity_number else "no"
    detail = f"version={told.version} kind={kind} students={students} guardians={counts.guardians} gone={counts.gone}"
    audit.write(tx, by, "oneroster_exported", None, f"{detail} identity_number={number}")
    exported.remember(tx, people)
    return counts


def pack(
    people: Sequence[Exported],
    gone: Sequence[tuple[str, exported.Role]] | None,
    *,
    version: Version,
    school: tuple[str, str],
    guardian_role: str,
    at: datetime,
) -> bytes:
    """The zip's bytes. `gone` is None for a bulk export, in which status and date are empty; in a delta `people` are
    active and `gone` to be deleted, dated `at`."""
    kind = "bulk" if gone is None else "delta"
    when = "" if gone is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    active = ("", "") if gone is None else ("active", when)
    lost = ("tobedeleted", when)
    org, school_name = school
    everyone = [(one, *active, True) for one in people]
    everyone += [(Exported("", ident, role, NOBODY), *lost, False) for ident, role in gone or ()]
    users, roles = [], []
    for one, status, date, enabled in everyone:
        role = guardian_role if one.role == "guardian" else "student"
        users.append(_user(one, status, date, enabled, org, role, version))
        roles.append(
            {"sourcedId": f"{one.ident}-r", "status": status, "dateLastModified": date, "userSourcedId": one.ident,
             "roleType": "primary", "role": role, "orgSourcedId": org}
        )  # fmt: skip
    orgs = [{"sourcedId": org, "status": active[0], "dateLastModified": active[1],
             "name": school_name.strip() or "school", "type": "school"}]  # fmt: skip
    files = {"orgs": _csv(ORGS, orgs), "users": _csv(USERS[version], users)}
    if version == "1.2":
        files["roles"] = _csv(ROLES, roles)
    properties = [("manifest.version", "1.0"), ("oneroster.version", version)]
    properties += [(f"file.{name}", kind if name in files else "absent") for name in KNOWN_FILES[version]]
    properties += [("source.systemName", "foresatt"), ("source.systemCode", "foresatt")]
    listed = [{"propertyName": name, "value": value} for name, value in properties]
    files["manifest"] = _csv(("propertyName", "value"), listed)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(f"{name}.csv"), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _user(one: Exported, status: str, date: str, enabled: bool, org: str, role: str, version: Version) -> Row:
    given, family = _parted(one.name)
    row = {
        "sourcedId": one.ident, "status": status, "dateLastModified": date, "enabledUser": str(enabled).lower(),
        "username": one.ident, "givenName": given, "familyName": family, "identifier": one.number,
        "email": one.email, "sms": one.mobile, "agentSourcedIds": ",".join(one.agents),
    }  # fmt: skip
    return row | ({"orgSourcedIds": org, "role": role} if version == "1.1" else {"primaryOrgSourcedId": org})


def _parted(name: str) -> tuple[str, str]:
    """Given and family name; both are required, so a single name stands for both."""
    if "," in name:
        family, given = (part.strip() for part in name.split(",", 1))
    else:
        given, _, family = name.strip().rpartition(" ")
    return given or family or NOBODY, family or given or NOBODY


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
