#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The part of packaging/quickstart that sends mails, and shows their trace and the page for them.

    demo.py run [--once]    everything below DIRECTORY, until Enter
    demo.py stop            end and remove a run that was left behind
"""
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import place  # noqa: E402
from support.cli import states  # noqa: E402
from support.smtp_client import Client  # noqa: E402
from support.web import Web, give_rights, new_token  # noqa: E402
from support.world import World  # noqa: E402

DIRECTORY = "/var/lib/waybill-quickstart"  # only root may write beside it
PROCESSES = f"{DIRECTORY}/processes"
SHOP = "orders@shop.example"

# Message-ID, recipients, what must become of each
MAILS = [
    ("receipt-1@shop.example", {"ann@ok.example": "delivered"}),
    ("receipt-2@shop.example", {"bob@later.example": "delivered"}),
    ("receipt-3@shop.example", {"carl@never.example": "failed"}),
    ("receipt-4@shop.example", {"dora@refused.example": "rejected"}),
    ("receipt-5@shop.example", {"emil@ok.example": "delivered", "fay@full.example": "failed"}),
    ("receipt-6@shop.example", {"gus@ok.example": "abandoned"}),
]
WHAT = ("one that is delivered", "one that is delayed, then delivered",
        "one that bounces, so that a report goes to the sender",
        "one that is refused at RCPT", "one with two recipients of different fate",
        "one whose client goes away")


class Failed(Exception):
    """Something is not as it should be; the text is the one line that the user sees."""


def say(text):
    print(text, flush=True)


def start_time(pid):
    """Tells a process from a later one with the same number."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return None


def remember(world, web):
    pids = [os.getpid(), world.redis.pid(), world.daemon.process.pid, world.postfix.master_pid(), web.process.pid]
    with open(PROCESSES, "w", encoding="ascii") as file:
        file.writelines(f"{pid} {start_time(pid)}\n" for pid in pids)


def send(port, message_id, recipients):
    """Hand one mail in, as a shop's program would; says what it is told."""
    client = Client(port, helo="shop.example")
    codes = client.begin(SHOP, recipients)
    if "gus@ok.example" in recipients:
        client.cut()
        return
    if 250 in codes:
        client.end(message_id, subject=f"Your order {message_id[8:9]}", text="Thank you.\r\n",
                   headers=f"From: The shop <{SHOP}>\r\nTo: {', '.join(recipients)}\r\n")
    client.quit()


def settled(world):
    """Did every recipient find the end that it should, and the bounce its mail?"""
    fates = {}
    for waybill in world.cli.trace("--from", SHOP):
        fates.update(states(waybill))
    wanted = {to: state for _, recipients in MAILS for to, state in recipients.items()}
    return fates == wanted and report_on_carl(world) is not None


def check_delay(world):
    """bob's mail must show both: an attempt that failed, then one that did not."""
    timeline = world.cli.show(mail_to(world, "bob@later.example"))["timeline"]
    kinds = [fact["kind"] for fact in timeline]
    if "delayed" not in kinds or "delivered" not in kinds:
        raise Failed(f"the delayed mail shows {kinds}")


def show(world):
    for arguments in (["trace", "--from", SHOP], ["show", mail_to(world, "bob@later.example")],
                      ["show", mail_to(world, "carl@never.example")]):
        say(f"\n$ waybill {' '.join(arguments)}")
        done = world.cli.run(*arguments)
        say((done.stdout + done.stderr).rstrip())
        if done.returncode != 0:
            raise Failed(f"waybill {arguments[0]} ended with {done.returncode}")


def serve(world):
    """The page for the help desk, on loopback."""
    login = ("waybill-web", secrets.token_hex(16))
    web = Web(world.daemon, login, port=place.free_port())
    give_rights(world.cli, world.redis, login)
    return web.start()


def check_page(web, token):
    """Does it show itself, and does it know the mails?"""
    page = web.ask("/")
    found = web.ask("/api/v1/search", token, q=f"from:{SHOP}")
    if page.status != 200 or b"<html" not in page.body or found.status != 200:
        raise Failed(f"the page answers {page.status}, its search {found.status}: {web.log_text()[-2000:]}")
    count = found.json()["page"]["count"]
    if count != len(MAILS):
        raise Failed(f"the page's search finds {count} mails, not {len(MAILS)}")
    say(f"      the page is there, and its search finds {count} mails")


def open_browser(url):
    """For the user who called sudo, where he has a desktop. The token is not in the address, where it would stay
    in a history."""
    user, opener = os.environ.get("SUDO_USER"), shutil.which("xdg-open")
    if not (user and opener and any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))):
        return
    subprocess.Popen(["runuser", "-u", user, "--", opener, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)


def mail_to(world, recipient):
    return world.cli.trace("--to", recipient)[0]["trace_id"]


def report_on_carl(world):
    """The bounce that went to the shop; None: not read yet."""
    reports = world.cli.trace("--to", "carl@never.example")[0]["reports"]
    return reports[0]["trace_id"] if reports else None


def run(once):
    if os.path.exists(DIRECTORY):
        raise Failed(f"{DIRECTORY} is there: another run, or one left behind;"
                     " 'packaging/quickstart stop' ends it")
    os.mkdir(DIRECTORY, 0o755)
    world, web = World(base=DIRECTORY), None
    try:
        began = time.monotonic()
        world.start()
        place.wait_until(world.postfix.master_pid, 10, "Postfix wrote its process number")
        web = serve(world)
        remember(world, web)
        say(f"      Redis on port {world.redis.port}, Postfix on port {world.postfix.port},"
            f" waybilld on {world.daemon.socket},\n      waybill-web on port {web.port} ({time.monotonic() - began:.1f} s)")
        say("[4/5] six mails: " + ",\n      ".join(WHAT))
        for message_id, recipients in MAILS:
            send(world.postfix.port, message_id, recipients)
        began = time.monotonic()
        try:
            place.wait_until(lambda: settled(world), 60, "every mail found its end", 0.2)
        except TimeoutError:
            say(world.cli.text("trace", "--from", SHOP))
            raise Failed("not every mail found the end that it should have within 60 s;"
                         f" see above, and {keep_logs(world)}") from None
        check_delay(world)
        say(f"      all settled after {time.monotonic() - began:.1f} s")
        say("[5/5] what support staff see")
        show(world)
        token = new_token(world.cli, "demonstration", "--role", "admin")
        say("")
        check_page(web, token)
        say(f"\nThe page  http://127.0.0.1:{web.port}/\nToken     {token}   (log in with it; good until this ends)")
        if not once:
            open_browser(f"http://127.0.0.1:{web.port}/")
            say(f"\nAll of it still runs. Open the page, or look from another terminal:\n"
                f"    {place.BUILD}/waybill -c {world.daemon.conf} trace --help")
            say(f"    {place.BUILD}/waybill explain {place.SOURCE}/tests/golden/reports/*.eml")
            print("Press Enter to stop and remove it. ", end="", flush=True)
            sys.stdin.readline()
    finally:
        if web:
            web.stop()
        world.close()


def keep_logs(world):
    """The directory goes when we end; what helps to find the fault stays."""
    kept = place.new_directory("quickstart-logs")
    for log in (world.daemon.log, world.postfix.log, f"{world.base}/redis/redis.log", f"{world.base}/daemon/web.log"):
        if os.path.exists(log):
            shutil.copy(log, kept)
    return kept


def stop():
    if not os.path.isdir(DIRECTORY):
        say("nothing to stop: no quick start is running")
        return
    recorded = []
    if os.path.exists(PROCESSES):
        with open(PROCESSES, encoding="ascii") as file:
            recorded = [line.split() for line in file]
    if os.path.exists(f"{DIRECTORY}/postfix/conf/main.cf"):
        subprocess.run(["postfix", "-c", f"{DIRECTORY}/postfix/conf", "stop"], check=False,
                       capture_output=True)
    for number, signal_ in enumerate((signal.SIGTERM, signal.SIGKILL)):
        alive = [int(pid) for pid, born in recorded if start_time(pid) == born
                 and place.process_lives(pid)]
        for pid in alive:
            os.kill(pid, signal_)
        end = time.monotonic() + 15 - 10 * number
        while any(place.process_lives(pid) for pid in alive) and time.monotonic() < end:
            time.sleep(0.1)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    say("stopped and removed")


def main():
    if sys.argv[1:] == ["stop"]:
        stop()
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        run("--once" in sys.argv)
    except KeyboardInterrupt:
        return 130
    except (Failed, RuntimeError, TimeoutError, OSError) as why:
        print(f"quickstart: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
