"""Where `understudy` begins: Ctrl-C ends it in words at any moment, also while libraries load or compile."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from types import FrameType

__all__ = ["main"]

WORDS = "\ninterrupted; the same command resumes\n"
CODE = 128 + signal.SIGINT


def main() -> int:
    """The command line; see `command.main`."""
    signal.signal(signal.SIGINT, _leave)
    from .command import main as command

    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def unraisable(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, KeyboardInterrupt):
            # it came where Python drops exceptions: once more, a little later
            again = threading.Timer(0.1, _thread.interrupt_main)
            again.daemon = True
            again.start()
        else:
            sys.__unraisablehook__(lost)

    sys.unraisablehook = unraisable
    signal.signal(signal.SIGINT, interrupt)
    try:
        code = command()
    except Exception:
        # compilers and callbacks into C turn an interrupt into errors of their own
        if not came:
            raise
        sys.stderr.write(WORDS)
        code = CODE
    if code == CODE:  # at once: what other threads still compute is not waited for, and writes nothing
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is begun yet, and what half a library would make of an exception is not known."""
    os.write(sys.stderr.fileno(), WORDS.encode())
    os._exit(CODE)


if __name__ == "__main__":
    sys.exit(main())
