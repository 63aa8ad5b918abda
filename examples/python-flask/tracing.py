"""What both services share: the X-Ray SDK, set up as its manual says, and a web server.

Nothing here knows Fluoro. The SDK sends to AWS_XRAY_DAEMON_ADDRESS, or to 127.0.0.1:2000.
"""

import os
from pathlib import Path

from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask
from werkzeug.serving import make_server

RULES = Path(__file__).with_name("sampling-rules.json")


def traced_app(name: str) -> Flask:
    """A Flask application whose requests are segments called `name`."""
    if os.environ.get("SAMPLING") == "central":
        # The SDK asks the X-Ray API for its rules, and uses its own until it has them.
        xray_recorder.configure(service=name, context_missing="LOG_ERROR")
    else:
        # The rules of the file decide: health checks are never traced, all else always.
        xray_recorder.configure(
            service=name,
            context_missing="LOG_ERROR",
            sampler=LocalSampler(),
            sampling_rules=str(RULES),
        )
    patch(["requests", "sqlite3"])
    app = Flask(name)
    XRayMiddleware(app, xray_recorder)

    @app.get("/healthcheck")
    def healthcheck():
        return "ok\n"

    return app


def serve(app: Flask, default_port: int) -> None:
    """Serves until the process is stopped. PORT=0 takes any free port; the line printed names it."""
    host = os.environ.get("HOST", "127.0.0.1")
    server = make_server(host, int(os.environ.get("PORT", default_port)), app, threaded=True)
    print(f"ready http={host}:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
