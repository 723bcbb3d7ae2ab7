# SPDX-License-Identifier: BSD-2-Clause
"""The description of the API is true: it has each route, its examples are answered, and nothing is answered that it
does not tell."""
import copy
import json
import os
import pathlib
import re
import time

import pytest

from support import place
from support.smtp_client import Client
from support.web import Web, give_rights
from support.world import World

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
FILE = pathlib.Path(place.SOURCE, "milter/answer/http/openapi.json")
ANN = "ann@a.example"
TO = {"never-one@sink.example": "failed", "ok-one@sink.example": "delivered", "busy-one@sink.example": "delayed"}
ROLES = ("sender", "desk", "admin")
METHODS = ("get", "post", "delete", "put", "patch")
PLACEHOLDERS = {"after", "id", "who"}  # of the arguments: what is in an example is nobody's here


def strict(schema):
    """A field that is not described is an offence."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)


@pytest.fixture(name="api", scope="module")
def description():
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(name="fits", scope="module")
def checker(api):
    document = copy.deepcopy(api)
    strict(document["components"]["schemas"])

    def fits(schema, value):
        whole = {"$ref": "#/part", "part": copy.deepcopy(schema), "components": document["components"]}
        strict(whole["part"])
        checks = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
        faults = [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in checks.iter_errors(value)]
        assert not faults, faults[:3]
    return fits


def operations(api):
    return [(path, method, operation) for path, item in api["paths"].items() for method, operation in item.items()]


def resolve(api, part):
    while "$ref" in part:
        target = api
        for name in part["$ref"][2:].split("/"):
            target = target[name]
        part = target
    return part


def routes():
    """(path, method): (least role, arguments) out of the table of routes."""
    text = pathlib.Path(place.SOURCE, "milter/answer/http/routes.c").read_text(encoding="utf-8")
    rows = re.findall(r'^    \{"(\w+)", "(/api/[^"]*)", (\w+), \w+, "([^"]*)", (\w+),', text, re.MULTILINE)
    assert len(rows) > 5
    return {(path.replace("*", "{id}"), method.lower()): (role, set(arguments.split()), body != "0")
            for method, path, role, arguments, body in rows}


def test_it_is_well_formed(api):
    assert api["openapi"].startswith("3.1.") and set(api) <= {"openapi", "info", "servers", "security", "paths",
                                                              "components"}
    names = [operation["operationId"] for _, _, operation in operations(api)]
    assert len(names) == len(set(names))
    for schema in api["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    used = set(re.findall(r'"\$ref": "#/components/(\w+/\w+)"', FILE.read_text(encoding="utf-8")))
    there = {f"{kind}/{name}" for kind in ("schemas", "responses") for name in api["components"][kind]}
    assert used == there
    for path, method, operation in operations(api):
        assert method in METHODS and operation["summary"] and operation["description"], path
        assert set(re.findall(r"\{(\w+)\}", path)) == {one["name"] for one in operation.get("parameters", [])
                                                        if one["in"] == "path"}
        for status, response in operation["responses"].items():
            assert re.fullmatch("[2-5][0-9][0-9]", status) and resolve(api, response)["description"]


def test_each_route_stands_in_it_and_the_reverse(api):
    told = {}
    for path, method, operation in operations(api):
        role = operation["x-role"]
        assert (operation.get("security") == []) == (role == "anybody"), path
        told[path, method] = ("HTTP_ANYBODY" if role == "anybody" else f"ROLE_{role.upper()}",
                              {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"},
                              "requestBody" in operation)
    assert told == routes()


def test_each_example_fits_its_schema(api, fits):
    seen = 0
    for _, _, operation in operations(api):
        parts = [*operation["responses"].values(), *([operation["requestBody"]] if "requestBody" in operation else [])]
        for part in parts:
            for content in resolve(api, part).get("content", {}).values():
                if "example" in content:
                    fits(content["schema"], content["example"])
                    seen += 1
        for one in operation.get("parameters", []):
            if "example" in one:
                fits(one["schema"], one["example"])
    assert seen > 40
    with pytest.raises(AssertionError):
        fits({"$ref": "#/components/schemas/Health"}, {"object": "health", "store": "answers", "more": 1})


class Desk:
    def __init__(self, world):
        self.world = world
        give_rights(world.cli, world.redis, ("waybill-web", "secret"))
        self.web = Web(world.daemon, ("waybill-web", "secret")).start()
        people = {"sender": ("--address", ANN), "desk": (), "admin": ()}
        self.tokens = {role: world.cli.run("token", "add", "--name", role, "--role", role, "--expires", "1d",
                                           *words).stdout.strip() for role, words in people.items()}
        message_id = f"openapi-{os.getpid()}@shop.example"
        client = Client(world.postfix.port)
        client.send(ANN, list(TO), message_id)
        client.quit()
        self.code = world.wait_for_states(message_id, TO)["trace_id"]

    def ask(self, role, path, operation, **changes):
        """The example request, as far as it is one of this world."""
        arguments = {one["name"]: one["example"] for one in operation.get("parameters", [])
                     if one["in"] == "query" and "example" in one and one["name"] not in PLACEHOLDERS}
        arguments.update(changes)
        body, headers = None, {}
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            body, headers = content["example"], {"Content-Type": kind}
            if kind == "application/json":
                body = json.dumps(dict(body, token=self.tokens["desk"]))
        return self.web.ask(path.replace("{id}", self.code), self.tokens.get(role), headers=headers, body=body,
                            method=operation["method"], **arguments)


@pytest.fixture(name="desk", scope="module")
def a_help_desk():
    with World(daemon={"own_sources": ["127.0.0.0/8"]}) as world:
        desk = Desk(world)
        yield desk
        assert desk.web.stop() == 0, desk.web.log_text()


def content_of(api, operation, answer):
    """How the answer is described."""
    response = resolve(api, operation["responses"][str(answer.status)])
    kind = (answer.headers["Content-Type"] or "").split(";")[0]
    assert kind in response.get("content", {kind: None}), (kind, answer.body[:200])
    return response.get("content", {}).get(kind)


def look_at(api, fits, operation, answer):
    content = content_of(api, operation, answer)
    if not answer.body:
        return
    values = [json.loads(line) for line in answer.body.decode().splitlines()] \
        if "ndjson" in answer.headers["Content-Type"] else [answer.json()]
    for value in values:
        fits(content["schema"], value)


def test_each_example_is_answered_as_it_is_described(api, fits, desk):
    for path, method, operation in operations(api):
        if path.endswith("/events"):
            continue
        operation = dict(operation, method=method.upper())
        for role in (None, *ROLES):
            allowed = operation["x-role"] == "anybody" or role and \
                ROLES.index(role) >= ROLES.index(operation["x-role"])
            answer = desk.ask(role, path, operation)
            wanted = (200,) if allowed else (401,) if role is None else (403,)
            if allowed and method == "delete":
                wanted = (404,)  # by a token there is no session to end
            assert answer.status in wanted, (path, role, answer.status, answer.body[:300])
            look_at(api, fits, operation, answer)


def test_what_is_refused_is_described_too(api, fits, desk):
    for path, method, operation in operations(api):
        if path.endswith("/events"):
            continue
        operation = dict(operation, method=method.upper())
        answer = desk.ask("admin", path, operation, no_such="argument")
        assert answer.status == 400, (path, answer.body)
        look_at(api, fits, operation, answer)
    search = dict(api["paths"]["/api/v1/search"]["get"], method="GET")
    shown = dict(api["paths"]["/api/v1/waybills/{id}"]["get"], method="GET")
    for answer, operation in ((desk.ask("desk", "/api/v1/search", search, q="shoe:size"), search),
                              (desk.ask("desk", "/api/v1/search", search, q="from:nobody@x.example"), search),
                              (desk.ask("desk", f"/api/v1/waybills/{desk.code[:-1]}", shown), shown),
                              (desk.ask("desk", "/api/v1/waybills/251121576320300412", shown), shown)):
        look_at(api, fits, operation, answer)


def test_the_events_of_a_mail_are_described(fits, desk):
    with desk.web.connect(20) as listener:
        listener.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n"
                         b"Authorization: Bearer %s\r\n\r\n" % desk.tokens["desk"].encode())
        heard = listener.recv(65536)
        assert heard.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in heard
        client = Client(desk.world.postfix.port)
        client.send(ANN, ["ok-two@sink.example"], f"event-{os.getpid()}@shop.example")
        client.quit()
        end = time.monotonic() + 20
        while not re.search(rb"^data: \{.*\}$", heard, re.MULTILINE) and time.monotonic() < end:
            heard += listener.recv(65536)
    data = re.findall(rb"^data: (\{.*\})$", heard, re.MULTILINE)
    assert data, heard
    for one in data:
        fits({"oneOf": [{"$ref": "#/components/schemas/Event"}, {"$ref": "#/components/schemas/GapEvent"}]},
             json.loads(one))


def test_it_is_served_as_it_stands(desk):
    answer = desk.web.ask("/api/v1/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.body == FILE.read_bytes()
