"""What the backend of Grafana's data source for X-Ray asks, and what it reads from the answers without looking whether
it is there: a member that is missing ends its query.

Written down from the calls of grafana/x-ray-datasource at 5e15e7e, which were seen to be answered.
"""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from fluoro import Server
from segments import segment, trace_id
from waiting import eventually

HEALTHY = 130
FAULTY = 10
BARE = 5
EVERY = HEALTHY + FAULTY + BARE
ORIGIN = "AWS::EKS::Container"


def request(number, is_faulty):
    """The segments of a request to `front`, which calls `back`, which in the faulty ones fails."""
    trace, now = trace_id(), time.time()
    flag = {"fault": True} if is_faulty else {}
    exception = {"id": "0123456789abcdef", "type": "java.lang.IllegalStateException", "message": "no stock"}
    cause = {"exceptions": [exception]}
    call = {"id": f"{number + 1:016x}", "name": "back", "start_time": now - 0.09, "end_time": now - 0.01}
    http = {
        "request": {"method": "GET", "url": "http://shop.example.com/", "client_ip": "203.0.113.7"},
        "response": {"status": 500 if is_faulty else 200},
    }
    said = {"user": "ada", "annotations": {"tenant": "acme"}, "http": http}
    front = segment("front", trace_id=trace, origin=ORIGIN, **said, **flag)
    front |= {"start_time": now - 0.1, "end_time": now, "subsegments": [{**call, "namespace": "remote", **flag}]}
    back = segment("back", trace_id=trace, origin=ORIGIN, parent_id=call["id"], **flag)
    back |= {"start_time": now - 0.08, "end_time": now - 0.02, **({"cause": cause} if is_faulty else {})}
    return [front, back]


class Grafana:
    """A panel's range, and the calls that are made for it."""

    def __init__(self, server):
        self.server = server
        self.xray = server.xray()
        self.begin = time.time()
        for number in range(HEALTHY + FAULTY):
            server.send_documents(*request(number, is_faulty=number >= HEALTHY))
        # A worker's segment says nothing of HTTP.
        server.send_documents(*(segment("worker") for _ in range(BARE)))
        self.range = {"StartTime": self.begin - 60, "EndTime": self.begin + 120}
        eventually("all traces for Grafana", lambda: len(list(self.summaries())) == EVERY)
        self.end = time.time()

    def pages(self, operation, member, **parameters):
        for page in self.xray.get_paginator(operation).paginate(**parameters):
            yield from page[member]

    def summaries(self, **parameters):
        return self.pages("get_trace_summaries", "TraceSummaries", **self.range, **parameters)

    def series(self, **parameters):
        member = "TimeSeriesServiceStatistics"
        return list(self.pages("get_time_series_service_statistics", member, **self.range, Period=60, **parameters))

    def quarters(self, rate, **parameters):
        """Four ranges at once, in times of a millisecond, each with its pages."""
        begin, end = int(self.begin * 1000) - 1, int(self.end * 1000) + 1
        bounds = [begin + (end - begin) * number // 4 for number in range(5)]
        sampling = {"Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": rate}}

        def quarter(number):
            body = {
                "StartTime": bounds[number] / 1000,
                "EndTime": bounds[number + 1] / 1000,
                "TimeRangeType": "Event",
                **sampling,
                **parameters,
            }
            found = []
            while True:
                status, answer = self.server.post("/TraceSummaries", json.dumps(body).encode())
                assert status == 200, answer
                page = json.loads(answer)
                found += page["TraceSummaries"]
                if not page.get("NextToken"):
                    return found
                body["NextToken"] = page["NextToken"]

        with ThreadPoolExecutor(4) as pool:
            return [summary for found in pool.map(quarter, range(4)) for summary in found]


@pytest.fixture(scope="module")
def grafana(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("grafana") / "data").start()
    yield Grafana(server)
    server.stop()


def test_the_check_of_health_and_the_list_of_groups(grafana):
    groups = list(grafana.pages("get_groups", "Groups"))
    assert [group["GroupName"] for group in groups] == ["Default"]


def test_the_map_of_a_group(grafana):
    services = list(grafana.pages("get_service_graph", "Services", **grafana.range, GroupName="Default"))
    ids = {service["ReferenceId"]: service["Name"] for service in services}
    edges = {
        (service["Name"], ids[edge["ReferenceId"]]): edge["SummaryStatistics"]["TotalCount"]
        for service in services
        for edge in service["Edges"]
    }
    total = HEALTHY + FAULTY
    assert edges == {("front", "front"): total, ("front", "back"): total, ("worker", "worker"): BARE}


@pytest.mark.parametrize(
    ("selector", "kind", "total"),
    [
        (None, "EdgeSummaryStatistics", EVERY),
        ('service("back")', "ServiceSummaryStatistics", HEALTHY + FAULTY),
        ('service(id(name: "worker"))', "ServiceSummaryStatistics", BARE),
        ('edge("front", "back")', "EdgeSummaryStatistics", HEALTHY + FAULTY),
    ],
)
def test_series_of_every_column(grafana, selector, kind, total):
    # Without a selector there is no member: an empty one is refused.
    found = grafana.series(**({"EntitySelectorExpression": selector} if selector else {}))
    statistics = [point[kind] for point in found if point.get(kind)]
    assert all(point["Timestamp"] for point in found)
    assert sum(each["TotalCount"] for each in statistics) == total
    assert sum(each["OkCount"] + each["FaultStatistics"]["TotalCount"] for each in statistics) == total
    for each in statistics:
        assert each["ErrorStatistics"]["ThrottleCount"] == each["ErrorStatistics"]["TotalCount"] == 0
        assert each["TotalResponseTime"] > 0


def test_the_list_of_traces(grafana):
    found = list(grafana.summaries(FilterExpression='service("front") { fault }'))
    assert len(found) == FAULTY
    for summary in found:
        assert summary["Id"] and summary["StartTime"] and summary["Duration"] > 0
        http = summary["Http"]
        assert (http["HttpMethod"], http["HttpStatus"]) == ("GET", 500)
        assert (http["HttpURL"], http["ClientIp"]) == ("http://shop.example.com/", "203.0.113.7")
        assert [len(values) for values in summary["Annotations"].values()] == [1]
    # Where nothing was said of HTTP, the member is there all the same.
    assert all(isinstance(summary.get("Http"), dict) for summary in grafana.summaries())


def test_analytics_read_four_quarters_at_once(grafana):
    found = grafana.quarters(rate=1)
    assert Counter(Counter(summary["Id"] for summary in found).values()) == {1: EVERY}
    statuses = Counter(summary["Http"].get("HttpStatus") for summary in found)
    assert statuses == {200: HEALTHY, 500: FAULTY, None: BARE}
    users = Counter(user["UserName"] for summary in found for user in summary["Users"])
    assert users == {"ada": HEALTHY + FAULTY}
    half = grafana.quarters(rate=0.5)
    assert {summary["Id"] for summary in half} < {summary["Id"] for summary in found}


def test_analytics_count_root_causes(grafana):
    found = grafana.quarters(rate=1, FilterExpression='service("back") { fault }')
    causes = [cause for summary in found for cause in summary["FaultRootCauses"]]
    assert len(causes) == FAULTY
    for cause in causes:
        services = [(service["Name"], service["Type"]) for service in cause["Services"]]
        assert services == [("front", ORIGIN), ("back", ORIGIN)]
        [back] = cause["Services"][-1]["EntityPath"]
        assert [exception["Message"] for exception in back["Exceptions"]] == ["no stock"]
        assert [exception["Name"] for exception in back["Exceptions"]] == ["java.lang.IllegalStateException"]
    for cause in [cause for summary in found for cause in summary["ResponseTimeRootCauses"]]:
        for service in cause["Services"]:
            assert service["Name"] and service["Type"]
            assert all(entity["Name"] for entity in service["EntityPath"])
    assert all(summary["ErrorRootCauses"] == [] for summary in found)


def test_a_trace_and_its_graph(grafana):
    [summary, *_] = grafana.summaries(FilterExpression="fault")
    ids = {"TraceIds": [summary["Id"]]}
    with ThreadPoolExecutor(2) as pool:
        trace = pool.submit(lambda: grafana.xray.batch_get_traces(**ids)["Traces"])
        graph = pool.submit(lambda: list(grafana.pages("get_trace_graph", "Services", **ids)))
        [found], services = trace.result(), graph.result()
    assert found["Id"] == summary["Id"] and found["Duration"] > 0
    assert {json.loads(part["Document"])["name"] for part in found["Segments"]} == {"front", "back"}
    assert {(service["Name"], service["Type"]) for service in services} == {
        ("front", "client"),
        ("front", ORIGIN),
        ("back", ORIGIN),
    }
    assert grafana.xray.batch_get_traces(TraceIds=[trace_id()])["Traces"] == []


@pytest.mark.parametrize("states", [[], ["ACTIVE"], ["CLOSED"]])
def test_insights_of_a_group(grafana, states):
    answer = grafana.xray.get_insight_summaries(**grafana.range, GroupName="Default", States=states)
    for insight in answer["InsightSummaries"]:
        assert insight["RootCauseServiceId"]["Name"]
        assert insight["TopAnomalousServices"][0]["ServiceId"]["Name"]
        # It takes the second sentence of a summary once the insight has ended.
        assert insight["State"] == "ACTIVE" or "." in insight["Summary"]
