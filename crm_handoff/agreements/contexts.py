"""Two contents side by side: what their rows are called, and which stages feel a change."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_handoff.agreements import values, words
from definitions.document import criteria_of
from definitions.vocabulary import Path, RuleStage

Row = Mapping[str, Any]


class Context:
    """A content before and after; names are those of after, where it has them still."""

    def __init__(self, before: Row, after: Row) -> None:
        self.before = before
        self.after = after

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the labels of criteria by key."""
        return words.labels_of(self.before) | words.labels_of(self.after)

    @cached_property
    def questions(self) -> dict[str, str]:
        """Return the texts of questions by key."""
        return words.questions_of(self.before) | words.questions_of(self.after)

    @cached_property
    def criteria(self) -> tuple[Row, Row]:
        """Return the criteria before and after, by key."""
        before, after = (
            {key: row for _dimension, _level, key, row in criteria_of(content)}
            for content in (self.before, self.after)
        )
        return before, after

    def rows(self, part: str, key: str) -> tuple[Row, Row]:
        """Return a row of a keyed part that both contents have."""
        if part == "criteria":
            before, after = self.criteria
            return before[key], after[key]
        if part == "stages":
            return _stages(self.before)[key], _stages(self.after)[key]
        return self.before[part][key], self.after[part][key]

    def place(self, name: str, key: str, *, within: Sequence[Row] = ()) -> str:
        """Say for what a criterion counts: "SQL engagement", "MQL direct, criteria floor".

        name: where it stands, as a change names it ("engagement.high", "signals", "exclusions").
        within: the contents that are asked; both when there is none.
        """
        contents = within or (self.after, self.before)
        if name == "exclusions":
            return _("Do not pass on")
        users = self.level_users(name, within=contents) if name != "signals" else []
        users += self._named_by(key, contents)
        return ", ".join(dict.fromkeys(users)) or words.quoted(self.labels.get(key, key))

    def level_users(self, name: str, *, within: Sequence[Row] = ()) -> list[str]:
        """Name the stages that ask for exactly a level ("engagement.high"), with its dimension.

        The level itself where no stage asks for exactly that one.
        """
        dimension, level = name.split(".")
        contents = within or (self.after, self.before)
        names = _names(lambda row: row.get(dimension) == level, contents)
        if names:
            said = {"stages": ", ".join(names), "dimension": values.plain(dimension)}
            return [_("%(stages)s %(dimension)s") % said]
        return [self.level_name(name)]

    def level_name(self, name: str) -> str:
        """Name a level: "Engagement high"."""
        dimension, level = name.split(".")
        said = {"dimension": values.plain(dimension), "level": values.plain(level)}
        return capfirst(_("%(dimension)s %(level)s") % said)

    def _named_by(self, key: str, contents: Sequence[Row]) -> list[str]:
        """Name what asks for a criterion by its key: stages, the floor, SLA terms."""
        users = dict.fromkeys(_names(lambda row: key in row.get("criteria", ()), contents))
        for content in contents:
            if key in (content.get("floor") or {}).get("criteria", ()):
                users[_("criteria floor")] = None
            for term in (content.get("sla_terms") or {}).values():
                if key in (term.get("when") or {}).get("criteria", ()):
                    users[_("promise “%(term)s”") % {"term": term["label"]}] = None
        return list(users)


def _names(is_meant: Callable[[Row], bool], contents: Sequence[Row]) -> list[str]:
    """Name the stages of the rules that are meant, lowest first.

    With the paths only where not all paths to the stage are meant.
    """
    rules = [row for content in contents for row in content.get("stages") or ()]
    names = []
    for stage in RuleStage:
        there = {row["path"] for row in rules if row["stage"] == stage}
        meant = {row["path"] for row in rules if row["stage"] == stage and is_meant(row)}
        if meant:
            names.append(_stage(stage, [path for path in Path if path in meant], there))
    return names


def _stage(stage: RuleStage, paths: list[Path], there: set[str]) -> str:
    if set(paths) == there:
        return stage.upper()
    if len(paths) == 1:
        return words.stage_name(stage, paths[0])
    said = {"stage": stage.upper(), "paths": ", ".join(str(words.PATHS[path]) for path in paths)}
    return _("%(stage)s (%(paths)s)") % said


def _stages(content: Row) -> dict[str, Row]:
    return {f"{row['stage']}.{row['path']}": row for row in content["stages"]}
