"""The first service of the story: each request makes HTTP calls to the second."""

import os

import requests
from aws_xray_sdk.core import xray_recorder

from tracing import serve, traced_app

SPRINGBOOT2 = os.environ.get("SPRINGBOOT2_URL", "http://localhost:8081")

app = traced_app("SpringBoot")


@app.get("/")
def greet():
    segment = xray_recorder.current_segment()
    segment.set_user("ada")
    segment.put_annotation("tenant", "acme")
    segment.put_metadata("purpose", {"words": ["hello", "wörld"]}, "story")
    return "".join(ask(f"hello?number={number}") for number in range(3))


@app.get("/visits")
def visits():
    return ask("visits")


def ask(path):
    return requests.get(f"{SPRINGBOOT2}/{path}", timeout=5).text


if __name__ == "__main__":
    serve(app, default_port=8080)
