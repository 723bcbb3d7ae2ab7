// SPDX-License-Identifier: BSD-2-Clause
// api: requests to /api/v1, and who it is that asks. A failure is always a Problem.
import { spoken } from "./messages.js";

const BASE = new URL("api/v1/", document.baseURI);
const REASON = "waybill.reason";
let session = null;

export class Problem extends Error {
    constructor(status, told = {}) {
        super(told.detail ?? told.title ?? "");
        this.status = status; // 0: no answer came
        this.at = told.at;
        this.size = told.size;
        this.suggestions = told.suggestions ?? [];
        this.retry = 0;
    }
}

export function who() {
    return session;
}

export function reason() {
    return sessionStorage.getItem(REASON) ?? "";
}

export function giveReason(text) {
    sessionStorage.setItem(REASON, text);
}

export function needsReason() {
    return session?.reason === "required" && reason() === "";
}

export function address(path, words = {}) {
    const url = new URL(path, BASE);
    for (const [name, value] of Object.entries(words))
        if (value !== "" && value !== null && value !== undefined)
            url.searchParams.set(name, value);
    return url;
}

export function headers(method, body) {
    const all = { "Accept": "application/json", "Accept-Language": spoken() };
    if (body !== undefined)
        all["Content-Type"] = "application/json";
    if (reason() !== "")
        all["Waybill-Reason"] = encodeURIComponent(reason());
    if (method !== "GET" && session?.csrf)
        all["X-CSRF-Token"] = session.csrf;
    return all;
}

export async function problem(answer) {
    let told = {};
    try {
        told = await answer.json();
    } catch {
        // a proxy's own words are not for us
    }
    const made = new Problem(answer.status, told);
    made.retry = Number(answer.headers.get("Retry-After")) || 0; // of a proxy it may be a date
    return made;
}

async function ask(method, path, { words, body, signal } = {}) {
    let answer;
    try {
        answer = await fetch(address(path, words), {
            method, signal, credentials: "same-origin", cache: "no-cache",
            headers: headers(method, body),
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (why) {
        throw why.name === "AbortError" ? why : new Problem(0);
    }
    if (!answer.ok)
        throw await problem(answer);
    return answer.status === 204 ? null : answer.json().catch(() => null);
}

export function get(path, words, signal) {
    return ask("GET", path, { words, signal });
}

// Who is logged in, by cookie or by the proxy; null: nobody.
export async function recall() {
    try {
        session = await ask("GET", "session");
    } catch (why) {
        if (why.status !== 401 && why.status !== 404)
            throw why;
        session = null;
    }
    return session;
}

export async function login(token) {
    session = null;
    session = await ask("POST", "session", { body: { token } });
    return session;
}

export async function logout() {
    try {
        await ask("DELETE", "session");
    } finally {
        forget();
    }
}

export function forget() {
    session = null;
    sessionStorage.removeItem(REASON);
}
