"""What every command shares: the global options, the house they name, and how results are shown.

Rich tables on a terminal, plain tab-separated text otherwise, one JSON document with `--json`. Messages and progress go
to standard error.
"""

import json
import os
import pwd
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from schemas.errors import ForesattError

if TYPE_CHECKING:
    from datetime import date

    from store.config import House
    from store.database import Store, Transaction

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class State:
    """The global options of this call."""

    config: Path | None = None
    home: Path | None = None
    as_json: bool = False

    def house(self) -> "House":
        """Home and settings; also put into the environment, where flows look for them."""
        from store.config import load

        house = load(self.config, self.home)
        os.environ["FORESATT_HOME"] = str(house.home.root)
        if house.config is not None:
            os.environ["FORESATT_CONFIG"] = str(house.config)
        return house

    @contextmanager
    def store(self, as_of: "date | None" = None) -> "Iterator[Store]":
        """The open store of the house."""
        from store.opening import open_store

        store = open_store(self.house(), as_of)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def looking(self, what: str, by: str | None = None) -> "Iterator[Transaction]":
        """A look into the store that shows people's names: the audit remembers which list, and who looked: by their own
        word, or else who was logged in."""
        from store import audit

        with self.store() as store:
            with store.read() as tx:
                yield tx
            with store.write() as tx:
                audit.write(tx, by or account(), "list_read", None, f"list={what}")

    def emit(self, document: object) -> None:
        """The one JSON document of `--json`."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, default=str))

    def say(self, text: str) -> None:
        """A message for people, on standard error."""
        click.echo(text, err=True)

    @contextmanager
    def progress(self, label: str) -> "Iterator[Callable[[int, int], None]]":
        """A bar on a terminal's standard error, fed with (done, total); silent elsewhere and with `--json`."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda done, total: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(label, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)

    def table(self, title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A list for people; nothing with `--json`."""
        if self.as_json:
            return
        if not sys.stdout.isatty():
            click.echo("\t".join(headers))
            for row in rows:
                click.echo("\t".join("" if cell is None else str(cell).replace("\n", " ") for cell in row))
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(title=title or None, title_justify="left", header_style="bold", pad_edge=False)
        for header in headers:
            table.add_column(header, overflow="fold", no_wrap=header in ("id", "line", "submission"))
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        Console().print(table)


def account() -> str:
    """Who is logged in on this machine, where that can be a staff id."""
    from store import audit

    try:
        return audit.staff(pwd.getpwuid(os.getuid()).pw_name)
    except (KeyError, ForesattError):
        return "account"


def common(function: F) -> F:
    """The global options, accepted before and after a command's name alike."""

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        state = ctx.find_root().ensure_object(State)
        if value and param.name:
            setattr(state, param.name, value)

    options = (
        click.option(
            "--config", type=click.Path(path_type=Path), callback=keep, expose_value=False, help="Settings file."
        ),
        click.option(
            "--home", type=click.Path(path_type=Path), callback=keep, expose_value=False, help="The home folder."
        ),
        click.option("--json", "as_json", is_flag=True, callback=keep, expose_value=False, help="One JSON document."),
    )
    for option in reversed(options):
        function = option(function)
    return function


pass_state = click.make_pass_decorator(State, ensure=True)


def by_option(function: F) -> F:
    """`--by STAFF`: who decides."""
    return click.option("--by", required=True, metavar="STAFF", help="Your staff id; it goes into the audit.")(function)
