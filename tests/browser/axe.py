# SPDX-License-Identifier: BSD-2-Clause
"""axe-core, which judges whether a page can be used by everybody. It comes from the npm registry into
a cache, is the one that we know by its hash or none, and is no part of what we ship."""
import base64
import hashlib
import os
import subprocess
import tarfile
import tempfile

VERSION = "4.14.1"
INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
CACHE = os.environ.get("WAYBILL_CACHE", "/var/cache/waybill-tests")


def _is_ours(path):
    try:
        with open(path, "rb") as file:
            return base64.b64encode(hashlib.sha512(file.read()).digest()).decode() == INTEGRITY
    except FileNotFoundError:
        return False


def source():
    """The text of axe.js; None: neither the cache nor the registry has it."""
    path = f"{CACHE}/axe-core-{VERSION}.tgz"
    if not _is_ours(path):
        _fetch(path)
    if not _is_ours(path):
        return None
    with tarfile.open(path) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def _fetch(path):
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", f"axe-core@{VERSION}"], cwd=folder, check=True,
                           capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
            os.replace(f"{folder}/axe-core-{VERSION}.tgz", path)
        except (OSError, subprocess.SubprocessError):
            return


def findings(browser, axe):
    """What axe has to say about the page as it is: 'impact rule: element' for each."""
    browser.devtools("Runtime.evaluate", expression=axe)  # by the debugger: no policy is in its way
    told = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {resultTypes: ['violations', 'incomplete']}).then(done, e => done(String(e)));")
    assert isinstance(told, dict), told
    assert told["passes"] and told["testEngine"]["version"] == VERSION
    return [f"{rule['impact']} {rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in told["violations"] for node in rule["nodes"]]
