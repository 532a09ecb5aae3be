// Keeps a region of the page up to date while calls go on; without this script the page refreshes by a link.
"use strict";
(() => {
  const region = document.querySelector("[data-live]");
  if (!region || !window.EventSource) return;
  const state = document.querySelector("[data-live-state]");
  const events = new EventSource(region.dataset.live);
  let latest = null;
  // a link that is being reached with the keyboard is not taken away: what came meanwhile is shown when it is left
  const busy = (target) => target instanceof Element && region.contains(target) && target.matches("a, button");
  const show = () => {
    if (latest !== null) region.innerHTML = latest;
    latest = null;
  };
  events.addEventListener("calls", (event) => {
    latest = JSON.parse(event.data);
    if (!busy(document.activeElement)) show();
    if (state) state.textContent = latest === null ? "Suivi en direct" : "En attente : quittez le lien pour voir la suite";
  });
  region.addEventListener("focusout", (event) => {
    if (busy(event.relatedTarget)) return;
    // once the focus has moved: a click on the link itself must still find it
    setTimeout(() => {
      if (busy(document.activeElement)) return;
      show();
      if (state) state.textContent = "Suivi en direct";
    });
  });
  events.addEventListener("error", () => {
    if (state) state.textContent = "Connexion interrompue, nouvel essai…";
    if (events.readyState === EventSource.CLOSED) window.location.reload();
  });
})();
