// SPDX-License-Identifier: BSD-2-Clause
// evidence: recipients, the mail's way over several servers, and what a technician asks for.
import { data, element } from "./dom.js";
import { compose, figure, has, say } from "./messages.js";
import { mailLink } from "./route.js";
import { badge, weigh } from "./states.js";
import { addressOf } from "./rows.js";
import { fullMoment, timeElement } from "./times.js";

const SHOWN = 50;

// ---- recipients ----

function recipientRow(one) {
    const cell = (label, ...words) => element("td", { "data-label": say(label) }, words);
    return element("tr", {},
        element("th", { scope: "row", "data-label": say("page.field.to") }, data(one.recipient),
            one.original_recipient && element("span", { class: "faint" }, " ", compose("page.original", { address: data(one.original_recipient) }))),
        cell("page.field.state", badge(one.state)),
        cell("page.since", one.since ? timeElement(one.since) : "–"),
        cell("page.server", one.remote ? data(one.remote.name || one.remote.ip) : "–"),
        cell("page.theirid", one.next_queue_id ? data(one.next_queue_id) : "–"),
        cell("page.tries", figure(one.attempts)));
}

export function recipients(mail) {
    const all = [...mail.recipients].sort((a, b) => weigh(a.state) - weigh(b.state));
    const body = element("tbody", {}, all.slice(0, SHOWN).map(recipientRow)), rest = all.slice(SHOWN);
    const more = rest.length > 0 && element("button", { type: "button", click() {
        body.append(...rest.map(recipientRow));
        more.remove();
    } }, say("page.all", { n: figure(all.length) }));
    return element("section", { id: "recipients", "aria-labelledby": "recipients-title" },
        element("h2", { id: "recipients-title" }, say("page.recipients")),
        element("table", { class: "cards" }, element("thead", {}, element("tr", {},
            ["page.field.to", "page.field.state", "page.since", "page.server", "page.theirid", "page.tries"]
                .map((key) => element("th", { scope: "col" }, say(key))))), body),
        more);
}

// ---- hops ----

function other(way, code, state) {
    const key = has(`page.hop.${way}`) ? `page.hop.${way}` : "page.hop.other";
    return element("li", {}, state && badge(state), " ",
        compose(key, { mail: element("a", { href: mailLink(code) }, code) }));
}

export function hops(mail) {
    const list = [
        mail.came_from && element("li", {}, compose("page.hop.from", { mail: element("a", { href: mailLink(mail.came_from.trace_id) }, mail.came_from.trace_id) })),
        mail.report_on && element("li", {}, compose("page.hop.about", { mail: element("a", { href: mailLink(mail.report_on.trace_id) }, mail.report_on.trace_id) })),
        ...(mail.chain ?? []).map((leg) => other(leg.way, leg.trace_id, leg.state)),
        ...(mail.reports ?? []).filter((report) => !(mail.chain ?? []).some((leg) => leg.trace_id === report.trace_id))
            .map((report) => other("report", report.trace_id)),
        mail.chain_bounded && element("li", {}, say("page.hop.more")),
    ].filter((one) => one);
    if (list.length === 0)
        return null;
    return element("section", { id: "hops", "aria-labelledby": "hops-title" },
        element("h2", { id: "hops-title" }, say("page.hops")), element("ul", {}, list));
}

// ---- for the technician ----

function rowsOf(mail) {
    const { client } = mail, tls = client.tls;
    return [
        ["page.evidence.time", fullMoment(mail.event_time)], ["page.evidence.code", mail.trace_id],
        ["page.evidence.server", mail.reporting_mta], ["page.evidence.queueid", mail.queue_id],
        ["page.evidence.from", mail.sender === "" ? addressOf("") : mail.sender], ["page.evidence.headerfrom", mail.header_from],
        ["page.evidence.messageid", mail.message_id], ["page.evidence.subject", mail.subject], ["page.evidence.date", mail.date],
        ["page.evidence.size", mail.size === null ? null : say("page.bytes", { n: figure(mail.size) })],
        ["page.evidence.client", [client.name, client.ip && `[${client.ip}]`].filter((part) => part).join(" ")],
        ["page.evidence.helo", client.helo], ["page.evidence.login", client.auth_user],
        ["page.evidence.tls", tls ? `${tls.version} ${tls.cipher ?? ""}` : null],
        ["page.evidence.list", mail.list_id], ["page.evidence.envid", mail.envelope_id],
    ].filter(([, value]) => value !== null && value !== undefined && value !== "");
}

function outcome(one) {
    const rows = [["page.field.to", one.recipient], ["page.evidence.remote", one.remote && [one.remote.name, `[${one.remote.ip}]`, one.remote.port].filter((part) => part).join(" ")],
        ["page.theirid", one.next_queue_id], ["page.evidence.status", one.status], ["page.evidence.words", one.response],
        ["page.evidence.tried", one.last_attempt_time && fullMoment(one.last_attempt_time)],
        ["page.evidence.reason", one.reason], ["page.evidence.rule", one.rule]];
    return table(rows.filter(([, value]) => value));
}

function table(rows) {
    return element("dl", { class: "values" }, rows.map(([label, value]) =>
        [element("dt", {}, say(label)), element("dd", {}, value instanceof Node ? value : data(value))]));
}

export function evidence(mail) {
    return element("section", { "aria-labelledby": "evidence-title" },
        element("h2", { id: "evidence-title" }, say("page.evidence")),
        element("details", { id: "evidence" }, element("summary", {}, say("page.evidence.open")),
            table(rowsOf(mail)), mail.recipients.slice(0, SHOWN).map(outcome)));
}
