// SPDX-License-Identifier: BSD-2-Clause
// query: the words of waybill-query(7) out of what was typed into plain fields.

const CODE = /^[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z]{4}-?[0-9A-HJKMNP-TV-Z*~$=U]$/i;
const LIKE_CODE = /^[0-9A-Z]{4}[- ][0-9A-Z]{4}[- ][0-9A-Z]{2,5}([- ][0-9A-Z])?$/i;
const NUMBER = /^\d{18}$/;
const QUEUE_ID = /^(?=.*\d)[0-9A-Za-z]{6,20}$/;
const SPANS = { "1h": "since:-1h", "24h": "since:-24h", today: "since:today",
    yesterday: "since:yesterday until:yesterday", "7d": "since:-7d", "30d": "since:-30d" };
export const WHEN = Object.keys(SPANS);

export function isCode(text) {
    const word = text.trim();
    return CODE.test(word) || LIKE_CODE.test(word) || NUMBER.test(word);
}

export function value(text) {
    return /^[^\s",:]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

// An address, or what stands behind the @ of one.
function person(field, text) {
    const word = text.trim().replace(/^<(.*)>$/, "$1");
    if (word === "")
        return "";
    return `${field}:${value(!word.includes("@") && word.includes(".") ? `@${word}` : word)}`;
}

// What somebody pastes alone: a queue id is the only thing that the server does not know by itself.
function loose(text) {
    const word = text.trim();
    return QUEUE_ID.test(word) && !isCode(word) ? `queue-id:${word}` : word;
}

export function compose({ q = "", to = "", from = "", when = "", day = "", state = "" }) {
    const span = when === "day" ? (/^\d{4}-\d{2}-\d{2}$/.test(day) ? `since:${day} until:${day}` : "")
        : SPANS[when] ?? "";
    return [loose(q), person("to", to), person("from", from), state ? `state:${state}` : "", span]
        .filter((part) => part !== "").join(" ");
}

// The byte that an error of the API names, as a place in the text.
export function placeOf(text, at) {
    return new TextDecoder().decode(new TextEncoder().encode(text).slice(0, at)).length;
}
