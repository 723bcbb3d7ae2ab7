/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: what the files of this folder share: a request, its reply, and who asks.
 */
#ifndef WAYBILL_HTTP_H
#define WAYBILL_HTTP_H

#include "waybill/access.h"
#include "waybill/buffer.h"
#include "waybill/json.h"
#include "waybill/settings.h"
#include "waybill/verdict.h"

#define HTTP_ARGUMENTS_MAX 8
#define HTTP_TEXT_MAX 32768u     /* path, arguments and headers of a request */
#define HTTP_REPLY_MAX (32u << 20)
#define HTTP_REASON_MAX 500u     /* bytes */
#define HTTP_BODY_MAX (1u << 20) /* of any route */

struct http_argument {
    struct slice name, value;
};

/* The headers of a request that anything here looks at. X(symbol, name, bytes that it may have:
 * a longer one counts as absent) */
#define HTTP_HEADERS(X)                                                                            \
    X(AUTHORIZATION, "Authorization", 128)                                                         \
    X(IF_NONE_MATCH, "If-None-Match", 256)                                                         \
    X(LAST_EVENT_ID, "Last-Event-ID", 2048)                                                        \
    X(ACCEPT_ENCODING, "Accept-Encoding", 256)                                                     \
    X(ACCEPT_LANGUAGE, "Accept-Language", 256)                                                     \
    X(COOKIE, "Cookie", 4096)                                                                      \
    X(CSRF, "X-CSRF-Token", 64)                                                                    \
    X(ORIGIN, "Origin", 256)                                                                       \
    X(FETCH_SITE, "Sec-Fetch-Site", 32)                                                            \
    X(REASON, "Waybill-Reason", 4096)

enum http_header {
#define X(symbol, name, most) HTTP_HEADER_##symbol,
    HTTP_HEADERS(X)
#undef X
    HTTP_HEADER_COUNT
};

struct http_request {
    char method[16];
    struct buffer text; /* what the slices show, but for the body */
    struct slice path;  /* as it was sent: nothing in it is decoded */
    struct slice rest;  /* what stands in the place of "*" in the route */
    const struct http_route *route; /* NULL: there is none for this path and method */
    struct http_argument arguments[HTTP_ARGUMENTS_MAX];
    size_t argument_count;
    struct slice headers[HTTP_HEADER_COUNT]; /* absent: not sent, or too long */
    struct slice user; /* whom the proxy names; absent: nobody that may be believed */
    struct buffer body;
    const char *malformed; /* what is wrong with it; NULL: nothing */
    char peer[48];         /* whence it came: an address of IP; "": by a Unix socket */
};

struct http_reply {
    unsigned status;
    struct buffer body;
    const char *type;   /* NULL: application/json */
    const char *policy; /* what a page may load; NULL: it is none */
    char allow[64];     /* of 405; else "" */
    char file[40];      /* to be saved under this name; "": to be shown */
    struct http_stream *stream; /* the body, of any length, in the place of `body`; see stream.h */
    unsigned retry;     /* seconds, of 429 */
    const char *encoding; /* how the body is compressed; NULL: not */
    char etag[32];        /* of 200 and 304; else "" */
    char cookie[160];     /* to be set; "": none */
    const char *language; /* of the sentences in it; NULL: it has none, or English ones */
};

struct http_files;
/* By what somebody is known. */
enum http_door { DOOR_TOKEN, DOOR_PROXY, DOOR_SESSION };

struct http_common;
struct http_compressor;

/* Who asks, and what is needed to answer him; of one worker. */
struct http_asker {
    struct http_common *common;
    unsigned generation; /* of what common was when the next five were taken from it */
    const struct settings *settings;
    struct store *store;
    struct phrasebook *book;
    struct verdict_basis basis;
    const struct http_files *files; /* the page's, of all workers */
    unsigned char token_key[32], cursor_key[32], session_key[32];
    int64_t now;
    int64_t began; /* this request; clock_monotonic */
    struct access access;
    enum http_door door;
    bool again;       /* by ourselves, of a request that goes on: that is no use of a session */
    char session[65]; /* hash; "": he has none */
    char proof[65];   /* what he must send with what changes something; "": nothing */
    int64_t until;    /* so long he is let in, if nothing happens; ms, 0: for ever */
    char reason[HTTP_REASON_MAX + 1]; /* why he asks, UTF-8; "": he does not say */
    struct http_compressor *compressor;
    struct http_streams *streams;
};

/* ---- what all who answer have in common; any thread ---- */

/* The settings, until http_common_free. -1: no memory, or a key cannot be read. */
int http_common_open(struct http_common **common, const struct settings *settings,
                     struct error *why);
void http_common_free(struct http_common **common);
/* Other settings from the next request on, and rules and keys read again. -1: they are no good, and
 * nothing has changed. What the settings were before must live on, too. */
int http_common_reload(struct http_common *common, const struct settings *settings,
                       struct error *why);
struct http_known *http_known_of(struct http_common *common);
struct http_rates *http_rates_of(struct http_common *common);
const struct languages *http_languages_of(const struct http_common *common);

/* `common` must live as long. -1: the options of the store make no sense, rules that cannot be
 * read, no memory; close it all the same. */
int http_asker_open(struct http_asker *asker, struct http_common *common, struct error *why);
void http_asker_close(struct http_asker *asker);
/* Before each request: the time, and whatever was reloaded. */
void http_asker_begin(struct http_asker *asker);

/* ---- who is known (known.c); any thread ---- */

#define HTTP_KNOWN_MS 5000 /* so long it may go on after it was revoked */
#define HTTP_HASH_ROOM 80

struct http_known;
struct http_known *http_known_open(void); /* NULL: no memory */
void http_known_free(struct http_known **known);
/* What the store says: 1: *access is filled; 0: of nobody; -1. */
typedef int http_known_ask(void *context, struct access *access, struct error *why);
/* The same, as it was said within HTTP_KNOWN_MS of whose `hash` this is, be it of nobody; else
 * `ask` is called. The hash (shorter than HTTP_HASH_ROOM) is one under a key of ours, or has a
 * blank in it: secrets do not stand here. Who has ended by `now` is nobody. */
int http_known_get(struct http_known *known, const char *hash, int64_t now, http_known_ask *ask,
                   void *context, struct access *access, struct error *why);
/* He is asked about anew at once, in this process. */
void http_known_drop(struct http_known *known, const char *hash);
void http_known_clear(struct http_known *known);

/* ---- how much one may ask (rates.c); any thread ---- */

#define HTTP_RATE_WHO 72

struct http_rates;
struct http_rates *http_rates_open(void); /* NULL: no memory */
void http_rates_free(struct http_rates **rates);
/* One more request of `who` (shorter than HTTP_RATE_WHO) at `now` (clock_monotonic), who has so
 * many a minute (0: as many as he likes), a quarter of them at once. 0: he may; else the seconds to
 * wait, and it does not count. Who asked little is forgotten for whom there is no place. */
unsigned http_rates_take(struct http_rates *rates, const char *who, int64_t a_minute, int64_t now);

/* ---- what goes over the wire (compress.c) ---- */

struct http_compressor *http_compressor_open(void); /* NULL: no memory */
void http_compressor_free(struct http_compressor **compressor);
/* Give the answer its ETag, or make it 304; then compress what is worth it as he takes it. */
void http_finish(struct http_compressor *compressor, const struct http_request *request,
                 struct http_reply *reply);

/* ---- routes ---- */

typedef void http_handler(struct http_asker *asker, const struct http_request *request,
                          struct http_reply *reply);
struct http_route {
    const char *method; /* GET serves HEAD, too */
    const char *path;   /* a last "*" stands for one part that is not empty */
    int least;          /* enum access_role; HTTP_ANYBODY: without a token */
    http_handler *handler;
    const char *arguments; /* names that are allowed, a blank between two */
    size_t body;           /* bytes of a body that it takes, at most HTTP_BODY_MAX; 0: none */
    const char *summary;
};
#define HTTP_ANYBODY (-1)
extern const struct http_route http_routes[];
extern const size_t http_route_count;
/* Sets `route` and `rest`; any thread. */
void http_route_find(struct http_request *request);
/* The answer to a request whose route was looked for, whatever it is. */
void http_answer(struct http_asker *asker, struct http_request *request,
                 struct http_reply *reply);

/* ---- requests ---- */

struct MHD_Connection;
/* All of it but the body, and its route; of the thread that speaks HTTP. False: the path is too
 * long, or no memory; what is in it may be released all the same. */
bool http_request_read(struct http_request *request, const struct settings *settings,
                       struct MHD_Connection *connection, const char *url, const char *method);
/* %HH as bytes. False: it is malformed. */
bool http_decode(const char *from, struct buffer *to);
/* UTF-8 without control characters: what goes on is shown to people, and stands in the audit. */
bool http_is_text(struct slice words);
/* The header Waybill-Reason, if the settings want it. NULL, or what is wrong with it. */
const char *http_read_reason(struct http_asker *asker, const struct http_request *request);
/* Absent: it was not given. */
struct slice http_argument(const struct http_request *request, const char *name);

/* The argument since or until, if it was given. False: a reply says why. */
bool http_read_moment(struct http_asker *asker, const struct http_request *request,
                      struct query *query, bool until, struct http_reply *reply);
/* The argument q on top of a query that was begun, with the time that it means. False: a reply says
 * why. */
bool http_read_words(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct query *query);
/* The same with limit and after. */
bool http_read_query(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct query *query);

/* ---- who asks ---- */

/* Each person has a rate of his own, those who are nobody ("peer") one for whence they come. False:
 * a reply says that it is over. */
bool http_is_in_rate(struct http_asker *asker, const char *kind, const char *name,
                     struct http_reply *reply);
/* 1: known; 0: a reply says that he is not, or asks too much; -1: the store failed, and a reply
 * says so. */
int http_know(struct http_asker *asker, const struct http_request *request,
              struct http_reply *reply);
/* The same while a request goes on, without a reply: it costs nothing of his rate, is no use of a
 * session, and asks for the role of the route, too, and for what the query asks. The lens is made
 * anew, since it has views into asker->access. */
int http_know_again(struct http_asker *asker, const struct http_request *request,
                    struct access_lens *lens, const struct query *query);
/* May this change something, as far as one can see where it comes from? False: a reply says no. */
bool http_check_origin(const struct http_asker *asker, const struct http_request *request,
                       struct http_reply *reply);
/* The same of who was found to ask: does he send what his page alone knows? */
bool http_check_proof(const struct http_asker *asker, const struct http_request *request,
                      struct http_reply *reply);
/* The token of a session that begins, a session that ends. 1, 0: it is of nobody; -1. */
int http_begin_session(struct http_asker *asker, struct slice token, struct http_reply *reply,
                       struct error *why);
int http_end_session(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct error *why);

/* ---- replies ---- */

#define HTTP_PROBLEM "application/problem+json"
/* A problem of RFC 9457: empties the reply before. */
void http_problem(struct http_reply *reply, unsigned status, const char *detail);
/* The same about a part of the query's text. */
void http_query_problem(struct http_reply *reply, const struct query_fault *fault);
/* The store failed: 503, and the log has why. */
void http_store_problem(struct http_reply *reply, const struct error *why);
/* 404, of a case code with a mistyped character: those that are near it. */
void http_mistyped_problem(struct http_reply *reply, const uint64_t *ids, size_t count);
/* 404, of a mail that is not there, or not for him. */
void http_no_such_mail(struct http_reply *reply);
/* Wait, so that how long it took to find nothing does not tell whether there was something that is
 * for others. */
void http_level(const struct http_asker *asker);
/* Take out of an answer what is told of the store itself, for whom not all mails are. */
void http_cover(const struct http_asker *asker, struct query_answer *answer);

/* Note in the audit who asked what (`about` absent: all); without that nothing is told: false, and
 * a problem; as well if he does not say why, and must. */
bool http_note(struct http_asker *asker, struct http_reply *reply, const char *what,
               struct slice about, uint64_t count);
/* The same of who comes or goes: nobody has to give a reason for that. */
bool http_note_door(struct http_asker *asker, struct http_reply *reply, const char *what);

/* ---- the page ---- */

/* What cannot be read is left out, and the log says so. NULL: no memory. */
struct http_files *http_files_read(const struct settings *settings);
void http_files_free(struct http_files **files);

/* ---- handlers ---- */

http_handler http_log_in, http_session, http_log_out;
http_handler http_audit, http_search, http_waybill, http_stats, http_coverage;
http_handler http_settings, http_health;
http_handler http_export, http_events, http_explain, http_openapi;
http_handler http_page, http_page_file, http_page_messages;

#endif
