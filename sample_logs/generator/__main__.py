"""Command line: write the sample logs and their truth, or check that the files on disk are what would be written."""

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from . import brightrelay, claude_code, litellm, openrouter, truth

HERE = Path(__file__).resolve().parent.parent
SOURCES = (claude_code.build, litellm.build, brightrelay.build, openrouter.build)
"""In the name order of the files they write."""


def contents() -> dict[str, bytes]:
    """Every file of the sample, by name."""
    logs = [log for build in SOURCES for log in build()]
    files = {log.name: log.content() for log in logs}
    planted = json.dumps(truth.build(logs), indent=2, ensure_ascii=False)
    return files | {"truth.json": f"{planted}\n".encode()}


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files; others in the folder are left alone."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def differences(folder: Path, files: dict[str, bytes]) -> list[str]:
    """What on disk is not what the generator writes."""
    found = [f"{name}: not written by the generator" for name in sorted(set(_on_disk(folder)) - files.keys())]
    for name, content in files.items():
        target = folder / name
        if not target.is_file():
            found.append(f"{name}: missing")
        elif not _same(target.read_bytes(), content):
            found.append(f"{name}: differs")
    return found


def _on_disk(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in (folder / "claude_code").glob("*.jsonl*")]


def _same(one: bytes, other: bytes) -> bool:
    """Byte for byte; a gzip file packed by another zlib build counts as the same if it unpacks to the same bytes."""
    packed = one[:2] == other[:2] == b"\x1f\x8b"
    return one == other or (packed and gzip.decompress(one) == gzip.decompress(other))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: written, or unchanged; 1: `--check` found a difference."""
    parser = argparse.ArgumentParser(description="Write the sample logs of Fernleaf and the truth planted in them.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 if a file would change")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to or to check (default: this one)")
    options = parser.parse_args(arguments)
    files = contents()
    if options.check:
        found = differences(options.out, files)
        print("\n".join(found) or f"{len(files)} files are as generated")
        return 1 if found else 0
    write(options.out, files)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
