/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routes: the one table of what can be asked; the router, the manual and the tests follow it.
 *
 * The order of the checks: path, method, origin, who asks, rate, role, form of the arguments. All
 * mails that somebody may not see are decided in access.h, not here.
 */
#include <string.h>

#include "http.h"

const struct http_route http_routes[] = {
    {"GET", "/api/v1/search", ROLE_SENDER, http_search, "q limit after timeline", 0, "find mails by a query"},
    {"GET", "/api/v1/waybills/*", ROLE_SENDER, http_waybill, "", 0, "one mail, by case code or number"},
    {"GET", "/api/v1/stats", ROLE_SENDER, http_stats, "q by", 0, "counts by state and other things"},
    {"GET", "/api/v1/coverage", ROLE_DESK, http_coverage, "since until", 0, "what was watched"},
    {"GET", "/api/v1/settings", ROLE_SENDER, http_settings, "", 0, "what answers rest on"},
    {"GET", "/api/v1/export", ROLE_SENDER, http_export, "q as after", 0, "all mails of a query, as a file"},
    {"GET", "/api/v1/events", ROLE_SENDER, http_events, "q id after", 0, "what happens, while it does"},
    {"GET", "/api/v1/audit", ROLE_ADMIN, http_audit, "since until who limit after", 0, "who asked what"},
    {"POST", "/api/v1/session", HTTP_ANYBODY, http_log_in, "", 512, "log in at the page, by a token"},
    {"GET", "/api/v1/session", ROLE_SENDER, http_session, "", 0, "who is logged in"},
    {"DELETE", "/api/v1/session", ROLE_SENDER, http_log_out, "", 0, "log out"},
    {"GET", "/api/v1/health", HTTP_ANYBODY, http_health, "", 0, "does the store answer"},
    {"GET", "/", HTTP_ANYBODY, http_page, "", 0, "the page for the help desk"},
    {"GET", "/page/*", HTTP_ANYBODY, http_page_file, "", 0, "a file of it"},
    {"GET", "/page/messages/*", HTTP_ANYBODY, http_page_messages, "", 0, "its words in a language"},
};
const size_t http_route_count = sizeof http_routes / sizeof http_routes[0];

static bool fits_path(const char *pattern, struct http_request *request)
{
    size_t front = strcspn(pattern, "*");
    struct slice path = request->path;

    if (pattern[front] == '\0')
        return slice_is(path, pattern);
    if (path.size <= front || memcmp(path.at, pattern, front) != 0)
        return false;
    request->rest = slice_make(path.at + front, path.size - front);
    return slice_find(request->rest, '/') < 0;
}

static bool fits_method(const struct http_route *route, const char *method)
{
    return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

void http_route_find(struct http_request *request)
{
    request->route = NULL;
    for (size_t i = 0; i < http_route_count; i++)
        if (fits_method(&http_routes[i], request->method) &&
            fits_path(http_routes[i].path, request)) {
            request->route = &http_routes[i];
            return;
        }
}

/* 404, or 405 where the path is good for other methods. */
static void tell_no_route(struct http_request *request, struct http_reply *reply)
{
    struct buffer allowed;

    buffer_init(&allowed, sizeof reply->allow - 1);
    for (size_t i = 0; i < http_route_count; i++)
        if (fits_path(http_routes[i].path, request))
            buffer_addf(&allowed, "%s%s%s", allowed.size > 0 ? ", " : "", http_routes[i].method,
                        strcmp(http_routes[i].method, "GET") == 0 ? ", HEAD" : "");
    if (allowed.size == 0) {
        http_problem(reply, 404, "There is no such path.");
    } else {
        http_problem(reply, 405, "This path takes another method.");
        slice_copy(slice_make(allowed.data, allowed.size), reply->allow, sizeof reply->allow);
    }
    buffer_free(&allowed);
}

/* What is wrong with the arguments; NULL: nothing. */
static const char *check_arguments(const struct http_route *route,
                                   const struct http_request *request)
{
    for (size_t i = 0; i < request->argument_count; i++) {
        if (!text_lists(slice_of(route->arguments), request->arguments[i].name))
            return "There is an argument that this path does not take.";
        for (size_t j = 0; j < i; j++)
            if (slice_equal(request->arguments[i].name, request->arguments[j].name))
                return "An argument is given twice.";
    }
    return NULL;
}

void http_answer(struct http_asker *asker, struct http_request *request, struct http_reply *reply)
{
    const struct http_route *route = request->route;
    const char *wrong;

    http_asker_begin(asker);
    asker->basis.messages = languages_choose(http_languages_of(asker->common),
                                             request->headers[HTTP_HEADER_ACCEPT_LANGUAGE]);
    reply->language = messages_tag(asker->basis.messages);
    if (route == NULL) {
        tell_no_route(request, reply);
        return;
    }
    if (!http_check_origin(asker, request, reply))
        return;
    if (route->least != HTTP_ANYBODY) {
        if (http_know(asker, request, reply) <= 0 || !http_check_proof(asker, request, reply))
            return;
        if ((int)asker->access.role < route->least) {
            http_problem(reply, 403, "This is not for your role.");
            return;
        }
    }
    if (request->body.failed) {
        http_problem(reply, 413, "The body is too large for this path.");
        return;
    }
    wrong = request->malformed != NULL ? request->malformed : check_arguments(route, request);
    if (wrong == NULL)
        wrong = http_read_reason(asker, request);
    if (wrong != NULL)
        http_problem(reply, 400, wrong);
    else
        route->handler(asker, request, reply);
}
