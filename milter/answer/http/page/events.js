// SPDX-License-Identifier: BSD-2-Clause
// events: what happens now, as server-sent events. They are read by fetch, for an EventSource can
// say neither the language nor the reason. A connection that breaks is made again with the id of
// the last event, so nothing is missed.
import { address, headers, Problem, problem } from "./api.js";

const SILENCE = 45000; // ms; the server says something each 15 s
const LINE_MOST = 1 << 20;
const PAUSES = [1000, 2000, 5000, 15000]; // ms, before another try

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

// The lines of a stream one after the other; throws where it ends.
async function* lines(body, alive) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done || rest.length > LINE_MOST)
            throw new Problem(0);
        alive();
        const parts = (rest + value).split("\n");
        rest = parts.pop();
        yield* parts;
    }
}

class Feed {
    constructor(words, told) {
        Object.assign(this, { words, told, last: "", tries: 0, timer: 0, ended: false });
        this.connect();
    }

    // Each connection has its own end, so that one that hangs can be left.
    async connect() {
        const control = new AbortController();
        this.control = control;
        const alive = () => {
            clearTimeout(this.silence);
            this.silence = setTimeout(() => control.abort(), SILENCE);
        };
        alive();
        try {
            const answer = await fetch(address("events", this.words), {
                signal: control.signal, credentials: "same-origin", cache: "no-store",
                headers: { ...headers("GET"), "Accept": "text/event-stream", ...(this.last ? { "Last-Event-ID": this.last } : {}) },
            });
            if (!answer.ok)
                throw await problem(answer);
            this.tries = 0;
            this.told.open();
            await this.read(lines(answer.body, alive));
        } catch (why) {
            this.again(why);
        }
    }

    async read(all) {
        let id = "", data = "";
        for await (const line of all) {
            if (line.startsWith("id:"))
                id = line.slice(3).trim();
            else if (line.startsWith("data:"))
                data += line.slice(5);
            else if (line.trim() === "") {
                const event = data ? parse(data) : null;
                this.last = id || this.last;
                if (event && !this.ended)
                    this.told.event(event);
                data = "";
            }
        }
    }

    // What will not be better the next time is told; all else is tried again.
    again(why) {
        clearTimeout(this.silence);
        this.control.abort(); // what could not be read may still be open
        if (this.ended)
            return;
        if (why.status >= 400 && why.status < 500 && why.status !== 429) {
            this.end();
            this.told.failed(why);
            return;
        }
        this.told.lost();
        const pause = Math.max(PAUSES[Math.min(this.tries++, PAUSES.length - 1)], (why.retry ?? 0) * 1000);
        this.timer = setTimeout(() => this.connect(), pause);
    }

    end() {
        this.ended = true;
        clearTimeout(this.timer);
        clearTimeout(this.silence);
        this.control.abort();
    }
}

// `told`: open(), event(data), lost(), failed(why). Returns what ends it.
export function follow(words, told) {
    const feed = new Feed(words, told);
    return () => feed.end();
}
