"""What was acknowledged is there after `kill -9`; what was accepted is there after a stop."""

import json
import subprocess
import threading

from fluoro import Server, binary
from segments import is_stored, segment, summaries
from waiting import eventually

KILLS = 24
SENDERS = 4
ENOUGH = 40


def send_until_killed(server, acknowledged):
    """Puts batches until the server is gone; notes the traces of those that were answered."""
    xray = server.xray()
    while True:
        batch = [segment("durable") for _ in range(5)]
        try:
            answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(one) for one in batch])
        except Exception:  # noqa: BLE001  whatever the client makes of a server that was killed
            return
        assert answer["UnprocessedTraceSegments"] == []
        acknowledged.extend(one["trace_id"] for one in batch)
        # Through the other door too, which promises less: it must not be counted twice either.
        server.send_documents(segment("durable"))


def test_what_was_acknowledged_survives_one_kill_after_another(tmp_path):
    server = Server(tmp_path / "data")
    acknowledged = []
    window = None
    for _ in range(KILLS):
        server.start()
        window = window or server.window()
        enough = len(acknowledged) + ENOUGH
        senders = [
            threading.Thread(target=send_until_killed, args=(server, acknowledged))
            for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        # In the middle of the load, so that some requests are under way.
        eventually("acknowledgements", lambda: len(acknowledged) >= enough)
        server.kill()
        for sender in senders:
            sender.join()

    server.start()
    xray = server.xray()
    window["EndTime"] = server.window()["EndTime"]
    assert is_stored(xray, *acknowledged), "every acknowledged trace is back by its id"
    # A request under way when the server was killed may be there too; none is counted twice.
    eventually(
        "acknowledged traces in GetServiceGraph after a kill",
        lambda: node_count(xray, window) == len(summaries(xray, window)) >= len(acknowledged),
    )
    server.stop()


def node_count(xray, window):
    services = xray.get_service_graph(**window)["Services"]
    nodes = [service for service in services if service["Name"] == "durable" and service.get("Type") is None]
    return sum(node["SummaryStatistics"]["TotalCount"] for node in nodes)


def test_what_was_sent_by_udp_survives_a_stop(tmp_path):
    server = Server(tmp_path / "data").start()
    sent = [segment("durable") for _ in range(50)]
    server.send_documents(*sent)
    eventually("datagrams in BatchGetTraces", lambda: is_stored(server.xray(), sent[-1]["trace_id"]))
    seconds = server.stop()
    assert seconds < 5

    server.start()
    assert is_stored(server.xray(), *(document["trace_id"] for document in sent))
    server.stop()


def test_stopping_twice_in_a_row_loses_nothing(tmp_path):
    server = Server(tmp_path / "data")
    sent = []
    for _ in range(3):
        server.start()
        document = segment("again")
        server.xray().put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
        sent.append(document["trace_id"])
        assert is_stored(server.xray(), *sent)
        server.stop()


def refused_start(*arguments):
    """Starts a server that cannot start; gives what it said."""
    command = [binary(), "serve", "--bind", "127.0.0.1:0", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -11), done
    text = done.stdout + done.stderr
    assert "panicked" not in text, text
    assert "ready http" not in text, text
    return text


def test_a_data_directory_in_use_is_one_clear_message(server):
    text = refused_start("--data-dir", server.data_dir)
    assert str(server.data_dir) in text


def test_a_data_directory_that_is_a_file_is_one_clear_message(tmp_path):
    file = tmp_path / "file"
    file.write_text("not a directory")
    text = refused_start("--data-dir", file)
    assert str(file) in text


def test_a_port_in_use_is_one_clear_message(server, tmp_path):
    command = [binary(), "serve", "--bind", server.http, "--data-dir", str(tmp_path / "other")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert server.http in done.stdout + done.stderr
