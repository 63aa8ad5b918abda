"""The second service of the story: it greets, after a little work of its own."""

import time

from aws_xray_sdk.core import xray_recorder

from tracing import serve, traced_app

app = traced_app("SpringBoot2")


@app.get("/hello")
def hello():
    # The call takes longer than the service itself, so that the two times can be told apart.
    with xray_recorder.in_subsegment("## greet"):
        time.sleep(0.02)
    return "Hello from SpringBoot2\n"


if __name__ == "__main__":
    serve(app, default_port=8081)
