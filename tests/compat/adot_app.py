"""A service without a word of tracing: each request makes three calls to the next one, where there is a next one."""

import os

import requests
from flask import Flask, request
from werkzeug.serving import make_server

NEXT = os.environ.get("SPRINGBOOT2_URL")

app = Flask("adot")


@app.get("/")
def first():
    return "".join(requests.get(f"{NEXT}/hello?number={number}", timeout=5).text for number in range(3))


@app.get("/hello")
def hello():
    return f"Hello {request.args['number']}\n"


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"ready http=127.0.0.1:{server.port}", flush=True)
server.serve_forever()
