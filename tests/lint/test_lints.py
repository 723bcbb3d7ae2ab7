# SPDX-License-Identifier: BSD-2-Clause
"""Each lint passes on this tree and fails on a planted offence, naming its file and line."""
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
LINTS = ("layers", "banned", "form", "spdx", "shell", "manuals", "messages", "page")
HEAD = "/* SPDX-License-Identifier: BSD-2-Clause */\n/*\n * thing: a thing.\n */\n"
CLEAN = {
    "milter/fact/thing.c": HEAD + '#include "waybill/fact.h"\n/* smfi_main( and strcpy( */\n',
    "milter/store/redis.c": HEAD + "#include <hiredis/hiredis.h>\nvoid redisFree(void *);\n",
    "milter/programs/waybill.c": HEAD + '#include "waybill/cli.h"\nint main(void);\n',
    "include/waybill/fact.h": HEAD + '#include "waybill/buffer.h"\n',
    "milter/answer/messages/en.json": '{\n  "page.z": "{n} mails"\n}\n',
    "milter/answer/http/page/a.js": "// innerHTML\nexport const made = { style: \"unit\", text: \"page.z\" };\n",
    "milter/answer/http/page/index.html": "<!doctype html>\n<script src=\"page/a.js\"></script>\n",
    "milter/answer/http/page/a.css": "html { scroll-behavior: smooth; }\n",
    "packaging/start": "#!/bin/sh\n# SPDX-License-Identifier: BSD-2-Clause\necho \"$1\"\n",
    "packaging/man/waybill.1": ".\\\" SPDX-License-Identifier: BSD-2-Clause\n.Dd November 21, 2026\n"
                               ".Dt WAYBILL 1\n.Os\n.Sh NAME\n.Nm waybill\n.Nd where is it\n",
}
OFFENCES = [
    # lint, file, what is planted (put at the end), the line that must be named, what must be said
    ("layers", "milter/fact/thing.c", '#include "waybill/store.h"\n', 7, "fact must not know store"),
    ("layers", "milter/store/thing.c", HEAD + '#include "waybill/journal.h"\n', 5,
     "store must not know journal"),
    ("layers", "milter/answer/thing.c", HEAD + '#include "waybill/journal.h"\n', 5,
     "answer must not know journal"),
    ("layers", "milter/observe/maillog/thing.c", HEAD + '#include "waybill/store.h"\n', 5,
     "observe must not know store"),
    ("layers", "milter/ship/thing.c", HEAD + "#include <libmilter/mfapi.h>\n", 5, "libmilter"),
    ("layers", "milter/ship/thing.c", HEAD + "int x(void) { return smfi_main(); }\n", 5,
     "smfi_main"),
    ("layers", "milter/ship/thing.c", HEAD + "#include <hiredis/hiredis.h>\n", 5, "hiredis"),
    ("layers", "milter/journal/thing.c", HEAD + "void *x = SSL_new;\n", 5, "SSL_new"),
    ("layers", "milter/fact/thing.c", "void *x = EVP_sha256;\n", 7, "EVP_sha256"),
    ("layers", "include/waybill/fact.h", '#include "waybill/store.h"\n', 6,
     "fact must not know store"),
    ("layers", "milter/fact/thing.c", '#include "../store/redis.c"\n', 7, "another room"),
    ("layers", "milter/fact/thing.c", '#include "waybill/nobody.h"\n', 7, "nobody keeps"),
    ("banned", "milter/fact/thing.c", "void x(char *a) { strcpy(a, a); }\n", 7, "strcpy"),
    ("banned", "milter/fact/thing.c", "int y = 1; /* TODO */\n", 7, "unfinished"),
    ("form", "milter/fact/thing.c", "\tint x;\n", 7, "a tab"),
    ("form", "milter/fact/thing.c", "int x; " + "/" * 100 + "\n", 7, "107 columns"),
    ("form", "milter/fact/thing.c", "int x; \n", 7, "blanks at the end"),
    ("form", "milter/fact/bare.c", "int x;\n", 1, "licence"),
    ("form", "milter/fact/fact.c", HEAD + '#include <stdio.h>\n#include "waybill/fact.h"\n', 5,
     "first"),
    ("spdx", "tests/support/thing.py", "print(1)\n", 1, "SPDX"),
    ("spdx", "packaging/bare", "#!/bin/sh\ntrue\n", 1, "SPDX"),
    ("shell", "packaging/start", "rm -r $UNSET/x\n", 4, "SC2086"),
    *(("page", "milter/answer/http/page/a.js", text + "\n", 3, "makes markup") for text in (
        "x.innerHTML = y;", "x.outerHTML += y;", "x.insertAdjacentHTML('beforeend', y);", "document.write(y);",
        "new DOMParser();", "x.srcdoc = y;")),
    *(("page", "milter/answer/http/page/a.js", text + "\n", 3, "makes code") for text in (
        "eval(y);", "new Function(y);", "setTimeout('y()', 1);", "location = 'javascript:y';", "import(y);")),
    ("page", "milter/answer/http/page/a.js", "x.style.color = y;\n", 3, "is style"),
    ("page", "milter/answer/http/page/a.js", "element('p', { style: y });\n", 3, "is style"),
    ("page", "milter/answer/http/page/a.js", "x.onclick = y;\n", 3, "is a handler"),
    ("page", "milter/answer/http/page/a.js", "x.setAttribute('onclick', y);\n", 3, "is a handler"),
    ("page", "milter/answer/http/page/a.js", "fetch('https://cdn.example/x.js');\n", 3, "another place"),
    ("page", "milter/answer/http/page/index.html", "<script>x()</script>\n", 3, "a script inline"),
    ("page", "milter/answer/http/page/index.html", "<p style=\"x\">\n", 3, "style inline"),
    ("page", "milter/answer/http/page/index.html", "<p onclick=\"x\">\n", 3, "a handler inline"),
    ("page", "milter/answer/http/page/a.css", "p { background: url(x.png); }\n", 2, "loads"),
    ("manuals", "packaging/man/waybill.1", ".Xx unknown\n", 8, "unknown"),
    ("manuals", "milter/programs/Makemodule.am",
     "# SPDX-License-Identifier: BSD-2-Clause\nsbin_PROGRAMS += waybilld\n", 1, "no manual waybilld.8"),
    ("manuals", "milter/answer/doctor/checks_x.c", HEAD + 'x = {\n    {"milter-x", "x is so", look, 0},\n};\n',
     6, "'milter-x' is not described"),
    ("manuals", "packaging/man/waybill-doctor.7", CLEAN["packaging/man/waybill.1"] + ".It Ic gone\n",
     1, "no check 'gone'"),
    ("messages", "milter/answer/messages/de.json", '{\n  "page.b": "x",\n  "page.a": "x"\n}\n', 3,
     "go by the alphabet"),
    ("messages", "milter/answer/messages/de.json", '{\n  "page.a": "caf\\u00e9"\n}\n', 2, "no row"),
    ("messages", "milter/answer/messages/de.json", '{\n  "page.z": "{m} Mails"\n}\n', 2, "other places"),
    ("messages", "milter/answer/messages/de.json", '{\n  "page.y": "x"\n}\n', 2, "is no key"),
    ("messages", "milter/answer/thing.c", HEAD + 'x("verdict.none");\n', 1, "no message"),
    ("manuals", "milter/base/options.c", HEAD + 'x = { .name = "listen" };\n', 1, "waybill.conf.5"),
]


def lint(name, tree=None):
    return subprocess.run([os.path.join(HERE, name)] + ([str(tree)] if tree else []),
                          check=False, capture_output=True, text=True)


def plant(tree, path, text):
    target = tree / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "a", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture(name="tree")
def clean_tree(tmp_path):
    for path, text in CLEAN.items():
        plant(tmp_path, path, text)
    return tmp_path


@pytest.mark.parametrize("name", LINTS)
def test_this_tree_is_clean(name):
    result = lint(name)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", LINTS)
def test_a_clean_tree_passes(name, tree):
    result = lint(name, tree)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name,path,text,line,said", OFFENCES)
def test_a_planted_offence_fails(tree, name, path, text, line, said):
    plant(tree, path, text)
    result = lint(name, tree)
    assert result.returncode == 1
    hits = [offence for offence in result.stdout.splitlines() if said in offence]
    assert any(f"{path}:{line}:" in hit for hit in hits), result.stdout


def test_an_option_without_words_in_the_manual_fails(tree):
    page = CLEAN["packaging/man/waybill.1"] + ".It Ic listen\n"
    plant(tree, "packaging/man/waybill.conf.5", page)
    plant(tree, "milter/base/options.c", HEAD + '{ .name = "listen" }, { .name = "user" }\n')
    assert "'user' is not described" in lint("manuals", tree).stdout


def test_a_reason_is_described_as_the_table_has_it(tree):
    plant(tree, "packaging/man/waybill-rules.5", CLEAN["packaging/man/waybill.1"]
          + ".Bl -tag\n.It Li full\nThe mailbox is full.\nsoft, sender\n.El\n")
    plant(tree, "include/waybill/reason.h", HEAD + 'X(SENDER, "sender")\n'
          'X(FULL, "full", SOFT, SENDER, "the mailbox is full")\n'
          'X(GONE, "gone", HARD, SENDER, "it is gone")\n')
    found = lint("manuals", tree).stdout
    assert "'gone' is not described" in found and "'full'" not in found


@pytest.mark.parametrize("name", LINTS)
def test_an_empty_tree_is_no_pass(name, tmp_path):
    assert lint(name, tmp_path).returncode != 0
