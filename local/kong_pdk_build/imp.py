"""What kong-pdk's setup.py needs of the module `imp`, which Python 3.12 removed.

The Makefile puts this folder on the path while it installs kong-pdk, and at no other
time. The plugin server that replaces kong-pdk makes it superfluous.
"""

import importlib.util
from types import ModuleType


def load_source(name: str, path: str) -> ModuleType:
    """A file as a module."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
