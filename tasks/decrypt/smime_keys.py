"""Our own keys for S/MIME, and the certificates of senders that are known.

Belongs here: where they lie in the key folder, and bringing them in from PKCS#12. Does not belong here: messages
(`smime.py`).

A home's folder `smime` (0700) holds a PEM file (0600) for each of our keys, key and certificate in it, and
`known.pem` with the certificates by which senders are known. Old keys stay, for reading.
"""

from pathlib import Path
from typing import Final

from schemas.errors import NotReady, UsageFault
from tasks.decrypt.keyring import passphrase_of

FOLDER: Final = "smime"
KNOWN: Final = "known.pem"
LOCKED: Final = ".locked"
BUNDLES: Final = frozenset({".p12", ".pfx"})
CERTIFICATES: Final = frozenset({".pem", ".crt", ".cer"})


def own_keys(home: Path) -> list[Path]:
    """The PEM files of our keys, in the order of their names."""
    folder = home / FOLDER
    return sorted(path for path in folder.glob("*.pem") if path.name != KNOWN) if folder.is_dir() else []


def has_locked(home: Path) -> bool:
    """Whether a key of ours is there that its passphrase does not open."""
    return any((home / FOLDER).glob(f"*{LOCKED}"))


def known_senders(home: Path) -> Path | None:
    """The certificates of known senders, and ours; None where there are none."""
    path = home / FOLDER / KNOWN
    return path if path.is_file() else None


def import_smime_keys(home: Path, folder: Path) -> int:
    """Bring the keys of `folder` (*.p12, *.pfx, and *.pem with a key in it; passphrase in the same name with .pass)
    and its certificates (*.pem, *.crt, *.cer) into `home`. Returns how many keys `home` has then.

    Meant for a keyring that lives as long as one command: the keys lie unprotected in `home`. Files that hold neither
    are passed over. Raises `UsageFault` where the folder cannot be read.
    """
    try:
        wanted = BUNDLES | CERTIFICATES
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in wanted and path.is_file())
        contents = [(path, path.read_bytes()) for path in files]
    except OSError:
        raise UsageFault("keyring_unreadable", "the folder of keys cannot be read") from None
    if not files:
        return 0
    place = home / FOLDER
    known: list[bytes] = []
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        for number, (path, content) in enumerate(contents):
            reader = _from_bundle if path.suffix.lower() in BUNDLES else _from_pem
            key, certificates = reader(content, passphrase_of(path))
            known += certificates
            if key:
                own = place / f"{number:04}.pem"
                own.touch(mode=0o600)
                own.write_bytes(key + b"".join(certificates))
            elif not certificates:
                (place / f"{number:04}{LOCKED}").touch()
        if known:
            (place / KNOWN).touch(mode=0o600)
            (place / KNOWN).write_bytes(b"".join(dict.fromkeys(known)))
    except OSError:
        raise NotReady("keyring_not_made", "the key folder could not be made") from None
    return len(own_keys(home))


def _from_bundle(content: bytes, phrase: bytes) -> tuple[bytes, list[bytes]]:
    """Key and certificates of a PKCS#12 file as PEM; neither where the passphrase does not open it."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    for password in (phrase or None, b""):
        try:
            found = pkcs12.load_pkcs12(content, password)
        except Exception:  # noqa: S112 - the library has many ways of saying no, and none of them is ours to show
            continue
        certificates = [found.cert, *found.additional_certs]
        return _key_pem(found.key), [_pem(one.certificate) for one in certificates if one is not None]
    return b"", []


def _from_pem(content: bytes, phrase: bytes) -> tuple[bytes, list[bytes]]:
    """Key, where there is one, and certificates of a PEM or DER file."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificates = [_pem(one) for one in x509.load_pem_x509_certificates(content)]
    except ValueError:
        try:
            return b"", [_pem(x509.load_der_x509_certificate(content))]
        except ValueError:
            certificates = []
    if b"PRIVATE KEY-----" not in content:
        return b"", certificates
    try:
        return _key_pem(load_pem_private_key(content, phrase or None)), certificates
    except Exception:  # as above
        return b"", []


def _key_pem(key: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if key is None:
        return b""
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    return made


def _pem(certificate: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    made: bytes = certificate.public_bytes(Encoding.PEM)  # type: ignore[attr-defined]
    return made
