/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands: one row per subcommand; help, completion and manual follow the rows.
 */
#include "command.h"

#include <limits.h>
#include <string.h>

const struct command commands[] = {
    {.name = "trace",
     .bit = FOR_TRACE,
     .arguments = "[QUERY...]",
     .most = INT_MAX,
     .asks_query = true,
     .summary = "find mails: by sender, recipient, id, client, state, time",
     .details =
         "Prints a row per recipient, newest mail first. All terms given must hold: those\n"
         "of QUERY, as 'waybill help query' lists them, and the options, which stand for\n"
         "some of them. An address is exact (upper and lower case are the same), or\n"
         "@example.org for a whole domain. Without --since the search goes back 30 days if\n"
         "a term leads to few mails, else 24 hours.\n"
         "\n"
         "A TIME is 2026-11-21, \"2026-11-21 14:03\", 14:03 (today), -2h, -30m, -3d, -1w\n"
         "or now.\n"
         "\n"
         "When nothing is found the answer tells which mail servers were watched in\n"
         "that time, since only then \"not seen\" means something.\n",
     .examples = "waybill trace to:bob@example.org\n"
                 "waybill trace 'from:@shop.example state:failed -reason:mailboxfull since:-2d'\n"
                 "waybill trace -q 4mGprq8lpWzGsdv\n"
                 "waybill trace to:bob@example.org --json | jq '.recipients[]?'\n",
     .asks_store = true,
     .noted = "search",
     .over_api = true,
     .run = trace_run},
    {.name = "show",
     .bit = FOR_SHOW,
     .arguments = "ID",
     .least = 1,
     .most = 1,
     .summary = "tell all about one mail: verdict, recipients, timeline, evidence",
     .details =
         "ID is the case code that trace prints (77XH-339H-SXC1-E; hyphens and case do\n"
         "not matter), the number of 18 digits, a queue id, or a Message-ID. Where\n"
         "several mails have the same queue id or Message-ID they are listed instead.\n",
     .examples = "waybill show 77XH-339H-SXC1-E\n"
                 "waybill show 4mGprq8lpWzGsdv\n"
                 "waybill show 77XH-339H-SXC1-E --json\n",
     .asks_store = true,
     .asks_rules = true,
     .noted = "show",
     .over_api = true,
     .run = show_run},
    {.name = "follow",
     .bit = FOR_FOLLOW,
     .arguments = "[QUERY...]",
     .most = INT_MAX,
     .asks_query = true,
     .summary = "watch mails live, an event a line",
     .details = "Prints events as they reach the store, until Ctrl-C. The terms are those of\n"
                "trace; with state: only events that tell of this state are shown.\n"
                "\n"
                "At its end it tells the command that goes on there, with --json each line has\n"
                "the cursor. The store keeps the last events only; what is no more there is told\n"
                "from the records. An event may be told again, then with the same event_id.\n",
     .examples = "waybill follow\n"
                 "waybill follow to:@example.org state:delayed\n"
                 "waybill follow --json --for 60\n",
     .asks_store = true,
     .noted = "follow",
     .over_api = true,
     .run = follow_run},
    {.name = "stats",
     .bit = FOR_STATS,
     .arguments = "[QUERY...]",
     .most = INT_MAX,
     .asks_query = true,
     .summary = "counts by state, what was watched, what was lost",
     .details = "Counts the recipients of the mails since the time given (default: 24 hours), or\n"
                "those of QUERY, by state and by reason, and tells for each mail server which\n"
                "witness was silent or blind, and what its counters say. Where no term leads to\n"
                "few mails it stops at 1,000,000 of them, and says so.\n"
                "\n"
                "With --by: a row for each group of recipients, the largest first, by up to four\n"
                "of state reason status domain to sender-domain from remote client login host\n"
                "list day hour.\n"
                "With --coverage: what each witness watched, in percent, and each gap.\n"
                "With --unclassified: what servers said of failed and delayed recipients that\n"
                "no rule knows, most frequent first; see waybill-rules(5) on adding rules.\n",
     .examples = "waybill stats\n"
                 "waybill stats --by reason,domain state:failed since:today\n"
                 "waybill stats --coverage --since -7d\n"
                 "waybill stats --since -1h --json\n"
                 "waybill stats --unclassified --since -7d\n",
     .asks_store = true,
     .asks_rules = true,
     .noted = "stats",
     .over_api = true,
     .run = stats_run},
    {.name = "explain",
     .bit = FOR_EXPLAIN,
     .arguments = "FILE...",
     .most = INT_MAX,
     .summary = "tell what a bounce, another report or a log in a file says",
     .details =
         "Reads mails out of files (-: standard input) and tells of each report: which\n"
         "recipient, what happened, why, who has to act, by when, and the words and the\n"
         "rule that this rests on. A part of a bounce, as somebody pasted it, will do.\n"
         "Neither the store nor a configuration is needed.\n"
         "\n"
         "It tells what the report says. Whether that is true a file cannot prove;\n"
         "see what 'waybill show' has on the mail.\n"
         "\n"
         "With --log the files are logs, also compressed ones (gzip, xz, zstd), and\n"
         "entries of journalctl -o export or -o json, and what Docker (json-file) and\n"
         "Kubernetes keep of a container's output. Each line gives a JSON object\n"
         "with what was read from it, {} where there is nothing to be read.\n",
     .examples = "waybill explain bounce.eml\n"
                 "waybill explain --json *.eml\n"
                 "waybill explain --log /var/log/mail.log | jq .status\n"
                 "waybill explain - < bounce.eml\n",
     .asks_rules = true,
     .run = explain_run},
    {.name = "import",
     .bit = FOR_IMPORT,
     .arguments = "FILE...",
     .least = 1,
     .most = INT_MAX,
     .summary = "bring old logs of the mail server into the store",
     .details =
         "Reads logs (-: standard input), plain or packed by gzip, xz or zstd, or as\n"
         "journalctl -o export or -o json prints them, and puts what they tell into\n"
         "the store, as if waybilld had followed them. Several files are read in the\n"
         "order of their lines. It may run beside waybilld, and as often as you like:\n"
         "what is known already changes nothing.\n"
         "\n"
         "With --dry-run it only counts, and needs neither store nor journal.\n"
         "\n"
         "With --queue the files are listings by postqueue -j: what waits in the queue\n"
         "comes in, and with --complete what is there no more is settled. See the timer\n"
         "waybill-queue.timer. Sendmail has no such listing.\n"
         "\n"
         "It ends with 1 if there was nothing to import, 2 if a file or line could not be\n"
         "read, 130 if it was stopped (Ctrl-C).\n",
     .examples = "waybill import --dry-run /var/log/mail.log*\n"
                 "sudo waybill import /var/log/mail.log*\n"
                 "journalctl -o export -u postfix@- | sudo waybill import -\n"
                 "postqueue -j | sudo waybill import --queue -\n",
     .writes = true,
     .run = import_run},
    {.name = "doctor",
     .bit = FOR_DOCTOR,
     .arguments = "",
     .summary = "look for what is wrong with the set-up, and tell what mends it",
     .details =
         "Looks at the configuration, the mail server, the milter's socket, the log, the\n"
         "store and this machine, and changes nothing. Each finding says what is so, what\n"
         "comes of it, and the line that mends it. Run it as root: it tries the socket as\n"
         "the mail server's user in its chroot.\n"
         "\n"
         "With --send-test it also sends a mail, and follows it until its end.\n"
         "\n"
         "It ends with 0 if all is well or there are hints only, 1 if there are warnings,\n"
         "2 on wrong usage, 3 if there are faults. waybill-doctor(7) has every check.\n",
     .examples = "sudo waybill doctor\n"
                 "sudo waybill doctor --send-test postmaster@example.org\n"
                 "sudo waybill doctor --config-directory /etc/postfix-out\n"
                 "sudo waybill doctor --json | jq '.findings[] | select(.heal)'\n",
     .alone = true,
     .run = doctor_run},
    {.name = "attach",
     .bit = FOR_ATTACH,
     .arguments = "postfix|sendmail",
     .least = 1,
     .most = 1,
     .summary = "make the mail server ask waybilld",
     .details =
         "Puts waybilld first into the lists of milters of Postfix, so that mail flows\n"
         "while it is away, and sets what else it needs to see bounces and to tell mails\n"
         "apart. All other entries stay as they are. What was there before is kept for\n"
         "'waybill detach'; if a change fails, those before it are undone. It shows each\n"
         "change and the command that makes it; --dry-run only shows them. Say it as\n"
         "often as you like: what is right stays.\n"
         "\n"
         "For Sendmail it shows the line for sendmail.mc, and where it goes: that file is\n"
         "not edited by a program.\n"
         "\n"
         "It ends with 0 if all is done or nothing was to be done, 1 if you have to write\n"
         "a line into sendmail.mc, 2 on wrong usage or if you are not root, 3 if the mail\n"
         "server cannot be asked or changed.\n",
     .examples = "waybill attach postfix --dry-run\n"
                 "sudo waybill attach postfix\n"
                 "sudo waybill attach postfix --config-directory /etc/postfix-out\n"
                 "waybill attach sendmail --mc /etc/mail/sendmail.mc\n",
     .alone = true,
     .run = attach_run},
    {.name = "detach",
     .bit = FOR_DETACH,
     .arguments = "[postfix]",
     .most = 1,
     .summary = "undo 'waybill attach'",
     .details =
         "Puts back what attach changed, as it was. What somebody changed since stays,\n"
         "but for our own entries: afterwards no list names waybilld. It works too when\n"
         "the file with the old values is gone; then only our entries go.\n",
     .examples = "waybill detach --dry-run\n"
                 "sudo waybill detach\n",
     .alone = true,
     .run = detach_run},
    {.name = "status",
     .bit = FOR_STATUS,
     .arguments = "",
     .summary = "tell in a line whether all is well, then a row per mail server",
     .details =
         "The first line says whether all mail servers that write into the store are\n"
         "heard of, read their logs and keep up, and whether a mail had to wait for\n"
         "waybilld. Then a row for each: since when it runs, when it was last heard of,\n"
         "its mails in the last hour, what waits in its journal for the store, up to when\n"
         "its log was read, its slowest answer to the mail server. What was slow or lost\n"
         "counts as trouble for an hour.\n"
         "\n"
         "It ends with 0 if all is well, 1 if there is trouble, or if no mail server has\n"
         "ever written into the store, 2 on wrong usage, 3 if the store cannot be reached.\n",
     .examples = "waybill status\n"
                 "waybill status --host mx1\n"
                 "waybill status --json | jq -r '.troubles[].what'\n",
     .asks_store = true,
     .run = status_run},
    {.name = "forget",
     .bit = FOR_FORGET,
     .arguments = "ADDRESS",
     .least = 1,
     .most = 1,
     .summary = "take a person out of all records, index, journals and the audit",
     .details =
         "Goes over all records of mails that came until now, and takes out what names\n"
         "the address: as sender, recipient, login, and in any words. Of mails that the\n"
         "person sent the client, the login and the subject go, too. For their other\n"
         "recipients the mails stay. It leaves a keyed hash of the address, so that each\n"
         "waybilld does the same with what comes later about these mails, rids its\n"
         "journal of it, and answers; the receipt names those still to answer.\n"
         "\n"
         "Mails that come later are new: run it again for them. Stopped or killed, the\n"
         "same command goes on where it was. bob+tag@ goes with bob@.\n"
         "\n"
         "A waybilld answers redis_rewind_seconds (60) and some seconds later: so long its\n"
         "journal keeps what was shipped, in case Redis fails over. With --wait 90 the\n"
         "receipt has all answers; else ask for it with --status.\n"
         "\n"
         "Not ours, and so not touched: the mail server's logs and mailboxes, copies of\n"
         "Redis. If Redis writes an AOF, say BGREWRITEAOF afterwards. What remains is\n"
         "told in PRIVACY.md.\n"
         "\n"
         "It ends with 0 if all is done, 1 if mail servers are still to answer or a record\n"
         "could not be read, 2 on wrong usage, 3 if the store cannot be reached, 130 if it\n"
         "was stopped.\n",
     .examples = "sudo waybill forget bob@example.org --wait 120\n"
                 "sudo waybill forget bob@example.org --status\n"
                 "sudo waybill forget bob@example.org --yes --json --reason 'ticket 4711'\n",
     .asks_store = true,
     .run = forget_run},
    {.name = "export-person",
     .bit = FOR_EXPORT_PERSON,
     .arguments = "ADDRESS",
     .least = 1,
     .most = 1,
     .summary = "print all that is held about a person, as JSON",
     .details =
         "Goes over all records and prints an object a line: each mail that names the\n"
         "address, with the facts that concern the person or the whole mail, entries of\n"
         "the audit, and at the end a summary. Other recipients are masked if the person\n"
         "sent the mail, and left out else. The export is itself noted in the audit.\n"
         "\n"
         "It ends with 0, or with 1 if nothing is held.\n",
     .examples = "sudo waybill export-person bob@example.org > bob.jsonl\n"
                 "sudo waybill export-person bob@example.org --since -7d\n",
     .asks_store = true,
     .run = export_person_run},
    {.name = "audit",
     .bit = FOR_AUDIT,
     .arguments = "",
     .summary = "list who asked what, and who exported or forgot a person",
     .details = "An entry a line, oldest hour first; without --since of the last 30 days. Who\n"
                "exported or forgot a person, where the person stands as a keyed hash; who made\n"
                "or revoked a token; and what was asked, over HTTP or by trace, show, stats and\n"
                "follow, of which the mails are not counted. With --api the newest is first.\n",
     .examples = "sudo waybill audit --since -7d\n",
     .asks_store = true,
     .over_api = true,
     .run = audit_run},
    {.name = "token",
     .bit = FOR_TOKEN,
     .arguments = "add | list | revoke NAME",
     .least = 1,
     .most = 2,
     .summary = "let somebody ask over HTTP, list who may, or end it",
     .details =
         "A token is the secret by which a program asks waybill-web, see waybill-web(8).\n"
         "Only a keyed hash of it is kept: add prints it on the standard output, once. It\n"
         "ends by itself, at the latest after ten years.\n"
         "\n"
         "A sender sees the mails that came with his login, or from his address by a way\n"
         "that own_sources in the configuration names. A desk searches all mails, or those\n"
         "of some domains, and sees subjects only with --subjects. An admin sees what a\n"
         "desk sees, with subjects, and who asked what.\n"
         "\n"
         "It needs key_file, the same as waybill-web, and the rights of 'waybill audit'.\n"
         "What is added and revoked is noted in the audit.\n"
         "\n"
         "It ends with 0, 1 if there is none of that name, or none at all, 2 on wrong\n"
         "usage, 3 if the store cannot be reached.\n",
     .examples = "sudo waybill token add --role desk --name anna --expires 90d\n"
                 "sudo waybill token add --role desk --name shop --domain shop.example \\\n"
                 "     --subjects --expires 52w\n"
                 "sudo waybill token add --role sender --name bob --address bob@example.org \\\n"
                 "     --login bob --expires 30d\n"
                 "sudo waybill token list\n"
                 "sudo waybill token revoke anna --reason 'left us'\n",
     .asks_store = true,
     .run = token_run},
    {.name = "help",
     .bit = FOR_HELP,
     .alone = true,
     .arguments = "[COMMAND]",
     .most = 1,
     .summary = "tell about a command",
     .details = "",
     .examples = "waybill help trace\n",
     .run = help_run},
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}
