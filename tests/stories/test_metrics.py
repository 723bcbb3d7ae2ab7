# SPDX-License-Identifier: BSD-2-Clause
"""What Prometheus is told agrees with what happened, and who asks badly does no harm."""
import http.client
import json
import os
import re
import socket
import stat
import subprocess
import threading

import pytest

from support import metrics, place
from support.daemon import Daemon
from support.metrics import figures, promtool
from support.private_prometheus import PrivatePrometheus
from support.private_redis import PrivateRedis
from support.smtp_client import Client, Reply, percentile, send_many
from support.world import World

from conftest import scaled

DASHBOARD = f"{place.SOURCE}/packaging/grafana/waybill.json"
RULES = f"{place.SOURCE}/packaging/prometheus/waybill.rules.yml"
RULES_TEST = f"{place.SOURCE}/tests/golden/metrics/rules_test.yml"
PHASES = ("negotiate", "connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "eom")
MAILS = 12
HARMLESS_MS = 1000  # Postfix's answer to the end of a mail, 95th percentile, while all CPUs are under attack

needs_prometheus = pytest.mark.skipif(not metrics.have_promtool(),
                                      reason="no promtool and prometheus: apt-get install prometheus")


def send_all_kinds(world):
    """Mails of all kinds; returns how many were taken."""
    mails = [("shop@shop.example", [f"ok-{n}@sink.example"], f"metrics-{n}@shop.example") for n in range(MAILS)]
    mails.append(("shop@shop.example", ["never-1@sink.example", "full-1@sink.example"], "metrics-no@shop.example"))
    sent, failed = send_many(world.postfix.port, mails, sessions=3)
    assert failed == []
    client = Client(world.postfix.port)
    with pytest.raises(Reply):
        client.send("shop@shop.example", ["nouser@box.example"], "metrics-refused@shop.example")
    client.quit()
    client = Client(world.postfix.port)
    client.begin("shop@shop.example", ["ok-gone@sink.example"])
    client.cut()
    return len(sent)


@pytest.fixture(name="settled", scope="module")
def world_where_all_is_told():
    with World() as world:
        taken = send_all_kinds(world)
        world.wait_until_queue_is_empty()
        place.wait_until(lambda: figures(world.daemon).sum("waybill_outcomes_total", state="delivered") >= MAILS
                         and figures(world.daemon).sum("waybill_outcomes_total", state="failed") >= 2
                         and figures(world.daemon).sum("waybill_outcomes_total", state="rejected") >= 1,
                         30, "all outcomes are told", 0.2)
        place.wait_until(lambda: figures(world.daemon).one("waybill_journal_oldest_unshipped_seconds") == 0,
                         10, "all is shipped", 0.1)
        yield world, taken, figures(world.daemon)


def test_the_door_agrees_with_what_was_sent(settled):
    _, taken, seen = settled
    bounces = seen.one("waybill_reports_total", kind="bounce")
    assert seen.one("waybill_mails_total", outcome="queued") == taken + bounces
    assert seen.one("waybill_mails_total", outcome="abandoned") == 2  # one refused, one cut
    assert seen.one("waybill_mails_begun_total") == taken + bounces + 2
    assert seen.one("waybill_recipients_total", outcome="taken") == MAILS + 2 + bounces + 1
    assert seen.one("waybill_recipients_total", outcome="refused") == 1
    assert seen.one("waybill_open_sessions") >= 0


def test_each_phase_has_its_answers_and_none_was_slow(settled):
    _, taken, seen = settled
    for phase in PHASES:
        count = seen.one("waybill_answer_duration_seconds_count", phase=phase)
        assert count > 0, phase
        assert seen.one("waybill_answer_duration_seconds_bucket", phase=phase, le="+Inf") == count
        buckets = [(float(dict(labels)["le"]), value) for (name, labels), value in seen.samples.items()
                   if name == "waybill_answer_duration_seconds_bucket" and ("phase", phase) in labels]
        assert [value for _, value in sorted(buckets)] == sorted(value for _, value in buckets), "not cumulated"
        assert 0 < seen.one("waybill_answer_duration_seconds_sum", phase=phase) < count
    ends = seen.one("waybill_answer_duration_seconds_count", phase="eom")
    assert ends == seen.one("waybill_mails_total", outcome="queued") >= taken
    slowest = seen.one("waybill_answer_slowest_seconds")
    assert 0 < slowest < 1
    assert slowest * ends >= seen.one("waybill_answer_duration_seconds_sum", phase="eom")


def test_outcomes_have_their_reasons(settled):
    _, _, seen = settled
    assert seen.one("waybill_outcomes_total", state="delivered", reason="none") >= MAILS
    assert seen.one("waybill_outcomes_total", state="failed", reason="userunknown") == 1
    assert seen.one("waybill_outcomes_total", state="failed", reason="mailboxfull") == 1
    assert seen.sum("waybill_outcomes_total", state="failed") == 2
    assert seen.one("waybill_outcomes_total", state="rejected", reason="userunknown") == 1
    assert seen.sum("waybill_outcomes_total", state="rejected") == 1


def test_journal_store_and_log_are_well(settled):
    world, _, seen = settled
    assert seen.one("waybill_leading") == seen.one("waybill_ship_connected") == 1
    assert seen.sum("waybill_facts_lost_total") == 0
    assert seen.sum("waybill_store_errors_total") == 0
    assert seen.one("waybill_journal_records_total") >= seen.one("waybill_ship_facts_total") > 100
    assert 0 < seen.one("waybill_journal_bytes") < seen.one("waybill_journal_limit_bytes")
    log = next(dict(labels)["source"] for name, labels in seen.samples if name == "waybill_log_source_readable")
    assert world.postfix.log in log
    assert seen.one("waybill_log_source_readable", source=log) == 1
    assert seen.one("waybill_log_source_lag_seconds", source=log) < 10
    assert seen.one("waybill_log_source_behind_bytes", source=log) == 0
    assert seen.one("waybill_log_lines_total", result="used") > 2 * MAILS
    assert seen.one("waybill_log_lines_total", result="not_understood") == 0
    assert seen.one("waybill_log_facts_total") > MAILS
    with open(f"/proc/{world.daemon.process.pid}/status", encoding="ascii") as status:
        threads = int(re.search(r"^Threads:\s+(\d+)", status.read(), re.MULTILINE).group(1))
    assert abs(seen.one("process_threads") - threads) <= 3
    assert 1e6 < seen.one("process_resident_memory_bytes") < 1e9


def test_every_metric_of_the_table_is_told_and_no_other(settled):
    _, _, seen = settled
    table = subprocess.run([f"{place.BUILD}/waybilld", "--print-metrics"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    rows = dict(re.findall(r"^\.It Li (\w+)\n(\w+)", table, re.MULTILINE))
    assert {name: kind.lower() for name, kind in rows.items()} == seen.families()
    for name, kind in seen.families().items():
        assert name.endswith("_total") == (kind == "counter"), name
    assert len(seen.text) < 100000


@needs_prometheus
def test_promtool_has_nothing_to_say(settled):
    _, _, seen = settled
    code, words = promtool("check", "metrics", text=seen.text)
    assert (code, words.strip()) == (0, "")
    code, words = promtool("check", "metrics", text=seen.text.replace("waybill_sessions_total", "waybill_sessions"))
    assert code != 0 and "_total" in words, "promtool finds nothing, whatever it is given"


@needs_prometheus
def test_the_alerts_come_when_they_should_and_not_else():
    code, words = promtool("check", "rules", RULES)
    assert code == 0, words
    code, words = promtool("test", "rules", RULES_TEST)
    assert code == 0, words
    with open(RULES, encoding="utf-8") as file:
        rules = file.read()
    with open(RULES_TEST, encoding="utf-8") as file:
        tests = file.read()
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) == len(set(alerts)) > 15
    for alert in alerts:
        assert f"name: {alert} comes\n" in tests and f"name: {alert} stays away\n" in tests
    for word in ("summary:", "description:", "action:", "severity:"):
        assert rules.count(word) == len(alerts), word


def asked_for(text):
    """The names of metrics in expressions."""
    return set(re.findall(r"\b(?:waybill|process)_[a-z_]+\b", text))


def dashboard_panels():
    with open(DASHBOARD, encoding="utf-8") as file:
        dashboard = json.load(file)
    return dashboard, [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_dashboard_and_alerts_ask_for_what_there_is(settled):
    _, _, seen = settled
    dashboard, panels = dashboard_panels()
    wanted = asked_for("\n".join(target["expr"] for panel in panels for target in panel["targets"]))
    assert len(wanted) > 30
    assert wanted <= seen.names() and asked_for(json.dumps(dashboard["templating"])) <= seen.names()
    with open(RULES, encoding="utf-8") as file:
        expressions = "\n".join(re.findall(r"expr: (.*(?:\n {10}.*)*)", file.read()))
    assert len(asked_for(expressions)) > 15
    assert asked_for(expressions) <= seen.names()


def test_the_dashboard_can_be_provisioned():
    dashboard, panels = dashboard_panels()
    assert dashboard["id"] is None and dashboard["uid"] == "waybill"
    variables = {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query", "instance": "query"}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(numbers) == len(set(numbers))
    taken = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, f"{panel['title']} lies over another"
        taken |= cells
    for panel in panels:
        assert panel["description"].endswith((".", "?")), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        unit = panel["fieldConfig"]["defaults"].get("unit") or panel["options"]["yAxis"]["unit"]
        assert unit, panel["title"]


@pytest.fixture(name="lone")
def daemon_without_postfix(place_of_story):
    """(daemon, redis), not yet started."""
    redis = PrivateRedis(f"{place_of_story}/redis").start()
    daemon = Daemon(f"{place_of_story}/daemon", redis.address, log_source=[])
    yield daemon, redis
    if daemon.process.poll() is None:
        daemon.kill()  # libmilter takes five seconds to end
    redis.stop()


@needs_prometheus
def test_a_real_prometheus_reads_it_and_answers_all_that_the_dashboard_asks(lone, place_of_story):
    daemon, _ = lone
    port = place.free_port()
    daemon.configure(metrics=f"tcp:127.0.0.1:{port}")
    daemon.start()
    prometheus = PrivatePrometheus(f"{place_of_story}/prometheus", f"127.0.0.1:{port}", RULES).start()
    try:
        place.wait_until(lambda: prometheus.query("count_over_time(waybill_leading[1m]) >= 3"), 30,
                         "Prometheus has asked three times", 0.2)
        assert prometheus.query('up{job="waybill"}')[0][1] == 1
        _, panels = dashboard_panels()
        for panel in panels:
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in (("$__rate_interval", "5s"), ("$__range", "1m"), ("$job", ".*"),
                                    ("$instance", ".*")):
                    expression = expression.replace(name, value)
                assert "$" not in expression, expression
                prometheus.query(expression)
        groups = prometheus.ask("rules")["groups"]
        assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    finally:
        prometheus.stop()


def curl(*arguments):
    return subprocess.run(["curl", "--silent", "--show-error", "--max-time", "10", *arguments], text=True,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def test_curl_reads_socket_and_ports(lone):
    daemon, _ = lone
    daemon.start()
    place.wait_until(lambda: os.path.exists(daemon.metrics), 10, "the socket is there")
    status = os.stat(daemon.metrics)
    assert stat.S_IMODE(status.st_mode) == 0o660 and stat.S_ISSOCK(status.st_mode)
    assert os.listdir(os.path.dirname(daemon.metrics)).count("metrics.sock") == 1
    unix = ("--unix-socket", daemon.metrics)
    assert "waybill_build_info{version=" in curl(*unix, "http://localhost/metrics")
    head = curl(*unix, "--head", "http://localhost/metrics")
    assert "200 OK" in head and "text/plain; version=0.0.4" in head
    assert " 404 " in curl(*unix, "--include", "http://localhost/")
    assert " 405 " in curl(*unix, "--include", "--data", "x=1", "http://localhost/metrics")
    daemon.stop()
    assert not os.path.exists(daemon.metrics), "the socket's name was left behind"
    address = f"{'[::1]' if place.have_ipv6() else '127.0.0.1'}:{place.free_port()}"
    daemon.configure(metrics=f"tcp:{address}")
    daemon.start()
    place.wait_until(lambda: "waybill_leading" in curl(f"http://{address}/metrics"), 10, "it is served")


def test_an_address_that_cannot_be_had_stops_nothing_and_is_tried_again(lone):
    daemon, _ = lone
    with open(daemon.metrics, "w", encoding="ascii") as file:
        file.write("not a socket")
    daemon.start()
    told = daemon.wait_for_log("cannot serve metrics")
    assert "it exists and is no socket" in told
    assert daemon.process.poll() is None
    os.unlink(daemon.metrics)
    daemon.wait_for_log("the metrics are served")
    assert figures(daemon).one("waybill_leading") == 1


def test_other_machines_are_refused_and_nothing_is_served_where_none_is_wanted(lone):
    daemon, _ = lone
    daemon.configure(metrics="tcp:0.0.0.0:7925")
    refused = subprocess.run([f"{place.BUILD}/waybilld", "-t", "-c", daemon.conf], text=True, check=False,
                             capture_output=True)
    assert refused.returncode == 78
    assert refused.stderr.count("\n") == 1 and "no other machine" in refused.stderr
    daemon.configure(metrics="")
    daemon.start()
    assert os.path.exists(daemon.socket) and not os.path.exists(daemon.metrics)


def test_a_store_that_is_away_shows(lone):
    daemon, redis = lone
    daemon.start()
    place.wait_until(lambda: figures(daemon).one("waybill_ship_connected") == 1, 20, "the store is reached")
    redis.kill()
    seen = place.wait_until(lambda: (now := figures(daemon)).one("waybill_ship_connected") == 0
                            and now.one("waybill_journal_oldest_unshipped_seconds") > 0.5 and now,
                            30, "the store is away", 0.2)
    assert seen.one("waybill_store_errors_total", kind="unreachable") >= 1
    assert seen.sum("waybill_store_errors_total") == seen.one("waybill_ship_retries_total")
    assert seen.one("waybill_journal_unshipped_bytes") > 0
    redis.start()
    place.wait_until(lambda: (now := figures(daemon)).one("waybill_ship_connected") == 1
                     and now.one("waybill_journal_oldest_unshipped_seconds") == 0, 30, "the store is back", 0.2)


# ---- clients that mean harm ----


def dawdle(path, stop):
    """Half a request, then a byte now and then, again and again."""
    while not stop.is_set():
        sockets = []
        for _ in range(40):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(0.2)
            sockets.append(one)
            try:
                one.connect(path)
                one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")
            except OSError:
                pass
        for _ in range(10):
            stop.wait(0.1)
            for one in sockets:
                try:
                    one.send(b"a")
                except OSError:
                    pass
        for one in sockets:
            one.close()


def crowd(path, stop):
    """A thousand connections that say nothing, held open as far as they are let in."""
    sockets = []
    for _ in range(1000):
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        try:
            one.connect(path)
        except OSError:
            pass
        sockets.append(one)
    stop.wait(30)
    for one in sockets:
        one.close()


def throw(path, stop):
    """A megabyte in a POST, and lines without an end."""
    while not stop.is_set():
        for words in (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + b"a" * 1048576,
                      b"GET /" + b"a" * 1048576, b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 100000):
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(0.5)
                try:
                    one.connect(path)
                    one.sendall(words)
                    one.recv(100)
                except OSError:
                    pass
        stop.wait(0.05)


def figures_if_served(daemon):
    try:
        return figures(daemon)
    except OSError:  # too many wait at the socket still
        return None


def test_hostile_clients_cost_the_mails_nothing(settled):
    world, _, before = settled
    stop, sizes = threading.Event(), []
    threads = [threading.Thread(target=attack, args=(world.daemon.metrics, stop)) for attack in (dawdle, crowd, throw)]
    for thread in threads:
        thread.start()
    try:
        mails = [("shop@shop.example", [f"ok-h{n}@sink.example"], f"hostile-{n}@shop.example")
                 for n in range(scaled(200, 60))]
        sent, failed = send_many(world.postfix.port, mails, sessions=4)
        with open(f"/proc/{world.daemon.process.pid}/status", encoding="ascii") as status:
            sizes.append(int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.MULTILINE).group(1)) * 1024)
        open_fds = len(os.listdir(f"/proc/{world.daemon.process.pid}/fd"))
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert failed == [] and len(sent) == len(mails)
    waits = [seconds * 1000 for _, _, seconds in sent]
    print(f"end of a message under attack: p50 {percentile(waits, .5):.1f} ms, p95 {percentile(waits, .95):.1f} ms;"
          f" memory {sizes[0] / 1e6:.1f} MB after {before.one('process_resident_memory_bytes') / 1e6:.1f} MB")
    assert percentile(waits, 0.95) < HARMLESS_MS
    if not os.environ.get("WAYBILL_REPORTS"):  # ASan keeps what was freed
        assert sizes[0] < before.one("process_resident_memory_bytes") + 16e6
    assert open_fds < before.one("process_open_fds") + 32 + 20
    seen = place.wait_until(lambda: figures_if_served(world.daemon), 20, "the metrics are served again")
    assert seen.one("waybill_mails_begun_total") >= before.one("waybill_mails_begun_total") + len(mails)
    ends, quick = (seen.one("waybill_answer_duration_seconds_bucket", phase="eom", le=bound)
                   for bound in ("+Inf", "0.05"))
    assert ends - quick <= 0.01 * ends, "our own answers took longer than 50 ms"


def test_a_request_in_pieces_is_understood(settled):
    world, _, _ = settled
    connection = metrics.UnixConnection(world.daemon.metrics)
    connection.connect()
    for piece in (b"GET /met", b"rics HT", b"TP/1.1\r\nHo", b"st: x\r\n", b"\r\n"):
        connection.sock.sendall(piece)
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    assert answer.status == 200 and b"waybill_leading 1" in answer.read()
    connection.close()
