// SPDX-License-Identifier: BSD-2-Clause
// rows: a mail in a list, told by the recipient that most needs eyes.
import { data, element, plain } from "./dom.js";
import { compose, count, say } from "./messages.js";
import { mailLink } from "./route.js";
import { badge, weigh } from "./states.js";
import { timeElement } from "./times.js";

export function worstOf(mail) {
    return [...mail.recipients].sort((a, b) => weigh(a.state) - weigh(b.state))[0];
}

export function addressOf(text) {
    return text ? data(text) : element("span", { class: "faint" }, say("page.nobody"));
}

// A sentence of the server: it begins with a capital and ends with a full stop.
export function asSentence(text) {
    const words = plain(text);
    return words === "" ? "" : words[0].toLocaleUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}

export function shortWords(recipient) {
    const { what, why } = recipient.verdict;
    return [what, why].filter((part) => part).map(asSentence).join(" ");
}

function toOf(mail) {
    const worst = worstOf(mail), more = mail.recipients.length - 1;
    if (!worst)
        return addressOf("");
    return more > 0 ? [data(worst.recipient), " ", element("span", { class: "faint" }, count("page.others.", more))]
        : data(worst.recipient);
}

export function mailRow(mail) {
    const worst = worstOf(mail);
    return element("li", { class: "mail" },
        element("a", { class: "open", href: mailLink(mail.trace_id) },
        element("span", { class: "when" }, timeElement(mail.event_time)),
        badge(mail.state),
        element("span", { class: "way" }, compose("page.way", { from: addressOf(mail.sender), to: element("span", {}, toOf(mail)) })),
        mail.subject && element("span", { class: "subject" }, data(mail.subject)),
        worst && element("span", { class: "short" }, shortWords(worst))));
}
