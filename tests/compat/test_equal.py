"""The same requests, recorded by each SDK: the same map, the same summaries, and documents that differ where it is said here."""

import json
import re
from collections import Counter, defaultdict

import pytest
import story
from fluoro import Server
from segments import documents, entities, graph, summaries
from waiting import eventually

FIRST = ("SpringBoot", None)
SECOND = ("SpringBoot2", None)
STORY = [("/", 200), ("/", 200), ("/nowhere", 404)]
OUTAGE = [("/", 500)]
# Of the healthy ones, to the second service.
CALLS = 6

# Which members of documents differ from those of Fluoro's SDK, and why that is right. `*` stands for any end.
OF_ANY = {
    "aws.xray.sdk": "it is another one",
    "aws.xray.sdk_version": "it is another one",
    "cause": "an id, of this run",
    "cause.exceptions[].message": "the words are the client's",
    "cause.exceptions[].type": "the type is the language's",
    "cause.exceptions[].stack[].*": "errors of Rust know one place",
    "http.request.user_agent": "the client of axum's example does not name itself",
    "service.runtime": "it is another language",
    "service.runtime_version": "it is another language",
    "service.version": "the other examples do not tell theirs",
}
REMOTE = {"cause.exceptions[].remote": "left out where it is false"}
LENGTH = {"http.response.content_length": "others know it of calls alone, or of answers alone"}
DIFFERENCES = {
    "python": REMOTE
    | LENGTH
    | {
        "http.request.method": "calls are told in small letters",
        "in_progress": "told where it is false",
        "namespace": "`local` is what has none",
    },
    "node": REMOTE
    | LENGTH
    | {
        "aws.xray.package": "left out: there is one",
        "http.request.url": "with the query, and without the port of what is called",
        "service.name": "told as `unknown`",
    },
    "go": LENGTH
    | {
        "Dummy": "a member of that SDK alone",
        "cause.working_directory": "the phases of a call are subsegments",
        "fault": "the phases of a call are subsegments",
        "metadata.http.*": "the phases of a call are subsegments",
        "name": "the phases of a call are subsegments, and a host has its port",
    },
    "spring-boot": REMOTE
    | {
        "cause.exceptions[].cause": "all that an exception came from is told",
        "cause.exceptions[].skipped": "told where it is 0",
        "cause.exceptions[].truncated": "errors of Rust know one place",
        "cause.working_directory": "the segment has exceptions of its own",
        "http.request.url": "calls are told with the query",
        "http.response.status": "the filter sees the exception before Spring makes an answer of it",
        "metadata.ClassInfo.Class": "a bean's method is a subsegment",
        "name": "a bean's method is a subsegment",
    },
}
# The same of members of summaries.
OF_SUMMARIES = {
    "go": {"FaultRootCauses": "the example makes an answer of the error and does not tell it"},
    "spring-boot": {
        "FaultRootCauses": "the exception reaches the segment wrapped, and is another one there",
        "http": "the filter sees the exception before Spring makes an answer of it",
    },
}


class Heard:
    """What the API tells of a language's two services, without what differs from run to run."""

    def __init__(self, language, folder, calls, healthy, broken=()):
        server = Server(folder / "data").start()
        database = str(folder / "visits.db")
        try:
            with story.told(language, server, DATABASE=database) as services:
                self.called = services.called
                self.database = database
                for path, expected in healthy:
                    status, heard_at = services.get(path)
                    assert status == expected, path
                if broken:
                    services.stop_second()
                for path, expected in broken:
                    status, heard_at = services.get(path)
                    assert status == expected, path
                count = len(healthy) + len(broken)
                self.read(server, language, count, calls, heard_at)
        finally:
            if server.is_running:
                server.stop()

    def read(self, server, language, count, calls, heard_at):
        xray = server.xray()

        def complete():
            found = summaries(xray, server.window())
            nodes, edges = graph(xray, server.window())
            is_whole = len(found) == count and not any(summary["IsPartial"] for summary in found)
            # An SDK's thread may send a callee's segment after its caller's.
            wanted = ((FIRST, count), (SECOND, calls))
            is_counted = all(key in nodes and counts(nodes[key])["total"] == total for key, total in wanted)
            return (found, nodes, edges) if is_whole and is_counted else None

        found, nodes, edges = eventually(f"{language}: all requests in the API", complete, since=heard_at)
        self.map = {
            "nodes": {self.named(key): counts(node) for key, node in nodes.items() if node.get("SummaryStatistics")},
            "edges": {
                (self.named(caller), self.named(callee)): counts(edge) for (caller, callee), edge in edges.items()
            },
            "roots": sorted(self.named(key) for key, node in nodes.items() if node.get("Root")),
        }
        found.sort(key=lambda summary: summary["StartTime"])
        self.summaries = [self.summary(summary) for summary in found]
        traces = documents(xray, *(summary["Id"] for summary in found))
        self.members = defaultdict(Counter)
        for trace in traces.values():
            for document in trace:
                for entity in entities(document):
                    for member, value in self.flat(entity):
                        self.members[member][f"{self.text(entity['name'])}: {value}"] += 1

    def text(self, text):
        text = text.replace(self.database, "DATABASE").replace("visits@localhost", "DATABASE")
        text = re.sub(r"(localhost|127\.0\.0\.1):\d+", r"\1:PORT", text)
        return "CALLED" if text in ("localhost", "localhost:PORT") else text

    def named(self, key):
        name, kind = key
        return f"{self.text(name)} ({kind})" if kind else self.text(name)

    def summary(self, summary):
        """What a filter can ask for."""
        causes = {
            kind: sorted(
                [self.text(service["Name"]) for service in cause["Services"]] for cause in summary.get(kind) or []
            )
            for kind in ("ErrorRootCauses", "FaultRootCauses")
        }
        return {
            "flags": {flag: summary[flag] for flag in ("HasError", "HasFault", "HasThrottle", "IsPartial")},
            "http": {key: self.text(str(value)) for key, value in summary["Http"].items()},
            "users": sorted(user["UserName"] for user in summary.get("Users") or []),
            "annotations": {
                key: sorted(json.dumps(value["AnnotationValue"], sort_keys=True) for value in values)
                for key, values in (summary.get("Annotations") or {}).items()
            },
            "services": sorted(self.named((each["Name"], each.get("Type"))) for each in summary["ServiceIds"]),
            "entry": self.named((summary["EntryPoint"]["Name"], summary["EntryPoint"].get("Type"))),
            **causes,
        }

    def flat(self, entity):
        """The members of an entity as (path, text), without its subsegments, ids and times."""
        left_out = ("id", "trace_id", "parent_id", "start_time", "end_time", "subsegments")
        for member, value in entity.items():
            if member not in left_out:
                yield from self.leaves(member, value)

    def leaves(self, path, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key != "id":
                    yield from self.leaves(f"{path}.{key}", inner)
        elif isinstance(value, list):
            for inner in value:
                yield from self.leaves(f"{path}[]", inner)
        else:
            yield path, self.text(json.dumps(value, ensure_ascii=False))


def counts(part):
    """Durations are each run's own."""
    statistics = part["SummaryStatistics"]
    return {
        "total": statistics["TotalCount"],
        "ok": statistics["OkCount"],
        "error": statistics["ErrorStatistics"]["TotalCount"],
        "throttle": statistics["ErrorStatistics"]["ThrottleCount"],
        "fault": statistics["FaultStatistics"]["TotalCount"],
    }


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Heard("rust", tmp_path_factory.mktemp("rust"), CALLS, STORY, OUTAGE)


@pytest.fixture(scope="module", params=[language for language in story.LANGUAGES if language != "rust"])
def theirs(request, tmp_path_factory):
    heard = Heard(request.param, tmp_path_factory.mktemp(request.param), CALLS, STORY, OUTAGE)
    heard.language = request.param
    return heard


def test_the_map_is_the_same(ours, theirs):
    assert ours.map == theirs.map


def test_summaries_are_the_same(ours, theirs):
    known = OF_SUMMARIES.get(theirs.language, {})
    assert len(ours.summaries) == len(theirs.summaries)
    pairs = list(zip(ours.summaries, theirs.summaries))
    differ = {member for one, other in pairs for member in one if one[member] != other[member]}
    assert differ == known.keys(), pairs


def test_documents_differ_only_where_it_is_known(ours, theirs):
    known = OF_ANY | DIFFERENCES[theirs.language]
    every = ours.members.keys() | theirs.members.keys()
    found = {member for member in every if ours.members.get(member) != theirs.members.get(member)}

    def of(member, pattern):
        return member.startswith(pattern[:-1]) if pattern.endswith("*") else member == pattern

    unknown = {
        member: (ours.members.get(member), theirs.members.get(member))
        for member in found
        if not any(of(member, pattern) for pattern in known)
    }
    assert not unknown, "differs (ours, theirs) without a reason given above"
    stale = [pattern for pattern in known if not any(of(member, pattern) for member in found)]
    assert not stale, "these do not differ any more"


def test_a_database_is_the_same_node(tmp_path):
    """Of the SDKs here Python's alone records SQLite too."""
    requests = [("/visits", 200)]
    (tmp_path / "rust").mkdir()
    (tmp_path / "python").mkdir()
    ours = Heard("rust", tmp_path / "rust", 1, requests)
    theirs = Heard("python", tmp_path / "python", 1, requests)
    assert ours.map["nodes"]["DATABASE (Database::SQL)"] == {"total": 2, "ok": 2, "error": 0, "throttle": 0, "fault": 0}
    assert ours.map == theirs.map
    assert ours.summaries == theirs.summaries
