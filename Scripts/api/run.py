"""Runs every part against the built server and says what it did. Ends with status 1 when one failed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time

import load
from server import Server

binary, tools = sys.argv[1], sys.argv[2]


def lines(answer):
    for line in answer:
        if line.strip():
            yield json.loads(line)


def document(server):
    """The document is valid OpenAPI 3.1."""
    from openapi_spec_validator import validate

    spec = server.call("GET", "/v1/openapi.json")
    assert spec["openapi"].startswith("3.1")
    validate(spec)


def made_up_requests(server):
    """No operation answers made-up requests with a fault, or with what its schema does not say."""
    # These go on until the reader goes, or are not HTTP.
    excluded = ["events", "watchFiles", "openTerminal", "execEvents", "logout"]
    # These ask a backend that builds images, which need not be here: without one they are unavailable, and with one they build at random.
    excluded += ["startBuild", "checkPackages", "showImage"]
    # This would end the token that all the others are sent with.
    excluded += ["revokeToken"]
    command = [
        os.path.join(tools, "schemathesis"), "run", server.url + "/v1/openapi.json", "--url", server.url,
        "--header", f"Authorization: Bearer {server.token}", "--max-examples", os.environ.get("API_EXAMPLES", "8"), "--phases", "examples,fuzzing",
        "--seed", "7", "--request-timeout", "20", "--suppress-health-check", "all",
        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]
    for name in excluded:
        command += ["--exclude-operation-id", name]
    # How to write the bodies that it does not know.
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "media_types", "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=server.data, env=environment)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    print("  " + next((line for line in done.stdout.splitlines() if "generated," in line), "").strip())


def streams_survive_a_kill(server):
    """A command outlives kill -9 of the server and ends truthfully under the next one."""
    session = server.call("POST", "/v1/sessions", {"name": "survivor"})["id"]
    base = f"/v1/sessions/{session}/execs"
    key = {"Idempotency-Key": "once"}
    body = {"shell": "echo first >>runs; echo first; sleep 4; echo second; exit 7", "mode": "background"}
    exec = server.call("POST", base, body, key)["id"]
    events = lines(server.open("GET", f"{base}/{exec}/events"))
    assert next(events)["text"] == "first\n"
    server.stop(signal.SIGKILL)
    server.start()
    assert server.call("POST", base, body, key)["id"] == exec
    seen = list(lines(server.open("GET", f"{base}/{exec}/events?stdout=6")))
    assert [event.get("text") for event in seen if event["type"] == "output"] == ["second\n"], seen
    assert seen[-1]["ending"]["outcome"] == {"kind": "exited", "code": 7}, seen
    assert server.call("GET", f"/v1/sessions/{session}/files/content?path=runs") == b"first\n"
    assert server.call("GET", "/v1/sessions/survivor")["state"] == "ready"


def shutdown_is_told(server):
    """On SIGTERM a stream ends with a notice, the command goes on, and the next server has it."""
    session = server.call("POST", "/v1/sessions", {})["id"]
    base = f"/v1/sessions/{session}/execs"
    answer = server.open("POST", base, {"shell": "echo on; read x; echo got $x", "input": True, "mode": "stream", "id": "exe-told"})
    stream = lines(answer)
    assert next(stream)["type"] == "started" and next(stream)["text"] == "on\n"
    threading.Timer(0.2, server.stop).start()
    last = list(stream)[-1]
    assert last["type"] == "notice" and last["reason"] == "shutdown", last
    while server.process.poll() is None:
        time.sleep(0.02)
    server.start()
    server.call("POST", f"{base}/exe-told/stdin?close=true", b"it\n")
    ended = server.call("GET", f"{base}/exe-told/wait")
    assert ended["ending"]["outcome"]["code"] == 0
    assert server.call("GET", f"{base}/exe-told/output/stdout") == b"on\ngot it\n"


def terminals(server):
    """Two viewers of one terminal: input, output, resize, scrollback, the end; and who is not let in."""
    import websockets

    async def talk():
        session = server.call("POST", "/v1/sessions", {})["id"]
        base = f"/v1/sessions/{session}/execs"
        exec = server.call("POST", base, {
            "arguments": ["/bin/sh"], "input": True, "mode": "background", "terminal": {"columns": 80, "rows": 24}})["id"]
        address = f"ws://127.0.0.1:{server.port}{base}/{exec}/terminal"
        auth = {"Authorization": f"Bearer {server.token}"}

        async def until(socket, text):
            seen = b""
            while text not in seen:
                piece = await asyncio.wait_for(socket.recv(), 20)
                seen += piece if isinstance(piece, bytes) else b""
            return seen

        async with websockets.connect(address, additional_headers=auth) as first:
            await first.send(json.dumps({"type": "resize", "columns": 101, "rows": 33}))
            await first.send(b"stty size; echo mark-$((1+1))\n")
            assert b"33 101" in await until(first, b"mark-2\r\n")
            async with websockets.connect(address, additional_headers=auth) as second:
                assert b"33 101" in await until(second, b"mark-2\r\n")
                async with websockets.connect(address + "?view=true", additional_headers=auth) as viewer:
                    await viewer.send(b"echo never\n")
                    while True:
                        piece = await asyncio.wait_for(viewer.recv(), 20)
                        if isinstance(piece, str):
                            assert json.loads(piece)["error"]["code"] == "denied", piece
                            break
                await second.send(b"exit 5\n")
                for socket in (first, second):
                    while True:
                        piece = await asyncio.wait_for(socket.recv(), 20)
                        if isinstance(piece, str):
                            assert json.loads(piece)["ending"]["outcome"]["code"] == 5, piece
                            break
        async with websockets.connect(address, additional_headers=auth) as late:
            assert b"mark-2" in await until(late, b"mark-2\r\n")
        for headers in ({}, {**auth, "Origin": "http://evil.example"}, {"Authorization": "Bearer no"}):
            async with websockets.connect(address, additional_headers=headers) as stranger:
                refusal = json.loads(await asyncio.wait_for(stranger.recv(), 20))
                assert refusal["error"]["code"] == "denied", refusal

    asyncio.run(talk())


def browsers(server):
    """A login link works once and sets a cookie that only our own page can use to change something."""
    link = server.call("POST", "/v1/login", {})["path"]
    answer = server.open("GET", link, headers={"Authorization": ""})
    assert answer.status == 303, answer.status
    cookie = answer.headers["Set-Cookie"]
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie, cookie
    assert server.open("GET", link).status == 403 or server.open("GET", link).status == 401
    value = {"Cookie": cookie.split(";")[0]}

    def ask(method, path, headers):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request(method, path, b"{}" if method == "POST" else None, {**value, **headers})
        return connection.getresponse().status

    assert ask("GET", "/v1/sessions", {}) == 200
    assert ask("POST", "/v1/sessions", {}) in (401, 403)
    assert ask("POST", "/v1/sessions", {"Origin": "http://evil.example"}) in (401, 403)
    assert ask("POST", "/v1/sessions", {"Origin": server.url}) == 201
    assert ask("POST", "/v1/logout", {"Origin": server.url}) == 204
    assert ask("GET", "/v1/sessions", {}) == 401


def only_here(server):
    """It does not listen for other machines in the clear."""
    done = subprocess.run(
        [binary, "serve", "--host", "0.0.0.0", "--port", "0", "--data-directory", server.data], capture_output=True, text=True, timeout=20)
    assert done.returncode == 125 and "clear" in done.stderr, done


def settings(server):
    """A setting that is changed counts for the next session, keeps the file's comments, and is locked where something else decides it."""
    with open(server.settings, "w") as file:
        file.write("# by hand\nnetwork = \"none\"  # nobody\n")
    done = server.call("PATCH", "/v1/settings", {"set": {"limits.processes": "77", "network": "open"}})
    found = {setting["name"]: setting for setting in done["settings"]}
    assert found["limits.processes"]["value"] == "77" and found["network"]["origin"] == "file", found["network"]
    with open(server.settings) as file:
        text = file.read()
    assert "# by hand" in text and "# nobody" in text, text
    session = server.call("POST", "/v1/sessions", {})
    assert session["limits"]["processes"] == 77 and session["network"] == "open", session
    before = text
    for bad in ({"limits.processes": "none", "network": "none"}, {"nowhere": "1"}, {"data_directory": "/tmp/x"}):
        server.call("PATCH", "/v1/settings", {"set": bad}, expect=4)
    with open(server.settings) as file:
        assert file.read() == before


parts = [settings, document, made_up_requests, streams_survive_a_kill, shutdown_is_told, terminals, browsers, only_here, *load.parts]
wanted = os.environ.get("API_ONLY")
if wanted:
    parts = [part for part in parts if part.__name__ in wanted.split(",")]
failed = 0
for part in parts:
    server = Server(binary).start()
    began = time.monotonic()
    try:
        part(server)
        print(f"ok      {part.__doc__} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception as error:
        failed += 1
        print(f"FAILED  {part.__doc__}: {type(error).__name__}: {error}", flush=True)
    finally:
        server.remove()
print(f"{len(parts) - failed} of {len(parts)} parts passed")
sys.exit(1 if failed else 0)
