"""The embedded PostgreSQL, each way that this account can run it."""

import os
import stat
from collections.abc import Iterator

import psycopg
import pytest

from launcher import postgres
from launcher.places import Place


@pytest.fixture
def server(place: Place) -> Iterator[postgres.Server]:
    server = postgres.Server(place, way=postgres.the_way(place))
    yield server
    server.process.stop()


def count_ways() -> int:
    return 3 if os.geteuid() == 0 else 1


@pytest.mark.parametrize("number", range(count_ways()))
def test_start_each_way(place: Place, number: int) -> None:
    ways = postgres.ways(place)
    if number >= len(ways):
        pytest.skip("this machine has fewer ways")
    server = postgres.Server(place, way=ways[number])
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("crm_handoff",)
        server.process.stop()
        assert not (server.data / "postmaster.pid").exists()
    finally:
        server.process.stop()


def test_ways_change_on_the_same_data(place: Place) -> None:
    ways = [way for way in postgres.ways(place) if way.account is None]
    for way in (*ways, *ways):
        server = postgres.Server(place, way=way)
        server.start()
        server.process.stop()


def test_password_is_asked_for_and_kept_private(server: postgres.Server, place: Place) -> None:
    server.start()

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(server.password, "guess"))
    assert stat.S_IMODE((place.folder / "postgres.password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert server.password not in " ".join(server.process.command)


def test_extensions_that_the_product_needs_are_there(server: postgres.Server) -> None:
    server.start()

    with psycopg.connect(server.url) as connection:
        for extension in ("btree_gist", "pg_trgm"):
            connection.execute(f"CREATE EXTENSION {extension}")


def test_half_made_data_are_made_again(server: postgres.Server) -> None:
    half_made = server.data.with_name("postgres.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18")

    server.start()

    assert not half_made.exists()


@pytest.mark.parametrize(
    "content",
    ["", "no number\n", "999999999\n", f"{os.getpid()}\n"],
    ids=["empty", "no number", "nobody", "somebody else"],
)
def test_stale_pid_file_does_not_matter(server: postgres.Server, content: str) -> None:
    server.start()
    server.process.stop()
    (server.data / "postmaster.pid").write_text(content)

    server.start()

    assert not server.process.has_ended()


def test_server_left_over_from_an_earlier_run_is_ended(place: Place) -> None:
    way = postgres.the_way(place)
    earlier, later = postgres.Server(place, way=way), postgres.Server(place, way=way)
    earlier.start()

    later.start()

    assert earlier.process.has_ended()
    later.process.stop()
