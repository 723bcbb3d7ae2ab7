// SPDX-License-Identifier: BSD-2-Clause
// states: how a state looks: a colour, a symbol and a word, so that none of them is needed alone.
import { drawing, element } from "./dom.js";
import { has, say } from "./messages.js";

const CHECK = "M3.500 8.500l3 3 6-7", CROSS = "M4 4l8 8M12 4l-8 8";
const LOOKS = {
    accepted: ["wait", "M8 8V4.500M8 8l2.500 1.500M8 1.500a6.500 6.500 0 1 0 .01 0z"],
    delayed: ["wait", "M4.500 2h7M4.500 14h7M5 2c0 4 3 4 3 6s-3 2-3 6M11 2c0 4-3 4-3 6s3 2 3 6"],
    held: ["wait", "M5.500 3.500v9M10.500 3.500v9"],
    delivered: ["good", CHECK],
    expanded: ["good", "M2.500 8h4M6.500 8l4-4.500h3M6.500 8l4 4.500h3"],
    failed: ["bad", CROSS],
    expired: ["bad", "M8 4.500V8l-2.500 1.500M8 1.500a6.500 6.500 0 1 0 .01 0zM12.500 3.500l-9 9"],
    rejected: ["bad", "M8 1.500a6.500 6.500 0 1 0 .01 0zM4 8h8"],
    canceled: ["none", "M3.500 8h9"],
    discarded: ["none", "M3 4.500h10M6 4.500V2.500h4v2M4.500 4.500l.5 9h6l.5-9"],
    abandoned: ["none", "M6 4L2.500 7.500 6 11M2.500 7.500h8a3 3 0 0 1 0 6"],
    unresolved: ["none", "M5.500 6a2.500 2.500 0 1 1 3.500 2.300c-.8.4-1 .8-1 1.700M8 12.800v.2"],
};
export const STATES = Object.keys(LOOKS);
// The worst first: what needs eyes.
const WEIGHTS = ["failed", "expired", "rejected", "unresolved", "discarded", "canceled", "held",
    "abandoned", "delayed", "accepted", "delivered", "expanded"];

export function kindOf(state) {
    return LOOKS[state]?.[0] ?? "none";
}

export function weigh(state) {
    return WEIGHTS.indexOf(state);
}

export function stateWord(state) {
    return has(`page.state.${state}`) ? say(`page.state.${state}`) : state;
}

export function symbol(state) {
    return drawing("svg", { viewBox: "0 0 16 16", class: "symbol", "aria-hidden": "true" },
        drawing("path", { d: LOOKS[state]?.[1] ?? CROSS }));
}

export function badge(state) {
    return element("span", { class: `badge ${kindOf(state)}`, "data-state": state },
        symbol(state), stateWord(state));
}
