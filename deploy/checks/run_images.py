#!/usr/bin/env python3
"""Runs the images' root file systems as the manifests say, and sends a segment through agent and server.

    deploy/checks/run_images.py WORK

WORK holds fluoro.root, xray.root and example-rust.root (root file systems), fluoro.json and so on (their images' settings)
and the manifests kubernetes.yaml, drop-in.yaml and example.yaml, as `deploy/checks/images` puts them there. It runs in a network and a mount
namespace of its own. That is the node with the agent; the server gets another one, at the other end of a cable.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

UID = 10001
SERVER, NODE = "10.77.0.1", "10.77.0.2"
# A process of the images ends so soon after SIGTERM, with everything accepted in safety.
STOP_SECONDS = 5
START_SECONDS = 20
AGENT_MEMORY_KIB = 64 * 1024
MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096

libc = ctypes.CDLL(None, use_errno=True)


class Image:
    """A root file system, made read-only, with the mounts of a pod."""

    def __init__(self, work: Path, name: str, writable: str = "", files: dict[str, str] | None = None):
        document = json.loads((work / f"{name}.json").read_text())["Docker"]["config"]
        self.settings = document
        if document["User"] != str(UID):
            sys.exit(f"image {name} runs as {document['User']}, not as {UID}")
        root = (work / f"{name}.root").resolve()
        for path, text in (files or {}).items():
            # A runtime makes the places of mounts, too.
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (root / "proc").mkdir(exist_ok=True)
        self.root = work / f"{name}.mounted"
        self.root.mkdir()
        mount(root, self.root, MS_BIND)
        mount(Path("proc"), self.root / "proc", 0, "proc")
        if writable:
            volume = work / f"{name}.volume"
            # As Kubernetes hands over a new disk: root's, but for the group, and with what ext4 has in it.
            (volume / "lost+found").mkdir(parents=True, mode=0o700)
            os.chown(volume, 0, UID)
            volume.chmod(0o2775)
            mount(volume, self.root / writable.lstrip("/"), MS_BIND)
        mount(root, self.root, MS_REMOUNT | MS_BIND | MS_RDONLY)
        if not os.statvfs(self.root).f_flag & os.ST_RDONLY:
            sys.exit(f"image {name}: its root is not read-only")

    def command(self, words: list[str], network: str) -> list[str]:
        inside = ["ip", "netns", "exec", network] if network else []
        return [*inside, "setpriv", "--no-new-privs", "chroot", f"--userspec={UID}:{UID}", str(self.root), *words]

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.settings["Env"]) | variables

    def start(self, words: list[str], variables: dict[str, str], network: str = "") -> subprocess.Popen:
        return subprocess.Popen(self.command(words, network), env=os.environ | self.environment(variables))

    def run(self, words: list[str], network: str = "") -> subprocess.CompletedProcess:
        environment = os.environ | self.environment({})
        return subprocess.run(self.command(words, network), env=environment, capture_output=True, text=True, timeout=10)


def main() -> None:
    work = Path(sys.argv[1])
    network()
    objects = read_manifests(work / "kubernetes.yaml")
    config = objects["ConfigMap"]["data"]["config.yaml"]
    server_pod = objects["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
    agent_pod = objects["DaemonSet"]["spec"]["template"]["spec"]["containers"][0]
    drop_in = read_manifests(work / "drop-in.yaml")["ConfigMap"]["data"]["config.yaml"]
    fluoro = Image(work, "fluoro", writable=server_pod["volumeMounts"][0]["mountPath"])
    xray = Image(
        work,
        "xray",
        files={"/etc/hosts": f"{SERVER} fluoro\n", "/aws/xray/config.yaml": config, "/drop-in.yaml": drop_in},
    )

    entry = fluoro.settings["Entrypoint"]
    variables = {variable["name"]: variable["value"] for variable in server_pod.get("env", [])}
    server = fluoro.start([*entry, *server_pod["args"]], variables, network="server")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        wait_for(server, SERVER, server_pod[probe]["httpGet"]["path"])
    check_confined("server", server)
    check_health(fluoro, network="server")
    print("image fluoro: the StatefulSet's probes answer")

    agent = xray.start(agent_pod["command"], {})
    wait_for(agent, NODE, agent_pod["livenessProbe"]["httpGet"]["path"])
    check_confined("agent", agent)
    check_health(xray)
    for number, address in enumerate((NODE, "127.0.0.1")):
        trace = send_segment(address, number)
        wait_for_trace(trace)
    rules = post(NODE, "/GetSamplingRules", {})
    if "SamplingRuleRecords" not in rules:
        sys.exit(f"the agent's answer for sampling rules is {rules}")
    peak = peak_kib(agent)
    if peak > AGENT_MEMORY_KIB:
        sys.exit(f"the agent took {peak} KiB")
    print(f"image xray: the DaemonSet's agent brought segments and sampling rules; it took {peak / 1024:.1f} MiB")
    check_example(work)
    stop("agent", agent)
    check_unhealthy(xray)

    # As people start AWS's image: flags alone, by either name, or the file that knows no endpoint.
    upstream = {"AWS_ENDPOINT_URL_XRAY": f"http://{SERVER}:2000", "AWS_REGION": "us-east-1"}
    starts = (
        xray.settings["Entrypoint"],
        [*xray.settings["Entrypoint"], "--log-level", "dev", "-o"],
        ["/xray", "-t", "0.0.0.0:2000", "-b", "0.0.0.0:2000"],
        ["/usr/bin/xray", "-c", "/drop-in.yaml"],
    )
    for number, words in enumerate(starts, 10):
        agent = xray.start(words, upstream)
        wait_for(agent, NODE, "/healthz")
        wait_for_trace(send_segment(NODE, number))
        stop("agent", agent)
        print("image xray:", *words, "- brought a segment")

    stop("server", server)
    check_unhealthy(fluoro, network="server")
    server = fluoro.start([*entry, *fluoro.settings["Cmd"]], {}, network="server")
    wait_for(server, SERVER, "/readyz")
    wait_for_trace(trace)
    stop("server", server)
    print("image fluoro: traces are there after a restart")
    check_keys(fluoro, xray, agent_pod["command"])


def check_example(work: Path) -> None:
    """The traced application, as its manifests start it beside the agent."""
    example = Image(work, "example-rust", files={"/etc/hosts": f"{NODE} xray-service springboot2\n"})
    running = []
    for service in ("springboot2", "springboot"):
        pod = read_deployments(work / "example.yaml")[service]["spec"]["template"]["spec"]["containers"][0]
        variables = {variable["name"]: variable["value"] for variable in pod["env"]}
        process = example.start(pod["command"], variables)
        port = pod["ports"][0]["containerPort"]
        for probe in ("livenessProbe", "readinessProbe"):
            wait_for(process, NODE, pod[probe]["httpGet"]["path"], port)
        check_confined(service, process)
        running.append((service, process))
    for path in ("/", "/visits"):
        with urllib.request.urlopen(f"http://{NODE}:{port}{path}", timeout=5) as answer:
            root = answer.headers["X-Amzn-Trace-Id"].removeprefix("Root=").split(";")[0]
        wait_for_trace(root)
    for service, process in running:
        stop(service, process)
    print("image example-rust: the Deployments' probes answer, and its requests are traced through the agent")


def check_keys(fluoro: Image, xray: Image, agent_command: list[str]) -> None:
    """Makes keys as deploy/README.md says, and turns authentication on."""
    token = create_key(fluoro, "me", "--console")
    key = create_key(fluoro, "agents", "--policy", "daemon")
    words = [*fluoro.settings["Entrypoint"], *fluoro.settings["Cmd"]]
    server = fluoro.start(words, {"FLUORO_AUTH": "on"}, network="server")
    wait_for(server, SERVER, "/readyz")
    try:
        post(SERVER, "/Traces", {"TraceIds": []})
        sys.exit("with authentication on, a stranger may read traces")
    except urllib.error.HTTPError as refusal:
        if refusal.code != 403:
            sys.exit(f"a stranger is answered {refusal.code}")
    agent = xray.start(
        agent_command, {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    )
    wait_for(agent, NODE, "/healthz")
    wait_for_trace(send_segment(NODE, 20), token["token"])
    stop("agent", agent)
    stop("server", server)
    print("image xray: signs with the key that the server asks for")


def create_key(fluoro: Image, name: str, *words: str) -> dict:
    made = fluoro.run(["/usr/bin/fluoro", "keys", "--json", "create", "--name", name, *words])
    if made.returncode != 0:
        sys.exit(f"fluoro keys says {made.stderr}")
    return json.loads(made.stdout)


def network() -> None:
    """The node here, the server there, and a cable between."""
    names = Path("/run/netns")
    names.mkdir(exist_ok=True)
    mount(Path("tmpfs"), names, 0, "tmpfs")
    for line in (
        "netns add server",
        "link set lo up",
        "link add node type veth peer name server netns server",
        f"address add {NODE}/24 dev node",
        "link set node up",
        "-netns server link set lo up",
        f"-netns server address add {SERVER}/24 dev server",
        "-netns server link set server up",
    ):
        subprocess.run(["ip", *line.split()], check=True)


def mount(source: Path, target: Path, flags: int, kind: str = "") -> None:
    if libc.mount(str(source).encode(), str(target).encode(), kind.encode() or None, flags, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source} at {target}")


def read_manifests(path: Path) -> dict[str, dict]:
    return {found["kind"]: found for found in yaml.safe_load_all(path.read_text())}


def read_deployments(path: Path) -> dict[str, dict]:
    found = yaml.safe_load_all(path.read_text())
    return {each["metadata"]["name"]: each for each in found if each["kind"] == "Deployment"}


def check_confined(name: str, process: subprocess.Popen) -> None:
    status = dict(line.split(":\t", 1) for line in status_lines(process))
    if status["Uid"].split()[0] != str(UID) or int(status["CapEff"], 16) != 0 or status["NoNewPrivs"] != "1":
        sys.exit(f"the {name} may do more than it should: {status}")


def status_lines(process: subprocess.Popen) -> list[str]:
    return Path(f"/proc/{process.pid}/status").read_text().splitlines()


def peak_kib(process: subprocess.Popen) -> int:
    line = next(line for line in status_lines(process) if line.startswith("VmHWM"))
    return int(line.split()[1])


def check_health(image: Image, network: str = "") -> None:
    found = image.run(image.settings["Healthcheck"]["Test"][1:], network=network)
    if found.returncode != 0:
        sys.exit(f"the image's health check says {found.returncode}: {found.stdout}{found.stderr}")


def check_unhealthy(image: Image, network: str = "") -> None:
    if image.run(image.settings["Healthcheck"]["Test"][1:], network=network).returncode == 0:
        sys.exit("an image's health check is content with a process that has ended")


def wait_for(process: subprocess.Popen, host: str, path: str, port: int = 2000) -> None:
    """Until it answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a process ended with {process.returncode} instead of answering {path}")
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"no answer from {host} at {path} in {START_SECONDS} s")


def send_segment(host: str, number: int) -> str:
    now = time.time()
    trace = f"1-{int(now):08x}-{number:024x}"
    segment = {"name": "deploy", "id": f"{number + 1:016x}", "trace_id": trace, "start_time": now - 1, "end_time": now}
    datagram = b'{"format": "json", "version": 1}\n' + json.dumps(segment).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, (host, 2000))
    return trace


def wait_for_trace(trace: str, token: str = "") -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if post(SERVER, "/Traces", {"TraceIds": [trace]}, token)["Traces"]:
            return
        time.sleep(0.1)
    sys.exit(f"trace {trace} did not arrive in 10 s")


def post(host: str, path: str, body: dict, token: str = "") -> dict:
    request = urllib.request.Request(f"http://{host}:2000{path}", json.dumps(body).encode(), method="POST")
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def stop(name: str, process: subprocess.Popen) -> None:
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit(f"the {name} did not end within {STOP_SECONDS} s of SIGTERM")
    if code != 0:
        sys.exit(f"the {name} ended with {code} after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
