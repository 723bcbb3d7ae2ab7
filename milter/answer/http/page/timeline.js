// SPDX-License-Identifier: BSD-2-Clause
// timeline: the facts of a mail in their order, in plain words; attempts that repeat are one entry.
import { data, element } from "./dom.js";
import { compose, count, has, say } from "./messages.js";
import { kindOf, STATES, symbol } from "./states.js";
import { duration, timeElement } from "./times.js";

const MOMENT = 2000; // ms

const FOLDED = ["rcpt", "delivered", "delayed", "failed", "expired"];

// What would be the same entry: the same said of another recipient within a moment, or again of one
// who was told so before.
function same(one, fact) {
    return one.fact.kind === fact.kind && one.fact.source === fact.source && one.fact.trust === fact.trust &&
        one.fact.values.reply === fact.values.reply && one.fact.values.relay === fact.values.relay &&
        (fact.kind === "delayed" && one.to.has(fact.values.to) ||
            new Date(fact.event_time) - new Date(one.fact.event_time) < MOMENT);
}

// [{fact, last, to, times}]
function fold(facts) {
    const folded = [];
    for (const fact of facts) {
        const before = FOLDED.includes(fact.kind) ? folded.findLast((one) => same(one, fact)) : null;
        if (before) {
            before.times += before.to.has(fact.values.to) ? 1 : 0;
            before.to.add(fact.values.to);
            before.last = fact;
        } else {
            folded.push({ fact, last: fact, to: new Set([fact.values.to]), times: 1 });
        }
    }
    return folded;
}

function names(to) {
    const [first, ...more] = [...to];
    if (!first)
        return element("span", { class: "faint" }, say("page.unknown"));
    return more.length > 0 ? element("span", {}, data(first), " ", count("page.others.", more.length)) : data(first);
}

function value(values, ...names) {
    const name = names.find((one) => values[one]);
    return name ? data(values[name]) : element("span", { class: "faint" }, say("page.unknown"));
}

function words({ fact, to }) {
    const { values } = fact;
    const key = has(`page.fact.${fact.kind}`) ? `page.fact.${fact.kind}` : "page.fact.other";
    return compose(key, {
        to: names(to), from: values.from === "" ? say("page.nobody") : value(values, "from"),
        client: value(values, "client", "ip", "helo"), relay: value(values, "relay", "via"), next: value(values, "next"), kind: data(fact.kind),
    });
}

function raw(fact) {
    return element("dl", { class: "values" },
        [["source", fact.source], ["kind", fact.kind], ["trust", fact.trust], ...Object.entries(fact.values)].map(([name, text]) =>
            [element("dt", {}, name), element("dd", {}, data(text))]));
}

function entry(one) {
    const { fact, last, times } = one;
    const state = STATES.includes(fact.kind) ? fact.kind : fact.kind === "refused" ? "rejected" : null;
    const claimed = fact.trust === "claimed";
    return element("li", { class: state && !claimed ? kindOf(state) : "none" },
        element("span", { class: "dot" }, state ? symbol(state) : null),
        element("span", { class: "when" }, timeElement(fact.event_time, true)),
        element("div", { class: "what" },
            element("details", {}, element("summary", {}, words(one), fact.source === "report" && [" ", element("em", {}, say(claimed ? "page.fact.claimed" : "page.fact.told"))]), raw(last)),
            times > 1 && element("p", { class: "faint" }, count("page.attempts.", times), " ",
                say("page.attempts.span", { time: duration(new Date(last.event_time) - new Date(fact.event_time)) })),
            fact.values.reply && element("p", { class: "said" }, data(fact.values.reply))));
}

export function timeline(mail) {
    return element("section", { "aria-labelledby": "timeline-title" },
        element("h2", { id: "timeline-title" }, say("page.timeline")),
        element("ol", { id: "timeline" }, fold(mail.timeline).map(entry)));
}
