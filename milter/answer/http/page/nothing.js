// SPDX-License-Identifier: BSD-2-Clause
// nothing: no mail was found. What was watched meanwhile, what to try, and what to ask the caller.
import { data, element } from "./dom.js";
import { say } from "./messages.js";
import { link } from "./route.js";
import { fullMoment } from "./times.js";

function domainOf(words) {
    const found = /@([^@\s>]+)>?$/.exec(words.to || words.from || "");
    return found?.[1] ?? "";
}

function tries(words) {
    const domain = domainOf(words), q = (words.q ?? "").trim(), list = [];
    const other = (changes, text) => list.push(element("li", {},
        element("a", { href: link("search", "", { ...words, ...changes }) }, text)));
    if (words.when && words.when !== "30d")
        other({ when: "30d", day: "" }, say("page.try.longer"));
    if (words.state)
        other({ state: "" }, say("page.try.state"));
    if (domain)
        other(words.to ? { to: domain } : { from: domain }, say("page.try.domain", { domain }));
    if (/^[^\s:<>"]+@[^\s:<>"]+$/.test(q))
        other({ q: `message-id:"${q}"` }, say("page.try.messageid"));
    return list.length > 0 ? [element("h3", {}, say("page.try")), element("ul", {}, list)] : null;
}

export function nothingFound(about, words) {
    return element("section", { id: "nothing" },
        element("h2", {}, say("page.nothing")),
        element("p", {}, say("page.nothing.text", { since: fullMoment(about.since), until: fullMoment(about.until) })),
        element("h3", {}, say("page.coverage")),
        (about.coverage ?? []).length > 0
            ? element("ul", { id: "coverage" }, about.coverage.map((line) => element("li", {}, data(line))))
            : element("p", {}, say("page.coverage.none")),
        element("p", { class: "notice" }, say("page.nothing.meaning")),
        tries(words),
        element("h3", {}, say("page.ask")),
        element("ul", {}, [1, 2, 3, 4].map((number) => element("li", {}, say(`page.ask.${number}`)))));
}
