"""Every command of README.md, pasted into a clean shell: one of `make` is only looked up, the others run as they stand."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fluoro import Server, binary

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
# Of a command that would run for ever, or that looks at a terminal.
GLANCE = 4
PATIENCE = 60


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands():
    lines = "".join(blocks("sh")).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A shell as a stranger has it: the binary and the AWS CLI in its path, a home of its own, and a server on the usual port."""
    home = tmp_path_factory.mktemp("home")
    (home / "bin").mkdir()
    (home / "bin" / "fluoro").symlink_to(Path(binary()).resolve())
    (home / "bin" / "python3").symlink_to(sys.executable)
    path = [str(home / "bin"), str(Path(sys.executable).parent), "/usr/bin", "/bin"]
    return {"HOME": str(home), "PATH": ":".join(path), "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("data") / "data", "--demo").start()
    yield server.http.rsplit(":", 1)[1]
    server.stop()


def paste(shell, script, port, timeout=PATIENCE):
    """As it stands, but for the port of the server, which may be taken on this machine."""
    script = script.replace("127.0.0.1:2000", f"127.0.0.1:{port}")
    return subprocess.run(["bash", "-euc", script], env=shell, capture_output=True, text=True, timeout=timeout, check=False)


def test_every_command_is_one_of_these():
    known = {"make", "export", "aws", "fluoro"}
    assert {command.split()[0] for command in commands()} <= known, "a new command in README.md wants a test here"


def test_make_knows_what_is_named():
    listed = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True).stdout
    for command in commands():
        if command.startswith("make "):
            target = command.split()[1]
            assert re.search(rf"^{target}\s", listed, re.MULTILINE), f"{command} is no command"
            subprocess.run(["make", "-C", ROOT, "--dry-run", target], capture_output=True, check=True)


@pytest.mark.skipif(shutil.which("aws", path=str(Path(sys.executable).parent)) is None, reason="there is no AWS CLI")
def test_the_aws_cli_reads_traces_back(shell, port):
    block = next(block for block in blocks("sh") if "aws xray" in block)
    done = paste(shell, block, port)
    assert done.returncode == 0, done.stderr
    assert '"Services"' in done.stdout


def test_the_python_snippet_runs(shell, port):
    region = next(line for line in commands() if line.startswith("export AWS_DEFAULT_REGION"))
    (snippet,) = blocks("python")
    done = paste(shell, f"{region}\npython3 - <<'SNIPPET'\n{snippet}SNIPPET\n", port)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("["), done.stdout


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("fluoro")])
def test_a_command_of_the_binary_is_taken(shell, port, command, tmp_path):
    # Files and addresses of a real machine are ours here.
    script = command.replace("/var/lib/fluoro", str(tmp_path / "data")).replace("0.0.0.0:2000", "127.0.0.1:0")
    if script == "fluoro serve":
        script += " --bind 127.0.0.1:0 --otlp-grpc off --otlp-http off"
    if script.startswith("fluoro top"):
        # It wants a terminal, and says so in a sentence.
        done = paste(shell, script + " --help", port)
        assert done.returncode == 0 and "--endpoint" in done.stdout
        return
    script = script.replace("fluoro demo", f"fluoro demo --endpoint 127.0.0.1:{port}")
    began = time.monotonic()
    process = subprocess.Popen(["bash", "-c", f"exec {script}"], env=shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        process.wait(GLANCE)
    except subprocess.TimeoutExpired:
        process.terminate()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, -15) and time.monotonic() - began >= GLANCE, f"{command} ended by itself:\n{output}"
    assert os.environ.get("HOME") not in output, "it touched the home of somebody else"
