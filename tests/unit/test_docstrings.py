"""A public function that raises says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

Function = ast.FunctionDef | ast.AsyncFunctionDef
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def public_functions(source: str) -> Iterator[Function]:
    """Functions and methods that do not begin with an underscore, nested ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def raises(function: Function) -> bool:
    """Whether the function's own body has a `raise` of a named error; a bare one passes one on."""
    nodes: list[ast.AST] = [*function.body]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        if not isinstance(node, INNER):
            nodes += ast.iter_child_nodes(node)
    return False


def silent(source: str) -> list[str]:
    """The public functions that raise, and whose docstrings do not say so."""
    return [
        function.name
        for function in public_functions(source)
        if raises(function) and "Raises" not in (ast.get_docstring(function) or "")
    ]


@pytest.mark.parametrize("part", ["bench", "collector", "kong-plugin", "local"])
def test_each_public_function_that_raises_says_so(root: Path, part: str) -> None:
    files = sorted((root / part).rglob("*.py"))
    assert files
    found = [
        f"{file.relative_to(root)}: {name}" for file in files for name in silent(file.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n    raise ValueError", ["f"]),
        ("def f():\n    if x:\n        raise ValueError", ["f"]),
        ("async def f():\n    raise ValueError", ["f"]),
        ("class A:\n    def f(self):\n        raise ValueError", ["f"]),
        ("def f():\n    '''Raises ValueError.'''\n    raise ValueError", []),
        ("def f():\n    try:\n        g()\n    except ValueError:\n        raise", []),
        ("def f():\n    def _g():\n        raise ValueError", []),
        ("def _f():\n    raise ValueError", []),
    ],
)
def test_the_check_sees_a_raise_where_it_belongs(source: str, names: list[str]) -> None:
    assert silent(source) == names
