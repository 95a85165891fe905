#!/usr/bin/env python3
"""What deploy/ has, held to the programs that read it, as far as they are installed (each that is not is named), and to the
server. Usage: deploy.py MALMOI FOLDER"""
import contextlib
import importlib.util
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import serve_support

root = pathlib.Path(__file__).resolve().parent.parent
deploy = root / "deploy"
malmoi, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
skipped = []


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def with_program(name, check, *arguments):
    if shutil.which(name):
        check(*arguments)
    else:
        skipped.append(name)


def check_systemd():
    unit = (deploy / "malmoi.service").read_text()
    copy = folder / "malmoi.service"
    copy.write_text(unit.replace("/usr/local/bin/malmoi", str(malmoi)))
    said = run("systemd-analyze", "verify", copy)
    assert "malmoi.service" not in said, said
    exposure = re.search(r"exposure level.*: ([\d.]+)", run("systemd-analyze", "security", "--offline=true", copy))
    assert float(exposure[1]) < 2, exposure[0]  # of 10


def kubernetes_files():
    names = re.search(r"resources: \[(.*)\]", (deploy / "kubernetes/kustomization.yaml").read_text())[1].split(", ")
    files = [deploy / "kubernetes" / name for name in names]
    assert {file.name for file in files} | {"kustomization.yaml"} == {file.name for file in (deploy / "kubernetes").iterdir()}
    return files


def check_kubernetes():
    """Against the schemas of Kubernetes, which the package has in it."""
    if importlib.util.find_spec("kubernetes_validate") is None:
        return skipped.append("kubernetes-validate")
    run(sys.executable, "-m", "kubernetes_validate", "--strict", *kubernetes_files())


def check_kustomize():
    text = run("kubectl", "kustomize", deploy / "kubernetes")
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "PersistentVolumeClaim"):
        assert f"kind: {kind}\n" in text, kind


def check_kubernetes_probes(url):
    """Paths that the server has, and options."""
    text = (deploy / "kubernetes/deployment.yaml").read_text()
    probes = re.findall(r"(\w+Probe): {httpGet: {path: (\S+),", text)
    assert sorted(name for name, _ in probes) == ["livenessProbe", "readinessProbe", "startupProbe"], probes
    for _, path in probes:
        assert urllib.request.urlopen(url + path[1:]).status == 200, path


def check_options():
    """Every option that a file gives the server is one that it has."""
    known = set(re.findall(r"--[a-z][\w-]*", run(malmoi, "serve", "--help")))
    texts = {"malmoi.service": r"^ExecStart=(.*)", "Dockerfile": r"^CMD (.*)", "kubernetes/deployment.yaml": r"^ +- (--.*)"}
    for name, lines in texts.items():
        given = re.findall(r"--[a-z][\w-]*", " ".join(re.findall(lines, (deploy / name).read_text(), re.M)))
        assert given and set(given) <= known, (name, set(given) - known)


def check_image():
    """The packages of the image are those of the libraries that the program is linked with."""
    text = (deploy / "Dockerfile").read_text()
    assert "HEALTHCHECK" in text and re.search(r"^USER [1-9]\d*$", text, re.M), "neither root nor without a check"
    wanted = set()
    for library in re.findall(r"NEEDED +(\S+)", run("objdump", "-p", malmoi)):
        found = re.search(rf"^\s*{re.escape(library)} .*=> (\S+)$", run("ldconfig", "-p"), re.M)
        owner = subprocess.run(["dpkg", "-S", *{found[1], str(pathlib.Path(found[1]).resolve()), found[1].replace("/lib/", "/usr/lib/", 1), found[1].replace("/usr/lib/", "/lib/", 1)}], capture_output=True, text=True).stdout if found else ""
        wanted |= {line.split(":")[0] for line in owner.splitlines() if not line.startswith("diversion")}
    wanted = {name for name in wanted if not name.endswith("-dev")} - {"libc6", "libgcc-s1"} | {"poppler-data"}  # of every Debian; tables that Korean PDFs need
    listed = set(re.findall(r"^      ([a-z0-9.+-]+)(?: \\| && \\)$", text, re.M)) - {"ca-certificates"}
    assert wanted == listed, f"missing in deploy/Dockerfile: {wanted - listed}, not needed there: {listed - wanted}"


def check_image_health(url):
    """The command that asks the server in the image, at the port of this one."""
    words = json.loads(re.search(r"^ +CMD (\[\"bash.*\])$", (deploy / "Dockerfile").read_text(), re.M)[1])
    port = url.rstrip("/").rsplit(":", 1)[1]
    run(*[word.replace("/8080", "/" + port) for word in words])
    assert subprocess.run([word.replace("/8080", "/1") for word in words], capture_output=True).returncode != 0


def check_dashboard(url):
    """Every query names metrics that the server has, after an answer."""
    board = json.loads((deploy / "grafana.json").read_text())
    told = urllib.request.urlopen(url + "metrics").read().decode()
    names = set(re.findall(r"^(malmoi_\w+)", told, re.M))
    ids, asked = set(), set()
    for panel in board["panels"]:
        assert panel["type"] == "timeseries" and panel["title"] and panel["targets"], panel
        ids.add(panel["id"])
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")") and target["datasource"]["uid"] == "${datasource}"
            found = set(re.findall(r"malmoi_\w+", target["expr"]))
            assert found, target["expr"]
            asked |= found
    assert len(ids) == len(board["panels"])
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    asked |= set(re.findall(r"malmoi_\w+", variables["model"]["definition"]))
    assert asked <= names, asked - names
    hpa = re.search(r"name: (malmoi_\w+)}", (deploy / "kubernetes/autoscaler.yaml").read_text())[1]
    documented = set(re.findall(r"`(malmoi_\w+)`", (root / "docs/deploy.md").read_text()))
    base = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    assert {hpa} <= names and documented == base, documented ^ base


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx_before(url):
    """nginx with the example's configuration, moved to ports and files of the test; gives the URL."""
    home = folder / "nginx"
    home.mkdir(parents=True, exist_ok=True)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", home / "privkey.pem", "-out", home / "fullchain.pem")
    tls, plain = free_port(), free_port()
    text = (deploy / "nginx.conf").read_text()
    moved = {"127.0.0.1:8080": url.split("//")[1].rstrip("/"), "/etc/ssl/malmoi": str(home), "/var/log/nginx/malmoi.log": str(home / "access.log"),
             "listen 443": f"listen 127.0.0.1:{tls}", "listen 80": f"listen 127.0.0.1:{plain}"}
    for old, new in moved.items():
        assert old in text, old
        text = text.replace(old, new)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.M)
    temporary = "".join(f"{name}_temp_path {home}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = home / "nginx.conf"
    configuration.write_text(f"daemon off;\npid {home}/pid;\nerror_log {home}/error.log;\nevents {{}}\nhttp {{\n{temporary}{text}}}\n")
    run("nginx", "-t", "-c", configuration, "-e", home / "error.log")
    process = subprocess.Popen(["nginx", "-c", str(configuration), "-e", str(home / "error.log")])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", tls), timeout=1):
                break
            time.sleep(0.05)
        yield f"https://localhost:{tls}/"
    finally:
        process.terminate()
        process.wait(timeout=20)


class SlowServer:
    """A server that sends the second half of its answer when its client has the first."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.asked, self.first_is_read = b"", threading.Event()
        threading.Thread(target=self.answer, daemon=True).start()

    def answer(self):
        connection, _ = self.socket.accept()
        while b"\r\n\r\n" not in self.asked:
            self.asked += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nSet-Cookie: malmoi-session=a; Path=/; HttpOnly; SameSite=Strict\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n")
        self.first_is_read.wait(timeout=20)
        connection.sendall(b"7\r\nsecond\n\r\n0\r\n\r\n")


def check_nginx(url):
    trust = ssl._create_unverified_context()
    with nginx_before(url) as proxy:
        assert urllib.request.urlopen(proxy + "health", context=trust).status == 200
    slow, trace = SlowServer(), "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    with nginx_before(slow.url) as proxy:
        request = urllib.request.Request(proxy + "v1/completions?key=not-in-the-log", headers={"traceparent": trace})
        with urllib.request.urlopen(request, context=trust, timeout=10) as answer:
            assert answer.headers["Set-Cookie"] == "malmoi-session=a; Path=/; HttpOnly; SameSite=Strict; Secure", answer.headers
            assert answer.readline() == b"first\n"
            slow.first_is_read.set()
            assert answer.read() == b"second\n"
    assert f"traceparent: {trace}\r\n".encode() in slow.asked and b"Host: localhost" in slow.asked, slow.asked
    log = (folder / "nginx/access.log").read_text()
    assert trace in log and "not-in-the-log" not in log, log[-500:]


check_options()
with_program("systemd-analyze", check_systemd)
check_kubernetes()
with_program("kubectl", check_kustomize)
with_program("objdump", check_image) if shutil.which("dpkg") else skipped.append("dpkg")
with serve_support.server(malmoi, folder, "--name", "tiny") as url:
    data = json.dumps({"prompt": "a", "max_tokens": 3, "ignore_eos": True}).encode()
    urllib.request.urlopen(urllib.request.Request(url + "v1/completions", data, {"Content-Type": "application/json"})).read()
    check_kubernetes_probes(url)
    with_program("bash", check_image_health, url)
    if shutil.which("openssl"):
        with_program("nginx", check_nginx, url)
    else:
        skipped.append("openssl")
    check_dashboard(url)
print("deploy/ is what its readers and the server take" + (f"; not installed, and so not asked: {', '.join(skipped)}" if skipped else ""))
