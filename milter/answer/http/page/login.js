// SPDX-License-Identifier: BSD-2-Clause
// login: who it is, by a token, and why he looks, where the house wants to know.
import { giveReason, login, Problem, reason } from "./api.js";
import { byId, element, replace } from "./dom.js";
import { say } from "./messages.js";

export function askToken(main, done, fail) {
    const token = element("input", { id: "token", name: "token", type: "password", required: true, autocomplete: "current-password",
        spellcheck: "false", placeholder: "wbt_…", "aria-describedby": "token-hint" });
    const button = element("button", { id: "login-button", class: "main" }, say("page.login.go"));
    document.title = `${say("page.login")} – Waybill`;
    replace(main, element("form", { id: "login", class: "alone", async submit(event) {
        event.preventDefault();
        button.disabled = true;
        try {
            await login(token.value.trim());
            done();
        } catch (why) {
            fail(why instanceof Problem && why.status === 401 ? say("page.login.wrong") : why);
            button.disabled = false;
            token.select();
        }
    } },
    element("h1", {}, say("page.login.title")), element("p", {}, say("page.login.text")),
    element("label", { for: "token" }, say("page.login.token")), token,
    element("p", { id: "token-hint", class: "faint" }, say("page.login.hint")), button));
    byId("token").focus();
}

export function askReason(main, done) {
    const words = element("input", { id: "reason", name: "reason", type: "text", required: true, maxlength: "200", value: reason(),
        autocomplete: "off", placeholder: say("page.purpose.hint") });
    document.title = `${say("page.purpose.title")} – Waybill`;
    replace(main, element("form", { id: "ask-reason", class: "alone", submit(event) {
        event.preventDefault();
        if (words.value.trim() === "")
            return;
        giveReason(words.value.trim());
        done();
    } },
    element("h1", {}, say("page.purpose.title")), element("p", {}, say("page.purpose.text")),
    element("label", { for: "reason" }, say("page.purpose.label")), words,
    element("button", { class: "main" }, say("page.purpose.go"))));
    words.focus();
}
