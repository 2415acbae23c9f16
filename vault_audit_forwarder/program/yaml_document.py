"""A YAML file as plain data, with the place of every key and value in it.

PyYAML composes the nodes; turning them into data happens here, because YAML's own
way keeps the last of two equal keys and says nothing. Environment references are
expanded in every scalar. All problems are collected, each with line and column,
and none repeats a value of the file or of the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_REFERENCE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_MAX_DEPTH = 20  # also ends an anchor that contains itself
_MAX_NODES = 100_000  # aliases of aliases multiply


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file. Lines and columns count from 1."""

    line: int
    column: int
    where: str
    what: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.line}:{self.column}: {where}{self.what}"


class InvalidDocument(Exception):
    """The text cannot become plain data."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = sorted(problems)


@dataclass(frozen=True)
class Found:
    """What stands at a location: its node, its key's node, and its written path."""

    node: Node
    key: Node | None
    where: str


class Document:
    """Plain data and where it came from."""

    def __init__(self, data: dict[str, Any], root: Node, expanded: set[str]) -> None:
        self.data = data
        self._root = root
        self._expanded = expanded

    def find(self, location: Sequence[str | int]) -> Found:
        """Follow a location as far as the file goes.

        Parts that are neither a key nor an index here are passed over: pydantic puts
        the names of union members between the real ones.
        """
        found = Found(self._root, None, "")
        for part in location:
            found = _step(found, part) or found
        return found

    def came_from_environment(self, text: str) -> bool:
        """Whether an expanded value, if not a very short one, stands in ``text``."""
        return any(len(value) > 3 and value in text for value in self._expanded)


def parse(text: str, env: Mapping[str, str]) -> Document:
    """Read one mapping from YAML. Raises InvalidDocument with every problem."""
    root = _compose(text)
    if not isinstance(root, MappingNode):
        raise InvalidDocument([Problem(1, 1, "", "must hold keys and values")])
    builder = _Builder(env)
    data = builder.build(root, "")
    if builder.problems:
        raise InvalidDocument(builder.problems)
    return Document(data, root, builder.expanded)


def child(where: str, part: str | int) -> str:
    """The written path one step down: ``rules[0].mount``."""
    if isinstance(part, int):
        return f"{where}[{part}]"
    shown = part if _PLAIN_KEY.fullmatch(part) else "?"
    return f"{where}.{shown}" if where else shown


def problem_at(node: Node, where: str, what: str) -> Problem:
    """A problem at the place of a node."""
    return Problem(node.start_mark.line + 1, node.start_mark.column + 1, where, what)


def _step(found: Found, part: str | int) -> Found | None:
    node = found.node
    if isinstance(node, SequenceNode) and isinstance(part, int):
        if part < len(node.value):
            return Found(node.value[part], None, child(found.where, part))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == part:
                return Found(value, key, child(found.where, str(part)))
    return None


class _Builder:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self.expanded: set[str] = set()
        self._env = env
        self._scalars = yaml.constructor.SafeConstructor()
        self._built = 0

    def build(self, node: Node, where: str, depth: int = 0) -> Any:
        self._built += 1
        if self._built > _MAX_NODES:
            if self._built == _MAX_NODES + 1:
                self._refuse(node, where, "is too much, counting what aliases repeat")
        elif depth > _MAX_DEPTH:
            self._refuse(node, where, "is nested too deeply")
        elif isinstance(node, MappingNode):
            return self._mapping(node, where, depth)
        elif isinstance(node, SequenceNode):
            return [
                self.build(item, child(where, index), depth + 1)
                for index, item in enumerate(node.value)
            ]
        else:
            return self._scalar(node, where)
        return None

    def _mapping(self, node: MappingNode, where: str, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, where, "a key must be text" + _quote_hint(key))
                continue
            name = key.value
            below = child(where, name)
            if name in lines:
                first = f"is given twice; the first is on line {lines[name]}"
                self._refuse(key, below, first)
                continue
            lines[name] = key.start_mark.line + 1
            data[name] = self.build(value, below, depth + 1)
        return data

    def _scalar(self, node: Node, where: str) -> Any:
        if "${" in node.value:
            # Stays text: the model turns it into the number or switch it asks for.
            return _REFERENCE.sub(lambda m: self._expand(m, node, where), node.value)
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            self._refuse(node, where, "cannot be read as written: quote it")
            return None

    def _expand(self, match: re.Match[str], node: Node, where: str) -> str:
        name, default = match.groups()
        if name is None:
            self._refuse(node, where, "holds a ${ that is not ${NAME} or ${NAME:-text}")
            return ""
        value = self._env.get(name)
        if default is not None:
            value = value or default
        if value is None:
            self._refuse(node, where, f"the environment variable {name} is not set")
            return ""
        if value:
            self.expanded.add(value)
        return value

    def _refuse(self, node: Node, where: str, what: str) -> None:
        self.problems.append(problem_at(node, where, what))


def _quote_hint(key: Node) -> str:
    braces = isinstance(key, MappingNode) and key.flow_style
    return (
        ': quote a value that starts with {, as in "{mount}/{path}"' if braces else ""
    )


def _compose(text: str) -> Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = "holds a character that YAML does not allow"
        raise InvalidDocument([Problem(line, column, "", what)]) from None
    except yaml.MarkedYAMLError as error:
        raise InvalidDocument([_explain(error, text)]) from None
    except RecursionError:
        raise InvalidDocument([Problem(1, 1, "", "is nested too deeply")]) from None


_BRACES = re.compile(r"""(?:^|[:\-,\[]\s+)\{[^}'"]*\}[^\s,\]}#]""")
_STAR = re.compile(r"""(?:^|[:\-,\[])\s*\*""")


def _explain(error: yaml.MarkedYAMLError, text: str) -> Problem:
    """A scanner error in words that say what to do; PyYAML's own quote the file."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    source = lines[line] if line < len(lines) else ""
    said = f"{error.context or ''} {error.problem or ''}"
    if "alias" in said and _STAR.search(source):
        what = 'a value that starts with * must be quoted: "**"'
    elif _BRACES.search(source):
        what = 'a value that starts with { must be quoted: "{mount}/{path}"'
    elif "'\\t'" in said:
        what = "a tab cannot indent: use spaces"
    elif "cannot start any token" in said:
        what = "a value that starts with this character must be quoted"
    elif "mapping values are not allowed" in said:
        what = (
            "a colon stands where none can: check the indentation, or quote the value"
        )
    elif "single document" in said:
        what = "only one YAML document is allowed"
    else:
        what = "is not valid YAML: check the indentation, quotes and brackets around it"
    return Problem(line + 1, column + 1, "", what)
