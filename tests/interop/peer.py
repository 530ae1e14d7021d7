"""How a test drives a server that is written in Python: JSON lines on stdin and stdout.

A line `{"do": NAME, ...}` calls the handler of that name and is answered by `{"event": "done", ...}`, or by
`{"event": "failed", "error": ...}`. What happens in between is told as other events. The program ends with its stdin.
"""

import json
import queue
import sys
import threading

_lines = queue.SimpleQueue()


def _write():
    while True:
        sys.stdout.write(_lines.get() + "\n")
        sys.stdout.flush()


threading.Thread(target=_write, daemon=True).start()
# The SDK deadlocks when it is called while one of its callbacks waits for Python (docs/interop.md). So nobody hears of a
# callback before it is over: it neither writes by itself, nor is it interrupted for another thread.
sys.setswitchinterval(1)


def tell(event, **details):
    """Tells the test of an event, from any thread."""
    _lines.put(json.dumps({"event": event, **details}))


def commands():
    """What the test asks for, as pairs of a name and its arguments."""
    for line in sys.stdin:
        command = json.loads(line)
        yield command.pop("do"), command


def done(result):
    """Answers a command that has worked."""
    tell("done", **(result or {}))


def failed(error):
    """Answers a command that has not."""
    tell("failed", error=f"{type(error).__name__}: {error}")
