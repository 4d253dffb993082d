"""Texts for people: found in the code and the templates, kept in catalogs, compiled for Django.

Babel reads and writes the catalogs, so that no machine needs GNU gettext.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path as File

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from definitions.vocabulary import FACTS, LEVELS, Category, Dimension, Operator, Path

PACKAGES = ("definitions", "leads", "routing", "crm_handoff")
CALLS = {
    "_": ("id",),
    "gettext": ("id",),
    "gettext_lazy": ("id",),
    "gettext_noop": ("id",),
    "ngettext": ("id", "plural"),
    "ngettext_lazy": ("id", "plural"),
    "pgettext": ("context", "id"),
    "pgettext_lazy": ("context", "id"),
    "npgettext": ("context", "id", "plural"),
}
"""What marks a text, and what its first arguments are."""

IN_TEMPLATE = re.compile(
    r"""\b(?P<name>_|n?p?gettext)\((?P<texts>(?:\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?)+)"""
)
"""A marked text in what Django makes of a template for extraction."""

TEXT = re.compile(r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")

Key = tuple[str | None, str, str]
"""Context, text, plural ("" where it has none)."""


def languages() -> list[str]:
    """Return the languages that need a catalog: all but the one that the texts are written in."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def path_of(language: str) -> File:
    """Return where the catalog of a language is; the compiled one lies beside it."""
    return settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"


def extracted() -> Catalog:
    """Return every text of the product with the files that say it, without translations."""
    places: dict[Key, set[str]] = defaultdict(set)
    for path in _sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        read = _in_python if path.suffix == ".py" else _in_template
        for key in read(path.read_text(encoding="utf-8"), name):
            places[key].add(name)
    for word in _vocabulary():
        places[None, word, ""].add("definitions/vocabulary.py")
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for (context, text, plural), names in sorted(places.items(), key=lambda item: item[0][1:]):
        catalog.add(
            (text, plural) if plural else text,
            locations=[(name, 0) for name in sorted(names)],
            flags=["python-format"] if "%(" in text else [],
            context=context,
        )
    return catalog


def update(language: str) -> None:
    """Bring a catalog up to the texts that there are, keep its translations, and compile it.

    A text that is gone takes its translation along; one that is new stands there untranslated.
    """
    catalog = _read(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_written(catalog))
    path.with_suffix(".mo").write_bytes(_compiled(catalog))


def problems(language: str) -> list[str]:
    """Return what keeps a catalog from being complete, a sentence each; empty when it is."""
    catalog = _read(language)
    found = [f"“{_text(message)}” is new." for message in extracted() if _lacks(catalog, message)]
    for message in catalog:
        if message.id:
            found += [f"“{_text(message)}” {wrong}." for wrong in _wrong(message)]
    compiled = path_of(language).with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != _compiled(catalog):
        found.append("The compiled catalog is older than the readable one.")
    return found


def _sources() -> list[File]:
    code = [path for name in PACKAGES for path in (settings.BASE_DIR / name).rglob("*.py")]
    templates = (settings.BASE_DIR / "templates").rglob("*.*")
    return sorted(path for path in [*code, *templates] if "migrations" not in path.parts)


def _vocabulary() -> set[str]:
    """Return the words of definitions, which are plain Python and mark no text."""
    stored = [
        *Path,
        *Category,
        *Dimension,
        *Operator,
        *(level for ladder in LEVELS.values() for level in ladder),
    ]
    words = {str(word).replace("_", " ") for word in stored}
    for fact in FACTS.values():
        words |= {fact.label, fact.unit} - {""}
    return words


def _in_python(source: str, name: str) -> Iterator[Key]:
    tree = ast.parse(source, name)
    other_names = _other_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            called = other_names.get(called, called)
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if called in CALLS and all(isinstance(text, str) for text in texts[:1]) and texts:
                yield _key(called, [str(text) for text in texts])


def _other_names(tree: ast.Module) -> dict[str, str]:
    """Return under what other names a file imports the calls that mark a text."""
    return {
        alias.asname: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.asname
    }


def _in_template(source: str, name: str) -> Iterator[Key]:
    for match in IN_TEMPLATE.finditer(templatize(source, origin=name)):
        texts = [ast.literal_eval(text) for text in TEXT.findall(match["texts"])]
        yield _key(match["name"], texts)


def _key(called: str, texts: list[str]) -> Key:
    said = dict(zip(CALLS[called], texts, strict=False))
    return said.get("context"), said["id"], said.get("plural", "")


def _read(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        return Catalog(
            locale=language,
            project="CRM Handoff",
            version="1",
            header_comment="# Texts of CRM Handoff, kept by `make messages`.",
            creation_date=datetime(2026, 1, 1, tzinfo=UTC),
            revision_date=datetime(2026, 1, 1, tzinfo=UTC),
            charset="utf-8",
            fuzzy=False,
        )
    return read_po(BytesIO(path.read_bytes()), locale=language)


def _written(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=98, sort_output=True, omit_header=False, include_lineno=False)
    return file.getvalue()


def _compiled(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def _lacks(catalog: Catalog, message: Message) -> bool:
    return bool(message.id) and catalog.get(_text(message), message.context) is None


def _text(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def _wrong(message: Message) -> Iterator[str]:
    """Yield what is wrong with a translation: missing, or with other placeholders."""
    given = message.string if isinstance(message.string, list | tuple) else (message.string,)
    if not all(given):
        yield "is not translated"
        return
    wanted = _placeholders(message.id if isinstance(message.id, str) else message.id[-1])
    if _placeholders(str(given[-1])) != wanted:
        yield "is translated with other placeholders"


def _placeholders(text: str) -> set[str]:
    return {name or "{}" for pair in PLACEHOLDER.findall(text) for name in [pair[0] or pair[1]]}
