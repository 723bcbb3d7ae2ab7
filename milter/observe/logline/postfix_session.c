/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_session: lines of connections. Most name no mail; those of the SMTP client that do tell
 * how one server took it, while the outcome of the attempt stands in a line of its own.
 *
 * Nothing here decides anything, so a line that is not of its form only has fewer fields.
 */
#include "postfix.h"

/* The SMTP client's peer is the next server, all others' is a client. */
static void set_peer(struct logline *line, const struct peer *peer)
{
    if (slice_is(line->service, "smtp") || slice_is(line->service, "lmtp"))
        postfix_set_relay(line, peer);
    else
        postfix_set_client(line, peer);
}

static bool take_server(struct slice *from, struct logline *line)
{
    struct peer peer;
    if (!postfix_take_peer(from, &peer))
        return false;
    postfix_set_relay(line, &peer);
    return true;
}

static bool take_client(struct slice *from, struct logline *line)
{
    struct peer peer;
    if (!postfix_take_peer(from, &peer))
        return false;
    postfix_set_client(line, &peer);
    return true;
}

static struct slice up_to(struct slice all, const char *end)
{
    return slice_make(all.at, (size_t)(end - all.at));
}

/* "450 4.7.1 no (in reply to RCPT TO command)": the words and the command. */
static void set_said(struct slice said, struct logline *line)
{
    struct slice reply = said, doing, stage;
    if (text_cut_last(&reply, " (in reply to ", &doing) && text_take_until(&doing, ')', &stage)) {
        if (slice_ends(stage, " command"))
            stage.size -= strlen(" command");
        line_set(line, LINE_STAGE, stage);
    }
    line_set(line, LINE_REPLY, reply);
}

/* "... while sending RCPT TO"; but "message body" is no command. */
static void set_doing(struct slice rest, struct logline *line)
{
    struct slice words;
    if (!text_take(&rest, " while sending "))
        return;
    words = rest;
    if (postfix_take_class(&rest, UPPER, &words) || slice_starts(rest, "end of DATA"))
        line_set(line, LINE_STAGE, slice_make(words.at, words.size + rest.size));
}

static bool read_said(struct slice rest, struct logline *line)
{
    if (!take_server(&rest, line))
        return false;
    if (text_take(&rest, " said: "))
        set_said(rest, line);
    else if (text_take(&rest, " refused to talk to me: "))
        line_set(line, LINE_REPLY, rest);
    return true;
}

static bool read_lost_server(struct slice all, struct slice rest, struct logline *line)
{
    if (!take_server(&rest, line))
        return false;
    line_set(line, LINE_LOSTCONN, slice_make(all.at, strlen("lost connection")));
    set_doing(rest, line);
    return true;
}

static bool read_timeout_server(struct slice rest, struct logline *line)
{
    struct slice lost;
    if (!take_server(&rest, line) || !text_take_char(&rest, ' '))
        return false;
    lost = slice_make(rest.at, strlen("timed out"));
    if (!text_take(&rest, "timed out"))
        return false;
    line_set(line, LINE_LOSTCONN, lost);
    set_doing(rest, line);
    return true;
}

/* Words about a server and no more: "enabling PIX workarounds: ... for X[ip]:25", "Used TLS for
 * X[ip]:25", "TLS is required, but was not offered by host X[ip]". */
static bool read_about_server(struct slice rest, struct logline *line)
{
    struct peer peer;
    line_set(line, LINE_MESSAGE, rest);
    if (postfix_find_peer(rest, &peer))
        postfix_set_relay(line, &peer);
    return true;
}

bool postfix_try(struct slice rest, struct logline *line)
{
    struct slice all = rest;
    switch (rest.size > 0 ? rest.at[0] : '\0') {
    case 'h':
        return text_take(&rest, "host ") && read_said(rest, line);
    case 'l':
        return text_take(&rest, "lost connection with ") && read_lost_server(all, rest, line);
    case 'c':
        return text_take(&rest, "conversation with ") && read_timeout_server(rest, line);
    case 'S':
        if (text_take(&rest, "SASL authentication failed; server "))
            return read_said(rest, line);
        return slice_starts(rest, "Server certificate ") && read_about_server(rest, line);
    case 'e':
        return slice_starts(rest, "enabling PIX ") && read_about_server(rest, line);
    case 'U':
        return slice_starts(rest, "Used TLS for ") && read_about_server(rest, line);
    case 'T':
        return slice_starts(rest, "TLS ") && read_about_server(rest, line);
    case 'C':
        return slice_starts(rest, "Cannot start TLS") && read_about_server(rest, line);
    default:
        return false;
    }
}

/* The port as Postfix before 2.3 gave it: "connect to X[ip]: Connection refused (port 25)". */
static void cut_port(struct slice *words, struct logline *line)
{
    struct slice before = *words, rest, port;
    if (!text_cut_last(&before, " (port ", &rest) || !postfix_take_class(&rest, DIGIT, &port) ||
        !slice_is(rest, ")"))
        return;
    line_set(line, LINE_RELAY_PORT, port);
    *words = before;
}

/* "connect to X[ip]:25: Connection refused" */
static bool read_connect_to(struct slice rest, struct logline *line)
{
    if (!take_server(&rest, line))
        return false;
    if (text_take(&rest, ": ")) {
        cut_port(&rest, line);
        line_set(line, LINE_LOSTCONN, rest);
    }
    return true;
}

/* "lost connection after DATA (7 bytes) from X[ip]", "bare <LF> received after DATA from X[ip]",
 * "improper command pipelining after EHLO from X[ip]: WORDS" */
static bool read_after(struct slice rest, struct logline *line)
{
    struct slice what, stage, bytes;
    if (!text_take_until_text(&rest, " from ", &what) || !take_client(&rest, line))
        return false;
    stage = what;
    if (text_take_until_text(&stage, " after ", &what)) {
        if (text_take_until_text(&stage, " (", &bytes))
            stage = bytes;
        line_set(line, LINE_STAGE, stage);
    }
    if (!slice_starts(what, "improper"))
        line_set(line, LINE_LOSTCONN, what);
    return true;
}

/* "SSL_accept error from X[ip]: WORDS", "SSL_connect error to X[ip]:25: WORDS" */
static bool read_ssl_error(struct slice all, struct logline *line)
{
    struct slice rest = all, word;
    if (!postfix_take_class(&rest, UPPER | LOWER | UNDERSCORE, &word) ||
        !text_take(&rest, " error "))
        return false;
    struct slice error = up_to(all, rest.at - 1);
    if (text_take(&rest, "to "))
        return read_connect_to(rest, line);
    line_set(line, LINE_LOSTCONN, error);
    return text_take(&rest, "from ") && take_client(&rest, line);
}

/* "Trusted TLS connection established to X[ip]:25: TLSv1.3 with cipher C (256/256 bits) ..."; the
 * first word since Postfix 2.3, the server's address since then too. */
static bool read_tls(struct slice all, struct logline *line)
{
    struct slice rest = all, trust = SLICE_ABSENT, version, cipher, bits;
    if (!slice_starts(all, "TLS ") &&
        (!postfix_take_class(&rest, UPPER | LOWER, &trust) || !text_take_char(&rest, ' ')))
        return false;
    if (!text_take(&rest, "TLS connection ") ||
        (!text_take(&rest, "established ") && !text_take(&rest, "reused ")))
        return false;
    line_set(line, LINE_TLS_TRUST, trust);
    if (text_take(&rest, "from "))
        take_client(&rest, line);
    else if (text_take(&rest, "to "))
        take_server(&rest, line);
    /* a server name that was asked for may follow: " to NAME" */
    if (!text_take_until_text(&rest, ": ", &version) ||
        !text_take_until_text(&rest, " with cipher ", &version) ||
        !text_take_until(&rest, ' ', &cipher))
        return true;
    line_set(line, LINE_TLS_VERSION, version);
    line_set(line, LINE_TLS_CIPHER, cipher);
    if (text_take_char(&rest, '(') && postfix_take_class(&rest, DIGIT | SLASH, &bits))
        line_set(line, LINE_TLS_CIPHER_BITS, bits);
    return true;
}

/* "SERVICE:1.2.3.4", "127.0.0.1:2525:1.2.3.4", "[::1]:25:2001:db8::7", "SERVICE:unknown" */
static void set_counted_client(struct slice text, struct logline *line)
{
    struct slice part, address = text;
    if (text_take_char(&address, '[') && text_take_until(&address, ']', &part) &&
        text_take_char(&address, ':'))
        text = address;
    else if (!text_take_until(&text, ':', &part))
        return;
    struct slice rest = text;
    if (slice_find(part, '.') >= 0 || slice_find(part, ':') >= 0) /* the service's own address */
        text_take_until(&rest, ':', &part);
    if (postfix_is_address(rest))
        line_set(line, LINE_CLIENT_IP, rest);
}

/* anvil: "statistics: max connection rate 1/60s for (smtp:1.2.3.4) at Oct 26 18:13:50" */
static bool read_statistics(struct slice rest, struct logline *line)
{
    struct slice number, who;
    enum line_field field = LINE_FIELD_COUNT;
    if (text_take(&rest, "max connection rate "))
        field = LINE_ANVIL_CONN_RATE;
    else if (text_take(&rest, "max connection count "))
        field = LINE_ANVIL_CONN_COUNT;
    else if (!text_take(&rest, "max ") || !text_take_until_text(&rest, " rate ", &who))
        return true;
    if (!postfix_take_class(&rest, DIGIT, &number))
        return true;
    if (field != LINE_FIELD_COUNT)
        line_set(line, field, number);
    if (text_take_until_text(&rest, " for (", &who) && text_take_until(&rest, ')', &who))
        set_counted_client(who, line);
    return true;
}

/* dnsblog: "addr 1.2.3.4 listed by domain D as 127.0.0.2" */
static bool read_listed(struct slice rest, struct logline *line)
{
    struct slice ip, domain;
    if (!text_take_until(&rest, ' ', &ip) || !text_take(&rest, "listed by domain "))
        return false;
    line_set(line, LINE_CLIENT_IP, ip);
    if (!text_take_until(&rest, ' ', &domain))
        domain = rest;
    else if (text_take(&rest, "as "))
        line_set(line, LINE_DNSBL_RESULT, rest);
    line_set(line, LINE_DNSBL_DOMAIN, domain);
    return true;
}

/* postscreen: "DNSBL rank 6 for [1.2.3.4]:5" */
static bool read_rank(struct slice rest, struct logline *line)
{
    struct slice rank;
    if (!postfix_take_class(&rest, DIGIT, &rank) || !text_take(&rest, " for "))
        return false;
    line_set(line, LINE_POSTSCREEN_VIOLATION, slice_of("DNSBL"));
    line_set(line, LINE_DNSBL_RANK, rank);
    return take_client(&rest, line);
}

/* postscreen: "CONNECT from [1.2.3.4]:5 to [192.0.2.1]:25" */
static bool read_connect(struct slice rest, struct logline *line)
{
    struct peer server;
    if (!take_client(&rest, line))
        return false;
    if (text_take(&rest, " to ") && postfix_take_peer(&rest, &server)) {
        line_set(line, LINE_SERVER_IP, server.ip);
        line_set(line, LINE_SERVER_PORT, server.port);
    }
    return true;
}

/* postscreen: "PASS NEW [1.2.3.4]:5", "DENYLISTED [1.2.3.4]:5", "ALLOWLIST VETO [1.2.3.4]:5" */
static bool read_access(struct slice all, struct logline *line)
{
    ptrdiff_t at = slice_find(all, '[');
    if (at < 2 || all.at[at - 1] != ' ')
        return false;
    struct slice rest = slice_make(all.at + at, all.size - (size_t)at);
    if (!take_client(&rest, line))
        return false;
    line_set(line, LINE_POSTSCREEN_ACCESS, slice_make(all.at, (size_t)at - 1));
    return true;
}

/* postscreen: "PREGREET 6 after 1.2 from [1.2.3.4]:5: WORDS", "HANGUP after 63 from [..]:5 in
 * tests ...", "COMMAND TIME LIMIT from [..]:5 after RCPT", "BARE NEWLINE from [..]:5 after DATA" */
static bool read_violation(struct slice all, struct logline *line)
{
    size_t size = 0;
    while (size < all.size &&
           (postfix_class[(unsigned char)all.at[size]] & (UPPER | DASH)) != 0)
        if (++size + 1 < all.size && all.at[size] == ' ' &&
            (postfix_class[(unsigned char)all.at[size + 1]] & UPPER) != 0)
            size++;
    struct slice rest = slice_make(all.at + size, all.size - size), before, stage;
    struct slice violation = slice_make(all.at, size);
    if (!text_take_until_text(&rest, " from ", &before) || !take_client(&rest, line))
        return false;
    line_set(line, LINE_POSTSCREEN_VIOLATION, violation);
    if (text_take(&rest, " after ")) {
        if (!text_take_until(&rest, ':', &stage))
            stage = rest;
        line_set(line, LINE_STAGE, stage);
    }
    return true;
}

/* master: "daemon started -- version 3.7.11, configuration /etc/postfix" */
static bool read_version(struct slice rest, struct logline *line)
{
    struct slice version;
    if (!text_take_until(&rest, ',', &version))
        return false;
    line_set(line, LINE_POSTFIX_VERSION, version);
    return true;
}

/* "X[ip]: SASL PLAIN authentication failed: WORDS, sasl_username=joe"; `rest` begins behind the
 * method's name. */
static void read_login(struct slice rest, struct logline *line)
{
    struct slice method, login;
    if (!text_take_until(&rest, ' ', &method) || !text_take(&rest, "authentication "))
        return;
    line_set(line, LINE_SASL_METHOD, method);
    if (text_cut_last(&rest, ", sasl_username=", &login))
        line_set(line, LINE_SASL_USERNAME, login);
}

static void read_hostname(struct slice rest, struct logline *line)
{
    struct slice before, ip;
    if (!text_take_until_text(&rest, " does not resolve to address ", &before))
        return;
    size_t size = 0;
    while (size < rest.size && rest.at[size] != ' ' &&
           !(rest.at[size] == ':' && size + 1 < rest.size && rest.at[size + 1] == ' '))
        size++;
    ip = slice_make(rest.at, size);
    line_set(line, LINE_CLIENT_IP, ip);
}

/* "192.0.2.1: hostname X verification failed: ..." of old versions. */
static bool read_bare_client(struct slice text, struct logline *line)
{
    struct slice rest = text, ip;
    if (!text_take_until_text(&rest, ": ", &ip) || !postfix_is_address(ip))
        return false;
    line_set(line, LINE_CLIENT_IP, ip);
    line_set(line, LINE_MESSAGE, rest);
    return true;
}

/* What follows "warning: " where it names no mail. */
static bool read_complaint(struct slice rest, struct logline *line)
{
    struct peer peer;
    struct slice behind = rest;
    if (postfix_take_peer(&behind, &peer) &&
        (peer.name.at != NULL || postfix_is_address(peer.ip)) && text_take(&behind, ": ")) {
        set_peer(line, &peer);
        line_set(line, LINE_MESSAGE, behind);
        if (text_take(&behind, "SASL "))
            read_login(behind, line);
        return true;
    }
    if (read_bare_client(rest, line))
        return true;
    line_set(line, LINE_MESSAGE, rest);
    if (text_take(&rest, "hostname ")) {
        read_hostname(rest, line);
    } else if (postfix_find_peer(rest, &peer)) {
        set_peer(line, &peer);
        if (text_take(&rest, "non-SMTP command from ") &&
            text_take_until_text(&rest, ": ", &behind))
            line_set(line, LINE_STAGE, rest);
    }
    return true;
}

bool postfix_complaint(struct slice rest, struct logline *line)
{
    static const char *const words[] = {"warning: ", "error: ", "fatal: ", "panic: ", "info: "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct slice level = rest;
        if (!text_take(&rest, words[i]))
            continue;
        line_set(line, LINE_LEVEL, up_to(level, rest.at - strlen(": ")));
        return read_complaint(rest, line);
    }
    return false;
}

static bool read_small(struct slice all, struct logline *line)
{
    struct slice rest = all;
    switch (all.at[0]) {
    case 'a':
        return text_take(&rest, "addr ") && read_listed(rest, line);
    case 'c':
        if (text_take(&rest, "connect from "))
            return take_client(&rest, line);
        if (text_take(&rest, "certificate verification failed for "))
            return take_server(&rest, line);
        return text_take(&rest, "connect to ") && read_connect_to(rest, line);
    case 'd':
        if (text_take(&rest, "disconnect from "))
            return take_client(&rest, line);
        return text_take(&rest, "daemon started -- version ") && read_version(rest, line);
    case 'l':
        if (text_take(&rest, "lost connection with "))
            return read_lost_server(all, rest, line);
        return slice_starts(all, "lost connection ") && read_after(all, line);
    case 't':
        return (slice_starts(all, "timeout ") || slice_starts(all, "too many errors ")) &&
               read_after(all, line);
    case 'i':
        return slice_starts(all, "improper command pipelining ") && read_after(all, line);
    case 'b':
        return slice_starts(all, "bare <") && read_after(all, line);
    case 'h':
        return text_take(&rest, "host ") && take_server(&rest, line);
    case 'n':
        return slice_starts(all, "non-SMTP command from ") && read_complaint(all, line);
    case 'r':
        return text_take(&rest, "reload -- version ") && read_version(rest, line);
    case 's':
        if (text_take(&rest, "statistics: "))
            return read_statistics(rest, line);
        return text_take(&rest, "setting up TLS connection ") && read_complaint(all, line);
    default:
        return false;
    }
}

static bool read_capital(struct slice all, struct logline *line)
{
    struct slice rest = all;
    if (text_take(&rest, "CONNECT from "))
        return read_connect(rest, line);
    if (text_take(&rest, "DISCONNECT "))
        return take_client(&rest, line);
    if (text_take(&rest, "DNSBL rank "))
        return read_rank(rest, line);
    if (slice_starts(all, "SSL_"))
        return read_ssl_error(all, line);
    if (slice_starts(all, "TLS "))
        return read_tls(all, line) || read_complaint(all, line);
    if (slice_starts(all, "PASS ") || slice_starts(all, "WHITELIST") ||
        slice_starts(all, "BLACKLIST") || slice_starts(all, "ALLOWLIST") ||
        slice_starts(all, "DENYLIST"))
        return read_access(all, line);
    if (all.size > 1 && (postfix_class[(unsigned char)all.at[1]] & (UPPER | DASH)) != 0)
        return read_violation(all, line);
    return read_tls(all, line);
}

bool postfix_session(struct slice rest, struct logline *line)
{
    if (rest.size == 0)
        return false;
    if ((postfix_class[(unsigned char)rest.at[0]] & UPPER) != 0)
        return read_capital(rest, line);
    return read_small(rest, line) || postfix_complaint(rest, line);
}
