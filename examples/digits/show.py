"""Shows a launch's output: what would fill pages is folded, and silence shows its seconds.

    python launch.py | python show.py
"""

import re
import select
import sys
import time

FROM, TO = re.compile(r"\bTraining Env:|\bEnvironment variables:"), re.compile(r"\bInvoking script")
QUIET_S = 2


def folded(lines):
    """The lines, without what the toolkit says of its environment."""
    hidden = 0
    for line in lines:
        if FROM.search(line) or (hidden and not TO.search(line)):
            hidden += 1
            continue
        if hidden:
            yield f"   ... {hidden} lines of the toolkit's environment: trainyard logs shows them\n"
            hidden = 0
        yield line


def lines_with_ticks(source, ticks):
    """Lines as they come; between them, once nothing came for a while, a clock on one line."""
    began = time.monotonic()
    while True:
        while ticks and not select.select([source], [], [], 1)[0]:
            if (quiet := time.monotonic() - began) >= QUIET_S:
                sys.stdout.write(f"\r... {quiet:.0f} s\033[K")
                sys.stdout.flush()
        if ticks:
            sys.stdout.write("\r\033[K")
        line = source.readline()
        if not line:
            return
        began = time.monotonic()
        yield line.decode(errors="replace")


def main():
    source = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    for line in folded(lines_with_ticks(source, sys.stdout.isatty())):
        sys.stdout.write(line)
        sys.stdout.flush()


main()
