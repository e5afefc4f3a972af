#!/usr/bin/env python3
"""An HTTP server on loopback that behaves as badly as its first path component asks.

server.py DIRECTORY PORT_FILE LOG_FILE: serves DIRECTORY on a free port, which it writes to PORT_FILE;
logs "path range" a line.

/good/x     the file, ranges honoured      /norange/x  the whole file whatever the range
/wrong/x    other bytes of the same length /truncated/x the length of all, the bytes of half
/loop/x     redirects to itself            /hop/x      redirects to /good/x
/stall/x    half, then silence             /slow/x     1 MB a second
/error/x    503                            /flaky/x    503 the first time, then as /good
/endless/x  bytes without end              /tofile/x   redirects to file:///etc/passwd
/dying/x    the file, but 503 for objects
/halved/x   of objects half the first time, then as /good
/late/x     the file after a second        /tagged/x  the file with an ETag; 304 to who has it
"""
import hashlib
import http.server
import os
import sys
import time

root, port_file, log_file = sys.argv[1:4]
seen = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def do_GET(self):
        with open(log_file, "a") as log:
            log.write(f"{self.path} {self.headers.get('Range', '-')}\n")
        _, mode, name = self.path.split("/", 2)
        if mode == "loop":
            return self.answer(302, Location=self.path, Content_Length=0)
        if mode == "hop":
            return self.answer(302, Location="/good/" + name, Content_Length=0)
        if mode == "tofile":
            return self.answer(302, Location="file:///etc/passwd", Content_Length=0)
        if mode == "error" or mode == "flaky" and self.path not in seen or mode == "dying" and "/objects/" in name:
            seen.add(self.path)
            return self.answer(503, Content_Length=0)
        if mode == "late":
            time.sleep(1)
        if mode == "endless":
            self.answer(200, Connection="close")
            self.close_connection = True
            while True:
                self.wfile.write(b"x" * 65536)
        try:
            with open(os.path.join(root, name), "rb") as file:
                data = file.read()
        except OSError:
            return self.answer(404, Content_Length=0)
        if mode == "tagged":
            return self.send_tagged(data)
        self.send_file(mode, data)

    def send_tagged(self, data):
        tag = '"' + hashlib.sha256(data).hexdigest() + '"'
        if self.headers.get("If-None-Match") == tag:
            with open(log_file, "a") as log:
                log.write(f"{self.path} unchanged\n")
            return self.answer(304, ETag=tag)
        self.answer(200, Content_Length=len(data), ETag=tag)
        self.wfile.write(data)

    def send_file(self, mode, data):
        if mode == "wrong":
            data = bytes(b ^ 1 for b in data)
        start = 0
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and mode != "norange":
            start = int(wanted[6:].split("-")[0])
            if start >= len(data):
                return self.answer(416, Content_Length=0)
            self.answer(206, Content_Length=len(data) - start,
                        Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.answer(200, Content_Length=len(data))
        data = data[start:]
        is_cut = mode in ("truncated", "stall")
        if mode == "halved" and "objects/" in self.path and self.path not in seen:
            seen.add(self.path)
            is_cut = True
        if is_cut:
            data = data[:len(data) // 2]
        if mode == "slow":
            for at in range(0, len(data), 50000):
                self.wfile.write(data[at:at + 50000])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(data)
        self.wfile.flush()
        if mode == "stall":
            time.sleep(30)
        if is_cut:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that go away are what the tests are about


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
