// SPDX-License-Identifier: BSD-2-Clause
// live: what happens now to all mails that one may see; the newest first, a bounded list.
import { data, element, plain, replace } from "./dom.js";
import { follow } from "./events.js";
import { compose, count, has, say } from "./messages.js";
import { mailLink } from "./route.js";
import { addressOf, shortWords } from "./rows.js";
import { badge } from "./states.js";
import { timeElement } from "./times.js";

const SHOWN = 200;

function mark(event) {
    if (event.recipient)
        return badge(event.recipient.state);
    const key = `page.action.${event.action}`;
    return element("span", { class: "badge none" }, has(key) ? say(key) : plain(event.action));
}

function row(event) {
    const inside = [
        element("span", { class: "when" }, timeElement(event.event_time, true)), mark(event),
        element("span", { class: "way" }, "sender" in event ? compose("page.way", { from: addressOf(event.sender),
            to: event.recipient ? data(event.recipient.recipient) : say("page.thewholemail") }) : data(event.reporting_mta ?? "")),
        event.recipient?.verdict && element("span", { class: "short" }, shortWords(event.recipient)),
    ];
    return element("li", { class: "mail" }, event.trace_id
        ? element("a", { class: "open", href: mailLink(event.trace_id) }, inside)
        : element("div", { class: "open" }, inside));
}

export function view(main, route, { signal, fail }) {
    const events = element("ol", { id: "events" });
    const state = element("span", { id: "live-state", role: "status", "aria-live": "polite" }, say("page.watch.begins"));
    const empty = element("p", { class: "faint", id: "live-empty" }, say("page.live.empty"));
    let waiting = [], paused = false;
    const button = element("button", { type: "button", id: "pause", "aria-pressed": "false", click() {
        paused = !paused;
        button.setAttribute("aria-pressed", String(paused));
        button.textContent = say(paused ? "page.live.goon" : "page.live.pause");
        if (!paused)
            put();
        tell();
    } }, say("page.live.pause"));
    let drawn = 0, on = "begins";

    function tell() {
        state.textContent = paused ? count("page.live.paused.", waiting.length) : say(`page.watch.${on}`);
        state.classList.toggle("on", on === "on" && !paused);
    }
    function put() {
        drawn = 0;
        if (paused || waiting.length === 0)
            return;
        empty.hidden = true;
        events.prepend(...waiting.map(row).reverse());
        waiting = [];
        while (events.children.length > SHOWN)
            events.lastChild.remove();
    }
    function take(event) {
        waiting.push(event);
        waiting = waiting.slice(-SHOWN);
        if (paused)
            tell();
        drawn ||= setTimeout(put, 100);
    }
    function turn(now) {
        on = now;
        tell();
    }

    const stop = follow({}, { open: () => turn("on"), event: take, lost: () => turn("lost"), failed: (why) => { turn("failed"); fail(why); } });
    signal.addEventListener("abort", () => { stop(); clearTimeout(drawn); });
    document.title = `${say("page.nav.live")} – Waybill`;
    replace(main, element("section", { id: "live" },
        element("div", { class: "bar" }, element("h1", {}, say("page.nav.live")), state, button),
        element("p", { class: "faint" }, say("page.live.text")), empty, events));
}
