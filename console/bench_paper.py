"""`foresatt bench paper`: sheets by the dozen, typed and by pen, on the seed's form and the boxed one.

Belongs here: making the sheets, reading them, counting what was right, accepted and trusted wrongly, and the floor: the
same files opened and the same cells given to both engines, with nothing round it. Does not belong here: what a figure
looks like (`bench.py`). Pen strokes are drawn, and tidier than people: real hands are read less well.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from fixtures.filled import FilledForm

PAGES: Final = 12
RUNS: Final = 3
DPI: Final = 300
WORKERS: Final = 2
MANY: Final = 1_000
"""Pages over which memory must stay flat."""

Kind = Literal["seed", "boxed", "hand", "hand_boxed"]
Sheet = tuple["FilledForm", bytes]


def paper_figures(
    say: Callable[[str], None], *, pages: int = PAGES, runs: int = RUNS, many: int = MANY
) -> list[dict[str, Any]]:
    """The figures of `bench paper`, `pages` sheets of each kind, speed as the median of `runs`, memory over `many`."""
    from console.bench import figure
    from console.bench_marked import marked_figures

    say(f"{pages} sheets of each kind …")
    kinds: tuple[Kind, ...] = ("seed", "boxed", "hand", "hand_boxed")
    sheets = {kind: [_sheet(kind, seed) for seed in range(pages)] for kind in kinds}
    digital = _digital(pages)
    counts = {kind: _counted(made) for kind, made in sheets.items()}
    say("what the engines alone take …")
    ratio = {kind: _ratio_to_floor(sheets[kind][: max(2, pages // 3)], runs) for kind in kinds[:2]}
    say(f"{WORKERS} workers …")
    speed = _speed(sheets, runs)
    say(f"{many} pages, for their memory …")
    warm, peak = _memory([data for made in sheets.values() for _, data in made], many)
    say("print with a pen's marks on it …")
    written_over = marked_figures(pages)
    typed, hand = counts["seed"], [counts["hand"], counts["hand_boxed"]]
    figures = [
        figure("pages_per_second_seed", speed["seed"], "rows/s", f"{WORKERS} workers, {DPI} dpi, wall time"),
        figure("pages_per_second_boxed", speed["boxed"], "rows/s", f"{WORKERS} workers, {DPI} dpi, wall time"),
        figure("ratio_to_floor", max(ratio.values()), "ratio", "opening the file and both engines on the same cells"),
        figure("ratio_to_floor_seed", ratio["seed"], "ratio", "the same, the seed's form"),
        figure("ratio_to_floor_boxed", ratio["boxed"], "ratio", "the same, the boxed edition"),
        figure("typed_accepted_share", typed["accepted"], "share", "columns with all four fields accepted, seed form"),
        figure("boxed_accepted_share", counts["boxed"]["accepted"], "share", "the same, the boxed edition"),
    ]
    figures += [
        figure(f"typed_{name}_exact_share", typed[name], "share", "filled cells, seed's form, worn scans")
        for name in ("fnr", "mobile", "email", "name")
    ]
    suggested = statistics.mean(one["fnr"] for one in hand)
    found = statistics.mean(one["found"] for one in counts.values())
    wrong = sum(one["wrong"] for one in counts.values()) + digital[1]
    return [
        *figures,
        figure("digital_exact_share", digital[0], "share", "cells of fillable and typed PDF, Word, OpenDocument"),
        figure(
            "handwritten_suggested_right_share", suggested, "share", "numbers in pen strokes; real hands are harder"
        ),
        figure(
            "handwritten_trusted", sum(one["trusted"] for one in hand), "count", "cells by pen that no person need see"
        ),
        figure("wrongly_trusted", wrong, "count", "accepted or ready, and not what the sheet says"),
        *written_over,
        figure("layout_not_found_share", 1 - found, "share", "all sheets"),
        figure("peak_mb_two_workers", peak, "MB", f"resident, both workers together, after {many} pages"),
        figure("peak_growth_mb", peak - warm, "MB", f"the same, against its first tenth: flat over {many} pages"),
    ]


def _sheet(kind: Kind, seed: int) -> Sheet:
    """A filled form and its worn scan as JPEG."""
    import numpy as np

    from fixtures import boxed, paperset
    from fixtures.filled import FilledForm
    from fixtures.pages import packed

    form, rng = paperset.filled_form(seed), np.random.default_rng([seed, len(kind)])
    if kind in ("boxed", "hand_boxed"):
        form = _close(form)
        blank = boxed.printed(boxed.filled_pdf(form if kind == "boxed" else FilledForm()), dpi=DPI)
        page = blank if kind == "boxed" else paperset.pen_boxed(form, blank, rng, DPI)
        page = paperset.worn(page, rng, DPI)
    else:
        form, page = paperset.sheet("typed" if kind == "seed" else "hand", seed, dpi=DPI)
    return form, packed([page], dpi=DPI, fmt="jpeg")


def _close(form: "FilledForm") -> "FilledForm":
    """The form with its numbers written without blanks, as boxes ask for them."""
    from fixtures.filled import FilledForm

    closed = [replace(c, fnr=c.fnr.replace(" ", ""), mobile=c.mobile.replace(" ", "")) for c in form.columns]
    return FilledForm(*closed)


def _counted(sheets: list[Sheet]) -> dict[str, float]:
    """Shares and counts over sheets: exact by field, columns accepted whole, wrongly trusted, layout found."""
    from fixtures.filled import FilledColumn
    from schemas.documents import FIELDS
    from schemas.settings import Post
    from tasks.extract.scan import read_image

    right: dict[str, list[bool]] = {name: [] for name in FIELDS}
    whole: list[bool] = []
    wrong = trusted = found = 0
    for form, data in sheets:
        reading = read_image(data, Post())
        found += "layout_not_found" not in reading.faults
        entries = {entry.slot: entry for one in reading.forms for entry in one.entries}
        for slot, column in enumerate(form.columns, 1):
            read = {name: entries[slot].get(name) if slot in entries else None for name in FIELDS}
            for name, cell in read.items():
                value = _plain(name, getattr(column, name))
                same = cell is not None and _plain(name, cell.value) == value
                right[name] += [same] if value else []
                sure = cell is not None and cell.decision != "review"
                trusted, wrong = trusted + sure, wrong + (sure and not same)
            if column != FilledColumn():
                four = [read[name] for name in ("fnr", "mobile", "email", "name")]
                whole.append(all(cell is not None and cell.decision == "accepted" for cell in four))
    shares = {name: statistics.mean(cells) for name, cells in right.items()}
    told = {"wrong": wrong, "trusted": trusted, "found": found / len(sheets), "accepted": statistics.mean(whole)}
    return {**shares, **told}


def _plain(name: str, value: str) -> str:
    return value.replace(" ", "") if name in ("fnr", "mobile", "email") else value


def _digital(pages: int) -> tuple[float, int]:
    """(share of cells that came back exactly, cells that did not and were trusted) over forms that need no OCR."""
    from fixtures import boxed, office, pages as drawn, paperset  # noqa: I001
    from schemas.documents import FIELDS, Opened, Part
    from schemas.settings import Settings
    from tasks.extract.read import read_opened

    right: list[bool] = []
    wrong = 0
    for seed in range(pages):
        form = paperset.filled_form(seed)
        for make in (drawn.typed_pdf, drawn.fillable_pdf, boxed.filled_pdf, office.docx, office.odt):
            part = Part("", "application/octet-stream", make(_close(form) if make is boxed.filled_pdf else form))
            reading = read_opened(Opened("pdf", "not_encrypted", parts=(part,)), Settings(environment="test"))
            entries = {entry.slot: entry for one in reading.forms for entry in one.entries}
            for slot, column in enumerate(form.columns, 1):
                for name in FIELDS:
                    value = getattr(column, name)
                    cell = entries[slot].get(name) if slot in entries else None
                    same = _plain(name, cell.value if cell else "") == _plain(name, value)
                    right += [same] if value else []
                    wrong += cell is not None and not same and cell.decision != "review"
    return statistics.mean(right), wrong


def _ratio_to_floor(sheets: list[Sheet], runs: int) -> float:
    """Processor time of reading, against opening the same files and calling both engines on the same pieces."""
    from schemas.settings import Post
    from tasks.extract import ocr, rapid
    from tasks.extract.scan import read_image

    calls: list[Callable[[], object]] = []
    kept: Any = (ocr.read, rapid.read)

    def first(*given: Any, **named: Any) -> Any:
        calls.append(lambda: kept[0](*given, **named))
        return kept[0](*given, **named)

    def second(*given: Any, **named: Any) -> Any:
        calls.append(lambda: kept[1](*given, **named))
        return kept[1](*given, **named)

    ocr.read, rapid.read = first, second
    try:
        for _, data in sheets:
            read_image(data, Post())
    finally:
        ocr.read, rapid.read = kept
    ratios = []
    for _ in range(runs):
        whole = _spent(lambda: [read_image(data, Post()) for _, data in sheets])
        floor = _spent(lambda: [*map(_opened, sheets), *(call() for call in calls)])
        ratios.append(whole / floor)
    return statistics.median(ratios)


def _opened(sheet: Sheet) -> int:
    import io

    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(sheet[1])) as picture:
        return int(np.asarray(picture.convert("L")).shape[0])


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@contextmanager
def _workers() -> Iterator[ProcessPoolExecutor]:
    """Processes that read on one thread each, as the product's own reader does."""
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
            yield pool
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before


def _speed(sheets: dict[Kind, list[Sheet]], runs: int) -> dict[Kind, float]:
    """Pages a second by kind."""
    speed: dict[Kind, float] = {}
    with _workers() as pool:
        kinds: tuple[Kind, ...] = ("seed", "boxed")
        for kind in kinds:
            files = [data for _, data in sheets[kind]]
            list(pool.map(_read_one, files[: 2 * WORKERS]))  # everything is loaded once
            taken = []
            for _ in range(runs):
                began = time.monotonic()
                list(pool.map(_read_one, files))
                taken.append(time.monotonic() - began)
            speed[kind] = len(files) / statistics.median(taken)
    return speed


def _memory(files: list[bytes], many: int) -> tuple[float, float]:
    """Both workers' resident peaks together, MB, after a tenth of the pages and after all."""
    peaks: dict[int, float] = {}
    warm = 0.0
    with _workers() as pool:
        for number, (process, peak) in enumerate(pool.map(_read_one, (files[n % len(files)] for n in range(many))), 1):
            peaks[process] = peak
            if number == max(2 * len(files), many // 10) or number == many:
                warm = warm or sum(peaks.values())
    return warm, sum(peaks.values())


def _read_one(data: bytes) -> tuple[int, float]:
    """A worker's page: (its process, its resident peak in MB)."""
    import resource

    from schemas.settings import Post
    from tasks.extract.scan import read_image

    read_image(data, Post())
    return os.getpid(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
