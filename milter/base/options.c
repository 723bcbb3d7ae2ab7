/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: a row per option. The parser, the annotated example and the manual follow the rows,
 * in their order; a new option is a new row and a member of struct settings.
 *
 * `text` is written in whole sentences with a full stop and one blank between two, because the
 * manual begins a line with each.
 */
#include "options.h"

#include <string.h>

#include "waybill/spelling.h"

#define AT(member) .at = offsetof(struct settings, member)
#define LIVE .live = true

static const char *const subject_words[] = {"full", "hash", "off", NULL};
static const char *const compression_words[] = {"none", "zstd", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const mode_words[] = {"single", "sentinel", "cluster", NULL};
static const char *const user_role_words[] = {"none", "sender", NULL};
static const char *const audit_reason_words[] = {"none", "optional", "required", NULL};
static const char *const sync_words[] = {"interval", "always", "never", NULL};
static const char *const full_words[] = {"wait", "shed", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const target_words[] = {"stderr", "syslog", NULL};

#define PATH_FORM "an absolute path"
#define PATH_OR_EMPTY_FORM "an absolute path, or empty"
#define SECRET_FORM "an absolute path or credential:NAME"
#define SECRET_OR_EMPTY_FORM "an absolute path, credential:NAME, or empty"

/* clang-format off */
const struct option options[] = {
    {"host", OPTION_TEXT, AT(host), .initial = "", .fits = shape_host,
     .allowed = "a host name without blanks, at most 253 bytes",
     .heading = "This machine",
     .text = "Name of this mail server in all records. "
             "Empty: the full name of the machine, as its host name or /etc/hosts tells it."},
    {"node", OPTION_NUMBER, AT(node), .initial = "-1", .least = -1, .most = 99,
     .text = "Number of this machine among all that write into the same store. "
             "-1 takes the lowest free one and remembers it; a number that another machine has is "
             "refused at start."},
    {"user", OPTION_TEXT, AT(user), .initial = "waybill", .fits = shape_word,
     .allowed = "a user name without blanks",
     .text = "Become this user when started as root. "
             "Has no meaning when started as another user."},

    {"listen", OPTION_TEXT, AT(listen), .initial = "auto",
     .fits = shape_listen,
     .allowed = "auto, unix:/PATH (at most 99 bytes), inet:PORT@HOST or inet6:PORT@HOST",
     .heading = "The mail server",
     .text = "Where the mail server finds the milter: auto, unix:/PATH, inet:PORT@HOST or "
             "inet6:PORT@HOST. "
             "With auto it is " LISTEN_IN_QUEUE " where that directory exists, which Postfix reaches with "
             "and without chroot, else " LISTEN_ELSEWHERE ". "
             "'waybill attach' shows or makes the line that the mail server needs for it: for "
             "Postfix unix:PATH, where PATH may be told from its queue directory on, or "
             "inet:HOST:PORT; for Sendmail as it stands here, behind S= of INPUT_MAIL_FILTER."},
    {"listen_mode", OPTION_MODE, AT(listen_mode), .initial = "0660", .least = 0, .most = 0777,
     .text = "Mode of the unix socket. "
             "The mail server needs to write to it: the socket has the group of a directory that "
             "is setgid, as the one in Postfix's queue is; elsewhere put the mail server's user "
             "into the group of waybill."},
    {"drain_seconds", OPTION_NUMBER, AT(drain_seconds), .initial = "3600", .most = 86400, LIVE,
     .text = "After waybilld --take-over: how long the process that was replaced may go on to serve "
             "the sessions that it had. "
             "Those that are still open by then are cut off, and their mails go on without the "
             "milter, as the mail server's default_action says."},
    {"eom_wait_ms", OPTION_NUMBER, AT(eom_wait_ms), .initial = "20", .most = 1000, LIVE,
     .text = "Let the end of a message wait at most this long until its facts are in the journal. "
             "If that takes longer the mail goes on all the same, and the case is counted. "
             "With journal_sync at always it has to cover a sync of the disk."},
    {"subject", OPTION_CHOICE, AT(subject), .initial = "full", .choices = subject_words, LIVE,
     .text = "What is kept of a Subject: all of it, only a keyed hash by which one that is known "
             "can be found again, or nothing."},
    {"key_file", OPTION_TEXT, AT(key_file), .initial = SYSCONFDIR "/waybill/hash.key",
     .fits = shape_secret, .allowed = SECRET_FORM, LIVE,
     .text = "File with the secret from which keys are derived: any 16 to 4096 bytes, better 32. "
             "Needed only where subject is hash or stamp_envid is yes. "
             "credential:NAME, here and with other files that hold a secret, is the file that systemd "
             "hands to the unit by that name, see waybilld(8)."},
    {"key_file_before", OPTION_TEXT, AT(key_file_before), .initial = "",
     .fits = shape_secret_or_empty, .allowed = SECRET_OR_EMPTY_FORM, LIVE,
     .text = "The secret that was in key_file before it was changed. "
             "What was signed with it stays good as long as it is named here; keep it for the "
             "lifetime of a mail in the queue and a few days more."},
    {"stamp_envid", OPTION_CHOICE, AT(stamp_envid), .initial = "no", .choices = yes_words, LIVE,
     .text = "Give each mail that comes without an envelope id (ENVID, RFC 3461) one of ours, "
             "signed with the key from key_file. "
             "It travels with the mail and comes back in reports of other servers, so that these "
             "can be told from forged ones. "
             "Nothing that the recipient sees changes; see waybill-reports(7)."},
    {"internal_daemon_name", OPTION_TEXT, AT(internal_daemon_name), .initial = "",
     .fits = shape_word, .allowed = "a word without blanks, or empty", LIVE,
     .text = "The milter_macro_daemon_name that Postfix uses for mails of its own alone, where one "
             "is set up (see waybill-reports(7)). "
             "A report that comes with it is believed at once; without it, as soon as the log's "
             "line about the report is read."},
    {"rules_directory", OPTION_TEXT, AT(rules_directory),
     .initial = SYSCONFDIR "/waybill/rules.d", .fits = shape_path_or_empty,
     .allowed = PATH_OR_EMPTY_FORM, LIVE,
     .text = "Directory with files NAME.rules that tell the reason of a failure by the words of a "
             "server; they come before the rules that are built in, see waybill-rules(5)."},
    {"messages_directory", OPTION_TEXT, AT(messages_directory),
     .initial = PKGDATADIR "/messages", .fits = shape_path_or_empty,
     .allowed = PATH_OR_EMPTY_FORM,
     .text = "Directory with files LANGUAGE.json that say in other languages what is told of mails; "
             "English is built in. Read by waybill-web and by waybill --language."},
    {"log_source", OPTION_LIST, AT(log_source), .initial = "auto", .fits = shape_log_source,
     .allowed = "auto, journal, journal:/DIRECTORY, socket:/PATH (at most 107 bytes) or an absolute "
                "path or pattern",
     .text = "Where the log of the mail server, Postfix or Sendmail, is read: journal for the systemd "
             "journal, journal:/DIRECTORY for journal files that lie elsewhere, the paths of log files, a "
             "pattern such as /var/log/mail/*.log for all files that fit it now or later, or "
             "socket:/PATH for a socket that waybilld makes and syslog sends to. "
             "auto takes the file that the machine's syslog writes, else the journal. "
             "The same lines must not come by two ways. "
             "Whom to trust, what rotation may do, and what rsyslog needs is told in waybilld(8)."},
    {"queue_lifetime_hours", OPTION_NUMBER, AT(queue_lifetime_hours), .initial = "120", .most = 8760,
     LIVE,
     .text = "How long the mail server keeps trying, as maximal_queue_lifetime of Postfix or "
             "confTO_QUEUERETURN of Sendmail. "
             "A mail of which nothing is heard for this time and a day more is shown as "
             "unresolved; 0: never."},

    {"state_directory", OPTION_TEXT, AT(state_directory), .initial = LOCALSTATEDIR "/lib/waybill",
     .fits = shape_path, .allowed = PATH_FORM, .heading = "The journal",
     .text = "Directory of the journal, in which facts wait until they are in the store."},
    {"journal_sync", OPTION_CHOICE, AT(journal_sync), .initial = "interval", .choices = sync_words,
     .text = "When the journal is forced to the disk. "
             "interval: all journal_sync_ms, so that a power cut costs at most that much. "
             "always: before the end of a message is answered. "
             "never: as the kernel likes. "
             "The death of the process loses nothing with any of them."},
    {"journal_sync_ms", OPTION_NUMBER, AT(journal_sync_ms), .initial = "1000", .least = 1,
     .most = 60000,
     .text = "Longest time between two syncs of the journal."},
    {"journal_max_mb", OPTION_NUMBER, AT(journal_max_mb), .initial = "1024", .least = 2,
     .most = 1048576,
     .text = "Most megabytes that the journal takes while the store is away. "
             "At this bound mail flows on; the newest facts wait in memory and what is lost is "
             "counted. "
             "Must hold at least two segments."},
    {"journal_segment_mb", OPTION_NUMBER, AT(journal_segment_mb), .initial = "16", .least = 1,
     .most = 1024,
     .text = "Megabytes of one file of the journal; files are removed when all in them is in the "
             "store."},
    {"journal_ring", OPTION_NUMBER, AT(journal_ring), .initial = "20000", .least = 100,
     .most = 10000000,
     .text = "Facts that are kept in memory while the disk takes none."},

    {"redis", OPTION_TEXT, AT(redis), .initial = "tcp:127.0.0.1:6379", .fits = shape_redis,
     .allowed = "tcp:HOST:PORT, tls:HOST:PORT or unix:/PATH, or several of tcp: or tls:, with commas",
     .heading = "The store",
     .text = "The Redis server: tcp:HOST:PORT, tls:HOST:PORT or unix:/PATH. "
             "With redis_mode at sentinel the sentinels, with cluster some servers of the Cluster, "
             "parted by commas; one that answers is enough, three are better."},
    {"redis_mode", OPTION_CHOICE, AT(redis_mode), .initial = "single", .choices = mode_words,
     .text = "single: one server. "
             "sentinel: redis names sentinels, and these tell which server is the master. "
             "cluster: redis names servers of a Redis Cluster, and these tell of the others."},
    {"redis_master_name", OPTION_TEXT, AT(redis_master_name), .initial = "mymaster",
     .fits = shape_word, .allowed = "a name without blanks",
     .text = "By which name the sentinels know the master."},
    {"redis_sentinel_user", OPTION_TEXT, AT(redis_sentinel_user), .initial = "",
     .fits = shape_word, .allowed = "a name without blanks, or empty",
     .text = "User name (ACL) for the sentinels, which have users of their own; empty: the default "
             "user."},
    {"redis_sentinel_password_file", OPTION_TEXT, AT(redis_sentinel_password_file), .initial = "",
     .fits = shape_secret_or_empty, .allowed = SECRET_OR_EMPTY_FORM,
     .text = "File whose first line is the password for the sentinels; as redis_password_file. "
             "Empty: they ask for none."},
    {"redis_user", OPTION_TEXT, AT(redis_user), .initial = "", .fits = shape_word,
     .allowed = "a name without blanks, or empty",
     .text = "User name (ACL) for Redis; empty: the default user."},
    {"redis_password_file", OPTION_TEXT, AT(redis_password_file), .initial = "",
     .fits = shape_secret_or_empty, .allowed = SECRET_OR_EMPTY_FORM,
     .text = "File whose first line is the password; its mode at most 0640. "
             "Empty: no password."},
    {"redis_ca_file", OPTION_TEXT, AT(redis_ca_file), .initial = "", .fits = shape_path_or_empty,
     .allowed = PATH_OR_EMPTY_FORM,
     .text = "Certificates of the authorities that may vouch for the server, in PEM. "
             "Empty: those that the system trusts."},
    {"redis_cert_file", OPTION_TEXT, AT(redis_cert_file), .initial = "",
     .fits = shape_path_or_empty, .allowed = PATH_OR_EMPTY_FORM,
     .text = "Our own certificate, in PEM, for a server that asks for one."},
    {"redis_key_file", OPTION_TEXT, AT(redis_key_file), .initial = "",
     .fits = shape_secret_or_empty, .allowed = SECRET_OR_EMPTY_FORM,
     .text = "The key of redis_cert_file, in PEM."},
    {"redis_server_name", OPTION_TEXT, AT(redis_server_name), .initial = "", .fits = shape_host,
     .allowed = "a host name without blanks, or empty",
     .text = "Name that the certificate of each server must have. "
             "Empty: the HOST that is connected to, which with sentinel and cluster is the one that "
             "the servers tell."},
    {"redis_prefix", OPTION_TEXT, AT(redis_prefix), .initial = "wb:", .fits = shape_prefix,
     .allowed = "1 to 32 visible ASCII characters without braces, brackets, quotes, *, ? or \\",
     .text = "Every key begins with this. "
             "All programs that share the records need the same one."},
    {"redis_timeout_ms", OPTION_NUMBER, AT(redis_timeout_ms), .initial = "2000", .least = 10,
     .most = 60000,
     .text = "Give up on a reply of Redis after this long; the batch is sent again."},
    {"redis_rewind_seconds", OPTION_NUMBER, AT(redis_rewind_seconds), .initial = "60",
     .most = 3600, LIVE,
     .text = "Keep in the journal what was shipped in this time. "
             "When another run of Redis answers, after a failover, a crash or a restored copy, it is "
             "shipped again, so that what Redis had acknowledged and lost comes back; what it still "
             "has stays as it is. "
             "0: nothing is kept, and what Redis loses is lost."},
    {"when_full", OPTION_CHOICE, AT(when_full), .initial = "wait", .choices = full_words, LIVE,
     .text = "What to do while Redis has no memory left. "
             "wait: facts wait in the journal until there is room. "
             "shed: the oldest day is given up, of refused mails first, then of the others, one "
             "after the other until there is room."},
    {"shed_keep_days", OPTION_NUMBER, AT(shed_keep_days), .initial = "7", .least = 1, .most = 3650,
     LIVE,
     .text = "Days that are younger than this are never given up."},
    {"batch_facts", OPTION_NUMBER, AT(batch_facts), .initial = "1000", .least = 1, .most = 100000,
     LIVE,
     .text = "Most facts that are folded into records at once."},
    {"batch_ms", OPTION_NUMBER, AT(batch_ms), .initial = "200", .most = 60000, LIVE,
     .text = "Longest time that a fact waits for others of its batch."},
    {"hold_seconds", OPTION_NUMBER, AT(hold_seconds), .initial = "10", .most = 3600, LIVE,
     .text = "How long a line of the log waits for the milter's facts of the same mail, before the "
             "mail is taken for one that never passed the milter."},

    {"retention_days", OPTION_NUMBER, AT(retention_days), .initial = "30", .least = 1, .most = 3650,
     .heading = "What is kept",
     .text = "Days after which a record is gone."},
    {"refused_retention_days", OPTION_NUMBER, AT(refused_retention_days), .initial = "3",
     .least = 1, .most = 3650,
     .text = "The same for sessions of which no recipient was accepted."},
    {"reply_retention_days", OPTION_NUMBER, AT(reply_retention_days), .initial = "0", .most = 3650,
     .text = "Days after which the words that servers answered are gone; at most retention_days. "
             "States, codes and times stay with the record. "
             "0: as long as the record."},
    {"subject_retention_days", OPTION_NUMBER, AT(subject_retention_days), .initial = "0",
     .most = 3650,
     .text = "The same for subjects, and for their hashes where subject = hash."},
    {"compression", OPTION_CHOICE, AT(compression), .initial = "none", .choices = compression_words,
     LIVE,
     .text = "How new records are kept: as text that anybody can read with redis-cli, or as zstd "
             "frames, in less than half of the memory. "
             "What is there stays as it is, and both are read. "
             "waybill-schema(7) says how a person reads a frame."},
    {"audit_retention_days", OPTION_NUMBER, AT(audit_retention_days), .initial = "365",
     .least = 1, .most = 3650,
     .text = "Days after which an entry about who asked what is gone."},
    {"refused_per_client", OPTION_NUMBER, AT(refused_per_client), .initial = "100",
     .most = 1000000, LIVE,
     .text = "Most such sessions that are recorded per client and hour; those over it are "
             "counted."},
    {"events_kept", OPTION_NUMBER, AT(events_kept), .initial = "100000", .least = 100,
     .most = 100000000,
     .text = "Events kept in each of the 16 streams."},

    {"own_sources", OPTION_LIST, AT(own_sources), .initial = "pickup", .fits = shape_own_source,
     .allowed = "pickup, an address or a network such as 192.0.2.0/24", LIVE, .heading = "Who may ask",
     .text = "Whence the envelope sender of a mail is believed where it came without a login: pickup "
             "(handed in on the mail server itself), and the networks of clients that you answer for. "
             "Who asks by a token of the role sender sees mails that came from his address this way, "
             "and those with his login; a MAIL FROM from elsewhere proves nothing. "
             "Do not name 127.0.0.0/8 or ::1 where a content filter hands mail in again from there, "
             "nor pickup where one does so by sendmail(1)."},

    {"web_user", OPTION_TEXT, AT(web_user), .initial = "waybill-web", .fits = shape_word,
     .allowed = "a user name without blanks",
     .text = "waybill-web becomes this user when started as root. "
             "It must be able to read this file and key_file."},
    {"web_listen", OPTION_TEXT, AT(web_listen),
     .initial = "unix:" RUNSTATEDIR "/waybill-web/web.sock", .fits = shape_web_listen,
     .allowed = "unix:/PATH, tcp:127.0.0.1:PORT or tcp:[::1]:PORT",
     .text = "Where waybill-web is reached: unix:/PATH (at most 99 bytes, mode 0660), "
             "tcp:127.0.0.1:PORT or tcp:[::1]:PORT. "
             "It speaks plain HTTP, so a proxy that does TLS belongs in front of it; other addresses "
             "are refused, since tokens would cross the network in the clear."},
    {"web_url", OPTION_TEXT, AT(web_url), LIVE, .initial = "", .fits = shape_web_url,
     .allowed = "https://HOST, http://HOST:PORT, or empty: no path, no / at the end",
     .text = "Where browsers find waybill-web, that is, the proxy in front of it: https://HOST or "
             "https://HOST:PORT. "
             "With https the page's cookie is sent over TLS alone; and what changes something is "
             "refused if it comes from a page of another origin. "
             "Empty: the origin is not compared."},
    {"web_session_idle_minutes", OPTION_NUMBER, AT(web_session_idle_minutes), LIVE,
     .initial = "60", .least = 1, .most = 720,
     .text = "A session of the page ends when it was not used for so long; in any case after 12 "
             "hours, and with the token by which it began."},
    {"web_user_header", OPTION_TEXT, AT(web_user_header), .initial = "", .fits = shape_header_name,
     .allowed = "a header such as X-Remote-User, none of HTTP's own, or empty",
     .text = "Header in which the proxy tells who has logged in there (OIDC, LDAP, Kerberos); the "
             "name is that of an entry of 'waybill token'. "
             "The proxy must take this header out of what clients send. "
             "With web_listen = tcp: every program of this machine can name anybody, so prefer a "
             "Unix socket whose group only the proxy is in. "
             "Empty: no header is believed."},
    {"web_user_role", OPTION_CHOICE, AT(web_user_role), LIVE, .initial = "none",
     .choices = user_role_words,
     .text = "What somebody may see whom web_user_header names and who has no entry: none, or the "
             "mails that are his own as a sender, where the name is his login and, if it is an "
             "address, his address."},
    {"audit_reason", OPTION_CHOICE, AT(audit_reason), LIVE, .initial = "optional",
     .choices = audit_reason_words,
     .text = "May, or must, who asks over HTTP or by the command tell why? "
             "The reason stands in the audit, see 'waybill audit'."},
    {"web_rate", OPTION_NUMBER, AT(web_rate), .initial = "600", .most = 1000000, LIVE,
     .text = "Requests a minute that one person may put to waybill-web; a quarter of it at once. "
             "What is over is answered with 429 and how long to wait. "
             "0: as many as come."},

    {"web_page_directory", OPTION_TEXT, AT(web_page_directory), .initial = PKGDATADIR "/page",
     .fits = shape_path_or_empty, .allowed = PATH_OR_EMPTY_FORM,
     .text = "Where the files of the page for the help desk are. waybill-web reads them when it starts. "
             "Empty: there is the API alone."},

    {"metrics", OPTION_TEXT, AT(metrics), .initial = "unix:" RUNSTATEDIR "/waybill/metrics.sock",
     .fits = shape_metrics,
     .allowed = "unix:/PATH (at most 99 bytes), tcp:127.0.0.1:PORT or tcp:[::1]:PORT (no other machine "
                "may see it), or empty",
     .heading = "Metrics",
     .text = "Where Prometheus, or curl, finds our figures: unix:/PATH, tcp:127.0.0.1:PORT or "
             "tcp:[::1]:PORT. "
             "Only this machine's own addresses are taken; the socket has mode 0660. "
             "Empty: nowhere. "
             "The metrics are told in waybill-metrics(7)."},

    {"log_level", OPTION_CHOICE, AT(log_level), .initial = "info", .choices = level_words, LIVE,
     .heading = "Our own log",
     .text = "What is told: errors, warnings too, what an operator wants to know, or everything."},
    {"log_format", OPTION_CHOICE, AT(log_format), .initial = "text", .choices = format_words, LIVE,
     .text = "Lines of plain text, or an object of JSON per line."},
    {"log_target", OPTION_CHOICE, AT(log_target), .initial = "stderr", .choices = target_words,
     LIVE,
     .text = "Standard error, which systemd puts into its journal, or syslog with facility "
             "daemon."},
};
/* clang-format on */

const size_t option_count = sizeof options / sizeof options[0];

const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

const char *option_nearest(const char *name)
{
    const char *nearest = NULL;
    unsigned least = SPELLING_MAX;

    for (size_t i = 0; i < option_count; i++) {
        unsigned distance = spelling_difference(slice_of(name), slice_of(options[i].name));

        if (distance < least) {
            least = distance;
            nearest = options[i].name;
        }
    }
    return nearest != NULL && least <= 1 + strlen(nearest) / 4 ? nearest : NULL;
}
