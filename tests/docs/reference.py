"""Writes the generated parts of the pages, from docstrings and signatures.

`python -m tests.docs.reference` writes them again, between their marks. It runs nothing of what it describes.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Final

import smq_core
from smq_core import errors, testing
from tests.architecture.source import PACKAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGES: Final = ("docs/python.md", "CONTRIBUTING.md")
MARKS: Final = re.compile(r"(<!-- generated: (?P<part>\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)
_RAISES: Final = re.compile(r"\n*^Raises:\n(?P<entries>(?:^ {4}.*\n?|\n)+)", re.MULTILINE)
_WITH: Final = {"__enter__": "entering the `with`", "__exit__": "leaving the `with`"}
_MADE_BY_SMQ: Final = frozenset({"HandlerMessage", "Location", "Transaction", "Waiter", *errors.__all__})
"""Classes that callers are given, and do not construct."""
_NOT_FOR_CALLERS: Final = frozenset({"naming"})
"""Public for other modules of smq alone."""
_WITH_METHODS: Final = (
    "Queue",
    "Transaction",
    "Waiter",
    "Inspector",
    "Backoff",
    "HandlerMessage",
    "Location",
)


def renewed(text: str) -> str:
    """Return a page with its generated parts written from the code as it is."""
    return MARKS.sub(lambda found: found[1] + part(found["part"]) + found[3], text)


def part(name: str) -> str:
    """Return the generated part of this name: a public class or function, or one of the tables.

    Raises:
        AttributeError: when nothing has the name.
    """
    tables: dict[str, Callable[[], str]] = {
        "error_tree": error_tree,
        "modules": modules,
        "raisers": raisers,
        "rooms": rooms,
    }
    if name in tables:
        return tables[name]()
    subject = getattr(smq_core, name, None) or getattr(testing, name)
    return described_class(subject) if inspect.isclass(subject) else described_call(subject, name)


def described_class(subject: type) -> str:
    """Describe a class: what it is, its fields, its constructor and its methods."""
    pieces = [prose(inspect.getdoc(subject) or "")]
    if table := fields(subject):
        pieces.append(table)
    pieces += [described_call(method, name) for name, method in methods(subject)]
    return "\n\n".join(pieces)


def methods(subject: type) -> Iterator[tuple[str, object]]:
    """Return what callers use of a class, in the order of its source, what all its bases share first."""
    seen: set[str] = set()
    ours = [one for one in subject.__mro__ if one.__module__.partition(".")[0] in PACKAGES]
    for owner in sorted(ours, key=lambda one: -sum(one in other.__mro__ for other in ours)):
        for name, value in vars(owner).items():
            if name not in seen and _is_for_callers(subject, name, value):
                seen.add(name)
                yield (subject.__name__ if name == "__init__" else name), value


def described_call(value: object, name: str) -> str:
    """Describe a function, method or property: its signature, what it does, what it raises."""
    function = _function(value)
    if isinstance(value, property):
        head = f"**`{name}`** → `{_returns(function)}`"
    elif name in _WITH:
        head = f"**{_WITH[name]}**"
    else:
        head = f"**`{name}{signature(function)}`**"
    return f"{head}\n\n{prose(inspect.getdoc(function) or '')}"


def signature(function: Callable[..., object]) -> str:
    """Return a signature with the types as its author named them."""
    found = inspect.signature(function)
    words: list[str] = []
    for one in found.parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is one.KEYWORD_ONLY and not any(word.startswith("*") for word in words):
            words.append("*")
        stars = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
        typed = "" if one.annotation is one.empty else f": {one.annotation}"
        default = "" if one.default is one.empty else f" = {one.default!r}"
        words.append(f"{stars}{one.name}{typed}{default}")
    returned = _returns(function)
    return f"({', '.join(words)})" + (f" -> {returned}" if returned != "None" else "")


def fields(subject: type) -> str:
    """Return the fields of a struct, named tuple, enum or error as a table; nothing where it has none."""
    rows = [
        f"| `{name}` | {_code(kind)} | {_code(default)} | {_cell(what)} |"
        for name, kind, default, what in _fields(subject)
    ]
    return "\n".join(["| field | type | default | meaning |", "|---|---|---|---|", *rows]) if rows else ""


def prose(documentation: str) -> str:
    """Return a docstring as Markdown; what it raises as a list."""
    found = _RAISES.search(documentation)
    if found is None:
        return documentation.strip()
    before, after = documentation[: found.start()].strip(), documentation[found.end() :].strip()
    entries = re.split(r"\n(?=\S)", textwrap.dedent(found["entries"]).strip())
    listed = "\n".join(f"- {_raised(' '.join(entry.split()))}" for entry in entries)
    return "\n\n".join(piece for piece in (before, f"Raises:\n\n{listed}", after) if piece)


def error_tree() -> str:
    """Return the tree of errors, as `smq_core.errors` draws it."""
    drawn = [line for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")]
    return "```text\n" + textwrap.dedent("\n".join(drawn)) + "\n```"


def raisers() -> str:
    """Return which public methods name which error in their docstrings."""
    rows = []
    for error in errors.__all__:
        named = [
            _caller(owner, name)
            for owner in _WITH_METHODS
            for name, value in methods(getattr(smq_core, owner))
            if re.search(rf"^    {error}:|`{error}`", inspect.getdoc(_function(value)) or "", re.MULTILINE)
        ]
        summary = (inspect.getdoc(getattr(errors, error)) or "").partition("\n")[0]
        rows.append(f"| `{error}` | {_cell(summary)} | {', '.join(named)} |")
    return "\n".join(["| error | meaning | named by |", "|---|---|---|", *rows])


def rooms() -> str:
    """Return every package with the first paragraph of its docstring."""
    rows = []
    for folder in PACKAGES:
        for path in sorted((ROOT / folder).rglob("__init__.py")):
            place = path.parent.relative_to(ROOT).as_posix()
            rows.append(f"| [`{place}`]({place}) | {_cell(_first_paragraph(path))} |")
    return "\n".join(["| package | what is in it |", "|---|---|", *rows])


def modules() -> str:
    """Return each module of the core that lies in no package below it, with how its docstring begins."""
    rows = [
        f"| [`{path.stem}`]({path.relative_to(ROOT).as_posix()}) | {_cell(_first_paragraph(path))} |"
        for path in sorted((ROOT / "smq_core").glob("*.py"))
        if path.stem != "__init__"
    ]
    return "\n".join(["| module | what is in it |", "|---|---|", *rows])


def _first_paragraph(path: Path) -> str:
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(documentation.partition("\n\n")[0].split())


def _fields(subject: type) -> Iterator[tuple[str, str, str, str]]:
    body = ast.parse(textwrap.dedent(inspect.getsource(subject))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    is_enum = any(base.__name__ == "StrEnum" for base in subject.__mro__)
    for statement, following in zip(statements, [*statements[1:], None], strict=True):
        what = ast.get_docstring(ast.Module([following], [])) if following else None
        explained = " ".join((what or "").split())
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=value):
                yield name, ast.unparse(kind), ast.unparse(value) if value else "", explained
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value))) if is_enum:
                yield name, "", f'"{value}"', explained
            case _:
                pass


def _is_for_callers(subject: type, name: str, value: object) -> bool:
    """Return whether a caller meets a method: smq itself makes its errors, and what its methods return."""
    if not (isinstance(value, property | classmethod) or inspect.isfunction(value)):
        return False
    if name == "__init__":
        return (
            subject.__name__ not in _MADE_BY_SMQ and len(inspect.signature(_function(value)).parameters) > 1
        )
    if name in _WITH:
        return _RAISES.search(inspect.getdoc(value) or "") is not None
    return not name.startswith("_") and name not in _NOT_FOR_CALLERS


def _function(value: object) -> Callable[..., object]:
    if isinstance(value, property) and value.fget is not None:
        return value.fget
    if isinstance(value, classmethod):
        return value.__func__
    if not callable(value):
        raise TypeError(f"{value!r} cannot be called")
    return value


def _returns(function: Callable[..., object]) -> str:
    returned = inspect.signature(function).return_annotation
    return "None" if returned is inspect.Signature.empty else str(returned)


def _caller(owner: str, name: str) -> str:
    if name in _WITH:
        return f"{_WITH[name]} of a `{owner}`"
    return f"`{owner}(…)`" if owner == name else f"`{owner}.{name}`"


def _raised(entry: str) -> str:
    name, colon, what = entry.partition(":")
    return f"`{name}`{colon}{what}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def main() -> None:
    """Write the generated parts of every page that has some."""
    for page in PAGES:
        path = ROOT / page
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
