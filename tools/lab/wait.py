"""The one place that sleeps: everything else waits for a condition."""

import time


class TimedOut(Exception):
    """What was waited for did not come in time."""


def wait_for(condition, deadline, what, interval=0.02):
    """Polls until condition() is true and returns its value; `deadline` in seconds, `what` for the message."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimedOut(f"waited {deadline} s for {what}; last seen: {value!r}")
        time.sleep(interval)
