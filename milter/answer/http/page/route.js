// SPDX-License-Identifier: BSD-2-Clause
// route: where on the page we are, as it stands behind the "#": so each view can be linked to, and
// the browser's own way back works.

// "#/mail/CODE" → {view, rest, words}; what is malformed leads to the search.
export function here() {
    const [path, words] = location.hash.replace(/^#\/?/, "").split("?", 2);
    const [view, ...rest] = path.split("/");
    try {
        return {
            view: view || "search", rest: rest.map(decodeURIComponent).join("/"),
            words: Object.fromEntries(new URLSearchParams(words ?? "")),
        };
    } catch {
        return { view: "search", rest: "", words: {} };
    }
}

export function link(view, rest = "", words = {}) {
    const given = Object.entries(words).filter(([, value]) => value);
    const behind = given.length > 0 ? `?${new URLSearchParams(given)}` : "";
    return `#/${view}${rest ? `/${encodeURIComponent(rest)}` : ""}${behind}`;
}

export function mailLink(code) {
    return link("mail", code);
}

export function searchLink(query) {
    return link("search", "", { q: query });
}

export function go(to) {
    if (location.hash === to)
        window.dispatchEvent(new HashChangeEvent("hashchange"));
    else
        location.hash = to;
}
