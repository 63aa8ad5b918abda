"""What is broken or hostile is refused or shown as text; its neighbours and the process go on."""

import gzip
import http.client
import json

import pytest
from fluoro import HEADER
from segments import documents, is_stored, segment, summaries
from waiting import eventually

NEST = 1_000_000


def packet(document):
    return HEADER + json.dumps(document).encode()


def good_is_taken(server, xray):
    """The process still works."""
    document = segment("good")
    server.send_documents(document)
    eventually("a good segment after bad input", lambda: is_stored(xray, document["trace_id"]))


def refused(server, door):
    """Counts by reason, as /metrics tells them."""
    status, body = server.get("/metrics")
    assert status == 200
    counts = {}
    for line in body.decode().splitlines():
        if line.startswith("fluoro_ingest_refused_documents_total{") and f'door="{door}"' in line:
            labels, value = line.rsplit(" ", 1)
            counts[labels.split('reason="')[1].split('"')[0]] = float(value)
    return counts


def nested(depth):
    """A segment of about 64 KB at most whose subsegments lie in each other, `depth` times."""
    begin = json.dumps(segment("deep"))[:-1]
    return begin + ', "subsegments": [' + '{"subsegments":[' * depth + "]}" * depth + "]}"


BAD_PACKETS = {
    "no line feed": b'{"format":"json","version":1}',
    "no document": HEADER,
    "an empty header": b"\n{}",
    "another version": b'{"format":"json","version":2}\n' + json.dumps(segment()).encode(),
    "another format": b'{"format":"xml","version":1}\n<segment/>',
    "noise": bytes(range(256)) * 8,
    "no JSON": HEADER + b"not json",
    "an array": HEADER + b"[]",
    "a cut document": packet(segment())[:-20],
    "no id": packet({key: value for key, value in segment().items() if key != "id"}),
    "a wrong trace id": packet(segment(trace_id="1-2-3")),
    "no name": packet({key: value for key, value in segment().items() if key != "name"}),
    "deep nesting": HEADER + nested(3000).encode(),
}


@pytest.mark.parametrize("name", BAD_PACKETS)
def test_a_bad_packet_is_counted_and_does_no_harm(name, server, xray):
    server.send(BAD_PACKETS[name])
    eventually("a refusal in /metrics", lambda: sum(refused(server, "udp").values()) == 1)
    good_is_taken(server, xray)
    [summary] = eventually("a summary after bad input", lambda: summaries(xray, server.window()))
    assert summary["EntryPoint"]["Name"] == "good"


def test_bytes_that_are_no_text_are_marked_and_nothing_else_is_lost(server, xray):
    server.send(HEADER + json.dumps(segment("x")).encode().replace(b'"x"', b'"\xff\xfe"'))
    [summary] = eventually("the mended segment", lambda: summaries(xray, server.window()))
    assert summary["EntryPoint"]["Name"] == "\ufffd\ufffd"
    good = json.dumps(json.dumps(segment("good")))
    connection = http.client.HTTPConnection(server.http, timeout=15)
    body = b'{"TraceSegmentDocuments": ["\xff\xfe", ' + good.encode() + b"]}"
    connection.request("POST", "/TraceSegments", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    [refused_one] = json.load(answer)["UnprocessedTraceSegments"]
    assert refused_one["ErrorCode"] == "ParseError"
    names = lambda: {one["EntryPoint"]["Name"] for one in summaries(xray, server.window())}
    eventually("the good one of the batch", lambda: "good" in names())


@pytest.mark.parametrize("time", ["1e400", "-1e400", "1e300", "-5", "0", "1e-400"])
def test_an_impossible_time_does_no_harm(time, server, xray):
    text = json.dumps(segment("odd")).replace('"start_time": ', f'"start_time": {time}, "was": ')
    server.send(HEADER + text.encode())
    text = json.dumps(segment("odd")).replace('"end_time": ', f'"end_time": {time}, "was": ')
    server.send(HEADER + text.encode())
    good_is_taken(server, xray)
    eventually(
        "a summary after an impossible time",
        lambda: [one for one in summaries(xray, server.window()) if one["EntryPoint"]["Name"] == "good"],
    )
    assert xray.get_service_graph(**server.window())["Services"]


def test_a_bad_document_does_not_harm_its_neighbours(server, xray):
    good = [segment(), segment()]
    bad = [
        "not json",
        "[]",
        nested(3000),
        json.dumps(segment(id="zz")),
        json.dumps({**segment(), "in_progress": True}),
        json.dumps(segment(name="x" * 70_000)),
    ]
    everything = [json.dumps(good[0]), *bad, json.dumps(good[1])]
    answer = xray.put_trace_segments(TraceSegmentDocuments=everything)
    codes = [reject["ErrorCode"] for reject in answer["UnprocessedTraceSegments"]]
    assert len(codes) == len(bad), codes
    assert codes[0] == "ParseError"
    assert "InvalidId" in codes
    assert "InProgressSegmentHasEndTime" in codes
    assert is_stored(xray, *(document["trace_id"] for document in good))


def put(server, body, headers=None):
    """Status and body of the answer; 413 where the server hung up before it had read all."""
    connection = http.client.HTTPConnection(server.http, timeout=15)
    headers = {"Content-Type": "application/json", **(headers or {})}
    try:
        connection.request("POST", "/TraceSegments", body, headers)
    except (BrokenPipeError, ConnectionResetError):
        # The answer may be there all the same: a server need not read what it will not take.
        pass
    try:
        response = connection.getresponse()
        return response.status, response.read()
    except ConnectionResetError:
        return 413, b"connection reset"
    finally:
        connection.close()


def envelope(*texts):
    return json.dumps({"TraceSegmentDocuments": texts}).encode()


def test_a_million_nested_subsegments_are_refused(server, xray):
    status, body = put(server, envelope(nested(NEST), json.dumps(segment())))
    # As a document too large, or as a request too large: not as a crash.
    assert status in (200, 400, 413), body
    if status == 200:
        assert len(json.loads(body)["UnprocessedTraceSegments"]) == 1
    good_is_taken(server, xray)


def test_an_oversized_body_is_refused(server, xray):
    status, body = put(server, envelope("x" * (40 << 20)))
    assert status in (400, 413), body
    good_is_taken(server, xray)


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(server, xray):
    bomb = gzip.compress(envelope("0" * (200 << 20)), compresslevel=9)
    assert len(bomb) < 1 << 20
    status, body = put(server, bomb, {"Content-Encoding": "gzip"})
    assert status in (400, 413), body
    good_is_taken(server, xray)


def test_a_gzipped_body_is_taken(server, xray):
    document = segment()
    status, body = put(server, gzip.compress(envelope(json.dumps(document))), {"Content-Encoding": "gzip"})
    assert (status, json.loads(body)["UnprocessedTraceSegments"]) == (200, [])
    assert is_stored(xray, document["trace_id"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x1f\x8b\x08\x00broken", id="broken gzip"),
        pytest.param(gzip.compress(envelope(json.dumps(segment())))[:-9], id="cut gzip"),
    ],
)
def test_broken_gzip_is_refused(body, server, xray):
    status, answer = put(server, body, {"Content-Encoding": "gzip"})
    assert status == 400, answer
    good_is_taken(server, xray)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"{", "SerializationException", id="cut JSON"),
        pytest.param(b'{"TraceSegmentDocuments": [1]}', "SerializationException", id="a number"),
        pytest.param(b'{"TraceSegmentDocuments": []}', "InvalidRequestException", id="an empty list"),
        pytest.param(b"{}", "ValidationException", id="no list"),
    ],
)
def test_a_bad_request_names_its_error(body, error, server):
    connection = http.client.HTTPConnection(server.http, timeout=15)
    connection.request("POST", "/TraceSegments", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    assert response.status == 400
    assert response.headers["x-amzn-errortype"].split(":")[0] == error


def test_a_name_of_markup_is_refused_or_shown_as_text(server, xray):
    name = "<script>alert(1)</script>"
    named = segment(name)
    noted = segment("shop", annotations={"note": name}, user=name)
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(named), json.dumps(noted)])
    rejects = answer["UnprocessedTraceSegments"]
    if rejects:
        assert [(reject["Id"], reject["ErrorCode"]) for reject in rejects] == [(named["id"], "InvalidName")]
    else:
        assert documents(xray, named["trace_id"])[named["trace_id"]][0]["name"] == name
    [stored] = documents(xray, noted["trace_id"])[noted["trace_id"]]
    assert stored["annotations"]["note"] == name
    # Whatever a browser is given by mistake, it is not taken for a page.
    status, body = server.get("/TraceSegments")
    assert b"<script>alert(1)" not in body
