// SPDX-License-Identifier: BSD-2-Clause
// events: what happens now, by server-sent events. A connection that breaks is made again by the
// browser, which tells where it was (Last-Event-ID), so nothing is missed.
import { address } from "./api.js";

export const ACTIONS = ["message.accepted", "message.abandoned", "recipient.rejected", "delivery.delayed",
    "delivery.delivered", "delivery.expanded", "delivery.held", "delivery.failed", "delivery.expired",
    "delivery.canceled", "delivery.discarded", "delivery.unresolved", "report.unmatched",
    "complaint.received", "trace.gap"];

function read(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

// `told`: open(), event(data), lost(), failed(). Returns what ends it.
export function follow(words, told) {
    const source = new EventSource(address("events", words));
    const event = (message) => {
        const data = read(message.data);
        if (data)
            told.event(data);
    };
    source.addEventListener("open", () => told.open());
    source.addEventListener("error", () => {
        if (source.readyState === EventSource.CLOSED)
            told.failed();
        else
            told.lost();
    });
    for (const action of ["message", ...ACTIONS])
        source.addEventListener(action, event);
    return () => source.close();
}
