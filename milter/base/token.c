/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys derived from the secret in a file, and what is signed with them. Promise: a file that
 * everybody can read is refused, since a key that is known proves and hides nothing; how long a
 * comparison takes tells nothing of the right answer.
 */
#include "waybill/token.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/digest.h"

/* `option` names the path in what goes wrong. */
static int refuse_open_to_all(int fd, const char *option, const char *path, struct error *why)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(why, "cannot read %s '%s': %s", option, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(why, "cannot use %s '%s': not a file", option, path);
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        return error_set(why, "cannot use %s '%s': its mode %04o is wider than 0640", option, path,
                         (unsigned)(status.st_mode & 07777));
    return 0;
}

static int read_whole(int fd, const char *option, const char *path, unsigned char *data,
                      size_t room, size_t *size, struct error *why)
{
    size_t have = 0;

    while (have < room) {
        ssize_t got = read(fd, data + have, room - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(why, "cannot read %s '%s': %s", option, path, strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
    }
    if (have < TOKEN_SECRET_LEAST || have > TOKEN_SECRET_MOST)
        return error_set(why, "cannot use %s '%s': it must have %u to %u bytes", option, path,
                         TOKEN_SECRET_LEAST, TOKEN_SECRET_MOST);
    *size = have;
    return 0;
}

static int derive(const char *option, const char *path, const char *purpose,
                  unsigned char key[static 32], struct error *why)
{
    unsigned char secret[TOKEN_SECRET_MOST + 1];
    size_t size = 0;
    int fd, result;

    if (path == NULL || path[0] == '\0')
        return error_set(why, "cannot make the key for '%s': %s is not set", purpose, option);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(why, "cannot open %s '%s': %s", option, path, strerror(errno));
    result = refuse_open_to_all(fd, option, path, why);
    if (result == 0)
        result = read_whole(fd, option, path, secret, sizeof secret, &size, why);
    close(fd);
    if (result == 0)
        digest_hmac(secret, size, purpose, strlen(purpose), key);
    explicit_bzero(secret, sizeof secret);
    return result;
}

int token_key(const char *path, const char *purpose, unsigned char key[static 32],
              struct error *why)
{
    return derive("key_file", path, purpose, key, why);
}

int token_keys_read(struct token_keys *keys, const char *path, const char *previous,
                    const char *purpose, struct error *why)
{
    keys->count = 0;
    if (token_key(path, purpose, keys->key[0], why) < 0)
        return -1;
    if (previous == NULL || previous[0] == '\0') {
        keys->count = 1;
        return 0;
    }
    if (derive("key_file_before", previous, purpose, keys->key[1], why) < 0)
        return -1;
    keys->count = 2;
    return 0;
}

int token_fingerprint(const char *option, const char *path,
                      char text[static TOKEN_FINGERPRINT_ROOM], struct error *why)
{
    unsigned char key[32];
    uint64_t front = 0;

    text[0] = '\0';
    if (path == NULL || path[0] == '\0')
        return 0;
    if (derive(option, path, "fingerprint", key, why) < 0)
        return -1;
    for (int i = 0; i < 8; i++)
        front = front << 8 | key[i];
    snprintf(text, TOKEN_FINGERPRINT_ROOM, "%016" PRIx64, front);
    return 0;
}

/* ---- the envelope id ---- */

#define ID_DIGITS 18
#define MAC_BYTES 10 /* 80 bits fill the base32 to the last bit, so each MAC has one spelling */
#define MAC_LETTERS 16

static void sign(const unsigned char key[static 32], uint64_t waybill,
                 unsigned char mac[static MAC_BYTES])
{
    unsigned char whole[32];
    char digits[24];

    snprintf(digits, sizeof digits, "%018" PRIu64, waybill);
    digest_hmac(key, 32, digits, strlen(digits), whole);
    memcpy(mac, whole, MAC_BYTES);
}

/* RFC 4648 */
static void write_base32(const unsigned char bytes[static MAC_BYTES], char *to)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, count = 0;

    for (size_t i = 0; i < MAC_BYTES; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff;
        for (count += 8; count >= 5; count -= 5)
            *to++ = letters[bits >> (count - 5) & 31];
    }
    *to = '\0';
}

static int base32_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    return letter >= '2' && letter <= '7' ? letter - '2' + 26 : -1;
}

static bool read_base32(struct slice text, unsigned char bytes[static MAC_BYTES])
{
    unsigned bits = 0, count = 0;
    size_t size = 0;

    if (text.size != MAC_LETTERS)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int value = base32_value(text.at[i]);
        if (value < 0)
            return false;
        bits = (bits << 5 | (unsigned)value) & 0xfff;
        count += 5;
        if (count < 8)
            continue;
        count -= 8;
        bytes[size++] = (unsigned char)(bits >> count & 0xff);
    }
    return true;
}

void token_envid(const struct token_keys *keys, uint64_t waybill,
                 char text[static TOKEN_ENVID_ROOM])
{
    unsigned char mac[MAC_BYTES];
    char letters[MAC_LETTERS + 1];

    text[0] = '\0';
    if (keys->count == 0)
        return;
    sign(keys->key[0], waybill, mac);
    write_base32(mac, letters);
    snprintf(text, TOKEN_ENVID_ROOM, "WB%018" PRIu64 ".%s", waybill, letters);
}

/* Brackets and xtext ("+2E" for ".") off, letters in upper case; -1: too long to be ours. */
static int decode(struct slice text, char to[static TOKEN_ENVID_ROOM])
{
    size_t size = 0;

    text = slice_trim(text);
    if (text.size >= 2 && text.at[0] == '<' && text.at[text.size - 1] == '>')
        text = slice_make(text.at + 1, text.size - 2);
    for (size_t i = 0; i < text.size; i++) {
        int high = i + 2 < text.size ? text_hex(text.at[i + 1]) : -1;
        int low = high >= 0 ? text_hex(text.at[i + 2]) : -1;
        bool encoded = text.at[i] == '+' && low >= 0;
        if (size == TOKEN_ENVID_ROOM - 1)
            return -1;
        to[size++] = text_upper(encoded ? (char)(high << 4 | low) : text.at[i]);
        i += encoded ? 2 : 0;
    }
    to[size] = '\0';
    return (int)size;
}

static bool take_form(struct slice text, uint64_t *waybill, unsigned char mac[static MAC_BYTES])
{
    struct slice digits;

    return text_take(&text, "WB") && text_take_until(&text, '.', &digits) &&
           digits.size == ID_DIGITS && text_number(digits, 1, UINT64_MAX, waybill) &&
           read_base32(text, mac);
}

bool token_envid_read(const struct token_keys *keys, struct slice text, uint64_t *waybill)
{
    unsigned char given[MAC_BYTES], right[MAC_BYTES];
    char plain[TOKEN_ENVID_ROOM];
    bool genuine = false;
    uint64_t id;
    int size = decode(text, plain);

    if (size < 0 || !take_form(slice_make(plain, (size_t)size), &id, given))
        return false;
    for (unsigned i = 0; i < keys->count; i++) {
        sign(keys->key[i], id, right);
        genuine |= digest_same(given, right, MAC_BYTES);
    }
    if (genuine)
        *waybill = id;
    return genuine;
}

/* ---- of the API ---- */

static void make(const char prefix[static 4], char text[static TOKEN_API_ROOM])
{
    unsigned char bytes[32];

    digest_random(bytes, sizeof bytes);
    memcpy(text, prefix, 4);
    text_put_hex(bytes, 32, text + 4);
    explicit_bzero(bytes, sizeof bytes);
}

static bool hash(const unsigned char key[static 32], const char *prefix, struct slice text,
                 char to[static TOKEN_API_HASH_ROOM])
{
    unsigned char whole[32];
    struct slice digits = text;

    if (!text_take(&digits, prefix) || text.size != TOKEN_API_ROOM - 1)
        return false;
    for (size_t i = 0; i < digits.size; i++)
        if (text_hex(digits.at[i]) < 0)
            return false;
    digest_hmac(key, 32, text.at, text.size, whole);
    text_put_hex(whole, 32, to);
    return true;
}

void token_api_make(char text[static TOKEN_API_ROOM])
{
    make(TOKEN_API_PREFIX, text);
}

bool token_api_hash(const unsigned char key[static 32], struct slice text,
                    char to[static TOKEN_API_HASH_ROOM])
{
    return hash(key, TOKEN_API_PREFIX, text, to);
}

void token_session_make(char text[static TOKEN_API_ROOM])
{
    make(TOKEN_SESSION_PREFIX, text);
}

bool token_session_hash(const unsigned char key[static 32], struct slice text,
                        char to[static TOKEN_API_HASH_ROOM])
{
    return hash(key, TOKEN_SESSION_PREFIX, text, to);
}

/* A key of its own, so that what proves is never what something is known by. */
void token_session_proof(const unsigned char key[static 32], struct slice text,
                         char proof[static TOKEN_API_HASH_ROOM])
{
    unsigned char of_proofs[32], whole[32];

    digest_hmac(key, 32, "proof", 5, of_proofs);
    digest_hmac(of_proofs, 32, text.at, text.size, whole);
    text_put_hex(whole, 32, proof);
}
