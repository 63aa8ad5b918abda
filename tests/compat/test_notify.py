"""The story's end: SpringBoot2 stops, and everybody who wants to know is told once. The receivers are real ones: an HTTP server,
aiosmtpd as the mail server, and an SNS topic with a subscriber, set up with boto3."""

import http.server
import json
import socket
import threading
import time
import urllib.request

import boto3
import pytest
from aiosmtpd.controller import Controller
from story import told

# The promise is 20 s from the first fault at 60 requests a minute; a loaded machine may be slower.
TOLD_WITHIN_SECONDS = 60
# Requests before and after: how often, and for how long all is well.
PAUSE_SECONDS = 0.2
HEALTHY_SECONDS = 10
# After the first message, in which a second one would come.
QUIET_SECONDS = 5


class Receiver:
    """Keeps what is posted to it, by path."""

    def __init__(self):
        self.posts = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.posts.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def at(self, path):
        return [(headers, body) for at, headers, body in list(self.posts) if at.startswith(path)]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture
def mailbox():
    class Handler:
        async def handle_DATA(self, server, session, envelope):
            self.mails.append(envelope)
            return "250 kept"

    handler = Handler()
    handler.mails = []
    # It wants to know its port beforehand.
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


def notify(server, **notifier):
    request = urllib.request.Request(
        f"{server.url}/api/notifiers", json.dumps(notifier).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def wait_until(what, probe, keep_busy):
    deadline = time.monotonic() + TOLD_WITHIN_SECONDS
    while not (found := probe()):
        assert time.monotonic() < deadline, f"{what}: not within {TOLD_WITHIN_SECONDS} s"
        keep_busy()
        time.sleep(PAUSE_SECONDS)
    return found


def subscribe(server, receiver):
    """A topic with an HTTP subscriber, who confirms as SNS asks for it."""
    sns = boto3.client(
        "sns", endpoint_url=server.url, region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t"
    )
    topic = sns.create_topic(Name="on-call")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url("/sns"))
    ((headers, body),) = wait_until("the confirmation", lambda: receiver.at("/sns"), lambda: None)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(body)["Token"])
    receiver.posts.clear()


def test_an_outage_is_told_once_to_everybody_by_its_origin(server, receiver, mailbox):
    notify(server, name="hook", kind="webhook", url=receiver.url("/hook"))
    notify(server, name="alertmanager", kind="alertmanager", url=receiver.url("/am"))
    mail = {"host": "127.0.0.1", "port": mailbox.port, "tls": "none", "from": "f@example.org", "to": ["o@example.org"]}
    notify(server, name="mail", kind="email", **mail)
    subscribe(server, receiver)

    with told("python", server) as story:
        begin = time.monotonic()
        while time.monotonic() < begin + HEALTHY_SECONDS:
            assert story.get("/")[0] == 200
            time.sleep(PAUSE_SECONDS)
        assert receiver.posts == [] and mailbox.mails == [], "nothing is told while all is well"

        story.stop_second()
        fail = lambda: story.get("/")
        (_, body), *_ = wait_until("the webhook", lambda: receiver.at("/hook"), fail)
        wait_until("the mail", lambda: mailbox.mails, fail)
        wait_until("the topic's subscriber", lambda: receiver.at("/sns"), fail)
        wait_until("Alertmanager", lambda: receiver.at("/am/api/v2/alerts"), fail)
        quiet = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < quiet:
            fail()
            time.sleep(PAUSE_SECONDS)

    message = json.loads(body)
    assert message["status"] == "firing"
    texts = [body, mailbox.mails[0].content.decode(), receiver.at("/sns")[0][1], receiver.at("/am")[0][1]]
    for text in texts:
        assert "SpringBoot2" in text, text
    assert message["exception"], "the exception is named"
    assert len(receiver.at("/hook")) == 1, "one outage is one message"
    assert len(mailbox.mails) == 1
    assert len(receiver.at("/sns")) == 1
    # It is pushed again so that it does not resolve by itself; it is one alert by its labels.
    labels = {json.dumps(json.loads(body)[0]["labels"], sort_keys=True) for _, body in receiver.at("/am")}
    assert len(labels) == 1
