# SPDX-License-Identifier: BSD-2-Clause
"""A Prometheus of our own, in its own directory, that asks every second."""
import json
import os
import subprocess
import urllib.parse
import urllib.request

from . import place


class PrivatePrometheus:
    def __init__(self, base, target, rules):
        self.base = base
        self.port = place.free_port()
        self.process = None
        os.makedirs(base, 0o755)
        with open(f"{base}/prometheus.yml", "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                       "rule_files": [rules],
                       "scrape_configs": [{"job_name": "waybill", "static_configs": [
                           {"targets": [target], "labels": {"instance": "mx.example"}}]}]}, file)

    def start(self):
        with open(f"{self.base}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.base}/prometheus.yml",
                 f"--storage.tsdb.path={self.base}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        place.wait_until(self._is_ready, 30, "Prometheus is ready", 0.1)
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Prometheus ended:\n{place.read_log(self.base + '/log')[-3000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def ask(self, path, **parameters):
        """What its interface says; an error raises."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as why:
            raise RuntimeError(f"{parameters}: {why.read().decode()}") from None

    def query(self, expression):
        """[({label: value}, value)]"""
        return [(row["metric"], float(row["value"][1]))
                for row in self.ask("query", query=expression)["result"]]
