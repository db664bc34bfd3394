"""What a page of a report does: values under the pointer, lines to hide, tables to sort.

Without it everything stands there all the same. It takes every text from the page's own elements
and puts it back as text only; it fetches nothing. Pure: one constant.
"""

from __future__ import annotations

SCRIPT = r"""
(function () {
"use strict";
var SVG = "http://www.w3.org/2000/svg";
var UNITS = {ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, B: 1, KiB: 1024, MiB: 1048576,
  GiB: 1073741824, TiB: 1099511627776};

function each(root, selector, act) {
  Array.prototype.forEach.call(root.querySelectorAll(selector), act);
}

function made(tag, name, text) {
  var element = document.createElement(tag);
  if (name) { element.className = name; }
  if (text) { element.textContent = text; }
  return element;
}

function shown(value) {
  var size = Math.abs(value);
  if (value === Math.round(value) && size < 1e15) { return value.toLocaleString("en-US"); }
  if (size >= 1e15 || size < 0.001) { return value.toPrecision(4); }
  return value.toLocaleString("en-US", {maximumFractionDigits: size >= 1000 ? 2 : 4});
}

/* Tables: a click on a heading sorts by its column, again the other way round. */
function amount(text) {
  var plain = text.replace(/,/g, "").replace(/[+\u00b1]/g, "").trim(), total = 0, found = 0;
  if (plain !== "" && isFinite(Number(plain))) { return Number(plain); }
  var rest = plain.replace(/(\d+(?:\.\d+)?) (ms|s|m|h|d|B|KiB|MiB|GiB|TiB)(?= |$)/g,
    function (_, number, unit) { total += Number(number) * UNITS[unit]; found += 1; return ""; });
  if (found && rest.trim() === "") { return total; }
  var first = /^(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?: to .*| %)$/.exec(plain);
  return first ? Number(first[1]) : null;
}

function sorted(table, at, down) {
  var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
  var keys = rows.map(function (row) {
    var text = row.cells[at].textContent;
    return {row: row, text: text, value: amount(text)};
  });
  keys.sort(function (a, b) {
    var order;
    if (a.value !== null && b.value !== null) { order = a.value - b.value; }
    else if (a.value !== null || b.value !== null) { return a.value !== null ? -1 : 1; }
    else { order = a.text.localeCompare(b.text); }
    return down ? -order : order;
  });
  keys.forEach(function (key) { body.appendChild(key.row); });
}

each(document, "table.sortable", function (table) {
  each(table, "thead th", function (head, at) {
    var button = made("button", "sort", head.textContent);
    button.type = "button";
    button.title = "Sort by this column";
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      each(table, "thead th", function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sorted(table, at, down);
    });
  });
});

/* Charts. */
function read(group) {
  return group.getAttribute("data-points").split(" ").filter(Boolean).map(function (pair) {
    var cut = pair.indexOf(",");
    return [Number(pair.slice(0, cut)), Number(pair.slice(cut + 1))];
  });
}

function chart(figure, svg) {
  var ends = svg.getAttribute("data-axes").split(" ").map(Number);
  var box = svg.getAttribute("data-box").split(" ").map(Number);
  var isScatter = svg.hasAttribute("data-scatter");
  var xName = svg.getAttribute("data-x") || "x";
  var series = Array.prototype.map.call(svg.querySelectorAll("g.series"), function (group) {
    var mark = document.createElementNS(SVG, "circle");
    mark.setAttribute("r", "4");
    mark.setAttribute("class", "mark off");
    group.appendChild(mark);
    return {group: group, name: group.getAttribute("data-name"), points: read(group), mark: mark,
      on: true};
  });
  var rule = document.createElementNS(SVG, "path");
  rule.setAttribute("class", "rule off");
  svg.appendChild(rule);
  var said = made("p", "said");
  said.setAttribute("role", "status");
  svg.parentNode.insertBefore(said, svg.nextSibling);
  svg.setAttribute("tabindex", "0");
  var at = -1;

  /* Halved first, so that the difference of two huge numbers stays finite. */
  function share(v, low, high) { return (v / 2 - low / 2) / (high / 2 - low / 2); }
  function px(x) { return box[0] + share(x, ends[0], ends[1]) * (box[1] - box[0]); }
  function py(y) { return box[3] - share(y, ends[2], ends[3]) * (box[3] - box[2]); }
  function places() {
    var all = {};
    series.forEach(function (one) {
      if (one.on) { one.points.forEach(function (point) { all[point[0]] = true; }); }
    });
    return Object.keys(all).map(Number).sort(function (a, b) { return a - b; });
  }
  function clear() {
    at = -1;
    rule.setAttribute("class", "rule off");
    series.forEach(function (one) { one.mark.setAttribute("class", "mark off"); });
    said.textContent = "";
  }
  function nearest(one, x, y) {
    var best = null, least = Infinity;
    one.points.forEach(function (point) {
      var away = Math.abs(px(point[0]) - x);
      if (y !== null) { away += Math.abs(py(point[1]) - y) * (isScatter ? 1 : 0.001); }
      if (away < least) { least = away; best = point; }
    });
    return best && {point: best, away: least};
  }
  function show(x, y) {
    var words = [], place = null, found = [];
    series.forEach(function (one) {
      one.mark.setAttribute("class", "mark off");
      var hit = one.on ? nearest(one, x, y) : null;
      if (hit) { found.push({one: one, point: hit.point, away: hit.away}); }
    });
    found.sort(function (a, b) { return a.away - b.away; });
    if (!found.length) { clear(); return; }
    place = found[0].point[0];
    if (isScatter) { found = found.slice(0, 1); }
    series.forEach(function (one) {
      found.forEach(function (hit) {
        if (hit.one !== one || Math.abs(px(hit.point[0]) - px(place)) > 12) { return; }
        one.mark.setAttribute("cx", px(hit.point[0]));
        one.mark.setAttribute("cy", py(hit.point[1]));
        one.mark.setAttribute("class", "mark");
        var away = hit.point[0] === place ? "" : " (at " + shown(hit.point[0]) + ")";
        words.push(one.name + " " + shown(hit.point[1]) + away);
      });
    });
    rule.setAttribute("d", "M" + px(place) + " " + box[2] + "V" + box[3]);
    rule.setAttribute("class", "rule");
    said.textContent = xName + " " + shown(place) + ": " + words.join(" · ");
  }
  svg.addEventListener("pointermove", function (event) {
    var rect = svg.getBoundingClientRect(), size = svg.viewBox.baseVal;
    show((event.clientX - rect.left) * size.width / rect.width,
      (event.clientY - rect.top) * size.height / rect.height);
  });
  svg.addEventListener("pointerleave", function (event) {
    if (event.pointerType === "mouse") { clear(); }
  });
  svg.addEventListener("blur", clear);
  svg.addEventListener("keydown", function (event) {
    var all = places(), last = all.length - 1;
    var to = {ArrowRight: at + 1, ArrowLeft: at < 0 ? last : at - 1, Home: 0, End: last}[event.key];
    if (event.key === "Escape") { clear(); }
    if (to === undefined || last < 0) { return; }
    event.preventDefault();
    at = Math.max(0, Math.min(last, to));
    show(px(all[at]), null);
  });
  each(figure, ".legend > span", function (label, number) {
    var one = series[number];
    if (!one) { return; }
    var button = made("button");
    button.type = "button";
    button.title = "Show or hide this line";
    button.setAttribute("aria-pressed", "true");
    while (label.firstChild) { button.appendChild(label.firstChild); }
    label.appendChild(button);
    button.addEventListener("click", function () {
      one.on = !one.on;
      button.setAttribute("aria-pressed", String(one.on));
      one.group.classList.toggle("off", !one.on);
      clear();
    });
  });
}

document.documentElement.classList.add("js");
each(document, "figure.plot", function (figure) {
  each(figure, "svg[data-axes]", function (svg) { chart(figure, svg); });
});
})();
"""
