# SPDX-License-Identifier: BSD-2-Clause
"""A Postfix of our own: own configuration, queue, data and log below one directory, on loopback.

The system's Postfix, its configuration and its queue are not touched. Needs root, as Postfix does.
Its own mails (bounces, delay warnings, success reports) pass the milter, too.

    refused@, *@refused.example   refused at RCPT by our own smtpd
    nouser@box.example            refused at RCPT: no such mailbox
    *@box.example                 one of MAILBOXES, delivered into a maildir
    team@alias.example            a virtual alias: team1@ and team2@ at sink.example
    list@mx.example               a local alias: goes on to ok-list@sink.example
    everything else               to the sink (sink.py)
"""
import os
import pwd
import shutil
import signal
import subprocess

from . import place

MAILBOXES = ("ann", "bea")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = {base}/commands
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = no
syslog_name = {name}
maillog_file = {base}/log/mail.log
maillog_file_prefixes = {base}
myhostname = {hostname}
mydomain = example
mydestination = {hostname}
inet_interfaces = loopback-only
inet_protocols = {protocols}
mynetworks = 127.0.0.0/8 [::1]/128
smtpd_authorized_xclient_hosts = 127.0.0.0/8 [::1]/128
smtputf8_enable = yes
enable_long_queue_ids = {long_ids}
biff = no
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
relayhost = [127.0.0.1]:{sink}
alias_maps = texthash:{base}/conf/aliases
alias_database =
local_recipient_maps = $alias_maps
virtual_alias_domains = alias.example
virtual_alias_maps = texthash:{base}/conf/virtual
virtual_mailbox_domains = box.example
virtual_mailbox_maps = texthash:{base}/conf/mailboxes
virtual_mailbox_base = {base}/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions =
smtpd_recipient_restrictions = check_recipient_access texthash:{base}/conf/refused
    permit_mynetworks reject_unauth_destination
in_flow_delay = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 1s
default_process_limit = 60
default_destination_recipient_limit = 50
default_destination_concurrency_limit = 20
initial_destination_concurrency = 20
smtp_connect_timeout = 3s
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_recipient_limit = 2000
smtpd_milters = {milters}
non_smtpd_milters = {milters}
internal_mail_filter_classes = bounce
"""

SERVICES = """\
{smtpd}
{cleanup}
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
CLEANUP = """\
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup"""

# As Debian has them: in a chroot.
IN_CHROOT = ("smtpd pickup cleanup trivial-rewrite bounce verify flush smtp showq error discard anvil "
             "scache").split()

# Mails of Postfix's own get a {daemon_name} that those of sendmail(1) do not have.
CLEANUP_APART = """\
pickup unix n - n 1 1 pickup
    -o cleanup_service_name=pickup-cleanup
pickup-cleanup unix n - n - 0 cleanup
cleanup unix n - n - 0 cleanup
    -o milter_macro_daemon_name={name}"""


class PrivatePostfix:
    def __init__(self, base, sink_port, milter_socket=None, long_ids=True, name="postfix",
                 internal_name=None, chroot=False, **more):
        """`internal_name`: {daemon_name} of Postfix's own mails. `chroot`: programs run in the queue
        directory where they can. `more` is added to main.cf: one parameter for each keyword."""
        self.base = base
        self.port = place.free_port()
        self.conf = f"{base}/conf"
        self.log = f"{base}/log/mail.log"
        self.internal_name = internal_name
        self.chroot = chroot
        self._lay_out(sink_port, milter_socket, long_ids, name, internal_name, more)

    def _lay_out(self, sink_port, milter_socket, long_ids, name, internal_name, more):
        postfix, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        for folder in ("conf", "queue", "data", "log", "commands", "mailboxes"):
            os.makedirs(f"{self.base}/{folder}", 0o755)
        os.chown(f"{self.base}/data", postfix.pw_uid, postfix.pw_gid)
        os.chown(f"{self.base}/mailboxes", nobody.pw_uid, nobody.pw_gid)
        milters = "" if milter_socket is None else (
            f"{{ unix:{milter_socket}, default_action=accept, connect_timeout=3s,"
            " command_timeout=3s, content_timeout=10s }")
        protocols = "all" if place.have_ipv6() else "ipv4"
        hostname = more.pop("myhostname", "mx.example")
        main = MAIN_CF.format(base=self.base, name=name, sink=sink_port, milters=milters,
                              hostname=hostname,
                              long_ids="yes" if long_ids else "no", protocols=protocols,
                              uid=nobody.pw_uid, gid=nobody.pw_gid)
        hosts = ["127.0.0.1"] + (["[::1]"] if protocols == "all" else [])
        smtpd = "\n".join(f"{host}:{self.port} inet n - n - - smtpd" for host in hosts)
        cleanup = CLEANUP_APART.format(name=internal_name) if internal_name else CLEANUP
        self._write("main.cf", main)
        self.set(**more)
        services = SERVICES.format(smtpd=smtpd, cleanup=cleanup)
        self._write("master.cf", self._jail(services) if self.chroot else services)
        self._write("aliases", "list ok-list@sink.example\n")
        self._write("virtual", "team@alias.example team1@sink.example, team2@sink.example\n")
        self._write("mailboxes", "".join(f"{user}@box.example {user}/\n" for user in MAILBOXES))
        self._write("refused", "refused@ 550 5.7.1 we do not take mail for this address\n"
                               "refused.example 550 5.7.1 we do not take mail for this domain\n"
                               "greylisted@ 450 4.7.1 greylisted, come again\n")
        self._copy_commands()

    def _jail(self, services):
        """The services that can, in a chroot, with the files that the C library wants there."""
        os.makedirs(f"{self.base}/queue/etc")
        for name in ("hosts", "nsswitch.conf", "resolv.conf", "services", "localtime"):
            if os.path.exists(f"/etc/{name}"):
                shutil.copy(f"/etc/{name}", f"{self.base}/queue/etc/{name}")
        lines = []
        for line in services.splitlines():
            words = line.split()
            if not line.startswith(" ") and words[7] in IN_CHROOT:
                words[4] = "y"
                line = " ".join(words)
            lines.append(line)
        return "\n".join(lines) + "\n"

    def _write(self, name, text):
        with open(f"{self.conf}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def set(self, **more):
        """Other values for parameters of main.cf, or more of them, before the start."""
        with open(f"{self.conf}/main.cf", encoding="utf-8") as file:
            kept = [line for line in file if line.split(" =")[0] not in more]
        self._write("main.cf", "".join(kept) + "".join(f"{key} = {value}\n"
                                                       for key, value in more.items()))

    def unset(self, *names):
        """Take parameters out of main.cf, before the start."""
        with open(f"{self.conf}/main.cf", encoding="utf-8") as file:
            kept = [line for line in file if line.split(" =")[0] not in names]
        self._write("main.cf", "".join(kept))

    def serve(self, line):
        """One more service of master.cf, before the start."""
        with open(f"{self.conf}/master.cf", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _copy_commands(self):
        # postdrop and postqueue are set-gid, and set-gid programs only take a configuration
        # directory that the system's main.cf names. Root needs no set-gid bit: a plain copy will do.
        for name in os.listdir("/usr/sbin"):
            if name.startswith("post"):
                target = f"{self.base}/commands/{name}"
                if name in ("postdrop", "postqueue"):
                    shutil.copyfile(f"/usr/sbin/{name}", target)
                    os.chmod(target, 0o755)
                else:
                    os.symlink(f"/usr/sbin/{name}", target)

    def command(self, name, *arguments, **options):
        """Run one of Postfix's commands on this instance: command("postqueue", "-f")."""
        path = f"{self.base}/commands/{name}"
        return subprocess.run([path, "-c", self.conf, *arguments], check=True, text=True,
                              capture_output=True, **options).stdout

    def start(self):
        result = subprocess.run(["postfix", "-c", self.conf, "start"], check=False, text=True,
                                stdin=subprocess.DEVNULL, capture_output=True)
        if result.returncode != 0:
            raise RuntimeError(f"postfix start: {result.stderr}\n{self.log_text()}")
        return self

    def sendmail(self, sender, recipients, text):
        """Hand in a mail as a local user does: sendmail(1), postdrop(1), pickup(8)."""
        subprocess.run(["/usr/sbin/sendmail", "-C", self.conf, "-i", "-f", sender, *recipients],
                       input=text, text=True, check=True, capture_output=True)

    def queue(self):
        """How many mails are in the queue."""
        return self.command("postqueue", "-j").count("\n")

    def log_text(self):
        return place.read_log(self.log)

    def master_pid(self):
        try:
            with open(f"{self.base}/queue/pid/master.pid", encoding="ascii") as file:
                return int(file.read())
        except (FileNotFoundError, ValueError):
            return 0

    def _processes(self):
        """All processes of this instance: each has its configuration directory in its environment."""
        ours = f"MAIL_CONFIG={self.conf}\0".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environment:
                    if ours in environment.read():
                        yield int(pid)
            except OSError:
                continue

    def pid_of(self, service):
        """The process of a service that has one: qmgr. 0: it has none yet."""
        for pid in self._processes():
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                if name.read().strip() == service:
                    return pid
        return 0

    def stop(self):
        if not any(self._processes()):
            return
        subprocess.run(["postfix", "-c", self.conf, "stop"], check=False, capture_output=True)
        try:
            place.wait_until(lambda: not any(self._processes()), 10, "Postfix stopped")
        except TimeoutError:
            for pid in self._processes():
                os.kill(pid, signal.SIGKILL)
