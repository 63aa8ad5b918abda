"""Documents that a test makes, and readers of what comes back."""

import json
import secrets
import time


def trace_id():
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def segment(name="compat", **members):
    """A complete segment of 50 ms that ends now."""
    now = time.time()
    return {
        "id": secrets.token_hex(8),
        "trace_id": trace_id(),
        "name": name,
        "start_time": now - 0.05,
        "end_time": now,
        **members,
    }


def documents(xray, *trace_ids):
    """The segment documents of each trace, parsed: {trace id: [document]}."""
    found = {}
    for begin in range(0, len(trace_ids), 5):
        answer = xray.batch_get_traces(TraceIds=list(trace_ids[begin : begin + 5]))
        for trace in answer["Traces"]:
            found[trace["Id"]] = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    return found


def is_stored(xray, *trace_ids):
    found = documents(xray, *trace_ids)
    return all(found.get(trace_id) for trace_id in trace_ids)


def summaries(xray, window, filter_expression=None):
    """All pages of GetTraceSummaries."""
    arguments = dict(window)
    if filter_expression is not None:
        arguments["FilterExpression"] = filter_expression
    pages = xray.get_paginator("get_trace_summaries").paginate(**arguments)
    return [summary for page in pages for summary in page["TraceSummaries"]]


def graph(xray, window):
    """GetServiceGraph as ({(name, type): service}, {(caller key, callee key): edge})."""
    services = xray.get_service_graph(**window)["Services"]
    return by_name(services)


def by_name(services):
    keys = {service["ReferenceId"]: (service["Name"], service.get("Type")) for service in services}
    nodes = {keys[service["ReferenceId"]]: service for service in services}
    edges = {
        (keys[service["ReferenceId"]], keys[edge["ReferenceId"]]): edge
        for service in services
        for edge in service.get("Edges") or []
    }
    return nodes, edges


def entities(document):
    """The document and all its subsegments, the outermost first."""
    yield document
    for subsegment in document.get("subsegments", []):
        yield from entities(subsegment)
