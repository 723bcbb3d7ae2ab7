// SPDX-License-Identifier: BSD-2-Clause
// board: how it goes with all mails of a time: what became of them, why they fail and where, and
// whether anybody was watching.
import { get, who } from "./api.js";
import { columns, ranking, tile } from "./charts.js";
import { data, element, replace } from "./dom.js";
import { compose, count, has, say } from "./messages.js";
import { value } from "./query.js";
import { go, link, searchLink } from "./route.js";
import { kindOf } from "./states.js";
import { duration, fullMoment, moment } from "./times.js";

const HOUR = 3600000;
const SPANS = { "24h": { by: "hour", slots: 24, step: HOUR }, "7d": { by: "day", slots: 7, step: 24 * HOUR }, "30d": { by: "day", slots: 30, step: 24 * HOUR } };
const FAILED = "failed,expired,rejected";
const STATES = { good: "delivered,expanded", wait: "accepted,delayed,held", bad: FAILED, none: "canceled,discarded,abandoned,unresolved" };
const KINDS = ["good", "wait", "bad", "none"];
const TOP = 8;

// ---- over time ----

// "2026-11-22 14:00" and "2026-11-22", in the zone of the server that counted.
function slotText(ms, by) {
    const text = new Date(ms).toISOString();
    return by === "hour" ? `${text.slice(0, 10)} ${text.slice(11, 13)}:00` : text.slice(0, 10);
}

function spanOf(slot, by) {
    return by === "hour" ? `since:${slot.replace(" ", "T")} until:${slot.slice(0, 10)}T${slot.slice(11, 13)}:59:59` : `since:${slot} until:${slot}`;
}

function slotsOf(groups, span) {
    const named = groups.map((group) => group[span.by]).filter((slot) => slot).sort();
    const last = named.length > 0 ? Date.parse(`${named.at(-1).replace(" ", "T")}${span.by === "hour" ? "" : "T00:00"}Z`) : Date.now();
    const slots = Array.from({ length: span.slots }, (_, index) => slotText(last - (span.slots - 1 - index) * span.step, span.by));
    return slots.map((slot) => ({ slot, label: slot, short: span.by === "hour" ? slot.slice(11) : slot.slice(5), numbers: {} }));
}

function overTime(groups, span) {
    const all = slotsOf(groups, span);
    for (const group of groups) {
        const one = all.find(({ slot }) => slot === group[span.by]), kind = kindOf(group.state);
        if (one)
            one.numbers[kind] = (one.numbers[kind] ?? 0) + group.recipients;
    }
    const layers = KINDS.map((key) => ({ key, label: say(`page.board.${key}`),
        link: (one) => searchLink(`state:${STATES[key]} ${spanOf(one.slot, span.by)}`) }));
    return columns(say(`page.board.time.${span.by}`), all, layers.filter(({ key }) => key !== "none" || groups.some((group) => kindOf(group.state) === "none")));
}

function tiles(groups, since) {
    return element("div", { class: "tiles" }, ["good", "wait", "bad"].map((kind) =>
        tile(say(`page.board.${kind}`), groups.filter((group) => kindOf(group.state) === kind).reduce((sum, group) => sum + group.recipients, 0),
            kind, searchLink(`state:${STATES[kind]} since:-${since}`))));
}

// ---- why and where ----

function reasons(groups, since) {
    const rows = groups.filter((group) => group.reason).slice(0, TOP).map((group) => ({
        label: has(`page.reason.${group.reason}`) ? say(`page.reason.${group.reason}`) : data(group.reason), number: group.recipients,
        link: searchLink(`reason:${group.reason} state:${FAILED} since:-${since}`),
    }));
    return ranking(say("page.board.reasons"), rows, say("page.board.nofailure"));
}

function domains(groups, states, title, kind, since) {
    const rows = groups.filter((group) => group.domain).slice(0, TOP).map((group) => ({
        label: data(group.domain), number: group.recipients, kind,
        link: searchLink(`to:${value(`@${group.domain}`)} state:${states} since:-${since}`),
    }));
    return ranking(title, rows, say(kind === "wait" ? "page.board.nodelay" : "page.board.nofailure"));
}

// ---- was it watched ----

function witness(one) {
    const name = has(`page.witness.${one.witness}`) ? say(`page.witness.${one.witness}`) : one.witness;
    const gaps = one.gaps.slice(-5).map((gap) => element("li", {}, say("page.board.gap", {
        from: moment(gap.from), until: moment(gap.until), time: duration(gap.ms) }), " ", data(gap.meaning ?? gap.cause)));
    return element("li", { class: one.silent_since ? "bad" : one.gaps.length > 0 ? "wait" : "good" },
        element("p", {}, data(one.host ?? String(one.node)), ": ", element("b", {}, name), " – ",
            one.since ? say("page.board.watched", { since: moment(one.since) }) : say("page.board.never"),
            one.silent_since ? [" ", element("strong", {}, say("page.board.silent", { time: moment(one.silent_since) }))] : null),
        gaps.length > 0 && element("ul", {}, gaps));
}

function coverage(told) {
    return element("figure", { class: "chart wide" }, element("figcaption", {}, say("page.coverage")),
        element("ul", { class: "witnesses" }, told.witnesses.map(witness)),
        told.gaps_not_told > 0 && element("p", { class: "faint" }, count("page.board.moregaps.", told.gaps_not_told)));
}

// ---- all of it ----

function choice(chosen) {
    return element("label", { class: "field inline", for: "board-span" }, say("page.board.span"),
        element("select", { id: "board-span", change: (event) => go(link("board", "", { span: event.target.value })) },
            Object.keys(SPANS).map((key) => element("option", { value: key, selected: key === chosen }, say(`page.when.${key}`)))));
}

function ask(since, span, signal) {
    const stats = (by, q) => get("stats", { by, q: `${q} since:-${since}`.trim() }, signal);
    return Promise.all([
        stats(`${span.by},state`, ""), stats("reason", `state:${FAILED}`), stats("domain", `state:${FAILED}`),
        stats("domain", "state:delayed"), who()?.role === "sender" ? null : get("coverage", { since: `-${since}` }, signal),
    ]);
}

export async function view(main, route, { signal }) {
    const since = Object.hasOwn(SPANS, route.words.span ?? "") ? route.words.span : "24h", span = SPANS[since];
    const charts = element("div", { class: "charts", "aria-busy": "true" }, element("p", { class: "busy" }, say("page.busy")));
    document.title = `${say("page.nav.board")} – Waybill`;
    replace(main, element("section", { id: "board" },
        element("div", { class: "bar" }, element("h1", {}, say("page.nav.board")), choice(since)), charts));
    const [time, why, failing, waiting, watched] = await ask(since, span, signal);
    const { sums } = time;
    replace(charts,
        tiles(time.groups, since),
        element("p", { class: "faint wide" }, compose("page.board.sums", { mails: count("page.mails.", sums.mails), recipients: count("page.recipients.n.", sums.recipients),
            since: fullMoment(sums.since), until: fullMoment(sums.until) })),
        sums.incomplete && element("p", { class: "notice bad" }, say("page.incomplete"), " ", data(sums.incomplete)),
        sums.bounded && element("p", { class: "notice" }, say("page.bounded", { time: sums.scanned_until ? moment(sums.scanned_until) : "" })),
        overTime(time.groups, span), reasons(why.groups, since),
        domains(failing.groups, FAILED, say("page.board.failing"), "bad", since),
        domains(waiting.groups, "delayed", say("page.board.waiting"), "wait", since),
        watched && coverage(watched));
    charts.removeAttribute("aria-busy");
}
