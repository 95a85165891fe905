"""A stand-in for the Hugging Face Hub, its CDN and a package index, for tests without a network: what they answer, and the ways in
which they fail."""
import hashlib
import http.server
import io
import json
import re
import threading
import urllib.parse
import zipfile

TOKEN = "hf_of_the_test"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repository:
    """One of the Hub; files of 1000 bytes and more are "large" ones, which have a SHA-256 and stand on the CDN."""

    def __init__(self, files, commit="c" * 40, gated=False):
        self.files, self.commit, self.gated = files, commit, gated
        self.wrong = {}  # path: bytes that are sent in place of the right ones, how often
        self.cut = {}  # path: after how many bytes connections break, how often
        self.held = {}  # path: after how many bytes nothing more comes until the other side goes away
        self.told_sizes = {}  # path: the size that the list has in place of the right one
        self.extra_names = []  # of files that the list has besides

    def listing(self):
        out = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "onnx"}]
        for path, data in self.files.items():
            size = self.told_sizes.get(path, len(data))
            entry = {"type": "file", "oid": git_blob(data), "size": size, "path": path}
            if len(data) >= 1000:
                entry["lfs"] = {"oid": sha256(data), "size": size, "pointerSize": 130}
            out.append(entry)
        return out + [{"type": "file", "oid": "0" * 40, "size": 1, "path": name} for name in self.extra_names]


class StandIn:
    """Two servers, so that a redirect leads elsewhere. `requests` keeps (server, path, headers) of all that came."""

    def __init__(self):
        self.repositories, self.packages, self.requests = {}, {}, []
        self.page_size, self.endless, self.busy, self.ranges, self.html = 1000, None, 0, True, False
        self.next_page_at = None  # another server that the list of files would go on at
        self.index_user = None
        self.hub, self.cdn = (self._serve(name) for name in ("hub", "cdn"))

    def _serve(self, name):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stand_in.requests.append((name, self.path, dict(self.headers)))
                try:
                    stand_in._answer(self, name)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # clients that go away are part of the tests
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def close(self):
        for server in (self.hub, self.cdn):
            server.shutdown()
            server.server_close()

    def url(self, name="hub"):
        return f"http://127.0.0.1:{getattr(self, name).server_address[1]}"

    def asked(self, server, part):
        return [headers for name, path, headers in self.requests if name == server and part in path]

    # What follows answers one request.

    @staticmethod
    def _send(handler, status, body=b"", **headers):
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _json(self, handler, value, **headers):
        self._send(handler, 200, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def _answer(self, handler, server):
        url = urllib.parse.urlsplit(handler.path)
        path = urllib.parse.unquote(url.path)
        if self.busy > 0:
            self.busy -= 1
            return self._send(handler, 503)
        if self.endless and self.endless in path:
            return self._send_endlessly(handler)
        if path.startswith("/simple/"):
            return self._index(handler, path.split("/")[2])
        if server == "cdn":
            return self._cdn(handler, path)
        if found := re.fullmatch(r"/api/models/(.+)/(tree|revision)/([^/]+)", url.path):
            return self._api(handler, urllib.parse.unquote(found[1]), found[2], urllib.parse.unquote(found[3]), url.query)
        if found := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", path):
            return self._resolve(handler, *found.groups())
        self._send(handler, 404)

    def _repository(self, handler, name, revision):
        repository = self.repositories.get(name)
        authorized = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        if handler.headers.get("Authorization") and not authorized:
            self._send(handler, 401)
        elif repository is None:  # what it does for one that is not there, or private
            self._send(handler, 401 if not authorized else 404, X_Error_Code="RepoNotFound")
        elif revision not in ("main", repository.commit):
            self._send(handler, 404, X_Error_Code="RevisionNotFound")
        else:
            return repository, authorized
        return None, False

    def _api(self, handler, name, what, revision, query):
        repository, _ = self._repository(handler, name, revision)
        if repository is None:
            return None
        if what == "revision":
            return self._json(handler, {"id": name, "sha": repository.commit, "tags": ["en", "license:apache-2.0"]})
        listing, begin = repository.listing(), int(urllib.parse.parse_qs(query).get("cursor", ["0"])[0])
        end = begin + self.page_size
        link = {}
        if end < len(listing):
            at = (self.next_page_at or self.url()) + handler.path.split("?")[0]
            link = {"Link": f'<{at}?recursive=true&cursor={end}>; rel="next"'}
        self._json(handler, listing[begin:end], **link)

    def _resolve(self, handler, name, revision, path):
        repository, authorized = self._repository(handler, name, revision)
        if repository is None:
            return None
        if repository.gated and not authorized:
            return self._send(handler, 401, X_Error_Code="GatedRepo")
        if len(repository.files[path]) >= 1000:
            return self._send(handler, 302, Location=f"{self.url('cdn')}/{name}/{path}?signature=secret")
        return self._file(handler, repository, path, repository.files[path])

    def _cdn(self, handler, path):
        if path.startswith("/wheels/"):
            for wheels in self.packages.values():
                if (data := wheels.get(path[8:])) is not None:
                    return self._file(handler, None, path, data)
            return self._send(handler, 404)
        owner, name, rest = path[1:].split("/", 2)
        repository = self.repositories[f"{owner}/{name}"]
        return self._file(handler, repository, rest, repository.files[rest])

    def _file(self, handler, repository, path, data):
        if repository and repository.wrong.get(path, 0) > 0:
            repository.wrong[path] -= 1
            data = bytes(len(data))
        begin, found = 0, re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if found and self.ranges:
            begin = int(found[1])
        if begin and begin >= len(data):
            return self._send(handler, 416)
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(data) - begin))
        handler.end_headers()
        if repository and path in repository.held:
            handler.wfile.write(data[begin:begin + repository.held[path]])
            handler.wfile.flush()
            handler.close_connection = True
            return handler.connection.recv(1)
        after, times = repository.cut.get(path, (0, 0)) if repository else (0, 0)
        if times > 0:
            repository.cut[path] = (after, times - 1)
            handler.wfile.write(data[begin:begin + after])
            handler.wfile.flush()
            handler.close_connection = True
            return handler.connection.shutdown(2)
        handler.wfile.write(data[begin:])

    @staticmethod
    def _send_endlessly(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b" " * 65536)

    def _index(self, handler, package):
        if self.index_user and handler.headers.get("Authorization") != self.index_user:
            return self._send(handler, 401)
        if package not in self.packages:
            return self._send(handler, 404)
        files = [{"filename": name, "url": f"{self.url('cdn')}/wheels/{name}", "size": len(data), "hashes": {"sha256": sha256(data)}, "yanked": False}
                 for name, data in self.packages[package].items()]
        if not self.html:
            return self._json(handler, {"meta": {"api-version": "1.1"}, "name": package, "files": files})
        links = "".join(f'<a href="{file["url"]}#sha256={file["hashes"]["sha256"]}">{file["filename"]}</a>\n' for file in files)
        self._send(handler, 200, f"<html><body>{links}</body></html>".encode(), Content_Type="text/html")


def wheel(name, version, members, requires=()):
    """The file name and the bytes of a wheel."""
    module, data = name.replace("-", "_"), io.BytesIO()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: Apache-2.0\n" + "".join(f"Requires-Dist: {r}\n" for r in requires) + "\nText\n"
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(f"{module}/{path}", content)
        archive.writestr(f"{module}-{version}.dist-info/METADATA", metadata)
        archive.writestr(f"{module}-{version}.dist-info/LICENSE", "the licence\n")
    return f"{module}-{version}-py3-none-any.whl", data.getvalue()
