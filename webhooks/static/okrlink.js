// Once a second the page is fetched again, and what changed in it is changed here: the place, the focus and what is
// selected stay where they are. Without scripts the page reloads itself.
"use strict";

const EVERY = 1000;
const page = () => document.getElementById("page");
const pause = () => document.getElementById("pause");
let paused = false;
let lost = 0;

function sync(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data === fresh.data) return;
    old.data = fresh.data;
    const watched = old.parentElement.closest("[data-watch]");
    if (watched) flash(watched);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE || old.id === "pause") return;
  for (const { name } of [...old.attributes]) if (name !== "class" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const here = [...old.childNodes];
  const there = [...fresh.childNodes];
  there.forEach((node, place) => (place < here.length ? sync(here[place], node) : old.append(document.importNode(node, true))));
  here.slice(there.length).forEach((node) => node.remove());
}

function flash(element) {
  element.classList.remove("changed");
  void element.offsetWidth; // so that the animation begins anew
  element.classList.add("changed");
}

async function look() {
  if (paused || document.hidden) return;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("page");
    if (fresh) sync(page(), fresh);
    lost = 0;
  } catch {
    lost += 1;
  }
  document.getElementById("lost").hidden = lost < 3;
}

pause().hidden = false;
pause().addEventListener("click", () => {
  paused = !paused;
  pause().setAttribute("aria-pressed", String(paused));
  pause().textContent = paused ? "Go on updating" : "Pause updates";
});
setInterval(look, EVERY);
