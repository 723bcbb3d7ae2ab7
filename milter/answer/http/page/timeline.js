// SPDX-License-Identifier: BSD-2-Clause
// timeline: the facts of a mail in their order, in plain words; attempts that repeat are one entry.
import { data, element } from "./dom.js";
import { compose, count, has, say } from "./messages.js";
import { kindOf, STATES, symbol } from "./states.js";
import { duration, timeElement } from "./times.js";

// [{fact, last, times}]
function fold(facts) {
    const folded = [];
    for (const fact of facts) {
        const before = folded.findLast((one) => one.fact.kind === fact.kind && one.fact.values.to === fact.values.to);
        if (fact.kind === "delayed" && before && before.fact.values.reply === fact.values.reply) {
            before.last = fact;
            before.times++;
        } else {
            folded.push({ fact, last: fact, times: 1 });
        }
    }
    return folded;
}

function value(values, ...names) {
    const name = names.find((one) => values[one]);
    return name ? data(values[name]) : element("span", { class: "faint" }, say("page.unknown"));
}

function words(fact) {
    const { values } = fact;
    const key = has(`page.fact.${fact.kind}`) ? `page.fact.${fact.kind}` : "page.fact.other";
    return compose(key, {
        to: value(values, "to"), from: values.from === "" ? say("page.nobody") : value(values, "from"),
        client: value(values, "client", "ip", "helo"), relay: value(values, "relay", "via"), next: value(values, "next"), kind: data(fact.kind),
    });
}

function raw(fact) {
    return element("dl", { class: "values" },
        [["source", fact.source], ["kind", fact.kind], ["trust", fact.trust], ...Object.entries(fact.values)].map(([name, text]) =>
            [element("dt", {}, name), element("dd", {}, data(text))]));
}

function entry({ fact, last, times }) {
    const state = STATES.includes(fact.kind) ? fact.kind : fact.kind === "refused" ? "rejected" : null;
    const claimed = fact.trust === "claimed";
    return element("li", { class: state && !claimed ? kindOf(state) : "none" },
        element("span", { class: "dot" }, state ? symbol(state) : null),
        element("span", { class: "when" }, timeElement(fact.event_time, true)),
        element("div", { class: "what" },
            element("details", {}, element("summary", {}, words(fact), claimed && [" ", element("em", {}, say("page.fact.claimed"))]), raw(last)),
            times > 1 && element("p", { class: "faint" }, count("page.attempts.", times), " ",
                say("page.attempts.span", { time: duration(new Date(last.event_time) - new Date(fact.event_time)) })),
            fact.values.reply && element("p", { class: "said" }, data(fact.values.reply))));
}

export function timeline(mail) {
    return element("section", { "aria-labelledby": "timeline-title" },
        element("h2", { id: "timeline-title" }, say("page.timeline")),
        element("ol", { id: "timeline" }, fold(mail.timeline).map(entry)));
}
