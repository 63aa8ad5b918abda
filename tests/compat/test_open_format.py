"""The parts are plain Parquet: DuckDB reads what the API counts, and a directory moves as one file."""

import json
import subprocess

import duckdb
import pytest
from fluoro import Server, binary
from segments import graph, summaries
from test_demo import complete, demo

NODES = "SELECT \"group\", node, node_kind, sum(ok + error + throttle + fault)::BIGINT AS requests FROM minutes"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A data directory after a demo, with what the API said of it, and its documents."""
    server = Server(tmp_path_factory.mktemp("open") / "data").start()
    xray = server.xray()
    account = demo(server, "--duration", "3s", "--rate", "120")
    complete(server, xray, account)
    found = summaries(xray, server.window())
    nodes, _ = graph(xray, server.window())
    server.stop()
    return server.data_dir, found, nodes


@pytest.fixture
def tables(stopped):
    """The three tables as DuckDB sees them."""
    connection = duckdb.connect()
    for table in ("spans", "traces", "minutes"):
        files = str(stopped[0] / "parts" / f"{table}-*.parquet")
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}')")
    return connection


def store(*arguments):
    done = subprocess.run([binary(), "store", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def test_traces_have_what_summaries_say(stopped, tables):
    rows = tables.execute(
        "SELECT lower(hex(trace_id)), fault, error, http_url, epoch_us(\"start\") FROM traces"
    ).fetchall()
    expected = {summary["Id"]: summary for summary in stopped[1]}
    by_id = {f"1-{digits[:8]}-{digits[8:]}": rest for digits, *rest in rows}
    assert set(by_id) == set(expected)
    for trace, (fault, error, url, start) in by_id.items():
        summary = expected[trace]
        assert (fault, error) == (summary["HasFault"], summary["HasError"])
        assert url == summary["Http"].get("HttpURL")
        assert abs(start / 1e6 - summary["StartTime"].timestamp()) < 0.001


def test_spans_hold_each_document_as_it_was_received(stopped, tables):
    rows = tables.execute(
        "SELECT lower(hex(trace_id)), lower(hex(id)), name, document FROM spans WHERE document IS NOT NULL"
    ).fetchall()
    assert len(rows) == tables.execute("SELECT count(DISTINCT sequence) FROM spans").fetchone()[0]
    for trace, entity, name, text in rows:
        document = json.loads(text)
        assert document["trace_id"].replace("-", "")[1:] == trace
        assert (document["id"], document["name"]) == (entity, name)
    traces = tables.execute("SELECT count(DISTINCT trace_id) FROM spans").fetchone()[0]
    assert traces == len(stopped[1])


def test_minutes_add_up_to_the_map(stopped, tables):
    rows = tables.execute(f"{NODES} WHERE target IS NULL GROUP BY ALL HAVING requests > 0").fetchall()
    counted = {(node, kind): requests for group, node, kind, requests in rows if group == "Default"}
    assert counted["storefront", "AWS::ECS::Container"] > 0
    for (name, kind), node in stopped[2].items():
        statistics = node.get("SummaryStatistics")
        if statistics and statistics["TotalCount"]:
            assert counted[name, kind] == statistics["TotalCount"], name


def test_annotations_are_searched_with_sql(tables):
    query = "SELECT count(*) FROM traces WHERE list_contains(annotations, 'tenant=acme')"
    by_list = tables.execute(query).fetchone()[0]
    by_document = tables.execute(
        "SELECT count(DISTINCT trace_id) FROM spans WHERE document ->> '$.annotations.tenant' = 'acme'"
    ).fetchone()[0]
    assert by_list == by_document > 0


def test_the_directory_is_sound_and_its_export_is_parquet(stopped, tables, tmp_path):
    code, report = store("check", "--deep", "--json", stopped[0])
    report = json.loads(report)
    assert (code, report["damage"]) == (0, [])
    assert report["summary"]["digests_compared"] == len(stopped[1])
    out = tmp_path / "spans.parquet"
    assert store("export", stopped[0], "--format", "parquet", "--from", "1h", "-o", out)[0] == 0
    both = [f"read_parquet('{out}')", "spans"]
    exported, kept = [tables.execute(f"SELECT count(*), sum(sequence) FROM {one}").fetchone() for one in both]
    assert exported == kept
