"""What benchmarks of servers share: a server that runs as long as it is asked, prompts of ids, percentiles."""
import contextlib
import http.client
import socket
import subprocess
import time

IDS = (1000, 30000)  # that prompts are drawn from: ordinary tokens of most vocabularies


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def running(command, port, said=subprocess.DEVNULL):
    """Gives the process of a server at `port` once it is ready, and ends it. `said`: where its stderr goes; None: where ours does."""
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=said)
    try:
        while not is_ready(port):
            assert server.poll() is None, "the server ended: " + " ".join(map(str, command))
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        server.wait()


def percentile(values, share):
    """Of seconds, in milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))]
