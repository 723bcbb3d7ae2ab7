// SPDX-License-Identifier: BSD-2-Clause
// search: one box, plain fields, the mails that were found, and what to do where there are none.
import { get } from "./api.js";
import { announce, byId, data, element, plain, replace } from "./dom.js";
import { compose as sentence, count, say } from "./messages.js";
import { compose, isCode, placeOf, WHEN } from "./query.js";
import { go, link, mailLink } from "./route.js";
import { asSentence, mailRow } from "./rows.js";
import { nothingFound } from "./nothing.js";
import { STATES, stateWord } from "./states.js";
import { moment } from "./times.js";

const PAGE = 25;
const CHOICES = [["failed,expired,rejected", "page.choice.failed"], ["accepted,delayed,held", "page.choice.waiting"]];

// ---- the form ----

function option(chosen, key, text) {
    return element("option", { value: key, selected: chosen === key }, text);
}

function field(name, label, control) {
    return element("label", { class: "field", for: `field-${name}` }, say(label), control);
}

function textField(words, name, label, hint) {
    return field(name, label, element("input", {
        id: `field-${name}`, name, value: words[name] ?? "", type: "text", inputmode: "email",
        autocapitalize: "none", autocomplete: "off", spellcheck: "false", placeholder: say(hint),
    }));
}

function whenField(words) {
    const day = element("input", { id: "field-day", name: "day", type: "date", value: words.day ?? "",
        "aria-label": say("page.field.day"), hidden: words.when !== "day" });
    const choose = element("select", {
        id: "field-when", name: "when",
        change: () => { day.hidden = choose.value !== "day"; if (!day.hidden) day.focus(); },
    }, option(words.when, "", say("page.when.any")), WHEN.map((key) => option(words.when, key, say(`page.when.${key}`))),
    option(words.when, "day", say("page.when.day")));
    return element("div", { class: "pair" }, field("when", "page.field.when", choose), day);
}

function stateField(words) {
    return field("state", "page.field.state", element("select", { id: "field-state", name: "state" },
        option(words.state, "", say("page.choice.any")),
        CHOICES.map(([key, label]) => option(words.state, key, say(label))),
        STATES.map((state) => option(words.state, state, stateWord(state)))));
}

function codeField() {
    return field("code", "page.field.code", element("input", {
        id: "field-code", name: "code", type: "text", autocapitalize: "characters", autocomplete: "off",
        spellcheck: "false", placeholder: "77XH-BSA4-NAW1-T",
    }));
}

function submit(event) {
    const form = event.target, words = {};
    event.preventDefault();
    for (const name of ["q", "to", "from", "when", "day", "state"])
        words[name] = form.elements[name].value.trim();
    if (words.when !== "day")
        words.day = "";
    const code = form.elements.code.value.trim() || (isCode(words.q) ? words.q : "");
    go(code ? mailLink(code.replace(/\s+/g, "-")) : link("search", "", words));
}

function formOf(words) {
    return element("form", { id: "search", role: "search", submit },
        element("label", { for: "q", class: "big" }, say("page.search.label")),
        element("div", { class: "ask" },
            element("input", { id: "q", name: "q", type: "search", value: words.q ?? "", autocomplete: "off",
                autocapitalize: "none", spellcheck: "false", maxlength: "4000", enterkeyhint: "search",
                placeholder: say("page.search.hint"), "aria-describedby": "fault" }),
            element("button", { id: "search-button", class: "main" }, say("page.search.go"))),
        element("p", { id: "fault", class: "fault", hidden: true }),
        element("div", { class: "fields" },
            textField(words, "to", "page.field.to", "page.field.to.hint"),
            textField(words, "from", "page.field.from", "page.field.from.hint"),
            whenField(words), stateField(words), codeField()));
}

// The words of the query with the wrong one marked.
function showFault(asked, why) {
    const fault = byId("fault");
    const begin = placeOf(asked, why.at), end = placeOf(asked, why.at + why.size);
    replace(fault, asSentence(why.message), element("br"),
        element("code", {}, plain(asked.slice(0, begin)), element("mark", {}, plain(asked.slice(begin, end)) || " "),
            plain(asked.slice(end))));
    fault.hidden = false;
    byId("q").setAttribute("aria-invalid", "true");
    byId("q").focus();
}

// ---- what was found ----

function remarks(about) {
    return [
        about.incomplete && element("p", { class: "notice bad" }, say("page.incomplete"), " ", data(about.incomplete)),
        about.bounded && element("p", { class: "notice" }, say("page.bounded",
            { time: about.scanned_until ? moment(about.scanned_until) : "" })),
        about.unreadable > 0 && element("p", { class: "notice" }, count("page.unreadable.", about.unreadable)),
    ];
}

function setCount(head, shown, about) {
    replace(head, about.next ? say("page.found.more", { n: shown }) : count("page.found.", shown),
        " ", element("span", { class: "faint" }, say("page.found.span", { since: moment(about.since), until: moment(about.until) })));
}

async function fetchPage(asked, after, signal) {
    return get("search", { q: asked, limit: PAGE, after }, signal);
}

function moreButton(results, head, asked, first, signal, fail) {
    let { next } = first.page;
    const button = element("button", { type: "button", id: "more", async click() {
        button.disabled = true;
        try {
            const found = await fetchPage(asked, next, signal);
            const before = results.children.length;
            results.append(...found.waybills.map(mailRow));
            next = found.page.next;
            setCount(head, results.children.length, found.page);
            results.children[before]?.querySelector("a.open").focus();
            button.hidden = !next;
        } catch (why) {
            fail(why);
        }
        button.disabled = false;
    } }, say("page.more"));
    return next ? button : null;
}

function show(place, asked, words, found, signal, fail) {
    const results = element("ol", { id: "results" }, found.waybills.map(mailRow));
    const head = element("h2", { id: "found" });
    setCount(head, found.waybills.length, found.page);
    announce(head.textContent);
    replace(place, found.waybills.length > 0 ? head : null,
        asked && element("p", { class: "asked faint" }, sentence("page.asked", { query: element("code", {}, plain(asked)) })),
        remarks(found.page),
        found.waybills.length > 0 ? results : nothingFound(found.page, words),
        moreButton(results, head, asked, found, signal, fail));
}

function examples() {
    const rows = [["page.example.to", { to: "bob@example.org" }], ["page.example.domain", { to: "example.org", state: "delayed" }],
        ["page.example.query", { q: "to:@example.org state:failed since:-2d" }]];
    return element("section", { class: "hints" },
        element("h2", {}, say("page.start.title")), element("p", {}, say("page.start.text")),
        element("ul", {}, rows.map(([key, words]) => element("li", {},
            element("code", {}, words.q ?? compose(words)), " ", say(key)))),
        element("p", {}, sentence("page.start.recent", {
            all: element("a", { href: link("search", "", { when: "24h" }) }, say("page.start.recent.link")),
            failed: element("a", { href: link("search", "", { when: "24h", state: CHOICES[0][0] }) }, say("page.start.recent.failed")),
        })));
}

export async function view(main, route, { signal, fail }) {
    const asked = compose(route.words), place = element("section", { id: "answers", "aria-busy": "true" });
    replace(main, element("h1", { class: "unseen" }, say("page.nav.search")), formOf(route.words), place);
    document.title = asked ? `${plain(asked)} – Waybill` : `${say("page.nav.search")} – Waybill`;
    if (asked === "") {
        replace(place, examples());
        place.removeAttribute("aria-busy");
        byId("q").focus();
        return;
    }
    replace(place, element("p", { class: "busy" }, say("page.busy")));
    try {
        show(place, asked, route.words, await fetchPage(asked, "", signal), signal, fail);
    } catch (why) {
        replace(place);
        if (why.status !== 400 || why.at === undefined)
            throw why;
        showFault(asked, why);
    } finally {
        place.removeAttribute("aria-busy");
    }
}
