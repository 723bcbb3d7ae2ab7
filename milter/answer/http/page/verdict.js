// SPDX-License-Identifier: BSD-2-Clause
// verdict: what happened, why, who has to act, by when, and how sure that is. Recipients of whom the
// same is true are told together.
import { data, element, plain } from "./dom.js";
import { count, figure, has, locale, say } from "./messages.js";
import { asSentence } from "./rows.js";
import { badge, kindOf, stateWord, weigh } from "./states.js";
import { ago, fullMoment } from "./times.js";

const NAMED = 5; // so many addresses are named before "and others"

// [{recipients, state, verdict}], the worst first.
export function groups(mail) {
    const found = new Map();
    for (const one of mail.recipients) {
        const { what, why, act, who } = one.verdict;
        const key = JSON.stringify([one.state, what, why, act, who]);
        if (!found.has(key))
            found.set(key, { recipients: [], state: one.state, verdict: one.verdict });
        found.get(key).recipients.push(one);
    }
    return [...found.values()].sort((a, b) => weigh(a.state) - weigh(b.state));
}

export function whoActs(verdict) {
    return has(`page.actor.${verdict.who}`) ? say(`page.actor.${verdict.who}`) : plain(verdict.who);
}

// On what the outcome rests: the last fact that speaks of it.
function trustOf(mail, group) {
    const names = new Set(group.recipients.map((one) => one.recipient));
    const facts = mail.timeline.filter((fact) => names.has(fact.values.to));
    const told = facts.filter((fact) => fact.trust !== "claimed").at(-1);
    const keys = [told ? `page.trust.${told.source === "report" ? told.trust : "own"}` : "page.trust.none"];
    if (facts.some((fact) => fact.trust === "claimed"))
        keys.push("page.trust.claimed");
    if (group.recipients[0].reason === "undefined")
        keys.push("page.trust.norule");
    return keys.map((key) => say(key)).join(" ");
}

function row(label, ...words) {
    return element("div", { class: "row" }, element("dt", {}, say(label)), element("dd", {}, words));
}

function rows(mail, group) {
    const { why, act, until, reported } = group.verdict;
    return element("dl", { class: "told" },
        why && row("page.verdict.why", asSentence(why)),
        row("page.verdict.who", whoActs(group.verdict), act ? [": ", asSentence(act)] : "."),
        until && row("page.verdict.until", say("page.verdict.until.text", { time: fullMoment(until), ago: ago(until) })),
        reported && row("page.verdict.reported", say("page.verdict.reported.text")),
        row("page.verdict.trust", trustOf(mail, group)));
}

function addresses(group) {
    const named = group.recipients.slice(0, NAMED).map((one) => data(one.recipient));
    const more = group.recipients.length - named.length;
    return element("p", { class: "addresses" }, named.flatMap((one, index) => index > 0 ? [", ", one] : [one]),
        more > 0 ? ` ${count("page.others.", more)}` : "");
}

function raw(group) {
    const said = [...new Set(group.recipients.map((one) => one.response).filter((words) => words))];
    if (said.length === 0)
        return null;
    return element("details", { class: "raw" }, element("summary", {}, say("page.verdict.raw")),
        said.slice(0, 10).map((words) => element("blockquote", {}, data(words))));
}

function card(mail, group, first) {
    return element("section", { class: `verdict ${kindOf(group.state)}` },
        element("div", { class: "head" }, badge(group.state), addresses(group)),
        element("p", { class: "sentence", id: first ? "verdict" : null }, asSentence(group.verdict.what)),
        rows(mail, group), raw(group));
}

// "9 delivered, 1 failed, and 1 delayed"
export function summary(mail) {
    const numbers = new Map();
    for (const one of mail.recipients)
        numbers.set(one.state, (numbers.get(one.state) ?? 0) + 1);
    return [...numbers].sort(([a], [b]) => weigh(a) - weigh(b))
        .map(([state, number]) => say("page.counted", { n: figure(number), state: stateWord(state).toLocaleLowerCase(locale()) }));
}

export function verdicts(mail) {
    const all = groups(mail);
    if (all.length === 0)
        return [element("section", { class: `verdict ${kindOf(mail.state)}` }, element("div", { class: "head" }, badge(mail.state)),
            element("p", { class: "sentence", id: "verdict" }, say("page.norecipient")))];
    return all.map((group, index) => card(mail, group, index === 0));
}
