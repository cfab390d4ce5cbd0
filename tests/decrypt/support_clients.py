"""Mails put together the way other mail programs put them together: raw GnuPG, the openssl program, bytes by hand.

Belongs here: makers, and the key folders they need. Does not belong here: what is expected of any mail (the tests). The
school's own makers (`fixtures.mail`) take no part: what they get wrong, they would get wrong on both sides.
"""

# ruff: noqa: E501 -- what mail programs write has long lines

import base64
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESOCB3
from cryptography.hazmat.primitives.serialization import pkcs12

HEAD = (
    "Return-Path: <kari@foresatt.example>\r\nFrom: Kari =?utf-8?Q?=C3=85s?= <kari@foresatt.example>\r\nTo: post@skolen.example\r\n"
    "Subject: {subject}\r\nDate: Thu, 20 Aug 2026 12:00:00 +0200\r\nMIME-Version: 1.0\r\n"
)
AUTOCRYPT = "Autocrypt: addr=kari@foresatt.example; keydata=\r\n mQENBF0000000000000000000000000000000000000000000000000000000000\r\n"


def entity(kind: str, body: bytes | str, *more: str) -> bytes:
    """One MIME part, with headers `more`."""
    data = body.encode() if isinstance(body, str) else body
    return "\r\n".join([f"Content-Type: {kind}", *more, "", ""]).encode() + data.replace(b"\r\n", b"\n").replace(
        b"\n", b"\r\n"
    )


def coded(kind: str, data: bytes, *more: str) -> bytes:
    """One MIME part in base64."""
    return entity(kind, base64.encodebytes(data), "Content-Transfer-Encoding: base64", *more)


def multipart(kind: str, *parts: bytes, above: str = "") -> bytes:
    """A multipart; `above` are more header lines, each with its line end."""
    mark = "=_" + sha256(b"".join(parts)).hexdigest()[:20]
    inner = b"".join(b"--%b\r\n%b\r\n" % (mark.encode(), part) for part in parts)
    return f'Content-Type: {kind}; boundary="{mark}"\r\n{above}\r\n'.encode() + inner + f"--{mark}--\r\n".encode()


def message(body: bytes, subject: str = "Skjema", extra: str = "") -> bytes:
    """A whole mail around an entity."""
    return (HEAD.format(subject=subject) + extra).encode() + body


def encrypted(armour: bytes, *, name: str = "encrypted.asc") -> bytes:
    """RFC 3156's two parts."""
    return multipart(
        'multipart/encrypted; protocol="application/pgp-encrypted"',
        entity("application/pgp-encrypted", "Version: 1\n", "Content-Description: PGP/MIME version identification"),
        entity(
            f'application/octet-stream; name="{name}"',
            armour,
            "Content-Description: OpenPGP encrypted message",
            f'Content-Disposition: inline; filename="{name}"',
        ),
    )


@dataclass(frozen=True)
class Sender:
    """Somebody with a GnuPG of his own, who has the school's public key."""

    home: Path
    school: str

    def gpg(self, *arguments: str, data: bytes = b"", check: bool = True) -> bytes:
        """What GnuPG makes of `data`."""
        argv = [
            "gpg",
            "--homedir",
            str(self.home),
            "--batch",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]
        argv += ["--trust-model", "always", "--yes", *arguments]
        return subprocess.run(argv, input=data, capture_output=True, check=check, timeout=60).stdout

    def encrypt(self, data: bytes | str, *options: str, armour: bool = True) -> bytes:
        """`data` encrypted to the school."""
        data = data.encode() if isinstance(data, str) else data
        form = ["--armor"] if armour else []
        return self.gpg(*form, *options, "--recipient", self.school, "--encrypt", data=data)

    def signed(self, content: bytes, *, micalg: str = "pgp-sha256") -> bytes:
        """RFC 3156's multipart/signed around an entity."""
        signature = self.gpg("--armor", "--detach-sign", data=content)
        kind = f'multipart/signed; micalg={micalg}; protocol="application/pgp-signature"'
        return multipart(kind, content, entity('application/pgp-signature; name="signature.asc"', signature))


def aead(packets: bytes, session_key: bytes, content: bytes) -> bytes:
    """The session key packet of `packets`, and `content` in the OCB packet that GnuPG 2.3 and later write (tag 20)."""
    length = packets[1] + 2  # one old or new one-octet length
    head, initial = bytes([0xD4, 1, 9, 2, 10]), bytes(range(15))
    cipher = AESOCB3(session_key)

    def nonce(index: int) -> bytes:
        return initial[:7] + bytes(a ^ b for a, b in zip(initial[7:], index.to_bytes(8, "big"), strict=True))

    literal = b"b\0\0\0\0\0" + content
    plain = b"\xcb" + (len(literal)).to_bytes(1, "big") + literal
    assert len(literal) < 192
    body = head[1:] + initial + cipher.encrypt(nonce(0), plain, head + (0).to_bytes(8, "big"))
    body += cipher.encrypt(nonce(1), b"", head + (1).to_bytes(8, "big") + len(plain).to_bytes(8, "big"))
    return packets[:length] + b"\xd4\xff" + len(body).to_bytes(4, "big") + body


def session_key(home: Path, packets: bytes) -> bytes:
    """The session key of a message, told by GnuPG."""
    argv = ["gpg", "--homedir", str(home), "--batch", "--status-fd", "1", "--show-session-key", "--decrypt"]
    told = subprocess.run(argv, input=packets, capture_output=True, check=True, timeout=60).stdout
    found = re.search(rb"SESSION_KEY \d+:([0-9A-F]+)", told)
    assert found
    return bytes.fromhex(found[1].decode())


@dataclass(frozen=True)
class Person:
    """A key pair with a certificate for S/MIME, as files."""

    key: Path
    certificate: Path
    bundle: bytes


def person(folder: Path, name: str, *, curve: bool = False, phrase: bytes = b"hemmelig") -> Person:
    """A self-signed certificate, its key, and both as PKCS#12."""
    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=900))
    certificate = made.not_valid_after(now - timedelta(days=5)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    paths = folder / f"{name}.key", folder / f"{name}.crt"
    paths[0].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    paths[1].write_bytes(certificate.public_bytes(pem))
    locked = serialization.BestAvailableEncryption(phrase)
    bundle = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, None, locked)
    return Person(*paths, bundle)


def cms(*arguments: str | Path, data: bytes) -> bytes:
    """What `openssl cms` makes of `data`."""
    argv = ["openssl", "cms", *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(argv, input=data, capture_output=True, check=True, timeout=60, env=environment).stdout


def enveloped(data: bytes, *to: Person, cipher: str = "-aes256", options: tuple[str, ...] = ()) -> bytes:
    """`data` in an enveloped CMS object for `to`."""
    names = [word for one in to for word in ("-recip", str(one.certificate), *options)]
    return cms("-encrypt", "-binary", "-outform", "DER", cipher, *names, data=data)


def signed_object(data: bytes, by: Person) -> bytes:
    """`data` in an opaque signed CMS object."""
    return cms(
        "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", by.certificate, "-inkey", by.key, data=data
    )


def smime_signed(content: bytes, by: Person) -> bytes:
    """A multipart/signed of S/MIME around an entity."""
    made = cms("-sign", "-binary", "-outform", "DER", "-signer", by.certificate, "-inkey", by.key, data=content)
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    part = coded(
        'application/pkcs7-signature; name="smime.p7s"', made, 'Content-Disposition: attachment; filename="smime.p7s"'
    )
    return multipart(kind, content, part)


def p7m(data: bytes, kind: str = "enveloped-data") -> bytes:
    """A CMS object as a mail's only part."""
    return coded(
        f'application/pkcs7-mime; smime-type={kind}; name="smime.p7m"',
        data,
        'Content-Disposition: attachment; filename="smime.p7m"',
    )
