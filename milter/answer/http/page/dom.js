// SPDX-License-Identifier: BSD-2-Clause
// dom: how anything gets onto the page: as elements and text, never as markup. What comes from a
// mail or a server is shown by `data`, which makes what would hide or turn text visible.

const SVG = "http://www.w3.org/2000/svg";

// What a condition left out of a list of children is none of them.
function kept(children) {
    return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function fill(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function")
            made.addEventListener(name, value);
        else if (value !== null && value !== undefined && value !== false)
            made.setAttribute(name, value === true ? "" : String(value));
    }
    made.append(...kept(children));
    return made;
}

// A function among the attributes listens to the event of that name.
export function element(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

export function drawing(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function replace(place, ...children) {
    place.replaceChildren(...kept(children));
}

export function byId(id) {
    return document.getElementById(id);
}

// Control characters, soft hyphens, joiners, directions, and the tags behind U+E0000.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

// Text of somebody else for where no element can stand: titles, labels, what is copied.
export function plain(text) {
    return String(text ?? "").toWellFormed().replace(UNSEEN, (unseen) => {
        const code = unseen.codePointAt(0);
        return code === 9 || code === 10 ? " " : `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
    });
}

// The same as an element that cannot turn the text around it.
export function data(text, name = "data") {
    return element("bdi", { class: name }, plain(text));
}

let cleared = 0;

// To those who listen instead of looking.
export function announce(text) {
    const news = byId("news");
    clearTimeout(cleared);
    news.textContent = text;
    cleared = setTimeout(() => { news.textContent = ""; }, 5000);
}
