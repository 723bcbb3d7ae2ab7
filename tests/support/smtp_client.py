# SPDX-License-Identifier: BSD-2-Clause
"""A mail client that says exactly what it is told, and measures."""
import socket
import threading
import time


class Reply(Exception):
    """A reply that was not the expected one."""

    def __init__(self, command, code, text):
        super().__init__(f"{command}: {code} {text}")
        self.code, self.text = code, text


class Client:
    def __init__(self, port, host="127.0.0.1", helo="client.example", timeout=30):
        self._socket = socket.create_connection((host, port), timeout)
        self._file = self._socket.makefile("rb")
        self.greeting = self._expect("connect", 220)
        if helo:
            self.say(f"EHLO {helo}", 250)

    def _expect(self, command, expected):
        lines = []
        while True:
            line = self._file.readline().decode("utf-8", "replace")
            if len(line) < 4:
                raise ConnectionError(f"{command}: the server closed the connection")
            lines.append(line[4:].rstrip())
            if line[3] == " ":
                break
        code, text = int(line[:3]), "\n".join(lines)
        if expected is not None and code != expected:
            raise Reply(command, code, text)
        return code, text

    def write(self, data):
        """Bytes as they are, without waiting for an answer."""
        self._socket.sendall(data)

    def say(self, command, expected=None):
        """One command, as text or bytes; returns (code, text). With `expected` another code raises Reply."""
        self._socket.sendall((command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        return self._expect(command, expected)

    def begin(self, sender, recipients, parameters=""):
        """MAIL and RCPTs; returns the codes of the RCPTs."""
        self.say(f"MAIL FROM:<{sender}>{parameters}", 250)
        return [self.say(f"RCPT TO:<{to}>")[0] for to in recipients]

    def end(self, message_id, text="Hello.\r\n", subject="a test", headers=""):
        """DATA to the end; returns the server's words and how long its last answer took."""
        self.say("DATA", 354)
        sender_line = "" if "From:" in headers else "From: Tester <tester@sender.example>\r\n"
        self._socket.sendall((f"Message-ID: <{message_id}>\r\n{sender_line}Subject: {subject}\r\n"
                              f"{headers}\r\n{text}\r\n").encode())
        began = time.monotonic()
        words = self.say(".", 250)[1]
        return words, time.monotonic() - began

    def send(self, sender, recipients, message_id, **more):
        """A whole mail; returns (queue id, seconds). A refused recipient raises Reply."""
        for to, code in zip(recipients, self.begin(sender, recipients, more.pop("parameters", ""))):
            if code != 250:
                raise Reply(f"RCPT TO:<{to}>", code, "")
        words, seconds = self.end(message_id, **more)
        return words.rpartition(" ")[2], seconds

    def quit(self):
        try:
            self.say("QUIT")
        finally:
            self.cut()

    def cut(self):
        """Go away without a word."""
        self._file.close()
        self._socket.close()


def send_many(port, mails, sessions=8, pause=0):
    """Send `mails`, each (sender, recipients, message id), over some sessions at once, in order.
    Returns (sent, failed): sent is a list of (message id, queue id, seconds), failed of
    (message id, why). `pause`: seconds between two mails of a session."""
    sent, failed, lock, todo = [], [], threading.Lock(), iter(mails)

    def work():
        client = None
        while True:
            with lock:
                mail = next(todo, None)
            if mail is None:
                break
            try:
                client = client or Client(port)
                queue_id, seconds = client.send(*mail)
                with lock:
                    sent.append((mail[2], queue_id, seconds))
            except (OSError, Reply) as why:
                with lock:
                    failed.append((mail[2], str(why)))
                if client:
                    client.cut()
                    client = None
            time.sleep(pause)
        if client:
            client.quit()

    threads = [threading.Thread(target=work) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sent, failed


def percentile(values, share):
    """percentile(times, 0.99)"""
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]
