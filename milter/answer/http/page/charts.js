// SPDX-License-Identifier: BSD-2-Clause
// charts: columns over time and bars of a ranking, each with its numbers as a table.
import { drawing, element, plain } from "./dom.js";
import { figure, say } from "./messages.js";

const HEIGHT = 190, LEFT = 44, RIGHT = 16, BOTTOM = 24, TOP = 8;
const NARROW = matchMedia("(max-width: 48rem)"); // there the letters would be too small to read

// 1, 2 or 5 times a power of ten that is not below.
function roundUp(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    return [1, 2, 5, 10].map((step) => step * power).find((one) => one >= most) ?? most;
}

function grid(most, width) {
    const lines = most >= 2 ? [0, 0.5, 1] : [0, 1];
    return lines.map((share) => {
        const y = TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
        return [drawing("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }),
            drawing("text", { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, figure(most * share))];
    });
}

// One column: its layers stand on each other.
function column(one, layers, x, width, most) {
    let y = HEIGHT - BOTTOM;
    return layers.map((layer) => {
        const number = one.numbers[layer.key] ?? 0;
        const height = number === 0 ? 0 : Math.max(number / most * (HEIGHT - TOP - BOTTOM), 1.5);
        y -= height;
        return number === 0 ? null : drawing("a", { href: layer.link(one), "aria-label": `${one.label}: ${layer.label} ${figure(number)}` },
            drawing("rect", { class: `layer ${layer.key}`, x, y, width, height }),
            drawing("title", {}, `${one.label}: ${layer.label} ${figure(number)}`));
    });
}

function table(head, rows, name) {
    return element("details", { class: "numbers" }, element("summary", {}, say("page.board.numbers")),
        element("div", { class: "scroll" }, element("table", { "aria-label": name },
            element("thead", {}, element("tr", {}, head.map((word) => element("th", { scope: "col" }, word)))),
            element("tbody", {}, rows.map(([first, ...rest]) => element("tr", {}, element("th", { scope: "row" }, first),
                rest.map((cell) => element("td", {}, cell))))))));
}

// columns: [{label, short, numbers: {key: n}}]; layers: [{key, label, link(column)}], the lowest first.
export function columns(title, all, layers) {
    const sums = all.map((one) => layers.reduce((sum, { key }) => sum + (one.numbers[key] ?? 0), 0));
    const most = roundUp(Math.max(...sums, 1)), width = NARROW.matches ? 360 : 720;
    const step = (width - LEFT - RIGHT) / all.length, every = Math.ceil(all.length / (width / 90));
    return element("figure", { class: "chart" },
        element("figcaption", {}, title),
        element("ul", { class: "legend" }, layers.map(({ key, label }) => element("li", {},
            drawing("svg", { class: "key", viewBox: "0 0 12 12", "aria-hidden": "true" }, drawing("rect", { class: `layer ${key}`, width: 12, height: 12, rx: 3 })),
            label, " ", element("b", {}, figure(all.reduce((sum, one) => sum + (one.numbers[key] ?? 0), 0)))))),
        drawing("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-label": title }, grid(most, width - RIGHT),
            all.map((one, index) => [
                column(one, layers, LEFT + index * step + step * 0.12, step * 0.76, most),
                (all.length - 1 - index) % every === 0 && drawing("text",
                    { class: "tick", x: LEFT + (index + 0.5) * step, y: HEIGHT - 6, "text-anchor": "middle" }, one.short),
            ])),
        table([say("page.board.time"), ...layers.map(({ label }) => label)],
            all.map((one) => [one.label, ...layers.map(({ key }) => figure(one.numbers[key] ?? 0))]), title));
}

// rows: [{label (an element or text), number, link, kind}]: a list whose entries are bars.
export function ranking(title, rows, empty) {
    const most = Math.max(...rows.map((one) => one.number), 1);
    return element("figure", { class: "chart" }, element("figcaption", {}, title),
        rows.length === 0 ? element("p", { class: "faint" }, empty)
            : element("ul", { class: "ranking" }, rows.map((one) => element("li", {},
                element("a", { href: one.link },
                    element("span", { class: "name" }, one.label), element("b", {}, figure(one.number)),
                    drawing("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
                        drawing("rect", { class: "rail", width: 100, height: 6, rx: 1 }),
                        drawing("rect", { class: `layer ${one.kind ?? "bad"}`, width: Math.max(one.number / most * 100, 1), height: 6, rx: 1 })))))));
}

export function tile(label, number, kind, link) {
    return element("a", { class: `tile ${kind}`, href: link }, element("b", {}, figure(number)), element("span", {}, plain(label)));
}
