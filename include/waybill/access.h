/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access: who asks, and what he may see. The one place that decides it, for every reader that
 * answers others than the administrator of the store.
 *
 *   sender   mails that are his own: they came with one of his logins, or, from a place that
 *            own_sources names, with one of his addresses as envelope sender. A MAIL FROM alone
 *            proves nothing: anybody may write it.
 *   desk     all mails, or those of some domains; no subjects, unless he may.
 *   admin    the same with subjects, and what only an administrator may ask for.
 *
 * A mail is a domain's if it has a recipient there, or comes from there with a login or from a
 * place that own_sources names. Who is bound to domains and sees a mail for its recipients sees
 * those recipients alone.
 *
 * What somebody may not see is taken out of the waybill before it is compared with a query, so that
 * nothing can be found, counted or grouped by it either. A mail that is not for him is answered as
 * one that is not there.
 */
#ifndef WAYBILL_ACCESS_H
#define WAYBILL_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/id.h"
#include "waybill/query.h"

/* X(symbol, word, what he may do); each may do what those before it may. */
#define ACCESS_ROLES(X)                                                                            \
    X(SENDER, "sender", "sees the mails that he sent")                                             \
    X(DESK, "desk", "searches all mails, or those of some domains")                                \
    X(ADMIN, "admin", "the same with subjects, and sees who asked what")

enum access_role {
#define X(symbol, word, text) ROLE_##symbol,
    ACCESS_ROLES(X)
#undef X
    ROLE_COUNT
};
const char *access_role_word(enum access_role role);
int access_role_of(struct slice word); /* -1: no such role */

#define ACCESS_NAME_SIZE 65
#define ACCESS_WORDS_SIZE 2048
#define ACCESS_WORDS_MAX 32

/* Words in the form in which they are compared, a blank between two. All zero: none. */
struct access_words {
    char text[ACCESS_WORDS_SIZE];
};

struct access {
    char name[ACCESS_NAME_SIZE]; /* for the audit, and to call it by */
    enum access_role role;
    bool subjects;               /* of a desk */
    struct access_words domains; /* desk and admin; none: all */
    struct access_words addresses, logins; /* sender */
    int64_t created, expires;    /* ms; `expires` 0: never */
    /* Whence MAIL FROM is believed, as the option own_sources has it; NULL ends it, and may be all.
     * Not part of the token. */
    char *const *own_sources;
};

/* Letters, digits and . _ - @ +, at most 64 of them. */
bool access_name_fits(struct slice name);
/* Add a word: a domain (".example.org": with all below it), an address, or a login. -1: `why` says
 * what is wrong with it; nothing was added. What is there already is not added again. */
int access_add_domain(struct access *access, struct slice domain, struct error *why);
int access_add_address(struct access *access, struct slice address, struct error *why);
int access_add_login(struct access *access, struct slice login, struct error *why);
/* Do role and words go together? A sender has an address or a login and no domain, the others have
 * neither address nor login. */
int access_check(const struct access *access, struct error *why);
/* Does he see everything of every mail? */
bool access_is_whole(const struct access *access);

/* Take out of the waybill what he may not see. False: he may not see the mail at all. */
bool access_look(const struct access *access, struct waybill *waybill);
/* As query_one, as far as he may see: 0 also if there is such a mail, which is not for him. */
int access_one(struct store *store, const struct access *access, uint64_t id,
               int64_t queue_lifetime, struct waybill *waybill, struct error *why);
/* The mails whose case codes are near this text, which is none (id_near), as far as he may see them;
 * `access` NULL: all. At most ID_NEAR_MAX records are fetched. -1: the store failed. */
int access_near(struct store *store, const struct access *access, struct slice text,
                int64_t queue_lifetime, uint64_t ids[static ID_NEAR_MAX], size_t *count,
                struct error *why);

/* As it stands in the store, by a token; see tokens.h. access_put: 1; 0: the name is taken; -1. */
int access_put(struct store *store, const struct access *access, const char *hash,
               struct error *why);
/* Whose token is it, now? `hash`: of token_api_hash. 1; 0: of nobody, or it has ended; -1: the
 * store failed. own_sources is not set. */
int access_get(struct store *store, const char *hash, int64_t now, struct access *access,
               struct error *why);
/* The same by the name of the entry, for who was let in elsewhere. */
int access_named(struct store *store, struct slice name, int64_t now, struct access *access,
                 struct error *why);
/* All of them, in no order. */
int access_each(struct store *store,
                void (*seen)(void *context, const struct access *access), void *context,
                struct error *why);
/* 1: it is good for nothing any more; 0: there was none of that name; -1. */
int access_drop(struct store *store, struct slice name, struct error *why);

/* For query.lens. */
struct access_lens {
    struct query_lens lens;
    struct store_term terms[2 * ACCESS_WORDS_MAX + 1];
};
/* `access` must live as long. */
void access_lens_init(struct access_lens *lens, const struct access *access);
/* May he ask that? A term about what he is never shown is refused, not answered by nothing. */
int access_check_query(const struct access *access, const struct query *query, struct error *why);

#endif
