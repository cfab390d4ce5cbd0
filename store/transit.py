"""A key-management service that speaks Vault's transit protocol (OpenBao, HashiCorp Vault): it holds the KEKs.

An epoch is a version of the named key, of type aes256-gcm96; the subject goes along as associated data. No key leaves
the service; our own few (look-up, delivery, audit) lie in the key file, sealed by it. Does not belong here: policies
on the service's side. Source: the transit secrets engine's HTTP API.
"""

import base64
import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from schemas.errors import NotReady, OutsideFault, UsageFault
from schemas.settings import KeySettings

BATCH: Final = 500
"""Items of one request: some 100 kB."""
_OWN: Final = "foresatt keys"
_DOWN: Final = ("kms_down", "the key-management service does not answer")


class Transit:
    """One named key of the service. Raises `OutsideFault` while it does not answer, `NotReady` where it refuses."""

    def __init__(self, told: KeySettings) -> None:
        base = httpx.URL(told.transit_url)
        local = base.host in ("127.0.0.1", "localhost", "::1")
        if not base.host or (base.scheme != "https" and not local):
            raise UsageFault("transit_url", "keys.transit_url must be https, or loopback", "change it in the settings")
        token = os.environ.get(told.transit_token_env, "")
        if not token:
            raise NotReady(
                "transit_token", "the token for the key service is not there", f"set {told.transit_token_env}"
            )
        self._key = told.transit_key
        self._client = httpx.Client(
            base_url=f"{told.transit_url.rstrip('/')}/v1/{told.transit_mount}/",
            headers={"X-Vault-Token": token, "X-Vault-Request": "true"},
            verify=_authority(told.transit_ca_file),
            timeout=10,
            trust_env=not local,
        )

    def latest(self) -> int:
        """The newest version of the key."""
        return int(self._ask("GET", f"keys/{self._key}")["latest_version"])

    def wrap(self, epoch: int, keys: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Each (subject, data key) encrypted under version `epoch`."""
        items = [
            {"plaintext": _b64(key), "associated_data": _b64(subject.encode()), "key_version": epoch}
            for subject, key in keys
        ]
        told = self._batch("encrypt", items, "ciphertext")
        return [base64.b64decode(text.removeprefix(f"vault:v{epoch}:"), validate=True) for text in told]

    def unwrap(self, epoch: int, bodies: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """The data keys back."""
        items = [
            {"ciphertext": f"vault:v{epoch}:{_b64(body)}", "associated_data": _b64(subject.encode())}
            for subject, body in bodies
        ]
        return [base64.b64decode(text) for text in self._batch("decrypt", items, "plaintext")]

    def begin(self) -> int:
        """A new version of the key; returns which."""
        self._ask("POST", f"keys/{self._key}/rotate")
        return self.latest()

    def destroy_before(self, epoch: int) -> None:
        """Delete every older version for good: the service trims only what may no longer encrypt nor decrypt."""
        lowest = {"min_decryption_version": epoch, "min_encryption_version": epoch}
        self._ask("POST", f"keys/{self._key}/config", lowest)
        self._ask("POST", f"keys/{self._key}/trim", {"min_available_version": epoch})

    def seal(self, data: bytes) -> str:
        """Our own keys, sealed by the service."""
        return str(
            self._batch("encrypt", [{"plaintext": _b64(data), "associated_data": _b64(_OWN.encode())}], "ciphertext")[0]
        )

    def open(self, sealed: str) -> bytes:
        """Our own keys back."""
        return base64.b64decode(
            self._batch("decrypt", [{"ciphertext": sealed, "associated_data": _b64(_OWN.encode())}], "plaintext")[0]
        )

    def _batch(self, verb: str, items: list[dict[str, Any]], wanted: str) -> list[str]:
        found: list[str] = []
        for start in range(0, len(items), BATCH):
            told = self._ask("POST", f"{verb}/{self._key}", {"batch_input": items[start : start + BATCH]})
            results = told["batch_results"]
            if len(results) != len(items[start : start + BATCH]) or any(r.get("error") for r in results):
                raise _mismatch()
            found += [str(result[wanted]) for result in results]
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._client.request(method, path, json=body)
        except (httpx.HTTPError, OSError):
            raise OutsideFault(*_DOWN, "look at the service") from None
        if answer.status_code == 400 and "batch_input" in (body or {}):
            raise _mismatch()
        if answer.status_code in (403, 404):
            raise NotReady("kms_refused", f"the key service answers {answer.status_code}", "check token, mount and key")
        if answer.is_error:
            raise OutsideFault(*_DOWN, f"it answered {answer.status_code}: sealed, or in standby?")
        try:
            return answer.json()["data"] if answer.content else {}
        except (ValueError, KeyError, TypeError):
            raise OutsideFault(*_DOWN, "it answered something else than JSON") from None


def _mismatch() -> NotReady:
    return NotReady("key_mismatch", "the key service does not open what this store holds", "check keys.transit_key")


def _authority(file: Path | None) -> Any:
    return ssl.create_default_context(cafile=str(file) if file else None)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
