"""`fluoro demo` against the real server: every request of it is found, and its map is whole."""

import json
import subprocess

from fluoro import Server, binary
from segments import documents, entities, graph, summaries
from waiting import eventually

NODES = {
    ("storefront", "AWS::ECS::Container"),
    ("cart", "AWS::ECS::Container"),
    ("checkout", "AWS::EKS::Container"),
    ("SpringBoot", "AWS::EKS::Container"),
    ("SpringBoot2", "AWS::EKS::Container"),
    ("payment", "AWS::EC2::Instance"),
    ("search", "AWS::EC2::Instance"),
    ("carts", "AWS::DynamoDB::Table"),
    ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "AWS::SQS::Queue"),
    ("arn:aws:sns:eu-west-1:123456789012:order-placed", "AWS::SNS"),
    ("cache.internal", "remote"),
    ("api.cardgate.example", "remote"),
}


def demo(server, *arguments):
    """Runs the demo to its end; gives its own account."""
    command = [binary(), "demo", "--endpoint", server.udp, "--json", "--seed", "7", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_demo_tells_of_itself_if_asked_to(server, xray):
    account = demo(server, "--once", "--trace-self")

    def told():
        found = summaries(xray, server.window(), 'service("fluoro-demo")')
        return found if len(found) == account["requests"] else None

    own = eventually("the demo's own segments", told)
    kinds = [value["AnnotationValue"]["StringValue"] for each in own for value in each["Annotations"]["kind"]]
    assert sorted(kinds) == sorted(trace["kind"] for trace in account["traces"])
    [document] = documents(xray, own[0]["Id"])[own[0]["Id"]]
    assert [entity["name"] for entity in entities(document)] == ["fluoro-demo", "send"]


def complete(server, xray, account):
    """Waits until every request of the demo has its summary, and is complete."""

    def found():
        by_id = {summary["Id"]: summary for summary in summaries(xray, server.window())}
        wanted = [by_id.get(trace["trace_id"]) for trace in account["traces"]]
        whole = all(summary and not summary["IsPartial"] and "Duration" in summary for summary in wanted)
        return by_id if whole else None

    return eventually("all requests of the demo in GetTraceSummaries", found)


def test_one_request_of_each_kind_makes_the_whole_map(server, xray):
    account = demo(server, "--once")
    assert account["refused"] == 0
    by_id = complete(server, xray, account)
    assert len(by_id) == account["requests"]
    flags = {trace["kind"]: by_id[trace["trace_id"]] for trace in account["traces"]}
    assert flags["card-gate-down"]["HasFault"]
    assert flags["card-gate-busy"]["HasThrottle"]
    assert flags["card-declined"]["HasError"]
    assert not flags["checkout"]["HasFault"]

    nodes, edges = eventually(
        "the whole map of the demo", lambda: whole(graph(xray, server.window()))
    )
    database = [service for key, service in nodes.items() if key[0] == "orders@db.internal"]
    assert len(database) == 1
    # Each request that came in is counted once, however many documents told of it.
    front = nodes["storefront", "AWS::ECS::Container"]["SummaryStatistics"]
    assert front["TotalCount"] == sum(1 for trace in account["traces"] if by_front(by_id, trace))
    story = edges[("SpringBoot", "AWS::EKS::Container"), ("SpringBoot2", "AWS::EKS::Container")]
    assert story["SummaryStatistics"]["TotalCount"] == 4


def whole(found):
    nodes, _ = found
    return found if NODES <= set(nodes) else None


def by_front(by_id, trace):
    return by_id[trace["trace_id"]]["EntryPoint"]["Name"] == "storefront"


def test_an_outage_is_traced_to_the_host_that_is_gone(server, xray):
    account = demo(server, "--duration", "2s", "--rate", "20", "--outage-after", "0s")
    by_id = complete(server, xray, account)
    greeting = next(trace["trace_id"] for trace in account["traces"] if trace["kind"] == "greeting")
    [cause] = [one for one in by_id[greeting]["FaultRootCauses"] if one["ClientImpacting"]]
    path = [entity for service in cause["Services"] for entity in service["EntityPath"]]
    exceptions = [exception["Message"] for entity in path for exception in entity["Exceptions"]]
    assert "springboot2.default: Name or service not known" in exceptions

    nodes, _ = graph(xray, server.window())
    assert nodes["springboot2.default", "remote"]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] > 0
    assert ("SpringBoot2", "AWS::EKS::Container") not in nodes
    [root] = [document for document in documents(xray, greeting)[greeting] if not document.get("inferred")]
    chain = [exception["type"].rsplit(".", 1)[1] for exception in root["cause"]["exceptions"]]
    assert chain == ["NestedServletException", "ResourceAccessException"]


def test_a_streamed_report_is_one_segment_again(server, xray):
    account = demo(server, "--once")
    complete(server, xray, account)
    report = next(trace["trace_id"] for trace in account["traces"] if trace["kind"] == "report")
    [root] = [document for document in documents(xray, report)[report] if not document.get("inferred")]
    assert not root.get("in_progress")
    statements = [entity for entity in entities(root) if entity["name"] == "orders@db.internal"]
    assert len(statements) == 42


def test_a_server_with_the_demo_shows_the_map_by_itself_and_stops_in_time(tmp_path):
    server = Server(tmp_path / "data", "--demo").start()
    xray = server.xray()
    eventually("the whole map of `serve --demo`", lambda: whole(graph(xray, server.window())))
    # `stop` asserts the exit code, and that it takes less than five seconds.
    server.stop()
