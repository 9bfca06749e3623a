"""`python -m bench.collector`."""

import sys

from bench.collector.cli import main

sys.exit(main())
