"""The entry point of the process: `llmaudit` and `python -m llmaudit`."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    """Arrow loads pandas wherever that is installed, a fifth of a second of every command; nothing here needs it."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Leave every other module to the usual finders.

        Raises:
            ModuleNotFoundError: It is pandas.
        """
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def run() -> None:
    """Settle what has to be settled for the whole process before numpy and Arrow load, and run a command."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more of them wait by spinning, on cores that others work on
    sys.meta_path.insert(0, _WithoutPandas())
    from llmaudit.cli import main  # noqa: PLC0415 -- not before

    main()


if __name__ == "__main__":
    run()
