// Follows the log of a job that runs. The page is complete without it.
"use strict";
(() => {
  const log = document.getElementById("log");
  const state = document.getElementById("state");
  if (!log || !window.EventSource) return;
  const events = new EventSource(log.dataset.events);
  const tones = ["good", "bad", "busy", "unsure", "dim"];
  events.addEventListener("log", (event) => {
    // Somebody who scrolled up reads: only the end follows the end.
    const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(JSON.parse(event.data).text);
    document.getElementById("no-log")?.remove();
    if (follows) log.scrollTop = log.scrollHeight;
  });
  events.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    state.textContent = told.words;
    state.classList.remove(...tones);
    state.classList.add(tones.includes(told.tone) ? told.tone : "dim");
    let passed = false;
    const steps = [...document.querySelectorAll("#stations li")];
    if (!steps.some((step) => step.dataset.station === told.station)) return;
    for (const step of steps) {
      const isNow = step.dataset.station === told.station;
      step.className = isNow ? "now" : passed ? "later" : "done";
      if (isNow) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
      passed = passed || isNow;
    }
  });
  events.addEventListener("end", () => {
    events.close();
    window.location.reload();
  });
  log.scrollTop = log.scrollHeight;
})();
