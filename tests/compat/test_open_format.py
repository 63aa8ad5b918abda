"""The parts are plain Parquet: DuckDB reads what the API counts, and a directory moves as one file."""

import json
import re
import secrets
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
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}', file_row_number = true)")
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


COLUMNS = "trace_id, ids, name, epoch_us(\"start\") AS \"start\", duration, origin, namespace, http_method, http_url, http_status, user"
MARKED = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")


def seconds(micros, is_short):
    text = f"{micros // 1_000_000}.{micros % 1_000_000:06}"
    return text.rstrip("0").rstrip(".") if is_short else text


def text_of(mark, row):
    """What a row has for a mark, as docs/format/parts.md says."""
    digits = row["trace_id"].hex()
    names = {4: "name", 0x0B: "origin", 0x0C: "namespace", 0x0E: "http_method", 0x0F: "http_url", 0x10: "http_status"}
    if mark in names:
        return str(row[names[mark]])
    if mark in (5, 6):
        return seconds(row["start"], mark == 6)
    if mark in (7, 8):
        return seconds(row["start"] + row["duration"], mark == 8)
    return {1: lambda: f"1-{digits[:8]}-{digits[8:]}", 2: lambda: row["ids"][0].hex(), 3: lambda: row["ids"][1].hex(), 0x11: lambda: row["user"]}[mark]()


def document(rows):
    """The document of which these are the rows."""
    rest = iter(rows[0]["rest"])
    waiting = iter([(row, iter(zip(row["annotation_keys"].split("\n"), row["annotation_values"]))) for row in rows])
    opened = [next(waiting)]
    pair = None

    def fill(found):
        nonlocal pair
        mark = ord(found.group())
        row, annotations = opened[-1]
        if mark == 0x12:
            pair = next(annotations)
            return pair[0]
        if mark in (0x13, 0x14):
            return pair[1] if mark == 0x13 else ""
        if mark == 0x15:
            return next(rest)
        if mark == 0x16:
            opened.append(next(waiting))
            return ""
        if mark == 0x17:
            opened.pop()
            return ""
        return text_of(mark, row)

    return MARKED.sub(fill, rows[0]["template"])


def test_spans_hold_each_document_as_it_was_received(stopped, tables):
    found = tables.execute(
        f"SELECT sequence, {COLUMNS}, annotation_keys, annotation_values, rest, template FROM spans ORDER BY file_row_number"
    )
    columns = [column[0] for column in found.description]
    documents = {}
    for values in found.fetchall():
        row = dict(zip(columns, values))
        documents.setdefault(row["sequence"], []).append(row)
    code, exported = store("export", stopped[0], "-o", "-")
    assert code == 0
    received = sorted(line.split('"document":', 1)[1][:-1] for line in exported.splitlines())
    assert sorted(document(rows) for rows in documents.values()) == received
    for text in received:
        json.loads(text)
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


def test_annotations_are_searched_with_sql(stopped, tables, tmp_path):
    export = tmp_path / "traces.parquet"
    assert store("export", stopped[0], "--format", "parquet", "--table", "traces", "-o", export)[0] == 0
    contains = "list_contains(annotations, {'key': 'tenant', 'value': 'acme'})"
    by_list = tables.execute(f"SELECT count(*) FROM read_parquet('{export}') WHERE {contains}").fetchone()[0]
    value = "annotation_values[list_position(string_split(annotation_keys, chr(10)), 'tenant')]"
    by_span = tables.execute(f"SELECT count(DISTINCT trace_id) FROM spans WHERE {value} = 'acme'").fetchone()[0]
    assert by_list == by_span > 0


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


def test_encrypted_parts_open_with_the_key_alone(tmp_path):
    key = secrets.token_bytes(32)
    key_file = tmp_path / "store.key"
    key_file.write_text(key.hex() + "\n")
    key_file.chmod(0o600)
    server = Server(tmp_path / "data", "--encryption-key", str(key_file)).start()
    xray = server.xray()
    account = demo(server, "--duration", "3s", "--rate", "120")
    complete(server, xray, account)
    found = summaries(xray, server.window())
    config = xray.get_encryption_config()["EncryptionConfig"]
    assert (config["Type"], config["Status"]) == ("KMS", "ACTIVE")
    assert xray.put_encryption_config(Type="KMS", KeyId=config["KeyId"])["EncryptionConfig"] == config
    server.stop()

    files = [path for path in server.data_dir.rglob("*") if path.suffix in (".parquet", ".log")]
    assert files and not [path for path in files if b"storefront" in path.read_bytes()]
    connection = duckdb.connect()
    parts = f"read_parquet('{server.data_dir}/parts/traces-*.parquet'"
    with pytest.raises(duckdb.Error):
        connection.execute(f"SELECT count(*) FROM {parts})")
    out = tmp_path / "traces.parquet"
    arguments = ["--format", "parquet", "--table", "traces", "-o", out]
    assert store("export", server.data_dir, *arguments)[0] == 1
    assert store("export", server.data_dir, "--encryption-key", key_file, *arguments)[0] == 0
    count = connection.execute(f"SELECT count(DISTINCT trace_id) FROM read_parquet('{out}')").fetchone()[0]
    assert count == len(found)

    assert store("check", server.data_dir)[0] == 1
    code, report = store("check", "--deep", "--json", "--encryption-key", key_file, server.data_dir)
    assert (code, json.loads(report)["damage"]) == (0, [])
    command = [binary(), "serve", "--bind", "127.0.0.1:0", "--data-dir", str(server.data_dir)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1 and config["KeyId"] in refused.stdout + refused.stderr
    server.start()
    assert len(summaries(server.xray(), {**server.window(), "StartTime": server.started_at - 600})) == len(found)
    server.stop()


def test_an_export_comes_back_from_both_formats(stopped, tmp_path):
    for form in ("xray-json", "parquet"):
        out, data, again = tmp_path / form, tmp_path / f"{form}-data", tmp_path / f"{form}-again"
        assert store("export", stopped[0], "--format", form, "-o", out)[0] == 0
        assert store("import", data, out)[0] == 0
        code, report = store("check", "--deep", "--json", data)
        report = json.loads(report)
        assert (code, report["damage"]) == (0, [])
        assert report["summary"]["digests_compared"] == len(stopped[1])
        assert store("export", data, "--format", "xray-json", "-o", again)[0] == 0
        first = tmp_path / "xray-json"
        assert sorted(again.read_text().splitlines()) == sorted(first.read_text().splitlines())
