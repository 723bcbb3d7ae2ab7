// SPDX-License-Identifier: BSD-2-Clause
// keys: the page by the keyboard alone. While one types, keys are letters.
import { byId, element, replace } from "./dom.js";
import { say } from "./messages.js";

const ROWS = [["/", "page.key.search"], ["j  k  ↓  ↑", "page.key.move"], ["Enter", "page.key.open"], ["Esc", "page.key.back"],
    ["c", "page.key.copy"], ["w", "page.key.watch"], ["?", "page.key.help"]];

function types(place) {
    return place.closest("input, select, textarea, [contenteditable]") !== null;
}

function move(step) {
    const rows = [...document.querySelectorAll("li.mail .open[href]")];
    if (rows.length === 0)
        return false;
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
}

function press(id) {
    byId(id)?.click();
    return byId(id) !== null;
}

export function showKeys() {
    const dialog = byId("keys");
    replace(dialog, element("h2", { id: "keys-title" }, say("page.keys")),
        element("dl", { class: "values" }, ROWS.map(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, say(text))])),
        element("form", { method: "dialog" }, element("button", { class: "main" }, say("page.close"))));
    if (!dialog.open)
        dialog.showModal();
}

function inBox(event) {
    if (event.key === "Escape")
        event.target.blur();
    else if (event.key === "ArrowDown" && event.target.id === "q" && move(1))
        event.preventDefault();
}

export function listen(search, back) {
    const done = {
        "/": () => { search(); return true; },
        j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
        c: () => !getSelection().toString() && press("copy"), w: () => press("watch"),
        "?": () => { showKeys(); return true; }, Escape: back,
    };
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open)
            return;
        if (types(event.target))
            inBox(event);
        else if (done[event.key]?.())
            event.preventDefault();
    });
}
