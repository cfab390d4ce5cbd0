"""An office in which an intake was run: what the tests of the commands ask and look at."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support_runs import Ran, Runs
from support_world import Inbox, matching, reading, submissions

from fixtures.casebook import Case
from fixtures.school import School
from store.listing import SubmissionLine, history

SENT = (
    "mail_mime_both_1", "bad_check_digit", "bad_check_digit_second_only", "misspelt_pupil", "listed_by_name_only",
    "guardian_not_on_the_list", "plain_mail_refusal", "impostor", "wrong_key", "newsletter", "consent_for_one_guardian",
    "scan_without_grid",
)  # fmt: skip
RUN_KEYS = {"flow_run_id", "collected", "decided", "undecided", "outcomes", "reasons", "seconds"}
FIELD_KEYS = frozenset({"value", "confidence", "source", "decision"})
NUMBER = re.compile(r"\d{11}")


@dataclass(frozen=True)
class Office:
    """A home in which an intake was run, and `foresatt` in it."""

    home: Path
    runs: Runs
    school: School
    cases: dict[str, Case]
    inbox: Inbox
    first: Ran

    def __call__(self, *argv: str | Path, **told: Any) -> Ran:
        return self.runs(*argv, home=self.home, **{"env": self.inbox.environ, **told})

    def json(self, *argv: str | Path, **told: Any) -> Any:
        """The one document of a command that ends well."""
        return self(*argv, "--json", **told).fine().json

    def of(self, case: str) -> SubmissionLine:
        return matching(submissions(self.home), self.cases[case])

    def audit(self, ident: str) -> list[tuple[str, str]]:
        """(who, what) of the audit about an id."""
        with reading(self.home) as tx:
            return [(row.actor, row.action) for row in history(tx, [ident])]


def refused(ran: Ran, exit_code: int, code: str) -> None:
    """It ended with this exit code, and one document that says what and what now, repeated for people."""
    assert exit_code == ran.code, ran.out + ran.err
    told = ran.json["error"]
    assert {"code", "message", "next"} == set(told)
    assert code == told["code"]
    assert told["message"] in ran.err


def names(office: Office) -> set[str]:
    """Every word of every name that was written on a form, the short ones left out."""
    columns = [column for name in SENT for form in office.cases[name].forms for column in form.columns]
    return {word for column in columns for word in f"{column.name} {column.pupil}".split() if len(word) > 4}
