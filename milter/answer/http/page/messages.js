// SPDX-License-Identifier: BSD-2-Clause
// messages: all words of the page, by key, in the language that was chosen. English stands in for
// what a language lacks.

const KEPT = "waybill.language";
const FIRST = "en";
let words = {};
let english = {};
let language = FIRST;

async function read(name) {
    const answer = await fetch(new URL(`page/messages/${name}.json`, document.baseURI),
        { credentials: "same-origin" });
    if (!answer.ok)
        throw new Error(`messages: ${answer.status}`);
    return answer.json();
}

export async function languages() {
    try {
        return (await read("languages")).languages;
    } catch {
        return [FIRST];
    }
}

// The one that was chosen before, else the first that the browser names.
export function preferred(known) {
    const wanted = [localStorage.getItem(KEPT), ...navigator.languages].filter((tag) => tag);
    for (const tag of wanted) {
        const found = known.find((one) => one.toLowerCase() === tag.toLowerCase()) ??
            known.find((one) => one.toLowerCase() === tag.toLowerCase().split("-")[0]);
        if (found)
            return found;
    }
    return FIRST;
}

export async function speak(chosen, keep) {
    if (Object.keys(english).length === 0)
        english = await read(FIRST);
    words = chosen === FIRST ? english : await read(chosen);
    language = chosen;
    document.documentElement.lang = chosen;
    if (keep)
        localStorage.setItem(KEPT, chosen);
}

export function spoken() {
    return language;
}

// The same with the country that the browser names, for dates and numbers.
export function locale() {
    return navigator.languages.find((tag) => tag.split("-")[0] === language.split("-")[0]) ?? language;
}

export function has(key) {
    return key in words || key in english;
}

function text(key) {
    return words[key] ?? english[key] ?? key;
}

// Places such as {server} are filled as text.
export function say(key, places = {}) {
    return text(key).replace(/\{(\w+)\}/g, (all, name) => String(places[name] ?? all));
}

// The same where places are elements: a list for element().
export function compose(key, places) {
    return text(key).split(/(\{\w+\})/).map((part) => {
        const name = /^\{(\w+)\}$/.exec(part)?.[1];
        return name in places ? places[name] : part;
    });
}

// By the number: KEY, which ends with a dot, and "one", "other", or what else a language has.
export function count(key, number) {
    const form = key + new Intl.PluralRules(language).select(number);
    return say(has(form) ? form : `${key}other`, { n: figure(number) });
}

export function figure(number) {
    return new Intl.NumberFormat(locale()).format(number);
}

export function percent(share) {
    return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(share);
}

export function list(parts) {
    return new Intl.ListFormat(locale(), { type: "conjunction" }).format(parts);
}

// Elements that stand in index.html.
export function label(root) {
    for (const one of root.querySelectorAll("[data-say]"))
        one.textContent = say(one.dataset.say);
    for (const one of root.querySelectorAll("[data-say-label]")) {
        one.setAttribute("aria-label", say(one.dataset.sayLabel));
        one.title = say(one.dataset.sayLabel);
    }
}
