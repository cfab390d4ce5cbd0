"""Mail as it comes: `foresatt intake email --watch` on a real mail server."""

import json
import threading
import time

from support_mailbox import Mailbox, mail
from support_runs import PATIENCE, Runs
from support_world import Town

from fixtures.dovecot import PASSWORD, dovecot
from tasks.collect.imap import ORDINARY


def test_mail_is_taken_in_as_it_comes(homes: Town, runs: Runs) -> None:
    """One run at once, one more as soon as a mail comes though nobody asked, a document for each. It would go on for
    ever: here it is killed when it begins to wait for the second time."""
    home = homes.home("watch")
    with dovecot() as server:
        box = Mailbox(server)
        box.lay(mail("en"))

        def later() -> None:
            until = time.monotonic() + PATIENCE
            while {ORDINARY.encode()} not in box.flags() and time.monotonic() < until:
                time.sleep(0.2)
            box.lay(mail("to"))

        told = {"HOST": "localhost", "PORT": str(server.port), "USER": box.user, "CA_FILE": str(server.ca)}
        env = {f"FORESATT_IMAP_{name}": value for name, value in told.items()}
        env |= {"FORESATT_IMAP_PASSWORD": PASSWORD, "FORESATT_IMAP_POLL_SECONDS": str(PATIENCE)}
        post = threading.Thread(target=later)
        post.start()
        end = {"target": "tasks.collect.imap:ImapChannel.wait", "do": "kill", "nth": 2}
        ran = runs("intake", "email", "--watch", "--json", home=home, env=env, spoil=[end])
        post.join()

        assert [1, 1] == [json.loads(line)["collected"] for line in ran.out.splitlines()]
        assert [{ORDINARY.encode()}] * 2 == box.flags()
        assert -9 == ran.code
