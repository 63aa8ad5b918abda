"""A flipped bit costs the file that it is in: it is named everywhere, and everything else keeps answering."""

import json
import shutil
import signal
import subprocess

import pytest
from fluoro import Server, binary
from segments import documents, graph, is_stored, segment, summaries
from test_demo import complete, demo
from waiting import eventually

ERRORS = ("panicked", "internal error")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A data directory with parts and a log, what was found in it, and a trace that is only in the log."""
    server = Server(tmp_path_factory.mktemp("damage") / "data").start()
    account = demo(server, "--duration", "3s", "--rate", "120")
    complete(server, server.xray(), account)
    found = summaries(server.xray(), server.window())
    server.stop()
    window = server.window()
    server.start()
    late = segment("in-the-log")
    server.xray().put_trace_segments(TraceSegmentDocuments=[json.dumps(late)])
    server.stop()
    return server.data_dir, window, found, late["trace_id"]


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def harmed(kept, tmp_path, kind):
    """A copy of the directory with one bit of a file flipped, and the file's name."""
    data_dir = tmp_path / "data"
    shutil.copytree(kept[0], data_dir)
    folder = data_dir / ("log" if kind == "log" else "parts")
    pattern = "*.log" if kind == "log" else f"{kind}-*.parquet"
    # The header of a log file that has nothing in it yet is nothing to lose.
    file = max(folder.glob(pattern), key=lambda path: path.stat().st_size)
    # In the log, the document, which a commit follows.
    flip(file, 80 if kind == "log" else file.stat().st_size // 2)
    return data_dir, file.name


def metric(server, name):
    _, text = server.get("/metrics")
    lines = [line for line in text.decode().splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].split()[1])


def damaged(server):
    return json.loads(server.get("/api/status")[1])["store"]["damaged"]


def ask(server, window):
    """Every kind of question; each must have an answer, whatever is missing in it."""
    xray = server.xray()
    window = {**window, "EndTime": server.window()["EndTime"]}
    return summaries(xray, window), graph(xray, window)[0]


@pytest.mark.parametrize("kind", ["spans", "traces", "minutes", "log"])
def test_a_flipped_bit_costs_its_file_and_is_named(kept, tmp_path, kind):
    _, window, before, late = kept
    data_dir, name = harmed(kept, tmp_path, kind)
    for start in range(2):
        server = Server(data_dir).start()
        xray = server.xray()
        found, nodes = ask(server, window)
        old = documents(xray, *(summary["Id"] for summary in before[:5]))
        assert damaged(server) == [name]
        assert metric(server, "fluoro_store_damaged_files") == 1
        assert bool(old) == (kind != "spans")
        assert (len(found) > 5) == (kind != "traces")
        assert ("storefront", "AWS::ECS::Container") in nodes or kind == "minutes"
        assert is_stored(xray, late) == (kind != "log")
        fresh = segment("after")
        xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(fresh)])
        assert is_stored(xray, fresh["trace_id"])
        server.process.end(signal.SIGTERM, 10)
        output = server.process.output
        assert not [line for line in output if any(error in line for error in ERRORS)]
        # Once it is set aside it is old news.
        if start == 0:
            assert [line for line in output if " ERROR " in line and name in line and "damaged" in line], output


def test_of_a_damaged_manifest_the_copy_counts(kept, tmp_path):
    _, window, before, _ = kept
    data_dir = tmp_path / "data"
    shutil.copytree(kept[0], data_dir)
    flip(data_dir / "manifest.json", 200)
    server = Server(data_dir).start()
    assert len(ask(server, window)[0]) >= len(before)
    assert damaged(server) == []
    server.process.end(signal.SIGTERM, 10)
    assert any("going on with its copy" in line for line in server.process.output)


def test_damaged_settings_end_the_start_with_one_message(kept, tmp_path):
    data_dir = tmp_path / "data"
    shutil.copytree(kept[0], data_dir)
    flip(data_dir / "settings.db", 3)
    command = [binary(), "serve", "--bind", "127.0.0.1:0", "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and "settings.db" in text and "panicked" not in text, text
