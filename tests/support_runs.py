"""Runs of the house from outside: the one Prefect server, and `foresatt` in processes with an environment of their own.

Belongs here: starting, asking, stopping. Does not belong here: homes and what lies in them (`support_world`).
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from console.server import Orchestrator
from schemas.settings import Settings
from store.config import House
from store.home import Home

ROOT = Path(__file__).parents[1]
PATIENCE = 240


def clean_environ(folder: Path) -> dict[str, str]:
    """An environment in which nothing of the caller's house or Prefect is left, and the code is this checkout's; HOME
    and TMPDIR lie in `folder`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    for name in ("home", "tmp"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return kept | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)}


@contextmanager
def environ(values: Mapping[str, str]) -> Iterator[None]:
    """This process with exactly these variables, for as long as it takes."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(values)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Served:
    """A real Prefect server in a process of its own, started as `foresatt` starts it, shared by many homes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._orchestrator = Orchestrator(House(Home(folder), Settings(), None))
        self._lock, self._is_ready = threading.Lock(), False
        with environ(clean_environ(folder)):
            self._orchestrator.start()
            self.environ = {n: v for n, v in os.environ.items() if n.startswith("PREFECT_") or n == "DO_NOT_TRACK"}
        self.told = {
            "FORESATT_PREFECT_API_URL": self.environ["PREFECT_API_URL"],
            "FORESATT_PREFECT_AUTH": self.environ["PREFECT_API_AUTH_STRING"],
        }

    @property
    def prefect(self) -> Path:
        """Where the server keeps its database and its log."""
        return Home(self.folder).prefect

    def ready(self) -> None:
        """Wait until it answers; one thread at a time, as the environment is the whole process's."""
        with self._lock:
            if not self._is_ready:
                with environ(self.environ):
                    self._orchestrator.ready()
                self._is_ready = True

    def stop(self) -> None:
        """End it."""
        self._orchestrator.stop()


@dataclass(frozen=True)
class Ran:
    """How a run ended: its exit code, negative for the signal that killed it, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document of `--json`."""
        return json.loads(self.out)

    def fine(self) -> "Ran":
        """Itself, once it is certain that the run ended well."""
        assert (0, "Traceback" in self.err) == (self.code, False), self.out + self.err
        return self


class Runs:
    """Asks the driver (`support_driver`) for runs; from several threads at once where wanted."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.folder, self.served = folder, served
        self.environ = clean_environ(folder) | served.environ | served.told
        self.environ["PREFECT_HOME"] = str(folder / "prefect")
        self.environ["PREFECT_RESULTS_LOCAL_STORAGE_PATH"] = str(folder / "prefect" / "results")
        (folder / "said").mkdir(mode=0o700, parents=True)
        command = [sys.executable, str(ROOT / "tests" / "support_driver.py")]
        pipe = subprocess.PIPE
        self._driver = subprocess.Popen(command, env=self.environ, cwd=folder, stdin=pipe, stdout=pipe, text=True)
        self._lock, self._ids, self._ready = threading.Lock(), count(1), threading.Event()
        self._answers: dict[int, tuple[threading.Event, list[int]]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __call__(
        self,
        *argv: str | Path,
        home: Path | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        spoil: Sequence[Mapping[str, Any]] = (),
        code: str = "",
        watch: Path | None = None,
    ) -> Ran:
        """`foresatt` with these arguments (or the Python `code`) in a forked child; waits for its end."""
        self.wait()
        number = next(self._ids)
        said = self.folder / "said"
        asked = {
            "id": number,
            "argv": [*map(str, argv), *(["--home", str(home)] if home else [])],
            "env": dict(env or {}),
            "stdin": "",
            "out": str(said / f"{number}.out"),
            "err": str(said / f"{number}.err"),
            "spoil": list(spoil),
            "code": code,
            "watch": str(watch) if watch else "",
        }
        if stdin:
            asked["stdin"] = str(self.folder / f"{number}.in")
            Path(asked["stdin"]).write_text(stdin, "utf-8")
        done: tuple[threading.Event, list[int]] = (threading.Event(), [])
        with self._lock:
            self._answers[number] = done
            assert self._driver.stdin is not None
            self._driver.stdin.write(json.dumps(asked) + "\n")
            self._driver.stdin.flush()
        if not done[0].wait(PATIENCE):
            raise TimeoutError(f"the run did not end: {asked['argv']}")
        if stdin:
            Path(asked["stdin"]).unlink()
        texts = (Path(asked[name]).read_text("utf-8", "replace") for name in ("out", "err"))
        return Ran(os.waitstatus_to_exitcode(done[1][0]), *texts)

    def process(self, *argv: str | Path, home: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
        """The same as a process of its own from the first instruction on: `python -m console.main`."""
        self.wait()
        mine = clean_environ(self.folder) | self.served.told | dict(env or {})
        told = [sys.executable, "-m", "console.main", *map(str, argv), *(["--home", str(home)] if home else [])]
        done = subprocess.run(
            told, env=mine, cwd=self.folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE
        )
        return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def wait(self) -> None:
        """Wait until driver and server are ready."""
        if not self._ready.wait(PATIENCE) or self._driver.poll() is not None:
            raise RuntimeError("the driver did not start, or has ended")
        self.served.ready()

    def stop(self) -> None:
        """End the driver."""
        assert self._driver.stdin is not None
        self._driver.stdin.close()
        self._driver.wait(timeout=30)

    def _read(self) -> None:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            told = json.loads(line)
            if "ready" in told:
                self._ready.set()
                continue
            done = self._answers.pop(told["id"])
            done[1].append(told["status"])
            done[0].set()
        self._driver.wait()
        self._ready.set()
