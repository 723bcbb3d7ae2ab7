/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door: who asks. Of what a request may bring the first decides, and no other is tried:
 *
 *     a token           Authorization: Bearer wbt_...
 *     the proxy's word  the header of web_user_header; which of them may be believed is proxy.c's
 *     a session         the cookie of the page
 *
 * So nobody is taken for whoever used the same browser before the proxy let him in.
 */
#include <stdio.h>
#include <string.h>

#include "http.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/sessions.h"
#include "waybill/token.h"

#define SESSION_MS (12 * HOUR_MS)

/* ---- the entry of somebody, as the store said it a moment ago ---- */

struct asked {
    struct store *store;
    struct slice words; /* the hash of a token, or a name */
    int64_t now;
};

static int ask_token(void *context, struct access *access, struct error *why)
{
    const struct asked *asked = context;

    return access_get(asked->store, asked->words.at, asked->now, access, why);
}

static int ask_name(void *context, struct access *access, struct error *why)
{
    const struct asked *asked = context;

    return access_named(asked->store, asked->words, asked->now, access, why);
}

/* `hash` ends with a NUL. */
static int know_hash(struct http_asker *asker, const char *hash, struct error *why)
{
    struct asked asked = {asker->store, slice_of(hash), asker->now};

    return http_known_get(http_known_of(asker->common), hash, asker->now, ask_token, &asked,
                          &asker->access, why);
}

/* ---- the cookie ---- */

static bool has_tls(const struct http_asker *asker)
{
    return strncmp(asker->settings->web_url, "https:", 6) == 0;
}

/* With __Host- a browser takes it from this very host alone, and over TLS. */
static const char *cookie_name(const struct http_asker *asker)
{
    return has_tls(asker) ? "__Host-waybill" : "waybill";
}

static void set_cookie(const struct http_asker *asker, struct http_reply *reply, const char *value,
                       int64_t seconds)
{
    snprintf(reply->cookie, sizeof reply->cookie,
             "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", cookie_name(asker), value,
             (long long)seconds, has_tls(asker) ? "; Secure" : "");
}

/* Absent: there is none, or more than one, of which somebody else may have set the other. */
static struct slice find_cookie(const struct http_asker *asker, const struct http_request *request)
{
    struct slice rest = request->headers[HTTP_HEADER_COOKIE], found = SLICE_ABSENT, pair, name;

    while (text_take_part(&rest, ';', &pair)) {
        pair = slice_trim(pair);
        if (!text_take_until(&pair, '=', &name) || !slice_is(name, cookie_name(asker)))
            continue;
        if (found.at != NULL)
            return SLICE_ABSENT;
        found = pair;
    }
    return found;
}

/* ---- a session ---- */

static int64_t idle_ms(const struct http_asker *asker)
{
    return asker->settings->web_session_idle_minutes * MINUTE_MS;
}

static int64_t sooner(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* When it ends, if it is not used again. */
static int64_t end_of(const struct http_asker *asker, const struct store_session *session)
{
    return sooner(session->used + idle_ms(asker), asker->until);
}

static bool is_over(const struct http_asker *asker, const struct store_session *session)
{
    return session->began > asker->now + MINUTE_MS || asker->now >= session->began + SESSION_MS ||
           asker->now >= session->used + idle_ms(asker);
}

/* Not at each request: one in sixteen parts of the time that it may rest is exact enough. */
static int use_session(struct http_asker *asker, struct store_session *session, struct error *why)
{
    if (asker->again || asker->now - session->used < idle_ms(asker) / 16)
        return 0;
    session->used = asker->now;
    return store_use_session(asker->store, asker->session, session->used, end_of(asker, session),
                             why);
}

static int know_session(struct http_asker *asker, struct slice secret, struct error *why)
{
    struct store_session session;
    char hash[sizeof asker->session];
    int found;

    if (!token_session_hash(asker->session_key, secret, hash))
        return 0;
    found = store_get_session(asker->store, hash, &session, why);
    if (found <= 0 || is_over(asker, &session))
        return found < 0 ? -1 : 0;
    found = know_hash(asker, session.token, why);
    if (found <= 0)
        return found;
    asker->until = sooner(session.began + SESSION_MS, asker->access.expires);
    memcpy(asker->session, hash, sizeof asker->session);
    token_session_proof(asker->session_key, secret, asker->proof);
    return use_session(asker, &session, why) == 0 ? 1 : -1;
}

int http_begin_session(struct http_asker *asker, struct slice token, struct http_reply *reply,
                       struct error *why)
{
    struct store_session session = {.began = asker->now, .used = asker->now};
    char secret[TOKEN_API_ROOM];
    int found;

    if (!token_api_hash(asker->token_key, token, session.token))
        return 0;
    found = know_hash(asker, session.token, why);
    if (found <= 0)
        return found;
    token_session_make(secret);
    token_session_hash(asker->session_key, slice_of(secret), asker->session);
    token_session_proof(asker->session_key, slice_of(secret), asker->proof);
    asker->door = DOOR_SESSION;
    asker->until = sooner(session.began + SESSION_MS, asker->access.expires);
    if (store_put_session(asker->store, asker->session, &session, end_of(asker, &session), why))
        return -1;
    set_cookie(asker, reply, secret, (asker->until - asker->now) / SECOND_MS);
    explicit_bzero(secret, sizeof secret);
    return 1;
}

int http_end_session(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct error *why)
{
    char hash[sizeof asker->session];

    if (!token_session_hash(asker->session_key, find_cookie(asker, request), hash))
        return 0;
    set_cookie(asker, reply, "", 0);
    return store_end_session(asker->store, hash, why) == 0 ? 1 : -1;
}

/* ---- the others ---- */

static int know_token(struct http_asker *asker, struct slice secret, struct error *why)
{
    char hash[TOKEN_API_HASH_ROOM];
    int found = token_api_hash(asker->token_key, slice_trim(secret), hash)
                    ? know_hash(asker, hash, why)
                    : 0;

    asker->until = asker->access.expires;
    return found;
}

/* Who has no entry of his own. */
static bool make_sender(struct http_asker *asker, struct slice name)
{
    struct access *access = &asker->access;

    *access = (struct access){.role = ROLE_SENDER, .created = asker->now};
    if (slice_find(name, '@') >= 0)
        (void)access_add_address(access, name, NULL);
    return slice_copy(name, access->name, sizeof access->name) &&
           access_add_login(access, name, NULL) == 0 && access_check(access, NULL) == 0;
}

static int know_proxy(struct http_asker *asker, struct slice name, struct error *why)
{
    struct asked asked = {asker->store, name, asker->now};
    int found;

    token_session_proof(asker->session_key, name, asker->proof);
    found = http_known_get(http_known_of(asker->common), asker->proof, asker->now, ask_name,
                           &asked, &asker->access, why);
    if (found == 0 && asker->settings->web_user_role == WEB_USER_SENDER)
        found = make_sender(asker, name) ? 1 : 0;
    asker->until = asker->access.expires;
    return found;
}

/* ---- which of them ---- */

static int look(struct http_asker *asker, const struct http_request *request, struct error *why)
{
    struct slice token = request->headers[HTTP_HEADER_AUTHORIZATION];

    if (token.size >= 7 && slice_equal_nocase(slice_make(token.at, 7), slice_of("Bearer "))) {
        asker->door = DOOR_TOKEN;
        return know_token(asker, slice_make(token.at + 7, token.size - 7), why);
    }
    if (request->user.at != NULL) {
        asker->door = DOOR_PROXY;
        return know_proxy(asker, request->user, why);
    }
    asker->door = DOOR_SESSION;
    return know_session(asker, find_cookie(asker, request), why);
}

bool http_is_in_rate(struct http_asker *asker, const char *kind, const char *name,
                     struct http_reply *reply)
{
    char who[HTTP_RATE_WHO];

    snprintf(who, sizeof who, "%s %s", kind, name);
    reply->retry = http_rates_take(http_rates_of(asker->common), who, asker->settings->web_rate,
                                   clock_monotonic());
    if (reply->retry > 0)
        http_problem(reply, 429, "This is more than you may ask in a minute; wait a little.");
    return reply->retry == 0;
}

static int know(struct http_asker *asker, const struct http_request *request, struct error *why)
{
    int result;

    asker->session[0] = asker->proof[0] = '\0';
    asker->until = 0;
    result = look(asker, request, why);
    asker->access.own_sources = asker->settings->own_sources;
    return result;
}

int http_know(struct http_asker *asker, const struct http_request *request,
              struct http_reply *reply)
{
    struct error why;
    int result = know(asker, request, &why);

    if (result < 0)
        http_store_problem(reply, &why);
    else if (!http_is_in_rate(asker, result > 0 ? "person" : "peer",
                              result > 0 ? asker->access.name : request->peer, reply))
        return 0;
    else if (result == 0)
        http_problem(reply, 401, "This needs a token that is good: Authorization: Bearer wbt_...");
    return result;
}

int http_know_again(struct http_asker *asker, const struct http_request *request,
                    struct access_lens *lens, const struct query *query)
{
    const struct access before = asker->access;
    struct error why;
    int result;

    asker->now = clock_now();
    asker->again = true;
    result = know(asker, request, &why);
    asker->again = false;
    if (result < 0) /* of what a store that fails began to say nothing counts */
        asker->access = before;
    if (result > 0 && ((int)asker->access.role < request->route->least ||
                       access_check_query(&asker->access, query, NULL) != 0))
        result = 0;
    access_lens_init(lens, &asker->access);
    return result;
}

/* ---- what changes something ---- */

static bool changes(const struct http_request *request)
{
    return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

bool http_check_origin(const struct http_asker *asker, const struct http_request *request,
                       struct http_reply *reply)
{
    struct slice site = request->headers[HTTP_HEADER_FETCH_SITE];
    struct slice origin = request->headers[HTTP_HEADER_ORIGIN];
    const char *ours = asker->settings->web_url;

    if (!changes(request) ||
        ((site.at == NULL || slice_is(site, "same-origin") || slice_is(site, "none")) &&
         (origin.at == NULL || ours[0] == '\0' || slice_equal_nocase(origin, slice_of(ours)))))
        return true;
    http_problem(reply, 403, "This came from a page of another origin.");
    return false;
}

bool http_check_proof(const struct http_asker *asker, const struct http_request *request,
                      struct http_reply *reply)
{
    struct slice proof = request->headers[HTTP_HEADER_CSRF];

    if (!changes(request) || asker->door == DOOR_TOKEN ||
        (proof.size == strlen(asker->proof) && proof.size > 0 &&
         digest_same(proof.at, asker->proof, proof.size)))
        return true;
    http_problem(reply, 403, "The header X-CSRF-Token is missing or wrong; see GET /api/v1/session.");
    return false;
}
