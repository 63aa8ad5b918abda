"""What X-Ray is known to do, statement by statement, as boto3 sees it of the real binary and its own store."""

import json
import secrets
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from segments import by_name, documents, graph, segment, summaries, trace_id
from waiting import eventually

NO_CONTENT = object()


def entity_id():
    return secrets.token_hex(8)


class Trace:
    """Documents of one trace; times are seconds after its beginning."""

    def __init__(self, server, xray):
        self.server, self.xray = server, xray
        self.id = trace_id()
        self.begin = time.time() - 20
        self.sent = 0

    def entity(self, name, start, end, **members):
        over = {"in_progress": True} if end is None else {"end_time": self.begin + end}
        return {"name": name, "id": entity_id(), "start_time": self.begin + start, **over, **members}

    def segment(self, name, start, end, **members):
        return self.entity(name, start, end, trace_id=self.id, **members)

    def late(self, parent, name, start, end, **members):
        """A subsegment that is sent by itself."""
        return self.segment(name, start, end, parent_id=parent, type="subsegment", **members)

    def send(self, *sent):
        answer = self.xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document) for document in sent])
        assert answer["UnprocessedTraceSegments"] == []
        self.sent += len(sent)

    def summary(self):
        """Of everything that was sent so far."""

        def newest():
            found = summaries(self.xray, self.server.window())
            return next((each for each in found if each["Id"] == self.id and each["Revision"] == self.sent), None)

        return eventually("a summary of all documents", newest)

    def graph(self):
        return by_name(self.xray.get_trace_graph(TraceIds=[self.id])["Services"])

    def documents(self):
        return documents(self.xray, self.id).get(self.id, NO_CONTENT)


@pytest.fixture
def trace(server, xray):
    return Trace(server, xray)


def counts(statistics):
    errors, faults = statistics["ErrorStatistics"], statistics["FaultStatistics"]
    assert errors["TotalCount"] == errors["ThrottleCount"] + errors["OtherCount"]
    assert statistics["TotalCount"] == statistics["OkCount"] + errors["TotalCount"] + faults["TotalCount"]
    return statistics["OkCount"], errors["ThrottleCount"], errors["OtherCount"], faults["OtherCount"]


def test_a_child_may_come_before_its_parent(trace):
    parent = trace.segment("parent", 0, 2)
    trace.send(trace.late(parent["id"], "child", 0.5, 1))
    assert trace.documents() == []
    alone = trace.summary()
    assert alone["IsPartial"] and "Duration" not in alone and "EntryPoint" not in alone
    trace.send(parent)
    [whole] = trace.documents()
    [child] = whole["subsegments"]
    assert child["name"] == "child" and not {"type", "trace_id", "parent_id"} & set(child)
    assert (trace.summary()["IsPartial"], trace.summary()["Duration"]) == (False, 2)


def test_the_first_complete_version_of_a_segment_wins(trace):
    identity = {"id": entity_id()}
    trace.send(trace.segment("work", 0, None, **identity))
    assert (trace.summary()["IsPartial"], trace.summary().get("ResponseTime")) == (True, None)
    trace.send(trace.segment("work", 0, 1, in_progress=False, user="first", **identity))
    trace.send(trace.segment("work", 0, 5, user="second", **identity))
    summary = trace.summary()
    assert (summary["ResponseTime"], [user["UserName"] for user in summary["Users"]]) == (1, ["first"])
    assert summary["Revision"] == 3


def test_a_batch_is_taken_in_part(xray):
    good = [segment(subsegments={}), segment(subsegments=None), segment(start_time=2e9, end_time=1e9)]
    bad = [segment(subsegments=[None]), segment(subsegments=[[]]), segment(in_progress=True), segment(name="a?b")]
    mixed = [document for pair in zip(good + [segment()], bad) for document in pair]
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document) for document in mixed])
    codes = [(each["Id"], each["ErrorCode"]) for each in answer["UnprocessedTraceSegments"]]
    expected = ["UnknownType", "UnknownType", "InProgressSegmentHasEndTime", "InvalidName"]
    assert codes == [(document["id"], code) for document, code in zip(bad, expected)]


def test_inferred_nodes_go_when_the_callee_comes(trace):
    call = {"id": entity_id(), "namespace": "remote"}
    calls = [
        trace.entity("back.internal", 0.1, 0.9, **call),
        trace.entity("DynamoDB", 0.2, 0.3, namespace="aws", aws={"operation": "GetItem", "table_name": "orders"}),
        trace.entity("SNS", 0.3, 0.4, namespace="aws", aws={"topic_arn": "arn:aws:sns:eu-west-1:1:news"}),
        trace.entity("local", 0.4, 0.5),
    ]
    front = trace.segment("front", 0, 1, origin="AWS::EC2::Instance", subsegments=calls)
    trace.send(front)
    nodes, _ = trace.graph()
    resources = {("orders", "AWS::DynamoDB::Table"), ("SNS", "AWS::SNS")}
    front_nodes = {("front", "client"), ("front", "AWS::EC2::Instance")}
    assert set(nodes) == front_nodes | resources | {("back.internal", "remote")}
    assert {nodes[key]["State"] for key in resources} == {"unknown"}
    assert nodes["back.internal", "remote"]["State"] == "passive"
    inferred = [each for each in trace.documents() if each.get("inferred")]
    assert {each["parent_id"] for each in inferred} == {each["id"] for each in calls[:3]}
    trace.send(trace.segment("back", 0.2, 0.8, parent_id=call["id"]))
    nodes, edges = trace.graph()
    assert set(nodes) == front_nodes | resources | {("back", None)}
    edge = edges[("front", "AWS::EC2::Instance"), ("back", None)]
    [alias] = edge["Aliases"]
    assert (alias["Name"], alias["Type"]) == ("back.internal", "remote")
    # The caller waits for the network too.
    assert edge["SummaryStatistics"]["TotalResponseTime"] == 0.8
    assert nodes["back", None]["SummaryStatistics"]["TotalResponseTime"] == 0.6


def test_each_request_counts_once_and_a_client_has_no_statistics(server, xray):
    flags = {
        "throttled": {"throttle": True, "error": True, "fault": True},
        "faulty": {"fault": True, "error": True},
        "wrong": {"error": True},
        "fine": {},
    }
    server.send_documents(*(segment(name, **each) for name, each in flags.items()))
    nodes, edges = eventually(
        "all services on the map",
        lambda: (found := graph(xray, server.window())) and len(found[0]) == 2 * len(flags) and found,
    )
    found = {name: counts(nodes[name, None]["SummaryStatistics"]) for name in flags}
    assert found == {
        "throttled": (0, 1, 0, 0),
        "faulty": (0, 0, 0, 1),
        "wrong": (0, 0, 1, 0),
        "fine": (1, 0, 0, 0),
    }
    for name in flags:
        client = nodes[name, "client"]
        assert not {"SummaryStatistics", "DurationHistogram", "ResponseTimeHistogram"} & set(client)
        edge = edges[(name, "client"), (name, None)]
        assert counts(edge["SummaryStatistics"]) == found[name]


def test_work_after_the_response_is_duration_and_not_response_time(trace):
    worker = trace.segment("worker", 0, 1)
    trace.send(worker, trace.late(worker["id"], "tail", 0.9, 3))
    summary = trace.summary()
    assert (summary["ResponseTime"], summary["Duration"]) == (1, 3)
    node = trace.graph()[0]["worker", None]
    assert [entry["Value"] for entry in node["ResponseTimeHistogram"]] == [1]
    assert [entry["Value"] for entry in node["DurationHistogram"]] == [3]


def test_a_trace_without_its_root_has_no_response_time(trace):
    trace.send(trace.segment("orphan", 0, 1, parent_id=entity_id()))
    summary = trace.summary()
    assert summary["IsPartial"] and not {"ResponseTime", "EntryPoint"} & set(summary)
    assert summary["Duration"] == 1


@pytest.mark.parametrize(("share", "causes"), [(0.5, 0), (0.501, 1)])
def test_half_of_the_response_time_is_no_cause(trace, share, causes):
    trace.send(trace.segment("root", 0, 1, subsegments=[trace.entity("part", 0, share)]))
    summary = trace.summary()
    assert len(summary["ResponseTimeRootCauses"]) == causes
    for cause in summary["ResponseTimeRootCauses"]:
        [service] = cause["Services"]
        assert [(part["Name"], part["Coverage"]) for part in service["EntityPath"]] == [("root", 1), ("part", share)]
    kinds = [(service["Name"], service.get("Type")) for service in summary["ServiceIds"]]
    assert ("root", "client") in kinds and ("root", None) in kinds


def test_filters_mean_what_they_say(server, xray, trace):
    call = trace.entity("back.internal", 0.1, 0.9, namespace="remote", fault=True)
    annotations = {"tenant": "acme", "vip": False, "beta": True, "http.route": "/v1", "size": 3}
    http = {"request": {"method": "GET", "url": "http://shop/checkout"}, "response": {"status": 200}}
    front = trace.segment("front", 0, 1, user="ada", http=http, annotations=annotations, subsegments=[call])
    trace.send(front, trace.segment("back", 0.2, 0.8, parent_id=call["id"], fault=True))
    trace.summary()
    matching = [
        "ok !partial duration < 3",
        "user",
        'user CONTAINS "" !partial',
        "annotation.beta",
        "!annotation.vip",
        "annotation.vip = false",
        'annotation[http.route] = "/v1"',
        "annotation.size >= 3",
        "service() { fault }",
        'service("back")',
        'service(id(name: "back")) { fault AND responsetime < 0.7 }',
        'edge("front", "back") { fault }',
        'edge("front", "back.internal")',
        'HTTP.URL beginswith "http://shop/" and !service("cache")',
        "http.status = 200 OR fault",
        "(fault OR ok) AND NOT throttle",
    ]
    others = [
        "fault",
        "ok fault",
        "annotation.vip",
        "annotation.unknown",
        'annotation.size = "3"',
        'annotation.tenant = "ACME"',
        'service("front") { fault }',
        '!service("back")',
        'edge("back", "front")',
    ]
    assert [each for each in matching if len(summaries(xray, server.window(), each)) != 1] == []
    assert [each for each in others if summaries(xray, server.window(), each)] == []


@pytest.mark.parametrize(
    ("expression", "position", "symbol"),
    [("fault {", 6, "{"), ('service("a"){', 13, "<EOF>"), ("responsetime >> 1", 14, ">"), ("nonsense = 1", 0, "nonsense")],
)
def test_an_error_in_a_filter_has_its_place(server, xray, expression, position, symbol):
    with pytest.raises(ClientError) as caught:
        summaries(xray, server.window(), expression)
    error = caught.value.response["Error"]
    expected = f"Error Location: line 1, position {position} : Invalid input symbol: '{symbol}'"
    assert (error["Code"], error["Message"]) == ("InvalidRequestException", expected)


def test_errors_are_named_in_the_header_and_told_in_the_body(server):
    def refused(path, body):
        request = urllib.request.Request(server.url + path, data=json.dumps(body).encode(), method="POST")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=15)
        return caught.value.code, caught.value.headers["x-amzn-errortype"], json.loads(caught.value.read())

    status, name, body = refused("/TraceSegments", {"TraceSegmentDocuments": []})
    assert (status, name, body["Message"]) == (400, "InvalidRequestException", "Segments can not be empty")
    status, name, body = refused("/Traces", {})
    constraint = "Value null at 'traceIds' failed to satisfy constraint: Member must not be null"
    assert (status, name) == (400, "ValidationException")
    assert body["message"] == f"1 validation error detected: {constraint}" and "Message" not in body
    status, body = server.post("/NoSuchOperation", b"{}")
    unknown = {"__type": "com.amazon.coral.service#UnknownOperationException"}
    assert (status, json.loads(body)) == (200, {"Output": unknown, "Version": "1.0"})


def test_a_time_series_is_stamped_with_ends_and_comes_newest_first(server, xray):
    server.send_documents(segment("seen"))
    eventually("the segment", lambda: graph(xray, server.window())[0])
    end = int(time.time()) // 60 * 60 + 60
    received = {end, end - 60}

    def series(start, end, selector):
        answer = xray.get_time_series_service_statistics(
            StartTime=start, EndTime=end, EntitySelectorExpression=selector, Period=60
        )
        return answer["TimeSeriesServiceStatistics"]

    points = series(end - 300, end + 1, 'service("seen")')
    stamps = [int(point["Timestamp"].timestamp()) for point in points]
    assert stamps == sorted(stamps, reverse=True) and set(stamps) <= received
    [stamp] = [stamp for stamp, point in zip(stamps, points) if point.get("ServiceSummaryStatistics")]
    # Half-open: the end of the window does not belong to it.
    assert series(stamp - 60, stamp, 'service("seen")') == []
    assert len(series(stamp, stamp + 1, 'service("seen")')) == 1
    [empty] = series(stamp, stamp + 1, 'service("nobody")')
    assert empty["ServiceForecastStatistics"] == {} and set(empty) == {"Timestamp", "ServiceForecastStatistics"}


def test_a_link_is_a_dashed_edge_with_the_age_of_its_event(server, xray):
    producer, consumer = Trace(server, xray), Trace(server, xray)
    sqs = {"operation": "SendMessage", "queue_url": "https://sqs/orders"}
    send = producer.entity("SQS", 0.5, 0.6, namespace="aws", aws=sqs)
    consumer.begin = producer.begin
    link = {"trace_id": producer.id, "id": send["id"]}
    # Consumers may be done first.
    consumer.send(consumer.segment("mailer", 3, 4, links=[link]))
    producer.send(producer.segment("shop", 0, 1, subsegments=[send]))
    key = (("https://sqs/orders", "AWS::SQS::Queue"), ("mailer", None))
    edge = eventually("the link", lambda: graph(xray, server.window())[1].get(key))
    assert edge["EdgeType"] == "link" and "SummaryStatistics" not in edge and "ResponseTimeHistogram" not in edge
    assert edge["ReceivedEventAgeHistogram"] == [{"Value": 2.5, "Count": 1}]
    assert consumer.graph()[1][key]["ReceivedEventAgeHistogram"] == [{"Value": 2.5, "Count": 1}]
