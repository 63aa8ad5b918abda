"""The second service of the story: it greets, after a little work of its own, and counts visits in a database."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing

from aws_xray_sdk.core import xray_recorder

from tracing import serve, traced_app

DATABASE = os.environ.get("DATABASE", f"{tempfile.gettempdir()}/visits.db")

app = traced_app("SpringBoot2")


@app.get("/hello")
def hello():
    # The call takes longer than the service itself, so that the two times can be told apart.
    with xray_recorder.in_subsegment("## greet"):
        time.sleep(0.02)
    return "Hello from SpringBoot2\n"


@app.get("/visits")
def visits():
    with closing(sqlite3.connect(DATABASE)) as connection:
        connection.execute("INSERT INTO visit DEFAULT VALUES")
        count = connection.execute("SELECT count(*) FROM visit").fetchone()[0]
        connection.commit()
    return f"{count} visits\n"


if __name__ == "__main__":
    with closing(sqlite3.connect(DATABASE)) as connection:
        # A script is not traced, and there is no request yet.
        connection.executescript("CREATE TABLE IF NOT EXISTS visit (at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)")
    serve(app, default_port=8081)
