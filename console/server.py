"""The local Prefect server: started on loopback by the command that needs it, stopped with it.

With `prefect.api_url` in the settings that server is used instead. The server's process watches a pipe from ours, so it
ends also when we are killed. Run as a module it *is* that process.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import NotReady, OutsideFault, UsageFault
from store.config import House
from tasks.prefect_settings import environment

START_SECONDS = 120


class Orchestrator:
    """A Prefect server that flows of this process can use once `ready` has returned."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = house.home.prefect / "server.lock"
        self._held: int | None = None

    def start(self) -> None:
        """Set the environment, and start the local server in the background where none is configured."""
        settings = self._house.settings.prefect
        folder = self._house.home.prefect
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.api_url:
            auth = os.environ.get(settings.api_auth_env, "")
            if not settings.api_url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
                raise UsageFault(
                    "prefect_url", "prefect.api_url must be https or loopback", "change it in the settings"
                )
            os.environ.update(environment(folder, settings.api_url, auth, history_days=settings.history_days))
            return
        self._held = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        _lock(self._held)
        port, auth = _free_port(), f"foresatt:{secrets.token_urlsafe(24)}"
        url = f"http://127.0.0.1:{port}/api"
        os.environ.update(environment(folder, url, auth, history_days=settings.history_days))
        own = {
            "PREFECT_SERVER_API_AUTH_STRING": auth,
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder}/prefect.db",
            "PREFECT_SERVER_ENCRYPTION_KEY": _encryption_key(folder),
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": url.removesuffix("/api"),
        }
        log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        command = [sys.executable, "-m", "console.server", str(port)]
        pipes = {"stdin": subprocess.PIPE, "stdout": log, "stderr": log}
        self._process = subprocess.Popen(command, env=os.environ | own, cwd=folder, start_new_session=True, **pipes)  # type: ignore[call-overload]
        os.close(log)

    def ready(self) -> None:
        """Wait until the server answers. Raises `OutsideFault` where it does not within two minutes."""
        url = os.environ["PREFECT_API_URL"] + "/health"
        patience = START_SECONDS if self._process else 10
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self._process and self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - scheme checked in start
                    if json.load(answer) is True:
                        return
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.1)
        raise OutsideFault(
            "prefect_down", "the Prefect server does not answer", "look at prefect/server.log in the home"
        )

    def stop(self) -> None:
        """Let the local server end; a configured one is left alone."""
        if self._process is not None:
            if self._process.stdin:
                self._process.stdin.close()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
        if self._held is not None:
            os.close(self._held)
            self._held = None


@contextmanager
def orchestrator(house: House) -> Iterator[Orchestrator]:
    """Started and answering; stopped at the end whatever happens."""
    server = Orchestrator(house)
    try:
        server.start()
        server.ready()
        yield server
    finally:
        server.stop()


def _lock(descriptor: int) -> None:
    for _ in range(600):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.2)
        else:
            return
    raise NotReady("busy", "another foresatt command has been running for two minutes", "wait for it, then try again")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _encryption_key(folder: Path) -> str:
    """The server's own key lies beside, not inside, its database (Prefect's default puts it inside)."""
    from cryptography.fernet import Fernet

    from store.home import private_write

    file = folder / "server.key"
    if not file.exists():
        private_write(file, Fernet.generate_key())
    return file.read_text(encoding="ascii")


def serve(port: int) -> None:
    """Be the server until standard input closes."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    os.umask(0o077)
    threading.Thread(target=watch, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(create_app(), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
