"""Write the sample logs: `python sample_logs/generate.py [--check]` (standard library only)."""

import sys

from generator.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
