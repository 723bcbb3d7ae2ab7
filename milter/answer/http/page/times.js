// SPDX-License-Identifier: BSD-2-Clause
// times: moments in the zone of who looks, and how long something took.
import { element } from "./dom.js";
import { say, locale } from "./messages.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function format(date, options) {
    return new Intl.DateTimeFormat(locale(), options).format(date);
}

function sameDay(a, b) {
    return a.toDateString() === b.toDateString();
}

// As short as it is clear: today the time alone.
export function moment(iso, seconds = false) {
    const date = new Date(iso), now = new Date();
    const time = { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}) };
    if (sameDay(date, now))
        return format(date, time);
    const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    return format(date, { day: "numeric", month: "short", ...year, ...time });
}

// Nothing is left open, the zone included: for what is said, copied or printed.
export function fullMoment(iso) {
    return format(new Date(iso), {
        weekday: "short", day: "numeric", month: "short", year: "numeric",
        hour: "2-digit", minute: "2-digit", timeZoneName: "short",
    });
}

export function day(iso) {
    return format(new Date(iso), { weekday: "short", day: "numeric", month: "short" });
}

export function timeElement(iso, seconds = false) {
    return element("time", { datetime: iso, title: fullMoment(iso) }, moment(iso, seconds));
}

// "in 4 days", "3 minutes ago"
export function ago(iso) {
    const ms = new Date(iso) - Date.now(), size = Math.abs(ms);
    const [unit, name] = size >= 2 * DAY ? [DAY, "day"] : size >= 2 * HOUR ? [HOUR, "hour"]
        : size >= MINUTE ? [MINUTE, "minute"] : [SECOND, "second"];
    return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(ms / unit), name);
}

function unit(number, name) {
    return new Intl.NumberFormat(locale(), {
        style: "unit", unit: name, unitDisplay: "short",
        maximumFractionDigits: name === "second" && number < 10 ? 1 : 0,
    }).format(number);
}

// "2 h 10 min": the two largest units.
export function duration(ms) {
    if (ms < 100)
        return say("page.duration.less", { time: unit(0.1, "second") });
    if (ms < 10 * SECOND)
        return unit(ms / SECOND, "second");
    const parts = [];
    let rest = Math.round(ms / SECOND) * SECOND;
    for (const [size, name] of [[DAY, "day"], [HOUR, "hour"], [MINUTE, "minute"], [SECOND, "second"]]) {
        const number = Math.floor(rest / size);
        rest -= number * size;
        if (number > 0)
            parts.push(unit(number, name));
        else if (parts.length > 0)
            break;
        if (parts.length === 2)
            break;
    }
    return parts.join(" ");
}
