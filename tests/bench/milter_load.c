/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load for a milter, through the milter protocol: what Postfix sends for small mails.
 *
 *     milter_load SOCKET PID SESSIONS MESSAGES
 *
 * SESSIONS connections at once, MESSAGES mails each. Prints one line: messages, seconds, CPU
 * microseconds that process PID used meanwhile, and the median and 99th percentile of the wait
 * for the answer to EOM in microseconds. Ends 1 if an answer is missing or wrong.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <libmilter/mfapi.h> /* the protocol's flags; nothing of it is called */

#define ROOM 16384

/* Packets on their way out. */
struct output {
    char data[ROOM];
    size_t size;
};

struct session {
    pthread_t thread;
    const char *path;
    unsigned number, messages;
    int fd;
    uint32_t granted;
    int64_t *waits; /* ns, one per message */
    struct output out;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) < 0)
        fail("clock");
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void put(struct output *out, const void *data, size_t size)
{
    if (size > ROOM - out->size)
        fail("a packet is too large");
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put_packet(struct output *out, char command, const void *data, size_t size)
{
    uint32_t length = htonl((uint32_t)size + 1);

    put(out, &length, sizeof length);
    put(out, &command, 1);
    put(out, data, size);
}

/* Words, each with its NUL; a NULL ends the list. */
static void put_words(struct output *out, char command, const char *prefix, ...)
{
    char data[1024];
    size_t size = strlen(prefix);
    const char *word;
    va_list words;

    memcpy(data, prefix, size);
    va_start(words, prefix);
    while ((word = va_arg(words, const char *)) != NULL) {
        memcpy(data + size, word, strlen(word) + 1);
        size += strlen(word) + 1;
    }
    va_end(words);
    put_packet(out, command, data, size);
}

static void flush(struct session *session)
{
    size_t done = 0;

    while (done < session->out.size) {
        ssize_t wrote = write(session->fd, session->out.data + done, session->out.size - done);
        if (wrote <= 0)
            fail("write");
        done += (size_t)wrote;
    }
    session->out.size = 0;
}

static void read_fully(int fd, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)to + done, size - done);
        if (got <= 0)
            fail("the milter ended");
        done += (size_t)got;
    }
}

/* The bytes after the letter are left in `rest`. */
static void expect_with(struct session *session, char command, char rest[static 2048])
{
    char data[2049];
    uint32_t length;

    flush(session);
    read_fully(session->fd, &length, sizeof length);
    length = ntohl(length);
    if (length == 0 || length > sizeof data)
        fail("a packet of the milter's is too large");
    read_fully(session->fd, data, length);
    if (data[0] != command) {
        fprintf(stderr, "the milter answers '%c', not '%c'\n", data[0], command);
        exit(1);
    }
    memcpy(rest, data + 1, length - 1);
}

static void expect(struct session *session, char command)
{
    char rest[2048];

    expect_with(session, command, rest);
}

static void expect_unless(struct session *session, uint32_t no_reply)
{
    if ((session->granted & no_reply) == 0)
        expect(session, 'c');
}

static void open_session(struct session *session)
{
    static const char offer[] = "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff";
    static const char client[] = "mail.sender.example\0004\x9c\xb0"
                                 "192.0.2.7";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char reply[2048];

    snprintf(address.sun_path, sizeof address.sun_path, "%s", session->path);
    session->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (session->fd < 0 || connect(session->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail(session->path);
    put_packet(&session->out, 'O', offer, sizeof offer - 1);
    expect_with(session, 'O', reply);
    memcpy(&session->granted, reply + 8, sizeof session->granted);
    session->granted = ntohl(session->granted);
    put_words(&session->out, 'D', "C", "{daemon_name}", "mx.example", "{daemon_port}", "25",
              "{client_addr}", "192.0.2.7", "{client_name}", "mail.sender.example", "{client_port}",
              "40112", NULL);
    put_packet(&session->out, 'C', client, sizeof client);
    expect_unless(session, SMFIP_NR_CONN);
    put_words(&session->out, 'H', "", "mail.sender.example", NULL);
    expect_unless(session, SMFIP_NR_HELO);
}

static void send_envelope(struct session *session, const char *queue_id)
{
    struct output *out = &session->out;

    put_words(out, 'D', "M", "{auth_authen}", "alice", "{auth_type}", "PLAIN", "{tls_version}",
              "TLSv1.3", "{cipher}", "TLS_AES_256_GCM_SHA384", "{cipher_bits}", "256", NULL);
    put_words(out, 'M', "", "<alice@sender.example>", "SIZE=2480", "BODY=8BITMIME", NULL);
    expect_unless(session, SMFIP_NR_MAIL);
    put_words(out, 'D', "R", "{rcpt_mailer}", "smtp", "{rcpt_host}", "next.example", "{rcpt_addr}",
              "bob@next.example", NULL);
    put_words(out, 'R', "", "<bob@next.example>", "NOTIFY=FAILURE,DELAY", NULL);
    expect_unless(session, SMFIP_NR_RCPT);
    put_words(out, 'D', "T", "i", queue_id, NULL);
    put_packet(out, 'T', "", 0);
    expect_unless(session, SMFIP_NR_DATA);
}

/* The fields of an ordinary mail and 2 kB of text. */
static void send_content(struct session *session, const char *queue_id, const char *message_id)
{
    static const char *const fields[][2] = {
        {"Received", " from pc (pc.sender.example [192.0.2.9])\n\tby mail.sender.example"},
        {"From", " Alice Example <alice@sender.example>"},
        {"To", " Bob Example <bob@next.example>"},
        {"Subject", " =?UTF-8?Q?Your_order_no=2E_4711_is_on_its_way?="},
        {"Date", " Sat, 21 Nov 2026 20:35:30 +0000"},
        {"MIME-Version", " 1.0"},
        {"Content-Type", " text/plain; charset=utf-8"},
        {"DKIM-Signature", " v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=one;\n"
                           "\tb=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    };
    static char text[2048];
    struct output *out = &session->out;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        put_words(out, 'L', "", fields[i][0], fields[i][1], NULL);
        expect_unless(session, SMFIP_NR_HDR);
    }
    put_words(out, 'L', "", "Message-ID", message_id, NULL);
    expect_unless(session, SMFIP_NR_HDR);
    put_words(out, 'D', "N", "i", queue_id, NULL);
    put_packet(out, 'N', "", 0);
    expect_unless(session, SMFIP_NR_EOH);
    put_packet(out, 'B', text, sizeof text);
    expect(session, 'c');
}

static void send_mail(struct session *session, unsigned number)
{
    char queue_id[32], message_id[64];
    int64_t began;

    snprintf(queue_id, sizeof queue_id, "4jX%02u%09uz", session->number % 100, number);
    snprintf(message_id, sizeof message_id, " <%s@sender.example>", queue_id);
    send_envelope(session, queue_id);
    send_content(session, queue_id, message_id);
    put_words(&session->out, 'D', "E", "i", queue_id, NULL);
    put_packet(&session->out, 'E', "", 0);
    began = now(CLOCK_MONOTONIC);
    expect(session, 'c');
    session->waits[number] = now(CLOCK_MONOTONIC) - began;
    put_packet(&session->out, 'A', "", 0);
}

static void *play(void *argument)
{
    struct session *session = argument;

    open_session(session);
    for (unsigned i = 0; i < session->messages; i++)
        send_mail(session, i);
    put_packet(&session->out, 'Q', "", 0);
    flush(session);
    close(session->fd);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void run(const char *path, clockid_t cpu, unsigned count, unsigned messages)
{
    struct session *sessions = calloc(count, sizeof *sessions);
    size_t total = (size_t)count * messages;
    int64_t *waits = calloc(total, sizeof *waits);
    int64_t began = now(CLOCK_MONOTONIC), used = now(cpu);

    if (sessions == NULL || waits == NULL)
        fail("memory");
    for (unsigned i = 0; i < count; i++) {
        sessions[i] = (struct session){
            .path = path, .number = i, .messages = messages, .waits = waits + (size_t)i * messages};
        if (pthread_create(&sessions[i].thread, NULL, play, &sessions[i]) != 0)
            fail("thread");
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(sessions[i].thread, NULL);
    used = now(cpu) - used;
    began = now(CLOCK_MONOTONIC) - began;
    qsort(waits, total, sizeof *waits, by_value);
    printf("%zu %.6f %.0f %.1f %.1f\n", total, (double)began / 1e9, (double)used / 1e3,
           (double)waits[total / 2] / 1e3, (double)waits[total - 1 - total / 100] / 1e3);
    free(waits);
    free(sessions);
}

int main(int argc, char **argv)
{
    clockid_t cpu;
    unsigned sessions, messages;

    if (argc != 5 || sscanf(argv[3], "%u", &sessions) != 1 ||
        sscanf(argv[4], "%u", &messages) != 1 || sessions == 0 || messages == 0 ||
        clock_getcpuclockid((pid_t)strtol(argv[2], NULL, 10), &cpu) != 0) {
        fprintf(stderr, "usage: milter_load SOCKET PID SESSIONS MESSAGES\n");
        return 64;
    }
    run(argv[1], cpu, sessions, messages);
    return 0;
}
