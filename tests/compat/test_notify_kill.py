"""`kill -9` between any two steps of state change, outbox, delivery and the mark that it arrived: nothing that happened is left
untold, and what is told twice has the same id and the same key."""

import http.server
import json
import threading
import urllib.request

import boto3
from botocore.config import Config
from fluoro import Server
from waiting import eventually

TOPIC = "arn:aws:sns:us-east-1:000000000000:hook"
# From before the change is written to after it is told, which takes some milliseconds of each.
DELAYS = [milliseconds / 1000 for milliseconds in range(0, 40, 2)]


class Receiver:
    """Keeps what is posted to it, and may kill the sender while it does."""

    def __init__(self):
        self.posts = []
        # What is done when the message of a reason is here and not answered yet, or when it was answered: the reason and the act,
        # by "before" and "after". Messages of earlier rounds may come again meanwhile.
        self.due = {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.posts.append((self.headers["webhook-id"], body))
                if receiver.did("before", body):
                    return
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
                self.wfile.flush()
                receiver.did("after", body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def did(self, point, body):
        """Does what is due at this point of this message, once, and says whether there was anything."""
        reason, act = self.due.get(point, (None, None))
        if reason != body["raw"]["NewStateReason"]:
            return False
        del self.due[point]
        act()
        return True

    def of(self, reason):
        return [(id, body) for id, body in list(self.posts) if body["raw"]["NewStateReason"] == reason]


def cloudwatch(server):
    return boto3.client(
        "cloudwatch",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=15),
    )


def set_up(server, receiver):
    body = {"name": "hook", "kind": "webhook", "url": f"http://127.0.0.1:{receiver.server.server_port}/"}
    request = urllib.request.Request(
        f"{server.url}/api/notifiers", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request).close()
    # Evaluations leave it as it is: its metric has no data.
    cloudwatch(server).put_metric_alarm(
        AlarmName="killed",
        Namespace="Fluoro",
        MetricName="FaultCount",
        Dimensions=[{"Name": "ServiceName", "Value": "nobody"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[TOPIC],
        OKActions=[TOPIC],
    )


def state(server):
    (alarm,) = cloudwatch(server).describe_alarms(AlarmNames=["killed"])["MetricAlarms"]
    return alarm["StateValue"], alarm["StateReason"]


def change(server, to, reason):
    """Whether it was acknowledged."""
    try:
        cloudwatch(server).set_alarm_state(AlarmName="killed", StateValue=to, StateReason=reason)
    except Exception:  # noqa: BLE001  whatever the client makes of a server that was killed
        return False
    return True


def states(server):
    return {one["state"] for one in json.loads(server.get("/api/deliveries")[1])["deliveries"]}


def kill_after(server, seconds):
    timer = threading.Timer(seconds, server.kill)
    timer.start()
    return timer


def test_nothing_is_lost_and_repetitions_have_the_same_id(tmp_path):
    server, receiver = Server(tmp_path / "data").start(), Receiver()
    set_up(server, receiver)
    rounds = [("delay", delay) for delay in DELAYS] + [("before", None), ("after", None)] * 4
    told, repeated = 0, 0
    for number, (point, delay) in enumerate(rounds):
        reason = f"round {number}, killed at {point} {delay}"
        to = "OK" if state(server)[0] == "ALARM" else "ALARM"
        killed = threading.Event()

        def kill():
            server.kill()
            killed.set()

        if point == "delay":
            timer = kill_after(server, delay)
            acknowledged = change(server, to, reason)
            timer.join()
        else:
            receiver.due[point] = (reason, kill)
            acknowledged = change(server, to, reason)
            assert killed.wait(20), f"{reason}: nothing was sent"
        server.start()
        is_changed = state(server) == (to, reason)
        assert is_changed or not acknowledged, f"{reason}: it was acknowledged and is gone"
        if is_changed:
            eventually("the message of a change after a kill", lambda: receiver.of(reason))
            if point == "before":
                eventually("a message that was not answered comes again", lambda: len(receiver.of(reason)) > 1)
            told += 1
    # Whatever was sent and not marked comes again by then.
    eventually("every message is sent", lambda: states(server) <= {"sent", "merged"})
    server.stop()

    ids = {}
    for id, body in receiver.posts:
        key = (body["dedup_key"], body["status"], body["raw"]["NewStateReason"])
        assert ids.setdefault(id, key) == key, "a repetition says the same"
        assert body["dedup_key"] == "alarm/killed"
    for reason in {reason for _, _, reason in ids.values()}:
        posts = receiver.of(reason)
        assert len({id for id, _ in posts}) == 1, f"{reason} was told with several ids"
        repeated += len(posts) - 1
    assert told >= len(rounds) / 2 and repeated >= 4, (told, repeated)
