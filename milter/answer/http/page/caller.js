// SPDX-License-Identifier: BSD-2-Clause
// caller: what can be read out or sent to who asks, in plain sentences with times and case code.
import { announce, byId, element, plain } from "./dom.js";
import { count, list, say } from "./messages.js";
import { asSentence } from "./rows.js";
import { stateWord } from "./states.js";
import { fullMoment } from "./times.js";
import { groups, whoActs } from "./verdict.js";

const NAMED = 5;

function paragraph(group) {
    const names = group.recipients.slice(0, NAMED).map((one) => plain(one.recipient));
    const more = group.recipients.length - names.length;
    const { what, why, who, act, until } = group.verdict;
    const to = more > 0 ? `${names.join(", ")} ${count("page.others.", more)}` : list(names);
    return [
        say("page.caller.to", { to, state: stateWord(group.state) }), asSentence(what),
        why ? say("page.caller.why", { why: asSentence(why) }) : "",
        who === "nobody" ? say("page.caller.nobody") : act ? say("page.caller.act", { who: whoActs(group.verdict), act: asSentence(act) }) : "",
        until ? say("page.caller.until", { time: fullMoment(until) }) : "",
    ].filter((words) => words).join(" ");
}

export function callerText(mail) {
    return [
        say("page.caller.mail", { from: plain(mail.sender) || say("page.nobody"), time: fullMoment(mail.event_time) }),
        ...groups(mail).map(paragraph),
        say("page.caller.code", { code: mail.trace_id, now: fullMoment(new Date().toISOString()) }),
    ].join("\n");
}

// Where a page may not write the clipboard, the text is chosen so that a key copies it.
async function copy(text, place, button) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        getSelection().selectAllChildren(place);
        if (!document.execCommand("copy")) {
            announce(say("page.copy.byhand"));
            return;
        }
        getSelection().removeAllRanges();
    }
    button.textContent = say("page.copy.done");
    announce(say("page.copy.done"));
    setTimeout(() => { button.textContent = say("page.copy"); }, 2500);
}

export function callerBox(mail) {
    const text = callerText(mail);
    const place = element("p", { id: "copy-text" }, text);
    const button = element("button", { type: "button", id: "copy", class: "main", "aria-keyshortcuts": "c",
        click: () => copy(byId("copy-text").textContent, place, button) }, say("page.copy"));
    return element("section", { id: "caller", "aria-labelledby": "caller-title" },
        element("div", { class: "bar" }, element("h2", { id: "caller-title" }, say("page.caller")), button), place);
}
