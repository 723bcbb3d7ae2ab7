# SPDX-License-Identifier: BSD-2-Clause
"""Several Redis servers that belong together: a master with replicas and sentinels, or a Cluster."""
import subprocess

from . import place
from .private_redis import SERVER, PrivateRedis

DOWN_MS = 600  # so long a server may be silent until the others take it for dead


class _Sentinel(PrivateRedis):
    """The same program, told to watch."""

    def start(self, *more):
        with open(f"{self.base}/redis.log", "ab") as log:
            self._process = subprocess.Popen(
                [SERVER, f"{self.base}/sentinel.conf", "--sentinel", *more],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        place.wait_until(self.answers, 20, f"a sentinel answers on port {self.port}")
        return self


class PrivateSentinels:
    """A master, a replica, three sentinels; `lines` go into the sentinels' configuration."""

    def __init__(self, base, name="mymaster", arguments=(), lines=()):
        self.name = name
        self.servers = [PrivateRedis(f"{base}/redis{i}", *arguments) for i in range(2)]
        self.sentinels = [_Sentinel(f"{base}/sentinel{i}") for i in range(3)]
        self.address = ", ".join(each.address for each in self.sentinels)
        self._lines = lines

    def start(self):
        first, second = self.servers
        first.start()
        second.start("--replicaof", "127.0.0.1", str(first.port))
        for each in self.sentinels:
            with open(f"{each.base}/sentinel.conf", "w", encoding="ascii") as conf:
                conf.write(f"port {each.port}\nbind 127.0.0.1\ndir {each.base}\n"
                           f"sentinel monitor {self.name} 127.0.0.1 {first.port} 2\n"
                           f"sentinel down-after-milliseconds {self.name} {DOWN_MS}\n"
                           f"sentinel failover-timeout {self.name} 1000\n")
                conf.writelines(line + "\n" for line in self._lines)
            each.start()
            # They look each few seconds, and leave a strange master eight until they set it right.
            each.ask("SENTINEL", "DEBUG", "info-period", 500, "publish-period", 200)
        place.wait_until(self._ready, 20, "the sentinels know of each other and of the replica")
        return self

    def _ready(self):
        for each in self.sentinels:
            state = each.ask("SENTINEL", "MASTER", self.name)
            state = dict(zip(state[::2], state[1::2]))
            if state["num-other-sentinels"] != "2" or state["num-slaves"] != "1":
                return False
        return "state=online" in self.servers[0].ask("INFO", "replication")

    def master(self):
        """Whom the first sentinel names."""
        port = int(self.sentinels[0].ask("SENTINEL", "get-master-addr-by-name", self.name)[1])
        return next(each for each in self.servers if each.port == port)

    def contents(self, pattern="*"):
        return self.master().contents(pattern)

    def stop(self):
        for each in self.sentinels + self.servers:
            each.stop()


class PrivateCluster:
    """Three masters; replicas come by add_replica. `tls`: the CA file; clients are told of ports
    with TLS, which stand beside the others."""

    def __init__(self, base, *arguments, tls=None):
        self.base = base
        self._arguments = arguments
        self._tls = tls
        self.nodes = [self._node(i) for i in range(3)]
        self.address = ",".join(f"tls:127.0.0.1:{each.tls_port}" if tls else each.address
                                for each in self.nodes)

    def _node(self, number):
        node = PrivateRedis(f"{self.base}/node{number}", "--cluster-enabled", "yes",
                            "--cluster-node-timeout", str(DOWN_MS),
                            "--cluster-require-full-coverage", "no",
                            "--cluster-replica-validity-factor", "0",
                            "--repl-diskless-sync-delay", "0", *self._arguments)
        node.bus_port = place.free_port()
        if self._tls:
            node.tls_port = place.free_port()
        return node

    def start(self):
        for each in self.nodes:
            each.start("--cluster-port", str(each.bus_port),
                       *(["--tls-port", str(each.tls_port), "--tls-cluster", "yes"]
                         if self._tls else []))
        self.cli("--cluster", "create", *(f"127.0.0.1:{each.port}" for each in self.nodes),
                 "--cluster-yes")
        place.wait_until(self.ready, 30, "the Cluster is whole")
        return self

    @staticmethod
    def cli(*words):
        done = subprocess.run(["redis-cli", *words], capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add_replica(self, master):
        """A new server that copies this one; returns when it is up to date."""
        replica = self._node(len(self.nodes))
        self.nodes.append(replica)
        replica.start("--cluster-port", str(replica.bus_port))
        replica.ask("CLUSTER", "MEET", "127.0.0.1", master.port, master.bus_port)
        of = master.ask("CLUSTER", "MYID")
        place.wait_until(lambda: of in replica.ask("CLUSTER", "NODES"), 10, "they have met")
        replica.ask("CLUSTER", "REPLICATE", of)
        place.wait_until(lambda: self.ready() and self.replica_of(master) is replica, 20,
                         "all know the replica")
        return replica

    def ready(self):
        """Does every server find the Cluster whole?"""
        for each in self.nodes:
            if "cluster_state:ok" not in each.ask("CLUSTER", "INFO"):
                return False
            if len(each.ask("CLUSTER", "NODES").splitlines()) != len(self.nodes):
                return False
            info = each.ask("INFO", "replication")
            if "role:slave" in info and "master_link_status:up" not in info:
                return False
        return True

    def slots(self):
        """CLUSTER SLOTS of the first server that answers."""
        return next(each for each in self.nodes if each.answers()).ask("CLUSTER", "SLOTS")

    def masters(self):
        """{server: slots}"""
        found = {}
        for first, last, master, *_ in self.slots():
            server = next(each for each in self.nodes if each.port == master[1])
            found[server] = found.get(server, 0) + last - first + 1
        return found

    def replica_of(self, server):
        for _, _, master, *replicas in self.slots():
            if master[1] == server.port and replicas:
                return next(each for each in self.nodes if each.port == replicas[0][1])
        return None

    def contents(self, pattern="*"):
        """Of all masters together."""
        found = {}
        for each in self.masters():
            found.update(each.contents(pattern))
        return found

    def stop(self):
        for each in self.nodes:
            each.stop()
