"""`python -m bench.gateway`."""

import sys

from bench.gateway.cli import main

sys.exit(main())
