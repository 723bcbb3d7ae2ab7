// SPDX-License-Identifier: BSD-2-Clause
// problem: what went wrong, in plain words, and what can be done about it.
import { Problem } from "./api.js";
import { byId, element, plain, replace } from "./dom.js";
import { say } from "./messages.js";

const TOLD = [0, 403, 404, 429, 503];
let timer = 0;

function words(why) {
    if (typeof why === "string")
        return why;
    if (!(why instanceof Problem))
        return say("page.problem.page");
    if (TOLD.includes(why.status))
        return say(`page.problem.${why.status}`);
    return why.status >= 500 ? say("page.problem.500") : say("page.problem.400", { words: plain(why.message) });
}

export function clearProblem() {
    clearInterval(timer);
    byId("problem").hidden = true;
    replace(byId("problem"));
}

// With `again`, a button; it is pressed by itself when the server said so.
export function showProblem(why, again) {
    const place = byId("problem");
    clearInterval(timer);
    if (!(why instanceof Problem) && typeof why !== "string")
        console.error(why);
    const button = again && typeof why !== "string" && why.status !== 403 && why.status !== 400
        ? element("button", { type: "button", id: "again", click: () => { clearProblem(); again(); } }, say("page.again")) : null;
    replace(place, element("p", {}, words(why)), button);
    place.hidden = false;
    let left = button && why.retry > 0 ? Math.min(why.retry, 120) : 0;
    if (left > 0)
        timer = setInterval(() => {
            button.textContent = say("page.again.in", { n: left });
            if (left-- <= 0)
                button.click();
        }, 1000);
}
