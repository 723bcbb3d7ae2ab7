// SPDX-License-Identifier: BSD-2-Clause
// mail: one mail. The answer comes first, what it rests on below.
import { get } from "./api.js";
import { callerBox } from "./caller.js";
import { delays } from "./delay.js";
import { announce, byId, data, element, plain, replace } from "./dom.js";
import { evidence, hops, recipients } from "./evidence.js";
import { follow } from "./events.js";
import { compose, count, list, say } from "./messages.js";
import { mailLink } from "./route.js";
import { addressOf } from "./rows.js";
import { stateWord } from "./states.js";
import { timeline } from "./timeline.js";
import { fullMoment } from "./times.js";
import { summary, verdicts } from "./verdict.js";

function head(mail) {
    const { length } = mail.recipients;
    return element("header", { class: "mailhead" },
        element("p", { class: "way" }, compose("page.way", {
            from: addressOf(mail.sender),
            to: length === 1 ? data(mail.recipients[0].recipient) : element("span", {}, count("page.torecipients.", length)),
        })),
        mail.subject && element("p", { class: "subject" }, data(mail.subject)),
        element("p", { class: "faint" }, compose("page.mail.code", {
            code: element("b", { id: "code", class: "code" }, mail.trace_id),
            time: element("time", { datetime: mail.event_time }, fullMoment(mail.event_time)) })),
        length > 1 && element("p", { id: "summary" }, list(summary(mail)), "."));
}

// What changes while one looks; the rest of the article stays.
function body(mail) {
    return [head(mail), ...verdicts(mail), callerBox(mail), delays(mail), recipients(mail), hops(mail), timeline(mail), evidence(mail)];
}

// ---- following it ----

class Watch {
    constructor(code, shown, context) {
        Object.assign(this, { code, shown, context, stop: null, pending: 0 });
        this.button = element("button", { type: "button", id: "watch", "aria-pressed": "false", click: () => this.toggle() }, say("page.watch"));
        this.state = element("span", { id: "live-state", role: "status", "aria-live": "polite" });
        context.signal.addEventListener("abort", () => this.end(""));
    }

    toggle() {
        if (this.stop)
            this.end(say("page.watch.ended"));
        else
            this.begin();
    }

    begin() {
        this.button.setAttribute("aria-pressed", "true");
        this.button.textContent = say("page.watch.stop");
        this.tell(say("page.watch.begins"));
        this.stop = follow({ id: this.code }, {
            open: () => { this.tell(say("page.watch.on")); this.refresh(); },
            event: () => this.soon(),
            lost: () => this.tell(say("page.watch.lost")),
            failed: (why) => {
                this.end(say("page.watch.failed"));
                this.context.fail(why);
            },
        });
    }

    end(words) {
        this.stop?.();
        this.stop = null;
        clearTimeout(this.pending);
        this.button.setAttribute("aria-pressed", "false");
        this.button.textContent = say("page.watch");
        this.tell(words);
    }

    tell(words) {
        this.state.textContent = words;
        this.state.classList.toggle("on", Boolean(this.stop));
    }

    soon() {
        clearTimeout(this.pending);
        this.pending = setTimeout(() => this.refresh(), 250);
    }

    async refresh() {
        try {
            const mail = await get(`waybills/${encodeURIComponent(this.code)}`, {}, this.context.signal);
            this.shown(mail);
            if (mail.recipients.every((one) => one.final) && this.stop)
                this.end(say("page.watch.final", { state: stateWord(mail.state) }));
        } catch (why) {
            if (why.name !== "AbortError")
                this.context.fail(why);
        }
    }
}

// Folds that were opened, and the focus, survive that the article is drawn anew.
function redraw(article, tools, mail) {
    const open = [...article.querySelectorAll("details")].map((one) => one.open);
    const focus = document.activeElement?.id;
    replace(article, tools, body(mail));
    article.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? false; });
    if (focus)
        byId(focus)?.focus();
}

// ---- no such mail ----

function missing(main, code, why) {
    replace(main, element("section", { id: "missing" },
        element("h1", {}, say("page.missing")),
        element("p", {}, compose("page.missing.text", { code: element("b", { class: "code" }, data(code)) })),
        why.suggestions.length > 0 && [element("h2", {}, say("page.missing.meant")), element("ul", { id: "suggestions" },
            why.suggestions.map((one) => one.trace_id ?? one).map((one) => element("li", {}, element("a", { class: "code", href: mailLink(one) }, plain(one)))))],
        element("p", {}, say("page.missing.ask")),
        element("p", {}, element("a", { href: "#/search" }, say("page.missing.search")))));
}

export async function view(main, route, context) {
    const code = route.rest;
    let mail;
    document.title = `${plain(code)} – Waybill`;
    replace(main, element("p", { class: "busy" }, say("page.busy")));
    try {
        mail = await get(`waybills/${encodeURIComponent(code)}`, {}, context.signal);
    } catch (why) {
        if (why.status !== 404)
            throw why;
        missing(main, code, why);
        return;
    }
    const article = element("article", { id: "mail", tabindex: "-1" });
    const watch = new Watch(mail.trace_id, (fresh) => redraw(article, tools, fresh), context);
    watch.button.hidden = mail.recipients.length > 0 && mail.recipients.every((one) => one.final);
    const tools = element("div", { class: "tools" },
        element("a", { id: "back", href: "#/search", click: context.back }, say("page.back")),
        watch.state, watch.button,
        element("button", { type: "button", id: "print", class: "quiet", click: () => print() }, say("page.print")));
    replace(article, tools, body(mail));
    replace(main, element("h1", { class: "unseen" }, say("page.mail.title", { code: mail.trace_id })), article);
    announce(byId("verdict").textContent);
}
