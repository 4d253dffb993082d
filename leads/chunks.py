"""A file's bytes, kept in the database in pieces while its import goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from leads.models import ImportChunk, ImportRun

CHUNK = 1 << 20
"""Bytes of a piece of a file."""


def store(run: ImportRun, file: BinaryIO) -> None:
    """Keep the bytes of a file, from its beginning, with the run."""
    file.seek(0)
    place = 0
    while data := file.read(CHUNK):
        ImportChunk.objects.create(run=run, place=place, data=data)
        place += 1


@contextmanager
def opened(run: ImportRun) -> Iterator[BinaryIO]:
    """Open the file that was kept with the run; it lies on the disk meanwhile."""
    with TemporaryFile() as file:
        place = 0
        while data := _piece(run, place):
            file.write(data)
            place += 1
        file.seek(0)
        yield cast(BinaryIO, file)


def _piece(run: ImportRun, place: int) -> bytes:
    found = ImportChunk.objects.filter(run=run, place=place).values_list("data", flat=True)
    return bytes(found.first() or b"")
