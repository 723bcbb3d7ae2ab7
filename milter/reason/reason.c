/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reason: the words for reasons and for those who have to act.
 */
#include "waybill/reason.h"

static const struct {
    const char *word, *text;
    enum hardness hardness;
    enum actor actor;
} reasons[REASON_COUNT] = {
#define X(symbol, word, hardness, actor, text)                                                     \
    [REASON_##symbol] = {word, text, HARDNESS_##hardness, ACTOR_##actor},
    REASONS(X)
#undef X
};

const char *reason_word(enum reason reason)
{
    return reason < REASON_COUNT ? reasons[reason].word : "unknown";
}

const char *reason_text(enum reason reason)
{
    return reason < REASON_COUNT ? reasons[reason].text : "unknown";
}

enum hardness reason_hardness(enum reason reason)
{
    return reason < REASON_COUNT ? reasons[reason].hardness : HARDNESS_NONE;
}

enum actor reason_actor(enum reason reason)
{
    return reason < REASON_COUNT ? reasons[reason].actor : ACTOR_UNCLEAR;
}

int reason_of(struct slice word)
{
    for (int reason = 0; reason < REASON_COUNT; reason++)
        if (slice_is(word, reasons[reason].word))
            return reason;
    return -1;
}

const char *hardness_word(enum hardness hardness)
{
    static const char *const words[] = {"none", "soft", "hard"};
    return words[hardness];
}

const char *actor_word(enum actor actor)
{
    static const char *const words[ACTOR_COUNT] = {
#define X(symbol, word) word,
        ACTORS(X)
#undef X
    };
    return actor < ACTOR_COUNT ? words[actor] : "unknown";
}
