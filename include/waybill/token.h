/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: proof that something is ours, by HMAC-SHA-256 under keys for one purpose each.
 *
 * The secret is a file; a second one may name the secret before it was changed, so that tokens
 * that are out there stay good while new ones are made with the new one.
 */
#ifndef WAYBILL_TOKEN_H
#define WAYBILL_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define TOKEN_SECRET_LEAST 16u /* bytes in the file; fewer could be guessed */
#define TOKEN_SECRET_MOST 4096u

/* The key for `purpose` ("subject", "envid", ...): HMAC of its name under the whole content of
 * the file. -1: the file cannot be read, is too short or too long, or others may read it. */
int token_key(const char *path, const char *purpose, unsigned char key[static 32],
              struct error *why);

struct token_keys {
    unsigned char key[2][32]; /* the present one, the one before */
    unsigned count;           /* 0: no token is made, and none is good */
};
/* `previous` may be NULL or "". -1: as token_key. */
int token_keys_read(struct token_keys *keys, const char *path, const char *previous,
                    const char *purpose, struct error *why);

/* 16 hexadecimal digits by which two hosts can see that they have the same secret: a key of its own
 * purpose, cut short, so that it is good for nothing else. No path gives "". `option` names the
 * file in what goes wrong. -1: as token_key. */
#define TOKEN_FINGERPRINT_ROOM 17
int token_fingerprint(const char *option, const char *path,
                      char text[static TOKEN_FINGERPRINT_ROOM], struct error *why);

/* The ENVID that stands for a waybill: xtext-safe, at most 100 bytes (RFC 3461, 4.4):
 * "WB" id "." MAC in base32, 80 bits. */
#define TOKEN_ENVID_ROOM 48
void token_envid(const struct token_keys *keys, uint64_t waybill,
                 char text[static TOKEN_ENVID_ROOM]);
/* Is it one of ours, in any of the keys? Compares in constant time. Upper and lower case are the
 * same; an xtext-encoded or bracketed one is read too. */
bool token_envid_read(const struct token_keys *keys, struct slice text, uint64_t *waybill);

/* The secret that a client of the API shows: "wbt_" and 64 hexadecimal digits, all by chance. */
#define TOKEN_API_PREFIX "wbt_"
#define TOKEN_API_ROOM 69
void token_api_make(char text[static TOKEN_API_ROOM]);
/* By what it is known to the store: 64 hexadecimal digits, under the key of purpose "token". False:
 * this has not the form of one. */
#define TOKEN_API_HASH_ROOM 65
bool token_api_hash(const unsigned char key[static 32], struct slice text,
                    char hash[static TOKEN_API_HASH_ROOM]);

/* The same of a session of the page: "wbs_" and 64 digits, under the key of purpose "session". */
#define TOKEN_SESSION_PREFIX "wbs_"
void token_session_make(char text[static TOKEN_API_ROOM]);
bool token_session_hash(const unsigned char key[static 32], struct slice text,
                        char hash[static TOKEN_API_HASH_ROOM]);
/* What who holds `text` adds to a request that changes something, so that no foreign page can make
 * his browser send one: 64 digits that tell nothing of `text`. */
void token_session_proof(const unsigned char key[static 32], struct slice text,
                         char proof[static TOKEN_API_HASH_ROOM]);

#endif
