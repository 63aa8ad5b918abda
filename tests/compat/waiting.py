"""Waiting for what must become visible, and how long it took."""

import time

# The product promises one second; a loaded machine may be slower, which the printed times then show.
DEADLINE_SECONDS = 30
POLL_SECONDS = 0.01

# What was waited for and how long, in the order of the tests; printed at the end of the run.
measured = []


def eventually(what, probe, since=None):
    """Gives the first true result of `probe`; `since` is when the fact arrived, else now."""
    begin = since if since is not None else time.monotonic()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        result = probe()
        now = time.monotonic()
        if result:
            measured.append((what, now - begin))
            return result
        assert now < deadline, f"{what}: not seen within {DEADLINE_SECONDS} s; last result: {result!r}"
        time.sleep(POLL_SECONDS)
