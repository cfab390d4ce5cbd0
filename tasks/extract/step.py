"""The extract step: the form read off each opened delivery."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from schemas.documents import Opened, Reading
from schemas.settings import Settings
from tasks.extract.read import holds_document, read_opened
from tasks.extract.worker import READERS


def extract_batch(opened: Mapping[str, Opened], settings: Settings) -> dict[str, Reading]:
    """Submission id -> what was read, in their order. What could not be opened is not read. Deliveries with documents
    are read side by side, by as many processes as `worker` keeps."""
    wanted = {ident: found for ident, found in opened.items() if found.parts and not found.ordinary}
    apart = [ident for ident, found in wanted.items() if holds_document(found)]
    with ThreadPoolExecutor(READERS) as pool:
        begun = {ident: pool.submit(read_opened, wanted[ident], settings) for ident in apart}
        try:
            read = {
                ident: begun[ident].result() if ident in begun else read_opened(found, settings)
                for ident, found in wanted.items()
            }
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {ident: read.get(ident, Reading()) for ident in opened}
