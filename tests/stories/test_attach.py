# SPDX-License-Identifier: BSD-2-Clause
"""`waybill attach postfix` on a real Postfix in a chroot, and `waybill detach`: what is changed, that mail
flows at each moment, and that all is again as it was."""
import itertools
import json
import os
import shutil
import subprocess

import pytest

from support import place
from support.cli import Cli
from support.private_postfix import PrivatePostfix
from support.second_milter import SecondMilter
from support.smtp_client import Client
from support.world import World

SENDER = "sender@shop.example"
OURS = ("{ unix:waybill/milter.sock, default_action=accept, connect_timeout=3s, command_timeout=3s,"
        " content_timeout=10s }")
SQUEEZED = OURS.replace(" ", "")
numbers = itertools.count(1)

MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/queue
mail_owner = postfix
# a word of the administrator
smtpd_milters = $filters, {{ inet:localhost:8899, default_action = tempfail }}
filters = inet:localhost:8898
    inet:localhost:8897
non_smtpd_milters = $smtpd_milters
internal_mail_filter_classes = notify
"""
MASTER = """\
smtp inet n - y - - smtpd
cleanup unix n - y - 0 cleanup
# those who log in
submission inet n - y - - smtpd
    -o smtpd_milters=inet:localhost:8896,$filters
127.0.0.1:10025 inet n - y - - smtpd
    -o smtpd_milters=
    -o mynetworks=127.0.0.0/8
"""


class Setup:
    """Files of a Postfix that does not run, and a configuration of ours for it."""

    def __init__(self, base, main=MAIN, master=MASTER, **options):
        self.base, self.conf = base, f"{base}/conf"
        for name in ("conf", "queue", "state"):
            os.makedirs(f"{base}/{name}", exist_ok=True)
        self.write("conf/main.cf", main.format(base=base))
        self.write("conf/master.cf", master)
        options = {"state_directory": f"{base}/state", "user": "nobody",
                   "listen": f"unix:{base}/queue/waybill/milter.sock", **options}
        self.write("waybill.conf", "".join(f'{name} = "{value}"\n' for name, value in options.items()))
        self.cli = Cli(f"{base}/waybill.conf")
        self.memory = f"{base}/state/attach{self.conf.replace('/', '-')}"

    def write(self, name, text):
        with open(f"{self.base}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def age(self):
        """Postfix's programs wait before they read a main.cf that has just changed."""
        for name in ("main.cf", "master.cf"):
            os.utime(f"{self.conf}/{name}", (1e9, 1e9))

    def postconf(self, *arguments):
        self.age()
        return subprocess.run(["postconf", "-c", self.conf, *arguments], check=True, text=True,
                              capture_output=True).stdout

    def all(self):
        """All that the administrator set, as Postfix tells it."""
        return self.postconf("-n") + self.postconf("-P")

    def value(self, name):
        return self.postconf("-h", name).strip()

    def override(self, path):
        return self.postconf("-P", "-h", path).strip()

    def run(self, command, *arguments, code=0):
        self.age()
        done = self.cli.run(command, *(["postfix"] if command == "attach" else []),
                            "--config-directory", self.conf, *arguments)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def changes(self, command, *arguments):
        answer = json.loads(self.run(command, "--json", *arguments))
        return {change["parameter"]: change for change in answer["changes"]}


@pytest.fixture(name="setup")
def setup_of_files(place_of_story):
    return Setup(place_of_story)


def test_a_dry_run_shows_each_change_and_its_command_and_changes_nothing(setup):
    before = setup.all()
    text = setup.run("attach", "--dry-run")
    assert "Dry run: nothing was changed." in text
    for words in (f"after   {OURS}, $filters, {{ inet:localhost:8899, default_action = tempfail }}",
                  f"postconf -c {setup.conf} -e 'internal_mail_filter_classes = notify, bounce'",
                  "install -d -m 2710 -o nobody -g postfix",
                  "127.0.0.1:10025/inet/smtpd_milters is empty",
                  "Other milters of non_smtpd_milters will see bounces, too: inet:localhost:8898, "
                  "inet:localhost:8897, inet:localhost:8899."):
        assert words in text, words
    assert setup.all() == before and os.listdir(f"{setup.base}/state") == []
    assert not os.path.exists(f"{setup.base}/queue/waybill")


def test_the_commands_that_are_shown_do_what_attach_does(place_of_story):
    by_hand, by_us = Setup(f"{place_of_story}/hand"), Setup(f"{place_of_story}/us")
    for change in by_hand.changes("attach", "--dry-run").values():
        by_hand.age()
        subprocess.run(change["command"], shell=True, check=True)
    by_us.run("attach")
    assert by_us.all() == by_hand.all().replace(by_hand.base, by_us.base)
    assert by_hand.changes("attach", "--dry-run") == {}
    mode, owner = os.stat(f"{by_us.base}/queue/waybill"), os.stat(f"{by_hand.base}/queue/waybill")
    assert (mode.st_mode, mode.st_uid, mode.st_gid) == (owner.st_mode, owner.st_uid, owner.st_gid)


def test_we_stand_first_and_others_keep_their_words(setup):
    setup.run("attach")
    assert setup.value("smtpd_milters") == \
        OURS + ", $filters, { inet:localhost:8899, default_action = tempfail }"
    assert setup.value("non_smtpd_milters") == "$smtpd_milters"
    assert setup.value("filters") == "inet:localhost:8898 inet:localhost:8897"
    assert setup.value("internal_mail_filter_classes") == "notify, bounce"
    assert setup.value("enable_long_queue_ids") == "yes"
    assert setup.override("submission/inet/smtpd_milters") == SQUEEZED + ",inet:localhost:8896,$filters"
    assert setup.override("127.0.0.1:10025/inet/smtpd_milters") == ""


def test_the_second_time_there_is_nothing_to_do(setup):
    setup.run("attach")
    after = setup.all()
    assert "Nothing to do" in setup.run("attach")
    assert setup.all() == after
    setup.run("detach")
    assert "Nothing to do" in setup.run("detach")


def test_detach_makes_it_as_it_was_to_the_byte(setup):
    def main():
        with open(f"{setup.conf}/main.cf", encoding="utf-8") as file:
            return file.read()

    # once by postconf, which joins the lines of a value
    setup.postconf("-e", "filters = inet:localhost:8898 inet:localhost:8897")
    before, listed = main(), setup.all()
    setup.run("attach")
    assert main() != before
    assert os.stat(setup.memory).st_mode & 0o777 == 0o600
    setup.run("detach")
    assert main() == before and setup.all() == listed
    assert not os.path.exists(setup.memory)


def test_what_somebody_changed_since_stays(setup):
    setup.run("attach")
    setup.postconf("-e", f"smtpd_milters = inet:localhost:1, {OURS}, inet:localhost:2",
                   "enable_long_queue_ids = no")
    text = setup.run("detach")
    assert "smtpd_milters was changed since 'waybill attach', so it loses our entry only." in text
    assert "enable_long_queue_ids was changed since 'waybill attach', so it stays as it is." in text
    assert setup.value("smtpd_milters") == "inet:localhost:1, inet:localhost:2"
    assert setup.value("enable_long_queue_ids") == "no"
    assert setup.value("internal_mail_filter_classes") == "notify"
    assert setup.override("submission/inet/smtpd_milters") == "inet:localhost:8896,$filters"


def test_attached_again_after_a_change_it_still_goes_back(setup):
    before = setup.all()
    setup.run("attach")
    setup.postconf("-e", f"smtpd_milters = inet:localhost:1, {OURS}")
    assert set(setup.changes("attach")) == {"smtpd_milters"}
    assert setup.value("smtpd_milters") == f"{OURS}, inet:localhost:1"
    setup.run("detach")
    assert setup.value("smtpd_milters") == "inet:localhost:1"
    setup.postconf("-e", "smtpd_milters = $filters, { inet:localhost:8899, default_action = tempfail }")
    assert setup.all() == before


def test_without_the_old_values_only_our_entries_go(setup):
    setup.run("attach")
    os.unlink(setup.memory)
    setup.run("detach")
    assert setup.value("smtpd_milters") == "$filters, { inet:localhost:8899, default_action = tempfail }"
    assert setup.value("enable_long_queue_ids") == "yes"
    assert setup.override("submission/inet/smtpd_milters") == "inet:localhost:8896,$filters"


@pytest.mark.parametrize("spoil", [lambda path: os.chmod(path, 0o666),
                                   lambda path: os.chown(path, 65534, -1),
                                   lambda path: os.link(path, f"{path}.too"),
                                   lambda path: (os.rename(path, f"{path}.too"),
                                                 os.symlink(f"{path}.too", path))])
def test_old_values_that_somebody_else_could_have_written_are_not_used(setup, spoil):
    setup.run("attach")
    after = setup.all()
    spoil(setup.memory)
    assert setup.memory in setup.run("detach", code=2)
    assert setup.all() == after


@pytest.mark.parametrize("line", ["garbage", "before lost", "after"])
def test_a_damaged_file_of_old_values_is_told(setup, line):
    setup.run("attach")
    with open(setup.memory, encoding="utf-8") as file:
        first = file.readline()
    setup.write(f"state/{os.path.basename(setup.memory)}", first + line + "\n")
    assert "damaged at" in setup.run("detach", code=2)


def attach_after(setup, commands, command="attach"):
    """Attach where something was mounted by these commands of sh; $1 is Postfix's directory."""
    setup.age()
    return subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-ec",
         f'{commands}; exec "$2" -c "$3" {command} postfix --config-directory "$1"',
         "sh", setup.conf, f"{place.BUILD}/waybill", f"{setup.base}/waybill.conf"],
        check=False, text=True, capture_output=True)


def assert_untouched(setup, done, before):
    assert done.returncode == 3 and "nothing was changed" in done.stderr, (done.stdout, done.stderr)
    assert setup.all() == before
    assert os.listdir(f"{setup.base}/state") == [] and os.listdir(f"{setup.base}/queue") == []


def test_a_half_made_attach_is_undone_and_told(setup):
    """main.cf is a mount, so nobody can rename another file over it: master.cf is changed by then."""
    before = setup.all()
    done = attach_after(setup, 'mount --bind "$1/main.cf" "$1/main.cf"')
    assert "main.cf" in done.stderr
    assert os.stat(f"{setup.conf}/master.cf").st_mtime > 1e9, "it was not changed before"
    assert_untouched(setup, done, before)


def test_a_set_up_that_cannot_be_written_is_told_and_nothing_is_left_behind(setup):
    before = setup.all()
    done = attach_after(setup, 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"')
    assert "Read-only file system" in done.stderr
    assert_untouched(setup, done, before)


def postconf_fails(setup, *cases):
    """Commands that mount a postconf which fails at the calls that these patterns of sh name; each word
    of it is asked once more in the undo."""
    shutil.copy(shutil.which("postconf", path="/usr/sbin"), f"{setup.base}/real")
    setup.write("postconf", "#!/bin/sh\ncase \"$*\" in\n" + "".join(
        f"{case}) echo 'postconf: fatal: not today' >&2; exit 1;;\n" for case in cases) +
        f'esac\nexec {setup.base}/real "$@"\n')
    os.chmod(f"{setup.base}/postconf", 0o755)
    return f"mount --bind {setup.base}/postconf /usr/sbin/postconf"


def test_a_detach_whose_last_step_fails_is_undone(setup):
    before = setup.all()
    setup.run("attach")
    after = setup.all()
    done = attach_after(setup, postconf_fails(setup, "*' -X '*"), "detach")
    assert done.returncode == 3 and "not today; nothing was changed" in done.stderr, done.stderr
    assert setup.all() == after
    setup.run("detach")
    assert setup.all() == before


def test_what_cannot_be_undone_leaves_the_old_values(setup):
    """The first -P is made, -e fails, and the -P that would undo the first one fails, too."""
    before = setup.all()
    done = attach_after(setup, postconf_fails(setup, "*' -e '*",
                                              "*smtpd_milters=inet:localhost:8896*"))
    assert done.returncode == 3 and "could not be undone" in done.stderr, done.stderr
    assert setup.memory in done.stderr
    assert setup.override("submission/inet/smtpd_milters").startswith("{unix:waybill")
    setup.run("detach")
    assert setup.all() == before


def test_old_values_are_those_before_the_first_attach(place_of_story):
    setup = Setup(place_of_story, main="compatibility_level = 3.6\nqueue_directory = {base}/queue\n",
                  master="smtp inet n - y - - smtpd\n")
    before = setup.all()
    setup.run("attach")
    setup.write("waybill.conf", f'state_directory = "{setup.base}/state"\nuser = "nobody"\n'
                f'listen = "unix:{setup.base}/queue/waybill/other.sock"\n')
    setup.postconf("-e", f"smtpd_milters = {OURS.replace('5s', '3s')}")
    setup.run("attach")
    assert "other.sock" in setup.value("smtpd_milters")
    setup.run("detach")
    assert setup.all() == before


def test_a_command_that_is_shown_is_one_for_any_path(place_of_story):
    setup = Setup(f"{place_of_story}/a b; touch owned'")
    command = setup.changes("attach", "--dry-run")[f"{setup.base}/queue/waybill"]["command"]
    subprocess.run(command, shell=True, check=True, cwd=place_of_story)
    assert os.path.isdir(f"{setup.base}/queue/waybill") and os.listdir(place_of_story) == \
        [os.path.basename(setup.base)]


def test_where_the_old_values_cannot_be_kept_nothing_is_changed(setup):
    before = setup.all()
    os.rmdir(f"{setup.base}/state")
    assert setup.memory in setup.run("attach", code=3)
    assert setup.all() == before


def test_who_is_not_root_may_look_only(setup):
    os.chmod(f"{setup.base}/state", 0o755)

    def run(*arguments):
        return subprocess.run([f"{place.BUILD}/waybill", "-c", f"{setup.base}/waybill.conf", "attach",
                               "postfix", "--config-directory", setup.conf, *arguments], check=False,
                              text=True, capture_output=True, user=65534, group=65534, extra_groups=[])

    assert run("--dry-run").returncode == 0
    refused = run()
    assert refused.returncode == 2 and "only root" in refused.stderr
    assert not os.path.exists(setup.memory)


@pytest.mark.parametrize("milters, after", [
    ("", OURS),
    ("inet:a:1,unix:/b", f"{OURS}, inet:a:1,unix:/b"),
    (" , inet:a:1  ,", f"{OURS}, inet:a:1"),
    ("unix:waybill/milter.sock", OURS),
    ("unix:/waybill/milter.sock, x:1", f"{OURS}, x:1"),
    ("x:1, { unix:waybill/milter.sock, default_action=tempfail }, y:2", f"{OURS}, x:1, y:2"),
    (OURS.replace("accept", "tempfail") + " x:1", f"{OURS}, x:1"),
    (OURS.replace(" connect_timeout=3s,", ""), OURS),
    (f"x:1 {OURS}", f"{OURS}, x:1"),
    (f"{OURS} {OURS}", OURS),
    (OURS.replace("3s", "5s"), OURS.replace("3s", "5s")),
    ("{ unix:/a, {default_action = quarantine} }", f"{OURS}, {{ unix:/a, {{default_action = quarantine}} }}"),
    ("${compatibility_level ? {inet:a:1} : {inet:b:2}}",
     f"{OURS}, ${{compatibility_level ? {{inet:a:1}} : {{inet:b:2}}}}"),
])
def test_any_list_gets_us_first_and_once(place_of_story, milters, after):
    setup = Setup(place_of_story, main="compatibility_level = 3.6\nqueue_directory = {base}/queue\n",
                  master="smtp inet n - y - - smtpd\n")
    setup.postconf("-e", f"smtpd_milters = {milters}")
    setup.run("attach")
    assert setup.value("smtpd_milters") == after
    assert "Nothing to do" in setup.run("attach")
    setup.run("detach")
    assert "unix:waybill/milter.sock" not in setup.all()


def test_an_entry_in_a_list_of_another_name_is_mended_there(place_of_story):
    setup = Setup(place_of_story,
                  main="compatibility_level = 3.6\nqueue_directory = {base}/queue\n"
                       "filters = unix:waybill/milter.sock, inet:a:1\nsmtpd_milters = $filters\n"
                       "non_smtpd_milters = ${{filters}}\n", master="smtp inet n - y - - smtpd\n")
    assert "smtpd_milters" not in setup.changes("attach")
    assert setup.value("filters") == f"{OURS}, inet:a:1"
    assert setup.value("smtpd_milters") == "$filters"
    assert "Nothing to do" in setup.run("attach")
    setup.run("detach")
    assert setup.value("filters") == "inet:a:1"


def test_another_queue_directory_is_not_guessed(place_of_story):
    setup = Setup(place_of_story, listen="auto")
    words = setup.run("attach", code=2)
    assert f'listen = "unix:{setup.base}/queue/waybill/milter.sock"' in words
    assert f"{setup.base}/waybill.conf" in words


def test_auto_is_the_socket_in_the_usual_queue(place_of_story):
    """The usual queue directory is one of our own here, seen by this command alone."""
    setup = Setup(place_of_story, main="compatibility_level = 3.6\nqueue_directory = /var/spool/postfix\n",
                  listen="auto")

    def ask(make, command):
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-ec",
             f'mount -t tmpfs none /var/spool/postfix; {make}; exec "$2" -c "$3" {command} postfix '
             '--config-directory "$1" --dry-run --json',
             "sh", setup.conf, f"{place.BUILD}/waybill", f"{setup.base}/waybill.conf"],
            check=True, text=True, capture_output=True)
        answer = json.loads(done.stdout)
        return answer["listen"], {change["parameter"]: change["after"] for change in answer["changes"]}

    for make, made in ((":", False), ("mkdir /var/spool/postfix/waybill", True)):
        listen, changes = ask(make, "attach")
        assert listen == "unix:/var/spool/postfix/waybill/milter.sock"
        assert changes["smtpd_milters"] == OURS
        assert ("/var/spool/postfix/waybill" in changes) != made
        # detach tells what the configuration says by itself
        assert (ask(make, "detach")[0] == listen) == made


def test_a_socket_outside_of_the_chroot_is_refused(place_of_story):
    setup = Setup(place_of_story, listen="unix:/run/waybill-story/milter.sock")
    assert "cannot reach" in setup.run("attach", code=2)
    port = Setup(f"{place_of_story}/port", listen="inet:8892@127.0.0.1")
    port.run("attach")
    assert port.value("smtpd_milters").startswith("{ inet:127.0.0.1:8892, default_action=accept")


# ---- a Postfix that runs ----

class Unattached(PrivatePostfix):
    """As an administrator has it who never heard of us, in a chroot."""

    def __init__(self, base, sink_port, milter_socket=None, **more):
        super().__init__(base, sink_port, chroot=True, **more)
        self.second_port = place.free_port()
        self.unset("smtpd_milters", "non_smtpd_milters", "internal_mail_filter_classes",
                   "enable_long_queue_ids")


@pytest.fixture(name="world", scope="module")
def world_in_chroot():
    base = place.new_directory("story")
    listen = f"{base}/postfix/queue/waybill/milter.sock"
    world = World(base, mta=Unattached, daemon={"listen": f"unix:{listen}"})
    world.daemon.socket = listen
    world.second = SecondMilter(place.free_port())
    world.postfix.set(smtpd_milters=f"inet:127.0.0.1:{world.second.port}")
    world.postfix.serve(f"127.0.0.1:{world.postfix.second_port} inet n - y - - smtpd\n"
                        f"    -o smtpd_milters=inet:127.0.0.1:{world.second.port}")
    try:
        for part in (world.redis, world.sink, world.second, world.postfix):
            part.start()
        yield world
    finally:
        world.second.stop()
        world.close()


def attach(world, command="attach"):
    done = world.cli.run(command, "postfix", "--config-directory", world.postfix.conf)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def listed(world):
    return world.postfix.command("postconf", "-n") + world.postfix.command("postconf", "-P")


def send(world, to, port=None):
    message_id = f"attach-{next(numbers)}-{os.getpid()}@shop.example"
    client = Client(port or world.postfix.port)
    client.send(SENDER, [to], message_id)
    client.quit()
    return message_id


def reached_sink(world, to, message_id):
    place.wait_until(lambda: (to, message_id) in world.sink.recipients(), 20, f"{to} is at the sink")


def test_mail_flows_attached_or_not_and_is_seen_when_attached(world):
    """One story from the first attach to the detach, since each part begins where the last ended."""
    before = listed(world)
    words = attach(world)
    assert "Postfix was reloaded." in words and "mail flows without it" in words
    # nobody listens yet
    reached_sink(world, "ok-1@sink.example", send(world, "ok-1@sink.example"))

    world.daemon.start()
    words = attach(world)
    assert "Nothing to do" in words and "answers" in words, words
    for port in (world.postfix.port, world.postfix.second_port):
        message_id = send(world, "ok-2@sink.example", port)
        waybill = world.wait_for_states(message_id, {"ok-2@sink.example": "delivered"})
        assert {fact["witness"] for fact in world.facts(waybill["queue_id"])} == {"m", "l"}
        assert len(waybill["queue_id"]) > 12, "a long queue id"

    # the other milter is still asked, behind us
    client = Client(world.postfix.port)
    client.begin(SENDER, ["spam@sink.example"])
    client.say("DATA", 354)
    assert client.say("Message-ID: <attach-spam@shop.example>\r\n\r\nHello.\r\n.")[0] == 550
    client.quit()
    world.wait_for_states("attach-spam@shop.example", {"spam@sink.example": "rejected"})

    # a mail of a local user, and the bounce that Postfix writes
    world.postfix.sendmail(SENDER, ["never-1@sink.example"],
                           "Message-ID: <attach-local@shop.example>\n\nHello.\n")
    world.wait_for_states("attach-local@shop.example", {"never-1@sink.example": "failed"})
    place.wait_until(lambda: world.cli.trace("--from", "<>"), 20, "the bounce is traced")
    assert "attach-local@shop.example" in world.seen_by_milter()

    world.daemon.stop()
    reached_sink(world, "ok-3@sink.example", send(world, "ok-3@sink.example"))
    world.daemon.start()

    assert "Postfix was reloaded." in attach(world, "detach")
    assert listed(world) == before
    message_id = send(world, "ok-4@sink.example")
    reached_sink(world, "ok-4@sink.example", message_id)
    world.wait_for_states(message_id, {"ok-4@sink.example": "delivered"})
    assert message_id not in world.seen_by_milter()
