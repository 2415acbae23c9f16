// Replaces the parts that change by new ones every five seconds. The page is whole
// without it; hidden, or while somebody ticks, types or selects in it, it stays as it is.
"use strict";

const EVERY = 5000;
const parts = () => document.querySelectorAll("[data-live]");

const inUse = () =>
  [...parts()].some(
    (part) => part.contains(document.activeElement) || part.querySelector("input:checked"),
  ) || getSelection().type === "Range";

const replace = (fresh) => {
  for (const part of parts()) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    // What is the same is left alone, so that a screen reader says only what is new.
    if (other && other.innerHTML !== part.innerHTML) part.innerHTML = other.innerHTML;
  }
  document.title = fresh.title;
  const icon = document.getElementById("icon");
  const other = fresh.getElementById("icon").getAttribute("href");
  if (icon.getAttribute("href") !== other) icon.setAttribute("href", other);
};

const renew = async () => {
  if (document.hidden || inUse()) return;
  const stale = document.getElementById("stale");
  try {
    const address = location.pathname + location.search;
    const answer = await fetch(address, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect") return location.reload(); // the session is over
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    if (!inUse()) replace(new DOMParser().parseFromString(text, "text/html"));
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
};

for (const part of document.querySelectorAll(".with-script")) part.hidden = false;
document.addEventListener("visibilitychange", renew);
setInterval(renew, EVERY);
