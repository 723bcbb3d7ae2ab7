# SPDX-License-Identifier: BSD-2-Clause
"""TLS to Redis: what is not proved is refused, with the reason in one line."""
import shutil
import subprocess

import pytest

from support import place
from support.cli import Cli
from support.private_cluster import PrivateCluster
from support.private_redis import PrivateRedis


class Authority:
    """A CA that signs what it is told to sign."""

    def __init__(self, base, name):
        self.base, self.file, self._key = base, f"{base}/{name}.pem", f"{base}/{name}.key"
        self._openssl("req", "-x509", *self._new(self._key), "-days", "30", "-subj", f"/CN={name}",
                      "-out", self.file)

    @staticmethod
    def _new(key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    def sign(self, name, subject, days=30):
        """(certificate, key) for this subjectAltName; of minus one day: it ended yesterday."""
        path = f"{self.base}/{name}"
        with open(f"{path}.ext", "w", encoding="ascii") as extensions:
            extensions.write(f"subjectAltName={subject}\n")
        self._openssl("req", *self._new(f"{path}.key"), "-subj", "/CN=x", "-out", f"{path}.csr")
        self._openssl("x509", "-req", "-in", f"{path}.csr", "-CA", self.file, "-CAkey", self._key,
                      "-CAcreateserial", "-days", str(days), "-extfile", f"{path}.ext",
                      "-out", f"{path}.crt")
        return f"{path}.crt", f"{path}.key"


def tls_of(certificate, authority, clients="no"):
    return ["--tls-cert-file", certificate[0], "--tls-key-file", certificate[1],
            "--tls-ca-cert-file", authority.file, "--tls-auth-clients", clients]


@pytest.fixture(name="base", scope="module")
def own_directory():
    base = place.new_directory("tls")
    yield base
    shutil.rmtree(base)


@pytest.fixture(name="ours", scope="module")
def our_authority(base):
    return Authority(base, "ours")


class Reached:
    """What `waybill trace` says of a Redis with this certificate."""

    def __init__(self, base, certificate, authority, clients="no"):
        self.base, self.port = base, place.free_port()
        self.redis = PrivateRedis(f"{base}/{self.port}", "--tls-port", str(self.port),
                                  *tls_of(certificate, authority, clients))

    def __enter__(self):
        self.redis.start()
        return self

    def __exit__(self, *_):
        self.redis.stop()

    def ask(self, ca_file, host="localhost", **options):
        return ask(self.base, f"tls:{host}:{self.port}", ca_file, **options)


def ask(base, redis, ca_file, **options):
    conf = f"{base}/waybill.conf"
    with open(conf, "w", encoding="ascii") as file:
        for name, value in {"redis": redis, "redis_ca_file": ca_file, **options}.items():
            file.write(f'{name} = "{value}"\n')
    return Cli(conf).run("trace", "--since", "-1h")


def check_refused(done, reason):
    assert done.returncode == 3
    assert reason in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_good_certificate_serves_and_a_wrong_name_or_unknown_authority_is_refused(base, ours):
    other = Authority(base, "other")
    with Reached(base, ours.sign("good", "DNS:localhost"), ours) as redis:
        assert redis.ask(ours.file).returncode in (0, 1)
        check_refused(redis.ask(ours.file, host="127.0.0.1"), "mismatch")
        check_refused(redis.ask(ours.file, redis_server_name="redis.example"),
                      "hostname mismatch")
        assert redis.ask(ours.file, host="127.0.0.1", redis_server_name="localhost").returncode < 2
        check_refused(redis.ask(other.file), "certificate is refused: ")


def test_a_certificate_that_ended_is_refused(base, ours):
    with Reached(base, ours.sign("ended", "DNS:localhost", days=-1), ours) as redis:
        check_refused(redis.ask(ours.file), "certificate has expired")


def test_a_server_that_wants_our_certificate_gets_it_or_says_no(base, ours):
    with Reached(base, ours.sign("strict", "DNS:localhost"), ours, clients="yes") as redis:
        check_refused(redis.ask(ours.file), "certificate required")
        certificate, key = ours.sign("me", "DNS:mx.example")
        assert redis.ask(ours.file, redis_cert_file=certificate,
                         redis_key_file=key).returncode in (0, 1)


def test_each_server_of_a_cluster_is_asked_for_its_own_name(base, ours):
    """They announce addresses: the certificate has to hold these."""
    certificate = ours.sign("cluster", "IP:127.0.0.1")
    cluster = PrivateCluster(f"{base}/cluster", *tls_of(certificate, ours), tls=ours.file)
    try:
        cluster.start()
        assert ask(base, cluster.address, ours.file, redis_mode="cluster").returncode in (0, 1)
        check_refused(ask(base, cluster.address, ours.file, redis_mode="cluster",
                          redis_server_name="redis.example"), "hostname mismatch")
    finally:
        cluster.stop()
