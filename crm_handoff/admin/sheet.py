"""A version's content as one readable sheet, from which each row is edited."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, prefetch_related_objects
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.admin.content_rows import address_to_add, anchor_of
from crm_handoff.agreements import conditions, terms, words
from crm_handoff.web.tags import words as plain
from definitions import drafts
from definitions.models import (
    Criterion,
    DefinitionVersion,
    Level,
    Question,
    ScoreRule,
    SegmentRule,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.vocabulary import LEVELS, Dimension

PREFETCHED = (
    "criterion_set",
    "level_set",
    "scorerule_set",
    "question_set",
    "stagerule_set",
    "segmentrule_set",
    "slaterm_set",
    "title_rules",
)

Content = Mapping[str, Any]
Keyed = ScoreRule | Question | SlaTerm


@dataclass(slots=True)
class Line:
    """One row in words; addresses are blank where it cannot be edited.

    `name` is how problems call it. `title` is blank where the words say all.
    """

    name: str
    anchor: str
    title: str
    words: str
    edit: str
    remove: str
    up: str
    down: str
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stand together, like those of one level; `edit` changes how they combine."""

    title: str
    note: str
    lines: list[Line]
    add: str
    add_label: str
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the sheet."""

    key: str
    title: str
    intro: str
    groups: list[Group]
    is_long: bool = False
    """Whether it is opened by those who want it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A version's rows in words, and what must be mended before both sides can sign it."""

    sections: list[Section]
    problems: list[tuple[str, str]]
    """Sentences, each with the anchor of the row that it starts with ("" when it has none)."""


def sheet_of(
    version: DefinitionVersion, *, content: Content, problems: list[str], is_editable: bool
) -> Sheet:
    """Write a version's rows, whose content is given, as a sheet; `prefetch` has read them."""
    page = _Page(version, content, is_editable=is_editable)
    sections = [
        *page.dimensions(),
        page.alone("signals", _("Signals"), _("Named by stages, SLA terms and the floor.")),
        page.alone(
            "exclusions",
            _("Do-not-pass list"),
            _("Whoever meets one of these reaches no stage from MQL upwards."),
        ),
        page.stages(),
        page.keyed(ScoreRule, "score", _("Points"), _("Each rule that holds adds its points.")),
        page.keyed(
            Question,
            "questions",
            _("Questions that only people answer"),
            _("Criteria ask for an answer by “Latest answer that a person recorded”."),
        ),
        page.segment(),
        page.keyed(
            SlaTerm, "sla_terms", _("SLA"), _("Of each milestone the first that applies counts.")
        ),
        page.kinds(),
        page.titles(),
    ]
    return Sheet(sections, page.marked(problems))


def prefetch(version: DefinitionVersion) -> None:
    """Read the rows of a version, one query a kind of row."""
    prefetch_related_objects([version], *PREFETCHED)


class _Page:
    """Writes the lines of one version, and knows them by name."""

    def __init__(self, version: DefinitionVersion, content: Content, *, is_editable: bool) -> None:
        self.version = version
        self.is_editable = is_editable
        self.content = content
        self.labels = words.labels_of(self.content)
        self.questions = words.questions_of(self.content)
        self.lines: dict[str, Line] = {}

    def dimensions(self) -> Iterator[Section]:
        levels = {(level.dimension, level.key): level for level in self.version.level_set.all()}
        for dimension in Dimension:
            groups = [
                self._level(levels.get((dimension.value, key)), dimension, key)
                for key in reversed(LEVELS[dimension][1:])
            ]
            title = str(words.DIMENSIONS[dimension])
            yield Section(f"levels.{dimension}", title, "", groups)

    def alone(self, part: str, title: str, intro: str) -> Section:
        is_exclusion = part == "exclusions"
        rows = [
            row
            for row in _ordered(self.version.criterion_set)
            if row.level_id is None and row.is_exclusion == is_exclusion
        ]
        lines = [self._criterion(row) for row in rows]
        grants = "exclusion" if is_exclusion else "signal"
        label = _("Add to the do-not-pass list") if is_exclusion else _("Add signal")
        add = self._add(Criterion, label, grants=grants)
        return Section(part, title, intro, [Group("", "", lines, *add)])

    def stages(self) -> Section:
        rules = {(row["stage"], row["path"]): row for row in self.content.get("stages", [])}
        lines = [
            self._line(
                row,
                title=capfirst(words.stage_name(row.stage, row.path)),
                said=words.stage_rule(rules[row.stage, row.path], labels=self.labels),
            )
            for row in _ordered(self.version.stagerule_set)
        ]
        add = self._add(StageRule, _("Add stage rule"))
        intro = _("What reaches a stage, by each path.")
        return Section("stages", _("Stages"), intro, [Group("", "", lines, *add)])

    def keyed(self, model: type[Keyed], part: str, title: str, intro: str) -> Section:
        say: dict[type[Keyed], Callable[[Content], str]] = {
            ScoreRule: self._score,
            Question: self._question,
            SlaTerm: self._term,
        }
        rows = _ordered(getattr(self.version, f"{model._meta.model_name}_set"))
        lines = [
            self._line(
                row,
                title=str(row).removeprefix(f"{getattr(row, 'points', 0):+} "),
                said=say[model](self.content[part][row.key]),
            )
            for row in rows
        ]
        labels: dict[type[Keyed], str] = {
            ScoreRule: _("Add points"),
            Question: _("Add question"),
            SlaTerm: _("Add SLA term"),
        }
        add = self._add(model, labels[model])
        return Section(part, title, intro, [Group("", "", lines, *add)])

    def segment(self) -> Section:
        rows = _ordered(self.version.segmentrule_set)
        lines = [
            self._line(row, said=conditions.row(said, questions=self.questions), number=number)
            for number, (row, said) in enumerate(
                zip(rows, self.content.get("segment", []), strict=True), 1
            )
        ]
        intro = _("All must hold for this definition to judge somebody; none: everyone.")
        if self.version.definition.is_catch_all:
            intro = _("This is the catch-all: it also takes everyone whom no other segment takes.")
        add = self._add(SegmentRule, _("Add segment condition"))
        return Section("segment", _("Segment"), intro, [Group("", "", lines, *add)])

    def kinds(self) -> Section:
        copies = {row.key: row for row in self.version.kinds.all()}
        lines = [
            self._line(copies[key], title=capfirst(plain(key)), said=capfirst(words.kind(said)))
            for key, said in self.content.get("kinds", {}).items()
        ]
        intro = _("This version's own meaning of each kind of touchpoint.")
        add = self._add(VersionKind, _("Add kind"))
        group = Group("", "", lines, *add)
        return Section("kinds", _("Touchpoint kinds"), intro, [group], is_long=True)

    def titles(self) -> Section:
        count = len(self.content.get("title_rules", []))
        intro = ngettext(
            "%(count)s ordered rule reads authority from job titles.",
            "%(count)s ordered rules read authority from job titles.",
            count,
        ) % {"count": count}
        place = reverse("admin:definitions_versiontitlerule_changelist")
        address = f"{place}?version__id__exact={self.version.pk}"
        add, label = self._add(VersionTitleRule, _("Add title rule"))
        group = Group("", "", [], add, label, edit=address)
        return Section("title_rules", _("Title rules"), intro, [group])

    def marked(self, problems: list[str]) -> list[tuple[str, str]]:
        """Write each problem at the line that it starts with; returns it with its anchor."""
        placed = []
        for problem in problems:
            name = problem.partition(": ")[0]
            line = self.lines.get(name)
            if line is not None:
                line.problems.append(problem)
            placed.append((problem, line.anchor if line else _anchor_of_part(name)))
        return placed

    def _level(self, level: Level | None, dimension: Dimension, key: str) -> Group:
        rows = [
            row
            for row in _ordered(self.version.criterion_set)
            if level is not None and row.level_id == level.pk
        ]
        lines = [self._criterion(row) for row in rows]
        note = ""
        if level is not None and len(lines) > 1:
            note = _("any of these") if level.match == "any" else _("all of these")
        names = {"dimension": words.DIMENSIONS[dimension], "level": plain(key)}
        label = _("Add criterion to %(dimension)s · %(level)s") % names
        add = self._add(Criterion, label, grants=f"{dimension}.{key}")
        edit = _address(level, "change") if level is not None and self.is_editable else ""
        return Group(capfirst(plain(key)), note, lines, *add, edit=edit)

    def _criterion(self, row: Criterion) -> Line:
        return self._line(row, title=row.label, said=self._condition(row))

    def _condition(self, row: Criterion) -> str:
        return conditions.condition(
            row.fact,
            operator=row.operator,
            wanted=row.wanted,
            parameters=row.parameters,
            questions=self.questions,
        )

    def _score(self, said: Content) -> str:
        asked = conditions.row(said, questions=self.questions)
        return f"{capfirst(words.score_rule(said))} · {asked}"

    def _question(self, said: Content) -> str:
        return words.question(said)

    def _term(self, said: Content) -> str:
        return capfirst(terms.line(said, labels=self.labels))

    def _line(self, row: Any, *, said: str, title: str = "", number: int = 0) -> Line:
        name = f"segment[{number}]" if number else drafts.name_of(row)
        may = self.is_editable
        may_move = may and not isinstance(row, VersionKind)
        line = Line(
            name=name,
            anchor=anchor_of(row),
            title="" if title == said else title,
            words=said,
            edit=_address(row, "change") if may else "",
            remove=_address(row, "delete") if may else "",
            up=_address(row, "move", "up") if may_move else "",
            down=_address(row, "move", "down") if may_move else "",
        )
        self.lines[name] = line
        return line

    def _add(self, model: type[Model], label: str, *, grants: str = "") -> tuple[str, str]:
        if not self.is_editable:
            return "", ""
        address = address_to_add(model, self.version)
        return (f"{address}&grants={grants}" if grants else address), label


def _ordered(rows: Any) -> list[Any]:
    return sorted(rows.all(), key=lambda row: (row.position, row.pk))


def _address(row: Model, page: str, *args: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=[row.pk, *args])


def _anchor_of_part(name: str) -> str:
    """Return the anchor of the section or input that a problem without a row belongs to."""
    part = name.partition("[")[0]
    if part.startswith("levels."):
        return "part-" + ".".join(part.split(".")[:2])
    part = part.partition(".")[0]
    return f"part-{part}" if part in PARTS else ""


PARTS = frozenset({*drafts.PARTS.values(), "signals", "exclusions"})
"""Names of the sheet's sections."""
