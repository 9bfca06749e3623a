"""The benchmarks need wrk, as the browser's tests need Chromium."""

import shutil

import pytest


@pytest.fixture(autouse=True)
def wrk() -> None:
    """Skip, and say what to install, where wrk is missing; .ci/run installs it."""
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed; apt-get install wrk")
