// SPDX-License-Identifier: BSD-2-Clause
// delay: where the time went, as a bar of shares; the list below it says the same in words.
import { data, drawing, element, plain } from "./dom.js";
import { has, percent, say } from "./messages.js";
import { duration } from "./times.js";

const WIDTH = 1000, LEAST = 6, VISIBLE = 0.01;
const WORTH = 1000; // ms: less needs no picture

function nameOf(part) {
    return has(`page.share.${part}`) ? say(`page.share.${part}`) : part;
}

function bar(parts) {
    const sum = parts.reduce((all, [, ms]) => all + Math.max(ms, 0), 0) || 1;
    const widths = parts.map(([, ms]) => Math.max(ms / sum * (WIDTH - LEAST * parts.length) + LEAST, LEAST));
    let at = 0;
    return drawing("svg", { class: "split", viewBox: `0 0 ${WIDTH} 28`, preserveAspectRatio: "none", "aria-hidden": "true" },
        parts.map(([part, ms], index) => {
            const box = drawing("rect", { class: `share s${index % 6}`, x: at, y: 0, width: widths[index] - 2, height: 28 },
                drawing("title", {}, `${nameOf(part)}: ${duration(ms)}`));
            at += widths[index];
            return box;
        }));
}

function legend(parts, total) {
    return element("ul", { class: "legend" }, parts.map(([part, ms], index) => element("li", {},
        drawing("svg", { class: "key", viewBox: "0 0 12 12", "aria-hidden": "true" },
            drawing("rect", { class: `share s${index % 6}`, width: 12, height: 12, rx: 3 })),
        element("span", {}, nameOf(part)), " ", element("b", {}, duration(ms)),
        total > 0 ? element("span", { class: "faint" }, ` ${percent(ms / total)}`) : null)));
}

// Shares that nobody could see in the bar are told together.
function partsOf(shares, total) {
    const all = Object.entries(shares), seen = all.filter(([, ms]) => ms >= total * VISIBLE);
    const rest = all.filter(([, ms]) => ms < total * VISIBLE).reduce((sum, [, ms]) => sum + ms, 0);
    return rest > 0 && seen.length > 0 ? [...seen, ["rest", rest]] : seen;
}

function split(recipient, several) {
    const { total_ms: total, over, parts_ms: shares, sentence } = recipient.delay;
    const parts = partsOf(shares, total);
    return element("div", { class: "delay" },
        several && element("h3", {}, data(recipient.recipient)),
        element("p", {}, sentence ? plain(sentence) : say(over ? "page.delay.over" : "page.delay.sofar", { time: duration(total) })),
        total >= WORTH && parts.length > 0 && [bar(parts), legend(parts, total)]);
}

// Of many recipients those that took longest, one for each way in which the time was split.
export function delays(mail) {
    const seen = new Set();
    const told = mail.recipients.filter((one) => one.delay)
        .sort((a, b) => b.delay.total_ms - a.delay.total_ms)
        .filter((one) => !seen.has(one.delay.sentence) && seen.add(one.delay.sentence)).slice(0, 4);
    if (told.length === 0)
        return null;
    return element("section", { id: "delays", "aria-labelledby": "delays-title" },
        element("h2", { id: "delays-title" }, say("page.delay")),
        told.map((one) => split(one, mail.recipients.length > 1)));
}
