"""A server for each test, and the measured times at the end."""

import pytest
from fluoro import Process, Server
from waiting import measured


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data").start()
    yield server
    if server.is_running:
        server.stop()


@pytest.fixture
def xray(server):
    return server.xray()


def pytest_sessionfinish():
    """Ends what failed tests have left behind."""
    for process in Process.started:
        if process.child.poll() is None:
            process.child.kill()
            process.child.wait()


def pytest_terminal_summary(terminalreporter):
    if not measured:
        return
    terminalreporter.write_sep("-", "visible after (the promise is 1 s)")
    slowest = {}
    for what, seconds in measured:
        slowest[what] = max(seconds, slowest.get(what, 0))
    for what, seconds in slowest.items():
        terminalreporter.write_line(f"{seconds * 1000:7.0f} ms  {what}")
