// SPDX-License-Identifier: BSD-2-Clause
// app: the frame around the views: who is logged in, which view, which language.
import { forget, logout, needsReason, recall, who } from "./api.js";
import { view as board } from "./board.js";
import { byId, element, plain, replace } from "./dom.js";
import { listen, showKeys } from "./keys.js";
import { view as live } from "./live.js";
import { askReason, askToken } from "./login.js";
import { view as mail } from "./mail.js";
import { label, languages, preferred, say, speak, spoken } from "./messages.js";
import { clearProblem, showProblem } from "./problem.js";
import { go, here } from "./route.js";
import { view as search } from "./search.js";

const VIEWS = { search, mail, live, board };
const main = byId("content");
let leaving = new AbortController();
let before = ""; // the search that led to a mail

// ---- views ----

function frame(view) {
    const session = who();
    byId("main").hidden = !session;
    byId("logout").hidden = !session || !session.csrf;
    byId("who").hidden = !session;
    byId("who").textContent = plain(session?.name);
    byId("why").hidden = !session || (session.reason ?? "none") === "none";
    for (const name of ["search", "live", "board"]) {
        byId(`nav-${name}`).removeAttribute("aria-current");
        if (name === view)
            byId(`nav-${name}`).setAttribute("aria-current", "page");
    }
}

function fail(why) {
    if (why.name === "AbortError")
        return;
    if (why.status === 401) {
        forget(); // the place stays in the address, and is gone to after the login
        show();
        showProblem(say("page.problem.401"));
        return;
    }
    showProblem(why, show);
}

function back(event) {
    event?.preventDefault();
    if (here().view !== "mail")
        return false;
    go(before || "#/search");
    return true;
}

async function show() {
    const route = here(), name = Object.hasOwn(VIEWS, route.view) ? route.view : "search";
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    clearProblem();
    frame(name);
    if (!who()) {
        askToken(main, show, showProblem);
        return;
    }
    if (needsReason()) {
        askReason(main, show);
        return;
    }
    if (name !== "mail")
        before = location.hash;
    try {
        await VIEWS[name](main, route, { signal, fail, back });
    } catch (why) {
        if (!signal.aborted)
            fail(why);
    }
}

// ---- the frame ----

function focusSearch() {
    if (here().view !== "search")
        go("#/search");
    setTimeout(() => byId("q")?.select(), 0);
}

async function chooseLanguages() {
    const known = await languages(), choose = byId("language");
    await speak(preferred(known), false);
    replace(choose, known.map((tag) => element("option", { value: tag, lang: tag, selected: tag === spoken() },
        new Intl.DisplayNames(tag, { type: "language" }).of(tag))));
    choose.addEventListener("change", async () => {
        await speak(choose.value, true);
        label(document);
        show();
    });
    label(document);
}

function openAll() {
    for (const fold of document.querySelectorAll("#evidence, details.numbers"))
        fold.open = true;
}

async function start() {
    await chooseLanguages();
    byId("logout").addEventListener("click", () => logout().catch(() => null).then(show));
    byId("why").addEventListener("click", () => { leaving.abort(); askReason(main, show); });
    byId("help").addEventListener("click", showKeys);
    byId("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
    window.addEventListener("hashchange", () => { scrollTo(0, 0); show(); });
    window.addEventListener("beforeprint", openAll);
    listen(focusSearch, back);
    try {
        await recall();
    } catch (why) {
        showProblem(why, () => location.reload());
        return;
    }
    show();
}

start().catch((why) => showProblem(why));
