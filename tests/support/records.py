# SPDX-License-Identifier: BSD-2-Clause
"""Records as they stand in a store, spelled out by tests/support/spell.c."""
import subprocess

from . import place


def spelled(buckets):
    """`buckets`: {key: {field: text}}, fields of other nodes ("ref+NN") among them. Yields (words of the head,
    [words of each fact])."""
    texts = [((key.split(":")[2] + field.partition("+")[0]).encode(), text.encode()) for key, bucket in buckets.items()
             for field, text in bucket.items()]
    said = subprocess.run([f"{place.BUILD}/tests/support/spell"], check=True, stdout=subprocess.PIPE,
                          input=b"".join(b"%s %d\n%s\n" % (number, len(text), text)
                                         for number, text in texts)).stdout.decode()
    for record in said.split("\n\n")[:-1]:
        head, *facts = record.split("\n")
        yield head.split(), [fact.split() for fact in facts]


def seen_by_milter(records):
    """The Message-IDs of those mails whose end the milter saw."""
    seen = set()
    for _, facts in records:
        if any(fact_id.startswith("m") and kind == "queued" for _, fact_id, kind, *_ in facts):
            seen.update(value[3:] for fact in facts for value in fact[3:] if value.startswith("id="))
    return seen
