"""The readable text of a version: YAML, read strictly and written in one canonical way."""

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import yaml

LONGEST_TEXT = 1_000_000

DEEPEST = 30
"""Parts within parts; the reader's own stack ends the process long before the text is too long."""

MOST_MERGED = 10_000
"""Names that are taken over from other parts by `<<`, in all of a text."""


class DocumentUnreadable(Exception):
    """The text is not a YAML mapping; the message says where."""


class _Loader(yaml.CSafeLoader):
    """YAML without its surprises: NO is a text, 12:30 is no number, a key stands once."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    merged_count = 0

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != MERGE:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        merged = [value for key, value in node.value if key.tag == MERGE]
        if len(merged) > 1 or any(isinstance(value, yaml.SequenceNode) for value in merged):
            raise yaml.MarkedYAMLError(
                problem="<< takes one mapping, once", problem_mark=node.start_mark
            )
        super().flatten_mapping(node)
        self.merged_count += len(node.value) if merged else 0
        if self.merged_count > MOST_MERGED:
            raise yaml.MarkedYAMLError(
                problem="too much is taken over by <<", problem_mark=node.start_mark
            )


MERGE = "tag:yaml.org,2002:merge"
for tag, pattern, first in (
    ("tag:yaml.org,2002:bool", r"true|false", "tf"),
    ("tag:yaml.org,2002:int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?[0-9]+\.[0-9]+(e[-+][0-9]+)?", "-+0123456789"),
    ("tag:yaml.org,2002:null", r"~|null|", "~n\0"),
    (MERGE, r"<<", "<"),
):
    _Loader.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), [*first.replace("\0", "")])
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])


class _Dumper(yaml.CSafeDumper):
    """Writes every value where it stands, never as a reference to an equal one."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_multi_representer(str, lambda dumper, word: dumper.represent_str(str(word)))


def read(text: str) -> dict[str, Any]:
    """Read a document.

    Raises:
        DocumentUnreadable: it is no YAML mapping, names a key twice, nests too deep, or is longer
            than a million characters.
    """
    if len(text) > LONGEST_TEXT:
        raise DocumentUnreadable(f"The text is longer than {LONGEST_TEXT:,} characters.")
    try:
        _check_depth(text)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader, made stricter
    except (yaml.YAMLError, RecursionError, LookupError, TypeError, ValueError) as error:
        # A tag may claim what a value is not: each constructor refuses that in its own way.
        raise DocumentUnreadable(f"The text is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise DocumentUnreadable("The text is no mapping of names to values.")
    return content


def _check_depth(text: str) -> None:
    # The parser goes from event to event, the loader from part to part within it.
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise DocumentUnreadable(f"The text has more than {DEEPEST} parts within parts.")


def render(content: Mapping[str, Any]) -> str:
    """Write content as its canonical text: the order of its keys, leaves on one line."""
    return yaml.dump(
        dict(content),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=99,
    )


def criteria_of(content: Mapping[str, Any]) -> Iterable[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield (dimension, level, key, row) of every criterion in order.

    Signals have neither dimension nor level, nor have exclusions, which come last.
    """
    for dimension, levels in (content.get("levels") or {}).items():
        for level, row in (levels or {}).items():
            for key, criterion in row["criteria"].items():
                yield dimension, level, key, criterion
    for part in ("signals", "exclusions"):
        for key, criterion in (content.get(part) or {}).items():
            yield "", "", key, criterion
