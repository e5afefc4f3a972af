#!/usr/bin/env python3
"""A small S3-compatible store on loopback, for the tests: what AWS documents, as far as sdk uses it.

s3-server.py PORT_FILE LOG_FILE [BUCKET…]: keeps objects in memory, serves a free port, which it writes
to PORT_FILE; logs "method path status" a line.

Faithful in what matters here: every request's AWS Signature Version 4 is computed anew and compared
(AWS General Reference, "Create a signed request": canonical request from the bytes that came,
signed headers, the body's digest), the clock may be off by 15 minutes, the body must have the digest
that was signed; PUT honours If-Match and If-None-Match: * under one lock, and answers 412; quoted
strong ETags; x-amz-meta-* comes back; ListObjectsV2 with prefix and continuation-token. Known key:
access "test", secret "secret/with+signs".

Environment: PAGE=N objects a page of a listing; FLAKY=1 answers 503 to every fifth request;
MEET=FILE, where FILE exists when an index is put: the PUT waits for a second one, so that the two
collide however slow the machine is;
TOGETHER=FILE, where FILE exists: no archive is handed out before a second one is asked for, but 403
after 20 seconds;
LOST=FILE, where FILE exists: the next PUT of an index is done, but answered 503, and FILE is removed;
REFUSED=FILE, lines "status key" of objects that are answered with that status.
"""
import datetime
import hashlib
import hmac
import http.server
import os
import sys
import threading
import time
import urllib.parse

port_file, log_file, *buckets = sys.argv[1:]
SECRETS = {"test": "secret/with+signs"}
PAGE = int(os.environ.get("PAGE", "1000"))
objects = {bucket: {} for bucket in buckets or ["bucket"]}
lock = threading.Lock()
MEET = os.environ.get("MEET", "")
TOGETHER = os.environ.get("TOGETHER", "")
LOST = os.environ.get("LOST", "")
REFUSED = os.environ.get("REFUSED", "")
meeting = threading.Condition()
arrived = {"put": 0, "get": 0}
requests = 0


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Refused(Exception):
    def __init__(self, status, code, message=""):
        self.status, self.code, self.message = status, code, message


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    # ---- the signature

    def canonical_query(self, query):
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        quote = lambda text: urllib.parse.quote(text, safe="-._~")
        return "&".join(f"{k}={v}" for k, v in sorted((quote(k), quote(v)) for k, v in pairs))

    def check_signature(self, body):
        given = self.headers.get("Authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            raise Refused(403, "AccessDenied", "anonymous")
        fields = dict(f.strip().split("=", 1) for f in given.split(" ", 1)[1].split(","))
        access, day, region, service, end = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        if access not in SECRETS:
            raise Refused(403, "InvalidAccessKeyId")
        if (service, end) != ("s3", "aws4_request") or "host" not in names or names != sorted(names):
            raise Refused(403, "AccessDenied", "scope or signed headers")
        for name in self.headers:
            if name.lower().startswith("x-amz-") and name.lower() not in names:
                raise Refused(403, "AccessDenied", f"{name} is not signed")
        when = self.headers["X-Amz-Date"]
        signed_at = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(time.time() - signed_at.timestamp()) > 900 or not when.startswith(day):
            raise Refused(403, "RequestTimeTooSkewed")
        digest = self.headers.get("x-amz-content-sha256")
        if not digest:
            raise Refused(400, "InvalidRequest", "Missing required header: x-amz-content-sha256")
        if digest != hashlib.sha256(body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")
        path, _, query = self.path.partition("?")
        headers = "".join(f"{n}:{' '.join(self.headers.get(n, '').split())}\n" for n in names)
        canonical = "\n".join([self.command, urllib.parse.quote(urllib.parse.unquote(path), safe="/-._~"),
                               self.canonical_query(query), headers, ";".join(names), digest])
        text = "\n".join(["AWS4-HMAC-SHA256", when, f"{day}/{region}/s3/aws4_request",
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + SECRETS[access].encode()
        for part in (day, region, "s3", "aws4_request"):
            key = mac(key, part)
        if not hmac.compare_digest(mac(key, text).hex(), fields["Signature"]):
            raise Refused(403, "SignatureDoesNotMatch")

    # ---- answers

    def answer(self, status, body=b"", length=None, **headers):
        with open(log_file, "a") as log:
            log.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, refused):
        xml = f"<Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>"
        self.answer(refused.status, xml.encode(), Content_Type="application/xml")

    def handle_request(self):
        global requests
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        requests += 1
        try:
            if os.environ.get("FLAKY") and requests % 5 == 0:
                raise Refused(503, "SlowDown")
            self.check_signature(body)
            path, _, query = self.path.partition("?")
            _, bucket, *rest = urllib.parse.unquote(path).split("/", 2)
            if bucket not in objects:
                raise Refused(404, "NoSuchBucket")
            getattr(self, "do_object_" + self.command.lower())(objects[bucket], "".join(rest), query, body)
        except Refused as refused:
            self.refuse(refused)

    do_GET = do_HEAD = do_PUT = do_DELETE = handle_request

    # ---- objects

    def do_object_get(self, bucket, key, query, body):
        if not key:
            return self.list(bucket, urllib.parse.parse_qs(query))
        if os.path.exists(REFUSED):
            with open(REFUSED) as file:
                for status in (line.split()[0] for line in file if line.split()[1] == key):
                    raise Refused(int(status), "AsTheTestWants")
        if "/objects/" in key and os.path.exists(TOGETHER) and not self.meet("get", 20):
            raise Refused(403, "Alone")
        with lock:
            found = bucket.get(key)
        if not found:
            raise Refused(404, "NoSuchKey")
        data, etag, meta = found
        self.answer(200, data, ETag=etag, **meta)

    def do_object_head(self, bucket, key, query, body):
        self.do_object_get(bucket, key, query, body)

    def check_conditions(self, bucket, key):
        found = bucket.get(key)
        wanted = self.headers.get("If-Match")
        if wanted is not None and not found:
            raise Refused(404, "NoSuchKey")
        if wanted is not None and wanted != found[1]:
            raise Refused(412, "PreconditionFailed")
        if self.headers.get("If-None-Match") == "*" and found:
            raise Refused(412, "PreconditionFailed")

    def meet(self, what, seconds):
        with meeting:
            arrived[what] += 1
            meeting.notify_all()
            return meeting.wait_for(lambda: arrived[what] > 1, timeout=seconds)

    def do_object_put(self, bucket, key, query, body):
        etag = '"' + hashlib.md5(body).hexdigest() + '"'
        meta = {n.lower(): v for n, v in self.headers.items() if n.lower().startswith("x-amz-meta-")}
        if "index/" in key and os.path.exists(MEET):
            self.meet("put", 60)
        with lock:
            self.check_conditions(bucket, key)
            bucket[key] = (body, etag, meta)
        if "index/" in key and os.path.exists(LOST):
            os.remove(LOST)
            raise Refused(503, "SlowDown")
        self.answer(200, ETag=etag)

    def do_object_delete(self, bucket, key, query, body):
        with lock:
            bucket.pop(key, None)
        self.answer(204)

    def list(self, bucket, query):
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", [""])[0]
        with lock:
            keys = sorted(k for k in bucket if k.startswith(prefix) and k > after)
            page = [(k, len(bucket[k][0])) for k in keys[:PAGE]]
        more = len(keys) > PAGE
        xml = "<?xml version=\"1.0\"?><ListBucketResult>"
        xml += f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
        xml += "".join(f"<Contents><Key>{k}</Key><Size>{n}</Size></Contents>" for k, n in page)
        if more:
            xml += f"<NextContinuationToken>{page[-1][0]}</NextContinuationToken>"
        self.answer(200, (xml + "</ListBucketResult>").encode(), Content_Type="application/xml")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # clients that go away


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
