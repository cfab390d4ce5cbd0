"""Key rings: whoever keeps the keys, they open what they sealed, turn with the epoch, and give nothing away."""

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support_store import Desk, settings

from fixtures.transit import TransitService
from schemas.errors import ForesattError, NotReady, OutsideFault, UsageFault
from store import keyfile, tables
from store.config import House
from store.home import Home
from store.keyfile import create_keyring, open_keyring, path
from store.keyring import KeyRing

KEY = b"k" * 32
KINDS = ("file", "passphrase", "environment", "transit")


@pytest.fixture
def service() -> Iterator[TransitService]:
    """A key service on loopback."""
    with TransitService() as made:
        yield made


Make = Callable[..., House]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: TransitService) -> Make:
    """A house whose keys are kept in one of the four ways; nothing is made yet."""
    injected = base64.b64encode(secrets.token_bytes(32)).decode()
    secret = {"passphrase": "riktig hest batteri stift", "environment": injected}
    monkeypatch.setattr(keyfile, "SCRYPT", {**keyfile.SCRYPT, "n": 2**12})  # the cost is not what is tested

    def house(kind: str, **more: Any) -> House:
        monkeypatch.setenv("FORESATT_KEYS_SECRET", secret.get(kind, ""))
        monkeypatch.setenv("FORESATT_TRANSIT_TOKEN", service.token)
        told = {"kind": kind, "transit_url": service.url if kind == "transit" else "", **more}
        home = Home(tmp_path / "home")
        home.keyring.parent.mkdir(parents=True, exist_ok=True)
        return House(home, settings(keys=told), None)

    return house


def wrapped(ring: KeyRing, subject: str = "G-A") -> bytes:
    """One key, wrapped."""
    return ring.wrap([(subject, KEY)])[0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_wrapped_opens_in_another_process(make: Make, kind: str) -> None:
    """Keys made and kept in each way open what they wrapped, after the file is read again."""
    house = make(kind)
    sealed = wrapped(create_keyring(house))

    assert [KEY] == open_keyring(house).unwrap([("G-A", sealed)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_wrapped_for_one_person_is_no_other_persons(make: Make, kind: str) -> None:
    """A wrapped data key moved to another person's row is refused."""
    ring = create_keyring(make(kind))
    with pytest.raises(NotReady, match="key_mismatch"):
        ring.unwrap([("G-B", wrapped(ring))])


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_epoch_still_opens_the_old_until_that_is_destroyed(make: Make, kind: str) -> None:
    """After a rotation both epochs open; once the old one is destroyed, what it wrapped is dead, also to a copy."""
    house = make(kind)
    ring = create_keyring(house)
    first, looked = ring.epoch, ring.lookup(b"x", ring.epoch)
    old = wrapped(ring)
    second = ring.begin_epoch()
    new = wrapped(ring)

    assert (first + 1, [KEY, KEY]) == (second, open_keyring(house).unwrap([("G-A", old), ("G-A", new)]))
    assert looked == ring.lookup(b"x", first) != ring.lookup(b"x", second)
    assert [first] == ring.destroy_before(second)
    for one in (ring, open_keyring(house)):
        assert [KEY] == one.unwrap([("G-A", new)])
        with pytest.raises(NotReady, match="kek_destroyed"):
            one.unwrap([("G-A", old)])


@pytest.mark.parametrize("kind", KINDS)
def test_many_keys_come_back_in_their_order(make: Make, kind: str) -> None:
    """A thousand keys of two epochs, mixed, each at its own place."""
    ring = create_keyring(make(kind))
    many = [(f"G-{i}", secrets.token_bytes(32)) for i in range(1_000)]
    sealed = ring.wrap(many[:500])
    ring.begin_epoch()
    sealed += ring.wrap(many[500:])
    mixed = [(subject, body) for (subject, _), body in zip(many, sealed, strict=True)][::-3]

    assert [key for _, key in many][::-3] == ring.unwrap(mixed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_permanent_keys_outlive_every_epoch(make: Make, kind: str) -> None:
    """Digests of deliveries and the audit chain are the same after a rotation, and each has a key of its own."""
    house = make(kind)
    ring = create_keyring(house)
    before = [ring.mac("delivery", b"x"), ring.mac("audit", b"x")]
    ring.destroy_before(ring.begin_epoch())
    again = open_keyring(house)

    assert before == [again.mac("delivery", b"x"), again.mac("audit", b"x")]
    assert 3 == len({*before, again.lookup(b"x", again.epoch)})


@pytest.mark.parametrize("kind", ["passphrase", "environment", "transit"])
def test_a_sealed_key_file_shows_no_key(make: Make, kind: str) -> None:
    """Without its secret the file holds nothing that opens anything."""
    house = make(kind)
    create_keyring(house)
    text = path(house).read_text()

    assert {"format", "kind", "sealed"} <= set(json.loads(text))
    assert [] == [name for name in ("kek", "lookup", "delivery", "audit") if name in text]


@pytest.mark.parametrize("kind", ["passphrase", "environment"])
def test_another_secret_does_not_open_the_keys(make: Make, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A wrong passphrase or key is said to be that, and a missing one too."""
    house = make(kind)
    create_keyring(house)
    monkeypatch.setenv("FORESATT_KEYS_SECRET", base64.b64encode(bytes(32)).decode())
    with pytest.raises(NotReady, match="keys_locked"):
        open_keyring(house)
    monkeypatch.delenv("FORESATT_KEYS_SECRET")
    with pytest.raises(NotReady, match="secret_missing"):
        open_keyring(house)


def test_the_secret_may_lie_in_a_file_of_its_own(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase in a private file serves; one that others can read is refused."""
    secret = tmp_path / "secret"
    secret.write_text("riktig hest\n")
    secret.chmod(0o600)
    house = make("passphrase", secret_file=str(secret))
    monkeypatch.delenv("FORESATT_KEYS_SECRET")
    ring = create_keyring(house)

    assert [KEY] == open_keyring(house).unwrap([("G-A", wrapped(ring))])
    secret.chmod(0o644)
    with pytest.raises(NotReady, match="secret_readable"):
        open_keyring(house)


def test_an_injected_key_of_the_wrong_length_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty-two bytes in base64, nothing else."""
    house = make("environment")
    monkeypatch.setenv("FORESATT_KEYS_SECRET", "kort")
    with pytest.raises(UsageFault, match="keys_secret"):
        create_keyring(house)


def test_the_settings_and_the_file_must_agree(make: Make) -> None:
    """A key file kept in another way than the settings say is not guessed at."""
    create_keyring(make("file"))
    with pytest.raises(NotReady, match="keys_kind"):
        open_keyring(make("environment"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_a_key_file_that_others_can_read_is_refused(make: Make, mode: int) -> None:
    """Any right of anybody else on the key file stops the software, and it says what to do."""
    house = make("file")
    create_keyring(house)
    path(house).chmod(mode)
    with pytest.raises(NotReady, match="keys_readable") as told:
        open_keyring(house)
    assert "chmod 600" in told.value.next_step


def test_a_fresh_key_file_is_for_its_owner_alone(make: Make) -> None:
    """Keys are written to a file of mode 0600, also after a rotation, and never over another home's."""
    house = make("file")
    ring = create_keyring(house)
    assert 0o600 == path(house).stat().st_mode & 0o777
    ring.begin_epoch()
    assert 0o600 == path(house).stat().st_mode & 0o777
    assert [path(house).name] == [file.name for file in path(house).parent.iterdir()]
    with pytest.raises(UsageFault, match="file_exists"):
        create_keyring(house)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"format": 2, "kind": "file"}',
        b'{"format": 2, "kind": "file", "keys": {"epoch": 1, "kek": {"1": "eA=="}, "lookup": {}, "began": {}}}',
    ],
    ids=["empty", "no keys", "a list", "no text", "half", "keys too short"],
)
def test_a_damaged_key_file_is_said_to_be_damaged(make: Make, content: bytes) -> None:
    """Whatever stands in the key file, the answer is a clear one, and shows nothing of it."""
    house = make("file")
    path(house).write_bytes(content)
    path(house).chmod(0o600)
    with pytest.raises(NotReady, match="keys_damaged"):
        open_keyring(house)


def test_a_missing_key_file_is_said_to_be_missing(make: Make) -> None:
    """Without its keys the store does not make new ones by itself."""
    with pytest.raises(NotReady, match="keys_missing"):
        open_keyring(make("file"))


def test_another_homes_keys_do_not_open_this_store(desk: Desk, make: Make, tmp_path: Path) -> None:
    """A key file of another home is recognised as such."""
    family = desk.family()
    row = desk.rows(tables.data_keys, tables.data_keys.c.subject_id == family.pupil_id)[0]
    foreign = make("file", file=str(tmp_path / "foreign.json"))
    with pytest.raises(NotReady, match="key_mismatch"):
        create_keyring(foreign).unwrap([(family.pupil_id, row.wrapped)])


def test_each_epoch_says_when_it_began(make: Make) -> None:
    """What decides when an old key is destroyed is in the file, in UTC."""
    ring = create_keyring(make("file"))
    ring.begin_epoch()

    assert [1, 2] == sorted(ring.epochs)
    assert all(0 <= (datetime.now(UTC) - at).total_seconds() < 600 for at in ring.epochs.values())


# --- the key service --------------------------------------------------------------------------------------------------


def test_no_key_encryption_key_ever_leaves_the_service(make: Make, service: TransitService) -> None:
    """The file holds none, and the service was asked to encrypt, not to export."""
    house = make("transit")
    wrapped(create_keyring(house))

    assert {"/v1/transit/keys/foresatt", "/v1/transit/encrypt/foresatt", "/v1/transit/decrypt/foresatt"} == {
        where for _, where in service.requests
    }


def test_a_destroyed_epoch_is_gone_from_the_service_too(make: Make, service: TransitService) -> None:
    """Trimmed, not only forbidden: a copy of the key file from before opens nothing."""
    house = make("transit")
    ring = create_keyring(house)
    old, copy = wrapped(ring), path(house).read_bytes()
    ring.destroy_before(ring.begin_epoch())
    path(house).write_bytes(copy)

    assert [2] == list(service.versions)
    with pytest.raises(ForesattError):
        open_keyring(house).unwrap([("G-A", old)])


def test_a_service_that_is_down_or_sealed_is_a_fault_outside(make: Make, service: TransitService) -> None:
    """Nothing is decided about anybody because of it: it is said, and tried again later."""
    house = make("transit")
    ring = create_keyring(house)
    sealed = wrapped(ring)
    service.sealed = True
    with pytest.raises(OutsideFault, match="kms_down"):
        ring.unwrap([("G-A", sealed)])
    service.sealed = False
    assert [KEY] == ring.unwrap([("G-A", sealed)])
    service.__exit__()
    with pytest.raises(OutsideFault, match="kms_down"):
        ring.unwrap([("G-A", sealed)])


def test_a_token_that_is_refused_is_said_to_be(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's no is told apart from its silence."""
    house = make("transit")
    create_keyring(house)
    monkeypatch.setenv("FORESATT_TRANSIT_TOKEN", "another")
    with pytest.raises(NotReady, match="kms_refused"):
        open_keyring(house)


def test_keys_go_over_the_network_only_encrypted(make: Make) -> None:
    """Anything but https to another machine is refused before a byte is sent."""
    with pytest.raises(UsageFault, match="transit_url"):
        create_keyring(make("transit", transit_url="http://kms.skole.example"))
