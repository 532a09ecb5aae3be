// Keeps a region of the page up to date while calls go on; without this script the page refreshes by a link.
"use strict";
(() => {
  const region = document.querySelector("[data-live]");
  if (!region || !window.EventSource) return;
  const state = document.querySelector("[data-live-state]");
  const events = new EventSource(region.dataset.live);
  events.addEventListener("calls", (event) => {
    if (region.contains(document.activeElement) && document.activeElement.matches("a, button")) return;
    region.innerHTML = JSON.parse(event.data);
    if (state) state.textContent = "Suivi en direct";
  });
  events.addEventListener("error", () => {
    if (state) state.textContent = "Connexion interrompue, nouvel essai…";
    if (events.readyState === EventSource.CLOSED) window.location.reload();
  });
})();
