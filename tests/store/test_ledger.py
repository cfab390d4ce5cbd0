"""The ledger and the queue: nothing is lost, nothing is doubled, and nobody works on what another is working on."""

import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from support_store import TODAY, Desk, Template, column, noon, open_desk

from schemas.documents import Delivery
from schemas.errors import OutsideFault, RunFault
from schemas.verdicts import Verdict
from store import ledger, owner, tables
from store.config import House
from store.owner import is_dead, own_name
from store.sealing import Vault

ROOT = Path(__file__).parents[2]
SUBMISSIONS = tables.submissions


def delivery(ref: str = "sheet", content: bytes = b"form", *, handle: str | None = "inbox/sheet.pdf") -> Delivery:
    """Something received."""
    return Delivery("post", ref, noon(TODAY), content, "text/plain", "sheet.txt", handle)


def claim(desk: Desk, owner: str | None = None, limit: int = 10, **chosen: list[str]) -> list[str]:
    """Claim and return ids."""
    return [one.id for one in ledger.claim(desk.store, owner or own_name(), limit, **chosen)]


def set_row(desk: Desk, ident: str, **values: object) -> None:
    """Change a ledger row behind the software's back."""
    with desk.store.write() as tx:
        tx.connection.execute(update(SUBMISSIONS).where(SUBMISSIONS.c.id == ident).values(**values))


# --- durable point 1 --------------------------------------------------------------------------------------------------


def test_what_was_taken_in_is_there_after_a_crash(desk: Desk) -> None:
    """Once `take_in` has returned, the original and its row survive the process's sudden death."""
    code = (
        "import os,sys; from pathlib import Path; from datetime import datetime,UTC;"
        "from store.config import House; from store.home import Home; from store.opening import open_store;"
        "from schemas.settings import Settings; from schemas.documents import Delivery;"
        "from store.ledger import take_in;"
        "s=open_store(House(Home(Path(sys.argv[1])),Settings.model_validate_json(sys.argv[2]),None));"
        "print(take_in(s,Delivery('post','r',datetime.now(UTC),b'the whole form','text/plain','n')),flush=True);"
        f"os.kill(os.getpid(),{int(signal.SIGKILL)})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(desk.house.home.root), desk.house.settings.model_dump_json()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    ident = done.stdout.strip()

    assert -signal.SIGKILL == done.returncode
    with desk.store.read() as tx:
        assert b"the whole form" == ledger.original(tx, ident)
    assert "new" == desk.rows(SUBMISSIONS)[0].state


def test_an_original_that_does_not_read_back_is_not_taken_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed original is read back before anything is committed: a damaged one leaves no row behind."""
    monkeypatch.setattr(Vault, "open", lambda *_: b"something else")

    with pytest.raises(AssertionError):
        ledger.take_in(desk.store, delivery())
    assert [] == desk.rows(SUBMISSIONS)
    assert [] == desk.rows(tables.data_keys)


def test_the_same_delivery_again_is_a_silent_repeat(desk: Desk) -> None:
    """A second run collects nothing new."""
    first = ledger.take_in(desk.store, delivery())

    assert first is not None
    assert ledger.take_in(desk.store, delivery()) is None
    assert 1 == len(desk.rows(SUBMISSIONS))
    assert 1 == len(desk.rows(tables.sightings))
    assert ledger.known(desk.store, "post")("sheet")
    assert not ledger.known(desk.store, "email")("sheet")


def test_the_same_delivery_is_a_repeat_after_its_original_is_gone(desk: Desk) -> None:
    """A tombstone still recognises its delivery."""
    sent = desk.send("Hello", ref="mail")
    desk.run()

    assert ["not_a_form"] == desk.outcomes(sent)
    assert desk.rows(SUBMISSIONS)[0].original_ct is None
    repeat = Delivery("post", "mail", noon(TODAY), b"Hello", "text/plain", "form.txt")
    assert ledger.take_in(desk.store, repeat) is None


def test_the_same_bytes_in_a_new_delivery_are_a_new_submission(desk: Desk) -> None:
    """People may send the same again and mean it: what becomes of it is judged anew."""
    one = ledger.take_in(desk.store, delivery("first"))
    two = ledger.take_in(desk.store, delivery("second"))

    assert one and two and one != two
    digests = {row.content_digest for row in desk.rows(SUBMISSIONS)}
    assert 1 == len(digests)


def test_other_bytes_under_the_same_reference_are_a_new_submission(desk: Desk) -> None:
    """A scanner that uses a name again loses no form: the source key includes the content."""
    assert ledger.take_in(desk.store, delivery("scan.pdf", b"one"))
    assert ledger.take_in(desk.store, delivery("scan.pdf", b"two"))


def test_a_source_key_is_unique_in_the_database_itself(desk: Desk) -> None:
    """Not even a fault in the code can make two sightings of one delivery."""
    from sqlalchemy import insert
    from sqlalchemy.exc import IntegrityError

    ledger.take_in(desk.store, delivery())
    row = desk.rows(tables.sightings)[0]._asdict()
    with pytest.raises((IntegrityError, OutsideFault)), desk.store.write() as tx:
        tx.connection.execute(insert(tables.sightings).values(**{**row, "id": "I-B"}))


def test_the_ledger_shows_nothing_of_a_delivery(sqlite_desk: Desk) -> None:
    """Neither the reference at the source, the file's name, its handle nor its content stand in the file in clear."""
    ledger.take_in(
        sqlite_desk.store, Delivery("post", "ref-Ola", noon(TODAY), b"form-Ola", "text/plain", "Ola.pdf", "in/Ola")
    )
    sqlite_desk.store.checkpoint()

    assert b"Ola" not in sqlite_desk.house.home.database.read_bytes()


# --- claiming ---------------------------------------------------------------------------------------------------------


def test_the_oldest_are_claimed_first(desk: Desk) -> None:
    """Order is by arrival, not by when a delivery was taken in."""
    late = desk.send("late", when=TODAY)
    early = desk.send("early", when=TODAY - timedelta(days=3))

    assert [early, late] == claim(desk)


def test_what_is_claimed_is_nobody_elses(desk: Desk) -> None:
    """A submission under a live lease is not handed out again."""
    desk.send("form")

    assert 1 == len(claim(desk))
    assert [] == claim(desk)


def test_the_lease_of_a_dead_process_is_free_at_once(desk: Desk) -> None:
    """On the same host nobody waits for a lease whose owner has died; the submission is then claimed alone."""
    sent, other = desk.send("form"), desk.send("other")
    child = subprocess.run(
        [sys.executable, "-c", "from store.owner import own_name; print(own_name())"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [sent, other] == claim(desk, child.stdout.strip())

    assert is_dead(child.stdout.strip())
    found = ledger.claim(desk.store, own_name(), 10)
    assert [(sent, True, 1)] == [(one.id, one.alone, one.attempts) for one in found]


def test_the_lease_of_a_live_process_holds_until_it_runs_out(desk: Desk) -> None:
    """A lease is free when its time is over, whoever held it, and not before."""
    sent = desk.send("form")
    claim(desk)
    assert [] == claim(desk)
    set_row(desk, sent, lease_until=datetime.now(UTC) - timedelta(seconds=2))

    assert [sent] == claim(desk)


def test_the_lease_of_another_host_has_to_run_out(desk: Desk) -> None:
    """What another machine works on cannot be seen from here, so it is believed to live."""
    desk.send("form")
    elsewhere = "other-host|pid:[1]|other-boot|1|1|aaaa"
    claim(desk, elsewhere)

    assert not is_dead(elsewhere)
    assert [] == claim(desk)


@pytest.mark.parametrize("name", ["", "x", "a|b|c", "a|b|c|d|e|f"])
def test_an_owner_that_cannot_be_read_is_not_called_dead(name: str) -> None:
    """Only what is certain frees a lease."""
    assert not is_dead(name)


def test_this_process_is_alive() -> None:
    """A process does not take its own lease for a dead one's, nor one whose pid was given to somebody else."""
    mine = own_name()
    machine, namespace, boot, pid, started, word = mine.split("|")

    assert not is_dead(mine)
    assert int(pid) == os.getpid()
    assert is_dead("|".join((machine, namespace, boot, pid, str(int(started) + 1), word)))
    assert not is_dead("|".join((machine, "pid:[1]", boot, pid, str(int(started) + 1), word)))


@pytest.mark.parametrize(("machine_id", "dead"), [("4f6d", True), ("", False), (None, False)])
def test_a_machine_booted_anew_is_known_by_its_id(
    machine_id: str | None, dead: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reboot the leases of before are free at once; a machine without an id (many containers) cannot be told
    from another, so there they have to run out, while a dead process of this very boot is still known."""
    file = tmp_path / "machine-id"
    monkeypatch.setattr(owner, "MACHINE", str(file))
    if machine_id is not None:
        file.write_text(machine_id, "ascii")
    machine, namespace, boot, pid, started, word = own_name().split("|")

    assert dead == is_dead("|".join((machine, namespace, "another-boot", pid, started, word)))
    assert is_dead("|".join((machine, namespace, boot, pid, str(int(started) + 1), word)))


def test_who_lost_the_lease_cannot_finish(desk: Desk) -> None:
    """A slow process whose lease was taken over is fenced out: its work is not written."""
    sent = desk.send("form")
    slow, fast = own_name(), own_name()
    claim(desk, slow)
    set_row(desk, sent, lease_until=datetime.now(UTC) - timedelta(seconds=2))
    claim(desk, fast)

    with desk.store.write() as tx:
        assert not ledger.finish(tx, sent, slow, "read")
        assert ledger.finish(tx, sent, fast, "read")
        assert not ledger.finish(tx, sent, fast, "read")


def test_loading_leaves_alone_what_another_has_taken_over(desk: Desk) -> None:
    """The load step of a fenced process writes nothing at all, not even an entry."""
    from flows.road import PLAIN
    from tasks.load.step import load_batch

    family = desk.family()
    sent = desk.send(column(family, family.mother))
    slow = own_name()
    claims = ledger.claim(desk.store, slow, 10)
    opened = PLAIN.decrypt(claims, desk.store.settings, desk.house.home.gnupg)
    readings = PLAIN.extract(opened, desk.store.settings)
    decided = PLAIN.reconcile(PLAIN.validate(claims, opened, readings, desk.store.settings), desk.store)
    set_row(desk, sent, owner="somebody else")

    assert 0 == load_batch(decided, desk.store, slow).decided
    assert [] == desk.rows(tables.entries)
    assert [] == desk.rows(tables.guardians)
    assert [] == desk.links(family)


# --- attempts ---------------------------------------------------------------------------------------------------------


def test_a_crashed_batch_is_claimed_one_by_one(desk: Desk) -> None:
    """After a crash of several together nobody is blamed: each goes alone, and only from then on it counts."""
    three = [desk.send(f"form {n}", when=TODAY - timedelta(days=3 - n)) for n in range(3)]
    owner = own_name()
    assert three == claim(desk, owner)
    ledger.release(desk.store, owner, three, alone=True)
    assert [0, 0, 0] == [row.attempts for row in desk.rows(SUBMISSIONS)]

    alone = [ledger.claim(desk.store, own_name(), 10) for _ in range(3)]
    assert [[ident] for ident in three] == [[one.id for one in found] for found in alone]
    assert [1, 1, 1] == [found[0].attempts for found in alone]


def test_new_ones_go_before_those_that_must_go_alone(desk: Desk) -> None:
    """A submission that crashes does not hold up the others."""
    bad = desk.send("bad", when=TODAY - timedelta(days=3))
    set_row(desk, bad, alone=True)
    good = [desk.send("good one"), desk.send("good two")]

    assert good == claim(desk)
    assert [bad] == claim(desk)


def test_an_outside_fault_does_not_count(desk: Desk) -> None:
    """When the world failed, the submission goes back as it was, and may go with others again."""
    sent = desk.send("form")
    owner = own_name()
    claim(desk, owner)
    ledger.release(desk.store, owner, [sent], alone=False)
    assert (0, False) == (desk.rows(SUBMISSIONS)[0].attempts, desk.rows(SUBMISSIONS)[0].alone)

    set_row(desk, sent, alone=True, attempts=1)
    claim(desk, owner)
    assert 2 == desk.rows(SUBMISSIONS)[0].attempts
    ledger.release(desk.store, owner, [sent], alone=False)
    assert 1 == desk.rows(SUBMISSIONS)[0].attempts


def test_nobody_releases_what_is_not_theirs(desk: Desk) -> None:
    """A release by a process that lost the lease changes nothing."""
    sent = desk.send("form")
    claim(desk, "the owner")
    ledger.release(desk.store, "another", [sent], alone=False)

    assert "leased" == desk.rows(SUBMISSIONS)[0].state


def test_three_failed_attempts_end_with_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission that fails three times alone becomes `processing_failed` for the administrator; the others are
    decided in the meantime, and nothing of it is lost."""
    from flows import road

    family = desk.family()
    poison, good = desk.send("poison"), desk.send(column(family, family.mother))

    def decrypt(claims: list[ledger.Claimed], *rest: object) -> object:
        if any(b"poison" in one.content for one in claims):
            raise RunFault("unexpected", "somewhere")
        return road.PLAIN.decrypt(claims, *rest)

    steps = road.PLAIN._replace(decrypt=decrypt)
    tallies = [road.walk(desk.store, steps, road.Tally()) for _ in range(4)]

    assert [[poison], [poison], [poison], []] == [tally.failed for tally in tallies]
    assert ["loaded"] == desk.outcomes(good)
    assert (["needs_review"], ["processing_failed"]) == (desk.outcomes(poison), desk.codes(poison))
    with desk.store.read() as tx:
        assert b"poison" == ledger.original(tx, poison)
    assert 0 == ledger.undecided(desk.store)


def test_an_outside_fault_stops_the_run_and_keeps_everything(desk: Desk) -> None:
    """With a register or a disk down the run ends red, and the next takes all of it up, with no attempt counted."""
    from flows import road

    sent = [desk.send("one"), desk.send("two")]

    def down(*_: object) -> object:
        raise OutsideFault("gpg_failed", "gpg is not there")

    for _ in range(5):
        with pytest.raises(OutsideFault):
            road.walk(desk.store, road.PLAIN._replace(decrypt=down), road.Tally())
    assert 2 == ledger.undecided(desk.store)
    assert {0} == {row.attempts for row in desk.rows(SUBMISSIONS)}

    assert 2 == desk.run().decided
    assert [["not_a_form"], ["not_a_form"]] == [desk.outcomes(one) for one in sent]


def test_one_damaged_original_does_not_stop_the_queue(desk: Desk) -> None:
    """A sealed original that no longer opens is `source_lost` for the administrator; the others are decided."""
    family = desk.family()
    damaged, good = desk.send("damaged", when=TODAY - timedelta(days=2)), desk.send(column(family, family.mother))
    sealed = desk.rows(SUBMISSIONS, SUBMISSIONS.c.id == damaged)[0].original_ct
    set_row(desk, damaged, original_ct=sealed[:-1] + bytes([sealed[-1] ^ 1]))

    assert 2 == desk.run().decided
    assert ["loaded"] == desk.outcomes(good)
    assert (["needs_review"], ["source_lost"]) == (desk.outcomes(damaged), desk.codes(damaged))


def test_one_lost_key_does_not_stop_the_queue(desk: Desk) -> None:
    """The same where a submission's data key is gone."""
    family = desk.family()
    lost, good = desk.send("lost", when=TODAY - timedelta(days=2)), desk.send(column(family, family.mother))
    with desk.store.write() as tx:
        tx.connection.execute(delete(tables.data_keys).where(tables.data_keys.c.subject_id == lost))

    assert 2 == desk.run().decided
    assert ["loaded"] == desk.outcomes(good)
    assert (["needs_review"], ["source_lost"]) == (desk.outcomes(lost), desk.codes(lost))


def test_reprocessing_resets_the_attempts(desk: Desk) -> None:
    """What failed before gets three new attempts; what another works on, or what lost its original, is left alone."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=""))
    gone = desk.decided("no form at all")
    leased = desk.send("leased")
    claim(desk)
    set_row(desk, sent, attempts=3)
    with desk.store.write() as tx:
        assert ledger.reopen(tx, sent)
        assert not ledger.reopen(tx, gone)
        assert not ledger.reopen(tx, leased)

    row = desk.rows(SUBMISSIONS, SUBMISSIONS.c.id == sent)[0]
    assert ("new", 0, False) == (row.state, row.attempts, row.alone)


# --- several at once --------------------------------------------------------------------------------------------------


def _claim_all(
    house: House, ready: "multiprocessing.synchronize.Barrier", out: "multiprocessing.Queue[list[str]]"
) -> None:
    from store.opening import open_store

    store = open_store(house)
    owner, mine = own_name(), []
    ready.wait(30)
    while found := ledger.claim(store, owner, 3):
        mine += [one.id for one in found]
        with store.write() as tx:
            for one in found:
                if not ledger.finish(tx, one.id, owner, "read"):
                    raise AssertionError("lost a lease to another")
    store.close()
    out.put(mine)


def test_two_processes_claiming_at_once_never_share(desk: Desk) -> None:
    """Several workers empty the queue together; every submission is worked on by exactly one."""
    sent = [desk.send(f"form {n}") for n in range(40)]
    context = multiprocessing.get_context("fork")
    ready, out = context.Barrier(3), context.Queue()
    arguments = (desk.house, ready, out)
    workers = [context.Process(target=_claim_all, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = [out.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)

    assert sorted(sent) == sorted(ident for mine in found for ident in mine)
    assert 0 == ledger.undecided(desk.store)


def test_two_processes_taking_in_the_same_make_one(template: Template, tmp_path: Path) -> None:
    """The same delivery seen by two collectors at once is one submission."""
    from concurrent.futures import ThreadPoolExecutor

    desk = open_desk(tmp_path / "both", template)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ledger.take_in(desk.store, delivery()), range(8)))

    assert 1 == sum(one is not None for one in made)
    assert 1 == len(desk.rows(SUBMISSIONS))
    desk.store.close()


def test_a_fault_of_one_row_is_not_taken_for_a_fault_of_the_world(desk: Desk) -> None:
    """A broken rule of the database is a fault of ours, which counts as an attempt; only a database that cannot be
    reached is the outside world's."""
    from sqlalchemy.exc import IntegrityError

    family = desk.family()
    with pytest.raises(IntegrityError) as told, desk.store.write() as tx:
        from store import guardians

        guardians.link(tx, family.pupil_id, "G-NOBODY", basis="x", submission="S-A", arrived=noon(TODAY))

    assert "G-NOBODY" not in str(told.value)


def test_a_verdict_says_nothing_of_the_form() -> None:
    """What passes between the steps can be printed by accident and shows no value."""
    shown = repr(delivery("ref-Ola", b"form-Ola", handle="Ola")) + repr(Verdict("S-A", noon(TODAY), "read"))  # type: ignore[arg-type]

    assert "Ola" not in shown
