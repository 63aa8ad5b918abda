"""Two services with the real SDKs, read back with boto3: the healthy map, the trace, the outage."""

import json

import pytest
import story
from fluoro import Server
from pytest import approx
from segments import by_name, documents, entities, graph, summaries
from waiting import eventually

REQUESTS = 2
CALLS = 3 * REQUESTS

CLIENT = ("SpringBoot", "client")
FIRST = ("SpringBoot", None)
SECOND = ("SpringBoot2", None)


class Told:
    """A server that has heard the healthy story; only read from."""

    def __init__(self, server, language):
        self.server = server
        self.xray = server.xray()
        with story.told(language, server) as services:
            self.called = services.called
            # First, so that they would be visible before the others are.
            for _ in range(3):
                services.get("/healthcheck")
            for _ in range(REQUESTS):
                status, self.heard_at = services.get("/")
                assert status == 200
            self.summaries = eventually(
                f"{language}: traces in GetTraceSummaries",
                lambda: self._complete_summaries(),
                since=self.heard_at,
            )
            self.nodes, self.edges = eventually(
                f"{language}: nodes and edges in GetServiceGraph",
                lambda: self._complete_graph(),
                since=self.heard_at,
            )
        self.traces = documents(self.xray, *(summary["Id"] for summary in self.summaries))

    def _complete_summaries(self):
        # An SDK may send from a thread of its own, so a callee can come after the root that called it. Until then the call is a
        # node of its own.
        found = summaries(self.xray, self.server.window())
        whole = [summary for summary in found if not summary["IsPartial"] and not self._waits(summary)]
        return whole if len(whole) == len(found) >= REQUESTS else None

    def _waits(self, summary):
        return any(service.get("Type") == "remote" for service in summary["ServiceIds"])

    def _complete_graph(self):
        nodes, edges = graph(self.xray, self.server.window())
        called = edges.get((FIRST, SECOND))
        complete = called and called["SummaryStatistics"]["TotalCount"] >= CALLS and (CLIENT, FIRST) in edges
        return (nodes, edges) if complete else None


@pytest.fixture(scope="module", params=story.LANGUAGES)
def told(request, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp(request.param) / "data").start()
    yield Told(server, request.param)
    server.stop()


def duration(entity):
    return entity["end_time"] - entity["start_time"]


def test_the_graph_is_client_first_second(told):
    assert set(told.nodes) == {CLIENT, FIRST, SECOND}
    assert set(told.edges) == {(CLIENT, FIRST), (FIRST, SECOND)}
    assert told.nodes[FIRST]["Root"] is True
    assert told.nodes[FIRST]["State"] == "active"
    assert not told.nodes[SECOND].get("Root")
    assert told.nodes[CLIENT].get("SummaryStatistics") is None


def test_nodes_and_edges_count_each_request_once(told):
    def counts(part):
        statistics = part["SummaryStatistics"]
        return statistics["TotalCount"], statistics["OkCount"], statistics["FaultStatistics"]["TotalCount"]

    assert counts(told.nodes[FIRST]) == (REQUESTS, REQUESTS, 0)
    assert counts(told.nodes[SECOND]) == (CALLS, CALLS, 0)
    assert counts(told.edges[CLIENT, FIRST]) == (REQUESTS, REQUESTS, 0)
    assert counts(told.edges[FIRST, SECOND]) == (CALLS, CALLS, 0)


def test_a_node_has_its_own_times_and_an_edge_those_of_the_caller(told):
    every = [document for trace in told.traces.values() for document in trace]
    own = sum(duration(document) for document in every if document["name"] == "SpringBoot2")
    calls = sum(
        duration(entity)
        for document in every
        for entity in entities(document)
        if entity.get("namespace") == "remote"
    )
    assert calls > own
    node = told.nodes[SECOND]["SummaryStatistics"]["TotalResponseTime"]
    edge = told.edges[FIRST, SECOND]["SummaryStatistics"]["TotalResponseTime"]
    assert node == approx(own, abs=0.002)
    assert edge == approx(calls, abs=0.002)


def test_histograms_hold_every_request(told):
    for part, count in [(told.nodes[SECOND], CALLS), (told.edges[FIRST, SECOND], CALLS)]:
        assert sum(entry["Count"] for entry in part["ResponseTimeHistogram"]) == count


def test_the_edge_knows_the_name_that_was_called(told):
    aliases = told.edges[FIRST, SECOND]["Aliases"]
    assert [(alias["Name"], alias["Type"]) for alias in aliases] == [(told.called, "remote")]


def test_a_trace_has_two_services_four_segments_three_calls_and_nothing_inferred(told):
    assert len(told.traces) == REQUESTS
    for trace in told.traces.values():
        assert sorted(document["name"] for document in trace) == ["SpringBoot"] + 3 * ["SpringBoot2"]
        assert not any(document.get("inferred") for document in trace)
        [root] = [document for document in trace if "parent_id" not in document]
        calls = [entity for entity in entities(root) if entity.get("namespace") == "remote"]
        assert len(calls) == 3
        parents = {document["parent_id"] for document in trace if document is not root}
        assert parents == {call["id"] for call in calls}


def test_documents_come_back_whole(told):
    for trace in told.traces.values():
        [root] = [document for document in trace if document["name"] == "SpringBoot"]
        assert root["user"] == "ada"
        assert root["annotations"] == {"tenant": "acme"}
        assert root["metadata"] == {"story": {"purpose": {"words": ["hello", "wörld"]}}}
        assert root["http"]["request"]["method"] == "GET"
        assert root["http"]["response"]["status"] == 200
        for callee in (document for document in trace if document["name"] == "SpringBoot2"):
            assert [entity["name"] for entity in callee["subsegments"]] == ["## greet"]


def test_a_summary_tells_what_a_filter_can_ask(told):
    for summary in told.summaries:
        assert not (summary["HasFault"] or summary["HasError"] or summary["HasThrottle"])
        assert not summary["IsPartial"]
        assert summary["EntryPoint"]["Name"] == "SpringBoot"
        assert summary["Http"]["HttpStatus"] == 200
        assert summary["Http"]["HttpURL"].endswith("/")
        assert [user["UserName"] for user in summary["Users"]] == ["ada"]
        values = [value["AnnotationValue"] for value in summary["Annotations"]["tenant"]]
        assert [value["StringValue"] for value in values] == ["acme"]
        names = {(service["Name"], service.get("Type")) for service in summary["ServiceIds"]}
        assert names == {CLIENT, FIRST, SECOND}
        [root] = [document for document in told.traces[summary["Id"]] if "parent_id" not in document]
        assert summary["ResponseTime"] == approx(duration(root), abs=0.001)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("ok", REQUESTS),
        ("fault", 0),
        ('service("SpringBoot2")', REQUESTS),
        ('service("localhost")', 0),
        ("responsetime > 0.05", REQUESTS),
        ("responsetime > 100", 0),
        ('http.url CONTAINS "healthcheck"', 0),
        ('user = "ada" AND http.status = 200', REQUESTS),
        ('annotation.tenant = "acme"', REQUESTS),
        ('annotation.tenant = "globex"', 0),
    ],
)
def test_a_filter_finds(told, expression, found):
    assert len(summaries(told.xray, told.server.window(), expression)) == found


def test_health_checks_never_appear(told):
    urls = [summary["Http"]["HttpURL"] for summary in told.summaries]
    assert len(urls) == REQUESTS
    assert not any("healthcheck" in url for url in urls)


def test_the_graph_of_a_trace_counts_that_trace_alone(told):
    [trace_id, *_] = told.traces
    nodes, edges = by_name(told.xray.get_trace_graph(TraceIds=[trace_id])["Services"])
    assert set(nodes) == {CLIENT, FIRST, SECOND}
    assert nodes[FIRST]["SummaryStatistics"]["TotalCount"] == 1
    assert edges[FIRST, SECOND]["SummaryStatistics"]["TotalCount"] == 3


def test_the_time_series_counts_the_same_requests(told):
    entries = told.xray.get_time_series_service_statistics(**told.server.window(), Period=60)
    statistics = [
        entry["EdgeSummaryStatistics"]
        for entry in entries["TimeSeriesServiceStatistics"]
        if entry.get("EdgeSummaryStatistics")
    ]
    assert sum(entry["TotalCount"] for entry in statistics) == REQUESTS


@pytest.mark.parametrize("language", story.LANGUAGES)
def test_when_the_second_service_stops_the_fault_is_traced_to_that_call(language, server, xray):
    with story.told(language, server) as services:
        status, heard_at = services.get("/")
        assert status == 200
        eventually(
            f"{language}: the second service on the map",
            lambda: SECOND in graph(xray, server.window())[0],
            since=heard_at,
        )
        services.stop_second()
        status, heard_at = services.get("/")
        assert status == 500
        unreachable = (services.called, "remote")

        def first_faults():
            nodes, edges = graph(xray, server.window())
            first = nodes.get(FIRST)
            failed = first and first["SummaryStatistics"]["FaultStatistics"]["TotalCount"]
            return (nodes, edges) if failed else None

        nodes, edges = eventually(f"{language}: the fault on the map", first_faults, since=heard_at)
        faulty = eventually(
            f"{language}: the fault in GetTraceSummaries",
            lambda: summaries(xray, server.window(), "fault"),
            since=heard_at,
        )

    assert nodes[FIRST]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    assert nodes[FIRST]["SummaryStatistics"]["OkCount"] == 1
    assert nodes[unreachable]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    assert edges[FIRST, unreachable]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    assert nodes[SECOND]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 0

    [summary] = faulty
    assert summary["HasFault"]
    check_exception(documents(xray, summary["Id"])[summary["Id"]], services.called)
    check_root_cause(summary, language, services.called)
    check_issue(server, services.called)


def check_exception(trace, called):
    """The failing subsegment carries the exception of the connection; the host's segment is inferred."""
    [root] = [document for document in trace if document["name"] == "SpringBoot"]
    [call] = [entity for entity in entities(root) if entity.get("namespace") == "remote"]
    assert call["fault"]
    # Java adds the exception that it was raised from.
    exception, *_ = call["cause"]["exceptions"]
    assert "refused" in exception["message"].lower()
    assert exception["stack"]
    [inferred] = [document for document in trace if document.get("inferred")]
    assert inferred["name"] == called
    assert inferred["parent_id"] == call["id"]
    assert inferred["fault"]


def check_root_cause(summary, language, called):
    """It is the call, with its exception; not the first service by itself."""
    [cause] = [cause for cause in summary["FaultRootCauses"] if cause["ClientImpacting"]]
    first = cause["Services"][0]
    assert first["Name"] == "SpringBoot"
    root, *below = first["EntityPath"]
    assert root["Name"] == "SpringBoot"
    if language == "spring-boot":
        # The watched bean passes the exception on without a flag, so X-Ray's path from the client ends above it.
        assert not below
        assert root["Exceptions"][-1]["Name"].endswith(".NestedServletException")
        [cause] = [cause for cause in summary["FaultRootCauses"] if not cause["ClientImpacting"]]
        below = cause["Services"][0]["EntityPath"]
    else:
        assert not root["Exceptions"]
    [call] = below
    assert call["Name"] == called
    assert call["Remote"]
    assert any("refused" in exception["Message"].lower() for exception in call["Exceptions"])


def check_issue(server, called):
    """The console names the host that was called, and the service behind it; not the first service."""

    def entries():
        window = {name: int(instant * 1000) for name, instant in server.window().items()}
        status, body = server.get(f"/api/now?from={window['StartTime']}&to={window['EndTime']}")
        assert status == 200
        return json.loads(body)["entries"]

    # A summary is there with its digest, and what is judged by it a moment later.
    [entry] = eventually("the failing call is named", entries)
    assert (entry["host"], entry["node"], entry["witness"]) == (called, "SpringBoot2", "SpringBoot")
    assert "refused" in entry["exception"]["message"].lower()
