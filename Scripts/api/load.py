"""What many clients, and those that keep no rules, do to a server: it serves the others, and its memory stays bounded."""

import asyncio
import json
import os
import resource
import socket
import time

MEBIBYTE = 1 << 20


def memory(server):
    """Resident bytes of the server."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


class Bounded:
    """Fails when the server's memory has grown by more than so many bytes."""

    def __init__(self, server, bytes):
        self.server, self.bytes = server, bytes

    def __enter__(self):
        self.server.call("GET", "/v1/sessions")
        self.before = memory(self.server)

    def __exit__(self, kind, *_):
        grown = memory(self.server) - self.before
        print(f"  the server's memory grew by {grown / MEBIBYTE:.0f} MiB, {self.bytes // MEBIBYTE} MiB are allowed")
        assert kind or grown < self.bytes, f"{grown} bytes"


def connect(server):
    one = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def head(server, method, path, *more):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.token}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def rest(one):
    """Everything until the server closes."""
    data = b""
    try:
        while piece := one.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def serves(server, session):
    """Somebody who keeps the rules is served."""
    assert server.call("GET", "/v1/health")["status"] == "ok"
    done = server.call("POST", f"/v1/sessions/{session}/execs", {"shell": "echo served"})
    assert done["stdout"]["text"] == "served\n", done


def idle_connections(server):
    """Ten thousand idle connections keep nobody else from being served."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = 10_000
    assert hard >= count + 1000, f"this machine allows {hard} descriptors"
    session = server.call("POST", "/v1/sessions", {})["id"]
    request = head(server, "GET", "/v1/health")
    with Bounded(server, 768 * MEBIBYTE):
        held, since = [], []
        while len(held) < count:
            held += [connect(server) for _ in range(100)]
            since += [time.monotonic()] * 100
            # One of them has been used, and rests between two requests.
            held[-1].sendall(request)
            assert held[-1].recv(65536).startswith(b"HTTP/1.1 200 ")
        # A first request may be 20 seconds late: a machine that is too slow for all of them is not told so.
        resting = sum(time.monotonic() - then < 15 for then in since)
        assert len(os.listdir(f"/proc/{server.process.pid}/fd")) >= resting
        print(f"  {resting} connections rest")
        serves(server, session)
    held[-1].sendall(request)
    assert held[-1].recv(65536).startswith(b"HTTP/1.1 200 ")
    for one in held:
        one.close()
    serves(server, session)


def streaming_execs(server):
    """Two hundred commands stream at once, and each of their readers gets all of its own."""
    session = server.call("POST", "/v1/sessions", {"limits": {"processes": 4096}})["id"]
    base = f"/v1/sessions/{session}/execs"

    async def one(number, everyone):
        body = json.dumps({"shell": f"echo on {number}; read word; echo $word {number}", "input": True, "mode": "stream"}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=MEBIBYTE)
        writer.write(head(server, "POST", base, f"Content-Length: {len(body)}", "Content-Type: application/json") + body)
        exec, text, ended = None, "", None
        while line := await asyncio.wait_for(reader.readline(), 60):
            if not line.startswith(b"{"):
                continue
            event = json.loads(line)
            exec = event.get("exec", exec)
            text += event.get("text", "")
            if event["type"] == "output" and text == f"on {number}\n":
                # Nobody goes on before all are running.
                everyone.release()
                await everyone.whole()
                await answer(exec)
            if event["type"] == "ended":
                ended = event["ending"]["outcome"]
                break
        writer.close()
        assert ended == {"kind": "exited", "code": 0} and text == f"on {number}\nout {number}\n", (number, text, ended)

    async def answer(exec):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head(server, "POST", f"{base}/{exec}/stdin?close=true", "Content-Length: 4", "Connection: close") + b"out\n")
        status = await asyncio.wait_for(reader.readline(), 60)
        assert status.startswith(b"HTTP/1.1 204 "), status
        writer.close()

    class Everyone:
        def __init__(self, count):
            self.left, self.done = count, asyncio.Event()

        def release(self):
            self.left -= 1
            if self.left == 0:
                self.done.set()

        async def whole(self):
            await asyncio.wait_for(self.done.wait(), 60)

    async def run(count):
        everyone = Everyone(count)
        await asyncio.gather(*(one(number, everyone) for number in range(count)))

    with Bounded(server, 512 * MEBIBYTE):
        asyncio.run(run(200))
    serves(server, session)


def readers_that_never_read(server):
    """Readers that never read hold their own commands and downloads, and nobody else."""
    session = server.call("POST", "/v1/sessions", {})["id"]
    base = f"/v1/sessions/{session}"
    server.call("POST", f"{base}/execs", {"shell": "head -c 300000000 /dev/zero >large"})
    body = json.dumps({"shell": "head -c 1000000000 /dev/zero", "mode": "stream"}).encode()
    with Bounded(server, 256 * MEBIBYTE):
        held = []
        for _ in range(8):
            held.append(connect(server))
            held[-1].sendall(head(server, "POST", f"{base}/execs", f"Content-Length: {len(body)}", "Content-Type: application/json") + body)
            held.append(connect(server))
            held[-1].sendall(head(server, "GET", f"{base}/files/content?path=large"))
        for one in held:
            assert one.recv(64).startswith(b"HTTP/1.1 200 ")
        for _ in range(10):
            serves(server, session)
        running = server.call("GET", f"{base}/execs?running=true")["execs"]
        assert len(running) == 8, running
    server.call("DELETE", f"{base}?force=true")
    for one in held:
        one.close()


def heads_that_never_end(server):
    """Heads that come slowly or never end, and connections that are half closed, keep nobody else from being served."""
    session = server.call("POST", "/v1/sessions", {})["id"]
    with Bounded(server, 192 * MEBIBYTE):
        slow = [connect(server) for _ in range(300)]
        for one in slow:
            one.sendall(b"GET /v1/health HTTP/1.1\r\nHost: loc")
        for _ in range(50):
            one = connect(server)
            try:
                one.sendall(b"GET /v1/health HTTP/1.1\r\nX: ")
                for _ in range(64):
                    one.sendall(b"x" * 16384)
            except OSError:
                pass
            assert b" 200 " not in rest(one)
        for one in slow:
            one.sendall(b"alhost")
        serves(server, session)
        # Who says that nothing more comes still gets the answer to what came.
        for _ in range(100):
            one = connect(server)
            one.sendall(head(server, "GET", "/v1/health"))
            one.shutdown(socket.SHUT_WR)
            assert rest(one).startswith(b"HTTP/1.1 200 ")
        for one in slow:
            one.shutdown(socket.SHUT_WR)
        for one in slow:
            assert b" 200 " not in rest(one)
        serves(server, session)


parts = [heads_that_never_end, streaming_execs, readers_that_never_read, idle_connections]
